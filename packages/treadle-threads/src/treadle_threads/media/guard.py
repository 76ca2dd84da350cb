"""Which network addresses may be reached, and the only sockets that reach them.

A web address given by a user can name this machine, its neighbours or a cloud's metadata service. So every address is
judged after name resolution, by the socket itself at the moment it connects: that covers literal addresses (which skip
the resolver), every redirect, odd spellings (``http://2130706433/``, ``http://0x7f.1/``) and names that answer
differently the second time.
"""

from __future__ import annotations

import enum
import ipaddress
import socket
from typing import Any, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Trust(enum.Enum):
    """Whose word an address is reached on."""

    STRANGER = "stranger"
    """A tenant's, a post's, a page's: public addresses only."""
    INSIDE = "inside"
    """A user's, where the settings allow private hosts: this machine and its networks too, but nothing link-local,
    which is where clouds answer with a machine's own credentials."""
    OPERATOR = "operator"
    """The settings of this installation name the address itself: every address may be reached."""

    @classmethod
    def of_media(cls, allow_private_hosts: bool) -> Trust:
        """For addresses that users give, as ``TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS`` has it."""
        return cls.INSIDE if allow_private_hosts else cls.STRANGER

    def allows(self, address: str) -> bool:
        """Whether an IP address may be reached."""
        if self is Trust.OPERATOR or is_public(address):
            return True
        return self is Trust.INSIDE and not is_link_local(address)


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
_LINK_LOCAL = (
    ipaddress.IPv4Network("169.254.0.0/16"),
    ipaddress.IPv6Network("fe80::/10"),
    ipaddress.IPv6Network("fd00:ec2::/32"),  # where one cloud answers over IPv6
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


def is_link_local(address: str) -> bool:
    """Whether an IP address is link-local, also inside an IPv6 one, or no address at all."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped is not None or found in _NAT64):
        found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return any(found in net for net in _LINK_LOCAL if net.version == found.version)


class GuardedSocket(socket.socket):
    """A socket that connects only where ``trust`` allows it, whoever found the address and however."""

    trust: Trust = Trust.STRANGER

    def connect(self, address: Any, /) -> None:
        self._judge(address)
        super().connect(address)

    def connect_ex(self, address: Any, /) -> int:
        self._judge(address)
        return super().connect_ex(address)

    def _judge(self, address: Any) -> None:
        if self.family not in (socket.AF_INET, socket.AF_INET6):
            raise AddressRefused(str(address), str(address))
        if not self.trust.allows(str(address[0])):
            raise AddressRefused(str(address[0]), str(address[0]))


def guarded_socket(info: tuple[Any, ...], trust: Trust) -> GuardedSocket:
    """A socket for one answer of ``getaddrinfo``; refused before it is made when ``trust`` does not reach there."""
    family, kind, protocol, _, address = info
    if not trust.allows(str(address[0])):
        raise AddressRefused(str(address[0]), str(address[0]))
    made = GuardedSocket(family=family, type=kind, proto=protocol)
    made.trust = trust
    return made


def guarded_connection(host: str, port: int, timeout_s: float, trust: Trust) -> GuardedSocket:
    """A connected TCP socket, for code without an event loop. A name with any address that is not allowed is refused
    as a whole."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, address in found:
        if not trust.allows(str(address[0])):
            raise AddressRefused(host, str(address[0]))
    last: OSError = OSError(f"no address is known for {host}")
    for info in found:
        made = guarded_socket(info, trust)
        try:
            made.settimeout(timeout_s)
            made.connect(info[4])
            return made
        except OSError as error:
            made.close()
            last = error
    raise last


class GuardedResolver(AbstractResolver):
    """The system's resolver; a name with any address that ``trust`` does not reach is refused as a whole."""

    def __init__(self, inner: AbstractResolver | None = None, trust: Trust = Trust.STRANGER) -> None:
        self._inner = inner or ThreadedResolver()
        self._trust = trust

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for entry in found:
            if not self._trust.allows(entry["host"]):
                raise AddressRefused(host, entry["host"])
        return found

    async def close(self) -> None:
        await self._inner.close()


_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home.arpa")


def read_address(text: str, trust: Trust) -> URL | str:
    """A web address as the sessions of this package use it, or why it is refused, as a sentence.

    Refuses what shows in the text alone: with :attr:`Trust.STRANGER` plain http, every spelling of an address that is
    not public, and names that exist only inside a network. Where a name leads is judged when it is connected to.
    """
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in text) or "\\" in text:
        return "The URL contains spaces, control characters or backslashes."
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError:
        return "This is not a URL."
    schemes = ("https",) if trust is Trust.STRANGER else ("https", "http")
    if url.scheme not in schemes or not host or not port:
        return "It must be an https URL with a host name."
    if url.user is not None or url.password is not None:
        return "It can't contain a username or password."
    if trust is not Trust.OPERATOR and (why := _inside(host, trust)) is not None:
        return why
    return url


def _inside(host: str, trust: Trust) -> str | None:
    """Why a host cannot be reached with this trust, as far as its name shows it."""
    name = host.rstrip(".").lower()
    try:
        # The system's own reading of numbers, as it is used to connect: decimal, hexadecimal, octal, shortened.
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        found = []
    if found:
        if all(trust.allows(str(address[0])) for *_, address in found):
            return None
        return "This address is inside a private network."
    if trust is Trust.INSIDE:
        return None
    if "." not in name or name.endswith(tuple(f".{ending}" for ending in _INSIDE)):
        return "This name exists only inside a private network."
    return None


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
