"""aiohttp client sessions on the guard's sockets."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import aiohttp
from aiohttp.abc import AbstractCookieJar, AbstractResolver
from aiohttp.resolver import ThreadedResolver

from treadle_threads.media.guard import AddressRefused, GuardedResolver, Trust, guarded_socket

FAMILY_TIMEOUT_S = 4.0
FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
# What a machine without a way into a family meets: that says nothing of the host.
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM})
Answer: TypeAlias = Literal["answers", "dead", "unknown"]


def dead_family(answers: Mapping[str, Sequence[Answer]]) -> str | None:
    """The family (``IPv4``, ``IPv6``) all of whose addresses lead nowhere while one of the other answers. Pure."""
    alive = [family for family, found in answers.items() if "answers" in found]
    dead = [family for family, found in answers.items() if found and all(one == "dead" for one in found)]
    return dead[0] if alive and dead else None


class GuardedConnector(aiohttp.TCPConnector):
    """A connector on the guard's sockets that can also tell the address families of a host apart."""

    def __init__(self, trust: Trust, resolver: AbstractResolver, **options: Any) -> None:
        super().__init__(resolver=resolver, socket_factory=partial(guarded_socket, trust=trust), **options)
        self._trust = trust
        self._names = resolver

    async def dead_family(self, host: str, port: int) -> str | None:
        """Of a host with IPv4 and IPv6 addresses, the family that leads nowhere while the other one answers.

        At most two addresses of each are connected to, side by side, for four seconds; nothing is sent. ``None`` when
        both answer, when there is only one, or when this machine has no way into the other.
        """
        try:
            found = await self._names.resolve(host, port, socket.AF_UNSPEC)
        except OSError:
            return None
        by_family: dict[str, list[str]] = {}
        for entry in found:
            family = FAMILIES.get(socket.AddressFamily(entry["family"]))
            if family is not None and entry["host"] != host:
                by_family.setdefault(family, []).append(entry["host"])
        if len(by_family) < 2:
            return None
        answers: dict[str, Sequence[Answer]] = {}
        for family, addresses in by_family.items():
            answers[family] = await asyncio.gather(*(self._try(family, at, port) for at in addresses[:2]))
        return dead_family(answers)

    async def _try(self, family: str, address: str, port: int) -> Answer:
        kind = next(number for number, name in FAMILIES.items() if name == family)
        where = (address, port)
        try:
            with guarded_socket((kind, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where), self._trust) as made:
                made.setblocking(False)
                await asyncio.wait_for(asyncio.get_running_loop().sock_connect(made, where), FAMILY_TIMEOUT_S)
        except TimeoutError:
            return "dead"
        except AddressRefused:
            return "unknown"
        except OSError as error:
            return "unknown" if error.errno in _NO_WAY else "dead"
        return "answers"


def guarded_connector(
    trust: Trust,
    *,
    resolver: AbstractResolver | None = None,
    limit: int = 64,
    keep_alive_s: float = 15.0,
    names_kept_s: int = 0,
) -> GuardedConnector:
    """A connector that opens the guard's sockets. ``names_kept_s``: how long answers for names are kept."""
    names = resolver or ThreadedResolver()
    return GuardedConnector(
        trust,
        names if trust is Trust.OPERATOR else GuardedResolver(names, trust),
        limit=limit,
        keepalive_timeout=keep_alive_s,
        use_dns_cache=names_kept_s > 0,
        ttl_dns_cache=names_kept_s or None,
    )


def guarded_session(
    trust: Trust = Trust.STRANGER,
    *,
    resolver: AbstractResolver | None = None,
    timeout: aiohttp.ClientTimeout | None = None,
    limit: int = 64,
    keep_alive_s: float = 15.0,
    names_kept_s: int = 0,
    headers: Mapping[str, str] | None = None,
    cookies: AbstractCookieJar | None = None,
) -> aiohttp.ClientSession:
    """The client session for everything. Must be made inside a running loop and closed by the caller.

    No proxy, no credentials and no cookies are taken from the environment; cookies are kept only in ``cookies``; TLS
    certificates are verified. A refused address ends a request with :class:`aiohttp.ClientConnectorError` whose
    ``os_error`` is :class:`~treadle_threads.media.guard.AddressRefused`;
    :func:`~treadle_threads.media.guard.refused_address` finds it.
    """
    return aiohttp.ClientSession(
        connector=guarded_connector(
            trust, resolver=resolver, limit=limit, keep_alive_s=keep_alive_s, names_kept_s=names_kept_s
        ),
        trust_env=False,
        # An empty jar is false.
        cookie_jar=aiohttp.DummyCookieJar(loop=asyncio.get_running_loop()) if cookies is None else cookies,
        timeout=timeout or aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=20),
        auto_decompress=True,
        headers=headers,
    )
