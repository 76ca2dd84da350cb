"""Rows to begin with: a workspace, its accounts, posts with parts. Times are small numbers: all that counts is which
is the larger."""

from __future__ import annotations

from typing import Any

from treadle.store import Connection, accounts, blockers, feed, posts, timeline, workspaces
from treadle.store.accounts import ConnectedValues
from treadle.store.positions import TIMELINES
from treadle.store.timeline import TimelineEntry
from treadle.store.workspaces import WorkspaceRow
from treadle_diagnosis import from_pattern

ONE, TWO = "wsp_one", "wsp_two"
APP = "app"


def workspace(conn: Connection, id_: str = ONE, *, at: float = 1.0, **options: Any) -> str:
    workspaces.insert(conn, WorkspaceRow(id_, f"Name of {id_}", at, False, options))
    return id_


def values(username: str = "ada", **changes: Any) -> ConnectedValues:
    known: dict[str, Any] = {
        "username": username,
        "name": f"Name of {username}",
        "picture_url": None,
        "profile": {"biography": "ü 🚀"},
        "app_id": APP,
        "token_enc": f"sealed {username}".encode(),
        "token_issued_at": 1.0,
        "token_expires_at": 1000.0,
        "grant_expires_at": None,
        "scopes": ["threads_basic"],
        "refresh_next_at": 500.0,
    }
    return ConnectedValues(**{**known, **changes})


def account(
    conn: Connection, id_: str = "acc_a", *, of: str = ONE, user: str | None = None, at: float = 2.0, **changes: Any
) -> str:
    """An account of a profile of its own, unless ``user`` names one; ``changes``: of :func:`values`."""
    name = changes.pop("username", id_.removeprefix("acc_"))
    assert accounts.keep(conn, of, user or f"user {id_}", id_, values(name, **changes), now=at) == (None, id_)
    return id_


def post(
    conn: Connection,
    id_: str = "pst_a",
    *,
    of: str = ONE,
    by: str = "acc_a",
    texts: tuple[str, ...] = ("Text",),
    part: dict[str, Any] | None = None,
    **columns: Any,
) -> str:
    """A scheduled post; ``part``: columns of all its parts. Its parts have the ids ``prt_<post>_0`` and so on."""
    state = {"state": "scheduled", "due_at": 100.0, "max_lateness": 50.0, "created_at": 10.0, "updated_at": 10.0}
    owner = {"workspace_id": of, "account_id": by}
    parts = [
        {
            "id": part_id(id_, position),
            "post_id": id_,
            **owner,
            "threads_user_id": f"user {by}",
            "position": position,
            "kind": "TEXT",
            "body": {"text": text, "media": [], "options": {}},
            **(part or {}),
        }
        for position, text in enumerate(texts)
    ]
    posts.insert_post(conn, {"id": id_, **owner, **state, **columns}, parts)
    return id_


def part_id(post_id: str, position: int = 0) -> str:
    return f"prt_{post_id}_{position}"


def blocker(
    conn: Connection, scope: str = "account", key: str = "acc_a", *, pattern: str = "token_expired", now: float = 20.0,
    of: str = ONE,
) -> str:  # fmt: skip
    return blockers.open_blocker(conn, from_pattern(pattern), scope=scope, key=key, workspace_id=of, now=now)


def base(conn: Connection) -> None:
    """A workspace with one account."""
    workspace(conn)
    account(conn)


def changes_after(conn: Connection, start: int) -> list[str]:
    """The types of the changes after this id, of all workspaces."""
    return [head.type for head in feed.heads_with(conn, range(start + 1, feed.newest(conn) + 1))]


def entries_after(conn: Connection, start: int) -> list[TimelineEntry]:
    """The entries after this id, of all timelines."""
    return timeline.entries_with(conn, range(start + 1, TIMELINES.newest(conn) + 1))
