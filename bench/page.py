"""The figures on a page of the documentation: each benchmark's table between two marks of its own, nothing by hand.

``<!-- bench:drain -->`` and ``<!-- end of bench:drain -->`` hold what the last ``--write`` put there; what was not run
this time stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bench import many, report
from bench.measure import Outcome, Row


def _between(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- end of bench:{name} -->)", re.DOTALL)


def missing_marks(path: Path, names: Iterable[str]) -> list[str]:
    """Names that the page has no place for."""
    text = path.read_text(encoding="utf-8")
    return [name for name in names if not _between(name).search(text)]


def write(
    path: Path, outcomes: dict[str, Outcome], machine: dict[str, str], versions: dict[str, str], quick: bool
) -> None:
    """Put every outcome's table where the page has marks for it."""
    text = path.read_text(encoding="utf-8")
    for name, outcome in outcomes.items():
        text = put(text, name, block(outcome, machine, versions, quick))
    if reckoned := many.table(outcomes):
        text = put(text, many.NAME, reckoned)
    path.write_text(text, encoding="utf-8")


def put(text: str, name: str, inside: str) -> str:
    return _between(name).sub(lambda marks: f"{marks[1]}{inside}\n{marks[2]}", text)


def block(outcome: Outcome, machine: dict[str, str], versions: dict[str, str], quick: bool) -> str:
    """A benchmark's rows as Markdown, its notes, and what it was measured on."""
    lines = []
    if outcome.rows:
        lines += ["| Work | Treadle | Against | Ratio | Rounds | Reach | |", "|---|--:|---|--:|--:|---|---|"]
        lines += [_row(row) for row in outcome.rows]
        lines.append("")
    lines += [f"- {_cell(note)}" for note in report.notes(outcome)]
    if lines and lines[-1]:
        lines.append("")
    taken = ", ".join(f"{key} {value}" for key, value in {**machine, **versions}.items())
    lines.append(f"*{'Small sizes; not for comparing. ' if quick else ''}{_cell(taken)}*")
    return "\n".join(lines)


def _row(row: Row) -> str:
    ratio = row.ratio
    cells = [
        row.work.strip(),
        report.cell(row.ours),
        report.against(row),
        f"{ratio.median:.3g}" if ratio else "",
        str(len(row.ours.values)),
        row.reach,
        report.verdict(row),
    ]
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("*", "\\*").split())
