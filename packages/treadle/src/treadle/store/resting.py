"""Stopping a post's runs: from here on nothing happens to it until somebody or something releases it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import posts
from treadle.store.timeline import CHANGED_MEANWHILE, Note, add_note, announce_post, note_cut_off


def put_to_rest(conn: sa.Connection, row: Mapping[str, Any], state: str, why: str, *, now: float) -> None:
    """Into ``state``; every older run and claim becomes invalid. ``row`` is the post's, locked."""
    note_cut_off(conn, row, CHANGED_MEANWHILE)
    values = {
        "state": state,
        "seq": row["seq"] + 1,
        "claim": row["claim"] + 1,
        "claimed_by": None,
        "next_what": None,
        "next_at": None,
        "why": why,
        "updated_at": now,
    }
    conn.execute(sa.update(posts).where(posts.c.id == row["id"]).values(**values))
    note = Note(row["stage"], "state", why, outcome="ok")
    add_note(conn, row["id"], row["workspace_id"], row["attempt"], note, now=now)
    announce_post(conn, row["workspace_id"], row["id"], {**values, "account_id": row["account_id"]}, now=now)
