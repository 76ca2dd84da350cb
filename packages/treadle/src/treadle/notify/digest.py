"""The daily digest: what was published, what needs attention and what is due today, once a day, to a workspace's own
recipients of alerts. Off until somebody sets a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from treadle.domain import clocks
from treadle.domain.refusal import Refusal
from treadle.domain.zones import time_of_day, zone_named, zone_way_out
from treadle.notify.alert_kinds import SEND_S
from treadle.notify.alerts import URLS_OPTION, Addressed, Message, Send, deliver, opened, understood
from treadle.plural import plural
from treadle.settings import Settings
from treadle.store import Connection, Database, jobs, pages_posts, posts_read, visible_blockers, workspaces
from treadle.store.isolation import each_apart
from treadle.store.posts_read import Filters, StoredPost
from treadle.vault import Vault
from treadle_threads.media.guard import Trust

log = structlog.get_logger("treadle.digest")

OPTION: Final = "daily_digest"
NOTE: Final = "daily_digest"  # what was sent last, by workspace
LATE_S: Final = 3 * 3600.0  # one that could not be sent for longer is left out: the next day's comes
TRIES: Final = 3
DAY_S: Final = 86_400.0
SHOWN: Final = 10  # posts and causes named of each kind
EXCERPT: Final = 80
JOB: Final = "send_digests"
AT_ONCE: Final = 32
_EXAMPLE: Final = '{"at": "08:00", "zone": "Europe/Berlin"}'
_TO_COME: Final = ("scheduled", "retrying", "publishing", "waiting")


@dataclass(frozen=True, slots=True)
class DigestTime:
    at: time
    zone: ZoneInfo


def problem(value: Any) -> Refusal | None:
    """Why this is no time for a digest; ``None`` and ``{}``: there is none."""
    if value is None or value == {}:
        return None
    title = "This digest time can't be read"
    if not isinstance(value, Mapping) or set(value) - {"at", "zone"}:
        return Refusal(title, f"Write it as {_EXAMPLE}.", field=OPTION)
    if time_of_day(value.get("at", "")) is None:
        why = f"Write 'at' as a time of day with hours and minutes, without an offset: {_EXAMPLE}."
        return Refusal(title, why, field=f"{OPTION}.at")
    zone = value.get("zone")
    if zone not in (None, "") and zone_named(zone) is None:
        why = f"There is no time zone {str(zone)[:60]!r}. {zone_way_out(str(zone))}"
        return Refusal(title, why, field=f"{OPTION}.zone")
    return None


def time_of(options: Mapping[str, Any]) -> DigestTime | None:
    """When a workspace's digest is sent; ``None``: it is off, or cannot be read."""
    value = options.get(OPTION)
    if not value or problem(value) is not None:
        return None
    at = time_of_day(value["at"])
    return DigestTime(at, zone_named(value.get("zone") or "UTC") or ZoneInfo("UTC")) if at else None


def day_due(when: DigestTime, now: float) -> str | None:
    """The day (in the digest's zone) whose digest is to be sent by now: from its time on, for :data:`LATE_S`."""
    today = datetime.fromtimestamp(now, when.zone).date()
    for day in (today, today - timedelta(days=1)):
        due = datetime.combine(day, when.at, when.zone).timestamp()
        if due <= now < due + LATE_S:
            return day.isoformat()
    return None


def compose(conn: Connection, workspace_id: str, zone: ZoneInfo, *, now: float, public_url: str) -> Message:
    """The digest as it is at this moment."""
    space, local = workspaces.find(conn, workspace_id), datetime.fromtimestamp(now, zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), zone).timestamp()
    count = pages_posts.home_counts(conn, workspace_id, now=now, failed_since=now - DAY_S)
    groups = visible_blockers.open_groups(conn, workspace_id)
    causes = visible_blockers.causes_of(conn, [group["newest"] for group in groups[:SHOWN]])
    today = Filters(states=_TO_COME, due_from=now, due_to=midnight, sort="due_at")
    due = posts_read.count_posts(conn, workspace_id, today)
    needs = [
        f"{causes[group['newest']]['title']}: {plural(group['posts'], 'post')}"
        for group in groups[:SHOWN]
        if group["newest"] in causes
    ]
    if len(groups) > SHOWN:
        needs.append(f"{plural(len(groups) - SHOWN, 'more cause')}")
    for n, one, many in (
        (count.failed_lately, "post failed since yesterday", "posts failed since yesterday"),
        (count.held, "post is held", "posts are held"),
        (count.approvals, "draft waits for approval", "drafts wait for approval"),
    ):
        if n:
            needs.append(plural(n, one, many))
    published = _posts(conn, workspace_id, Filters(states=("published",), sort="-published_at"))
    lately = [post for post in published if (post.row["published_at"] or 0) > now - DAY_S]
    lines = [
        f"{space.name if space else 'Treadle'}, {local:%A}, {local:%B} {local.day} ({zone.key})",
        "",
        *_section("Published since yesterday", count.published_today, [_line(p, zone, "published_at") for p in lately]),
        *_section("Needs attention", len(needs), needs, most=len(needs)),
        *_section("Due today", due, [_line(post, zone, "due_at") for post in _posts(conn, workspace_id, today)]),
        public_url,
    ]
    head = f"{count.published_today} published, {len(needs)} to look at, {due} due today"
    return Message(workspace_id, f"Treadle: {head}", "\n".join(lines))


