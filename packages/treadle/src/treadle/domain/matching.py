"""Finding a post that went out without an answer among what the account has published. Pure.

A match needs the type, the time, the parent and the text; ids that were there before the send, and ids that belong to
another part, are never matches. ``PUBLISHED`` on the container says that it is live; a match only says which one it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LIST_FIELDS = "id,media_type,text,timestamp,permalink,replied_to,is_quote_post"
EARLY_S = 300.0  # clocks of two servers may differ by this much
EARLY_KNOWN_S = 86_400.0  # with the ids from before the send at hand, a clock that jumped must not hide the post
PROMPT_S = 60.0  # what went live longer after its send than this is rather somebody's equal post

# What a container of this kind is called once it is a post.
TYPES: Mapping[str, frozenset[str]] = {
    "TEXT": frozenset({"TEXT_POST", "TEXT"}),
    "IMAGE": frozenset({"IMAGE"}),
    "VIDEO": frozenset({"VIDEO"}),
    "CAROUSEL": frozenset({"CAROUSEL_ALBUM", "CAROUSEL"}),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part that is looked for. Times in epoch seconds; ``last_sent_at``: when its last send had ended, as far as it
    is known; ``parent`` is the id it replies to."""

    kind: str
    text: str
    parent: str | None
    first_sent_at: float
    last_sent_at: float | None = None


def find(
    items: Sequence[Mapping[str, Any]],
    wanted: Wanted,
    *,
    seen_before: Collection[str] | None,
    claimed: Collection[str],
) -> list[str]:
    """Ids that can be the wanted part, oldest first. ``seen_before``: ``None`` when the list could not be read then.

    An entry that does not say its type or its text cannot be told from the wanted one; see :func:`nameless`.
    """
    found = []
    for item, media_id, at in _new(items, wanted, seen_before, claimed):
        if item.get("media_type") not in TYPES.get(wanted.kind, frozenset()):
            continue
        if _plain(item.get("text")) != _plain(wanted.text) or not _may_hang_on(item, wanted.parent):
            continue
        found.append((at or 0.0, media_id))
    return [media_id for _, media_id in sorted(found)]


def which(
    items: Sequence[Mapping[str, Any]],
    wanted: Wanted,
    *,
    seen_before: Collection[str] | None,
    claimed: Collection[str],
    caught_up: bool,
) -> list[str]:
    """Ids that can be a part that is known to be live, the likeliest first: the oldest.

    When the list could not be read before the send, an equal post may have been there already, and clocks do not tell.
    Then an entry counts only once the lists have ``caught_up``, and the newest is the likeliest. Until then one counts
    in no case that is much younger than the send: the part itself may still be missing from the lists.
    """
    found = find(items, wanted, seen_before=seen_before, claimed=claimed)
    if caught_up:
        return found if seen_before is not None else found[::-1]
    if seen_before is None:
        return []
    return [media_id for media_id in found if in_time(items, [media_id], wanted, PROMPT_S)]


def in_time(items: Sequence[Mapping[str, Any]], found: Collection[str], wanted: Wanted, within_s: float) -> bool:
    """Whether the entries ``found`` are no younger than ``within_s`` after the last send, as far as is known."""
    if wanted.last_sent_at is None:
        return True
    times = [parse_time(item.get("timestamp")) for item in items if str(item.get("id") or "") in found]
    return all(at is None or at <= wanted.last_sent_at + within_s for at in times)


def nameless(
    items: Sequence[Mapping[str, Any]],
    wanted: Wanted,
    *,
    seen_before: Collection[str] | None,
    claimed: Collection[str],
) -> bool:
    """Whether an entry is too bare to say that it is not the wanted one: then nothing proves that it is absent."""
    for item, _, _ in _new(items, wanted, seen_before, claimed):
        text = item.get("text")
        text_fits = text is None or _plain(text) == _plain(wanted.text)
        if item.get("media_type") is None and text_fits and _may_hang_on(item, wanted.parent):
            return True
    return False


def _new(
    items: Sequence[Mapping[str, Any]],
    wanted: Wanted,
    seen_before: Collection[str] | None,
    claimed: Collection[str],
) -> Iterator[tuple[Mapping[str, Any], str, float | None]]:
    """Entries that may have come after the send, with their ids and times.

    What is older than an entry that was noted before the send was there before it too, however long the list; that is
    judged by Meta's own clock, so that ours may have jumped.
    """
    before = set(seen_before or ())
    dated = [(item, str(item.get("id") or ""), parse_time(item.get("timestamp"))) for item in items]
    noted = max((at for _, media_id, at in dated if at is not None and media_id in before), default=None)
    earliest = wanted.first_sent_at - (EARLY_S if seen_before is None else EARLY_KNOWN_S)
    for item, media_id, at in dated:
        if not media_id or media_id in before or media_id in claimed:
            continue
        if at is not None and (at < earliest or (noted is not None and at < noted)):
            continue
        yield item, media_id, at


def _may_hang_on(item: Mapping[str, Any], wanted: str | None) -> bool:
    parent = (item.get("replied_to") or {}).get("id") if isinstance(item.get("replied_to"), dict) else None
    return not (wanted and parent is not None and str(parent) != wanted)


def parse_time(value: Any) -> float | None:
    """Epoch seconds of Meta's ``2024-09-12T23:17:39+0000``, or of a number; ``None`` for anything else."""
    text = str(value)
    try:
        return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _plain(text: Any) -> str:
    """Text as it compares: one normal form, white space folded, since Meta trims what it shows."""
    return " ".join(unicodedata.normalize("NFC", str(text or "")).split())
