"""What changes, as it changes: one look at the change feed serves every listener of the process.

A listener that was away names the last id it saw and gets what it missed (changes are kept 14 days). A right to listen
can end at any time: a key is revoked, a session ends, a person is disabled or removed. So it is checked again whenever
there is something to send and with every heartbeat, after reading what to send: what was read before the right ended
may still be sent, and nothing that came later.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic import Field

from treadle.domain.answers import Missing
from treadle.domain.states import STATE_WORDS
from treadle.domain.times import iso
from treadle.notify.payloads import CauseSent, PartSent, event_data
from treadle.notify.webhooks import EVENTS, event_name, outcome_of
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.services.post_output import DifferenceOut, NextOut
from treadle.store import Connection, DatabaseError, feed
from treadle.store.positions import CHANGES, Position

HEARTBEAT_S = 15.0
LOOK_S = 0.3
LIFE_S = 3_600.0  # then a stream ends, and the client begins again after the last id that it saw
GRACE_S = 60.0  # for a client that stopped reading; the others end in order before that
PAGE = 200
MOST = 500  # streams on this server
MOST_OF_A_WORKSPACE = 100
MOST_OF_A_HOLDER = 25  # a key, or a person in all their browsers


class DifferentPartOut(DifferenceOut):
    """One thing in which a published part is not as asked."""

    part: int = Field(description="Its position: 0 for the post itself, then its replies in order.")
    pattern: str | None = Field(None, description="Id of the pattern that explains it.")
    lane: str | None = Field(None, description="The lane of that pattern.")


class ChangeDataOut(ApiModel):
    """What changed. Which fields there are depends on the type of the change."""

    post_id: str | None = Field(None, description="Of `post.*`.")
    account_id: str | None = Field(None, description="Of `post.*`, `account.*` and `threads.*`.")
    state: str | None = Field(None, description="Of `post.*`: the state that it is in now.")
    pattern: str | None = Field(None, description="Of `post.*` and `blocker.*`: the cause; null: nothing is wrong.")
    next: NextOut | None = Field(None, description="Of `post.*`: what happens next.")
    differs: list[DifferentPartOut] | None = Field(None, description="Of `post.*`: where it is not as asked.")
    part: int | None = Field(None, description="Of `post.differs`: the position of the part.")
    threads_id: str | None = Field(None, description="Of `post.differs`: the id of the part on Threads.")
    metadata: dict[str, Any] | None = Field(None, description="Of `post.*`: the post's own, as sent.")
    parts: list[PartSent] | None = Field(None, description="Of `post.*`: the post itself, then its replies, as now.")
    cause: CauseSent | None = Field(None, description="Of `post.*`: why it is not live; null: nothing is wrong.")
    due_at: str | None = Field(None, description="Of `post.at_risk`: when it is due, ISO 8601 in UTC.")
    blocker_id: str | None = Field(None, description="Of `blocker.*`, `platform.*` and `post.at_risk`.")
    scope: str | None = Field(None, description="Of `blocker.*`: post, account, app, media_host or platform.")
    key: str | None = Field(None, description="Of `blocker.*`: which post, account, app or host.")
    action: str | None = Field(None, description="Of `blocker.opened`: what has to be done.")
    by: str | None = Field(None, description="Of `blocker.repaired`: who or what repaired it.")
    webhook_id: str | None = Field(None, description="Of `webhook.paused`.")
    why: str | None = Field(None, description="Of `webhook.paused`.")
    what_now: str | None = Field(None, description="Of `webhook.paused`: what to do.")
    field: str | None = Field(None, description="Of `threads.*`: the field of Meta's webhook.")
    value: Any = Field(None, description="Of `threads.*`: Meta's value, without secrets.")


class ChangeOut(ApiModel):
    """One event: the same here, in the stream and in webhooks."""

    id: int = Field(description="Its number; grows. What Last-Event-ID takes.")
    type: str = Field(description="Such as post.published.")
    subject: str = Field(description="The id of what changed.")
    at: str | None = Field(description="When it happened, ISO 8601 in UTC.")
    timestamp: str | None = Field(description="The same as 'at', by the name that Standard Webhooks gives it.")
    data: ChangeDataOut = Field(description="What changed.")


@dataclass(frozen=True, slots=True)
class Right:
    """Whose stream it is, and whether they still have the right to it (a cheap query)."""

    holder: str
    workspace_id: str
    holds: Callable[[Connection], bool]


@dataclass(frozen=True, slots=True)
class StreamedChange:
    """A change of a stream. ``mark``: the id after which the client may begin again and misses nothing; below the
    change's own while one with a smaller id may still come, so that some come again."""

    change: ChangeOut
    mark: int


@dataclass(slots=True)
class Places:
    """The open streams of one server, of both kinds, counted."""

    of_holder: Counter[str] = field(default_factory=Counter)
    of_workspace: Counter[str] = field(default_factory=Counter)

    @property
    def taken(self) -> int:
        return self.of_holder.total()

    def take(self, right: Right) -> str | None:
        """Take one; or why there is none."""
        if self.of_holder[right.holder] >= MOST_OF_A_HOLDER:
            return f"{MOST_OF_A_HOLDER} streams are open with this key or by this person. Close one."
        if self.of_workspace[right.workspace_id] >= MOST_OF_A_WORKSPACE:
            return f"{MOST_OF_A_WORKSPACE} streams of this workspace are open. Close one."
        if self.taken >= MOST:
            return "Too many streams are open on this server."
        self.of_holder[right.holder] += 1
        self.of_workspace[right.workspace_id] += 1
        return None

    def give_back(self, right: Right) -> None:
        for counter, name in ((self.of_holder, right.holder), (self.of_workspace, right.workspace_id)):
            counter[name] -= 1
            if counter[name] <= 0:
                del counter[name]


