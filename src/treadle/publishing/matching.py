"""Finding a post that went out without an answer among what the account has published. Pure.

A match needs the type, the time, the parent and the text; ids that were there before the send, and ids that belong to
another part, are never matches. ``PUBLISHED`` on the container says that it is live; a match only says which one it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LIST_FIELDS = "id,media_type,text,timestamp,permalink,replied_to,is_quote_post"
EARLY_S = 300.0  # clocks of two houses may differ by this much
EARLY_KNOWN_S = 86_400.0  # with the ids from before the send at hand, a clock that jumped must not hide the post

# What a container of this kind is called once it is a post.
TYPES: Mapping[str, frozenset[str]] = {
    "TEXT": frozenset({"TEXT_POST", "TEXT"}),
    "IMAGE": frozenset({"IMAGE"}),
    "VIDEO": frozenset({"VIDEO"}),
    "CAROUSEL": frozenset({"CAROUSEL_ALBUM", "CAROUSEL"}),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part that is looked for. ``first_sent_at`` in epoch seconds; ``parent`` is the id it replies to."""

    kind: str
    text: str
    parent: str | None
    first_sent_at: float


def find(
    items: Iterable[Mapping[str, Any]],
    wanted: Wanted,
    *,
    seen_before: Collection[str] | None,
    claimed: Collection[str],
) -> list[str]:
    """Ids that can be the wanted part, oldest first. ``seen_before``: ``None`` when the list could not be read then."""
    found = []
    earliest = wanted.first_sent_at - (EARLY_S if seen_before is None else EARLY_KNOWN_S)
    for item in items:
        media_id = str(item.get("id") or "")
        if not media_id or media_id in (seen_before or ()) or media_id in claimed:
            continue
        if item.get("media_type") not in TYPES.get(wanted.kind, frozenset()):
            continue
        if _plain(item.get("text")) != _plain(wanted.text):
            continue
        parent = (item.get("replied_to") or {}).get("id") if isinstance(item.get("replied_to"), dict) else None
        if wanted.parent and parent is not None and str(parent) != wanted.parent:
            continue
        at = parse_time(item.get("timestamp"))
        if at is not None and at < earliest:
            continue
        found.append((at or 0.0, media_id))
    return [media_id for _, media_id in sorted(found)]


def parse_time(value: Any) -> float | None:
    """Epoch seconds of Meta's ``2024-09-12T23:17:39+0000``; ``None`` for anything else."""
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None


def _plain(text: Any) -> str:
    """Text as it compares: one normal form, white space folded, since Meta trims what it shows."""
    return " ".join(unicodedata.normalize("NFC", str(text or "")).split())
