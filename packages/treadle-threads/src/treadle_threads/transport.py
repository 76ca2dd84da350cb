"""One HTTP request to Threads, and its outcome as a value.

What matters to a publisher is whether a failed request can have had an effect. So the body of a POST is written by a
payload of our own that knows whether its first byte was handed to the socket: before that every failure is
:class:`NotSent`, afterwards it is :class:`Lost`. aiohttp repeats idempotent methods on a stale kept-alive connection;
that is switched off. A POST that was never written is sent again here, once, because then nothing can double.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload
from yarl import URL

from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session
from treadle_threads.results import Answer, Call, Lost, NotSent

ANSWER_LIMIT: Final = 1024 * 1024  # bytes; the longest honest answer (100 posts, every field) is about a quarter of it
CONNECT_TIMEOUT_S: Final = 10.0
# Connections idle for longer are closed by us: a publish written to one the server has just closed is a lost publish.
KEEP_ALIVE_S: Final = 15.0
POOL_SIZE: Final = 512

SECRET_PARAMS: Final = frozenset({"access_token", "client_secret", "input_token", "code"})
_KEPT_HEADERS: Final = frozenset(
    {
        "content-type",
        "retry-after",
        "x-app-usage",
        "x-business-use-case-usage",
        "x-ad-account-usage",
        "date",
        "www-authenticate",
    }
)
_FORM: Final = "application/x-www-form-urlencoded"

Guard = Callable[[], bool]


class RefusedByGuard(Exception):
    """Raised inside the writer so that aiohttp drops the connection; never leaves this module."""


class _StaleConnection(Exception):
    """The kept-alive connection was closed before a byte was written."""


class _Body(BytesPayload):
    """A form body that asks ``guard`` at the last moment and remembers whether anything was written.

    aiohttp holds the headers back and sends them with the first chunk of the body, and between the guard and the
    socket's buffer there is no ``await``: what the guard saw is what holds when the bytes leave.
    """

    def __init__(self, data: bytes, guard: Guard | None) -> None:
        super().__init__(data, content_type=_FORM)
        self.guard = guard
        self.begun = False
        self.refused = False
        self.stale = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if self.guard is not None and not self.guard():
            self.refused = True
            raise RefusedByGuard
        transport = getattr(writer, "transport", None)
        if transport is None or transport.is_closing():
            self.stale = True
            raise _StaleConnection
        self.begun = True
        await super().write_with_length(writer, content_length)


def open_session() -> aiohttp.ClientSession:
    """A session for Meta alone: no proxy, cookies or credentials from outside, room for hundreds of calls at once.

    The operator's settings name the address (``TREADLE_THREADS_API_URL``), so it may be a sandbox on this machine.

    Must be made inside a running loop.
    """
    session = guarded_session(
        Trust.OPERATOR,
        limit=POOL_SIZE,
        keep_alive_s=KEEP_ALIVE_S,
        names_kept_s=60,
        headers={"User-Agent": "Treadle", "Accept": "application/json"},
    )
    # Left to itself aiohttp repeats a GET or DELETE whose connection broke. What is repeated, and when, is for the
    # caller to decide and for the timeline to show. There is no public switch; a test holds this one.
    session._retry_connection = False
    return session


def shown(params: Mapping[str, str]) -> dict[str, str]:
    """Parameters fit for a timeline: without secrets."""
    return {name: value for name, value in params.items() if name not in SECRET_PARAMS}


async def request(
    session: aiohttp.ClientSession,
    method: Literal["GET", "POST", "DELETE"],
    base_url: str,
    path: str,
    params: Mapping[str, str],
    *,
    timeout_s: float,
    guard: Guard | None = None,
) -> tuple[Answer, Call, float] | NotSent | Lost:
    """Send one request; a whole answer of any status is returned as it is, everything else as an outcome.

    ``params`` go into the form body of a POST (which keeps the token out of addresses and their logs) and into the
    query otherwise. ``guard`` is for POST only. Redirects are not followed: they would carry the token elsewhere.
    """
    began = time.perf_counter()
    call = Call(method, path, shown(params))
    secrets = [params[name] for name in SECRET_PARAMS if params.get(name)]
    timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(CONNECT_TIMEOUT_S, timeout_s))
    encoded = urlencode(params)
    url = base_url + path
    for last in (False, True):
        body = _Body(encoded.encode(), guard) if method == "POST" else None
        answer: list[Answer] = []
        try:
            await _exchange(session, method, url if body else f"{url}?{encoded}", body, timeout, answer)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if body is not None and body.stale and not last:
                continue
            outcome = _outcome(error, body, call, time.perf_counter() - began, secrets)
            if isinstance(outcome, Lost) and answer:
                return Lost(outcome.kind, outcome.detail, call, outcome.elapsed_s, answer[0])
            return outcome
        return answer[0], call, time.perf_counter() - began
    raise AssertionError("unreachable")


class _TooLong(Exception):
    """The answer goes on beyond ANSWER_LIMIT."""


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    body: _Body | None,
    timeout: aiohttp.ClientTimeout,
    answer: list[Answer],
) -> None:
    """One exchange; ``answer`` gets what arrived, with an incomplete body before a failure and the whole one after."""
    async with session.request(
        method, URL(url, encoded=True), data=body, timeout=timeout, allow_redirects=False
    ) as response:
        headers = {
            name.lower(): value
            for name, value in response.headers.items()
            if name.lower() in _KEPT_HEADERS or name.lower().startswith("x-fb-")
        }
        answer.append(Answer(response.status, headers, None))
        whole = bytearray()
        async for chunk in response.content.iter_any():
            whole += chunk
            if len(whole) > ANSWER_LIMIT:
                answer[0] = Answer(response.status, headers, bytes(whole[:2000]).decode("utf-8", "replace"))
                response.close()
                raise _TooLong
        answer[0] = Answer(response.status, headers, parse_body(bytes(whole)))


def parse_body(data: bytes) -> Any:
    """Parsed JSON, or text when it is not JSON, or ``None`` when it is empty. Whole numbers stay exact."""
    if not data.strip():
        return None
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        return json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return text


def _outcome(error: Exception, body: _Body | None, call: Call, elapsed: float, secrets: list[str]) -> NotSent | Lost:
    detail = _detail(error, secrets)
    if body is not None and body.refused:
        return NotSent("guard", "The guard said no just before the request was written.", call, elapsed)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NotSent("dns", detail, call, elapsed)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError | aiohttp.ServerFingerprintMismatch) and not (
        body is not None and body.begun
    ):
        return NotSent("tls", detail, call, elapsed)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NotSent("connect", detail, call, elapsed)
    if isinstance(error, aiohttp.InvalidURL):
        return NotSent("invalid", detail, call, elapsed)
    if body is not None and not body.begun:
        # The pool was full, the connection was never made or had gone: whatever it was, no byte was written.
        kind: Literal["connect", "invalid"] = (
            "connect" if isinstance(error, OSError | aiohttp.ClientError | TimeoutError) else "invalid"
        )
        return NotSent(kind, detail, call, elapsed)
    if isinstance(error, _TooLong):
        return Lost("truncated", f"The answer is longer than {ANSWER_LIMIT} bytes.", call, elapsed)
    if isinstance(error, TimeoutError):
        return Lost("timeout", detail or "No whole answer in time.", call, elapsed)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Lost("truncated", detail, call, elapsed)
    if isinstance(error, aiohttp.ClientResponseError):
        return Lost("protocol", detail, call, elapsed)
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return Lost("reset", detail, call, elapsed)
    if body is None and isinstance(error, RuntimeError | ValueError | TypeError):
        return NotSent("invalid", detail, call, elapsed)
    return Lost("protocol", detail, call, elapsed)


def _detail(error: Exception, secrets: list[str]) -> str:
    """Type and text of a failure, without the secrets that addresses in it may carry; at most 300 characters."""
    inner = getattr(error, "os_error", None)
    cause = inner if isinstance(inner, OSError) else error
    text = f"{type(error).__name__}: {cause}" if str(cause) else type(error).__name__
    for secret in secrets:
        for form in (secret, quote(secret), quote(secret, safe="")):
            text = text.replace(form, "[removed]")
    return text[:300]
