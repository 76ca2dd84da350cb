"""What Threads counts of a published post: as stored, and read at once on somebody's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import Field

from treadle.accounts import unreadable
from treadle.domain.answers import Conflict, Missing
from treadle.domain.insights import FIRST_S, METRICS, SCOPE, Numbers, may_be_read
from treadle.domain.run_state import AccountView
from treadle.domain.times import iso
from treadle.engine.insights import read_part
from treadle.engine.worker_context import WorkerContext
from treadle.services.asking import ask, limited
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.services.post_output import DiagnosisOut, cause_out
from treadle.store import Connection, insights
from treadle.store.accounts import view_of
from treadle.store.insights import DueRead
from treadle.store.posts import post_row
from treadle_diagnosis.types import Diagnosis

AGAIN_S: Final = 60.0  # between two reads of a part that somebody asks for


class NumbersOut(ApiModel):
    """Since it was published. Null: Threads did not say."""

    views: int | None
    likes: int | None
    replies: int | None
    reposts: int | None
    quotes: int | None
    shares: int | None


class DayInsightsOut(NumbersOut):
    """As last read on a day."""

    day: str = Field(description="In UTC, such as '2026-11-30'.")
    read_at: str | None = Field(description="ISO 8601 in UTC, to the millisecond")


class PartInsightsOut(ApiModel):
    position: int = Field(description="0 for the post itself, then its replies in order.")
    threads_id: str | None = Field(description="Id of the live post on Threads.")
    days: list[DayInsightsOut] = Field(description="One for each day on which it was read, oldest first.")


class InsightsOut(ApiModel):
    """What Threads counts of a post. Views are estimates of Threads' own."""

    post_id: str
    total: NumbersOut | None = Field(description="The newest figures, of all parts together; null: never read yet.")
    read_at: str | None = Field(description="When they were last read: ISO 8601 in UTC, to the millisecond.")
    parts: list[PartInsightsOut] = Field(description="Parts with figures.")
    why: str | None = Field(description="Why figures are missing or old, in one sentence; null: nothing is wrong.")
    cause: DiagnosisOut | None = Field(description="Threads' refusal, if the owner of the account must act.")


def read(conn: Connection, workspace_id: str, post_id: str) -> InsightsOut | Missing:
    """The stored figures of a post."""
    post = post_row(conn, workspace_id, post_id)
    if post is None:
        return Missing()
    parts = parts_of(conn, workspace_id, post_id)
    newest = insights.newest_of(conn, workspace_id, [post_id]).get(post_id)
    account = view_of(conn, post["account_id"])
    rest = insights.rest_of(conn, account.id)
    cause = cause_out(rest.cause) if rest else None
    return InsightsOut(
        post_id=post_id,
        total=_numbers(newest) if newest else None,
        read_at=max((day.read_at or "" for part in parts for day in part.days), default="") or None,
        parts=parts,
        why=_why(conn, workspace_id, post_id, account, cause),
        cause=cause,
    )


def parts_of(conn: Connection, workspace_id: str, post_id: str) -> list[PartInsightsOut]:
    """The figures of a post's parts, day by day."""
    found: dict[int, PartInsightsOut] = {}
    for row in insights.days_of(conn, workspace_id, post_id):
        part = found.setdefault(
            row.position, PartInsightsOut(position=row.position, threads_id=row.threads_id, days=[])
        )
        numbers = {name: getattr(row.numbers, name) for name in METRICS}
        part.days.append(DayInsightsOut(day=row.day, read_at=iso(row.at), **numbers))
    return [*found.values()]


def _numbers(numbers: Numbers) -> NumbersOut:
    return NumbersOut(**{name: getattr(numbers, name) for name in METRICS})


def _why(
    conn: Connection, workspace_id: str, post_id: str, account: AccountView, cause: DiagnosisOut | None
) -> str | None:
    if not may_be_read(account.scopes):
        return (
            f"@{account.username} has not granted the permission to read insights ({SCOPE}). Add it to "
            "your Meta app, then reconnect the account with it."
        )
    if cause is not None:
        return f"Threads refused to read insights of @{account.username}: {cause.title}. {cause.next_step}"
    live = insights.of_post(conn, workspace_id, post_id)
    if not live:
        return "No part of this post is on Threads."
    if all(part.read_at is None for part in live):
        return f"Threads has not been asked yet. The first read is {FIRST_S / 60:.0f} minutes after publishing."
    return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    account: AccountView
    parts: list[DueRead]


async def refresh(app: App, workspace_id: str, post_id: str) -> Missing | Conflict | Diagnosis | None:
    """Read the figures of a post's live parts now, those apart that were read within a minute. ``None``: done."""
    found = await app.db.run(_wanted, workspace_id, post_id, app.now())
    if not isinstance(found, _Wanted):
        return found
    return await ask(app, lambda worker: _read(worker, found, app.now()))


def _wanted(conn: Connection, workspace_id: str, post_id: str, now: float) -> _Wanted | Missing | Conflict:
    post = post_row(conn, workspace_id, post_id)
    if post is None:
        return Missing()
    live = insights.of_post(conn, workspace_id, post_id)
    if not live:
        return Conflict("not_published", "No part of this post is on Threads.")
    account = view_of(conn, post["account_id"])
    if not may_be_read(account.scopes):
        message = (
            f"@{account.username} has not granted the permission to read insights ({SCOPE}). Reconnect it with that."
        )
        return Conflict("permission_missing", message)
    if held := limited(account, now):
        return held
    for part in live:
        insights.plan_if_none(conn, part, account.id, part.published_at + FIRST_S)
    return _Wanted(account, live)


async def _read(worker: WorkerContext, wanted: _Wanted, now: float) -> Diagnosis | None:
    if not worker.opens(wanted.account):
        return unreadable.cause()
    for part in wanted.parts:
        if part.read_at is not None and now - part.read_at < AGAIN_S:
            continue
        reading = await read_part(worker, wanted.account, part)
        if reading.cause is not None:
            return reading.cause
    return None
