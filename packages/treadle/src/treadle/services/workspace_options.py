"""The options of a workspace that Treadle reads, and what is wrong with their values. Others are the tenant's own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from treadle.accounts.links import RETURN_ADDRESSES, address_problem
from treadle.domain.refusal import Refusal
from treadle.notify.alerts import QUIET_OPTION, quiet_problem

KNOWN: Final = (QUIET_OPTION, RETURN_ADDRESSES)
ADDRESSES_MOST: Final = 50


def problem(options: Mapping[str, Any]) -> Refusal | None:
    """Why these options cannot be set; a ``None`` takes one away and is always right."""
    for name, value in options.items():
        if value is None:
            continue
        if name == QUIET_OPTION:
            wrong = quiet_problem(value)
        elif name == RETURN_ADDRESSES:
            wrong = _addresses_problem(value)
        else:
            wrong = _misspelled(name)
        if wrong is not None:
            return wrong
    return None


def _addresses_problem(value: Any) -> Refusal | None:
    field = f"options.{RETURN_ADDRESSES}"
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len(value) > ADDRESSES_MOST:
        return Refusal(
            "These return addresses cannot be read",
            f'Write them as a list of at most {ADDRESSES_MOST} addresses: ["https://app.example/done"].',
            field=field,
        )
    for place, address in enumerate(value):
        if (why := address_problem(address)) is not None:
            return Refusal("This is not a return address", why, field=f"{field}[{place}]")
    return None


def _misspelled(name: str) -> Refusal | None:
    near = difflib.get_close_matches(name.lower(), KNOWN, 1, 0.85)
    if not near:
        return None
    return Refusal(
        "There is no such option", f"{name!r} is read by nobody here; {near[0]!r} is.", field=f"options.{name}"
    )
