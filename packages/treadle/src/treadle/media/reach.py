"""Whether Meta can reach the addresses Treadle hands out: told before a post fails for it."""

from __future__ import annotations

import ipaddress

from yarl import URL

from treadle.settings import Settings
from treadle_threads.media.finding import Finding
from treadle_threads.media.guard import is_public
from treadle_threads.media.patterns import SET_UP_FAULT, finding

__all__ = ["SET_UP_FAULT", "is_sandbox", "set_up_fault", "unreachable_reason"]

_LOCAL_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".example", ".invalid")


def unreachable_reason(settings: Settings) -> str | None:
    """Why files kept here cannot be fetched by Meta, and what to do; ``None`` when nothing speaks against it.

    Judged from ``TREADLE_PUBLIC_URL`` alone, without any request. Files in a bucket, and set-ups for the sandbox
    (``TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS``, or a Threads on this machine), are not judged.
    """
    if settings.media_store_url or is_sandbox(settings):
        return None
    host = (URL(settings.public_url).host or "").lower()
    way_out = "Set TREADLE_PUBLIC_URL to an address of the internet, or TREADLE_MEDIA_STORE_URL to a bucket."
    try:
        public = is_public(ipaddress.ip_address(host))
    except ValueError:
        public = "." in host and not host.endswith(_LOCAL_ENDINGS)
    if public:
        return None
    return f"Meta cannot fetch uploads and repaired media from {host}: it is not a public address. {way_out}"


def is_sandbox(settings: Settings) -> bool:
    """Whether this server publishes to a sandbox that may fetch from private addresses."""
    return settings.allow_private_media_hosts or _on_this_machine(settings.threads_api_url)


def _on_this_machine(address: str) -> bool:
    host = (URL(address).host or "").lower()
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def set_up_fault(settings: Settings) -> Finding | None:
    """The same as a finding, for what would otherwise be handed to Meta: nothing is known against the file."""
    reason = unreachable_reason(settings)
    if reason is None:
        return None
    return finding("public_url_unreachable", got=URL(settings.public_url).host, limit="a public address", reason=reason)
