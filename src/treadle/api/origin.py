"""Where a request comes from: this machine, its network, or somewhere else."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request

# Only a proxy sets these: such a request comes from outside, whatever address it seems to have.
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "cf-connecting-ip")


def is_here(request: Request) -> bool:
    """Whether a request comes from this very machine, not through a proxy."""
    address = _direct(request)
    return address is not None and address.is_loopback


def is_near(request: Request) -> bool:
    """Whether a request comes from this machine or a private network, not through a proxy."""
    address = _direct(request)
    return address is not None and (address.is_private or address.is_loopback)


def _direct(request: Request) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of who asks; ``None`` when a proxy asks for somebody, or there is no address."""
    if any(name in request.headers for name in FORWARDED):
        return None
    try:
        return ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return None
