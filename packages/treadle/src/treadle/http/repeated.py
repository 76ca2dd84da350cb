"""One answer for an Idempotency-Key, whatever POST of the API it comes with.

The answer of the first request is kept for a day and given again (``Idempotency-Replayed: true``) to the same API key
that sends the same body to the same address. What was refused or failed is not kept: the key is free again. The routes
that make posts keep their keys with the posts themselves, in one transaction, for 30 days.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from treadle.http import reading
from treadle.http.caller import KEY_IS_GOOD, key_of
from treadle.http.problems import Problem
from treadle.media.hosting import MAX_BYTES
from treadle.people.keys import Principal
from treadle.services.context import App
from treadle.store import AWAY, kept_answers
from treadle.store.kept_answers import KeptAnswer
from treadle.vault import VaultError

HEADER: Final = "Idempotency-Key"
# These keep keys with the posts they make.
OWN: Final = frozenset({"/v1/posts", "/v1/posts/bulk"})
# These store nothing: the same question, answered again.
BY_NATURE: Final = frozenset({"/v1/preflight", "/v1/diagnose"})
FILES: Final = "/v1/media"  # takes bytes of any kind
KEPT_S: Final = 86_400.0
UNDER_WAY_S: Final = 300.0  # a request that has not ended by then broke off
HEADERS_KEPT: Final = ("content-type", "location", "etag")


class AnsweredOnce:
    """Around the routes."""

    def __init__(self, app: ASGIApp, treadle: App) -> None:
        self.app, self.treadle = app, treadle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _heeds(scope):
            await self.app(scope, receive, send)
            return
        try:
            await self._once(scope, receive, send)
        except Problem as refused:
            await refused.response(self.treadle.settings.public_url, scope["path"])(scope, receive, send)
        except AWAY:
            detail = "The database does not answer. Try again shortly."
            away = Problem("unavailable", detail, headers={"Retry-After": "5"})
            await away.response(self.treadle.settings.public_url, scope["path"])(scope, receive, send)

    async def _once(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        key = reading.idempotency_key(request)
        caller = await key_of(request)
        if key is None or caller is None:  # the route says what is wrong with the API key
            await self.app(scope, receive, send)
            return
        body = await _body(request, receive)
        digest = _digest(caller.id, scope["path"], key)
        known = await self._begin(digest, caller, body.digest)
        if known is not None:
            scope[KEY_IS_GOOD] = True
            if known.status is not None:
                await body.read_all()
            await self._repeat(known, body.digest)(scope, receive, send)
            return
        answer = _Answer()
        kept = False
        try:
            await self.app(scope, body.receive, answer.take)
            if 200 <= answer.status < 300:
                await body.read_all()
                sealed = self.treadle.vault.seal(answer.body.decode())
                given = (body.digest, answer.status, answer.kept_headers, sealed)
                await self.treadle.db.run(kept_answers.keep, digest, *given)
                kept = True
        finally:
            if not kept:
                await self.treadle.db.run(kept_answers.forget, digest)
        await answer.send(send)

    async def _begin(self, digest: str, caller: Principal, body_hash: str) -> KeptAnswer | None:
        db, now = self.treadle.db, self.treadle.now()
        known = await db.run(kept_answers.begin, digest, caller.workspace_id, body_hash, now=now)
        if known is not None and known.created_at < now - KEPT_S:
            await db.run(kept_answers.forget, digest)
            known = await db.run(kept_answers.begin, digest, caller.workspace_id, body_hash, now=now)
        return known

    def _repeat(self, known: KeptAnswer, body_hash: str) -> Response:
        if known.body_hash != body_hash:
            raise Problem("idempotency_key_reused", "This Idempotency-Key was sent to this address with another body.")
        if known.status is None or known.body_enc is None:
            if self.treadle.now() - known.created_at < UNDER_WAY_S:
                raise Problem("idempotency_key_busy", headers={"Retry-After": "2"})
            raise Problem("idempotency_key_unfinished")
        try:
            body = self.treadle.vault.open(known.body_enc)
        except VaultError:
            raise Problem("idempotency_key_unfinished") from None
        return Response(body, known.status, {**known.headers, "Idempotency-Replayed": "true"})


def heeds(method: str, path: str) -> bool:
    """Whether this mechanism serves an address."""
    return method == "POST" and path.startswith("/v1/") and path not in OWN | BY_NATURE


def _heeds(scope: Scope) -> bool:
    return scope["type"] == "http" and heeds(scope["method"], scope["path"]) and HEADER in Headers(scope=scope)


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


class _Body:
    """A body on its way to the route. ``digest`` tells it from another."""

    def __init__(self, about: str, receive: Receive) -> None:
        self.about, self.receive = about, receive

    @property
    def digest(self) -> str:
        return self.about

    async def read_all(self) -> None:
        """Read what the route left, so that the digest is that of the whole body."""


class _Read(_Body):
    """A short body, read before it is known whether it was sent before."""

    def __init__(self, about: str, receive: Receive, body: bytes) -> None:
        super().__init__(about, self._again)
        self._more, self._body, self._given = receive, body, False

    async def _again(self) -> Message:
        if self._given:
            return await self._more()
        self._given = True
        return {"type": "http.request", "body": self._body, "more_body": False}


class _Streamed(_Body):
    """A file, whose bytes are hashed as the route reads them, but for the boundary, which is another each time.

    Until all of it was read it is told from another by its kind only.
    """

    def __init__(self, about: str, receive: Receive, boundary: bytes) -> None:
        super().__init__(about, self._next)
        self._more, self._boundary = receive, boundary
        self._hash, self._tail, self._length, self._ended = hashlib.sha256(), b"", 0, False

    @property
    def digest(self) -> str:
        return _digest(self.about, self._hash.hexdigest()) if self._ended else self.about

    async def read_all(self) -> None:
        while not self._ended:
            if (await self._next())["type"] != "http.request":
                return  # the client is gone

    async def _next(self) -> Message:
        message = await self._more()
        if message["type"] == "http.request" and not self._ended:
            self._take(message.get("body", b""), last=not message.get("more_body", False))
        return message

    def _take(self, chunk: bytes, *, last: bool) -> None:
        self._length += len(chunk)
        if self._length > reading.UPLOAD_LIMIT:
            raise reading.too_large(MAX_BYTES)
        *whole, rest = (self._tail + chunk).split(self._boundary) if self._boundary else (chunk, b"")
        for piece in whole:
            self._hash.update(piece)
        held = 0 if last else min(len(rest), max(0, len(self._boundary) - 1))  # a boundary may begin in there
        self._hash.update(rest[: len(rest) - held])
        self._tail, self._ended = rest[len(rest) - held :], last


async def _body(request: Request, receive: Receive) -> _Body:
    named, parameters = parse_options_header(request.headers.get("content-type"))
    kind = named.decode("latin-1")
    about = f"{request.url.query}\0{kind}"
    if kind != "application/json" and (kind or request.url.path == FILES):
        boundary = parameters.get(b"boundary", b"") if kind.startswith("multipart/") else b""
        return _Streamed(_digest(about), receive, boundary)
    body = await reading.read_bytes(request, reading.BULK_LIMIT)
    try:
        read = json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        read = hashlib.sha256(body).hexdigest()
    return _Read(_digest(about, read), receive, body)


class _Answer:
    """An answer that is held back until it is kept."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self._messages.append(message)

    async def send(self, send: Send) -> None:
        for message in self._messages:
            await send(message)

    @property
    def status(self) -> int:
        return next((int(m["status"]) for m in self._messages if m["type"] == "http.response.start"), 500)

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self._messages if m["type"] == "http.response.body")

    @property
    def kept_headers(self) -> dict[str, str]:
        started = next(m for m in self._messages if m["type"] == "http.response.start")
        headers = Headers(raw=started["headers"])
        return {name: headers[name] for name in HEADERS_KEPT if name in headers}
