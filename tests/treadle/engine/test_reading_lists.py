"""A list is read as far as it takes: small pages, oldest first, cursors that never end."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from tests.treadle.engine.views import account, part
from treadle.domain.breaker import Breaker
from treadle.domain.poll_budget import PollBudget
from treadle.domain.progress import Content, PartProgress
from treadle.domain.replacing import Evidence
from treadle.domain.run_state import PartView
from treadle.engine.live_posts import (
    AT_ONCE,
    MOST_PAGES,
    NOTED_AT_ONCE,
    Listed,
    evidence_of,
    note_ids,
    read_list,
)
from treadle_threads import values
from treadle_threads.results import Answer, Call, Ok, Refused

NOW = 1_800_000_000.0


class Pages:
    """Answers ``list_threads`` like a server with ``entries`` in its order, at most ``size`` at a time."""

    def __init__(self, entries: list[tuple[str, float]], size: int, *, forever: bool = False, breaks: int = 0) -> None:
        self.entries, self.size, self.forever, self.breaks = entries, size, forever, breaks
        self.asked: list[tuple[int, str | None]] = []

    async def list_threads(self, fields: str, limit: int, after: str | None) -> Any:
        self.asked.append((limit, after))
        call = Call("GET", "/me/threads")
        if self.breaks and len(self.asked) >= self.breaks:
            return Refused(Answer(503, {}, None), call)
        start = int(after or 0)
        rows = self.entries[start : start + min(limit, self.size)]
        stamps = [(media_id, datetime.fromtimestamp(at, UTC).isoformat()) for media_id, at in rows]
        body: dict[str, Any] = {"data": [{"id": media_id, "timestamp": stamp} for media_id, stamp in stamps]}
        if rows and (self.forever or start + len(rows) < len(self.entries)):
            body["paging"] = {"next": f"https://graph.example/me/threads?after={start + len(rows)}&limit={limit}"}
        page = values.page(body)
        assert page is not None
        return Ok(page, Answer(200, {}, body), call)


class Asking:
    """A worker as far as a call needs one."""

    def __init__(self, server: Pages) -> None:
        self.server = server
        self.poll_budget, self.breaker = PollBudget(), Breaker()

    def now(self) -> float:
        return NOW

    def client(self, account: Any) -> Pages:
        return self.server


async def read(server: Pages, **how: Any) -> Listed:
    return await read_list(Asking(server), account(), part(), "Look", **how)  # type: ignore[arg-type]


def newest_first(count: int) -> list[tuple[str, float]]:
    return [(str(n), NOW - 60.0 * n) for n in range(count)]


@pytest.mark.parametrize(("size", "calls"), [(100, 1), (10, 5)])
async def test_it_is_read_back_to_what_was_noted(size: int, calls: int) -> None:
    server = Pages(newest_first(300), size)
    listed = await read(server, noted=["45", "46"], since=NOW)
    assert listed.whole
    assert len(server.asked) == calls
    assert {str(item["id"]) for item in listed.items} >= {str(n) for n in range(46)}
    assert server.asked[0] == (AT_ONCE, None)


async def test_without_a_note_it_is_read_a_day_back() -> None:
    server = Pages([(str(n), NOW - 3600.0 * n) for n in range(200)], 10)
    listed = await read(server, since=NOW)
    assert listed.whole
    assert 24 <= len(listed.items) <= 40


async def test_oldest_first_is_read_to_its_end() -> None:
    server = Pages(newest_first(45)[::-1], 10)
    listed = await read(server, noted=["44"], since=NOW)
    assert listed.whole
    assert listed.items[-1]["id"] == "0"


async def test_a_list_that_breaks_off_or_never_ends_proves_nothing() -> None:
    broken = await read(Pages(newest_first(45), 10, breaks=2), since=NOW)
    assert not broken.whole
    assert broken.failed is not None
    assert len(broken.items) == 10
    endless = Pages([(str(n), NOW + n) for n in range(MOST_PAGES * 10 + 1)], 10)
    listed = await read(endless, since=NOW)
    assert not listed.whole
    assert len(endless.asked) == MOST_PAGES


async def test_a_cursor_after_the_last_entry_costs_one_call_more() -> None:
    server = Pages(newest_first(3), 100, forever=True)
    listed = await read(server, noted=[], since=NOW)
    assert listed.whole
    assert len(server.asked) == 2


# ------------------------------------------------------------------------------------ what follows from what was read

SENT_AT = NOW - 700.0  # longer ago than the settle time
SENT = part(body={"text": "One"}, intent="sent", intent_at=SENT_AT, intent_first_at=SENT_AT, sends=1, seen_before=["0"])


async def seen(
    listed: Listed, status: str | None = "FINISHED", of: PartView = SENT, rivals: int = 0
) -> tuple[Evidence, list[str]]:
    worker = SimpleNamespace(
        now=lambda: NOW,
        scaled=lambda seconds: seconds,
        settings=SimpleNamespace(publish_settle=600.0),
        db=SimpleNamespace(query=AsyncMock(return_value=({"7"}, rivals))),
    )
    return await evidence_of(worker, of, None, status, listed)  # type: ignore[arg-type]


def entry(media_id: str, at: float, **more: Any) -> dict[str, Any]:
    stamp = datetime.fromtimestamp(at, UTC).isoformat()
    return {"id": media_id, "media_type": "TEXT_POST", "text": "Other", "timestamp": stamp, **more}


def listing(*items: dict[str, Any], whole: bool = True) -> Listed:
    return Listed(items=list(items), whole=whole)


async def test_only_a_list_that_was_read_to_its_end_shows_that_a_post_is_absent() -> None:
    for whole, lists, counted in ((True, "no match", 1), (False, "unreadable", 0)):
        found, ids = await seen(listing(entry("1", NOW), whole=whole))
        assert (found.lists, found.finished, found.misses, ids) == (lists, counted, counted, [])
    nameless = {"id": "1", "timestamp": entry("1", NOW)["timestamp"]}
    found, _ = await seen(listing(nameless))
    assert (found.lists, found.finished, found.misses) == ("unreadable", 0, 0)
    half, ids = await seen(listing(entry("1", SENT_AT + 1, text="One"), whole=False))
    assert (half.lists, half.candidates, ids) == ("match", 1, ["1"])


async def test_an_absence_counts_only_after_the_settle_time() -> None:
    for age, counted in ((599.0, 0), (600.0, 1)):
        found, _ = await seen(listing(), of=SENT.but(intent_at=NOW - age))
        assert (found.lists, found.finished, found.misses) == ("no match", counted, counted)
    found, _ = await seen(listing(), of=SENT.but(intent_at=None))
    assert (found.finished, found.misses) == (0, 0)


@pytest.mark.parametrize(
    ("status", "container", "finished"),
    [
        ("FINISHED", "FINISHED", 3),
        ("IN_PROGRESS", "IN_PROGRESS", 3),
        ("ERROR", "ERROR", 0),
        (None, "unreadable", 0),
        ("NEW_WORD", "unreadable", 0),
    ],
)
async def test_readings_are_counted_in_a_row(status: str | None, container: str, finished: int) -> None:
    before = PartProgress(finished=2, misses=2, missed_at=NOW - 45.0)
    absent, _ = await seen(listing(), status, SENT.but(progress=before))
    assert (absent.container, absent.finished, absent.misses) == (container, finished, 3)
    assert absent.misses_span_s == 45.0
    there, ids = await seen(listing(entry("1", SENT_AT + 1, text="One")), status, SENT.but(progress=before))
    assert (there.lists, there.finished, there.misses, there.misses_span_s, ids) == ("match", 0, 0, 0.0, ["1"])
    unread, _ = await seen(listing(whole=False), status, SENT.but(progress=before))
    assert (unread.finished, unread.misses) == (2, 2)


async def test_what_may_be_somebody_elses_is_said_of_a_match() -> None:
    ours = listing(entry("1", SENT_AT + 900.0, text="One"), entry("7", SENT_AT + 5.0, text="One"))
    found, ids = await seen(ours, rivals=2)
    assert (ids, found.candidates, found.rivals, found.noted, found.in_time) == (["1"], 1, 2, True, True)
    young, _ = await seen(listing(entry("1", SENT_AT + 901.0, text="One")))
    assert not young.in_time
    unnoted, _ = await seen(ours, of=SENT.but(seen_before=None))
    assert not unnoted.noted
    changed = SENT.but(body={"text": "Two"}, progress=PartProgress(was=Content("TEXT", {"text": "One"}, False)))
    assert (await seen(ours, of=changed))[1] == ["1"]  # what was sent, not what it says now


@pytest.mark.parametrize("entries", [newest_first(80), [(str(n), NOW) for n in range(80)], newest_first(1)])
async def test_noting_takes_one_call(entries: list[tuple[str, float]]) -> None:
    server = Pages(entries, 100, forever=True)
    listed = await note_ids(Asking(server), None, part(), "Look")  # type: ignore[arg-type]
    assert listed.whole
    assert server.asked == [(NOTED_AT_ONCE, None)]


async def test_noting_goes_on_where_the_newest_come_last() -> None:
    server = Pages(newest_first(45)[::-1], 10)
    listed = await note_ids(Asking(server), None, part(), "Look")  # type: ignore[arg-type]
    assert "0" in {str(item["id"]) for item in listed.items}
