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
    if not isinstance(text, str):
        return ""
    # Every measure in use counts at least one for each code point, so this is "too long however it is counted".
    if len(text) > TEXT_LIMIT:
        found.say(path, "text_too_long", given=len(text), limit=TEXT_LIMIT, count=len(text))
    elif (size := len(text.encode("utf-8", "surrogatepass"))) > TEXT_LIMIT:
        counts = {mode: count_text(text, mode) for mode in COUNT_MODES}
        over = ", ".join(mode for mode, count in counts.items() if count > TEXT_LIMIT)
        found.say(path, "text_may_be_too_long", given=counts, limit=TEXT_LIMIT, count=len(text), size=size, over=over)
    return text


def check_links(found: Findings, path: str, text: str, attached: Sequence[str]) -> None:
    """At most five different links over the text and the attached ones; a bare ``www.`` address counts."""
    count = len(dict.fromkeys([*links(text), *attached]))
    if count > LINK_LIMIT:
        found.say(path, "too_many_links", given=count, limit=LINK_LIMIT, count=count)
    elif count > LINKS_SEEN_TO_WORK:
        found.say(path, "many_links", given=count, limit=LINK_LIMIT, count=count, safe=LINKS_SEEN_TO_WORK)


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
    what = {"rule": rule, "noun": option.noun}
    if bare != value:
        found.say(
            path,
            "words_mark",
            given=value,
            **{**what, "rule": f"{option.name}_hash"},
            mark=kind.mark,
            bare=bare[: kind.most],
        )
    if kind.least and not bare.strip():
        found.say(path, "words_empty", given=value, **what)
    if len(bare) > kind.most:
        found.say(path, "words_too_long", given=len(bare), limit=kind.most, count=len(bare), **what)
    for char in kind.without:
        if char in bare:
            found.say(path, "words_character", given=value, char=char, **what)
