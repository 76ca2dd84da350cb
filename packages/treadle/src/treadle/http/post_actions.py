"""What a person can do with one post: retry, cancel, approve, resolve, delete it from Threads."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from treadle.domain.answers import Missing, Refusal, Rejected
from treadle.http import bodies, reading
from treadle.http.caller import CurrentApp, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.examples import POST_EXAMPLE
from treadle.http.lists import known_query
from treadle.http.post_answers import action, the_post
from treadle.http.problems import Problem, refusal
from treadle.http.reading import PostId
from treadle.services.naming import NamedPost, named
from treadle.services.post_output import ActionOut, UnpublishedOut
from treadle.services.unpublishing import unpublish

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])

_DONE = {
    **good(200, "Done; the post as it is now.", {"message": "Done.", "post": POST_EXAMPLE}, "ETag"),
    **problems(404, 409),
}


@router.post(
    "/{post_id}/retry",
    summary="Try again now",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses=_DONE,
)
async def retry_post(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """A new attempt with fresh budgets, for a post that failed, is blocked or waits. Parts that are published stay."""
    return await action(response, app, caller, post_id, app.posts.retry)


@router.post(
    "/{post_id}/cancel",
    summary="Stop a post",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses=_DONE,
)
async def cancel_post(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """At any stage up to the publish itself. When that was too late, the answer says so (409) and what is published."""
    return await action(response, app, caller, post_id, app.posts.cancel)


@router.post(
    "/{post_id}/confirm",
    summary="Approve a post",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses=_DONE,
)
async def confirm_post(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """To a post that is held because it is late, to a draft, or to one that waits for approval."""
    return await action(response, app, caller, post_id, app.posts.confirm)


@router.post(
    "/{post_id}/resolve",
    summary="Say what happened",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, 409, 424, *BODY)},
    openapi_extra=takes(bodies.ResolveIn, {"threads_id": "17900000000000001"}),
)
async def resolve_post(
    request: Request, response: Response, post_id: PostId, caller: Writer, app: CurrentApp
) -> ActionOut:
    """For a post whose publish nobody could prove: name the live post, or say that nothing was published. A
    `permalink` alone is looked up among the account's posts on Threads."""
    answer = await reading.take(request, bodies.ResolveIn)
    live, permalink = answer.threads_id, answer.permalink
    if permalink and not live and not answer.absent:
        found = await named(app, caller.workspace_id, reading.an_id(post_id, "post"), permalink)
        if not isinstance(found, NamedPost):
            raise refusal(found)
        live, permalink = found.id, found.permalink
    resolve = partial(app.posts.resolve, live_id=live, absent=bool(answer.absent), permalink=permalink)
    return await action(response, app, caller, post_id, resolve)


@router.post(
    "/{post_id}/unpublish",
    summary="Delete a post from Threads",
    response_model=UnpublishedOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, 409, 424)},
)
async def unpublish_post(post_id: PostId, caller: Writer, app: CurrentApp) -> UnpublishedOut:
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
    post = await the_post(app, caller, id_)
    return UnpublishedOut(message="Deleted from Threads.", deleted=answer.deleted, post=post)
