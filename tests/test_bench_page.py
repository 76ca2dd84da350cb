"""The figures of the documentation come from the benchmarks alone, so each of them must have its place there."""

from __future__ import annotations

from pathlib import Path

from bench import many, page
from bench.__main__ import LINES
from bench.measure import ROOT, Outcome, Row, Samples

PAGE = ROOT / "docs" / "measured.md"
MADE = {"processor": "any"}


def outcome() -> Outcome:
    ours, theirs = Samples("Treadle", "posts/s", (90.0, 110.0, 100.0)), Samples("a | rival", "posts/s", (200.0,) * 3)
    return Outcome(
        rows=[Row("posts drained", ours, theirs, "0.1 or more", True, "higher")],
        notes=["a note"],
        details={"Postgres": [{"posts_a_second": 50.0, "statements_a_post": 40.0, "commits_a_post": 6.0}]},
    )


def test_every_benchmark_has_its_place_on_the_page() -> None:
    assert page.missing_marks(PAGE, [*LINES, many.NAME]) == []


def test_a_table_says_the_ratio_the_reach_and_who_wins() -> None:
    text = page.block(outcome(), MADE, {"treadle": "1"}, quick=False)
    assert "| posts drained | 100 posts/s ±10% | a \\| rival: 200 posts/s ±0% | 0.5 | 3 | 0.1 or more |" in text
    assert "met, rival wins" in text
    assert "- a note" in text
    assert text.endswith("*processor any, treadle 1*")


def test_writing_changes_what_was_measured_and_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "page.md"
    before = PAGE.read_text(encoding="utf-8")
    copy.write_text(before, encoding="utf-8")
    page.write(copy, {"drain": outcome()}, MADE, {}, quick=False)
    after = copy.read_text(encoding="utf-8")
    assert "| posts drained | 100 posts/s" in after
    assert "| statements a second on the database | 2,000 | 80,000 | 800,000 |" in after
    begin, end = "<!-- bench:waiting -->", "<!-- end of bench:waiting -->"
    assert before[before.index(begin) : before.index(end)] == after[after.index(begin) : after.index(end)]
    page.write(copy, {"drain": outcome()}, MADE, {}, quick=False)
    assert copy.read_text(encoding="utf-8") == after
