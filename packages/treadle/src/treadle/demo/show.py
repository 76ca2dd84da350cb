"""The demo on a terminal: a live table, then what it came to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from treadle.demo.play import WORKSPACE, Stage
from treadle.domain.states import STATE_WORDS
from treadle.services import read

COLOURS = {
    "published": "green",
    "blocked": "yellow",
    "held": "yellow",
    "failed": "red",
    "checking": "cyan",
    "retrying": "cyan",
    "waiting": "cyan",
}
REFRESH_S = 0.4


@contextlib.asynccontextmanager
async def live_table(stage: Stage, console: Console) -> Any:
    """Show the table while the block runs; on something that is no terminal, say what changes instead."""
    stop = asyncio.Event()
    task = asyncio.create_task(_watch(stage, console, stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def _watch(stage: Stage, console: Console, stop: asyncio.Event) -> None:
    if not console.is_terminal:
        await _narrate(stage, console, stop)
        return
    with Live(_table(stage, []), console=console, refresh_per_second=4, transient=False) as live:
        while True:
            over = stop.is_set()
            live.update(_table(stage, await stage.app.db.query(_views, stage)))
            if over:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), REFRESH_S)


async def _narrate(stage: Stage, console: Console, stop: asyncio.Event) -> None:
    seen: dict[str, tuple[str, str]] = {}
    while True:
        over = stop.is_set()
        for name, view in await stage.app.db.query(_views, stage):
            now = (view["state"], (view["cause"] or {}).get("title", ""))
            if seen.get(name) != now:
                seen[name] = now
                cause = f": {now[1]}" if now[1] else ""
                console.print(f"  {name}: {STATE_WORDS[view['state']]}{cause}", highlight=False)
        if over:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), REFRESH_S)


def _views(conn: Any, stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    found = ((p.case.name, read.post_json(conn, WORKSPACE, p.post_id)) for p in list(stage.played))
    return [(name, view) for name, view in found if view is not None]


def _table(stage: Stage, views: list[tuple[str, dict[str, Any]]]) -> Table:
    table = Table(expand=True, pad_edge=False, box=None, header_style="bold")
    for heading, ratio in (("Post", 3), ("Stage", 2), ("State", 3), ("Cause", 4), ("Next step", 5)):
        table.add_column(heading, ratio=ratio, overflow="ellipsis", no_wrap=True)
    for name, view in views:
        cause = view["cause"] or {}
        state = Text(STATE_WORDS[view["state"]], style=COLOURS.get(view["state"], ""))
        step = cause.get("next_step") or (view["next"] or {}).get("what") or ""
        table.add_row(name, view["stage"].replace("_", " "), state, cause.get("title", ""), step)
    return table


def summary(stage: Stage, console: Console, took_s: float) -> None:
    """What became of every post, and what differed from how it has to end."""
    console.print()
    with stage.app.db.read() as conn:
        for played in stage.played:
            view = read.post_json(conn, WORKSPACE, played.post_id)
            assert view is not None
            for line in _lines(played.case.name, played.case.tells, view):
                console.print(line, highlight=False, soft_wrap=True)
    console.print()
    if stage.differences:
        console.print(f"{len(stage.differences)} differences from what is expected:", style="red")
        for difference in stage.differences:
            console.print(f"  - {difference}", highlight=False)
        return
    console.print(
        f"All {len(stage.played)} posts ended as expected, in {took_s:.0f} s: nothing lost, nothing doubled.",
        style="green",
        highlight=False,
    )


def _lines(name: str, tells: str, view: dict[str, Any]) -> Iterator[Text]:
    mark = {"published": "✓", "blocked": "!", "failed": "✗"}.get(view["state"], "·")
    line = Text(f"{mark} {name}", style=COLOURS.get(view["state"], ""))
    line.append(f"  {STATE_WORDS[view['state']].lower()}", style="default")
    if tells:
        line.append(f" ({tells})", style="dim")
    yield line
    if view["cause"] and view["state"] != "published":
        yield Text(f"    {view['cause']['title']}: {view['cause']['next_step']}", style="dim")
