"""Findings as Compose says them: in the words of its fields instead of the API's names, with the field each is about.

The API keeps its names, for programs; a person sees labels, and only labels can be found on the page. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from treadle.domain.findings import Finding
from treadle.domain.options import EXTRA, TABLE
from treadle.web.draft_options import controls_of
from treadle.web.finding_words import words_of
from treadle_threads.options import LongText, OptionTable, Poll

# What is no option -> the label its field has on the page.
_LABELS: Mapping[str, str] = {
    "text": "Text",
    "media": "Images and videos",
    "link_attachment_url": "Link at the end",
    "gif_id": "GIF",
    "plaintext": "Longer text",
    "text_with_styling_info": "Formatting",
    EXTRA: "Other Threads parameters (not checked)",
    "account_id": "Account",
    "publish_at": "Date and time",
    "zone": "Time zone",
    "max_lateness": "Publish if late by up to (hours)",
    "labels": "Labels",
    "metadata": "Metadata",
    "approval": "Require approval",
}


@cache
def _labels(table: OptionTable) -> Mapping[str, str]:
    polls = (option.kind for option in table.values() if isinstance(option.kind, Poll))
    choices = {name: f"Choice {n}" for poll in polls for n, name in enumerate(poll.names, 1)}
    return {**_LABELS, **choices, **{name: option.label for name, option in table.items()}}


def labels() -> Mapping[str, str]:
    """Parameter -> the label its field has on the page."""
    return _labels(TABLE)


_WHOLE: Mapping[str, str] = {
    "account_id": "account_id", "publish_at": "at", "zone": "zone", "max_lateness": "lateness_h", "labels": "labels",
    "metadata": "metadata", "approval": "approval",
}  # fmt: skip


def in_words(finding: Finding) -> dict[str, Any]:
    """The finding as JSON, with its message and its way out in the words of the page."""
    shown = finding.to_json()
    if not finding.code:  # the page made it, in words of its own
        return shown
    message, way_out = words_of(finding, lambda name: labels().get(name, name))
    return {**shown, "message": message, "way_out": way_out}


def control_of(path: str) -> str:
    """The id of the field that a finding at ``path`` (as in a request) is about; empty when it is about none."""
    part, path = part_of(path)
    names = re.findall(r"[A-Za-z_]+", path)
    if not names:
        return f"part-{part}-text" if part else ""
    if names[0] in _WHOLE and not part:
        return _WHOLE[names[0]]
    if names[0] == "media":
        return f"part-{part}-media"
    if names[0] != "options" or len(names) == 1:
        return f"part-{part}-text" if names[0] in ("text", "options") else ""
    option, inner = names[1], names[2] if len(names) > 2 else ""
    known = TABLE.get(option)
    if option == EXTRA:
        return f"part-{part}-{EXTRA}"
    if known is None or (part and known.not_further):  # a further part has no field for it
        return f"part-{part}-text"
    controls = controls_of(known)
    if isinstance(known.kind, Poll) and inner in known.kind.names:
        return f"part-{part}-{controls[known.kind.names.index(inner)]}"
    if isinstance(known.kind, LongText) and inner in known.kind.names:
        return f"part-{part}-{controls[known.kind.names.index(inner)]}"
    return f"part-{part}-{controls[0]}"


def label_of(path: str, parts: int) -> str:
    """What the field at ``path`` is called, with its part when there are several: ``Part 2, Poll``."""
    part, inner = part_of(path)
    names = re.findall(r"[A-Za-z_]+", inner)
    name = names[1] if len(names) > 1 and names[0] == "options" else names[0] if names else "text"
    label = labels().get(name, _LABELS["text"])
    return label if parts < 2 or name in _WHOLE else f"Part {part + 1}, {label}"


def part_of(path: str) -> tuple[int, str]:
    """(part, path inside it) of a path into a request."""
    found = re.match(r"replies\[(\d{1,6})\]\.?", path)
    return (int(found[1]) + 1, path[found.end() :]) if found else (0, path)
