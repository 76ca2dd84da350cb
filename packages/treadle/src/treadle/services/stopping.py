"""Stopping posts: cancel one, delete one that was never sent, pause an account or a workspace."""

from __future__ import annotations

from treadle.domain.answers import Answer, Conflict, Done, Missing
from treadle.domain.lateness import TOO_LATE, Timing, too_late
from treadle.domain.states import CANCELABLE
from treadle.store import Connection, accounts, blockers, posts, workspaces
from treadle.store.moving import Mover, put_to_rest
from treadle.store.rows import locked, parts_of, unsettled


def cancel(conn: Connection, workspace_id: str, post_id: str, *, now: float, actor: str) -> Answer:
    """Stop a post at any stage up to the publish call, and say honestly when that was too late."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    post_parts = parts_of(conn, post_id)
    live = [
        {"part": part["position"], "threads_id": part["threads_id"], "permalink": part["permalink"]}
        for part in post_parts
        if part["published_at"] is not None
    ]
    if row["state"] == "canceled":
        return Done(post_id, "It was canceled before.", {"published_parts": live})
    if unsettled(post_parts):
        return Conflict(
            "too_late",
            "Too late: Treadle is checking whether it was published. You can delete it from Threads after that.",
            {"published_parts": live},
        )
    if row["state"] not in CANCELABLE:
        return Conflict("too_late", f"Too late: the post is {row['state']}.", {"published_parts": live})
    message = f"Canceled by {actor}."
    if live:
        message += f" {len(live)} of its parts are already published and stay on Threads."
    put_to_rest(conn, row, "canceled", message, now=now)
    posts.cancel_parts(conn, post_id)
    blockers.forget_post(conn, post_id)
    blockers.close_of_post(conn, post_id, by="canceled", now=now)
    return Done(post_id, message, {"published_parts": live})


def restore(
    mover: Mover, conn: Connection, workspace_id: str, post_id: str, *, draft: bool, now: float, actor: str
) -> Answer:
    """Take a cancel back. ``draft``: it was one, and is one again. What became too late meanwhile is held."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    if row["state"] != "canceled":
        return Conflict("not_canceled", f"A post that is {row['state']} is not canceled.")
    posts.restart_parts(conn, post_id)
    message = f"Cancel undone by {actor}."
    if draft or row["approval"] == "pending":
        put_to_rest(conn, row, "draft", message, now=now)
        posts.update_post(conn, post_id, {"next_what": "Waits for someone to publish it.", "why": None})
        return Done(post_id, message)
    posts.update_post(conn, post_id, {"state": "publishing", "why": None})
    if row["publish_at"] is not None and too_late(Timing(row["due_at"], row["max_lateness"], row["confirmed_at"]), now):
        put_to_rest(conn, row, "held", TOO_LATE, now=now)
        return Done(post_id, f"{message} {TOO_LATE}")
    mover.again(conn, post_id, why=message, now=now)
    return Done(post_id, message)


def delete(conn: Connection, workspace_id: str, post_id: str) -> Answer:
    """Remove a post that was never sent, with its timeline."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    if any(part["sends"] > 0 or part["published_at"] is not None for part in parts_of(conn, post_id)):
        return Conflict("was_sent", "This post was sent, so its record is kept. Cancel or unpublish it instead.")
    blockers.forget_post(conn, post_id)
    posts.delete_post(conn, post_id)
    return Done(post_id, "Deleted.")


def pause(
    mover: Mover,
    conn: Connection,
    workspace_id: str,
    *,
    account_id: str | None = None,
    paused: bool,
    now: float,
) -> Done | Missing:
    """Pause or resume a workspace or one account. What is being sent at this moment is finished.

    ``detail["released"]`` of the answer: ids of the posts that go on.
    """
    if account_id:
        if not accounts.set_paused(conn, workspace_id, account_id, paused=paused):
            return Missing("account")
    elif not workspaces.set_paused(conn, workspace_id, paused=paused):
        return Missing("workspace")
    released: list[str] = []
    if not paused:
        whole = None if account_id else workspace_id
        released = mover.releaser.resume(conn, account_id=account_id, workspace_id=whole, now=now)
    return Done(account_id or workspace_id, "Paused." if paused else "Continues.", {"released": released})
