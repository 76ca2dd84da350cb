"""Whether Meta can reach the addresses Treadle hands out: told before a post fails for it."""

from __future__ import annotations

import ipaddress

from yarl import URL

from treadle.settings import Settings
from treadle_threads.media.guard import is_public

_LOCAL_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".example", ".invalid")


def unreachable_reason(settings: Settings) -> str | None:
    """Why files kept here cannot be fetched by Meta, and what to do; ``None`` when nothing speaks against it.

    Judged from ``TREADLE_PUBLIC_URL`` alone, without any request. Files in a bucket, and set-ups for the sandbox
    (``TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS``), are not judged.
    """
    if settings.media_store_url or settings.allow_private_media_hosts:
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
