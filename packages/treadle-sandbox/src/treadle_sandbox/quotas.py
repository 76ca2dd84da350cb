"""``GET /{user}/threads_publishing_limit``: what is used of each daily window."""

from __future__ import annotations

from typing import Any

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.reading import selection_of
from treadle_sandbox.wire import Call
from treadle_sandbox.world import DAY, World

_USED = {
    "quota_usage": "posts",
    "reply_quota_usage": "replies",
    "delete_quota_usage": "deletes",
    "location_search_quota_usage": "location_search",
    "search_quota_usage": "keyword_search",
}
_CONFIG = {
    "config": "posts",
    "reply_config": "replies",
    "delete_config": "deletes",
    "location_search_config": "location_search",
    "search_config": "keyword_search",
}


def limit_of(world: World, bucket: str) -> int:
    value: int = getattr(world.options, f"quota_{bucket}")
    return value


def publishing_limit(world: World, call: Call) -> Reply:
    """Only ``quota_usage`` unless fields are named."""
    selection = selection_of(world, call)
    if isinstance(selection, Reply):
        return selection
    row: dict[str, Any] = {}
    for name, sub in selection or (("quota_usage", None),):
        if name in _USED:
            row[name] = world.used(call.account, _USED[name])
        elif name in _CONFIG:
            config = {"quota_total": limit_of(world, _CONFIG[name]), "quota_duration": int(DAY)}
            row[name] = {key: config[key] for key, _ in sub if key in config} if sub else config
        elif name != "id":
            return refuse(world, call, "nonexisting_field", name=name)
    return ok({"data": [row]})
