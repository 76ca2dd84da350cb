"""The control API below ``/_sandbox``: one function for each path, plain JSON in and out, clear errors.

It is called the same way by the server (over HTTP) and by :class:`~treadle_sandbox.helper.Control` (in process).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from treadle_sandbox import accounts, inspect, pages
from treadle_sandbox.clock import graph_time
from treadle_sandbox.faults import check_fault
from treadle_sandbox.inspect import Answer
from treadle_sandbox.model import ALL_SCOPES, App
from treadle_sandbox.refusal import ControlRefusal, need_bool, need_number, need_text, need_texts, only
from treadle_sandbox.scenarios import SCENARIOS, read_file, start_scenario
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

_LAST_MOMENT = 32_503_679_999.0
Body = Mapping[str, Any]


def make_app(facts: Body) -> App:
    """An app by its facts; raises ``ValueError`` that names the fact."""
    known = {f.name for f in fields(App)} - {"webhook_verified"}
    wrong = only(facts, known, "app")
    if wrong is not None:
        raise ValueError(wrong.why)
    for name in ("id", "secret"):
        if not isinstance(facts.get(name), str) or not facts[name]:
            raise ValueError(f"An app needs '{name}' as text.")
    return App(**facts)


def body_of(call: Call, raw: bytes) -> Any:
    """The JSON of a control request; a form is taken as an object of texts; anything else is refused."""
    if not raw:
        return None
    if "form" in call.content_type and raw.lstrip()[:1] not in (b"{", b"["):  # curl -d calls JSON a form
        return dict(call.params)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        return ControlRefusal(400, f"The body is not JSON: {error}.")


_REPLAY = re.compile(r"/_sandbox/requests/([0-9]{1,12})/replay\Z")


_FILTERS = ("account", "endpoint", "status", "since", "limit", "method", "text")


def replay_of(method: str, target: str, body: Any) -> int | None:
    """The number of the kept request that is to be made once more: by the API or by the page's button."""
    if method != "POST":
        return None
    if target == "/_sandbox/ui/requests/replay" and isinstance(body, Mapping) and str(body.get("n", "")).isdigit():
        return int(body["n"])
    found = _REPLAY.match(target)
    return int(found[1]) if found else None


