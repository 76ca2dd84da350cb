"""Named scenarios: a set of failures one would otherwise have to know how to write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle_sandbox.faults import check_fault
from treadle_sandbox.refusal import ControlRefusal
from treadle_sandbox.world import World

FORMAT = "treadle-scenario-1"


@dataclass(frozen=True, slots=True)
class Scenario:
    """``faults`` are rules as ``POST /_sandbox/faults`` takes them; ``accounts``, ``app``, ``options`` are changes."""

    what: str
    faults: tuple[Mapping[str, Any], ...] = ()
    accounts: Mapping[str, Any] | None = None
    app: Mapping[str, Any] | None = None
    options: Mapping[str, Any] | None = None
    do: Callable[[World], None] | None = None


def _always(endpoint: str, name: str, **more: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, "times": None, "answer": {"name": name}, **more}


def _revoke(world: World) -> None:
    for token in world.tables.tokens.values():
        token.dead = token.dead or "token_revoked"


def _expire(world: World) -> None:
    for token in world.tables.tokens.values():
        token.expires_at = min(token.expires_at, world.now())


SCENARIOS: dict[str, Scenario] = {
    "outage": Scenario("Everything answers HTTP 500, code 2.", (_always("*", "unexpected_error"),)),
    "gateway": Scenario("Everything answers 502 with an HTML page.", (_always("*", "bad_gateway"),)),
    "silence": Scenario(
        "Every connection is closed without an answer.", ({"endpoint": "*", "times": None, "answer": {"drop": True}},)
    ),
    "flaky": Scenario(
        "One call in five fails: half of them before, half after the effect.",
        (
            _always("*", "unexpected_error", probability=0.1),
            {"endpoint": "*", "times": None, "probability": 0.1, "when": "after", "answer": {"drop": True}},
        ),
    ),
    "slow": Scenario(
        "Every answer takes three seconds.", ({"endpoint": "*", "times": None, "answer": {"delay_s": 3}},)
    ),
    "lost_answers": Scenario(
        "Every publish goes out and its answer is lost.",
        ({"endpoint": "publish", "times": None, "when": "after", "answer": {"drop": True}},),
    ),
    "published_but_refused": Scenario(
        "Every publish goes out and the answer says code 10.",
        (_always("publish", "permission_missing", when="after"),),
    ),
    "publish_races": Scenario(
        "The first publish after each start finds no media: code 24/4279009, three times.",
        ({"endpoint": "publish", "times": 3, "answer": {"name": "media_not_found"}},),
    ),
    "lost_containers": Scenario(
        "Every container says FINISHED and cannot be published.", (_always("create", "container_lost"),)
    ),
    "stuck_containers": Scenario("Every container stays IN_PROGRESS.", (_always("create", "container_stuck"),)),
    "rate_limited": Scenario("Publishing answers 613/4279002.", (_always("publish", "rate_limit"),)),
    "app_limit": Scenario("Everything answers code 4 with usage headers at 100 %.", (
        _always("*", "rate_limit_with_hint"),), options={"usage_headers": "all"}),
    "spam_block": Scenario("Publishing goes out and answers 4/2207051.", (
        _always("publish", "activity_restricted", when="after"),)),
    "revoked": Scenario("Every token of every account is revoked.", do=_revoke),
    "expired": Scenario("Every token of every account is expired.", do=_expire),
    "checkpoint": Scenario("Every account must log in and follow instructions.", accounts={"checkpoint": True}),
    "restricted": Scenario("Every account is restricted: no creating, no publishing.", accounts={"restricted": True}),
    "no_permission": Scenario(
        "Every token lacks threads_content_publish.", accounts={"scopes": ["threads_basic", "threads_read_replies"]}
    ),
    "development": Scenario("The app is in development mode and nobody accepted the tester's invite.",
                            accounts={"tester": "invited"}, app={"mode": "development"}),
    "standard_access": Scenario("Look-ups work as with standard access.", app={"access": "standard"}),
    "lagging_lists": Scenario("A post appears in lists 30 seconds late.", options={"list_lag_s": 30.0}),
    "media_unreachable": Scenario("Media cannot be fetched.", (
        {"endpoint": "media_fetch", "times": None, "answer": {"drop": True}},)),
    "bytes": Scenario("The 500 limit counts UTF-8 bytes.", options={"count": "bytes"}),
}  # fmt: skip


def read_file(path: Path) -> list[Mapping[str, Any]]:
    """The failures of a scenario that ``treadle posts reproduce`` wrote; ``ValueError`` says what is wrong with it."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"The scenario {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ValueError(f"The scenario {path} is not JSON.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("faults"), list):
        raise ValueError(f"{path} is no scenario: it wants a format of {FORMAT!r} and a list of faults.")
    for rule in found["faults"]:
        if (problem := check_fault(rule) if isinstance(rule, dict) else "A fault is an object.") is not None:
            raise ValueError(f"{path}: {problem}")
    faults: list[Mapping[str, Any]] = found["faults"]
    return faults


def start_scenario(world: World, name: str, parts: Mapping[str, Any]) -> ControlRefusal | None:
    """Puts a scenario in force, on top of what is; ``account`` limits its rules and changes to one account."""
    from treadle_sandbox import accounts

    scenario = SCENARIOS.get(name)
    if scenario is None:
        return ControlRefusal(404, f"There is no scenario {name!r}. There are: {', '.join(SCENARIOS)}.")
    unknown = set(parts) - {"account"}
    if unknown:
        return ControlRefusal(
            400, f"A scenario takes 'name' and 'account', not {', '.join(sorted(map(repr, unknown)))}."
        )
    chosen = list(world.tables.accounts.values())
    account_id = None
    if parts.get("account"):
        account = accounts.find(world, str(parts["account"]))
        if isinstance(account, ControlRefusal):
            return account
        chosen, account_id = [account], account.id
    for rule in scenario.faults:
        world.faults.add(**{"account": account_id, "note": name, **rule})
    for account in chosen if scenario.accounts else ():
        accounts.change(world, account, scenario.accounts or {})
    for key, value in (scenario.app or {}).items():
        setattr(world.app, key, value)
    if scenario.options:
        world.options = world.options.changed(scenario.options)
    if scenario.do is not None:
        scenario.do(world)
    world.changed = True
    return None
