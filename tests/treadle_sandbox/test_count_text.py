"""How long a text is, and what links and tags are in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_threads.text import COUNT_MODES, count_text, is_emoji, links, topic_tag


@pytest.mark.parametrize(
    ("text", "docs", "size", "points", "units"),
    [
        ("abc", 3, 3, 3, 3),
        ("漢字", 2, 6, 2, 2),
        ("it’s", 4, 6, 4, 4),
        ("🚀", 4, 4, 1, 2),
        ("a🚀b", 6, 6, 3, 4),
        ("👩‍👩‍👧", 18, 18, 5, 8),  # one picture of three people joined
        ("🇩🇰", 8, 8, 2, 4),  # a flag is two letters
        ("1️⃣", 7, 7, 3, 3),  # a keycap
        ("❤️", 6, 6, 2, 2),
        ("❤", 1, 3, 1, 1),  # without the selector it is text
        ("©2026", 5, 6, 5, 5),
        ("👍🏽", 8, 8, 2, 4),
        ("e\u0301", 2, 3, 2, 2),
        ("", 0, 0, 0, 0),
    ],
)
def test_counts(text: str, docs: int, size: int, points: int, units: int) -> None:
    assert [count_text(text, mode) for mode in ("docs", "bytes", "codepoints", "utf16")] == [docs, size, points, units]


@given(st.text(st.characters(exclude_categories=())))
def test_docs_lies_between_code_points_and_bytes(text: str) -> None:
    assert count_text(text, "codepoints") <= count_text(text, "docs") <= count_text(text, "bytes")
    assert all(count_text(text, mode) >= 0 for mode in COUNT_MODES)


@given(st.text(), st.text(st.characters(max_codepoint=127, exclude_categories=["Cc"])))
def test_plain_letters_add_their_number(text: str, ascii_tail: str) -> None:
    if not ascii_tail or ascii_tail[0] in "0123456789#*":  # those can become keycaps
        return
    joined = text + " " + ascii_tail
    assert count_text(joined) == count_text(text + " ") + len(ascii_tail)


def test_digits_are_no_emoji() -> None:
    assert not any(is_emoji(char) for char in "0123456789#*©®")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.com/a, and https://example.com/a!", ["https://example.com/a"]),
        ("www.example.com counts", ["www.example.com"]),
        ("mail me@www.example.com", []),
        ("(https://en.wikipedia.org/wiki/Loom_(weaving))", ["https://en.wikipedia.org/wiki/Loom_(weaving)"]),
        ("http://a.example https://a.example", ["http://a.example", "https://a.example"]),
        ("example.com without anything", []),
        ("https:// is none", []),
    ],
)
def test_links(text: str, found: list[str]) -> None:
    assert links(text) == found


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("#weaving is", "weaving"),
        ("a #b.c", "b"),
        ("#2026 #loom", "loom"),
        ("#" + "x" * 51 + " #ok", "ok"),
        ("# nothing", None),
        ("no tag", None),
        ("#Ünïcode!", "Ünïcode"),
    ],
)
def test_topic_tag(text: str, tag: str | None) -> None:
    assert topic_tag(text) == tag


PIECES = [
    "#",
    "#loom",
    "http://a.example",
    "https://b.example/x?y=1",
    "www.c.example",
    " ",
    ".",
    ",",
    ")",
    "\u200d",
    "x" * 60,
]


@given(st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map("".join))
def test_finding_never_raises(text: str) -> None:
    assert len(set(links(text))) == len(links(text))
    assert all(link in text for link in links(text))
    tag = topic_tag(text)
    assert tag is None or 1 <= len(tag) <= 50
