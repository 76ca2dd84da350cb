"""Working on posts as a person with a role: what they may do with which post, approval by another person, comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from pydantic import Field

from treadle.domain.answers import Answer, Conflict, Done, Missing, Rejected
from treadle.domain.findings import finding
from treadle.domain.roles import ALLOWED, ROLES, Action, Role, allows, may_approve, may_touch
from treadle.domain.times import iso
from treadle.services.context import App
from treadle.services.editing import WAITS
from treadle.services.output import ApiModel
from treadle.store import Connection, comments, posts, users
from treadle.store.rows import locked, row_of
from treadle.store.timeline import Note, add_note, announce_post

Verb = Literal["edit", "retry", "cancel", "delete", "confirm", "resolve", "detached", "unpublish", "submit", "return"]
VERBS: Final[Mapping[str, Verb]] = {verb: verb for verb in get_args(Verb)}
LONGEST_COMMENT: Final = 4_000  # characters
COMMENTS_SHOWN: Final = 200
_FOR_PUBLISHERS: Final = frozenset({"resolve", "detached", "unpublish"})
_NOT_YOURS = Conflict("role_too_small", "Your role does not allow this. Ask an editor of this workspace.")


@dataclass(frozen=True, slots=True)
class Member:
    """Who acts: ``name`` as timelines show it, which is an email address."""

    name: str
    role: Role

    def may(self, action: Action) -> bool:
        return allows(self.role, action)


class CommentOut(ApiModel):
    id: int
    author: str = Field(description="An email address, or the id of a key.")
    text: str
    at: str | None = Field(description="ISO 8601 in UTC.")


class CommentsOut(ApiModel):
    data: list[CommentOut] = Field(description=f"The newest {COMMENTS_SHOWN}, oldest first.")


def refused(conn: Connection, workspace_id: str, post_id: str, do: Verb, who: Member) -> Conflict | Missing | None:
    """Why this person may not do this with this post; ``None``: they may."""
    row = locked(conn, workspace_id, post_id)
    return Missing() if row is None else _refused(conn, row, do, who)


def _refused(conn: Connection, row: Mapping[str, Any], do: Verb, who: Member) -> Conflict | None:
    mine = row["created_by"] == who.name
    waits = row["approval"] == "pending" and row["state"] == "draft"
    if do == "confirm" and waits:
        others = _others_can_approve(conn, row["workspace_id"], who)
        if may_approve(who.role, wrote_it=mine, others_can=others):
            return None
        if who.may("approve"):
            return Conflict("own_post", "You wrote this post, so someone else has to approve it.")
        return Conflict("role_too_small", "Your role does not allow approving posts. Ask an editor of this workspace.")
    if do == "confirm":
        return None if who.may("publish") else _NOT_YOURS
    if do == "return":
        return None if who.may("approve") else _NOT_YOURS
    if do in _FOR_PUBLISHERS:
        return None if who.may("publish") else _NOT_YOURS
    return None if may_touch(who.role, wrote_it=mine) else _NOT_YOURS


def verbs(conn: Connection, workspace_id: str, post: Mapping[str, Any], who: Member) -> frozenset[str]:
    """What this person may do with a post, as far as their role decides it."""
    row = row_of(conn, workspace_id, post["id"])
    if row is None:
        return frozenset()
    may: set[str] = {do for do in VERBS.values() if _refused(conn, row, do, who) is None}
    waits = row["approval"] == "pending" and row["state"] == "draft"
    if row["state"] != "draft" or waits or who.may("publish"):
        may.discard("submit")
    if not waits:
        may.discard("return")
    return frozenset(may)


def _others_can_approve(conn: Connection, workspace_id: str, who: Member) -> bool:
    approvers = [role for role in ROLES if "approve" in ALLOWED[role]]
    return any(email != who.name for email in users.active_emails(conn, workspace_id, approvers))


def act(conn: Connection, app: App, workspace_id: str, post_id: str, do: Verb, who: Member, *, now: float) -> Answer:
    """One of the things that need no further input: retry, confirm, cancel, delete, submit."""
    if (no := refused(conn, workspace_id, post_id, do, who)) is not None:
        return no
    match do:
        case "retry":
            return app.posts.retry(conn, workspace_id, post_id, now=now, actor=who.name)
        case "confirm":
            return app.posts.confirm(conn, workspace_id, post_id, now=now, actor=who.name)
        case "cancel":
            return app.posts.cancel(conn, workspace_id, post_id, now=now, actor=who.name)
        case "delete":
            return app.posts.delete(conn, workspace_id, post_id)
        case "submit":
            return request_approval(conn, workspace_id, post_id, now=now, actor=who.name)
        case _:
            raise ValueError(do)


def body_of_author(body: Mapping[str, Any], who: Member) -> dict[str, Any]:
    """What somebody asks to be created, with the approval that their role needs."""
    if who.may("publish") or body.get("draft"):
        return dict(body)
    return {**body, "approval": True}


def request_approval(conn: Connection, workspace_id: str, post_id: str, *, now: float, actor: str) -> Answer:
    """Ask for the approval of a draft."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    if row["state"] != "draft" or row["approval"] == "pending":
        return Conflict("nothing_to_submit", "Only a draft that isn't waiting for approval yet can be submitted.")
    _set_approval(conn, row, "pending", WAITS, f"{actor} asked for approval.", now)
    return Done(post_id, WAITS)


def send_back(conn: Connection, workspace_id: str, post_id: str, comment: str, *, now: float, actor: str) -> Answer:
    """Do not approve a post: it becomes a draft again, with a comment that says why."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    if row["state"] != "draft" or row["approval"] != "pending":
        return Conflict("nothing_to_confirm", "This post isn't waiting for approval.")
    added = add_comment(conn, workspace_id, post_id, comment, now=now, actor=actor)
    if not isinstance(added, Done):
        return added
    _set_approval(conn, row, None, "Changes requested.", f"{actor} requested changes.", now)
    return Done(post_id, "Sent back to drafts.")


def _set_approval(
    conn: Connection, row: Mapping[str, Any], approval: str | None, why: str, what_happened: str, now: float
) -> None:
    values = {"approval": approval, "why": why, "next_what": None, "updated_at": now}
    posts.update_post(conn, row["id"], values)
    note = Note(row["stage"], "state", what_happened, outcome="ok")
    add_note(conn, row["id"], row["workspace_id"], row["attempt"], note, now=now)
    announce_post(conn, row["workspace_id"], row["id"], {**row, **values}, now=now)


def add_comment(
    conn: Connection, workspace_id: str, post_id: str, text: str, *, now: float, actor: str
) -> Done | Missing | Rejected:
    """Comment on a post."""
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    clean = text.strip()
    if not clean or len(clean) > LONGEST_COMMENT:
        return Rejected((finding("text", "comment_length", given=clean, limit=LONGEST_COMMENT),))
    comments.insert(conn, workspace_id, post_id, author=actor, text=clean, now=now)
    return Done(post_id, "Comment added.")


def comments_of(conn: Connection, workspace_id: str, post_id: str) -> CommentsOut:
    """The comments of a post; none for a post that is not there."""
    rows = comments.of_post(conn, workspace_id, post_id, limit=COMMENTS_SHOWN)
    return CommentsOut(data=[CommentOut(id=r.id, author=r.author, text=r.text, at=iso(r.at)) for r in rows])
