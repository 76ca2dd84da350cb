"""Rights end when they end: an open stream brings nothing that happened after its key, session or person was ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.responses import Response

from tests.security.sites import PASSWORD, asking, opened, person
from treadle.app import DEFAULT_WORKSPACE, App
from treadle.ids import new_id
from treadle.people import keys, login
from treadle.services import events, people
from treadle.sse import EventStream
from treadle.store import feed
from treadle.store.tables import api_keys, sessions, workspaces

MARA = "mara@example.org"
HOST = ("Host", "127.0.0.1:8700")
PATIENCE_S = 180.0  # nothing is judged by it


@dataclass
class Open:
    """A stream under way: what it brought so far, and whether it has ended."""

    status: int = 0
    text: str = ""
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None

    async def until(self, words: str) -> None:
        async with self.grown:
            await asyncio.wait_for(self.grown.wait_for(lambda: words in self.text), PATIENCE_S)

    async def ended(self) -> str:
        assert self.task is not None
        await asyncio.wait_for(self.task, PATIENCE_S)
        return self.text

    async def hang_up(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def start(site: FastAPI, path: str, header: tuple[str, str]) -> Open:
    """A stream, after its first line, or refused."""
    made = Open()
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (HOST, header)],
        "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8700),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        async with made.grown:
            if message["type"] == "http.response.start":
                made.status = message["status"]
            made.text += message.get("body", b"").decode()
            made.grown.notify_all()

    made.task = asyncio.create_task(site(scope, receive, send))
    async with made.grown:
        await asyncio.wait_for(made.grown.wait_for(lambda: made.text != ""), PATIENCE_S)
    return made


@pytest.fixture
def served(migrated_url: str, tmp_path: Path) -> Iterator[tuple[App, FastAPI]]:
    with opened(tmp_path / "data", database_url=migrated_url) as (app, site):
        person(app, MARA)
        person(app, "eve@example.org")
        yield app, site


def happen(app: App, subject: str, workspace: str = DEFAULT_WORKSPACE) -> None:
    with app.db.begin() as conn:
        feed.announce(conn, workspace, "post.published", subject, {}, now=app.now())


def key(app: App, scope: str = "read", workspace: str = DEFAULT_WORKSPACE) -> tuple[str, tuple[str, str]]:
    with app.db.begin() as conn:
        id_, secret = keys.create_key(conn, workspace, "k", [scope], app.now())
    return id_, ("Authorization", f"Bearer {secret}")


async def log_in(app: App, email: str = MARA) -> tuple[login.Session, tuple[str, str]]:
    made = await login.login(app.db, email, PASSWORD, address="a", now=app.now())
    assert isinstance(made, login.Session)
    return made, ("Cookie", f"treadle_session={made.token}")


async def revoke_by_api(app: App, site: FastAPI, id_: str) -> None:
    _, admin = key(app, "admin")
    assert (await asking(site, f"/v1/keys/{id_}", [HOST, admin], "DELETE")).status == 204


async def expire(app: App, site: FastAPI, id_: str) -> None:
    await app.db.run(lambda conn: conn.execute(sa.update(api_keys).values(expires_at=app.now() - 1)) and None)


async def remove_with_its_workspace(app: App, site: FastAPI, id_: str) -> None:
    await app.db.run(lambda conn: conn.execute(sa.delete(api_keys).where(api_keys.c.id == id_)) and None)


@pytest.mark.parametrize("end", [revoke_by_api, expire, remove_with_its_workspace])
async def test_a_stream_ends_with_its_key(
    served: tuple[App, FastAPI], end: Callable[[App, FastAPI, str], Awaitable[None]]
) -> None:
    app, site = served
    id_, header = key(app)
    _, other = key(app)
    mine, stays = await start(site, "/v1/events", header), await start(site, "/v1/events", other)
    happen(app, "pst_before")
    await mine.until("pst_before")
    await end(app, site, id_)
    happen(app, "pst_after")
    assert "pst_after" not in await mine.ended()
    if end is not expire:  # that one expired them all
        await stays.until("pst_after")
    await stays.hang_up()
    assert site.state.hub.places.taken == 0


async def log_out(app: App, site: FastAPI, made: login.Session) -> None:
    await app.db.run(login.logout, made.token, now=app.now())


async def change_the_password(app: App, site: FastAPI, made: login.Session) -> None:
    assert await login.set_password(app.db, MARA, "heddles hang above", actor="cli", now=app.now()) is True


async def disable(app: App, site: FastAPI, made: login.Session) -> None:
    assert await app.db.run(people.disable, DEFAULT_WORKSPACE, made.user_id, actor="cli", now=app.now()) is None


async def remove(app: App, site: FastAPI, made: login.Session) -> None:
    assert await app.db.run(people.remove, DEFAULT_WORKSPACE, made.user_id, actor="cli", now=app.now()) is None


async def outlive(app: App, site: FastAPI, made: login.Session) -> None:
    await app.db.run(lambda conn: conn.execute(sa.update(sessions).values(expires_at=app.now() - 1)) and None)


@pytest.mark.parametrize("end", [log_out, change_the_password, disable, remove, outlive])
async def test_a_live_page_ends_with_its_session(
    served: tuple[App, FastAPI], end: Callable[[App, FastAPI, login.Session], Awaitable[None]]
) -> None:
    app, site = served
    made, header = await log_in(app)
    mine = await start(site, "/live", header)
    happen(app, "pst_before")
    await mine.until("pst_before")
    await end(app, site, made)
    happen(app, "pst_after")
    assert "pst_after" not in await mine.ended()
    again = await asking(site, "/live", [HOST, header, ("Accept", "text/event-stream")])
    assert again.status == 401


async def test_the_browser_that_changed_the_password_stays(served: tuple[App, FastAPI]) -> None:
    app, site = served
    kept, header = await log_in(app)
    _, elsewhere = await log_in(app)
    mine, other = await start(site, "/live", header), await start(site, "/live", elsewhere)
    done = await login.set_password(
        app.db, MARA, "heddles hang above", actor="cli", now=app.now(), keep_session=kept.token
    )
    assert done is True
    happen(app, "pst_after")
    assert "pst_after" not in await other.ended()
    await mine.until("pst_after")
    await mine.hang_up()


async def test_a_quiet_stream_ends_with_the_next_heartbeat(
    served: tuple[App, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, site = served
    assert events.HEARTBEAT_S == 15.0
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.02)
    id_, header = key(app)
    made, cookie = await log_in(app)
    streams = [await start(site, "/v1/events", header), await start(site, "/live", cookie)]
    for one in streams:
        await one.until(": all quiet")
    await revoke_by_api(app, site, id_)
    await log_out(app, site, made)
    for one in streams:
        await one.ended()


async def test_no_stream_is_open_for_ever(served: tuple[App, FastAPI], monkeypatch: pytest.MonkeyPatch) -> None:
    app, site = served
    assert events.LIFE_S == 3_600.0
    monkeypatch.setattr(events, "LIFE_S", 0.0)
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.02)
    _, header = key(app)
    _, cookie = await log_in(app)
    for path, way in (("/v1/events", header), ("/live", cookie)):
        await (await start(site, path, way)).ended()


async def test_a_client_that_does_not_read_loses_its_place() -> None:
    places = events.Places()

    async def endless() -> Any:
        while True:
            yield "x"

    async def stuck(message: Any) -> None:
        await asyncio.Event().wait()

    right = events.Right("key_x", "wsp_x", lambda conn: True)
    scope = {"type": "http", "path": "/v1/events", "asgi": {"spec_version": "2.3"}}
    stream = EventStream(
        endless(),
        take=lambda: places.take(right),
        give_back=lambda: places.give_back(right),
        refuse=lambda full: Response(full, 429),
        most_s=0.1,
    )
    await stream(scope, _never, stuck)
    assert places.taken == 0


async def _never() -> Any:
    await asyncio.Event().wait()


async def test_one_key_takes_its_share_and_no_more(served: tuple[App, FastAPI]) -> None:
    app, site = served
    _, greedy = key(app)
    _, second = key(app)
    held = [await start(site, "/v1/events", greedy) for _ in range(events.MOST_OF_A_HOLDER)]
    refused = await asking(site, "/v1/events", [HOST, greedy])
    assert (refused.status, refused.json()["code"], refused.headers["retry-after"]) == (429, "busy", "30")
    held.append(await start(site, "/v1/events", second))
    assert held[-1].status == 200
    await held.pop(0).hang_up()
    held.append(await start(site, "/v1/events", greedy))
    assert held[-1].status == 200
    for one in held:
        await one.hang_up()
    assert (site.state.hub.places.taken, site.state.hub.listeners) == (0, 0)


async def test_one_workspace_leaves_room_for_others(
    served: tuple[App, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and people of a workspace count together; so do both kinds of streams on the whole server."""
    app, site = served
    other = new_id("workspace", app.now())
    with app.db.begin() as conn:
        conn.execute(sa.insert(workspaces).values(id=other, name="Other", created_at=app.now(), options={}))
    monkeypatch.setattr(events, "MOST_OF_A_WORKSPACE", 3)
    _, cookie = await log_in(app)
    held = [await start(site, "/v1/events", key(app)[1]) for _ in range(2)]
    held.append(await start(site, "/live", cookie))
    for path, way in (("/v1/events", key(app)[1]), ("/live", cookie)):
        assert (await asking(site, path, [HOST, way])).status == 429
    theirs = key(app, workspace=other)[1]
    held.append(await start(site, "/v1/events", theirs))
    assert held[-1].status == 200
    monkeypatch.setattr(events, "MOST", 4)
    assert (await asking(site, "/v1/events", [HOST, theirs])).status == 429
    for one in held:
        await one.hang_up()


def test_the_limits_leave_room() -> None:
    assert events.MOST_OF_A_HOLDER < events.MOST_OF_A_WORKSPACE < events.MOST
