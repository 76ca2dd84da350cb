"""Posts that say the same: what is remarked, what is not, and that the comparison agrees with the textbook's."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.likeness import Earlier, _within, likeness, most_alike

NOW = 1_800_000_000.0
LETTERS = st.text("abcä漢", max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Launch today!", "Launch today!!"),
        ("Launch today!", "launch  TODAY"),
        ("Launch today!", "Lunch today!"),
        ("Launch today!", "🚀 Launch today 🚀"),
        ("Launch today!", "Launch to\u200bday!"),
        ("Café opens at noon", unicodedata.normalize("NFD", "café opens at noon.")),
        ("Straße gesperrt heute", "STRASSE GESPERRT HEUTE"),
        ("recieve our newsletter", "receive our newsletter"),
        ("नमस्ते दुनिया आज", "नमस्ते दुनिया आज।"),
        ("🎉", " 🎉 "),
    ],
)
def test_nearly_the_same(one: str, other: str) -> None:
    assert likeness(one, other) == "nearly"
    assert likeness(other, one) == "nearly"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Day 1 of our tour", "Day 2 of our tour"),
        ("cat", "bat"),
        ("Monday", "Sunday"),
        ("", ""),
        (" ", "!"),
        ("🎉", "🚀"),
        ("We open at noon today", "We close at noon today"),
        ("only 9 left", "only 91 left"),
    ],
)
def test_another_post(one: str, other: str) -> None:
    assert likeness(one, other) is None


@given(LETTERS, LETTERS, st.integers(0, 2))
def test_the_band_agrees_with_the_whole_table(one: str, other: str, most: int) -> None:
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above = row
        row = [i]
        for j, against in enumerate(other, 1):
            row.append(min(above[j - 1] + (letter != against), above[j] + 1, row[j - 1] + 1))
    assert _within(one, other, most) == (row[-1] <= most)


@given(st.text(max_size=200), st.integers(0, 199), st.sampled_from("xyz"))
def test_a_text_is_like_itself_in_any_form_and_order(text: str, place: int, letter: str) -> None:
    for form in ("NFC", "NFD"):
        if text.strip():
            assert likeness(text, unicodedata.normalize(form, text)) is not None
    changed = text[:place] + letter + text[place + 1 :]
    assert likeness(text, changed) == likeness(changed, text)


def test_which_posts_count_and_which_is_named() -> None:
    def post(id_: str, state: str, ago: float, text: str = "Launch today!", *, sent: bool = False) -> Earlier:
        return Earlier(id_, state, NOW - ago, text, sent)

    far, near = post("far", "published", 7200.0), post("near", "publishing", 60.0)
    found = most_alike("Launch today!!", NOW, NOW, [far, near])
    assert found == (near, "nearly")
    day = 86_400.0
    later = NOW + 3 * day
    assert most_alike("launch today", later, NOW, [post("0", "blocked", 0.0)]) is None
    for counts, earlier in (
        (False, post("1", "published", day + 1)),
        (False, post("2", "canceled", 0)),
        (False, post("3", "failed", 0)),
        (True, post("4", "failed", 0, sent=True)),
        (True, post("5", "blocked", 5 * day)),
        (True, post("6", "scheduled", -3600.0)),
        (False, post("7", "scheduled", -day - 1)),
    ):
        assert (most_alike("launch today", NOW, NOW, [earlier]) is not None) == counts, earlier
