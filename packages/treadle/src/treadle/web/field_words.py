"""Findings as Compose says them: in the words of its fields instead of the API's names, with the field each is about.

The API keeps its names, for programs; a person sees labels, and only labels can be found on the page. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from treadle.domain.options import EXTRA, TABLE
from treadle.web.draft_options import controls_of
from treadle_threads.options import Choice, LongText, OptionTable, Poll

# What is no option -> the label its field has on the page.
_LABELS: Mapping[str, str] = {
    "text": "Text",
    "media": "Pictures or video",
    "link_attachment_url": "Link at its end",
    "gif_id": "GIF",
    "plaintext": "Longer text",
    "text_with_styling_info": "Formatting",
    EXTRA: "Other parameters of Threads, not checked",
    "account_id": "Account",
    "publish_at": "Day and time",
    "zone": "Time zone",
    "max_lateness": "Send unasked up to (hours late)",
    "labels": "Labels",
    "metadata": "Metadata",
    "approval": "Wait for a yes before it goes",
}


@cache
def _labels(table: OptionTable) -> Mapping[str, str]:
    polls = (option.kind for option in table.values() if isinstance(option.kind, Poll))
    choices = {name: f"Choice {n}" for poll in polls for n, name in enumerate(poll.names, 1)}
    return {**_LABELS, **choices, **{name: option.label for name, option in table.items()}}


@cache
def _choice_rules(table: OptionTable) -> frozenset[str]:
    return frozenset(option.rule or option.name for option in table.values() if isinstance(option.kind, Choice))


def labels() -> Mapping[str, str]:
    """Parameter -> the label its field has on the page."""
    return _labels(TABLE)


# What the account was not granted, as one would say it.
GRANTS: Mapping[str, str] = {
    "threads_basic": "the right to read the profile",
    "threads_content_publish": "the right to publish",
    "threads_location_tagging": "the right to tag places",
    "threads_share_to_instagram": "the right to share to Instagram",
    "threads_read_replies": "the right to read replies",
    "threads_manage_replies": "the right to manage replies",
}
# Sentences that speak of a request, and what they are on a page. Longer ones first.
SENTENCES: tuple[tuple[str, str], ...] = (
    (
        "Upload the file (POST /v1/media) and send the id of the answer, or send its address as url.",
        "Add the file again.",
    ),
    (", or upload the file (POST /v1/media) and send its id.", ", or add the file itself."),
    ("Send the complete public address", "Write the complete public address"),
    ("Send the post's id as the Threads API gives it", "Write the post's id as the Threads API gives it"),
    (
        "Search the place (location_search of the Threads API) and send its id.",
        "Write the id that a search for places on Threads gives.",
    ),
    (
        "continue in replies, or put the long part into options.text_attachment (up to 10,000).",
        "continue in a further part, or put the long part into “A longer text” (up to 10,000).",
    ),
    ("spread them over replies", "spread them over further parts"),
    ("Send the text as plaintext.", "Write it, or take out its link and its formatting."),
    ("A text attachment needs its text.", "The longer text is empty."),
    ("A text attachment cannot go with a poll.", "A longer text cannot go with a poll."),
    ("or that of its text attachment", "or that of its longer text"),
    ("The attached text has", "The longer text has"),
    ("Send the GIF's id as gif_id.", "Write its address or its id at GIPHY."),
    ("Find the GIF at GIPHY and send provider GIPHY.", "Find it at GIPHY, and choose GIPHY."),
)
MESSAGES: Mapping[str, str] = {
    "not_a_time": "Choose a day and a time.",
    "no_time_of_day": "Choose a time of day too.",
    "unknown_zone": "There is no time zone with this name.",
}
WAYS_OUT: Mapping[str, str] = {
    "not_a_time": "",
    "no_time_of_day": "",
    "unknown_zone": "Choose one such as Europe/Berlin.",
    "doubled_time": "Choose below which one is meant.",
    "skipped_time": "Choose below which one is meant.",
    "duration": "Write hours, such as 24 or 1.5.",
}


@cache
def _names(table: OptionTable) -> re.Pattern[str]:
    names = sorted((name for name in _labels(table) if "_" in name), key=len, reverse=True)
    return re.compile(rf"(?:options\.)?(?<![\w/“])(?P<name>{'|'.join(names)})(?!\w)")


_GRANT = re.compile(r"\b(?:" + "|".join(GRANTS) + r")\b")
_WHOLE: Mapping[str, str] = {
    "account_id": "account_id", "publish_at": "at", "zone": "zone", "max_lateness": "lateness_h", "labels": "labels",
    "metadata": "metadata", "approval": "approval",
}  # fmt: skip


def in_words(finding: Mapping[str, Any]) -> dict[str, Any]:
    """The finding with its message and its way out in the words of the page."""
    said = dict(finding)
    if finding["rule"] == "wrong_type":  # its shape is a program's: a person only sees that the field does not read it
        return {**said, "message": "This is not what belongs here.", "way_out": "Empty the field, or fill it anew."}
    if finding["rule"] in MESSAGES:
        said["message"] = MESSAGES[finding["rule"]]
    if finding["rule"] in _choice_rules(TABLE):
        said["way_out"] = "Choose one of those in its list."
    if finding["rule"] in WAYS_OUT:
        said["way_out"] = WAYS_OUT[finding["rule"]]
    if finding["rule"] in ("doubled_time", "skipped_time"):  # both readings are offered to choose from
        said["message"] = re.sub(r"(comes twice|does not exist)[:;].*", r"\1.", str(said["message"]))
    for part in ("message", "way_out"):
        said[part] = plain(str(said.get(part) or ""))
    return said


def plain(text: str) -> str:
    """``text`` with labels in place of parameter names."""
    for asked, written in SENTENCES:
        text = text.replace(asked, written)
    text = _GRANT.sub(lambda found: GRANTS[found[0]], text)
    return _names(TABLE).sub(lambda found: f"“{labels()[found['name']]}”", text)


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
