"""What the owner of a post decides about a reply that is live, but not as a reply: go on below the first part, stop, or
delete it and publish it again. Nothing of this happens without that decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal, get_args

from treadle.accounts import unreadable
from treadle.domain.answers import Answer, Conflict, Done, Missing
from treadle.domain.live_equals import is_detached
from treadle.domain.progress import PartProgress
from treadle.domain.replacing import Evidence, may_replace_container, sent_of, without_container
from treadle.domain.run_state import AccountView, PartUpdate, PartView, PostUpdate, part_view
from treadle.engine.worker_context import WorkerContext
from treadle.services.asking import ask
from treadle.services.context import App
from treadle.services.unpublishing import delete_part
from treadle.store import Connection, posts, runs
from treadle.store.accounts import view_of
from treadle.store.rows import locked, parts_of
from treadle.store.runs import post_columns
from treadle_diagnosis.types import Diagnosis

Choice = Literal["below_root", "stop", "send_again"]
CHOICES: Final = get_args(Choice)


async def decide(app: App, workspace_id: str, post_id: str, choice: Choice, *, actor: str) -> Answer | Diagnosis:
    """Act on a decision. A diagnosis: Threads did not delete the reply, so nothing was changed."""
    if choice == "stop":
        return await app.db.run(_stop, app, workspace_id, post_id, actor)
    if choice == "below_root":
        return await app.db.run(_go_on, app, workspace_id, post_id, actor)
    found = await app.db.query(_waiting, workspace_id, post_id)
    if isinstance(found, Missing | Conflict):
        return found
    part, account = found
    if part.progress.removed is None:
        cause = await ask(app, lambda context: _delete(context, account, part, actor))
        if cause is not None:
            return cause
    return await app.db.run(_send_again, app, workspace_id, post_id, actor)


def _detached_part(conn: Connection, workspace_id: str, post_id: str) -> PartView | Missing | Conflict:
    """The part that the owner has to decide about; the post is locked."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    rows = parts_of(conn, post_id)
    views = [part_view(one) for one in rows]
    waiting = [part for part in views if is_detached(part.progress.live) and not part.progress.below_root]
    if row["state"] != "blocked" or not waiting or waiting[0].position == len(views) - 1:
        return Conflict("nothing_to_resolve", "No part of this post is waiting for this decision.")
    return waiting[0]


def _waiting(conn: Connection, workspace_id: str, post_id: str) -> tuple[PartView, AccountView] | Missing | Conflict:
    part = _detached_part(conn, workspace_id, post_id)
    return part if isinstance(part, Missing | Conflict) else (part, view_of(conn, part.account_id))


def _stop(conn: Connection, app: App, workspace_id: str, post_id: str, actor: str) -> Answer:
    part = _detached_part(conn, workspace_id, post_id)
    if isinstance(part, Missing | Conflict):
        return part
    return app.posts.cancel(conn, workspace_id, post_id, now=app.now(), actor=actor)


def _go_on(conn: Connection, app: App, workspace_id: str, post_id: str, actor: str) -> Answer:
    part = _detached_part(conn, workspace_id, post_id)
    if isinstance(part, Missing | Conflict):
        return part
    update = PartUpdate(progress=replace(part.progress, below_root=True))
    return _continue(conn, app, part, update, f"{actor} decided: the rest replies to the first part.")


async def _delete(context: WorkerContext, account: AccountView, part: PartView, actor: str) -> Diagnosis | None:
    if not context.opens(account):
        return unreadable.cause()
    return await delete_part(context, account, part, actor)


def _send_again(conn: Connection, app: App, workspace_id: str, post_id: str, actor: str) -> Answer:
    """The reply is deleted from Threads: it is made and published once more."""
    part = _detached_part(conn, workspace_id, post_id)
    if isinstance(part, Missing | Conflict):
        return part
    if part.progress.removed is None:
        return Conflict("nothing_to_resolve", "The reply is still on Threads.")
    gone = Evidence(app.now(), settle_s=0.0, container="not asked", lists="unreadable", confirmed_absent=True)
    update = without_container(may_replace_container(sent_of(part), gone))
    update.merge(PartUpdate(progress=PartProgress(), threads_id=None, permalink=None, published_at=None, cause=None))
    return _continue(conn, app, part, update, f"{actor} had the reply deleted; it is published again.")


def _continue(conn: Connection, app: App, part: PartView, update: PartUpdate, why: str) -> Answer:
    now, row = app.now(), locked(conn, part.workspace_id, part.post_id)
    assert row is not None
    runs.update_part(conn, part.id, update)
    again: dict[str, Any] = {**post_columns(PostUpdate(state="publishing", cause=None)), "claim": row["claim"] + 1}
    posts.update_post(conn, part.post_id, again)
    app.posts.close_own_blockers(conn, part.post_id, by="person", now=now)
    if app.posts.again(conn, part.post_id, why=why, now=now):
        return Done(part.post_id, why)
    return Conflict("still_blocked", "An open problem still blocks this post. Fix it first.")
