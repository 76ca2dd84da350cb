"""Which network addresses may be asked on a stranger's word, and a client session that asks no others.

A web address given by a user can name this machine, its neighbours or a cloud's metadata service. So every address is
judged after name resolution, at the moment a socket is made for it: that covers literal addresses (which skip the
resolver), every redirect, odd spellings (``http://2130706433/``, ``http://0x7f.1/``) and names that answer differently
the second time. Media fetches and outgoing webhooks share this session.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_CLOSED_V4 = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    ipaddress.IPv6Network(net)
    for net in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """This host leads to an address that is not public. ``host`` is what was asked for, ``address`` where it leads."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} leads to {address}, which is not a public address")
        self.host = host
        self.address = address


def is_public(address: str | IPAddress) -> bool:
    """Whether an IP address is a public unicast one. IPv6 addresses that carry an IPv4 one are judged by both.

    Text that is no IP address is not public.
    """
    if isinstance(address, str):
        try:
            address = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in net for net in _CLOSED_V4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:  # a network without IPv4 reaches public hosts this way
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _OPEN_V6 and not any(address in net for net in _CLOSED_V6)


class GuardedResolver(AbstractResolver):
    """The system's resolver; a name with any address that is not public is refused as a whole."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for entry in found:
            if not is_public(entry["host"]):
                raise AddressRefused(host, entry["host"])
        return found

    async def close(self) -> None:
        await self._inner.close()


def _guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """Called for every single connection, whatever way its address was found."""
    family, kind, protocol, _, address = info
    if not is_public(address[0]):
        raise AddressRefused(str(address[0]), str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)


def guarded_connector(
    *, allow_private: bool = False, resolver: AbstractResolver | None = None, limit: int = 64
) -> aiohttp.TCPConnector:
    """A connector that opens sockets to public addresses only, unless ``allow_private``. Names are never cached."""
    if allow_private:
        return aiohttp.TCPConnector(resolver=resolver, limit=limit, use_dns_cache=False)
    return aiohttp.TCPConnector(
        resolver=GuardedResolver(resolver), limit=limit, use_dns_cache=False, socket_factory=_guarded_socket
    )


def guarded_session(
    allow_private: bool = False,
    *,
    resolver: AbstractResolver | None = None,
    timeout: aiohttp.ClientTimeout | None = None,
    limit: int = 64,
) -> aiohttp.ClientSession:
    """A client session for addresses given by others. Must be made inside a running loop and closed by the caller.

    No proxy, no credentials and no cookies are taken from the environment or kept; TLS certificates are verified. A
    refused address ends a request with :class:`aiohttp.ClientConnectorError` whose ``os_error`` is
    :class:`AddressRefused`; :func:`refused_address` finds it.
    """
    return aiohttp.ClientSession(
        connector=guarded_connector(allow_private=allow_private, resolver=resolver, limit=limit),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(loop=asyncio.get_running_loop()),
        timeout=timeout or aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=20),
        auto_decompress=True,
    )


def refused_address(error: BaseException | None) -> AddressRefused | None:
    """The :class:`AddressRefused` behind an error of the session, if there is one."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, AddressRefused):
            return error
        if isinstance(error, BaseExceptionGroup):
            for part in error.exceptions:
                if (found := refused_address(part)) is not None:
                    return found
        inner = getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
        seen += 1
    return None
