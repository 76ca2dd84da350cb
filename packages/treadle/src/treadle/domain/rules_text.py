"""The rules of texts: of a part's own, its links, and the texts of options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from treadle.domain.collecting import Findings
from treadle_threads.options import Option, Text
from treadle_threads.text import COUNT_MODES, LINK_LIMIT, TEXT_LIMIT, count_text, links

LINKS_SEEN_TO_WORK = 3  # posts with four links were refused in February 2026, though five are documented


def check_text(found: Findings, path: str, text: Any) -> str:
    """The text, empty when there is none that can be read."""
    if text is None:
        return ""
    if not isinstance(text, str):
        found.wrong_type(path, text, "text")
        return ""
    # Every measure in use counts at least one for each code point, so this is "too long however it is counted".
    if len(text) > TEXT_LIMIT:
        found.add(
            path,
            "text_too_long",
            f"The text has {len(text)} characters; Threads takes {TEXT_LIMIT}.",
            "Shorten it, continue in replies, or put the long part into options.text_attachment (up to 10,000).",
            given=len(text),
            limit=TEXT_LIMIT,
        )
    elif (size := len(text.encode("utf-8", "surrogatepass"))) > TEXT_LIMIT:
        counts = {mode: count_text(text, mode) for mode in COUNT_MODES}
        over = [mode for mode, count in counts.items() if count > TEXT_LIMIT]
        found.warn(
            path,
            "text_may_be_too_long",
            f"The text has {len(text)} characters and {size} bytes. Threads takes {TEXT_LIMIT}, and does not always "
            "count the same way: letters beyond ASCII and emoji may count as several (over the limit when it counts "
            f"by {', '.join(over)}).",
            "To be safe, shorten it to 500 bytes.",
            given=counts,
            limit=TEXT_LIMIT,
        )
    return text


def check_links(found: Findings, path: str, text: str, attached: Sequence[str]) -> None:
    """At most five different links over the text and the attached ones; a bare ``www.`` address counts."""
    unique = list(dict.fromkeys([*links(text), *attached]))
    if len(unique) > LINK_LIMIT:
        found.add(
            path,
            "too_many_links",
            f"There are {len(unique)} different links; Threads takes {LINK_LIMIT} in one post.",
            "Leave some out, or spread them over replies.",
            given=len(unique),
            limit=LINK_LIMIT,
        )
    elif len(unique) > LINKS_SEEN_TO_WORK:
        found.warn(
            path,
            "many_links",
            f"There are {len(unique)} different links. The limit is {LINK_LIMIT}, but posts with four were refused.",
            f"To be safe, keep to {LINKS_SEEN_TO_WORK} links.",
            given=len(unique),
            limit=LINK_LIMIT,
        )


def check_words(found: Findings, path: str, value: Any, option: Option) -> None:
    """The text of an option against the limits of its kind.

    Where it is not documented which characters count, only what no measure allows is refused.
    """
    kind, rule = option.kind, option.rule or option.name
    assert isinstance(kind, Text), option.name
    if not isinstance(value, str):
        found.wrong_type(path, value, "text")
        return
    bare = value.lstrip(kind.mark) if kind.mark else value
    if bare != value:
        found.warn(
            path,
            f"{option.name}_hash",
            f"The {option.noun} is written without the leading {kind.mark}.",
            f"Write '{bare[: kind.most]}'.",
            given=value,
        )
    if kind.least and not bare.strip():
        found.add(path, rule, f"The {option.noun} is empty.", "Write one, or leave it out.", given=value)
    if len(bare) > kind.most:
        found.add(
            path,
            rule,
            f"The {option.noun} has {len(bare)} characters; Threads takes {kind.most}.",
            "Shorten it.",
            given=len(bare),
            limit=kind.most,
        )
    for char in kind.without:
        if char in bare:
            found.add(
                path, rule, f"The {option.noun} cannot contain '{char}'.", f"Leave the '{char}' out.", given=value
            )
