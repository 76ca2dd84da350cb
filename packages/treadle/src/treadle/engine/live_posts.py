"""What is live on Threads: the container and the account's own lists, and what they say of a part.

A list is read page by page, until what could be there must have been seen. Threads answers newest first, a hundred at a
time, and usually one call is all. A list that comes in small pages, or oldest first, is read on, because a post that
stands on the second page is not absent.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from treadle.domain.matching import EARLY_KNOWN_S, EARLY_S, LIST_FIELDS, Wanted, find, in_time, nameless, parse_time
from treadle.domain.replacing import COUNTS_AS_EXPIRED_S, MISSES_APART_S, Container, Evidence, as_sent
from treadle.domain.run_state import AccountView, PartView
from treadle.engine.calling import Ask, Called, Failed, call
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, runs
from treadle.store.timeline import Note
from treadle_diagnosis.objects import CONTAINER_STATES
from treadle_threads import ThreadsClient
from treadle_threads.results import Result
from treadle_threads.values import Page

AT_ONCE = 100  # asked for; what comes may be less
NOTED_AT_ONCE = 25  # before a send: enough to tell what is new
MOST_PAGES = 40
GHOST_LIFE_S = 86_400.0  # until Threads archives a ghost post

Order = Literal["newest first", "oldest first", "unknown"]


@dataclass(slots=True)
class Listed:
    """``calls``: all that were made, in order. ``whole``: nothing that matters lies beyond what was read."""

    calls: list[Called[Page]] = field(default_factory=list)
    items: list[Mapping[str, Any]] = field(default_factory=list)
    whole: bool = False

    @property
    def failed(self) -> Failed | None:
        last = self.calls[-1]
        return last if isinstance(last, Failed) else None

    @property
    def notes(self) -> list[Note]:
        return [called.note for called in self.calls]


async def read_list(
    worker: WorkerContext,
    account: AccountView,
    part: PartView,
    what: str,
    *,
    stage: str = "verify",
    noted: Collection[str] | None = None,
    since: float | None = None,
) -> Listed:
    """The list in which ``part`` appears once it is published, back to what was ``noted`` before the send, or to a day
    before ``since`` (epoch seconds); all of it when neither is known."""
    floor = None if since is None else since - EARLY_KNOWN_S
    return await _pages(worker, account, part, what, stage, LIST_FIELDS, AT_ONCE, set(noted or ()), floor)


async def note_ids(worker: WorkerContext, account: AccountView, part: PartView, what: str) -> Listed:
    """The newest entries of that list, by one call unless it comes oldest first."""
    return await _pages(worker, account, part, what, "publish", "id,timestamp", NOTED_AT_ONCE, None, None)


async def _pages(
    worker: WorkerContext,
    account: AccountView,
    part: PartView,
    what: str,
    stage: str,
    fields: str,
    limit: int,
    noted: set[str] | None,
    floor: float | None,
) -> Listed:
    """``noted`` ``None``: the newest page is enough."""
    listed, after = Listed(), None
    seen: set[str] = set()
    while len(listed.calls) < MOST_PAGES:
        called = await call(worker, account, _page(part, what, stage, fields, limit, after), part)
        listed.calls.append(called)
        if isinstance(called, Failed):
            return listed
        page = called.value
        ids = {str(item.get("id") or "") for item in page.data}
        listed.items.extend(page.data)
        # The last page names a cursor as well, and an empty one follows; or the same page comes again and again.
        if page.after is None or ids <= seen:
            listed.whole = True
            return listed
        seen |= ids
        order = _order(page.data)
        if noted is None:
            enough = order != "oldest first"
        else:
            far = bool(ids & noted) or (floor is not None and _oldest(page.data) < floor)
            enough = far and order == "newest first"
        if enough:
            listed.whole = True
            return listed
        after = page.after
    return listed


def _page(part: PartView, what: str, stage: str, fields: str, limit: int, after: str | None) -> Ask[Page]:
    async def send(client: ThreadsClient) -> Result[Page]:
        if part.options.get("is_ghost_post"):
            return await client.list_ghost_posts(fields=fields, limit=limit, after=after)
        if part.is_reply:
            return await client.list_replies(fields=fields, limit=limit, after=after)
        return await client.list_threads(fields=fields, limit=limit, after=after)

    return Ask(what, stage, "read", send, diagnosed_at="read", proves=False)


def _order(items: Sequence[Mapping[str, Any]]) -> Order:
    times = [at for item in items if (at := parse_time(item.get("timestamp"))) is not None]
    if not times:
        return "newest first"  # as documented
    if len(times) > 1 and len(set(times)) == 1:
        return "unknown"
    return "newest first" if all(a >= b for a, b in itertools.pairwise(times)) else "oldest first"


def _oldest(items: Sequence[Mapping[str, Any]]) -> float:
    return min((at for item in items if (at := parse_time(item.get("timestamp"))) is not None), default=float("inf"))


# ---------------------------------------------------------------- what was seen of a part


async def evidence_of(
    worker: WorkerContext,
    part: PartView,
    parent: str | None,
    status: str | None,
    listed: Listed,
) -> tuple[Evidence, list[str]]:
    """What one look saw, and the ids of the entries that can be this part, oldest first.

    ``status``: the container's, ``None`` when it could not be read. ``parent``: the id on Threads that it replies to.
    """
    claimed, rivals = await worker.db.query(claims, part)
    now, progress = worker.now(), part.progress
    sought, before = wanted(part, parent), part.seen_before
    found = find(listed.items, sought, seen_before=before, claimed=claimed)
    telling = listed.whole and not nameless(listed.items, sought, seen_before=before, claimed=claimed)
    if part.options.get("is_ghost_post") and now - (part.intent_first_at or now) >= worker.scaled(GHOST_LIFE_S):
        telling = False  # it may be archived by now, and absent for that
    container: Container = status if status in CONTAINER_STATES else "unreadable"  # type: ignore[assignment]
    settle = worker.scaled(worker.settings.publish_settle)
    missed = telling and not found and part.intent_at is not None and now - part.intent_at >= settle
    finished, misses = progress.finished, progress.misses
    if missed:
        finished = finished + 1 if container in ("FINISHED", "IN_PROGRESS") else 0
    if found or missed:
        misses = misses + 1 if missed else 0
    since = progress.missed_at
    return Evidence(
        now=now,
        settle_s=settle,
        container=container,
        lists="match" if found else "no match" if telling else "unreadable",
        candidates=len(found),
        rivals=rivals,
        finished=0 if found else finished,
        misses=misses,
        misses_span_s=now - since if since is not None and misses > 1 else 0.0,
        noted=before is not None,
        in_time=in_time(listed.items, found, sought, settle + EARLY_S),
        apart_s=worker.scaled(MISSES_APART_S),
        life_s=worker.scaled(COUNTS_AS_EXPIRED_S),
    ), found


def wanted(part: PartView, parent: str | None) -> Wanted:
    """What was sent, which is not what the part says now when it was changed after a refusal."""
    sent, since = as_sent(part), part.intent_first_at or part.intent_at or 0.0
    return Wanted(sent.kind, sent.text, parent, since, part.intent_at)


def claims(conn: Connection, part: PartView) -> tuple[set[str], int]:
    """(ids of the user's posts that belong to other parts, how many other parts with this content are unsettled)."""
    unsettled = runs.sent_without_id(conn, part.threads_user_id, but=part.id)
    same = (part.kind, part.text)
    rivals = [row for row in unsettled if (row.kind, str((row.body or {}).get("text") or "")) == same]
    return runs.claimed_ids(conn, part.threads_user_id, but=part.id), len(rivals)
