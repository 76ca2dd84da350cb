"""Connections that end: time limits for heads, bodies and reading, a ceiling, and few words when it is reached.

uvicorn waits for ever for the rest of a request. Here a head has a fixed time, however slowly its bytes come in; a body
has a time that grows with what was received, so that an upload that makes progress is never cut; and somebody who does
not read an answer is let go. Time in which Treadle itself does not read does not count.
"""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

log = structlog.get_logger("treadle.http")

SLOWEST_BODY = 500.0  # bytes a second; each such portion gives a body one more second
OPEN_FILES = 65_536  # asked of the system, when it allows that many
LOGGED_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """``head_s``: for a request's head. ``body_s``: without enough of a body. ``read_s``: without reading an answer.

    ``most``: connections at a time.
    """

    head_s: float
    body_s: float
    read_s: float
    most: int


def ceiling(asked: int) -> int:
    """How many connections to keep: ``asked``, or a third of what may be open when that is less.

    The rest is for the database, media and Threads, and for those that are accepted before others are closed. The
    process' limit is raised as far as the system allows.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return asked if soft == resource.RLIM_INFINITY else max(1, min(asked, soft // 3))


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with limits. Use the class that :func:`limited` makes."""

    limits: ClassVar[ConnectionLimits]
    waiting: ClassVar[dict[LimitedProtocol, None]]
    """Connections without a whole head, the oldest first: the first to go when there are too many."""

    _phase: Literal["", "head", "body"] = ""
    _deadline = 0.0
    _received = 0
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._enter("head", self.limits.head_s)
        if len(self.connections) > self.limits.most:
            oldest = next(iter(self.waiting))  # this one, when every other is being answered
            oldest._end()
            log_rarely("api.too_many_connections", most=self.limits.most)

    def connection_lost(self, exc: Exception | None) -> None:
        self._enter("")
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            if self._phase != "body":
                self._received = 0
                self._enter("body", self.limits.body_s)
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            if self._phase != "head":
                self._enter("head", self.limits.head_s)
        elif not (state is h11.IDLE and self.cycle is None):  # the first head has had its time since the beginning
            self._enter("")

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.limits.read_s, self._end)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _enter(self, phase: Literal["", "head", "body"], seconds: float = 0.0) -> None:
        self._phase = phase
        if phase == "head":
            self.waiting[self] = None
        else:
            self.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if phase:
            self._deadline = self.loop.time() + seconds
            self._timer = self.loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        """The time is over, unless it has grown meanwhile."""
        now, deadline = self.loop.time(), self._deadline
        if self._phase == "body":
            deadline += self._received / SLOWEST_BODY
            if self.flow.read_paused:
                self._deadline = deadline = now + self.limits.body_s
        if now < deadline:
            self._timer = self.loop.call_at(deadline, self._look)
        else:
            self._timeout()

    def _timeout(self) -> None:
        answered = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        unasked = self._phase == "head" and not self.conn.trailing_data[0]
        if not (answered or unasked or self.transport.is_closing()) and self.conn.our_state in (
            h11.IDLE,
            h11.SEND_RESPONSE,
        ):
            text = b"The request did not arrive in time.\n"
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(text)).encode()),
                (b"connection", b"close"),
            ]
            answer = h11.Response(status_code=408, headers=headers, reason=b"Request Timeout")
            for event in (answer, h11.Data(data=text), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self._end()

    def _end(self) -> None:
        """Let the connection go; what waits for the rest of its request learns that the client is gone."""
        self._enter("")
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self._unread is not None:
            self.transport.abort()  # what nobody reads cannot be flushed
        else:
            self.transport.close()


def limited(limits: ConnectionLimits) -> type[LimitedProtocol]:
    """The protocol with these limits, for one server."""
    return type("Limited", (LimitedProtocol,), {"limits": limits, "waiting": {}})


_last_logged: dict[str, tuple[float, int]] = {}


def log_rarely(event: str, **facts: object) -> None:
    """A warning at most once a minute for each kind of event, with how many were left out."""
    now = asyncio.get_running_loop().time()
    last, left_out = _last_logged.get(event, (float("-inf"), 0))
    if now - last < LOGGED_EVERY_S:
        _last_logged[event] = (last, left_out + 1)
        return
    _last_logged[event] = (now, 0)
    log.warning(event, left_out=left_out, **facts)


def quiet_accept(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception handler for the loop: asyncio writes a traceback for every connection it cannot accept."""
    if "socket.accept()" in str(context.get("message", "")):
        log_rarely("api.cannot_accept", error=str(context.get("exception", "")))
    else:
        loop.default_exception_handler(context)
