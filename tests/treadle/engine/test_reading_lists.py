"""A list is read as far as it takes: small pages, oldest first, cursors that never end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.treadle.engine.views import account, part
from treadle.domain.breaker import Breaker
from treadle.domain.poll_budget import PollBudget
from treadle.engine.live_posts import AT_ONCE, MOST_PAGES, NOTED_AT_ONCE, Listed, note_ids, read_list
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
