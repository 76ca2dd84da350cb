"""A person's word on a post that waits for one: try it again, say yes to it, say what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.domain.answers import Answer, Conflict, Done, Missing, Rejected
from treadle.domain.findings import finding
from treadle.domain.lateness import too_late
from treadle.domain.progress import PartProgress
from treadle.domain.replacing import Evidence, may_replace_container, restored, sent_of, without_container
from treadle.domain.run_state import PartUpdate, PostUpdate, part_view
from treadle.domain.times import iso
from treadle.store import Connection, blockers, imports, posts
from treadle.store.moving import Mover
from treadle.store.rows import locked, parts_of, timing_of
from treadle.store.runs import post_columns, update_part


def retry(mover: Mover, conn: Connection, workspace_id: str, post_id: str, *, now: float, actor: str) -> Answer:
    """Try a failed, blocked or waiting post again now: a new attempt with fresh budgets. Published parts stay.

    A part that may be live is looked for first; the answer says so, since nothing is sent before that is known.
    """
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    if row["state"] not in ("failed", "blocked", "retrying", "waiting", "checking"):
        return Conflict("nothing_to_retry", f"A post that is {row['state']} has nothing to retry.")
    attempt = row["attempt"] + 1
    again = {"attempt": attempt, "confirmed_at": now, "claim": row["claim"] + 1}
    doubt = next((part for part in parts_of(conn, post_id) if _in_doubt(part, row["state"])), None)
    # While a part is in doubt the post is being checked, whatever is asked; then its cause still holds.
    update = PostUpdate(state="publishing", cause=None) if doubt is None else PostUpdate(state="checking")
    posts.update_post(conn, post_id, {**post_columns(update), **again})
    posts.restart_parts(conn, post_id)
    mover.close_own_blockers(conn, post_id, by="retry", now=now)
    if mover.again(conn, post_id, why=f"Retried by {actor}.", now=now):
        return Done(post_id, "Retrying now." if doubt is None else _checks_first(doubt, now))
    return Conflict(
        "still_blocked",
        "An open problem still blocks this post. Fix it first.",
        {"blocker_ids": blockers.of_post(conn, post_id)},
    )


def _checks_first(part: Mapping[str, Any], now: float) -> str:
    """What a retry does while it is not known whether, or as what, a part is live."""
    if part["published_at"] is not None:
        return "It is published. Treadle is looking up which of the account's posts it is. Nothing is sent again."
    settles_at = PartProgress.from_json(part["checks"]).settles_at
    until = f" Threads may need until {iso(settles_at)} to show it." if settles_at and settles_at > now else ""
    return (
        "Nothing is sent yet, because it may already be published. Treadle checks now and sends it again only if it "
        f"isn't on Threads.{until}"
    )


def confirm(mover: Mover, conn: Connection, workspace_id: str, post_id: str, *, now: float, actor: str) -> Answer:
    """Say yes: to a held post that is late or has a warning, to a draft, to one that waits for approval."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    if row["state"] not in ("held", "draft"):
        return Conflict("nothing_to_confirm", f"A post that is {row['state']} isn't waiting for approval.")
    if imports.is_waiting(conn, row["import_id"]):
        return Conflict(
            "import_waits",
            "It may still be scheduled elsewhere. Confirm its import first.",
            {"import_id": row["import_id"]},
        )
    parts = parts_of(conn, post_id)
    confirmed = {
        "state": "publishing",
        "confirmed_at": now if row["state"] == "held" and too_late(timing_of(row, parts), now) else None,
        "approval": "approved" if row["approval"] else None,
        "due_at": row["due_at"] if row["publish_at"] is not None else now,
    }
    posts.update_post(conn, post_id, confirmed)
    kinds = [part["kind"] for part in parts]
    mover.again(conn, post_id, kinds, why=f"Confirmed by {actor}.", now=now)
    return Done(post_id, "Confirmed.")


def resolve(
    mover: Mover,
    conn: Connection,
    workspace_id: str,
    post_id: str,
    *,
    now: float,
    actor: str,
    live_id: str | None = None,
    absent: bool = False,
    permalink: str | None = None,
) -> Answer:
    """A person's word on a ``checking`` post: the live post's Threads id, or that nothing is out."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    part = next((part for part in parts_of(conn, post_id) if _in_doubt(part, row["state"])), None)
    if part is None:
        return Conflict("nothing_to_resolve", "There is nothing to resolve for this post.")
    if bool(live_id) == absent:
        return Rejected((finding("resolution", "live_or_absent"),))
    if absent and part["published_at"] is not None:
        return Conflict("it_is_live", "Threads says this post is live; only its ID is missing.")
    view = part_view(part)
    if live_id:
        if taken := posts.post_with_live_id(conn, part["threads_user_id"], live_id):
            return Conflict("already_claimed", "Another post here already has this Threads post.", {"post_id": taken})
        change = PartUpdate(
            state="published",
            published_at=view.published_at or now,
            threads_id=live_id,
            permalink=permalink,
            unclear=False,
            cause=None,
        ).merge(restored(view))
        message = f"{actor} named the live post: {live_id}."
    else:
        asked = Evidence(now, settle_s=0.0, container="not asked", lists="unreadable", confirmed_absent=True)
        verdict = may_replace_container(sent_of(view), asked)
        change = without_container(verdict).merge(PartUpdate(progress=PartProgress(), cause=None))
        message = f"{actor} confirmed that it isn't on Threads. It may be sent again."
    update_part(conn, view.id, change)
    again = {**post_columns(PostUpdate(state="publishing", cause=None)), "claim": row["claim"] + 1}
    posts.update_post(conn, post_id, again)
    if not mover.again(conn, post_id, why=message, now=now):
        message += " The rest waits until an open problem is fixed." if live_id else " An open problem blocks it."
    return Done(post_id, message)


def _in_doubt(part: Mapping[str, Any], state: str) -> bool:
    """Sent and not known to be absent, or live with an id that is not known yet. While a refused part is being worked
    on, nobody has to say anything."""
    if part["published_at"] is None:
        return bool(part["intent"] == "sent" or (part["sends"] > 0 and state in ("blocked", "failed", "held")))
    return part["threads_id"] is None
