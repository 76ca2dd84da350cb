"""What a person can do with one post: retry, cancel, approve, resolve, delete it from Threads."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from treadle.domain.answers import Answer, Conflict, Done, Missing, Rejected
from treadle.domain.findings import finding
from treadle.http import bodies, reading
from treadle.http.caller import Caller, CurrentApp, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.examples import POST_EXAMPLE
from treadle.http.lists import known_query
from treadle.http.post_answers import action, tag, the_post
from treadle.http.problems import Problem, refusal, threads_refused
from treadle.http.reading import PostId
from treadle.services import approving
from treadle.services.approving import CommentsOut
from treadle.services.context import App
from treadle.services.detached import decide
from treadle.services.naming import NamedPost, named
from treadle.services.post_output import ActionOut, UnpublishedOut
from treadle.services.unpublishing import unpublish
from treadle.store import Connection
from treadle_diagnosis.types import Diagnosis

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])

_DONE = good(200, "Done; the post as it is now.", {"message": "Done.", "post": POST_EXAMPLE}, "ETag")

_UNRESOLVED = (
    "nothing_to_resolve",
    "still_blocked",
    "it_is_live",
    "already_claimed",
    "not_listed",
    "not_an_address",
    "not_readable",
)


@router.post(
    "/{post_id}/retry",
    summary="Try again now",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, "nothing_to_retry", "still_blocked")},
)
async def retry_post(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """A new attempt with fresh budgets, for a post that failed, is blocked or waits. Parts that are published stay."""
    return await action(response, app, caller, post_id, app.posts.retry)


@router.post(
    "/{post_id}/cancel",
    summary="Stop a post",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, "too_late")},
)
async def cancel_post(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """At any stage up to the publish itself. When that was too late, the answer says so (409) and what is published."""
    return await action(response, app, caller, post_id, app.posts.cancel)


@router.post(
    "/{post_id}/confirm",
    summary="Approve a post",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, "nothing_to_confirm", "import_waits")},
)
async def confirm_post(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """To a post that is held because it is late, to a draft, or to one that waits for approval."""
    return await action(response, app, caller, post_id, app.posts.confirm)


@router.post(
    "/{post_id}/request-approval",
    summary="Ask for approval",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, "nothing_to_submit")},
)
async def request_approval(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """Of a draft: it is published when somebody approves it (`POST /confirm`)."""
    return await action(response, app, caller, post_id, approving.request_approval)


@router.post(
    "/{post_id}/request-changes",
    summary="Request changes",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, "nothing_to_confirm", *BODY)},
    openapi_extra=takes(bodies.CommentIn, {"text": "Please shorten the first line."}),
)
async def request_changes(
    request: Request, response: Response, post_id: PostId, caller: Writer, app: CurrentApp
) -> ActionOut:
    """Of a post that waits for approval: it becomes a draft again, with a comment that says why."""
    text = (await reading.take(request, bodies.CommentIn)).text
    return await action(response, app, caller, post_id, partial(_send_back, text=text))


def _send_back(conn: Connection, workspace_id: str, post_id: str, *, text: str, now: float, actor: str) -> Answer:
    return approving.send_back(conn, workspace_id, post_id, text, now=now, actor=actor)


@router.get(
    "/{post_id}/comments",
    summary="Read comments",
    response_model=CommentsOut,
    responses={**good(200, "Oldest first."), **problems(404)},
)
async def read_comments(post_id: PostId, caller: Reader, app: CurrentApp) -> CommentsOut:
    """The newest 200. Comments are for the people of the workspace; they are never published."""
    id_ = reading.an_id(post_id, "post")
    await the_post(app, caller, id_)
    return await app.db.query(approving.comments_of, caller.workspace_id, id_)


@router.post(
    "/{post_id}/comments",
    status_code=201,
    summary="Comment on a post",
    response_model=CommentsOut,
    responses={**good(201, "All comments, oldest first."), **problems(404, *BODY)},
    openapi_extra=takes(bodies.CommentIn, {"text": "Looks good."}),
)
async def comment(request: Request, post_id: PostId, caller: Writer, app: CurrentApp) -> CommentsOut:
    """Comments are for the people of the workspace; they are never published."""
    id_ = reading.an_id(post_id, "post")
    text = (await reading.take(request, bodies.CommentIn)).text
    done = await app.db.run(approving.add_comment, caller.workspace_id, id_, text, now=app.now(), actor=caller.key_id)
    if not isinstance(done, Done):
        raise refusal(done)
    return await app.db.query(approving.comments_of, caller.workspace_id, id_)


@router.post(
    "/{post_id}/resolve",
    summary="Say what happened",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, *_UNRESOLVED, "threads_refused", *BODY)},
    openapi_extra=takes(bodies.ResolveIn, {"threads_id": "17900000000000001"}),
)
async def resolve_post(
    request: Request, response: Response, post_id: PostId, caller: Writer, app: CurrentApp
) -> ActionOut:
    """For a post whose publish nobody could prove: name the live post, or say that nothing was published. A
    `permalink` alone is looked up among the account's posts on Threads.

    For a post that is blocked because a reply is live, but not as a reply: `detached` is `below_root` (the rest replies
    to the first part), `stop` (the rest is canceled) or `send_again` (the reply is deleted on Threads, then published
    again)."""
    answer = await reading.take(request, bodies.ResolveIn)
    if answer.detached is not None:
        return await _decide(response, app, caller, post_id, answer)
    live, permalink = answer.threads_id, answer.permalink
    if permalink and not live and not answer.absent:
        found = await named(app, caller.workspace_id, reading.an_id(post_id, "post"), permalink)
        if not isinstance(found, NamedPost):
            raise refusal(found)
        live, permalink = found.id, found.permalink
    resolve = partial(app.posts.resolve, live_id=live, absent=bool(answer.absent), permalink=permalink)
    return await action(response, app, caller, post_id, resolve)


async def _decide(response: Response, app: App, caller: Caller, post_id: str, answer: bodies.ResolveIn) -> ActionOut:
    if answer.threads_id or answer.permalink or answer.absent or answer.detached is None:
        raise refusal(Rejected((finding("resolution", "live_or_absent"),)))
    id_ = reading.an_id(post_id, "post")
    done = await decide(app, caller.workspace_id, id_, answer.detached, actor=caller.key_id)
    if isinstance(done, Diagnosis):
        raise _threads_refused(done, [])
    if not isinstance(done, Done):
        raise refusal(done)
    return ActionOut(message=done.message, **done.detail, post=tag(response, await the_post(app, caller, id_)))


def _threads_refused(cause: Diagnosis, deleted: list[str]) -> Problem:
    return threads_refused(cause, {"deleted": deleted})


@router.post(
    "/{post_id}/unpublish",
    summary="Delete a post from Threads",
    response_model=UnpublishedOut,
    response_model_exclude_unset=True,
    responses={
        **good(
            200,
            "Done; the post as it is now.",
            {"message": "Deleted from Threads.", "deleted": ["18055555555555555"], "post": POST_EXAMPLE},
            "ETag",
        ),
        **problems(404, "not_published", "being_checked", "threads_refused"),
    },
)
async def unpublish_post(post_id: PostId, caller: Writer, app: CurrentApp) -> UnpublishedOut:
    """Deletes the post's parts on Threads, the last one first. Needs the permission `threads_delete`; Threads allows
    100 deletions a day. Parts that could not be deleted are named."""
    id_ = reading.an_id(post_id, "post")
    answer = await unpublish(app, caller.workspace_id, id_, actor=caller.key_id)
    if isinstance(answer, Rejected | Missing | Conflict):
        raise refusal(answer)
    if answer.cause is not None:
        raise _threads_refused(answer.cause, answer.deleted)
    post = await the_post(app, caller, id_)
    return UnpublishedOut(message="Deleted from Threads.", deleted=answer.deleted, post=post)
