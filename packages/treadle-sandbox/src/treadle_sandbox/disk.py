"""The state on disk: one JSON file, written whole and swapped in, beside the kept media files."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from treadle_sandbox.model import CALLS_KEPT, Account, App, Code, Container, Post, Token
from treadle_sandbox.options import DEFAULTS
from treadle_sandbox.world import Tables, World

FILE = "sandbox.json"
VERSION = 1
_KINDS: dict[str, type[Any]] = {
    "apps": App,
    "accounts": Account,
    "tokens": Token,
    "codes": Code,
    "containers": Container,
    "posts": Post,
}


class WrongState(Exception):
    """The file is not one of ours, or of a version we do not know; the message says which and what to do."""


def _plain(value: Any) -> Any:
    if isinstance(value, deque):
        return list(value)
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    raise TypeError(type(value).__name__)


def dump(world: World) -> str:
    """Everything a restart needs; requests, failures and deliveries are of the running process only."""
    tables = {name: list(getattr(world.tables, name).values()) for name in _KINDS}
    return json.dumps(
        {
            "version": VERSION,
            "clock_offset": world.clock.offset,
            "ids": world.ids.counters,
            "seq": world.tables.seq,
            "options": world.options.as_json(),
            **tables,
        },
        default=_plain,
    )


def save(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (FILE + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / FILE)


def load(world: World, folder: Path) -> bool:
    """Fills ``world`` from ``folder``; false when there is nothing. Raises :class:`WrongState`."""
    path = folder / FILE
    if not path.exists():
        return False
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["version"] != VERSION:
            raise WrongState(f"{path} is of version {state['version']}; this sandbox reads {VERSION}. Move it away.")
        tables = Tables(seq=state["seq"])
        for name, kind in _KINDS.items():
            rows = [_row(kind, row) for row in state[name]]
            getattr(tables, name).update({getattr(row, "value", None) or row.id: row for row in rows})
        options = DEFAULTS.changed(state["options"])
        counters, offset = state["ids"], float(state["clock_offset"])
    except (ValueError, KeyError, TypeError) as wrong:
        raise WrongState(f"{path} is not a sandbox's state ({wrong}). Move it away to start afresh.") from wrong
    if not tables.apps:
        raise WrongState(f"{path} has no app. Move it away to start afresh.")
    world.tables = tables
    world.usernames = {account.username.lower(): account.id for account in tables.accounts.values()}
    world.options = options
    world.ids.counters = counters
    world.clock.offset = offset
    _end_unfinished(world)
    return True


def _row(kind: type[Any], row: Mapping[str, Any]) -> Any:
    names = {f.name for f in fields(kind)}
    facts = {name: value for name, value in row.items() if name in names}
    for name in ("scopes", "children"):
        if name in facts:
            facts[name] = tuple(facts[name])
    if kind is Account:
        facts["used"] = {bucket: deque(times) for bucket, times in facts.get("used", {}).items()}
        facts["calls"] = deque(facts.get("calls", ()), maxlen=CALLS_KEPT)
    return kind(**facts)


def _end_unfinished(world: World) -> None:
    """Videos whose fetch died with the process: they end as a failed download."""
    for container in world.tables.containers.values():
        if container.ready_at is None:
            container.error = "FAILED_DOWNLOADING_VIDEO"
            container.ready_at = world.now()
