"""What every request passes first, and every answer last: known methods and hosts, headers that protect browsers."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from treadle.hosts import Hosts
from treadle.http.problems import PROBLEM_JSON, Problem

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"})
# For an answer that brings no policy of its own: it needs nothing but its own text.
PLAIN_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_TYPES: Final = ("text/html", PROBLEM_JSON)


class KnownHosts:
    """Refuses unknown methods (501) and hosts that are not this server's (421), before anything else is done."""

    def __init__(self, app: ASGIApp, hosts: Hosts, public_url: str) -> None:
        self.app, self.hosts, self.public_url = app, hosts, public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refused = self._refused(scope)
            if refused is not None:
                await refused.response(self.public_url)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refused(self, scope: Scope) -> Problem | None:
        if scope["method"] not in METHODS:
            return Problem("not_implemented", headers={"Connection": "close"})
        # An address of another server in the request line is a request to a proxy, which this is not.
        whole = not scope["path"].startswith("/") and not (scope["path"] == "*" and scope["method"] == "OPTIONS")
        given = [value.decode("latin-1").strip() for name, value in scope["headers"] if name == b"host"]
        if whole or not self.hosts.allow(given):
            return Problem("wrong_host", headers={"Connection": "close"})
        return None


class Protected:
    """Adds to every page and problem document what a browser needs to know, where the answer itself does not say it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, _protecting(send) if scope["type"] == "http" else send)


def _protecting(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            protect(MutableHeaders(raw=message["headers"]))
        await send(message)

    return answer


def protect(headers: MutableHeaders) -> None:
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if not headers.get("content-type", "").startswith(_TYPES):
        return
    policy = headers.get("content-security-policy")
    if policy is None:
        headers["Content-Security-Policy"] = PLAIN_POLICY
    elif "frame-ancestors" not in policy:
        headers["Content-Security-Policy"] = f"{policy.rstrip('; ')}; frame-ancestors 'none'"
