"""``/v1/posts``: create, list, read, change, delete, and what happened to one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from treadle.domain.answers import Missing, Refusal, Rejected
from treadle.domain.states import STATE_WORDS
from treadle.http import answers, bodies, reading
from treadle.http.caller import House, Reader, Writer
from treadle.http.document import BODY, IDEMPOTENCY, IF_MATCH, good, problems, takes
from treadle.http.examples import POST_EXAMPLE, POST_IN_EXAMPLE
from treadle.http.lists import PLAIN, After, Limit, known_query, moment, page, words
from treadle.http.post_answers import act, post_answer, the_post
from treadle.http.problems import not_found, refusal
from treadle.http.reading import PostId
from treadle.http.verbose import last_status, verbose_error
from treadle.services.context import App
from treadle.services.intake import Accepted, accept
from treadle.services.read import SORTS, Filters, list_posts, timeline
from treadle.services.refusals import finding_json
from treadle_diagnosis.catalog.words import LANES

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])
STATES = frozenset(STATE_WORDS)


@router.post(
    "",
    status_code=201,
    summary="Publish, now or later",
    response_model=answers.PostOut,
    responses={
        **good(201, "Stored; it goes out by itself.", POST_EXAMPLE, "Location", "ETag"),
        **good(
            200,
            "An earlier request with this Idempotency-Key made it.",
            POST_EXAMPLE,
            "ETag",
            "Idempotency-Replayed",
            model=answers.PostOut,
        ),
        **problems(409, *BODY),
    },
    openapi_extra=takes(bodies.PostIn, POST_IN_EXAMPLE, parameters=[IDEMPOTENCY]),
)
async def create_post(request: Request, caller: Writer, app: House) -> Response:
    """Stored and enqueued in one transaction: an accepted post is never lost, and never sent twice."""
    key = reading.idempotency_key(request)
    body = await reading.read_json(request)
    made = await app.db.run(
        accept, app, caller.workspace_id, body, now=app.now(), actor=caller.key_id, idempotency_key=key
    )
    if not isinstance(made, Accepted):
        raise refusal(made)
    return _accepted(request, app, made)


def _accepted(request: Request, app: App, made: Accepted) -> JSONResponse:
    warnings = [finding_json(f, app.settings.public_url) for f in made.warnings]
    more = {"warnings": warnings} if warnings else {}
    answer = post_answer(made.post, 200 if made.again else 201, **more)
    if made.again:
        answer.headers["Idempotency-Replayed"] = "true"
        request.app.state.metrics.doubles.labels("idempotency_key").inc()
    return answer


@router.get(
    "",
    summary="List posts",
    response_model=answers.PostPage,
    responses={**good(200, "A page.", {"data": [POST_EXAMPLE], "next": None}, "Link"), **problems()},
)
async def list_all(
    request: Request,
    caller: Reader,
    app: House,
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
) -> Response:
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
        return page(request, [], None)
    data, following = await app.db.query(
        list_posts, caller.workspace_id, filters, limit=limit, after=reading.cursor(after, sort=filters.sort)
    )
    return page(request, data, following)


@router.get(
    "/{post_id}",
    summary="Read a post",
    response_model=answers.PostOut,
    responses={
        **good(200, "The post.", POST_EXAMPLE, "ETag"),
        304: {"description": "Unchanged since the ETag in If-None-Match."},
        **problems(404),
    },
)
async def read_post(request: Request, post_id: PostId, caller: Reader, app: House) -> Response:
    """Its state in words, each part, the cause when something is wrong, and what happens next and when."""
    post = await the_post(app, caller, post_id)
    answer = post_answer(post)
    if reading.is_known(request, answer.headers["ETag"]):
        return Response(status_code=304, headers={"ETag": answer.headers["ETag"]})
    return answer


@router.patch(
    "/{post_id}",
    summary="Change a post that is not out",
    response_model=answers.PostOut,
    responses={**good(200, "As it is now.", POST_EXAMPLE, "ETag"), **problems(404, 409, 412, *BODY)},
    openapi_extra=takes(bodies.PatchIn, {"text": "Better words"}, parameters=[IF_MATCH]),
)
async def patch_post(request: Request, post_id: PostId, caller: Writer, app: House) -> Response:
    """Send only what changes. A post that was blocked by its own content goes by itself afterwards; parts that are
    out stay as they are."""
    patch = reading.mapping(await reading.read_json(request))
    wanted = reading.wanted_version(request)
    return await act(
        app,
        caller,
        post_id,
        lambda conn, id_: app.posts.edit(
            conn, caller.workspace_id, id_, patch, now=app.now(), actor=caller.key_id, version=wanted
        ),
        bare=True,
    )


@router.delete(
    "/{post_id}",
    status_code=204,
    summary="Delete a post that was never sent",
    responses={204: {"description": "It is gone, with its timeline."}, **problems(404, 409)},
)
async def delete_post(post_id: PostId, caller: Writer, app: House) -> Response:
    answer = await app.db.run(app.posts.delete, caller.workspace_id, reading.an_id(post_id, "post"))
    if isinstance(answer, Rejected | Missing | Refusal):
        raise refusal(answer)
    return Response(status_code=204)


@router.get(
    "/{post_id}/events",
    summary="A post's timeline",
    response_model=answers.EventsOut,
    responses={**good(200, "Oldest first."), **problems(404)},
)
async def post_events(post_id: PostId, caller: Reader, app: House) -> Response:
    """Every stage, how long it took, what Threads answered (secrets removed), and what was decided."""
    found = await app.db.query(timeline, caller.workspace_id, reading.an_id(post_id, "post"))
    if found is None:
        raise not_found()
    return JSONResponse({"data": found})


@router.get(
    "/{post_id}/errors-verbose",
    summary="A post's error in the shape of another service",
    response_model=answers.VerboseOut,
    responses={**good(200, "The error under THREADS, or null."), **problems(404)},
)
async def errors_verbose(post_id: PostId, caller: Reader, app: House) -> Response:
    """For code written against bundle.social's `errorsVerbose`: the same fields, with the diagnosis in `meta`."""
    post = await the_post(app, caller, post_id)
    return JSONResponse(verbose_error(post, await app.db.query(last_status, post_id) if post["cause"] else None))