class Panel:
    """The control API of one world."""

    def __init__(self, world: World, first_accounts: list[dict[str, Any]], scenario: str | None) -> None:
        self.world = world
        self._first_accounts = first_accounts
        self._scenario = scenario
        self._paths: dict[tuple[str, str], Callable[[Body, str], Answer | ControlRefusal]] = {
            ("POST", "reset"): self._reset,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._move_clock,
            ("GET", "accounts"): self._accounts,
            ("POST", "accounts"): self._add_account,
            ("PATCH", "accounts"): self._change_account,
            ("DELETE", "accounts"): self._remove_account,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._end_fault,
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._clear_requests,
            ("GET", "requests.har"): self._har,
            ("GET", "posts"): self._posts,
            ("POST", "posts"): self._add_post,
            ("PATCH", "posts"): self._change_post,
            ("DELETE", "posts"): self._remove_post,
            ("GET", "containers"): self._containers,
            ("GET", "options"): lambda body, rest: (200, self.world.options.as_json()),
            ("PATCH", "options"): self._change_options,
            ("GET", "app"): lambda body, rest: (200, inspect.app_json(self.world)),
            ("PATCH", "app"): self._change_app,
            ("POST", "apps"): self._add_app,
            ("GET", "answers"): lambda body, rest: (200, {"data": inspect.answers_json()}),
            ("GET", "scenarios"): lambda body, rest: (200, {"data": inspect.scenarios_json()}),
            ("POST", "scenarios"): self._start_scenario,
            ("GET", "deliveries"): lambda body, rest: (200, {"data": list(self.world.deliveries)}),
        }

    def begin(self) -> None:
        """The accounts and the scenario a sandbox starts with."""
        for facts in self._first_accounts:
            if str(facts.get("username", "")).lower() in self.world.usernames:
                continue  # kept on disk
            made = accounts.add(self.world, facts)
            if isinstance(made, ControlRefusal):
                raise ValueError(made.why)
        if self._scenario is not None and self._scenario.endswith(".json"):  # only at the start: no caller names files
            for rule in read_file(Path(self._scenario)):
                self.world.faults.add(**rule)
        elif self._scenario is not None:
            refused = start_scenario(self.world, self._scenario, {})
            if refused is not None:
                raise ValueError(refused.why)

    def handle(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        """Status and answer of ``method`` on ``target``, a path from ``/_sandbox`` on with its query."""
        path, _, query = target.partition("?")
        parts = [unquote(part) for part in path.split("/") if part][1:]
        page = pages.answer(self.world, self.handle, method, parts, dict(parse_qsl(query)), body)
        if page is not None:
            return page
        name, rest = parts[0] if parts else "", "/".join(parts[1:])
        handler = self._paths.get((method, name))
        if handler is None:
            methods = [m for m, n in self._paths if n == name]
            if methods:
                return _refused(ControlRefusal(405, f"/_sandbox/{name} takes {', '.join(methods)}, not {method}."))
            known = ", ".join(sorted({n for _, n in self._paths}))
            return _refused(ControlRefusal(404, f"There is no /_sandbox/{name}. There are: {known}."))
        if isinstance(body, ControlRefusal):
            return _refused(body)
        if body is not None and not isinstance(body, Mapping):
            return _refused(ControlRefusal(400, "The body must be a JSON object."))
        given = dict(body or {}) if method in ("POST", "PATCH") else dict(parse_qsl(query))
        answer = handler(given, rest)
        return _refused(answer) if isinstance(answer, ControlRefusal) else answer

    # State and time ------------------------------------------------------------------------------------------------

    def _reset(self, body: Body, rest: str) -> Answer | ControlRefusal:
        wrong = only(body, (), "reset")
        if wrong is not None:
            return wrong
        self.world.reset()
        self.begin()
        self.world.verify_webhook()
        return 200, {"ok": True}

    def _clock(self, body: Body, rest: str) -> Answer:
        clock = self.world.clock
        now = clock.now()
        return 200, {"now": now, "time": graph_time(now), "offset_s": clock.offset, "frozen": clock.frozen}

    def _move_clock(self, body: Body, rest: str) -> Answer | ControlRefusal:
        wrong = only(body, ("advance_s", "advance", "set", "freeze", "reset"), "clock")
        if wrong is not None:
            return wrong
        clock = self.world.clock
        target = clock.now()
        if not body:
            return ControlRefusal(
                400, 'Say where to: {"advance_s": 86400}, {"set": "2026-12-01T09:00:00+00:00"}, {"freeze": true}.'
            )
        if body.get("reset"):
            clock.reset()
            target = clock.now()
        for name in ("advance_s", "advance"):
            if name in body:
                seconds = need_number(body, name, -1e10, 1e10)
                if isinstance(seconds, ControlRefusal):
                    return seconds
                target += seconds
        if "set" in body:
            moment = _moment(body["set"])
            if isinstance(moment, ControlRefusal):
                return moment
            target = moment
        if not 0 <= target <= _LAST_MOMENT:
            return ControlRefusal(400, "The clock goes from 1970 to 2999.")
        if "freeze" in body:
            frozen = need_bool(body, "freeze")
            if isinstance(frozen, ControlRefusal):
                return frozen
            clock.freeze(frozen)
        if "set" in body:
            clock.set(target)
        else:
            clock.advance(sum(float(body[name]) for name in ("advance_s", "advance") if name in body))
        self.world.changed = True
        return self._clock({}, "")

    # Accounts ------------------------------------------------------------------------------------------------------

    def _accounts(self, body: Body, rest: str) -> Answer | ControlRefusal:
        if not rest:
            return 200, {"data": [inspect.account_json(self.world, a) for a in self.world.tables.accounts.values()]}
        account = accounts.find(self.world, rest)
        return account if isinstance(account, ControlRefusal) else (200, inspect.account_json(self.world, account))

    def _add_account(self, body: Body, rest: str) -> Answer | ControlRefusal:
        if rest:
            key, _, what = rest.partition("/")
            account = accounts.find(self.world, key)
            if isinstance(account, ControlRefusal):
                return account
            return accounts.act(self.world, account, what, body)
        made = accounts.add(self.world, body)
        return made if isinstance(made, ControlRefusal) else (201, made)

    def _change_account(self, body: Body, rest: str) -> Answer | ControlRefusal:
        account = accounts.find(self.world, rest)
        if isinstance(account, ControlRefusal):
            return account
        wrong = accounts.change(self.world, account, body)
        return wrong or (200, inspect.account_json(self.world, account))

    def _remove_account(self, body: Body, rest: str) -> Answer | ControlRefusal:
        account = accounts.find(self.world, rest)
        if isinstance(account, ControlRefusal):
            return account
        accounts.remove(self.world, account)
        return 200, {"ok": True}

    # Failures ------------------------------------------------------------------------------------------------------

    def _faults(self, body: Body, rest: str) -> Answer | ControlRefusal:
        if not rest:
            return 200, {"data": [fault.as_json() for fault in self.world.faults.all()]}
        fault = self.world.faults.get(rest)
        return (200, fault.as_json()) if fault else ControlRefusal(404, f"There is no fault {rest!r}.")

    def _add_fault(self, body: Body, rest: str) -> Answer | ControlRefusal:
        problem = check_fault(body)
        if problem is not None:
            return ControlRefusal(400, problem)
        rule = {key: body[key] for key in body}
        rule.setdefault("endpoint", "*")
        if rule.get("account") is not None:
            account = accounts.find(self.world, str(rule["account"]))
            if isinstance(account, ControlRefusal):
                return account
            rule["account"] = account.id
        fault = self.world.faults.add(**rule)
        return 201, {"id": fault.id}

    def _end_fault(self, body: Body, rest: str) -> Answer | ControlRefusal:
        if not rest:
            self.world.faults.clear()
            return 200, {"ok": True}
        if not self.world.faults.end(rest):
            return ControlRefusal(404, f"There is no fault {rest!r}; it may have been ended already.")
        return 200, {"ok": True}

    def _start_scenario(self, body: Body, rest: str) -> Answer | ControlRefusal:
        name = need_text(body, "name")
        if isinstance(name, ControlRefusal):
            return name
        wrong = start_scenario(self.world, name, {k: v for k, v in body.items() if k != "name"})
        return wrong or (201, {"name": name, "what": SCENARIOS[name].what})

    # What happened -------------------------------------------------------------------------------------------------

    def _requests(self, body: Body, rest: str) -> Answer | ControlRefusal:
        return only(body, _FILTERS, "requests") or inspect.requests_json(self.world, body)

    def _har(self, body: Body, rest: str) -> Answer | ControlRefusal:
        return only(body, _FILTERS, "requests.har") or inspect.requests_har(self.world, body)

    def _clear_requests(self, body: Body, rest: str) -> Answer:
        self.world.recorder.clear()
        return 200, {"ok": True}

    def _posts(self, body: Body, rest: str) -> Answer | ControlRefusal:
        if rest:
            post = self.world.tables.posts.get(rest)
            return (
                (200, inspect.post_json(self.world, post))
                if post
                else ControlRefusal(404, f"There is no post {rest!r}.")
            )
        wrong = only(body, ("account", "limit", "deleted"), "posts")
        return wrong or inspect.posts_json(self.world, body)

    def _add_post(self, body: Body, rest: str) -> Answer | ControlRefusal:
        made = accounts.add_post(self.world, body)
        return made if isinstance(made, ControlRefusal) else (201, inspect.post_json(self.world, made))

    def _change_post(self, body: Body, rest: str) -> Answer | ControlRefusal:
        return accounts.change_post(self.world, rest, body)

    def _remove_post(self, body: Body, rest: str) -> Answer | ControlRefusal:
        return accounts.remove_post(self.world, rest)

    def _containers(self, body: Body, rest: str) -> Answer | ControlRefusal:
        wrong = only(body, ("account", "limit"), "containers")
        return wrong or inspect.containers_json(self.world, body)

    # Settings ------------------------------------------------------------------------------------------------------

    def _change_options(self, body: Body, rest: str) -> Answer | ControlRefusal:
        try:
            self.world.options = self.world.options.changed(body)
        except ValueError as wrong:
            return ControlRefusal(400, str(wrong))
        self.world.changed = True
        return 200, self.world.options.as_json()

    def _change_app(self, body: Body, rest: str) -> Answer | ControlRefusal:
        known = {f.name for f in fields(App)} - {"id", "webhook_verified"}
        wrong = only(body, known, "app")
        if wrong is not None:
            return wrong
        for name, value in body.items():
            checked = (
                need_texts(body, name)
                if isinstance(getattr(self.world.app, name), list)
                else need_text(body, name, empty=True)
            )
            if isinstance(checked, ControlRefusal):
                return checked
            if name == "mode" and value not in ("live", "development"):
                return ControlRefusal(400, "'mode' is 'live' or 'development'.")
            if name == "access" and value not in ("standard", "advanced"):
                return ControlRefusal(400, "'access' is 'standard' or 'advanced'.")
            if name == "permissions" and not set(value) <= set(ALL_SCOPES):
                return ControlRefusal(400, f"'permissions' are some of {', '.join(ALL_SCOPES)}.")
        for name, value in body.items():
            setattr(self.world.app, name, value)
        self.world.changed = True
        if "webhook_url" in body or "webhook_verify_token" in body:
            self.world.app.webhook_verified = False
            self.world.verify_webhook()
        return 200, inspect.app_json(self.world)

    def _add_app(self, body: Body, rest: str) -> Answer | ControlRefusal:
        try:
            app = make_app(body)
        except (ValueError, TypeError) as wrong:
            return ControlRefusal(400, str(wrong))
        if app.id in self.world.tables.apps:
            return ControlRefusal(409, f"There is an app {app.id!r} already.")
        self.world.tables.apps[app.id] = app
        return 201, inspect.app_json(self.world, app)


def _refused(refusal: ControlRefusal) -> Answer:
    return refusal.status, {"error": refusal.why}


def _moment(value: Any) -> float | ControlRefusal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return ControlRefusal(400, f"'set' is epoch seconds or an ISO 8601 time, not {value!r}.")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
