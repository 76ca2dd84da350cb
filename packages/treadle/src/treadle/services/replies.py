"""Replies to a published post: read from Threads when somebody asks, hidden and shown again; answered by posts of ours.

An answer to a reply is an ordinary post with ``reply_to_id``: it is accepted, published and checked like every other,
so it can neither be lost nor go out twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from treadle.accounts import unreadable
from treadle.domain.answers import Conflict, Done, Missing
from treadle.domain.matching import parse_time
from treadle.domain.run_state import AccountView, PartView, part_view
from treadle.domain.times import iso
from treadle.engine.calling import Ask, Failed
from treadle.engine.worker_context import WorkerContext
from treadle.people import audit
from treadle.services.asking import ask, call_on_word, limited
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.store import Connection, accounts
from treadle.store.posts import parts_with_ids, post_row
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient
from treadle_threads.client import REPLY_FIELDS
from treadle_threads.ids import is_id
from treadle_threads.results import Result
from treadle_threads.values import Acknowledged, Media, Page

READ_SCOPE: Final = "threads_read_replies"
MANAGE_SCOPE: Final = "threads_manage_replies"
FIELDS: Final = f"{REPLY_FIELDS},hide_status,is_reply_owned_by_me"
HIDDEN: Final = frozenset({"HIDDEN", "COVERED", "BLOCKED", "RESTRICTED"})
MOST_PAGES: Final = 4  # of one call each


class ReplyOut(ApiModel):
    """A reply, as Threads shows it now."""

    id: str = Field(description="On Threads; 'reply_to_id' of a post that answers it.")
    username: str = Field(description="Who wrote it, without '@'; empty: Threads did not say.")
    text: str
    at: str | None = Field(description="When it was published, as Threads says it.")
    permalink: str | None
    media_type: str | None = Field(description="TEXT_POST, IMAGE, VIDEO, CAROUSEL_ALBUM or AUDIO.")
    replied_to: str | None = Field(description="Id of the post that it replies to.")
    hidden: bool = Field(description="Whether Threads hides it.")
    own: bool = Field(description="Whether the account wrote it.")
    can_hide: bool = Field(description="Whether it can be hidden: Threads allows it for direct replies of others only.")


class HiddenOut(ApiModel):
    reply_id: str
    hidden: bool
    message: str


class RepliesOut(ApiModel):
    data: list[ReplyOut] = Field(description="Newest first, of every depth; parts of the post itself are left out.")
    more: bool = Field(description="Whether there are older ones that were not read.")


@dataclass(frozen=True, slots=True)
class _Post:
    """A post that is out: its account and its live parts, the first of which is ``parts[0]``."""

    account: AccountView
    parts: list[PartView]
    own_ids: frozenset[str]

    @property
    def root(self) -> str:
        return str(self.parts[0].threads_id)


def _out(conn: Connection, workspace_id: str, post_id: str, scope: str, now: float) -> _Post | Missing | Conflict:
    post = post_row(conn, workspace_id, post_id)
    if post is None:
        return Missing()
    parts = [part_view(row) for row in parts_with_ids(conn, post_id)]
    live = [part for part in parts if part.progress.removed is None]
    if not live:
        return Conflict("not_published", "No part of this post is on Threads.")
    account = accounts.view_of(conn, post["account_id"])
    if account.scopes and scope not in account.scopes:
        message = f"@{account.username} has not granted the permission {scope}. Reconnect the account with it."
        return Conflict("permission_missing", message)
    if account.disconnected_at is not None or account.token_enc is None:
        return Conflict("not_readable", f"@{account.username} is no longer connected. Reconnect it first.")
    return limited(account, now) or _Post(account, live, frozenset(str(part.threads_id) for part in parts))


async def read(app: App, workspace_id: str, post_id: str) -> RepliesOut | Missing | Conflict | Diagnosis:
    """The replies to a post, asked of Threads now."""
    found = await app.db.query(_out, workspace_id, post_id, READ_SCOPE, app.now())
    if not isinstance(found, _Post):
        return found
    return await ask(app, lambda worker: _read(worker, found))


async def _read(worker: WorkerContext, post: _Post) -> RepliesOut | Diagnosis:
    if not worker.opens(post.account):
        return unreadable.cause()
    items: dict[str, Media] = {}
    # Threads has the whole conversation at its root only; below a reply there are its own replies.
    first = post.parts[0]
    edges = [(first, not first.is_reply)] + ([(part, False) for part in post.parts[1:]] if first.is_reply else [])
    more = False
    for part, whole in edges:
        after: str | None = None
        for _ in range(MOST_PAGES):
            called = await call_on_word(worker, post.account, _asked(str(part.threads_id), after, whole=whole))
            if isinstance(called, Failed):
                return called.diagnosis
            items.update({media.id: media for media in called.value.media})
            after = called.value.after
            if after is None or not called.value.data:
                break
        else:
            more = True
    shown = [_reply(media, post) for media in items.values() if media.id not in post.own_ids]
    return RepliesOut(data=sorted(shown, key=lambda one: one.at or "", reverse=True), more=more)


def _asked(threads_id: str, after: str | None, *, whole: bool) -> Ask[Page]:
    def send(client: ThreadsClient) -> Any:
        return (client.conversation if whole else client.replies)(threads_id, FIELDS, after=after)

    return Ask("Read replies", "verify", "read", send, diagnosed_at="read", proves=False)


def _reply(media: Media, post: _Post) -> ReplyOut:
    data: Mapping[str, Any] = media.data
    own = data.get("is_reply_owned_by_me") is True or media.username == post.account.username != ""
    hidden = str(data.get("hide_status") or "") in HIDDEN
    direct = media.replied_to == post.root and not post.parts[0].is_reply
    return ReplyOut(
        id=media.id,
        username=media.username or "",
        text=media.text or "",
        at=iso(parse_time(media.timestamp)),
        permalink=media.permalink,
        media_type=media.media_type,
        replied_to=media.replied_to,
        hidden=hidden,
        own=own,
        can_hide=direct and not own,
    )


async def hide(
    app: App, workspace_id: str, post_id: str, reply_id: str, *, hidden: bool, actor: str
) -> Done | Missing | Conflict | Diagnosis:
    """Hide a direct reply of somebody else, or show it again. Doing it twice changes nothing; which replies can be
    hidden is decided by Threads, which lets an account hide below its own posts only."""
    if not is_id(reply_id):
        return Missing("reply")
    found = await app.db.query(_out, workspace_id, post_id, MANAGE_SCOPE, app.now())
    if not isinstance(found, _Post):
        return found
    refused = await ask(app, lambda worker: _hide(worker, found, reply_id, hidden=hidden))
    if refused is not None:
        return refused
    action = "reply.hide" if hidden else "reply.show"
    detail = {"post_id": post_id}
    await app.db.run(audit.note, workspace_id, actor, action, reply_id, detail, now=app.now())
    return Done(post_id, "Reply hidden." if hidden else "Reply unhidden.")


async def _hide(worker: WorkerContext, post: _Post, reply_id: str, *, hidden: bool) -> Diagnosis | None:
    if not worker.opens(post.account):
        return unreadable.cause()

    async def send(client: ThreadsClient) -> Result[Acknowledged]:
        return await client.hide_reply(reply_id, hidden)

    what = "Hide a reply" if hidden else "Show a reply"
    wanted = Ask(what, "verify", "read", send, diagnosed_at="read", proves=False)
    done = await call_on_word(worker, post.account, wanted)
    return done.diagnosis if isinstance(done, Failed) else None
