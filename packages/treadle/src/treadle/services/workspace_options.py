"""The options of a workspace, and what is wrong with their values. There are no others: a name that nobody reads would
be kept and do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from treadle.accounts.links import RETURN_ADDRESSES, address_problem
from treadle.domain.collecting import at, near
from treadle.domain.refusal import Refusal
from treadle.notify import digest
from treadle.notify.alerts import QUIET_OPTION, quiet_problem
from treadle.notify.digest import OPTION as DIGEST_OPTION

HOLD_ON_WARNING: Final = "hold_chain_on_warning"
KNOWN: Final = (QUIET_OPTION, DIGEST_OPTION, RETURN_ADDRESSES, HOLD_ON_WARNING)
ADDRESSES_MOST: Final = 50


def problem(options: Mapping[str, Any]) -> Refusal | None:
    """Why these options cannot be set; a ``None`` takes one away and is always right."""
    for name, value in options.items():
        if value is None:
            continue
        if name == QUIET_OPTION:
            wrong = quiet_problem(value)
        elif name == DIGEST_OPTION:
            wrong = digest.problem(value)
        elif name == RETURN_ADDRESSES:
            wrong = _addresses_problem(value)
        elif name == HOLD_ON_WARNING:
            wrong = None if isinstance(value, bool) else _no_switch(name)
        else:
            wrong = _unknown(name)
        if wrong is not None:
            field = str(wrong.field)
            return wrong if field.startswith("options") else replace(wrong, field=f"options.{field}")
    return None


def _no_switch(name: str) -> Refusal:
    return Refusal("This is neither yes nor no", f"{name!r} is true or false.", field=f"options.{name}")


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


def _unknown(name: str) -> Refusal:
    shown, meant = name[:100], near(name, KNOWN)
    hint = f"Did you mean {meant!r}?" if meant else f"There are {', '.join(map(repr, KNOWN))}."
    why = f"{shown!r} is not an option of a workspace. {hint}"
    return Refusal("There is no such option", why, field=at("options", shown))
