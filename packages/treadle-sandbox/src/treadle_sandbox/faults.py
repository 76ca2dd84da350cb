"""Failures on demand: rules that decide, call by call, whether the real answer is given.

A rule matches an endpoint and perhaps one account. ``nth`` counts matching calls from when the rule was made; from
then on it fires ``times`` times (``None``: until it is ended), each with ``probability``. ``when`` ``before`` means
that nothing has happened on Threads' side when the failure comes; ``after`` means that everything has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES, MEDIA_ERRORS, NAMED
from treadle_sandbox.ids import Ids

ENDPOINTS = (
    "create", "status", "publish", "list", "read", "limit", "token", "media_fetch",
    "authorize", "debug", "delete", "repost", "replies", "manage", "insights", "search", "webhook",
)  # fmt: skip


@dataclass(slots=True)
class Fault:
    """One rule; the shape of ``answer`` is checked when it is made. See ``docs/sandbox.md``."""

    id: str
    endpoint: str
    answer: Mapping[str, Any]
    account: str | None = None
    nth: int | None = None
    probability: float = 1.0
    times: int | None = 1
    when: str = "before"
    note: str = ""
    seen: int = 0
    fired: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "endpoint": self.endpoint,
            "account": self.account,
            "nth": self.nth,
            "probability": self.probability,
            "times": self.times,
            "when": self.when,
            "answer": dict(self.answer),
            "note": self.note,
            "seen": self.seen,
            "fired": self.fired,
            "spent": self.spent,
        }

    @property
    def spent(self) -> bool:
        return self.times is not None and self.fired >= self.times


class Faults:
    """The rules in force, oldest first; the first that fires decides."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._rules: dict[str, Fault] = {}
        self._made = 0

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, **rule: Any) -> Fault:
        self._made += 1
        fault = Fault(id=f"flt_{self._made}", **rule)
        self._rules[fault.id] = fault
        return fault

    def all(self) -> list[Fault]:
        return list(self._rules.values())

    def get(self, fault_id: str) -> Fault | None:
        return self._rules.get(fault_id)

    def end(self, fault_id: str) -> bool:
        return self._rules.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._rules.clear()

    def pick(self, endpoint: str, account: str | None) -> Fault | None:
        """The rule that decides this call, counted as fired; every matching rule counts the call."""
        chosen: Fault | None = None
        for rule in self._rules.values():
            if rule.endpoint not in ("*", endpoint) or (rule.endpoint == "*" and endpoint in _OWN_WAYS):
                continue
            if rule.account is not None and rule.account != account:
                continue
            rule.seen += 1
            if chosen is not None or rule.spent or (rule.nth is not None and rule.seen < rule.nth):
                continue
            if rule.probability < 1.0 and self._ids.chance() >= rule.probability:
                continue
            rule.fired += 1
            chosen = rule
        return chosen


# "*" is every call a client makes to Threads; these happen on Threads' own initiative.
_OWN_WAYS = frozenset(("media_fetch", "webhook"))


def check_fault(rule: Mapping[str, Any]) -> str | None:
    """What is wrong with a rule as it came over the wire, or nothing."""
    unknown = set(rule) - {"endpoint", "account", "nth", "probability", "times", "when", "answer", "note"}
    if unknown:
        return f"A fault has no field {', '.join(sorted(map(repr, unknown)))}."
    endpoint = rule.get("endpoint", "*")
    if endpoint != "*" and endpoint not in ENDPOINTS:
        return f"'endpoint' is one of {', '.join(ENDPOINTS)} or *, not {endpoint!r}."
    for name in ("nth", "times"):
        number = rule.get(name)
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            return f"'{name}' is a whole number from 1 on, or null, not {number!r}."
    chance = rule.get("probability", 1)
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
        return f"'probability' is a number from 0 to 1, not {chance!r}."
    if rule.get("when", "before") not in ("before", "after"):
        return f"'when' is 'before' or 'after' the effect, not {rule.get('when')!r}."
    if not isinstance(rule.get("note", ""), str):
        return "'note' is text."
    answer = rule.get("answer")
    if not isinstance(answer, Mapping) or not answer:
        return "'answer' is an object with name, status (headers, body), delay_s, drop or truncate."
    return _check_answer(answer, str(endpoint))


def _check_answer(answer: Mapping[str, Any], endpoint: str) -> str | None:
    unknown = set(answer) - {"name", "status", "headers", "body", "delay_s", "drop", "truncate", "error_message"}
    if unknown:
        return f"'answer' has no field {', '.join(sorted(map(repr, unknown)))}."
    name = answer.get("name")
    if name is not None:
        if name in CONTAINER_NAMES:
            if endpoint != "status":
                return f"The answer '{name}' belongs to the endpoint 'status'."
        elif name in EFFECT_NAMES:
            if endpoint != "create":
                return f"The answer '{name}' belongs to the endpoint 'create'."
        elif name not in NAMED:
            from difflib import get_close_matches

            near = get_close_matches(str(name), [*NAMED, *CONTAINER_NAMES, *EFFECT_NAMES], 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            return f"There is no answer named {name!r}.{hint} GET /_sandbox/answers lists them."
    status = answer.get("status")
    if status is not None and (isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599):
        return f"'status' is an HTTP status from 200 to 599, not {status!r}."
    headers = answer.get("headers", {})
    if not isinstance(headers, Mapping) or not all(
        isinstance(k, str) and isinstance(v, str | int) and not {"\r", "\n"} & {*k, *str(v)} for k, v in headers.items()
    ):
        return "'headers' is an object of names and texts, without line breaks."
    delay = answer.get("delay_s")
    if delay is not None and (isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay <= 3600):
        return f"'delay_s' is a number of seconds from 0 to 3600, not {delay!r}."
    for flag in ("drop", "truncate"):
        if flag in answer and not isinstance(answer[flag], bool):
            return f"'{flag}' is true or false, not {answer[flag]!r}."
    message = answer.get("error_message")
    if message is not None and message not in MEDIA_ERRORS and not isinstance(message, str):
        return f"'error_message' is text, usually one of {', '.join(MEDIA_ERRORS)}."
    if not any(answer.get(key) not in (None, False) for key in ("name", "status", "delay_s", "drop", "truncate")):
        return "'answer' says nothing to do: give name, status, delay_s, drop or truncate."
    return None