def _posts(conn: Connection, workspace_id: str, filters: Filters) -> Sequence[StoredPost]:
    return posts_read.page_of_posts(conn, workspace_id, filters, limit=SHOWN)[0]


def _line(post: StoredPost, zone: ZoneInfo, column: str) -> str:
    at = datetime.fromtimestamp(post.row[column] or 0.0, UTC).astimezone(zone)
    text = " ".join(str((post.parts[0]["body"] or {}).get("text") or "").split()) if post.parts else ""
    short = text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
    return f"{clocks.time_of_day(at)} @{post.row['username']}: {short or 'no text'}"


def _section(title: str, n: int, lines: Sequence[str], *, most: int = SHOWN) -> list[str]:
    shown = [f"- {line}" for line in lines[:most]]
    if n > len(shown):
        shown.append(f"- and {n - len(shown)} more")
    return [f"{title}: {n or 'nothing'}", *shown, ""]


async def send_due(
    db: Database, vault: Vault, settings: Settings, *, now: float, send: Send | None = None
) -> list[Message]:
    """Send the digests that are due; a shared job. Each recipient gets one a day; one that does not take it is tried
    three times. The messages that were sent."""
    sent: list[Message] = []
    options = await db.query(workspaces.options_of_all)
    known = (await db.query(jobs.note, NOTE)) or {}
    due = {}
    for workspace_id, mine in options.items():
        when = time_of(mine) if isinstance(mine, Mapping) else None
        day = day_due(when, now) if when else None
        if when and day and not _is_done(known.get(workspace_id), day):
            due[workspace_id] = (when, day)

    async def one(workspace_id: str) -> None:
        when, day = due[workspace_id]
        targets, _ = understood(opened(vault, options[workspace_id].get(URLS_OPTION)), Trust.STRANGER)
        took = _took(known.get(workspace_id), day)
        message = await db.query(
            lambda conn: compose(conn, workspace_id, when.zone, now=now, public_url=settings.public_url)
        )
        left = [target for target in targets if target.id not in took]
        answers = await asyncio.gather(*(_sent(target, message, send or deliver) for target in left))
        took |= {target.id for target, good in zip(left, answers, strict=True) if good}
        await db.run(_note, workspace_id, day, took, len(took) == len(targets), now)
        sent.extend(message for good in answers if good)

    async def give_up(workspace_id: str) -> None:
        await db.run(_note, workspace_id, due[workspace_id][1], set(), True, now)

    await each_apart(JOB, sorted(due), one, give_up, at_once=AT_ONCE)
    return sent


async def _sent(target: Addressed, message: Message, send: Send) -> bool:
    try:
        async with asyncio.timeout(SEND_S + 1.0):
            return await send(target.target, message.title, message.body)
    except Exception as error:  # whatever it is: this recipient did not take it, and the others do not care
        log.warning("digest.not_sent", workspace=message.workspace_id, error=type(error).__name__)
        return False


def _is_done(noted: Any, day: str) -> bool:
    return isinstance(noted, Mapping) and noted.get("day") == day and bool(noted.get("done"))


def _took(noted: Any, day: str) -> set[str]:
    return set(noted.get("took") or ()) if isinstance(noted, Mapping) and noted.get("day") == day else set()


def _note(conn: Connection, workspace_id: str, day: str, took: set[str], done: bool, now: float) -> None:
    known = jobs.note(conn, NOTE)
    mine = (known or {}).get(workspace_id)
    before = mine.get("tries") if isinstance(mine, Mapping) and mine.get("day") == day else 0
    tries = 1 + (before if isinstance(before, int) else 0)
    kept = {"day": day, "took": sorted(took), "tries": tries, "done": done or tries >= TRIES}
    if known is None:
        jobs.insert_note(conn, NOTE, {workspace_id: kept}, now=now)
    else:
        jobs.set_note(conn, NOTE, {**known, workspace_id: kept}, ran_at=now)
