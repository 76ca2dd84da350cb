"""One thing done to many posts: tried again, changed, stopped; chosen by ids or by a filter, answered post by post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import Field

from treadle.domain.answers import Answer, Conflict, Done, Missing
from treadle.domain.states import CANCELABLE, EDITABLE
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.services.post_output import PostOut
from treadle.services.read import Filters, post_ids, read_post
from treadle.services.refusals import ProblemOut, details_of
from treadle.store import Connection
from treadle.store.rows import body_of, locked, parts_of

MOST = 500
# Which posts of a filter an action is meant for, unless the filter names states itself.
MEANT: Mapping[str, frozenset[str]] = {
    "retry": frozenset({"failed", "blocked"}),
    "edit": EDITABLE,
    "replace": EDITABLE,
    "confirm": frozenset({"held", "draft"}),
    "cancel": CANCELABLE,
    "delete": frozenset({"draft", "scheduled", "canceled", "failed"}),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done. ``patch`` is for ``edit``; ``media``, ``text`` and ``link`` are (old, new) for ``replace``.

    ``media`` names an id (``med_...``) or an address; a new ``link`` of ``""`` takes the link away. With ``retry`` a
    changed post that had failed is tried again; one that was blocked by what was changed is published anyway.
    """

    action: str
    patch: Mapping[str, Any] = field(default_factory=dict)
    media: tuple[str, str] | None = None
    text: tuple[str, str] | None = None
    link: tuple[str, str] | None = None
    retry: bool = False


class Acted(NamedTuple):
    """What became of the order for one post, and the post afterwards (``None``: deleted, or not there)."""

    id: str
    answer: Answer
    post: PostOut | None

    def out(self, public_url: str) -> ActedOn:
        if isinstance(self.answer, Done):
            found = {"post": self.post} if self.post else {}
            return ActedOn(id=self.id, status=200, message=self.answer.message, **found)
        problem = details_of(self.answer).out(public_url)
        return ActedOn(id=self.id, status=problem.status, problem=problem)


class ActedOn(ApiModel):
    """What became of one post of many."""

    id: str
    status: int = Field(description="200, or that of 'problem'; 0 in a preview.")
    message: str | None = Field(None, description="What was done, in plain words.")
    post: PostOut | None = Field(None, description="The post afterwards.")
    problem: ProblemOut | None = None


class ActionsOut(ApiModel):
    action: str
    chosen: int = Field(description="How many posts it was.")
    done: int
    refused: int
    next: str | None = Field(description="Send it as 'after' for the rest; null: there is none.")
    data: list[ActedOn]


def actions_out(order: Order, acted: Sequence[Acted], following: str | None, public_url: str) -> ActionsOut:
    data = [one.out(public_url) for one in acted]
    done = sum(one.status == 200 for one in data)
    return ActionsOut(
        action=order.action, chosen=len(data), done=done, refused=len(data) - done, next=following, data=data
    )


def preview_out(order: Order, ids: Sequence[str], following: str | None) -> ActionsOut:
    """Only which posts it would be."""
    data = [ActedOn(id=id_, status=0) for id_ in ids]
    return ActionsOut(action=order.action, chosen=len(ids), done=0, refused=0, next=following, data=data)


def choose(
    conn: Connection, workspace_id: str, filters: Filters, *, limit: int = MOST, after: str | None = None
) -> tuple[list[str], str | None]:
    """Ids in the order the posts were made, and the id to go on after; ``None`` when there are no more."""
    return post_ids(conn, workspace_id, filters, limit=limit, after=after)


async def carry_out(app: App, workspace_id: str, ids: Sequence[str], order: Order, *, actor: str) -> list[Acted]:
    """The order for each post, in a transaction each: one that cannot be done undoes no other."""

    def one(conn: Connection, id_: str) -> Acted:
        answer = act(conn, app, workspace_id, id_, order, now=app.now(), actor=actor)
        return Acted(id_, answer, read_post(conn, workspace_id, id_))

    return [await app.db.run(one, id_) for id_ in ids]


def act(conn: Connection, app: App, workspace_id: str, post_id: str, order: Order, *, now: float, actor: str) -> Answer:
    """The order, for one post, in the caller's transaction."""
    match order.action:
        case "retry":
            return app.posts.retry(conn, workspace_id, post_id, now=now, actor=actor)
        case "confirm":
            return app.posts.confirm(conn, workspace_id, post_id, now=now, actor=actor)
        case "cancel":
            return app.posts.cancel(conn, workspace_id, post_id, now=now, actor=actor)
        case "delete":
            return app.posts.delete(conn, workspace_id, post_id)
        case _:
            return _change(conn, app, workspace_id, post_id, order, now=now, actor=actor)


def _change(
    conn: Connection, app: App, workspace_id: str, post_id: str, order: Order, *, now: float, actor: str
) -> Answer:
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    patch = dict(order.patch)
    if order.action == "replace":
        out = {part["position"] for part in parts_of(conn, post_id) if part["published_at"] is not None}
        patch = replaced(body_of(conn, row), order, out)
        if not patch:
            return Conflict("nothing_to_replace", "This post doesn't contain what you want to replace.")
    answer = app.posts.edit(conn, workspace_id, post_id, patch, now=now, actor=actor)
    if not isinstance(answer, Done) or not order.retry or row["state"] != "failed":
        return answer
    again = app.posts.retry(conn, workspace_id, post_id, now=now, actor=actor)
    if isinstance(again, Done):
        return Done(post_id, "Changed. Retrying now.", again.detail)
    if isinstance(again, Conflict):
        return Done(post_id, f"Changed. {again.message}", again.detail)
    return again


def replaced(body: Mapping[str, Any], order: Order, out: set[int]) -> dict[str, Any]:
    """The edit that replaces what the order names, in every part that is not ``out``; empty: it stands nowhere."""
    replies = list(body.get("replies") or [])
    parts = [body, *replies]
    new = [part if n in out else {**part, **_in_part(part, order)} for n, part in enumerate(parts)]
    patch = {name: value for name, value in new[0].items() if value != body.get(name)}
    if new[1:] != replies:
        patch["replies"] = new[1:]
    return patch


def _in_part(part: Mapping[str, Any], order: Order) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if order.media is not None and part.get("media"):
        made["media"] = [_other(item, *order.media) for item in part["media"]]
    if order.text is not None and part.get("text"):
        made["text"] = part["text"].replace(*order.text)
    options = part.get("options") or {}
    if order.link is not None and options.get("link_attachment") == order.link[0]:
        kept = {name: value for name, value in options.items() if name != "link_attachment"}
        made["options"] = {**kept, "link_attachment": order.link[1]} if order.link[1] else kept
    return made


def _other(item: Mapping[str, Any], old: str, new: str) -> Mapping[str, Any]:
    """The item with another file or address; what was said about it, such as its alt text, stays."""
    if old not in (item.get("id"), item.get("url")):
        return item
    kept = {name: value for name, value in item.items() if name in ("alt_text", "spoiler")}
    return {"id" if new.startswith("med_") else "url": new, **kept}
