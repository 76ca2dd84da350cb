"""Webhooks while they are being written: events go on to a program on this machine, signed as deliveries are.

Nothing is stored, retried or counted. The events are those of this installation's database, or of another server's
stream, which is read with an API key.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from yarl import URL

from treadle.ids import new_id
from treadle.notify.delivering import TIMEOUT_S, headers_for, no_answer
from treadle.notify.webhooks import EVENTS, new_secret
from treadle.services.context import App
from treadle.services.events import PAGE, change_out, is_wanted, unknown_type, with_post_now
from treadle.store import Connection, feed
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session

LOOK_S: Final = 0.5
AGAIN_S: Final = 2.0  # before a stream that broke off is opened again
QUIET_S: Final = 60.0  # a server says something every 15 s


class CannotListen(Exception):
    """Why nothing can be forwarded, in plain words."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What became of one event. ``status``: what the program answered; ``None``: nobody did, and ``error`` says why."""

    event: Mapping[str, Any]
    delivery_id: str
    status: int | None
    took_s: float
    error: str

    def to_json(self) -> dict[str, Any]:
        about = {name: self.event[name] for name in ("id", "type", "subject")}
        sent = {"delivery_id": self.delivery_id, "status": self.status, "took_s": self.took_s, "error": self.error}
        return {**about, **sent}


def target(url: str) -> str:
    """The address events go on to; raises :class:`CannotListen` unless it is one of this machine."""
    given = url if "://" in url else f"http://{url}"
    try:
        read = URL(given)
        port = read.port
    except ValueError:
        raise CannotListen(f"{url[:200]!r} is no address.") from None
    if read.scheme not in ("http", "https") or not read.host or port is None:
        raise CannotListen("The address must be an http or https address, such as http://localhost:3000/hooks.")
    host = read.host.removesuffix(".").lower()
    if host != "localhost" and not host.endswith(".localhost"):
        try:
            here = ipaddress.ip_address(host).is_loopback
        except ValueError:
            here = False
        if not here:
            raise CannotListen(
                "Events are forwarded to this machine only: use localhost. 'treadle webhooks add' is for others."
            )
    return str(read)


