"""``/v1/posts``: create, list, read, change, delete, and what happened to one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from treadle.domain.answers import Answer, Conflict, Missing, Rejected
from treadle.domain.states import STATE_WORDS
from treadle.http import bodies, reading
from treadle.http.caller import CurrentApp, Reader, Writer
from treadle.http.document import BODY, IDEMPOTENCY, IF_MATCH, good, problems, takes
from treadle.http.examples import POST_EXAMPLE, POST_IN_EXAMPLE
from treadle.http.lists import PLAIN, After, Limit, known_query, link_next, moment, words
from treadle.http.post_answers import act, tag, the_post
from treadle.http.problems import not_found, refusal
from treadle.http.reading import PostId
from treadle.http.verbose import VerboseOut, last_status, verbose_error
from treadle.services.intake import Accepted, accept
from treadle.services.post_output import EventsOut, PostOut, PostPage
from treadle.services.read import SORTS, Filters, read_events, read_page
from treadle.services.refusals import finding_out
from treadle.store import Connection
from treadle_diagnosis.catalog.words import LANES

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])
STATES = frozenset(STATE_WORDS)


@router.post(
    "",
    status_code=201,
    summary="Publish, now or later",
    response_model=PostOut,
    response_model_exclude_unset=True,
    responses={
        **good(201, "Stored. Treadle publishes it automatically.", POST_EXAMPLE, "Location", "ETag"),
        **good(
            200,
            "An earlier request with this Idempotency-Key made it.",
            POST_EXAMPLE,
            "ETag",
            "Idempotency-Replayed",
            model=PostOut,
        ),
        **problems("idempotency_key_reused", *BODY),
    },
    openapi_extra=takes(bodies.PostIn, POST_IN_EXAMPLE, parameters=[IDEMPOTENCY]),
)
async def create_post(request: Request, response: Response, caller: Writer, app: CurrentApp) -> PostOut:
    """Stored and enqueued in one transaction: an accepted post is never lost, and never sent twice."""
    key = reading.idempotency_key(request)
    body = await reading.read_json(request)
    made = await app.db.run(
        accept, app, caller.workspace_id, body, now=app.now(), actor=caller.key_id, idempotency_key=key
    )
    if not isinstance(made, Accepted):
        raise refusal(made)
    if made.again:
        response.status_code = 200
        response.headers["Idempotency-Replayed"] = "true"
        request.app.state.metrics.doubles.labels("idempotency_key").inc()
    else:
        response.headers["Location"] = f"/v1/posts/{made.post.id}"
    post = tag(response, made.post)
    if not made.warnings:
        return post
    return post.model_copy(update={"warnings": [finding_out(f, app.settings.public_url) for f in made.warnings]})


@router.get(
    "",
    summary="List posts",
    response_model=PostPage,
    response_model_exclude_unset=True,
    responses={**good(200, "A page.", {"data": [POST_EXAMPLE], "next": None}, "Link"), **problems()},
)
async def list_all(
    request: Request,
    response: Response,
    caller: Reader,
    app: CurrentApp,
    state: Annotated[list[str] | None, Query(description="Repeat it, or join by commas.")] = None,
    lane: Annotated[list[str] | None, Query(description="Lane of the present cause.")] = None,
    pattern: Annotated[list[str] | None, Query(description="Pattern of the present cause.")] = None,
    account_id: Annotated[str | None, Query(max_length=64, pattern=PLAIN)] = None,
    label: Annotated[str | None, Query(max_length=100, pattern=PLAIN)] = None,
    q: Annotated[str | None, Query(max_length=200, pattern=PLAIN, description="Words of the text.")] = None,
    blocker_id: Annotated[
        str | None, Query(max_length=64, pattern=PLAIN, description="Waits for this blocker.")
    ] = None,
    due_from: Annotated[str | None, Query(max_length=64, description="Due at or after, ISO 8601.")] = None,
    due_to: Annotated[str | None, Query(max_length=64, description="Due before, ISO 8601.")] = None,
    sort: Annotated[
        str, Query(description="created_at, due_at, updated_at, published_at; '-' before it: newest first.")
    ] = "-created_at",
    limit: Limit = 50,
    after: After = None,
) -> PostPage:
    """Newest first unless `sort` says otherwise. Filters are joined by and, values of one filter by or."""
    sorts = frozenset(SORTS) | {f"-{name}" for name in SORTS}
    filters = Filters(
        states=words(state, STATES, "state"),
        lanes=words(lane, frozenset(LANES), "lane"),
        patterns=words(pattern, None, "pattern"),
        account_id=account_id,
        label=label,
        text=q,
        blocker_id=blocker_id,
        due_from=moment(due_from, "due_from"),
        due_to=moment(due_to, "due_to"),
        sort=words([sort], sorts, "sort")[0] if sort.strip() else "-created_at",
    )
    if any("\x00" in value for value in filters.patterns):
        return PostPage(data=[], next=None)
    mark = reading.cursor(after, sort=filters.sort)
    found = await app.db.query(read_page, caller.workspace_id, filters, limit=limit, after=mark)
    link_next(request, response, found.next)
    return found


@router.get(
    "/{post_id}",
    summary="Read a post",
    response_model=PostOut,
    response_model_exclude_unset=True,
    responses={
        **good(200, "The post.", POST_EXAMPLE, "ETag"),
        304: {"description": "Unchanged since the ETag in If-None-Match."},
        **problems(404),
    },
)
async def read_one(
    request: Request, response: Response, post_id: PostId, caller: Reader, app: CurrentApp
) -> PostOut | Response:
    """Its state in words, each part, the cause when something is wrong, and what happens next and when."""
    post = tag(response, await the_post(app, caller, post_id))
    etag = response.headers["ETag"]
    return Response(status_code=304, headers={"ETag": etag}) if reading.is_known(request, etag) else post


@router.patch(
    "/{post_id}",
    summary="Change a post that is not published",
    response_model=PostOut,
    response_model_exclude_unset=True,
    responses={
        **good(200, "As it is now.", POST_EXAMPLE, "ETag"),
        **problems(404, "not_editable", "being_checked", 412, *BODY),
    },
    openapi_extra=takes(bodies.PatchIn, {"text": "Better words"}, parameters=[IF_MATCH]),
)
async def patch_post(request: Request, response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> PostOut:
    """Send only what changes. A post that was blocked by its own content is published automatically afterwards; parts
    that are published stay as they are."""
    patch = await reading.read_object(request)
    wanted = reading.wanted_version(request)

    def edit(conn: Connection, workspace_id: str, id_: str, *, now: float, actor: str) -> Answer:
        return app.posts.edit(conn, workspace_id, id_, patch, now=now, actor=actor, version=wanted)

    _, post = await act(app, caller, post_id, edit)
    return tag(response, post)


@router.delete(
    "/{post_id}",
    status_code=204,
    summary="Delete a post that was never sent",
    responses={204: {"description": "It is gone, with its timeline."}, **problems(404, "was_sent")},
)
async def delete_post(post_id: PostId, caller: Writer, app: CurrentApp) -> Response:
    """One of which anything was sent keeps its record (409): cancel it, or delete it from Threads."""
    answer = await app.db.run(app.posts.delete, caller.workspace_id, reading.an_id(post_id, "post"))
    if isinstance(answer, Rejected | Missing | Conflict):
        raise refusal(answer)
    return Response(status_code=204)


@router.get(
    "/{post_id}/events",
    summary="A post's timeline",
    response_model=EventsOut,
    response_model_exclude_unset=True,
    responses={**good(200, "Oldest first."), **problems(404)},
)
async def post_events(post_id: PostId, caller: Reader, app: CurrentApp) -> EventsOut:
    """Every stage, how long it took, what Threads answered (secrets removed), and what was decided."""
    found = await app.db.query(read_events, caller.workspace_id, reading.an_id(post_id, "post"))
    if found is None:
        raise not_found()
    return found


@router.get(
    "/{post_id}/errors-verbose",
    summary="A post's error in the shape of another service",
    response_model=VerboseOut,
    response_model_exclude_unset=True,
    responses={**good(200, "The error under THREADS, or null."), **problems(404)},
)
async def errors_verbose(post_id: PostId, caller: Reader, app: CurrentApp) -> VerboseOut:
    """For code written against bundle.social's `errorsVerbose`: the same fields, with the diagnosis in `meta`."""
    post = await the_post(app, caller, post_id)
    return verbose_error(post, await app.db.query(last_status, post_id) if post.cause else None)
