"""One rule decides whether a container may be replaced: its table row by row, and what must never follow from it."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import treadle
from tests.treadle.engine.views import part as part_view
from treadle.domain.progress import Content, PartProgress
from treadle.domain.replacing import (
    Evidence,
    Sent,
    as_sent,
    may_replace_container,
    restored,
    sent_of,
    without_container,
)

NOW, SETTLE = 1_800_000_000.0, 600.0
CLEAR = Sent(written=True, all_clear=True, last_at=NOW - 60, made_at=NOW - 90)
SETTLED = replace(CLEAR, last_at=NOW - SETTLE)
UNCLEAR = replace(SETTLED, all_clear=False)
OLD = replace(UNCLEAR, last_at=NOW - 26.5 * 3600, made_at=NOW - 26.6 * 3600)
NEVER = Sent(written=False, all_clear=True, last_at=None, made_at=NOW - 90)


def seen(container: Any, lists: Any = "no match", **more: Any) -> Evidence:
    return Evidence(NOW, SETTLE, container, lists, **more)


ONE = {"candidates": 1}
# (what was sent, what was seen, decision when the caller would send again, when it would replace)
TABLE = [
    # PUBLISHED: it is live
    (CLEAR, seen("PUBLISHED"), "live", "live"),
    (UNCLEAR, seen("PUBLISHED", "unreadable"), "live", "live"),
    (NEVER, seen("PUBLISHED"), "live", "live"),
    (UNCLEAR, seen("PUBLISHED", confirmed_absent=True), "live", "live"),
    # any other status, and a match
    (CLEAR, seen("FINISHED", "match", **ONE), "keep looking", "keep looking"),
    (SETTLED, seen("FINISHED", "match", **ONE), "live", "live"),
    (SETTLED, seen("FINISHED", "match", noted=False, **ONE), "keep looking", "keep looking"),
    (SETTLED, seen("FINISHED", "match", candidates=2), "keep looking", "keep looking"),
    (SETTLED, seen("FINISHED", "match", candidates=1, rivals=1), "keep looking", "keep looking"),
    (CLEAR, seen("ERROR", "match", **ONE), "keep looking", "keep looking"),
    (CLEAR, seen("EXPIRED", "match", **ONE), "keep looking", "keep looking"),
    (UNCLEAR, seen("unreadable", "match", **ONE), "live", "live"),
    # ... which somebody may have posted by hand before the lists were read, or long after the last send
    (UNCLEAR, seen("unreadable", "match", noted=False, **ONE), "keep looking", "keep looking"),
    (UNCLEAR, seen("unreadable", "match", in_time=False, **ONE), "keep looking", "keep looking"),
    (UNCLEAR, seen("FINISHED", "match", in_time=False, **ONE), "keep looking", "keep looking"),
    (UNCLEAR, seen("EXPIRED", "match", **ONE), "live", "live"),
    (UNCLEAR, seen("EXPIRED", "match", noted=False, **ONE), "ask a person", "ask a person"),
    (UNCLEAR, seen("ERROR", "match", in_time=False, **ONE), "ask a person", "ask a person"),
    (SETTLED, seen("ERROR", "match", candidates=2), "ask a person", "ask a person"),
    (UNCLEAR, seen("EXPIRED", "match", noted=False, rivals=1, **ONE), "keep looking", "keep looking"),
    (CLEAR, seen("EXPIRED", "match", noted=False, **ONE), "keep looking", "keep looking"),
    (OLD, seen("unreadable", "match", noted=False, **ONE), "ask a person", "ask a person"),
    (OLD, seen("unreadable", "match", **ONE), "live", "live"),
    # ERROR, EXPIRED: at once
    (CLEAR, seen("ERROR"), "replace", "replace"),
    (replace(CLEAR, all_clear=False), seen("EXPIRED"), "replace", "replace"),
    (UNCLEAR, seen("EXPIRED", "unreadable"), "replace", "replace"),
    # FINISHED, the settle time not over
    (CLEAR, seen("FINISHED"), "send again", "keep looking"),
    (CLEAR, seen("FINISHED", "unreadable"), "send again", "keep looking"),
    (replace(CLEAR, all_clear=False), seen("FINISHED"), "keep looking", "keep looking"),
    (replace(CLEAR, all_clear=False), seen("FINISHED", finished=5), "keep looking", "keep looking"),
    # FINISHED twice after the settle time
    (UNCLEAR, seen("FINISHED", finished=1), "keep looking", "keep looking"),
    (replace(UNCLEAR, last_at=NOW - SETTLE + 0.1), seen("FINISHED", finished=2), "keep looking", "keep looking"),
    (replace(UNCLEAR, last_at=None), seen("FINISHED", finished=2), "keep looking", "keep looking"),
    (UNCLEAR, seen("FINISHED", finished=2), "send again", "replace"),
    (SETTLED, seen("FINISHED", finished=2), "send again", "replace"),
    (SETTLED, seen("FINISHED", finished=1), "send again", "keep looking"),
    # still processing: as FINISHED, but it cannot be sent
    (CLEAR, seen("IN_PROGRESS", finished=2), "keep looking", "keep looking"),
    (SETTLED, seen("IN_PROGRESS", finished=2), "replace", "replace"),
    # not readable after the settle time
    (CLEAR, seen("unreadable", misses=2, misses_span_s=60), "keep looking", "keep looking"),
    (SETTLED, seen("unreadable", misses=1), "keep looking", "keep looking"),
    (replace(OLD, last_at=NOW - 60), seen("unreadable", misses=9, misses_span_s=900), "keep looking", "keep looking"),
    (SETTLED, seen("unreadable", misses=2, misses_span_s=59), "keep looking", "keep looking"),
    (SETTLED, seen("unreadable", misses=2, misses_span_s=60), "replace", "replace"),
    (UNCLEAR, seen("unreadable", misses=9, misses_span_s=900), "keep looking", "keep looking"),
    # FINISHED or not readable, and the lists are not readable
    (SETTLED, seen("FINISHED", "unreadable", finished=2), "send again", "keep looking"),
    (UNCLEAR, seen("FINISHED", "unreadable", finished=2), "keep looking", "keep looking"),
    (SETTLED, seen("unreadable", "unreadable"), "keep looking", "keep looking"),
    (UNCLEAR, seen("unreadable", "unreadable"), "keep looking", "keep looking"),
    # over 26 hours old and not readable: counts as EXPIRED, if the lists agree
    (OLD, seen("unreadable"), "replace", "replace"),
    (OLD, seen("unreadable", "unreadable"), "ask a person", "ask a person"),
    (OLD, seen("FINISHED", "unreadable"), "keep looking", "keep looking"),
    # a person's word, and a container of which nothing was ever sent
    (UNCLEAR, seen("not asked", "unreadable", confirmed_absent=True), "replace", "replace"),
    (NEVER, seen("not asked", "unreadable"), "replace", "replace"),
    (CLEAR, seen("not asked", "unreadable"), "keep looking", "keep looking"),
]


@pytest.mark.parametrize(("sent", "evidence", "again", "new"), TABLE)
def test_each_row_of_the_table(sent: Sent, evidence: Evidence, again: str, new: str) -> None:
    assert may_replace_container(sent, evidence, "send again").decision == again
    assert may_replace_container(sent, evidence, "replace").decision == new


def test_a_list_that_cannot_be_read_is_said_to_be_the_reason() -> None:
    for lists, said in (("unreadable", True), ("no match", False)):
        verdict = may_replace_container(UNCLEAR, seen("FINISHED", lists), "send again")
        assert verdict.decision == "keep looking"
        assert ("couldn't be read" in verdict.why) is said


@pytest.mark.parametrize(
    ("of", "written", "all_clear"),
    [
        ({}, False, True),
        ({"sends": 1}, True, True),
        ({"intent": "sent"}, True, True),
        ({"unclear": True}, True, False),
        ({"sends": 2, "unclear": True, "intent": "sent"}, True, False),
    ],
)
def test_what_a_part_remembers_of_its_sends(of: dict[str, Any], written: bool, all_clear: bool) -> None:
    part = part_view(**of, intent_at=NOW - 5.0, container_made_at=NOW - 9.0)
    last_at = NOW - 5.0 if written else None  # the time of an intent of which nothing was written says nothing
    assert sent_of(part) == Sent(written, all_clear, last_at, NOW - 9.0)


def test_a_part_that_was_changed_since_is_looked_for_and_restored_as_it_was_sent() -> None:
    assert restored(part_view()).changes() == {}
    assert as_sent(part_view()) == part_view()
    was = Content("IMAGE", {"text": "before"}, True)
    changed = part_view(progress=PartProgress(was=was))
    assert restored(changed).changes() == {"kind": "IMAGE", "body": {"text": "before"}, "is_reply": True}
    sent = as_sent(changed)
    assert (sent.kind, sent.body, sent.is_reply) == ("IMAGE", {"text": "before"}, True)


def test_with_a_container_everything_goes_that_was_known_of_its_sends() -> None:
    """All that :func:`sent_of` reads, and what is in the way of a new one."""
    fresh = without_container(may_replace_container(NEVER, seen("FINISHED"))).changes()
    used = part_view(
        sends=3, unclear=True, intent="sent", intent_at=NOW, intent_first_at=NOW, container_id="1", seen_before=["1"],
        container_made_at=NOW, container_status="ERROR", children=[{"id": "2"}], polls=7,
    )  # fmt: skip
    assert used.but(**fresh) == part_view()


TIMES = st.floats(0, 60 * 3600)
SENDS = st.builds(
    Sent,
    written=st.just(True),
    all_clear=st.booleans(),
    last_at=TIMES.map(lambda ago: NOW - ago),
    made_at=TIMES.map(lambda ago: NOW - ago),
)
SEEN = st.builds(
    Evidence,
    now=st.just(NOW),
    settle_s=st.just(SETTLE),
    container=st.sampled_from(["PUBLISHED", "FINISHED", "IN_PROGRESS", "ERROR", "EXPIRED", "unreadable", "not asked"]),
    lists=st.sampled_from(["match", "no match", "unreadable"]),
    candidates=st.integers(0, 3),
    rivals=st.integers(0, 2),
    finished=st.integers(0, 4),
    misses=st.integers(0, 4),
    misses_span_s=st.floats(0, 600),
    noted=st.booleans(),
    in_time=st.booleans(),
)


@given(SENDS, SEEN, st.sampled_from(["send again", "replace"]))
def test_what_never_follows(sent: Sent, seen: Evidence, wish: Any) -> None:
    decision = may_replace_container(sent, seen, wish).decision
    assert sent.last_at is not None
    settled = NOW - sent.last_at >= SETTLE
    acts = decision in ("replace", "send again")
    if seen.container == "PUBLISHED":
        assert decision == "live"
    if seen.lists == "match":
        assert not acts
    if decision == "replace":
        assert settled or seen.container in ("ERROR", "EXPIRED")
        assert seen.lists == "no match" or seen.container in ("ERROR", "EXPIRED")
    if decision == "send again":
        assert seen.container == "FINISHED", "only what can be published is sent"
        assert wish == "send again"
        assert sent.all_clear or (settled and seen.finished >= 2 and seen.lists == "no match")
    if decision == "live" and seen.container != "PUBLISHED":
        assert (settled, seen.lists, seen.candidates, seen.rivals) == (True, "match", 1, 0)
        assert seen.noted
        assert seen.in_time
    # A clear refusal never makes it harder, and an unclear one never easier.
    if acts and not sent.all_clear:
        assert may_replace_container(replace(sent, all_clear=True), seen, wish).decision in ("replace", "send again")


@given(SEEN)
def test_what_was_never_sent_is_replaced_unless_it_is_live(seen: Evidence) -> None:
    decision = may_replace_container(NEVER, seen, "replace").decision
    assert decision == ("live" if seen.container == "PUBLISHED" else "replace")


def test_nothing_is_dropped_without_a_verdict_that_allows_it() -> None:
    verdict = may_replace_container(UNCLEAR, seen("FINISHED"), "replace")
    with pytest.raises(ValueError, match="must not be dropped"):
        without_container(verdict)


def test_no_other_code_forgets_a_container() -> None:
    """By the syntax tree: ``container_id`` is set to nothing in one place only."""
    found = []
    for path in Path(treadle.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            pairs: list[tuple[Any, Any]] = []
            if isinstance(node, ast.Dict):
                pairs = [
                    (getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)
                ]
            elif isinstance(node, ast.Call):
                pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
            elif isinstance(node, ast.Assign):
                pairs = [(getattr(t, "attr", getattr(t, "id", None)), node.value) for t in node.targets]
            for name, value in pairs:
                if name == "container_id" and isinstance(value, ast.Constant) and not value.value:
                    found.append(path.relative_to(Path(treadle.__file__).parent).as_posix())
    assert sorted(found) == ["domain/replacing.py", "http/examples.py"]  # and an example of the API's document
