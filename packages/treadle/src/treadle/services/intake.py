"""Accepting a post, with the answer that the API, the command line, the pages and assistants give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from treadle.domain.answers import Conflict, Created, Missing, Rejected
from treadle.domain.findings import Finding
from treadle.services.context import App
from treadle.services.post_output import PostOut
from treadle.services.read import read_post
from treadle.services.request import Request, read_request
from treadle.store import Connection


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored post. ``again``: it was stored by an earlier request with the same Idempotency-Key."""

    post: PostOut
    again: bool
    warnings: tuple[Finding, ...]


def check(conn: Connection, app: App, workspace_id: str, body: Any, *, post_id: str | None = None) -> Request:
    """What :func:`accept` would find, without storing anything. ``post_id``: the post that is being changed."""
    lateness = app.posts.max_lateness_s
    return read_request(conn, workspace_id, body, now=app.now(), lateness=lateness, post_id=post_id)


def accept(
    conn: Connection,
    app: App,
    workspace_id: str,
    body: Any,
    *,
    now: float,
    actor: str,
    idempotency_key: str | None = None,
) -> Accepted | Rejected | Missing | Conflict:
    """Check a post and store it, in the caller's transaction."""
    made = app.posts.create(conn, workspace_id, body, now=now, actor=actor, idempotency_key=idempotency_key)
    if not isinstance(made, Created):
        return made
    post = read_post(conn, workspace_id, made.post_id)
    if post is None:
        # The key is kept longer than a post that was deleted.
        return Conflict(
            "idempotency_key_reused",
            "The post that this Idempotency-Key made was deleted. Use a new key to publish it again.",
            {"post_ids": [made.post_id]},
        )
    return Accepted(post, made.again, made.warnings)


def with_field(findings: tuple[Finding, ...], prefix: str) -> tuple[Finding, ...]:
    """The same findings with their paths below ``prefix``."""
    return tuple(
        replace(f, field=prefix + (f.field if f.field.startswith("[") or not f.field else f".{f.field}"))
        for f in findings
    )
