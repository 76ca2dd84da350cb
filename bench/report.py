"""The table people read, and the same as JSON."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measure import Outcome, Row, Samples


def figure(value: float, unit: str) -> str:
    """A figure with three significant digits and its unit."""
    if unit == "bytes":
        for name, size in (("MB", 1e6), ("KB", 1e3)):
            if abs(value) >= size:
                return f"{value / size:.3g} {name}"
    if unit == "s" and abs(value) < 1:
        return f"{value * 1e3:.3g} ms" if abs(value) >= 1e-3 else f"{value * 1e6:.3g} µs"
    if abs(value) >= 1000:
        return f"{value:,.0f} {unit}"
    return f"{value:.3g} {unit}"


def _cell(samples: Samples | None) -> str:
    if samples is None:
        return ""
    spread = f" ±{samples.spread:.0%}" if len(samples.values) > 1 else ""
    return f"{figure(samples.median, samples.unit)}{spread}"


def _against(row: Row) -> str:
    return f"{row.theirs.name}: {_cell(row.theirs)}" if row.theirs else ""


def _verdict(row: Row) -> str:
    word = {True: "[green]met[/]", False: "[red]not met[/]", None: ""}[row.met]
    return f"{word} [yellow]rival wins[/]".strip() if row.rival_wins and row.met is not True else word


def table(outcomes: dict[str, Outcome], machine: dict[str, str], versions: dict[str, str], rounds: int) -> None:
    """Print everything to the terminal (or the file stdout is)."""
    console = Console(width=None if Console().is_terminal else 170)
    shown = Table(
        title=f"Treadle, measured side by side (median of {rounds} rounds, ± half the range)", title_justify="left"
    )
    for name, how in (
        ("work", {}),
        ("Treadle", {"justify": "right"}),
        ("against", {}),
        ("ratio", {"justify": "right"}),
        ("reach", {}),
        ("", {}),
    ):
        shown.add_column(name, **how)  # type: ignore[arg-type]
    for outcome in outcomes.values():
        for row in outcome.rows:
            ratio = row.ratio
            shown.add_row(
                row.work,
                _cell(row.ours),
                _against(row),
                f"{ratio.median:.3g}" if ratio else "",
                row.reach,
                _verdict(row),
            )
        shown.add_section()
    console.print(shown)
    for name, outcome in outcomes.items():
        for note in [*(row.note for row in outcome.rows if row.note), *outcome.notes]:
            console.print(f"[bold]{name}[/]: {note}", highlight=False)
    console.print("machine: " + ", ".join(f"{key} {value}" for key, value in machine.items()), highlight=False)
    console.print("versions: " + ", ".join(f"{key} {value}" for key, value in versions.items()), highlight=False)


def as_json(outcomes: dict[str, Outcome], machine: dict[str, str], versions: dict[str, str], rounds: int) -> str:
    data: dict[str, Any] = {
        "machine": machine,
        "versions": versions,
        "rounds": rounds,
        "benchmarks": {
            name: {
                "rows": [row.as_json() for row in outcome.rows],
                "notes": outcome.notes,
                "details": outcome.details,
            }
            for name, outcome in outcomes.items()
        },
    }
    return json.dumps(data, indent=2)
