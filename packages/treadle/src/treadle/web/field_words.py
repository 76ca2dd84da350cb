"""Findings as Compose says them: in the words of its fields instead of the API's names, with the field each is about.

The API keeps its names, for programs; a person sees labels, and only labels can be found on the page. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Parameter -> the label its field has on the page.
LABELS: Mapping[str, str] = {
    "text": "Text",
    "media": "Pictures or video",
    "topic_tag": "Topic",
    "text_entities": "Spoilers",
    "link_attachment": "Link shown as a card",
    "link_attachment_url": "Link at its end",
    "quote_post_id": "Quote the post with this id",
    "gif_attachment": "GIF",
    "gif_id": "GIF",
    "poll_attachment": "Poll",
    "option_a": "Choice 1",
    "option_b": "Choice 2",
    "option_c": "Choice 3",
    "option_d": "Choice 4",
    "text_attachment": "A longer text",
    "plaintext": "Longer text",
    "text_with_styling_info": "Formatting",
    "reply_control": "Who may reply",
    "enable_reply_approvals": "Approve replies first",
    "reply_to_id": "Reply to the post with this id",
    "allowlisted_country_codes": "Only in these countries",
    "is_ghost_post": "Ghost post",
    "location_id": "Place",
    "crossreshare_to_ig": "Share to the Instagram story too",
    "crossreshare_to_ig_dark_mode": "The story in dark colours",
    "is_spoiler_media": "Hide the media as a spoiler",
    "on_too_long": "If a video is too long",
    "copy_media": "Keep a copy of linked media here",
    "alt_text": "Description for those who cannot see it",
    "account_id": "Account",
    "publish_at": "Day and time",
    "zone": "Time zone",
    "max_lateness": "Send unasked up to (hours late)",
    "labels": "Labels",
    "metadata": "Metadata",
    "approval": "Wait for a yes before it goes",
}
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
    ("Hide text with text_entities.", "Words of the text are hidden under “Spoilers”."),
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
    "reply_control": "Choose who may reply.",
    "on_too_long": "Choose what happens to a video that is too long.",
    "duration": "Write hours, such as 24 or 1.5.",
}
_NAME = re.compile(
    r"(?:options\.)?(?<![\w/“])(?P<name>" + "|".join(sorted((n for n in LABELS if "_" in n), key=len, reverse=True))
    + r")(?!\w)"
)  # fmt: skip
_GRANT = re.compile(r"\b(?:" + "|".join(GRANTS) + r")\b")
# Places whose field has another id than the place: what is made of several fields, or has a name of its own.
_CONTROLS: Mapping[str, str] = {
    "text_entities": "spoilers",
    "poll_attachment": "poll-option_a",
    "gif_attachment": "gif",
    "text_attachment": "long_text",
    "allowlisted_country_codes": "countries",
}
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
    return _NAME.sub(lambda found: f"“{LABELS[found['name']]}”", text)


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
    if option == "poll_attachment" and inner.startswith("option_"):
        return f"part-{part}-poll-{inner}"
    if option == "text_attachment" and inner in ("link_attachment_url", "text_with_styling_info"):
        return f"part-{part}-{'long_link' if inner == 'link_attachment_url' else 'long_styles'}"
    if option not in LABELS or (option == "reply_to_id" and part):  # a further part has no field for it
        return f"part-{part}-text"
    return f"part-{part}-{_CONTROLS.get(option, option)}"


def label_of(path: str, parts: int) -> str:
    """What the field at ``path`` is called, with its part when there are several: ``Part 2, Poll``."""
    part, inner = part_of(path)
    names = re.findall(r"[A-Za-z_]+", inner)
    name = names[1] if len(names) > 1 and names[0] == "options" else names[0] if names else "text"
    label = LABELS.get(name, LABELS["text"])
    return label if parts < 2 or name in _WHOLE else f"Part {part + 1}, {label}"


def part_of(path: str) -> tuple[int, str]:
    """(part, path inside it) of a path into a request."""
    found = re.match(r"replies\[(\d{1,6})\]\.?", path)
    return (int(found[1]) + 1, path[found.end() :]) if found else (0, path)
