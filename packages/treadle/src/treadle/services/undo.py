"""Undoing what a person did a moment ago: a cancel, a delete, a change of time, of one post or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from treadle.domain.answers import Conflict, Done
from treadle.domain.times import When, asked, iso, parse_when
from treadle.ids import new_id
from treadle.plural import plural
from treadle.services.context import App
from treadle.store import Connection, undos
from treadle.store.rows import locked, parts_of
from treadle.store.undos import UndoRow

Kind = Literal["cancel", "delete", "move"]
WITHIN_S: Final = 600.0
_OF_A_DELETED: Final = ("draft", "held", "failed", "canceled", "published")


def step_before(conn: Connection, workspace_id: str, post_id: str, kind: Kind) -> Mapping[str, Any] | None:
    """How a post is before something is done to it: what an undo needs. ``None``: there is no such post."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return None
    match kind:
        case "cancel":
            return {"post_id": post_id, "draft": row["state"] == "draft", "was": row["state"]}
        case "delete":
            return {"post_id": post_id, "row": row, "parts": parts_of(conn, post_id)}
        case "move":
            text, zone = asked(row["publish_at_text"])
            read = parse_when(text, zone) if text else None
            if not isinstance(read, When) or read.at != row["publish_at"]:  # nobody wrote it, or what it says changed
                text, zone = iso(row["publish_at"]), None
            draft = row["state"] == "draft"
            return {"post_id": post_id, "publish_at": text, "zone": zone, "draft": draft}


def remember(conn: Connection, workspace_id: str, kind: Kind, steps: Sequence[Mapping[str, Any]], *, now: float) -> str:
    """Keep what an undo needs for ten minutes; its id, empty when there is nothing to undo."""
    undos.delete_before(conn, now - WITHIN_S)
    done = [step for step in steps if step.get("was") != "canceled"]
    if not done:
        return ""
    undo_id = new_id("undo", now)
    undos.insert(conn, workspace_id, undo_id, UndoRow(kind, done, now))
    return undo_id


def undo(conn: Connection, app: App, workspace_id: str, undo_id: str, *, now: float, actor: str) -> Done | Conflict:
    """Undo it; the answer says of how many posts. What was undone before, or too long ago, is refused."""
    found = undos.take(conn, workspace_id, undo_id)
    if found is None or found.created_at < now - WITHIN_S:
        return Conflict("nothing_to_undo", "This can't be undone anymore.")
    done, why = 0, ""
    for step in found.steps:
        answer = _undone(conn, app, workspace_id, found.kind, step, now=now, actor=actor)
        done += isinstance(answer, Done)
        why = why or getattr(answer, "message", "")
    if not done:
        return Conflict("nothing_to_undo", why or "This can't be undone anymore.")
    return Done(undo_id, "Undone." if len(found.steps) == 1 else f"Undone for {plural(done, 'post')}.")


def _undone(
    conn: Connection, app: App, workspace_id: str, kind: str, step: Mapping[str, Any], *, now: float, actor: str
) -> Any:
    post_id = str(step["post_id"])
    if kind == "cancel":
        return app.posts.restore(conn, workspace_id, post_id, draft=bool(step["draft"]), now=now, actor=actor)
    if kind == "delete":
        return _put_back(conn, app, workspace_id, step, now=now, actor=actor)
    patch = {"publish_at": step["publish_at"], "zone": step["zone"]}
    return app.posts.edit(conn, workspace_id, post_id, patch, now=now, actor=actor)


def _put_back(
    conn: Connection, app: App, workspace_id: str, step: Mapping[str, Any], *, now: float, actor: str
) -> Done:
    row, post_id = step["row"], str(step["post_id"])
    undos.put_back(conn, row, step["parts"])
    if row["state"] not in _OF_A_DELETED:
        app.posts.again(conn, post_id, why=f"Delete undone by {actor}.", now=now)
    return Done(post_id, "The post is back.")
