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


def cell(samples: Samples | None) -> str:
    if samples is None:
        return ""
    spread = f" ±{samples.spread:.0%}" if len(samples.values) > 1 else ""
    return f"{figure(samples.median, samples.unit)}{spread}"


def against(row: Row) -> str:
    return f"{row.theirs.name}: {cell(row.theirs)}" if row.theirs else ""


def verdict(row: Row) -> str:
    """``met``, ``not met`` or nothing when no reach was set; and whoever is better than Treadle is said to be."""
    words = [{True: "met", False: "not met", None: ""}[row.met], "rival wins" if row.rival_wins else ""]
    return ", ".join(word for word in words if word)


_COLOURS = {"met": "[green]met[/]", "not met": "[red]not met[/]", "rival wins": "[yellow]rival wins[/]"}


def _coloured(row: Row) -> str:
    return ", ".join(_COLOURS[word] for word in verdict(row).split(", ") if word)


def notes(outcome: Outcome) -> list[str]:
    return [*(row.note for row in outcome.rows if row.note), *outcome.notes]


def table(outcomes: dict[str, Outcome], machine: dict[str, str], versions: dict[str, str]) -> None:
    """Print everything to the terminal (or the file stdout is)."""
    console = Console(width=None if Console().is_terminal else 170)
    shown = Table(
        title="Treadle, measured side by side (medians of the rounds, ± half their range)", title_justify="left"
    )
    for name, how in (
        ("work", {}),
        ("Treadle", {"justify": "right"}),
        ("against", {}),
        ("ratio", {"justify": "right"}),
        ("rounds", {"justify": "right"}),
        ("reach", {}),
        ("", {}),
    ):
        shown.add_column(name, **how)  # type: ignore[arg-type]
    for outcome in outcomes.values():
        for row in outcome.rows:
            ratio = row.ratio
            shown.add_row(
                row.work,
                cell(row.ours),
                against(row),
                f"{ratio.median:.3g}" if ratio else "",
                str(len(row.ours.values)),
                row.reach,
                _coloured(row),
            )
        shown.add_section()
    console.print(shown)
    for name, outcome in outcomes.items():
        for note in notes(outcome):
            console.print(f"[bold]{name}[/]: {note}", highlight=False)
    console.print("machine: " + ", ".join(f"{key} {value}" for key, value in machine.items()), highlight=False)
    console.print("versions: " + ", ".join(f"{key} {value}" for key, value in versions.items()), highlight=False)


def as_json(outcomes: dict[str, Outcome], machine: dict[str, str], versions: dict[str, str]) -> str:
    data: dict[str, Any] = {
        "machine": machine,
        "versions": versions,
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
