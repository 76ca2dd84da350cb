"""After publishing: what Threads counts of a post, and its replies."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from treadle.domain.answers import Conflict, Done, Missing
from treadle.http import examples, reading
from treadle.http.caller import Caller, CurrentApp, Reader, Writer
from treadle.http.document import good, problems
from treadle.http.lists import PLAIN, known_query
from treadle.http.problems import refusal, threads_refused
from treadle.http.reading import PostId
from treadle.services import insights, replies
from treadle.services.context import App
from treadle.services.insights import InsightsOut
from treadle.services.replies import HiddenOut, RepliesOut
from treadle_diagnosis.types import Diagnosis
from treadle_threads.ids import MOST_DIGITS

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])
ReplyId = Annotated[str, Path(description="Id of a reply on Threads.", max_length=MOST_DIGITS, pattern=PLAIN)]
_NUMBERS = {"views": 310, "likes": 12, "replies": 3, "reposts": 1, "quotes": 0, "shares": 2}
_INSIGHTS = {
    "post_id": "pst_01jd4a9ptm0v6w8q2x5y7z9abc",
    "total": _NUMBERS,
    "read_at": examples.TIME,
    "parts": [
        {
            "position": 0,
            "threads_id": "17900000000000001",
            "days": [{**_NUMBERS, "day": "2026-12-01", "read_at": examples.TIME}],
        }
    ],
    "why": None,
    "cause": None,
}
_REPLIES = {
    "data": [
        {
            "id": "17900000000000002",
            "username": "old.mill.cafe",
            "text": "Lovely.",
            "at": "2026-12-01T09:12:00.000Z",
            "permalink": "https://www.threads.com/@old.mill.cafe/post/DAbc",
            "media_type": "TEXT_POST",
            "replied_to": "17900000000000001",
            "hidden": False,
            "own": False,
            "can_hide": True,
        }
    ],
    "more": False,
}


@router.get(
    "/{post_id}/insights",
    summary="Read what Threads counts of a post",
    responses={**good(200, "As last read, day by day.", _INSIGHTS), **problems(404)},
)
async def get_insights(post_id: PostId, caller: Reader, app: CurrentApp) -> InsightsOut:
    """Views, likes, replies, reposts, quotes and shares since it was published, one entry for each day (UTC) on which
    they were read: hourly on the first day, rarely later. Needs the permission `threads_manage_insights`; `why` says
    what is missing."""
    return await _stored(app, caller, post_id)


async def _stored(app: App, caller: Caller, post_id: str) -> InsightsOut:
    found = await app.db.query(insights.read, caller.workspace_id, reading.an_id(post_id, "post"))
    if isinstance(found, Missing):
        raise refusal(found)
    return found


@router.post(
    "/{post_id}/insights",
    summary="Ask Threads for a post's figures now",
    responses={
        **good(200, "The figures as they are now.", _INSIGHTS),
        **problems(404, "not_published", "permission_missing", "not_readable", "threads_refused"),
    },
)
async def read_insights(post_id: PostId, caller: Writer, app: CurrentApp) -> InsightsOut:
    """What was read within the last minute is not asked for again."""
    done = await insights.refresh(app, caller.workspace_id, reading.an_id(post_id, "post"))
    if isinstance(done, Diagnosis):
        raise threads_refused(done)
    if done is not None:
        raise refusal(done)
    return await _stored(app, caller, post_id)


@router.get(
    "/{post_id}/replies",
    summary="List replies to a post",
    responses={
        **good(200, "As Threads has them now, newest first.", _REPLIES),
        **problems(404, "not_published", "permission_missing", "not_readable", "threads_refused"),
    },
)
async def list_replies(post_id: PostId, caller: Reader, app: CurrentApp) -> RepliesOut:
    """Asked of Threads with each call. Needs the permission `threads_read_replies`. To answer a reply, publish a post
    with its id as `options.reply_to_id`."""
    found = await replies.read(app, caller.workspace_id, reading.an_id(post_id, "post"))
    if isinstance(found, Diagnosis):
        raise threads_refused(found)
    if isinstance(found, Missing | Conflict):
        raise refusal(found)
    return found


_HIDE = {
    **good(200, "Done.", {"reply_id": "17900000000000002", "hidden": True, "message": "Reply hidden."}),
    **problems(404, "not_published", "permission_missing", "not_readable", "threads_refused"),
}


@router.post("/{post_id}/replies/{reply_id}/hide", summary="Hide a reply", responses=_HIDE)
async def hide_reply(post_id: PostId, reply_id: ReplyId, caller: Writer, app: CurrentApp) -> HiddenOut:
    """Threads hides direct replies of others. Needs the permission `threads_manage_replies`."""
    return await _hide(app, caller, post_id, reply_id, hidden=True)


@router.post("/{post_id}/replies/{reply_id}/show", summary="Show a hidden reply again", responses=_HIDE)
async def show_reply(post_id: PostId, reply_id: ReplyId, caller: Writer, app: CurrentApp) -> HiddenOut:
    """Needs the permission `threads_manage_replies`."""
    return await _hide(app, caller, post_id, reply_id, hidden=False)


async def _hide(app: App, caller: Caller, post_id: str, reply_id: str, *, hidden: bool) -> HiddenOut:
    id_ = reading.an_id(post_id, "post")
    done = await replies.hide(app, caller.workspace_id, id_, reply_id, hidden=hidden, actor=caller.key_id)
    if isinstance(done, Diagnosis):
        raise threads_refused(done)
    if not isinstance(done, Done):
        raise refusal(done)
    return HiddenOut(reply_id=reply_id, hidden=hidden, message=done.message)
