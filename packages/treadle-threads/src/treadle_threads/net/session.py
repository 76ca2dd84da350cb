"""aiohttp client sessions on the guard's sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import aiohttp
from aiohttp.abc import AbstractCookieJar, AbstractResolver

from treadle_threads.media.guard import GuardedResolver, Trust, guarded_socket


def guarded_connector(
    trust: Trust,
    *,
    resolver: AbstractResolver | None = None,
    limit: int = 64,
    keep_alive_s: float = 15.0,
    names_kept_s: int = 0,
) -> aiohttp.TCPConnector:
    """A connector that opens the guard's sockets. ``names_kept_s``: how long answers for names are kept."""
    return aiohttp.TCPConnector(
        resolver=resolver if trust is Trust.OPERATOR else GuardedResolver(resolver),
        limit=limit,
        keepalive_timeout=keep_alive_s,
        use_dns_cache=names_kept_s > 0,
        ttl_dns_cache=names_kept_s or None,
        socket_factory=partial(guarded_socket, trust=trust),
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
        # An empty jar counts as false.
        cookie_jar=aiohttp.DummyCookieJar(loop=asyncio.get_running_loop()) if cookies is None else cookies,
        timeout=timeout or aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=20),
        auto_decompress=True,
        headers=headers,
    )
