"""What the pages say of a finding: their own sentence for its code, or the usual one with labels among its arguments.

The API keeps its names, for programs; a person sees labels, and only labels can be found on the page. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from treadle.domain.findings import Finding, ParameterName, ParameterNames
from treadle.domain.sentences import SENTENCES


class Words(NamedTuple):
    """What a page says in place of a finding's message and of its way out; ``None``: the usual sentence."""

    message: str | None
    way_out: str | None


_WHEN = Words("Choose a date and time.", "")
_ZONE = Words("There is no time zone with this name.", "Choose one like America/New_York.")
_SPREAD = Words(None, "Remove some, or spread them over more parts.")
_ADDRESS = "Enter the complete public URL, such as https://example.com/picture.jpg"

WORDS: Mapping[str, Words] = {
    # Its shape is a program's: a person only sees that the field does not take it.
    "wrong_type": Words("This value doesn't fit this field.", "Clear the field, or enter it again."),
    "account_required": Words("No account is chosen.", "Choose the account that publishes this."),
    "known_account": Words(None, "Choose another account, or reconnect it."),
    "known_media": Words(None, "Add the file again."),
    "media_id": Words(None, "Add the file again."),
    "media_url": Words(None, f"{_ADDRESS}, or add the file itself."),
    "link_url": Words(None, f"{_ADDRESS}."),
    "url_and_id": Words("This is both a file and a URL. Use one of them.", "Add it again."),
    "neither_url_nor_id": Words("There is no file and no URL.", "Add the file, or enter its URL."),
    "text_too_long": Words(
        None, "Shorten it, split it into a thread, or move the rest into “A longer text” (up to 10,000)."
    ),
    "too_many_media": _SPREAD,
    "too_many_links": _SPREAD,
    "empty_time": _WHEN,
    "not_a_time": _WHEN,
    "no_such_time": _WHEN,
    "no_time_of_day": Words("Choose a time.", ""),
    "unknown_zone": _ZONE,
    "unknown_zone_beside": _ZONE,
    # Both readings are offered to choose from.
    "doubled_time": Words(
        "The clocks in {zone} go back then, so this time happens twice.", "Choose below which one you mean."
    ),
    "skipped_time": Words(
        "The clocks in {zone} go forward then, so this time doesn't exist.", "Choose below which one you mean."
    ),
    "duration": Words(None, "Enter hours, such as 24 or 1.5."),
    # options
    "not_a_choice": Words(None, "Choose one from the list."),
    "not_an_id": Words(None, "Enter the id that Threads gives it."),
    "empty_post_id": Words(None, "Enter the URL or the id of the post, or clear the field."),
    "id_as_number": Words(None, ""),
    "gif_id": Words(None, "Enter its URL or its id on GIPHY."),
    "gif_provider": Words(None, "Find it on GIPHY, and choose GIPHY."),
    "gif_tenor": Words(None, "Find it on GIPHY, and choose GIPHY."),
    "text_attachment_empty": Words("The longer text is empty.", "Write it, or remove its link and formatting."),
    "text_attachment_too_long": Words("The longer text has {count} characters; Threads allows {limit}.", None),
    "one_link_attachment": Words("A post can have one attached link: its own, or that of its longer text.", None),
    "poll_gap": Words("Fill in the choices of a poll in order, without a gap.", None),
    "unknown_option": Words(None, "Leave it out."),
}
# Of two options that exclude each other, by the rule.
CLASHES: Mapping[str, Words] = {
    "ghost_reply": Words(None, "Leave out the reply, or the ghost post."),
    "ghost_approvals": Words(None, "Leave out the approval of replies, or the ghost post."),
    "poll_or_text_attachment": Words("A longer text can't be combined with a poll.", None),
}
# What the account was not granted, as one would say it.
GRANTS: Mapping[str, str] = {
    "threads_basic": "permission to read the profile",
    "threads_content_publish": "permission to publish",
    "threads_location_tagging": "permission to tag places",
    "threads_share_to_instagram": "permission to share to Instagram",
    "threads_read_replies": "permission to read replies",
    "threads_manage_replies": "permission to manage replies",
}


def words_of(found: Finding, label: Callable[[str], str]) -> tuple[str, str]:
    """Message and way out on a page. ``label``: what the page calls a parameter."""
    words = CLASHES.get(found.rule) if found.code == "clash" else WORDS.get(found.code)
    sentence, own = SENTENCES[found.code], words or Words(None, None)
    args = {name: _shown(value, label) for name, value in found.args.items()}
    quoted = [f"'{{{name}}}'" for name, value in found.args.items() if isinstance(value, ParameterName)]

    def rendered(template: str) -> str:
        for place in quoted:  # a label has quotation marks of its own
            template = template.replace(place, place.strip("'"))
        return template.format_map(args)

    return (
        rendered(sentence.message if own.message is None else own.message),
        rendered(sentence.way_out if own.way_out is None else own.way_out),
    )


def _shown(value: Any, label: Callable[[str], str]) -> Any:
    if isinstance(value, ParameterName):
        return f"“{label(value)}”"
    if isinstance(value, ParameterNames):
        return value.between.join(f"“{label(name)}”" for name in value)
    return GRANTS.get(value, value) if isinstance(value, str) else value
