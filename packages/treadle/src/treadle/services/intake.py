"""Taking a post in: every finding at once, then the service; the same for API, command line and assistants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from treadle.domain.answers import Answer, Created, Missing, Refusal, Rejected
from treadle.domain.findings import Finding
from treadle.domain.rules import check_post
from treadle.domain.times import about_past, asked, parse_duration, parse_when
from treadle.services.context import App
from treadle.services.read import post_json
from treadle.services.request import known_account, unknown_media
from treadle.store.tables import posts

# Findings after which a request cannot be looked at further: it has not the shape of a post.
SHAPELESS = frozenset({"wrong_type", "too_deep", "nul_character", "half_character", "number", "too_many_parts"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored post. ``again``: it was stored by an earlier request with the same Idempotency-Key."""

    post: dict[str, Any]
    again: bool
    warnings: tuple[Finding, ...]


def findings_of(conn: sa.Connection, workspace_id: str, body: Any, *, now: float, lateness: float) -> list[Finding]:
    """Everything that is wrong, or may be, with a request to publish, known without asking anybody.

    ``lateness`` (seconds) holds when the request names none.
    """
    found = check_post(body)
    if not isinstance(body, Mapping):
        return found
    found += _time_findings(body, now, lateness)
    known_account(conn, workspace_id, body, found)
    return found + unknown_media(conn, workspace_id, body, found)


def _time_findings(body: Mapping[str, Any], now: float, lateness: float) -> list[Finding]:
    found: list[Finding] = []
    at, zone = body.get("publish_at"), body.get("zone")
    if body.get("max_lateness") is not None:
        asked_for = parse_duration(body["max_lateness"])
        if isinstance(asked_for, Finding):
            found.append(asked_for)
        else:
            lateness = asked_for
    if zone is not None and not isinstance(zone, str):
        found.append(_wrong("zone", zone, "the name of a time zone such as Europe/Berlin"))
    elif at is not None and not isinstance(at, str):
        found.append(_wrong("publish_at", at, "a time such as 2026-12-01T09:00:00+01:00"))
    elif at == "":
        way_out = "Send a time, or leave the field out to publish as soon as possible."
        found.append(Finding("publish_at", "not_a_time", "This is empty.", way_out, given=at))
    elif at:
        when = parse_when(at, zone or None, now=now)
        if isinstance(when, Finding):
            found.append(when)
        else:
            past = about_past(when, lateness, now)
            found += [*when.warnings, *([past] if past else [])]
    return found


def _wrong(name: str, value: Any, wanted: str) -> Finding:
    return Finding(name, "wrong_type", f"This must be {wanted}.", f"Send {wanted}.", given=value, limit=wanted)


def accept(
    conn: sa.Connection,
    app: App,
    workspace_id: str,
    body: Any,
    *,
    now: float,
    actor: str,
    idempotency_key: str | None = None,
) -> Accepted | Rejected | Missing | Refusal:
    """Check a post and store it, in the caller's transaction."""
    found = findings_of(conn, workspace_id, body, now=now, lateness=app.posts.max_lateness_s)
    errors = tuple(f for f in found if f.severity == "error")
    if errors:
        return Rejected(errors)
    made = app.posts.create(conn, workspace_id, body, now=now, actor=actor, idempotency_key=idempotency_key)
    if not isinstance(made, Created):
        return made
    if not made.again:
        _keep_zone(conn, made.post_id, body)
    post = post_json(conn, workspace_id, made.post_id)
    if post is None:
        # The key is kept longer than a post that was deleted.
        return Refusal(
            "idempotency_key_reused",
            "The post that this Idempotency-Key made was deleted. Use a new key to publish it again.",
            {"post_ids": [made.post_id]},
        )
    return Accepted(post, made.again, tuple(f for f in found if f.severity != "error"))


def change(
    conn: sa.Connection,
    app: App,
    workspace_id: str,
    post_id: str,
    patch: dict[str, Any],
    *,
    now: float,
    actor: str,
    version: int | None = None,
) -> Answer:
    """Change a post that is not out yet."""
    known = conn.execute(
        sa.select(posts.c.publish_at_text).where(posts.c.id == post_id, posts.c.workspace_id == workspace_id)
    ).first()
    if known is None:
        return Missing()
    # Looked at as if it were a whole post: only what makes it unreadable counts here, the service judges the rest.
    whole = {"account_id": "acc_unchanged", "text": "unchanged", **patch}
    shapeless = [f for f in check_post(whole) if f.rule in SHAPELESS]
    times = _time_findings(patch, now, app.posts.max_lateness_s)
    shapeless += [f for f in times if f.rule in SHAPELESS or f.field == "max_lateness" or f.given == ""]
    if "account_id" in patch and not isinstance(patch["account_id"], str):
        shapeless.append(_wrong("account_id", patch["account_id"], "an account's id"))
    if shapeless:
        return Rejected(tuple(shapeless))
    if patch.get("zone") and "publish_at" not in patch and known[0]:
        patch = {**patch, "publish_at": asked(known[0])[0]}
    answer = app.posts.edit(conn, workspace_id, post_id, patch, now=now, actor=actor, version=version)
    if not isinstance(answer, Rejected | Missing | Refusal):
        _keep_zone(conn, post_id, patch)
    return answer


def _keep_zone(conn: sa.Connection, post_id: str, body: Mapping[str, Any]) -> None:
    """Keep the zone that a time was read in beside the time, so that both are given back as asked."""
    if body.get("zone") and body.get("publish_at"):
        text = f"{body['publish_at']}[{body['zone']}]"
        conn.execute(sa.update(posts).where(posts.c.id == post_id).values(publish_at_text=text))


def with_field(findings: tuple[Finding, ...], prefix: str) -> tuple[Finding, ...]:
    """The same findings with their paths below ``prefix``."""
    return tuple(
        replace(f, field=prefix + (f.field if f.field.startswith("[") or not f.field else f".{f.field}"))
        for f in findings
    )
