"""Posts as people and programs read them: the JSON of the API, the same for pages and command line."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.services.blocker_output import blocker_out
from treadle.services.output import JsonObject
from treadle.services.post_output import EventsOut, PostOut, PostPage, event_out, post_out
from treadle.store import Connection
from treadle.store.posts_read import SORTS as SORTS
from treadle.store.posts_read import Filters as Filters
from treadle.store.posts_read import count_posts as count_posts
from treadle.store.posts_read import counts as counts
from treadle.store.posts_read import events_of, page_of_posts, posts_of
from treadle.store.posts_read import post_ids as post_ids
from treadle.store.posts_read import sort_of_cursor as sort_of_cursor
from treadle.store.visible_blockers import blocker_page, blocker_row


def read_post(conn: Connection, workspace_id: str, post_id: str) -> PostOut | None:
    """One post, or ``None`` when this workspace has no such post."""
    found = posts_of(conn, workspace_id, [post_id])
    return post_out(found[0]) if found else None


def read_page(
    conn: Connection, workspace_id: str, filters: Filters, *, limit: int = 50, after: str | None = None
) -> PostPage:
    """A page of posts with the cursor of the next one."""
    page, cursor = page_of_posts(conn, workspace_id, filters, limit=limit, after=after)
    return PostPage(data=[post_out(post) for post in page], next=cursor)


def read_events(conn: Connection, workspace_id: str, post_id: str) -> EventsOut | None:
    """A post's events, oldest first; ``None`` when this workspace has no such post."""
    rows = events_of(conn, workspace_id, post_id)
    return None if rows is None else EventsOut(data=[event_out(dict(row)) for row in rows])


# The same as plain JSON, for pages, the command line and assistants.


def post_json(conn: Connection, workspace_id: str, post_id: str) -> JsonObject | None:
    post = read_post(conn, workspace_id, post_id)
    return post.to_json() if post else None


def posts_json(conn: Connection, workspace_id: str, post_ids: Sequence[str]) -> list[JsonObject]:
    """Those of these posts that this workspace has, in the order of the ids."""
    return [post_out(post).to_json() for post in posts_of(conn, workspace_id, post_ids)]


def list_posts(
    conn: Connection, workspace_id: str, filters: Filters, *, limit: int = 50, after: str | None = None
) -> tuple[list[JsonObject], str | None]:
    page = read_page(conn, workspace_id, filters, limit=limit, after=after)
    return [post.to_json() for post in page.data], page.next


def timeline(conn: Connection, workspace_id: str, post_id: str) -> list[JsonObject] | None:
    found = read_events(conn, workspace_id, post_id)
    return [event.to_json() for event in found.data] if found else None


def list_blockers(
    conn: Connection,
    workspace_id: str,
    *,
    open_only: bool = True,
    limit: int | None = None,
    before: str | None = None,
) -> list[JsonObject]:
    """The blockers this workspace can see, newest first, ``limit`` of them. ``before``: id of the last one seen."""
    rows = blocker_page(conn, workspace_id, open_only=open_only, limit=limit, before=before)
    return [blocker_out(row).to_json() for row in rows]


def get_blocker(conn: Connection, workspace_id: str, blocker_id: str) -> JsonObject | None:
    row = blocker_row(conn, workspace_id, blocker_id)
    return blocker_out(row).to_json() if row else None
