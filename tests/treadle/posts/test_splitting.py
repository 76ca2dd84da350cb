"""Splitting a text into a thread."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.splitting import split_text
from treadle_threads.text import TEXT_LIMIT, count_text

WORDS = st.text(st.sampled_from("abcé漢👍🏽👩‍👩‍👧🇩🇪.!? \n\u0301"), max_size=1500)


@given(WORDS, st.booleans())
def test_every_piece_fits_and_nothing_but_space_is_lost(text: str, numbered: bool) -> None:
    pieces = split_text(text, numbered=numbered)
    assert all(count_text(piece) <= TEXT_LIMIT for piece in pieces)
    bare = [re.sub(r"\n\n\d+/\d+\Z", "", piece) for piece in pieces] if numbered and len(pieces) > 1 else pieces
    assert re.sub(r"\s", "", "".join(bare)) == re.sub(r"\s", "", text)


def test_it_is_cut_at_the_ends_of_sentences() -> None:
    sentences = [f"This is sentence number {n}, which is not very long." for n in range(30)]
    pieces = split_text(" ".join(sentences))
    assert len(pieces) > 2
    assert all(piece.endswith("long.") for piece in pieces)
    assert " ".join(pieces) == " ".join(sentences)


def test_a_closing_quotation_mark_stays_with_its_sentence() -> None:
    text = f"{'x' * 400} said “So it is.” {'y' * 300}"
    assert split_text(text)[0].endswith("is.”")


def test_numbers_are_added_only_if_chosen_and_never_to_one_piece() -> None:
    assert split_text("Short.", numbered=True) == ["Short."]
    numbered = split_text("A sentence. " * 100, numbered=True)
    assert [piece[-3:] for piece in numbered] == [f"{n}/{len(numbered)}" for n in range(1, len(numbered) + 1)]


def test_a_word_that_is_longer_than_a_post_is_cut() -> None:
    assert [len(piece) for piece in split_text("z" * 1200)] == [500, 500, 200]
