"""Why the control API says no, and the checks that say it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ControlRefusal:
    """An HTTP status and one sentence that names the field and what it takes."""

    status: int
    why: str


def only(given: Mapping[str, Any], known: Collection[str], what: str) -> ControlRefusal | None:
    """Refuses fields nobody knows."""
    for name in given:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, list(known), 1)
            hint = f" Did you mean '{near[0]}'?" if near else (f" It has: {', '.join(sorted(known))}." if known else "")
            return ControlRefusal(400, f"There is no field '{name}' in {what}.{hint}")
    return None


def need_text(given: Mapping[str, Any], name: str, *, empty: bool = False) -> str | ControlRefusal:
    value = given.get(name)
    if not isinstance(value, str) or (not value and not empty):
        return ControlRefusal(400, f"'{name}' must be text{'' if empty else ', and not empty'}.")
    return value


def need_texts(given: Mapping[str, Any], name: str) -> list[str] | ControlRefusal:
    value = given.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return ControlRefusal(400, f"'{name}' must be a list of texts.")
    return value


def need_bool(given: Mapping[str, Any], name: str) -> bool | ControlRefusal:
    value = given.get(name)
    if not isinstance(value, bool):
        return ControlRefusal(400, f"'{name}' must be true or false, not {value!r}.")
    return value


def need_number(given: Mapping[str, Any], name: str, low: float, high: float) -> float | ControlRefusal:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return ControlRefusal(400, f"'{name}' must be a number from {low:g} to {high:g}, not {value!r}.")
    return float(value)


def need_count(given: Mapping[str, Any], name: str) -> int | ControlRefusal:
    """A whole number from 1 on, given as such or as digits (it may come from a query)."""
    value = given.get(name)
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        return ControlRefusal(400, f"'{name}' must be a whole number from 1 on, not {given.get(name)!r}.")
    return value
