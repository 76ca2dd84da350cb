"""Nonsense for the control API and for the imitated one: an answer every time, never a failure of its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_sandbox import Sandbox
from treadle_sandbox.access import find_token
from treadle_sandbox.answers import Reply
from treadle_sandbox.options import DEFAULTS
from treadle_sandbox.routes import ROOTS, USER_EDGES, answer, find_route
from treadle_sandbox.wire import Call

_TOKEN = ["kind", "scopes", "lifetime_s", "age_s", "app_id", "value"]
_ACCOUNT = [
    "username",
    "lang",
    "scopes",
    "tester",
    "id",
    "access_token",
    "restricted",
    "followers",
    "list_lag_s",
    "name",
]
_FAULT = ["endpoint", "account", "nth", "probability", "times", "when", "answer", "note"]
# path -> the fields its body may have
FIELDS: dict[str, list[str]] = {
    "clock": ["advance_s", "advance", "set", "freeze", "reset"],
    "accounts": _ACCOUNT,
    "accounts/ada": _ACCOUNT,
    "accounts/ada/token": _TOKEN,
    "accounts/ada/revoke": ["x"],
    "faults": _FAULT,
    "requests": ["limit", "account", "status", "since"],
    "posts": ["account", "text", "reply_to_id", "age_s", "limit", "likes", "votes"],
    "posts/1": ["likes", "views", "votes"],
    "containers": ["limit", "account"],
    "options": list(DEFAULTS.as_json()),
    "app": ["mode", "access", "permissions", "redirect_uris", "secret", "webhook_fields", "name"],
    "apps": ["id", "secret", "mode", "redirect_uris"],
    "scenarios": ["name", "account"],
    "reset": ["x"],
    "ui/faults": ["endpoint", "do", "times", "nth", "percent", "delay_s", "account", "back"],
    "ui/clock": ["advance_s", "reset", "back"],
    "ui/accounts": ["username", "back"],
    "ui/posts": ["account", "text", "back"],
    **{page: ["tab"] for page in ("", "@ada", "media/x", "avatar/1.svg", "static/style.css", "answers", "deliveries")},
}
_ANSWER = ["name", "status", "headers", "body", "delay_s", "drop", "truncate", "error_message"]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
              st.sampled_from([1e20, -1e20, 10**30, float("nan"), float("inf"), "9" * 30, "1e400"]),
              st.sampled_from(["ada", "publish", "before", "docs", "fast", "media_not_found", "outage", "1e400", 1e20,
                               "2027-01-01", "true", "9" * 30, 0, 1])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_ANSWER), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


def _calls(path: str) -> st.SearchStrategy[tuple[str, str, Any]]:
    body = st.one_of(st.none(), st.dictionaries(st.sampled_from(FIELDS[path]), VALUES, max_size=3), VALUES)
    return st.tuples(st.sampled_from(["POST", "PATCH", "GET", "DELETE", "PUT"]), st.just(path), body)


@pytest.mark.parametrize("path", FIELDS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_control_call_is_answered(path: str, data: st.DataObject) -> None:
    calls = data.draw(st.lists(_calls(path), min_size=1, max_size=8))
    sandbox = Sandbox(accounts=["ada"], record=10)
    sandbox.world.base_url = "http://127.0.0.1:1"
    for method, path, body in calls:
        status, told = sandbox.panel.handle(method, f"/_sandbox/{path}", body)
        assert status in (200, 201, 303, 400, 404, 405, 409), (method, path, body, told)
        if status >= 400 and isinstance(told, dict):
            assert told["error"]
    for path in ("requests", "accounts", "posts", "containers", "clock", "options", "app"):
        assert sandbox.panel.handle("GET", f"/_sandbox/{path}", None)[0] == 200


SEGMENTS = sorted(
    {edge for _, edge in USER_EDGES} | {root for _, root in ROOTS} | {"me", "1", "v1.0", "insights", "replies"}
)


@settings(max_examples=200, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD"]),
    segments=st.lists(st.one_of(st.sampled_from(SEGMENTS), st.text(max_size=5)), max_size=4),
    params=st.dictionaries(
        st.sampled_from(["fields", "metric", "limit", "since", "until", "after", "before", "q", "username", "breakdown",
                         "creation_id", "hide", "text", "media_type", "code", "client_id", "grant_type", "input_token",
                         "url", "latitude", "longitude", "search_type", "approval_status", "reverse", "children"]),
        st.one_of(VALUES, st.text(max_size=12)),
        max_size=5,
    ),
    with_token=st.booleans(),
)  # fmt: skip
def test_any_call_of_the_api_is_answered(
    method: str, segments: list[str], params: dict[str, Any], with_token: bool
) -> None:
    world = Sandbox(accounts=["ada"], fetch_media=False).world
    if with_token:
        params = {**params, "access_token": next(iter(world.tables.tokens))}
    call = Call(method, "/" + "/".join(segments), [s for s in segments if s], params)
    call.now = world.now()
    find_token(world, call)
    reply = answer(world, call, find_route(world, call))
    if isinstance(reply, Reply):
        assert reply.status in (200, 400, 401, 500)
        assert reply.encoded()
    else:
        reply.close()  # type: ignore[attr-defined]