class Hub:
    """Wakes every listener when the feed has grown; looks at the feed only while somebody listens."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._grown = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0
        self.growths = 0  # looks that found something new since this process began
        self.closed = False
        self.places = Places()

    def join(self) -> None:
        self.listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._watch())

    def leave(self) -> None:
        self.listeners -= 1
        if self.listeners == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """End every stream: the server stops."""
        self.closed = True
        async with self._grown:
            self._grown.notify_all()

    async def grown(self, since: int, within_s: float) -> bool:
        """Whether there is more than at so many :attr:`growths`, as soon as there is or after ``within_s`` seconds."""
        async with self._grown:
            try:
                await asyncio.wait_for(self._grown.wait_for(lambda: self.closed or self.growths > since), within_s)
            except TimeoutError:
                return False
        return not self.closed

    async def _watch(self) -> None:
        position, begun = Position(CHANGES), False

        def look(conn: Connection) -> bool:
            return bool(position.read(conn, page=PAGE, now=self._app.now()))

        while True:
            with suppress(DatabaseError):  # the database is away for a moment; the listeners stay
                if await self._app.db.query(look) or not begun:  # what came before the first look may be news to them
                    begun = True
                    async with self._grown:
                        self.growths += 1
                        self._grown.notify_all()
            await asyncio.sleep(LOOK_S)


async def changes(
    app: App,
    hub: Hub,
    right: Right,
    after: int,
    *,
    wanted: Sequence[str] = (),
    follow: bool = True,
    whole: bool = False,
) -> AsyncGenerator[StreamedChange | None, None]:
    """Changes after this id as they come; ``None`` every :data:`HEARTBEAT_S` seconds without one.

    ``whole``: events of posts say how the post is now. Ends when the right does, after :data:`LIFE_S`, and when the
    server stops; without ``follow`` after what is there.
    """
    hub.join()
    ends = asyncio.get_running_loop().time() + LIFE_S
    reader, highest = feed.FeedReader(right.workspace_id, after), after
    try:
        while True:
            growths = hub.growths
            rows = await app.db.query(_batch, right, reader, app.now(), whole)
            if rows is None:
                return
            highest = max([highest, *(row["id"] for row in rows)])
            chosen = [row for row in rows if is_wanted(row, wanted)]
            for number, row in enumerate(chosen, 1):
                whole_batch = number == len(chosen)
                yield StreamedChange(change_out(row), min(reader.mark, highest if whole_batch else row["id"]))
            if len(rows) >= PAGE:
                continue
            if not follow:
                return
            grown = await hub.grown(growths, HEARTBEAT_S)
            if hub.closed or asyncio.get_running_loop().time() >= ends:
                return
            if not grown:
                yield None
    finally:
        hub.leave()


def _batch(
    conn: Connection, right: Right, reader: feed.FeedReader, now: float, whole: bool
) -> list[feed.ChangeRow] | None:
    """What comes next, or ``None`` when the right has ended; it is checked last, so that it covers what was read."""
    rows = reader.read(conn, limit=PAGE, now=now)
    if whole:
        rows = [with_post_now(conn, row) for row in rows]
    return rows if right.holds(conn) else None


def with_post_now(conn: Connection, row: feed.ChangeRow) -> feed.ChangeRow:
    """A change with how the post that it is about is now."""
    data = event_data(row["payload"] or {}, outcome_of(conn, row)).model_dump(exclude_unset=True)
    return {**row, "payload": data}


def event(conn: Connection, workspace_id: str, event_id: int) -> ChangeOut | Missing:
    """One event of the last 14 days, by its number."""
    row = feed.find(conn, workspace_id, event_id)
    return Missing("event") if row is None else change_out(with_post_now(conn, row))


def is_wanted(row: feed.ChangeRow, wanted: Sequence[str]) -> bool:
    """Whether a change is among ``wanted``, which are names or beginnings such as ``post.*``; empty wants all.

    Trouble of the platform is both ``platform.*`` and, as it was called before, ``blocker.*``."""
    names = {row["type"], event_name(row)}
    return not wanted or any(n == w or (w.endswith(".*") and n.startswith(w[:-1])) for w in wanted for n in names)


def unknown_type(wanted: Sequence[str]) -> str:
    """Why one of these names can never be that of a change; empty: all of them can.

    Meta may send fields that are not listed here, so that every ``threads.`` is taken.
    """
    known = [*EVENTS, *(f"post.{state}" for state in STATE_WORDS if f"post.{state}" not in EVENTS)]
    groups = sorted({f"{name.partition('.')[0]}.*" for name in known})
    for name in wanted:
        if name in known or name in groups or name.startswith("threads."):
            continue
        if name.endswith(".*") and any(one.startswith(name[:-1]) for one in known):
            continue
        near = get_close_matches(name.lower(), [*known, *groups], 1, 0.5)
        meant = f"Did you mean '{near[0]}'? " if near else ""
        return f"there is no event {name[:100]!r}. {meant}There are: {', '.join([*groups, *known])}."
    return ""


def change_out(row: feed.ChangeRow) -> ChangeOut:
    """A change as an event. One that version 0.1 stored may have a time in seconds."""
    payload = dict(row["payload"] or {})
    if isinstance(due := payload.get("due_at"), int | float):
        payload["due_at"] = iso(due)
    at = iso(row["at"])
    data = ChangeDataOut(**payload)
    return ChangeOut(id=row["id"], type=event_name(row), subject=row["subject"], at=at, timestamp=at, data=data)
