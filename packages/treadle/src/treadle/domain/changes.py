"""What an edit changed, in words for the timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from treadle.domain.options import EXTRA, TABLE

_OF_A_POST: Mapping[str, str] = {
    "account_id": "account",
    "publish_at": "time",
    "max_lateness": "how late it may be published",
    "labels": "labels",
    "metadata": "metadata",
}


def option_words(name: str) -> str:
    """What an option is called in a timeline."""
    return TABLE[name].noun if name in TABLE else "parameters not checked" if name == EXTRA else f"option {name}"


def what_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names of the fields that differ. Both hold the fields of a post's row, and ``parts``, the bodies of its parts."""
    found = [words for name, words in _OF_A_POST.items() if (before[name] or None) != (after[name] or None)]
    return list(dict.fromkeys([*found, *_parts(before["parts"], after["parts"])]))


def _parts(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    several = max(len(before), len(after)) > 1
    for place, (old, new) in enumerate(zip(before, after, strict=False)):
        where = f" of part {place + 1}" if several else ""
        for words in _part(old, new):
            yield words + where
    for place in range(len(before), len(after)):
        yield f"part {place + 1} added"
    for place in range(len(after), len(before)):
        yield f"part {place + 1} removed"


def _part(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in ("text", "media"):
        if (old.get(name) or None) != (new.get(name) or None):
            yield name
    options = (old.get("options") or {}), (new.get("options") or {})
    for name in sorted(options[0].keys() | options[1].keys()):
        if (options[0].get(name) or None) != (options[1].get(name) or None):
            yield option_words(name)
