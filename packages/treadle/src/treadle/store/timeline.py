"""A post's timeline and the change feed: what happened to it, written in the transaction that makes it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import sqlalchemy as sa

from treadle.domain.run_state import PartView, PostView
from treadle.domain.times import iso
from treadle.store import feed, statements
from treadle.store.statements import chunks
from treadle.store.tables import events, parts


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of the timeline. ``outcome`` ``None`` with kind ``call``: under way.

    ``part`` counts from 0 (``None``: the whole post); ``started_at`` is epoch seconds (``None``: now), ``duration_s``
    seconds. ``request`` and ``answer`` are without secrets; ``diagnosis`` is a diagnosis' JSON.
    Not stored: ``wait_s``, for how long the answer asks not to call for this account, and ``app_wait_s``, for its app.
    """

    stage: str
    kind: str
    what: str
    part: int | None = None
    started_at: float | None = None
    duration_s: float | None = None
    outcome: str | None = None
    request: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    diagnosis: Mapping[str, Any] | None = None
    decision: str | None = None
    wait_s: float | None = None
    app_wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of a post's timeline; times are epoch seconds, ``duration_s`` seconds or ``None``."""

    id: int
    post_id: str
    workspace_id: str
    part: int | None
    attempt: int
    stage: str
    kind: str
    what: str
    started_at: float
    duration_s: float | None
    outcome: str | None
    decision: str | None
    worker: str | None
    pattern: str | None
    lane: str | None


def add_note(
    conn: sa.Connection,
    post_id: str,
    workspace_id: str,
    attempt: int,
    note: Note,
    *,
    now: float,
    worker: str | None = None,
) -> None:
    """Add one entry to a post's timeline."""
    add_notes(conn, post_id, workspace_id, attempt, [note], now=now, worker=worker)


def add_notes(
    conn: sa.Connection,
    post_id: str,
    workspace_id: str,
    attempt: int,
    notes: Sequence[Note],
    *,
    now: float,
    worker: str | None = None,
) -> None:
    """Add entries to a post's timeline, in this order."""
    rows = [
        {
            "post_id": post_id,
            "workspace_id": workspace_id,
            "part": note.part,
            "attempt": attempt,
            "stage": note.stage,
            "kind": note.kind,
            "what": note.what,
            "started_at": note.started_at if note.started_at is not None else now,
            "duration_s": note.duration_s,
            "outcome": note.outcome,
            "request": note.request,
            "answer": note.answer,
            "diagnosis": note.diagnosis,
            "decision": note.decision,
            "worker": worker,
        }
        for note in notes
    ]
    statements.at_the_end(conn, _insert, rows)


def _insert(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    statements.insert_rows(conn, events, rows)


# ---------------------------------------------------------------- what is being asked

CHANGED_MEANWHILE = "The post was changed in the meantime, so the answer isn't recorded here."
_OPEN = (events.c.outcome.is_(None), events.c.kind == "call")
_PARTS = sa.select(parts.c.position, parts.c.published_at, parts.c.permalink).where(
    parts.c.post_id == sa.bindparam("post_id")
)


def being_asked(conn: sa.Connection, post: Mapping[str, Any] | sa.RowMapping) -> Note | None:
    """What a worker is asking Threads for this post (a row of ``posts``), or was when it died.

    An entry is written when its call has ended, so that none is written twice. Until then the post itself says what is
    asked: its stage, its next step, and since when.
    """
    if post["claimed_by"] is None or not post["next_what"]:
        return None
    rows = sorted(conn.execute(_PARTS, {"post_id": post["id"]}), key=lambda row: row.position)
    part = next((row.position for row in rows if row.published_at is None), None)
    if part is None:
        part = next((row.position for row in rows if row.permalink is None), len(rows) - 1 if rows else None)
    return Note(post["stage"], "call", post["next_what"], part, started_at=post["updated_at"])


def note_cut_off(conn: sa.Connection, post: Mapping[str, Any] | sa.RowMapping, why: str) -> None:
    """Whoever takes a post from a worker's hands notes what it was asking: nobody will write that answer down."""
    open_ones = sa.update(events).where(events.c.post_id == post["id"], *_OPEN)  # of a version that noted it before
    if conn.execute(open_ones.values(outcome="interrupted", decision=why)).rowcount:
        return
    asked = being_asked(conn, post)
    if asked is not None:
        note = replace(asked, outcome="interrupted", decision=why)
        worker = post["claimed_by"]
        add_note(conn, post["id"], post["workspace_id"], post["attempt"], note, now=post["updated_at"], worker=worker)


def announce_post(
    conn: sa.Connection, workspace_id: str, post_id: str, values: Mapping[str, Any], *, now: float
) -> None:
    """Tell the change feed that a post's state changed."""
    state = values["state"]
    payload: dict[str, Any] = {
        "post_id": post_id,
        "account_id": values.get("account_id"),
        "state": state,
        "pattern": values.get("cause_pattern"),
        "next": {"what": what, "at": iso(values.get("next_at"))} if (what := values.get("next_what")) else None,
    }
    if values.get("differs"):
        payload["differs"] = values["differs"]
    feed.announce(conn, workspace_id, f"post.{state}", post_id, payload, now=now)


def announce_difference(conn: sa.Connection, post: PostView, part: PartView, *, now: float) -> None:
    """Tell the change feed that a part is live otherwise than it was asked for."""
    cause = part.cause
    payload = {
        "post_id": post.id,
        "account_id": post.account_id,
        "part": part.position,
        "threads_id": part.threads_id,
        "pattern": cause.pattern if cause is not None else None,
        "differs": differences([part]),
    }
    feed.announce(conn, post.workspace_id, "post.differs", post.id, payload, now=now)


def differences(parts: Sequence[PartView]) -> list[dict[str, Any]]:
    """Where parts are live otherwise than asked, with the page of the catalogue on it."""
    return [
        {
            "part": part.position,
            "pattern": part.cause.pattern if part.cause is not None else None,
            "lane": part.cause.lane if part.cause is not None else None,
            **one.to_json(),
        }
        for part in parts
        if part.progress.live is not None
        for one in part.progress.live.differs
    ]


_ENTRY: sa.Select[Any] = sa.select(
    *(events.c[field.name] for field in fields(TimelineEntry) if field.name not in ("pattern", "lane")),
    events.c.diagnosis["pattern"].as_string().label("pattern"),
    events.c.diagnosis["lane"].as_string().label("lane"),
)


def entries_with(conn: sa.Connection, ids: Sequence[int]) -> list[TimelineEntry]:
    """The entries with these ids, oldest first."""
    found: list[TimelineEntry] = []
    for some in chunks(sorted(ids)):
        rows = conn.execute(_ENTRY.where(events.c.id.in_(some)).order_by(events.c.id))
        found += [TimelineEntry(*row) for row in rows]
    return found
