"""Lists: newest first, by cursor, by time; a just published post may be missing for a while."""

from __future__ import annotations

import base64
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.fields import Selection
from treadle_sandbox.model import Post
from treadle_sandbox.moments import read_moment
from treadle_sandbox.reading import UnknownField, not_of_a_post, selection_of, unknown_field, view
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

DEFAULT_LIMIT, MAX_LIMIT = 25, 100
FIRST_MOMENT = 1_688_540_400  # Threads began: nothing before 5 July 2023

Keep = Callable[[Post], bool]


def post_list(
    world: World, call: Call, ids: Sequence[str], *, keep: Keep | None = None, newest_first: bool = True
) -> Reply:
    """One page of ``ids``, which lie in order of publication."""
    selection = selection_of(world, call)
    if isinstance(selection, Reply):
        return selection
    unknown = not_of_a_post(selection)
    if unknown is not None:  # refused whatever the list holds
        return unknown_field(world, call, unknown)
    window = page_window(world, call)
    if isinstance(window, Reply):
        return window
    posts = world.tables.posts
    limit, since, until, after, before = window
    ahead = newest_first if before is None else not newest_first  # whether to walk from new to old
    order: Sequence[int]
    low, high = 0, len(ids)
    edge = after if before is None else before
    if edge is not None:
        if ahead:
            high = bisect_left(ids, edge, key=lambda i: posts[i].seq)
        else:
            low = bisect_right(ids, edge, key=lambda i: posts[i].seq)
    order = range(high - 1, low - 1, -1) if ahead else range(low, high)
    chosen: list[Post] = []
    more = False
    now = call.now
    for index in order:
        post = posts[ids[index]]
        if post.deleted_at is not None or post.visible_at > now:
            continue
        if (since is not None and post.created_at < since) or (until is not None and post.created_at >= until):
            continue
        if keep is not None and not keep(post):
            continue
        if len(chosen) == limit:
            more = True
            break
        chosen.append(post)
    if before is not None:
        chosen.reverse()
    return _page(world, call, chosen, selection, more=more or before is not None)


def _page(world: World, call: Call, chosen: list[Post], selection: Selection, *, more: bool) -> Reply:
    try:
        data = [view(world, call, post, selection) for post in chosen]
    except UnknownField as wrong:
        return unknown_field(world, call, wrong)
    answer: dict[str, Any] = {"data": data}
    if chosen:
        answer["paging"] = paging(world, call, cursor(chosen[0].seq), cursor(chosen[-1].seq), more)
    return ok(answer)


def paging(world: World, call: Call, first: str, last: str, more: bool) -> dict[str, Any]:
    """Cursors as documented; with the switch ``next`` also the addresses Meta's own sample reads."""
    page: dict[str, Any] = {"cursors": {"before": first, "after": last}}
    if world.options.paging == "next":
        kept = {k: call.text(k) for k in call.params if k not in ("after", "before")}
        base = f"{call.base or world.base_url}/v1.0/" + "/".join(call.segments)
        if more:
            page["next"] = f"{base}?{urlencode({**kept, 'after': last})}"
        if call.has("after") or call.has("before"):
            page["previous"] = f"{base}?{urlencode({**kept, 'before': first})}"
    return page


def cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(f"QVFIU{seq:012d}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> int | None:
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(plain.removeprefix("QVFIU"))
    except ValueError:
        return None


def page_window(world: World, call: Call) -> tuple[int, float | None, float | None, int | None, int | None] | Reply:
    """Limit, since, until, after, before."""
    params = call.params
    limit = DEFAULT_LIMIT
    if "limit" in params and call.reference("limit"):
        try:
            limit = int(call.text("limit"))
        except ValueError:
            return refuse(world, call, "param_invalid", name="limit")
        if limit > MAX_LIMIT and world.options.limit_over_100 == "cap":
            limit = MAX_LIMIT
        if not 1 <= limit <= MAX_LIMIT:
            return refuse(world, call, "param_invalid", name="limit")
    bounds: list[float | None] = []
    for name in ("since", "until"):
        if name not in params or not call.reference(name):
            bounds.append(None)
            continue
        moment = read_moment(call.text(name), call.now)
        if moment is None or moment < FIRST_MOMENT:
            return refuse(world, call, "param_invalid", name=name)
        bounds.append(moment)
    edges: list[int | None] = []
    for name in ("after", "before"):
        if name not in params or not call.reference(name):
            edges.append(None)
            continue
        edge = read_cursor(call.text(name))
        if edge is None:
            return refuse(world, call, "param_invalid", name=name)
        edges.append(edge)
    if edges[0] is not None and edges[1] is not None:
        return refuse(world, call, "param_invalid", name="before")
    return limit, bounds[0], bounds[1], edges[0], edges[1]
