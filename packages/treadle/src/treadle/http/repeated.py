"""One answer for an Idempotency-Key, whatever POST of the API it comes with.

The answer of the first request is kept for a day and given again (``Idempotency-Replayed: true``) to the same API key
that sends the same body to the same address. What was refused or failed is not kept: the key is free again. The routes
that make posts keep their keys with the posts themselves, in one transaction, for 30 days.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from treadle.http import reading
from treadle.http.caller import KEY_IS_GOOD, key_of
from treadle.http.problems import Problem
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
        body_hash, again = await _fingerprint(request, receive)
        digest = _digest(caller.id, scope["path"], key)
        known = await self._begin(digest, caller, body_hash)
        if known is not None:
            scope[KEY_IS_GOOD] = True
            await self._repeat(known, body_hash)(scope, receive, send)
            return
        answer = _Answer()
        kept = False
        try:
            await self.app(scope, again, answer.take)
            if 200 <= answer.status < 300:
                sealed = self.treadle.vault.seal(answer.body.decode())
                await self.treadle.db.run(kept_answers.keep, digest, answer.status, answer.kept_headers, sealed)
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


async def _fingerprint(request: Request, receive: Receive) -> tuple[str, Receive]:
    """What tells one body from another, and the body to be read again by the route.

    A file is told by its length and kind: it is not read before the route reads it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    about = f"{request.url.query}\0{kind}"
    if kind not in ("", "application/json") or not (length.isdigit() or not length):
        return _digest(about, length), receive
    body = await reading.read_bytes(request, reading.BULK_LIMIT)
    try:
        read = json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        read = hashlib.sha256(body).hexdigest()
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return _digest(about, read), again


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