def secret_of(given: str | None) -> str:
    """The secret to sign with: as it is given, else a new one; raises :class:`CannotListen` for what is none."""
    if given is None:
        return new_secret()
    try:
        key = base64.b64decode(given.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise CannotListen("The secret is not base64: it looks like whsec_ and 32 letters.") from None
    if not key:
        raise CannotListen("The secret is empty: it looks like whsec_ and 32 letters.")
    return given


def wanted_events(types: Sequence[str]) -> tuple[str, ...]:
    """The types to forward; raises :class:`CannotListen` for one that nothing has."""
    if wrong := unknown_type(types):
        raise CannotListen(wrong[:1].upper() + wrong[1:])
    return tuple(types)


async def forward(
    events: AsyncIterator[Mapping[str, Any]], url: str, secret: str, now: Any = time.time
) -> AsyncIterator[Forwarded]:
    """Send each event on, one after the other."""
    async with guarded_session(Trust.INSIDE, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        async for event in events:
            if event["type"] in EVENTS:
                yield await _send(session, url, secret, event, now())


async def _send(
    session: aiohttp.ClientSession, url: str, secret: str, event: Mapping[str, Any], now: float
) -> Forwarded:
    body = json.dumps(_as_delivered(event), ensure_ascii=False, separators=(",", ":"))
    delivery_id, began = new_id("delivery", now), time.perf_counter()
    headers = headers_for(delivery_id, body, [secret], now)
    status, error = None, ""
    try:
        async with session.post(url, data=body.encode(), headers=headers, allow_redirects=False) as answer:
            await answer.content.read(4096)
            status = answer.status
    except TimeoutError:
        error = f"No answer within {TIMEOUT_S:g} seconds."
    except (aiohttp.ClientError, OSError) as failure:
        error = no_answer(failure)
    return Forwarded(event, delivery_id, status, round(time.perf_counter() - began, 3), error)


def _as_delivered(event: Mapping[str, Any]) -> dict[str, Any]:
    """In the order of a delivery."""
    return {name: event[name] for name in ("type", "timestamp", "data", "id", "subject", "at") if name in event}


async def local_events(
    app: App, workspace_id: str, wanted: Sequence[str], *, after: int | None
) -> AsyncIterator[Mapping[str, Any]]:
    """Events of this installation, from now on, or after an id."""
    reader = feed.FeedReader(workspace_id, after)

    def look(conn: Connection) -> list[feed.ChangeRow]:
        return [with_post_now(conn, row) for row in reader.read(conn, limit=PAGE, now=app.now())]

    while True:
        fresh = await app.db.query(look)
        for row in fresh:
            if is_wanted(row, wanted):
                yield change_out(row).to_json()
        if not fresh:
            await asyncio.sleep(LOOK_S)


def server_at(given: str) -> str:
    """The address of a Treadle server, without a '/' at its end; raises :class:`CannotListen` for what is none."""
    try:
        read = URL(given if "://" in given else f"https://{given}")
        whole = read.scheme in ("http", "https") and bool(read.host) and read.port is not None
    except ValueError:
        whole = False
    if not whole:
        raise CannotListen(f"{given[:200]!r} is no address of a server, such as https://treadle.example.")
    return str(read).rstrip("/")


def key_of(given: str) -> str:
    """An API key that can be sent; raises :class:`CannotListen` for what is none."""
    if not (given.isascii() and given.isprintable() and " " not in given):
        raise CannotListen("The API key holds characters that no key has: give only what 'treadle keys create' prints.")
    return given


async def events_of_server(
    server: str,
    key: str,
    wanted: Sequence[str],
    *,
    after: int | None,
    note: Callable[[str], None] = lambda text: None,
) -> AsyncIterator[Mapping[str, Any]]:
    """Events of another server, by its stream, which is opened again when it breaks off; ``note`` is told so.

    Raises :class:`CannotListen` when there is no such server, it does not take the key, or sends no events.
    """
    last, reached, noted = after, False, False
    came: set[int] = set()  # of the events after ``last``: some come again when the stream is opened again
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=QUIET_S)
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    async with guarded_session(Trust.OPERATOR, timeout=timeout) as session:
        while True:
            query = [("types", one) for one in wanted] + ([("after", str(last))] if last is not None else [])
            try:
                async with session.get(
                    f"{server}/v1/events", params=query, headers=headers, allow_redirects=False
                ) as answer:
                    if answer.status != 200 or answer.content_type != "text/event-stream":
                        await _refused(answer)
                    reached, noted = True, False
                    mark: int | None = None  # a stream begins with the id that it comes after
                    async for line in answer.content:
                        if (event := _event(line)) is not None:
                            new, last = event["id"] not in came, event["id"] if mark is None else mark
                            came, mark = {id_ for id_ in (*came, event["id"]) if id_ > last}, None
                            if new:
                                yield event
                        elif line.startswith(b"id:"):
                            mark = _mark(line)
                        elif last is None and not line.strip():
                            last = mark
            except (aiohttp.ClientError, OSError, TimeoutError) as failure:
                if not reached:
                    raise CannotListen(f"{server}: {no_answer(failure)}") from None
                if not noted:
                    note(f"{server}: {no_answer(failure)} Trying again until it is back.")
                noted = True
            await asyncio.sleep(AGAIN_S)


async def _refused(answer: aiohttp.ClientResponse) -> None:
    """Say why a server gives no stream; come back for what passes."""
    if answer.status in (429, 503):
        raise aiohttp.ClientPayloadError("it is busy")
    try:
        problem = json.loads(await answer.content.read(65_536))
    except ValueError:
        problem = {}
    texts = [problem.get(name) for name in ("title", "detail")] if isinstance(problem, dict) else []
    words = [word for word in texts if isinstance(word, str) and word] or ["Is this the address of a Treadle server?"]
    raise CannotListen(f"The server answered HTTP {answer.status}. {' '.join(words)}")


def _event(line: bytes) -> dict[str, Any] | None:
    """The event in a line of server-sent events, which is one line's as this server writes them."""
    if not line.startswith(b"data:"):
        return None
    try:
        read = json.loads(line[5:])
    except ValueError:
        return None
    whole = isinstance(read, dict) and isinstance(read.get("id"), int) and {"type", "subject"} <= read.keys()
    return read if whole else None


def _mark(line: bytes) -> int | None:
    found = line[3:].strip()
    return int(found) if found.isdigit() else None
