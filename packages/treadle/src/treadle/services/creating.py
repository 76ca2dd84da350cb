"""Accepting a post: checked, stored and enqueued in one transaction, so an accepted post is never a lost one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from treadle.domain.answers import Conflict, Created, Rejected
from treadle.domain.lateness import HAS_WARNINGS, TOO_LATE, Timing, too_late
from treadle.ids import new_id
from treadle.services.request import Request, read_request
from treadle.store import Connection, queues
from treadle.store.moving import Mover, first_run
from treadle.store.posts import CreatedByKey, insert_post, keep_answer, kept_answer
from treadle.store.timeline import Note, add_note, announce_post


def create(
    mover: Mover,
    conn: Connection,
    workspace_id: str,
    body: Any,
    *,
    now: float,
    actor: str,
    idempotency_key: str | None = None,
) -> Created | Rejected | Conflict:
    """Accept a post: checked, stored and enqueued in the caller's transaction.

    The same ``idempotency_key`` with the same body answers the same post; with another body it is refused.
    """
    if isinstance(body, Mapping) and body.get("queue") is True and isinstance(body.get("account_id"), str):
        queues.lock(conn, workspace_id, body["account_id"])  # two posts at once never get one slot
    wanted = read_request(conn, workspace_id, body, now=now, lateness=mover.max_lateness_s)
    if wanted.errors or wanted.account is None:
        return Rejected(wanted.errors)
    if idempotency_key:
        before = _answer_before(conn, workspace_id, body, idempotency_key)
        if isinstance(before, Created):
            return replace(before, warnings=tuple(f for f in wanted.warnings if f.given != before.post_id))
        if before is not None:
            return before
    post_id = _store(mover, conn, workspace_id, body, wanted, wanted.account, now=now, actor=actor)
    if idempotency_key:
        keep_answer(conn, workspace_id, idempotency_key, CreatedByKey(_digest(body), [post_id]), now=now)
    return Created(post_id, warnings=wanted.warnings)


def _answer_before(conn: Connection, workspace_id: str, body: Mapping[str, Any], key: str) -> Created | Conflict | None:
    """What an earlier request with this key was answered."""
    seen = kept_answer(conn, workspace_id, key)
    if seen is None:
        return None
    if seen.body_hash != _digest(body):
        return Conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was used before with another body. Use a new key for a new post.",
            {"post_ids": seen.post_ids},
        )
    return Created(seen.post_ids[0], again=True)


def _digest(body: Mapping[str, Any]) -> str:
    try:
        return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    except RecursionError:  # nested too deeply to be accepted
        return ""


def _store(
    mover: Mover,
    conn: Connection,
    workspace_id: str,
    body: Mapping[str, Any],
    wanted: Request,
    account: Mapping[str, Any],
    *,
    now: float,
    actor: str,
) -> str:
    """Write the post with its parts and enqueue it; its id."""
    post_id, kinds = new_id("post", now), wanted.kinds
    start = first_run(wanted.at, kinds[0], now)
    approval = "pending" if body.get("approval") else None
    draft = bool(body.get("draft")) or approval is not None
    late = not draft and wanted.at is not None and too_late(Timing(wanted.at, wanted.lateness), now)
    held = TOO_LATE if late else HAS_WARNINGS if wanted.holds and not draft else None
    resting = draft or held is not None
    upcoming = "Publishes at the scheduled time." if start > now else "Publishes now."
    waits = f"Waits for someone to {'approve' if approval else 'publish'} it."
    row = {
        "id": post_id,
        "workspace_id": workspace_id,
        "account_id": account["id"],
        "state": "draft" if draft else "held" if held else "scheduled" if start > now else "publishing",
        "stage": "preflight",
        "publish_at": wanted.at,
        "publish_at_text": wanted.when.text if wanted.when else None,
        "due_at": wanted.at if wanted.at is not None else now,
        "max_lateness": wanted.lateness,
        "options": {},
        "metadata": dict(body.get("metadata") or {}),
        "labels": list(body.get("labels") or []),
        "next_what": waits if draft else None if held else upcoming,
        "next_at": None if resting else max(start, now),
        "why": held,
        "seq": 1,
        "approval": approval,
        "created_by": actor,
        "created_at": now,
        "updated_at": now,
    }
    rows = [
        part_row(row, account, position, kind, part, now)
        for position, (kind, part) in enumerate(zip(kinds, wanted.parts, strict=True))
    ]
    insert_post(conn, row, rows)
    note = Note("preflight", "state", f"Accepted from {actor}. All checks passed.", outcome="ok")
    add_note(conn, post_id, workspace_id, 1, note, now=now)
    announce_post(conn, workspace_id, post_id, row, now=now)
    if not resting:
        # Media are looked at on acceptance: what is wrong with them is known early, and an address that would expire
        # before the post is due is copied.
        begins = now if any(part.get("media") for part in wanted.parts) else start
        mover.releaser.enqueue(
            conn,
            post_id,
            1,
            account_id=account["threads_user_id"],
            delay_s=max(0.0, begins - now),
            due_at=row["due_at"],
            queue="posts",
        )
    return post_id


def part_row(
    post: Mapping[str, Any],
    account: Mapping[str, Any],
    position: int,
    kind: str,
    body: Mapping[str, Any],
    now: float,
) -> dict[str, Any]:
    """A part that nothing was done with yet. ``post`` and ``account`` are rows; ``body`` is the part as requested."""
    return {
        "id": new_id("part", now),
        "post_id": post["id"],
        "workspace_id": post["workspace_id"],
        "account_id": account["id"],
        "threads_user_id": account["threads_user_id"],
        "position": position,
        "kind": kind,
        "is_reply": position > 0 or bool((body.get("options") or {}).get("reply_to_id")),
        "body": dict(body),
    }
