"""Counting: a cheaper way to read clusters and links gives what the plain way gives."""

from __future__ import annotations

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_threads.text import _CLUSTER, _TRAILING, _trim

PIECES = st.sampled_from(
    [
    "\U0001f1e9", "\U0001f1ea", "a", "\u200d", "\ufe0f", "\u0301", "\u0903", "\u0600", "\U0001f468", "\U0001f3fd",
    "\r", "\n", "\u1100", "\u1161", "\u20e3", "#", "क", "्",
]
)  # fmt: skip


@given(text=st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=500, deadline=None)
def test_clusters_are_those_of_unicode(text: str) -> None:
    assert _CLUSTER.findall(text) == regex.findall(r"\X", text)


@given(link=st.text("ab/()" + _TRAILING, max_size=20))
@settings(max_examples=500, deadline=None)
def test_a_link_ends_before_the_punctuation_around_it(link: str) -> None:
    plain = link
    while plain and plain[-1] in _TRAILING:
        if plain[-1] == ")" and plain.count("(") >= plain.count(")"):
            break
        plain = plain[:-1]
    assert _trim(link) == plain
