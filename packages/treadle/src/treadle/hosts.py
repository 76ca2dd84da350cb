"""Which hosts this server answers for, and whether a form was sent from a page of one of them.

A browser names in ``Host`` the server that it believes to talk to. A page elsewhere can make its own name lead to this
machine (DNS rebinding), and what it then sends looks local in everything but that name. So the name is checked, with
the one parser that also reads ``Origin``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")
_PORT = re.compile(r"[0-9]{1,5}")
_LONGEST = 300  # a name has 253 characters at most
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Authority:
    """A host in the one spelling that is compared, and the port, if one was given."""

    host: str
    port: int | None = None


def read_authority(text: str) -> Authority | None:
    """What ``Host`` says, or ``None`` when it is not exactly a host with perhaps a port.

    Upper case, one dot at the end and the spellings of an IPv6 address make no difference. User names, blanks, zone
    ids and numbers that only some programs take for an address are refused.
    """
    if len(text) > _LONGEST or not text.isascii():
        return None
    host, port = text.lower(), ""
    if host.startswith("["):
        inside, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return None
        found, port, has_port = _address(inside, 6), rest[1:], bool(rest)
    else:
        host, colon, port = host.partition(":")
        found, has_port = _name(host), bool(colon)
    if found is None or (has_port and port and not _PORT.fullmatch(port)) or int(port or 0) > 65_535:
        return None
    return Authority(found, int(port) if port else None)


def _name(text: str) -> str | None:
    text = text.removesuffix(".")
    if not _NAME.fullmatch(text):
        return None
    last = text.rpartition(".")[2]
    if last.isdigit() or re.fullmatch("0x[0-9a-f]*", last):  # an IPv4 address, and only in its usual spelling
        return _address(text, 4)
    return text


def _address(text: str, version: int) -> str | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(found) if found.version == version and "%" not in text else None


def is_loopback(host: str) -> bool:
    """Whether a host of :func:`read_authority` is this machine for whoever names it: no name server decides that."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_allowed(text: str) -> tuple[str, ...]:
    """The hosts of a list with commas; raises ``ValueError`` naming the entry that is none."""
    found = []
    for entry in filter(None, (piece.strip() for piece in text.split(","))):
        # An IPv6 address may be written without brackets here, where no port can follow it.
        bare = _address(entry.lower(), 6)
        read = Authority(bare) if bare else read_authority(entry)
        if read is None:
            raise ValueError(f"{entry!r} is not a host name or an address")
        found.append(read.host)
    return tuple(found)


@lru_cache(maxsize=64)
def authority_of(url: str) -> Authority | None:
    """The host and port of an address such as ``https://threads.example.com``; the scheme's port is left out."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
    except ValueError:
        return None
    found = read_authority(netloc)
    if found is None or parts.scheme not in PORTS:
        return None
    return Authority(found.host, None if found.port == PORTS[parts.scheme] else found.port)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts one server answers for, besides the loopback ones."""

    names: frozenset[str]

    def allow(self, hosts: Iterable[str]) -> bool:
        """Whether the values of a request's ``Host`` headers are one host that belongs here."""
        given = list(hosts)
        found = read_authority(given[0]) if len(given) == 1 else None
        return found is not None and (found.host in self.names or is_loopback(found.host))


def hosts_of(public_url: str, allowed: str) -> Hosts:
    public = authority_of(public_url)
    return Hosts(frozenset({*([public.host] if public else []), *read_allowed(allowed)}))


def same_origin(origin: str, host: str, public_url: str) -> bool:
    """Whether ``Origin`` is the (checked) ``Host`` of the same request, or the public address."""
    sent = authority_of(origin)
    if sent is None or origin.partition("://")[2].rstrip("/").count("/"):
        return False
    asked = read_authority(host)
    if asked is not None:
        default = PORTS[urlsplit(origin).scheme]
        asked = Authority(asked.host, None if asked.port == default else asked.port)
    return sent in (asked, authority_of(public_url))
