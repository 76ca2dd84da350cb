"""A post is recognized among the account's posts, and no other is ever taken for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.matching import EARLY_S, PROMPT_S, Wanted, find, in_time, nameless, parse_time, which

SENT = 1_800_000_000.0


def item(media_id: str, **changes: Any) -> dict[str, Any]:
    at = changes.pop("at", SENT + 1)
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": media_id, "media_type": "TEXT_POST", "text": "Hello", "timestamp": stamp, **changes}


def wanted(**changes: Any) -> Wanted:
    return Wanted(**{"kind": "TEXT", "text": "Hello", "parent": None, "first_sent_at": SENT, **changes})


def look(items: list[dict[str, Any]], **changes: Any) -> list[str]:
    seen = changes.pop("seen_before", None)
    claimed = changes.pop("claimed", ())
    return find(items, wanted(**changes), seen_before=seen, claimed=claimed)


def test_the_post_is_found_by_type_time_and_text() -> None:
    items = [item("1", text="Other"), item("2", media_type="IMAGE"), item("3", at=SENT - 3600), item("4")]
    assert look(items) == ["4"]


def test_ids_seen_before_or_claimed_are_never_matches() -> None:
    items = [item("1"), item("2"), item("3")]
    assert look(items, seen_before=["1"], claimed={"2"}) == ["3"]


def test_white_space_and_normal_forms_do_not_matter() -> None:
    assert look([item("1", text="Caf\u00e9\n is  open")], text=" Cafe\u0301 is open ") == ["1"]


def test_a_reply_needs_its_parent() -> None:
    items = [item("1", replied_to={"id": "77"}), item("2", replied_to={"id": "88"})]
    assert look(items, parent="88") == ["2"]


def test_without_a_text_only_a_post_without_text_matches() -> None:
    assert look([item("1"), item("2", text=None), {**item("3"), "text": ""}], text="") == ["2", "3"]


def test_with_the_ids_from_before_a_jumped_clock_hides_nothing() -> None:
    early = item("1", at=SENT - 3 * 3600)
    assert look([early], seen_before=["0"]) == ["1"]
    assert look([early]) == []


def test_what_is_older_than_a_noted_post_was_there_before() -> None:
    items = [item("9", at=SENT - 60, text="Other"), item("1", at=SENT - 3600)]
    assert look(items, seen_before=["9"]) == []  # the same words, hours ago, beyond what was noted
    assert look(items, seen_before=["8"]) == ["1"]
    noted_longer_ago = item("8", at=SENT - 7200, text="Other")
    assert look([*items, noted_longer_ago], seen_before=["8", "9"]) == []


def test_an_entry_that_says_too_little_is_no_match_and_no_proof_of_absence() -> None:
    bare = item("1")
    del bare["media_type"]
    assert look([bare], seen_before=[]) == []
    assert nameless([bare], wanted(), seen_before=[], claimed=())
    assert nameless([{"id": "2"}], wanted(), seen_before=[], claimed=())
    assert not nameless([bare], wanted(), seen_before=["1"], claimed=())
    assert not nameless([{**bare, "text": "Other"}], wanted(), seen_before=[], claimed=())
    assert not nameless([item("1", text="Other")], wanted(), seen_before=[], claimed=())


def test_equal_posts_come_oldest_first_whatever_their_ids_and_their_places() -> None:
    older, younger = item("9", at=SENT + 10), item("1", at=SENT + 20)
    assert look([older, younger]) == look([younger, older]) == ["9", "1"]


def test_of_a_part_that_is_live_a_much_younger_post_is_named_only_once_the_lists_have_caught_up() -> None:
    """Somebody posts the same by hand while the lists do not show ours yet."""
    ours, by_hand = item("7", at=SENT + 5), item("2", at=SENT + 10 + PROMPT_S + 1)
    sought = wanted(last_sent_at=SENT + 10)

    def named(items: list[dict[str, Any]], *, caught_up: bool, seen: list[str] | None) -> list[str]:
        return which(items, sought, seen_before=seen, claimed=(), caught_up=caught_up)

    assert named([by_hand], caught_up=False, seen=[]) == []
    assert named([by_hand, ours], caught_up=False, seen=[]) == ["7"]
    assert named([by_hand, ours], caught_up=True, seen=[]) == ["7", "2"]
    assert named([by_hand, ours], caught_up=False, seen=None) == []
    assert named([by_hand, ours], caught_up=True, seen=None) == ["2", "7"]


def test_what_is_too_young_for_a_send_is_told_as_far_as_times_are_known() -> None:
    items = [item("1", at=SENT + 700), {**item("2"), "timestamp": None}]
    assert not in_time(items, ["1"], wanted(last_sent_at=SENT), 600.0)
    assert in_time(items, ["1"], wanted(last_sent_at=SENT), 700.0)
    assert in_time(items, ["2"], wanted(last_sent_at=SENT), 600.0)
    assert in_time(items, ["1"], wanted(), 600.0)


def test_times_are_read_or_not() -> None:
    assert parse_time("2024-09-12T23:17:39+0000") == datetime(2024, 9, 12, 23, 17, 39, tzinfo=UTC).timestamp()
    assert parse_time("2024-09-12T23:17:39Z") == parse_time("2024-09-12T23:17:39+00:00") == parse_time(1726183059)
    assert parse_time("soon") is None
    assert parse_time(None) is None


ITEMS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.integers(1, 30).map(str) | st.none() | st.integers(1, 30),
            "media_type": st.sampled_from(["TEXT_POST", "IMAGE", "VIDEO", "CAROUSEL_ALBUM", "REPOST_FACADE"])
            | st.none(),
            "text": st.sampled_from(["Hello", " Hello ", "hello", ""]) | st.none() | st.integers(),
            "timestamp": st.sampled_from(["2027-01-15T08:00:01+0000", "2020-01-01T00:00:00+0000", "x"]) | st.none(),
            "replied_to": st.none() | st.just("7") | st.fixed_dictionaries({"id": st.sampled_from(["7", "8", 7])}),
        },
    ),
    max_size=12,
)
IDS = st.sets(st.integers(1, 30).map(str), max_size=8)


@given(ITEMS, IDS, IDS, st.sampled_from([None, "7"]))
def test_whatever_the_list_says_a_match_is_new_unclaimed_and_alike(
    items: list[dict[str, Any]], seen: set[str], claimed: set[str], parent: str | None
) -> None:
    found = look(items, seen_before=seen, claimed=claimed, parent=parent)
    assert not set(found) & (seen | claimed)
    for media_id in found:
        alike = [i for i in items if str(i.get("id")) == media_id]
        assert any(i.get("media_type") == "TEXT_POST" and str(i.get("text")).strip() == "Hello" for i in alike)
        assert not any(
            (at := parse_time(i.get("timestamp"))) is not None and at < SENT - 86_400.0
            for i in alike
            if len(alike) == 1
        )


@given(ITEMS, st.integers(0, 11))
def test_the_true_post_is_found_among_anything(items: list[dict[str, Any]], place: int) -> None:
    items.insert(min(place, len(items)), item("999", at=SENT + EARLY_S))
    assert "999" in look(items)
