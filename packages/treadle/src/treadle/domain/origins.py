"""Another origin for files that Meta could not fetch: copies kept here, the addresses they came from. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from treadle.domain.part_files import PreparedFile

# Where a part's files come from: as they were given at first, copies kept here, or as given because copies failed too.
Origin = Literal["given", "copies", "given again"]


def next_origin(
    origin: Origin, media_urls: Iterable[PreparedFile], *, reachable: bool, copied: bool = False
) -> Origin | None:
    """The origin of the next container's files after these could not be fetched; ``None``: it stays.

    ``reachable``: whether Meta can reach what is kept here. ``copied``: they are copies that were asked for, of files
    given as addresses. Each other origin is taken once.
    """
    if origin == "copies" or (origin == "given" and copied):
        return "given again"
    lies_elsewhere = any(not item.get("media_id") for item in media_urls)
    return "copies" if origin == "given" and reachable and lies_elsewhere else None
