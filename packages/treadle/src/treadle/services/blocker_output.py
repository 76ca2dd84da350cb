"""Open causes as version 1 answers them: one model builds, checks and documents each."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from treadle.domain.times import iso
from treadle.services.output import ApiModel
from treadle.services.post_output import DiagnosisOut, diagnosis_out
from treadle.store import RowMapping


class BlockerOut(ApiModel):
    """A cause that holds posts. Times are ISO 8601 in UTC."""

    id: str = Field(description="blk_ and 26 characters.")
    scope: str = Field(description="What it holds: post, account, app, media_host or platform.")
    key: str = Field(description="Which one: the id of the post, account or app, the host, or 'threads'.")
    pattern: str
    lane: str
    action: str
    cause: DiagnosisOut = Field(description="The diagnosis.")
    opened_at: str | None
    repaired_at: str | None = Field(description="null: it is open.")
    repaired_by: str | None = Field(description="reconnect, recheck, edit, time or person.")
    checks: int = Field(description="How often it was rechecked.")
    checked_at: str | None
    next_check_at: str | None
    posts_waiting: int = Field(description="How many posts of this workspace wait for it.")
    oldest_due_at: str | None = Field(description="When the first of them is due.")


def blocker_out(row: RowMapping) -> BlockerOut:
    """A row of :mod:`treadle.store.visible_blockers`."""
    return BlockerOut(**fields_of(row))


def fields_of(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "scope": row["scope"],
        "key": row["key"],
        "pattern": row["pattern"],
        "lane": row["lane"],
        "action": row["action"],
        "cause": diagnosis_out(row["cause"]),
        "opened_at": iso(row["opened_at"]),
        "repaired_at": iso(row["repaired_at"]),
        "repaired_by": row["repaired_by"],
        "checks": row["checks"],
        "checked_at": iso(row["checked_at"]),
        "next_check_at": iso(row["next_check_at"]),
        "posts_waiting": row["posts_waiting"],
        "oldest_due_at": iso(row["oldest_due_at"]),
    }
