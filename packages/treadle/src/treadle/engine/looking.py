"""Reading the account's own list far enough: page by page, until what could be there must have been seen.

Threads answers newest first, a hundred at a time, and usually one call is all. A list that comes in small pages, or
oldest first, is read on, because a post that stands on the second page is not absent.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from treadle.domain.matching import EARLY_KNOWN_S, LIST_FIELDS, parse_time
from treadle.domain.view import PartView
from treadle_threads import ThreadsClient
from treadle_threads.results import Failure, Ok, Result
from treadle_threads.values import Page

AT_ONCE = 100  # asked for; what comes may be less
NOTED_AT_ONCE = 25  # before a send: enough to tell what is new
MOST_PAGES = 40

Order = Literal["newest first", "oldest first", "unknown"]


@dataclass(slots=True)
class Listed:
    """``results``: every call that was made, in order. ``whole``: nothing that matters lies beyond what was read."""

    results: list[Result[Page]] = field(default_factory=list)
    items: list[Mapping[str, Any]] = field(default_factory=list)
    whole: bool = False

    @property
    def failure(self) -> Failure | None:
        last = self.results[-1]
        return None if isinstance(last, Ok) else last


async def read_list(
    client: ThreadsClient, part: PartView, *, noted: Collection[str] | None = None, since: float | None = None
) -> Listed:
    """The list in which ``part`` appears once it is published, back to what was ``noted`` before the send, or to a day
    before ``since`` (epoch seconds); all of it when neither is known."""
    floor = None if since is None else since - EARLY_KNOWN_S
    return await _pages(client, part, LIST_FIELDS, AT_ONCE, set(noted or ()), floor)


async def note_ids(client: ThreadsClient, part: PartView) -> Listed:
    """The newest entries of that list, by one call unless it comes oldest first."""
    return await _pages(client, part, "id,timestamp", NOTED_AT_ONCE, None, None)


async def _pages(
    client: ThreadsClient, part: PartView, fields: str, limit: int, noted: set[str] | None, floor: float | None
) -> Listed:
    """``noted`` ``None``: the newest page is enough."""
    listed, after = Listed(), None
    seen: set[str] = set()
    while len(listed.results) < MOST_PAGES:
        result = await _list_call(client, part, fields, limit, after)
        listed.results.append(result)
        if not isinstance(result, Ok):
            return listed
        page = result.value
        ids = {str(item.get("id") or "") for item in page.data}
        listed.items.extend(page.data)
        # The last page names a cursor as well, and an empty one follows; or the same page comes again and again.
        if page.after is None or ids <= seen:
            listed.whole = True
            return listed
        seen |= ids
        order = _order(page.data)
        if noted is None:
            enough = order != "oldest first"
        else:
            far = bool(ids & noted) or (floor is not None and _oldest(page.data) < floor)
            enough = far and order == "newest first"
        if enough:
            listed.whole = True
            return listed
        after = page.after
    return listed


def _order(items: Sequence[Mapping[str, Any]]) -> Order:
    times = [at for item in items if (at := parse_time(item.get("timestamp"))) is not None]
    if not times:
        return "newest first"  # as documented
    if len(times) > 1 and len(set(times)) == 1:
        return "unknown"
    return "newest first" if all(a >= b for a, b in itertools.pairwise(times)) else "oldest first"


def _oldest(items: Sequence[Mapping[str, Any]]) -> float:
    return min((at for item in items if (at := parse_time(item.get("timestamp"))) is not None), default=float("inf"))


async def _list_call(client: ThreadsClient, part: PartView, fields: str, limit: int, after: str | None) -> Result[Page]:
    if part.options.get("is_ghost_post"):
        return await client.list_ghost_posts(fields=fields, limit=limit, after=after)
    if part.is_reply:
        return await client.list_replies(fields=fields, limit=limit, after=after)
    return await client.list_threads(fields=fields, limit=limit, after=after)
