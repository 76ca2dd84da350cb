"""How many requests a key and an address may make, and the headers that say so.

``RateLimit`` and ``RateLimit-Policy`` are those of the IETF's draft-ietf-httpapi-ratelimit-headers. Counts are kept in
this process: with several servers each has its own.

A request with a key counts for the key alone once the key was seen to be good; every other request, a wrong key
included, counts for the address. So strangers cannot use up what a key may do, nor guess keys without a limit.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from treadle.http.caller import KEY_IS_GOOD
from treadle.http.problems import Problem

WINDOW_S = 60
KNOWN_KEYS = 4096
# Probes and scrapes of whoever runs it, and what Meta fetches and calls: refusing these would harm a post.
UNLIMITED = ("/healthz", "/readyz", "/metrics", "/media/", "/threads/", "/static/")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of one limit. ``policy`` names it, ``key`` or ``address``."""

    policy: str
    allowed: bool
    limit: int
    left: int
    resets_in_s: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"{self.policy}";r={self.left};t={self.resets_in_s}',
        }


class RateLimits:
    """The counts of one server."""

    def __init__(self, per_key: int, per_address: int) -> None:
        self._key = RateLimitItemPerMinute(per_key)
        self._address = RateLimitItemPerMinute(per_address)
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._good: OrderedDict[str, None] = OrderedDict()

    def admit(self, secret: str, address: str) -> Standing:
        """Count a request that came with this key (or none, ``""``) from this address."""
        digest = _digest(secret)
        if secret and digest in self._good:
            return self._count("key", self._key, digest)
        return self._count("address", self._address, network(address))

    def learn(self, secret: str, good: bool) -> None:
        """Take in whether the key of a request was accepted."""
        digest = _digest(secret)
        if good:
            self._good[digest] = None
            self._good.move_to_end(digest)
            if len(self._good) > KNOWN_KEYS:
                self._good.popitem(last=False)
        else:
            self._good.pop(digest, None)

    def _count(self, policy: str, item: RateLimitItem, who: str) -> Standing:
        allowed = self._counter.hit(item, policy, who)
        stats = self._counter.get_window_stats(item, policy, who)
        resets = max(1, math.ceil(stats.reset_time - time.time()))
        return Standing(policy, allowed, item.amount, max(0, stats.remaining), min(resets, WINDOW_S))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def network(address: str) -> str:
    """Whom an address stands for: itself, or with IPv6 the /64, of which one customer has all addresses."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


class RateLimited:
    """Refuses with 429 what is beyond the limits, before anything of it is read."""

    def __init__(self, app: ASGIApp, limits: RateLimits, public_url: str) -> None:
        self.app, self.limits, self.public_url = app, limits, public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNLIMITED):
            await self.app(scope, receive, send)
            return
        secret = _secret(scope)
        standing = self.limits.admit(secret, (scope.get("client") or ("",))[0])
        if not standing.allowed:
            origin = "with this key" if standing.policy == "key" else "from this address"
            problem = Problem(
                "too_many_requests",
                f"More than {standing.limit} requests a minute came {origin}.",
                extra={"limit": standing.limit, "window_s": WINDOW_S},
                headers={**standing.headers, "Retry-After": str(standing.resets_in_s)},
            )
            await problem.response(self.public_url, scope["path"])(scope, receive, send)
            return
        shown = [(name.lower().encode(), value.encode()) for name, value in standing.headers.items()]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if secret and KEY_IS_GOOD in scope:
                    self.limits.learn(secret, True)
                elif secret and message["status"] == 401:
                    self.limits.learn(secret, False)
                if scope["path"].startswith("/v1/"):
                    message["headers"] = [*message["headers"], *shown]
            await send(message)

        await self.app(scope, receive, answer)


def _secret(scope: Scope) -> str:
    """The key of a request for the API; pages know none."""
    if not scope["path"].startswith("/v1/"):
        return ""
    scheme, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""
