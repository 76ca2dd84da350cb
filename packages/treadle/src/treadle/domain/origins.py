"""Another origin for files that Meta could not fetch: a copy kept here instead of the address that was given. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def may_copy(media_urls: Iterable[Mapping[str, Any]], *, reachable: bool, copied: bool) -> bool:
    """Whether the next container takes copies: some file still lies elsewhere, Meta can reach what is kept here
    (``reachable``), and copies were not made before (``copied``)."""
    return reachable and not copied and any(not item.get("media_id") for item in media_urls)
