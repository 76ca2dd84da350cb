"""``/v1/posts``: create, list, read, change, delete, and what a person can say about one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from treadle.api import reading, schemas
from treadle.api.caller import Caller, House, Reader, Writer
from treadle.api.document import BODY, IDEMPOTENCY, IF_MATCH, good, problems, takes
from treadle.api.examples import POST_EXAMPLE, POST_IN_EXAMPLE
from treadle.api.intake import Accepted, accept, change, with_field
from treadle.api.lists import PLAIN, After, Limit, known_query, moment, page, words
from treadle.api.problems import Problem, finding_json, invalid, not_found
from treadle.api.reading import PostId
from treadle.api.unpublishing import unpublish
from treadle.api.verbose import last_status, verbose_error
from treadle.app import App
from treadle.catalog.words import LANES
from treadle.posts.answers import Answer, Missing, Refusal, Rejected
from treadle.posts.findings import Finding
from treadle.posts.read import SORTS, Filters, list_posts, post_json, timeline
from treadle.posts.states import STATE_WORDS

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])
STATES = frozenset(STATE_WORDS)


def refusal(answer: Rejected | Missing | Refusal) -> Problem:
    """A refusal of the service as a problem."""
    match answer:
        case Rejected(findings):
            return invalid(findings)
        case Missing(what):
            return not_found(what)
        case Refusal(code, message, detail):
            return Problem(code, message, extra=dict(detail))


def post_answer(post: dict[str, Any], status: int = 200, **more: Any) -> JSONResponse:
    headers = {"ETag": reading.etag(post["version"], post["updated_at"])}
    if status == 201:
        headers["Location"] = f"/v1/posts/{post['id']}"
    return JSONResponse({**post, **more}, status, headers)


@router.post(
    "",
    status_code=201,
    summary="Publish, now or later",
    response_model=schemas.PostOut,
    responses={
        **good(201, "Stored; it goes out by itself.", POST_EXAMPLE, "Location", "ETag"),
        **good(
            200,
            "An earlier request with this Idempotency-Key made it.",
            POST_EXAMPLE,
            "ETag",
            "Idempotency-Replayed",
            model=schemas.PostOut,
        ),
        **problems(409, *BODY),
    },
    openapi_extra=takes(schemas.PostIn, POST_IN_EXAMPLE, parameters=[IDEMPOTENCY]),
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


@router.post(
    "/bulk",
    summary="Publish many; an answer for each",
    response_model=schemas.BulkOut,
    responses={**good(200, "One entry per post, in the order sent; see each one's status."), **problems(*BODY)},
    openapi_extra=takes(
        schemas.BulkIn, {"posts": [POST_IN_EXAMPLE, {**POST_IN_EXAMPLE, "text": "Second"}]}, parameters=[IDEMPOTENCY]
    ),
)
async def create_posts(request: Request, caller: Writer, app: House) -> Response:
    """At most 500 posts. One that is refused does not hold the others up; good ones are stored.

    With an `Idempotency-Key` header each post gets the key `<key>#<index>`; a post may bring its own as
    `idempotency_key`. Sending the same request again is safe either way.
    """
    key = reading.idempotency_key(request)
    body = reading.mapping(await reading.read_json(request, reading.BULK_LIMIT))
    body = reading.only(body, {"posts": list})
    items = body.get("posts") or []
    if not 1 <= len(items) <= 500:
        raise invalid(
            [
                Finding(
                    "posts",
                    "bulk_size",
                    f"There are {len(items)} posts; 1 to 500 go in one request.",
                    "Send them in groups.",
                    given=len(items),
                    limit=[1, 500],
                )
            ]
        )
    data = []
    for start in range(0, len(items), 50):  # short transactions: nobody waits long for the database
        group = list(enumerate(items))[start : start + 50]
        data += await app.db.run(_accept_group, app, caller, group, key, app.now())
    accepted = sum(1 for item in data if item["status"] < 300)
    return JSONResponse({"data": data, "accepted": accepted, "refused": len(data) - accepted})


def _accept_group(
    conn: sa.Connection, app: App, caller: Caller, group: list[tuple[int, Any]], key: str | None, now: float
) -> list[dict[str, Any]]:
    made = []
    for index, item in group:
        item, own_key = _own_key(item)
        if own_key is None and key is not None:
            own_key = f"{key}#{index}"
        answer: Any
        if isinstance(own_key, Finding):
            answer = Rejected((own_key,))
        else:
            answer = accept(conn, app, caller.workspace_id, item, now=now, actor=caller.key_id, idempotency_key=own_key)
        if isinstance(answer, Accepted):
            entry = {"index": index, "status": 200 if answer.again else 201, "post": answer.post}
        else:
            if isinstance(answer, Rejected):
                answer = Rejected(with_field(answer.findings, f"posts[{index}]"))
            problem = refusal(answer).body(app.settings.public_url)
            entry = {"index": index, "status": problem["status"], "problem": problem}
        made.append(entry)
    return made


def _own_key(item: Any) -> tuple[Any, str | Finding | None]:
    if not isinstance(item, dict) or item.get("idempotency_key") is None:
        return ({k: v for k, v in item.items() if k != "idempotency_key"} if isinstance(item, dict) else item), None
    key = item["idempotency_key"]
    rest = {k: v for k, v in item.items() if k != "idempotency_key"}
    if not isinstance(key, str) or not reading._KEY.match(key):
        said = "An idempotency_key is 1 to 200 printable ASCII characters."
        return rest, Finding("idempotency_key", "idempotency_key", said, "Send a fresh UUID, for instance.", given=key)
    return rest, key


@router.get(
    "",
    summary="List posts",
    response_model=schemas.PostPage,
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
    response_model=schemas.PostOut,
    responses={
        **good(200, "The post.", POST_EXAMPLE, "ETag"),
        304: {"description": "Unchanged since the ETag in If-None-Match."},
        **problems(404),
    },
)
async def read_post(request: Request, post_id: PostId, caller: Reader, app: House) -> Response:
    """Its state in words, each part, the cause when something is wrong, and what happens next and when."""
    post = await app.db.query(post_json, caller.workspace_id, reading.an_id(post_id, "post"))
    if post is None:
        raise not_found()
    answer = post_answer(post)
    if reading.is_known(request, answer.headers["ETag"]):
        return Response(status_code=304, headers={"ETag": answer.headers["ETag"]})
    return answer


@router.patch(
    "/{post_id}",
    summary="Change a post that is not out",
    response_model=schemas.PostOut,
    responses={**good(200, "As it is now.", POST_EXAMPLE, "ETag"), **problems(404, 409, 412, *BODY)},
    openapi_extra=takes(schemas.PatchIn, {"text": "Better words"}, parameters=[IF_MATCH]),
)
async def patch_post(request: Request, post_id: PostId, caller: Writer, app: House) -> Response:
    """Send only what changes. A post that was blocked by its own content goes by itself afterwards; parts that are
    out stay as they are."""
    patch = reading.mapping(await reading.read_json(request))
    wanted = reading.wanted_version(request)
    return await _act(
        app,
        caller,
        post_id,
        lambda conn, id_: change(
            conn, app, caller.workspace_id, id_, patch, now=app.now(), actor=caller.key_id, version=wanted
        ),
        bare=True,
    )


async def _act(
    app: App, caller: Caller, post_id: str, act: Callable[[sa.Connection, str], Answer], *, bare: bool = False
) -> JSONResponse:
    """Do something with a post and answer it as it is afterwards."""
    id_ = reading.an_id(post_id, "post")

    def work(conn: sa.Connection) -> tuple[Answer, dict[str, Any] | None]:
        return act(conn, id_), post_json(conn, caller.workspace_id, id_)

    answer, post = await app.db.run(work)
    if isinstance(answer, Rejected | Missing | Refusal):
        raise refusal(answer)
    if post is None:
        raise not_found()
    made = post
    if bare:
        return post_answer(made)
    body = {"message": answer.message, **answer.detail, "post": made}
    return JSONResponse(body, headers={"ETag": reading.etag(made["version"], made["updated_at"])})


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


_DONE = {
    **good(200, "Done; the post as it is now.", {"message": "Done.", "post": POST_EXAMPLE}, "ETag"),
    **problems(404, 409),
}


@router.post("/{post_id}/retry", summary="Try again now", response_model=schemas.ActionOut, responses=_DONE)
async def retry_post(post_id: PostId, caller: Writer, app: House) -> Response:
    """A new attempt with fresh budgets, for a post that failed, is blocked or waits. Parts that are out stay out."""
    return await _act(
        app,
        caller,
        post_id,
        lambda conn, id_: app.posts.retry(conn, caller.workspace_id, id_, now=app.now(), actor=caller.key_id),
    )


@router.post("/{post_id}/cancel", summary="Stop a post", response_model=schemas.ActionOut, responses=_DONE)
async def cancel_post(post_id: PostId, caller: Writer, app: House) -> Response:
    """At any stage up to the publish itself. When that was too late, the answer says so (409) and what is out."""
    return await _act(
        app,
        caller,
        post_id,
        lambda conn, id_: app.posts.cancel(conn, caller.workspace_id, id_, now=app.now(), actor=caller.key_id),
    )


@router.post("/{post_id}/confirm", summary="Say yes", response_model=schemas.ActionOut, responses=_DONE)
async def confirm_post(post_id: PostId, caller: Writer, app: House) -> Response:
    """To a post that is held because it is late, to a draft, or to one that waits for approval."""
    return await _act(
        app,
        caller,
        post_id,
        lambda conn, id_: app.posts.confirm(conn, caller.workspace_id, id_, now=app.now(), actor=caller.key_id),
    )


@router.post(
    "/{post_id}/resolve",
    summary="Say what happened",
    response_model=schemas.ActionOut,
    responses={**_DONE, **problems(404, 409, *BODY)},
    openapi_extra=takes(schemas.ResolveIn, {"threads_id": "17900000000000001"}),
)
async def resolve_post(request: Request, post_id: PostId, caller: Writer, app: House) -> Response:
    """For a post whose publish nobody could prove: name the live post, or say that nothing is out."""
    body = reading.only(
        reading.mapping(await reading.read_json(request)), {"threads_id": str, "absent": bool, "permalink": str}
    )
    live = str(body.get("threads_id") or "") or None
    if live and not (live.isascii() and live.isdigit() and len(live) <= 40):
        said = "This is not the id of a post on Threads; those are digits only."
        raise invalid(
            [Finding("threads_id", "threads_id", said, "Send the id as the Threads API gives it.", given=live)]
        )
    return await _act(
        app,
        caller,
        post_id,
        lambda conn, id_: app.posts.resolve(
            conn,
            caller.workspace_id,
            id_,
            now=app.now(),
            actor=caller.key_id,
            live_id=live,
            absent=bool(body.get("absent")),
            permalink=body.get("permalink"),
        ),
    )


@router.post(
    "/{post_id}/unpublish",
    summary="Take it off Threads",
    response_model=schemas.ActionOut,
    responses={**_DONE, **problems(404, 409, 424)},
)
async def unpublish_post(post_id: PostId, caller: Writer, app: House) -> Response:
    """Deletes the post's parts on Threads, the last one first. Needs the permission `threads_delete`; Threads allows
    100 deletions a day. Parts that could not be deleted are named."""
    id_ = reading.an_id(post_id, "post")
    answer = await unpublish(app, caller.workspace_id, id_, actor=caller.key_id)
    if isinstance(answer, Rejected | Missing | Refusal):
        raise refusal(answer)
    if answer.cause is not None:
        cause = answer.cause.to_json()
        raise Problem(
            "threads_refused",
            answer.cause.next_step,
            pattern=answer.cause.pattern if answer.cause.pattern != "unknown" else "",
            extra={"cause": cause, "deleted": answer.deleted},
        )
    post = await app.db.query(post_json, caller.workspace_id, id_)
    if post is None:
        raise not_found()
    return JSONResponse({"message": "It is off Threads.", "deleted": answer.deleted, "post": post})


@router.get(
    "/{post_id}/events",
    summary="A post's timeline",
    response_model=schemas.EventsOut,
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
    response_model=schemas.VerboseOut,
    responses={**good(200, "The error under THREADS, or null."), **problems(404)},
)
async def errors_verbose(post_id: PostId, caller: Reader, app: House) -> Response:
    """For code written against bundle.social's `errorsVerbose`: the same fields, with the diagnosis in `meta`."""
    post = await app.db.query(post_json, caller.workspace_id, reading.an_id(post_id, "post"))
    if post is None:
        raise not_found()
    return JSONResponse(verbose_error(post, await app.db.query(last_status, post_id) if post["cause"] else None))
