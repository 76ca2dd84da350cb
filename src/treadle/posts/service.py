"""What people and programs do with posts: create, edit, cancel, retry, confirm, resolve, pause.

Every function works on a connection of the caller's transaction and answers with a value; none raises for what a caller
may get wrong. A post and its first hop are stored in one transaction, so an accepted post is never a lost one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import sqlalchemy as sa

from treadle.ids import new_id
from treadle.posts.findings import Finding
from treadle.posts.release import Releaser, ready
from treadle.posts.rules import check_post
from treadle.posts.states import CANCELABLE, EDITABLE
from treadle.posts.timeline import Note, add_note, announce_post
from treadle.posts.times import When, parse_duration, parse_when
from treadle.posts.view import start_of
from treadle.store.tables import accounts, blockers, idempotency, media, parts, post_blockers, posts, workspaces

VIDEO_SUFFIXES = frozenset({"mp4", "mov", "m4v", "webm", "mkv", "avi", "mpg", "mpeg", "ts", "3gp"})


@dataclass(frozen=True, slots=True)
class Created:
    post_id: str
    again: bool = False  # the same idempotency key and body were seen before


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request cannot become a post as it is; every reason at once."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """No such post (or account, media) in this workspace."""

    what: str = "post"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Right in itself, not possible now. ``code`` is stable; ``message`` says why and what to do instead."""

    code: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    post_id: str
    message: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


Answer: TypeAlias = Done | Rejected | Missing | Refusal


@dataclass(frozen=True, slots=True)
class Posts:
    """The service, over a way to let posts go. ``now`` is passed to every call: epoch seconds."""

    releaser: Releaser
    max_lateness_s: float = 86_400.0

    # ------------------------------------------------------------ create

    def create(
        self,
        conn: sa.Connection,
        workspace_id: str,
        body: Mapping[str, Any],
        *,
        now: float,
        actor: str,
        idempotency_key: str | None = None,
    ) -> Created | Rejected | Missing | Refusal:
        """Accept a post: checked, stored and enqueued in the caller's transaction.

        The same ``idempotency_key`` with the same body answers the same post; with another body it is refused.
        """
        digest = _digest(body)
        if idempotency_key:
            if conn.dialect.name != "sqlite":
                conn.execute(
                    sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
                    {"key": f"{workspace_id}|{idempotency_key}"},
                )
            seen = conn.execute(
                sa.select(idempotency).where(
                    idempotency.c.workspace_id == workspace_id, idempotency.c.key == idempotency_key
                )
            ).first()
            if seen is not None:
                if seen.body_hash != digest:
                    return Refusal(
                        "idempotency_key_reused",
                        "This Idempotency-Key was used before with another body. Use a new key for a new post.",
                        {"post_ids": seen.post_ids},
                    )
                return Created(seen.post_ids[0], again=True)
        made = self._create(conn, workspace_id, body, now=now, actor=actor)
        if isinstance(made, Created) and idempotency_key:
            conn.execute(
                sa.insert(idempotency).values(
                    workspace_id=workspace_id,
                    key=idempotency_key,
                    body_hash=digest,
                    status=201,
                    post_ids=[made.post_id],
                    created_at=now,
                )
            )
        return made

    def _create(
        self, conn: sa.Connection, workspace_id: str, body: Mapping[str, Any], *, now: float, actor: str
    ) -> Created | Rejected | Missing:
        findings = [f for f in check_post(body) if f.severity == "error"]
        when = _when(body, now)
        lateness = self.max_lateness_s
        if body.get("max_lateness") is not None:
            asked = parse_duration(body["max_lateness"])
            if isinstance(asked, Finding):
                findings.append(asked)
            else:
                lateness = asked
        if isinstance(when, Finding):
            findings.append(when)
        account = _checked_account(conn, workspace_id, body, findings)
        part_bodies = part_list(body)
        findings.extend(_unknown_media(conn, workspace_id, part_bodies, findings))
        if findings or account is None or isinstance(when, Finding):
            return Rejected(tuple(findings))
        post_id = new_id("post", now)
        draft = bool(body.get("draft"))
        approval = "pending" if body.get("approval") else None
        at = when.at if when else None
        kinds = [guess_kind(p) for p in part_bodies]
        start = self._start(at, kinds, now)
        # Media are looked at on acceptance: what is wrong with them is known early, and an address that would expire
        # before the post is due is copied.
        first_hop = now if any(p.get("media") for p in part_bodies) else start
        state = "draft" if draft or approval else ("scheduled" if start > now else "publishing")
        row = {
            "id": post_id,
            "workspace_id": workspace_id,
            "account_id": account["id"],
            "state": state,
            "stage": "preflight",
            "publish_at": at,
            "publish_at_text": when.text if when else None,
            "due_at": at if at is not None else now,
            "max_lateness": lateness,
            "options": {},
            "metadata": dict(body.get("metadata") or {}),
            "labels": list(body.get("labels") or []),
            "next_what": "Waits to be sent off by a person." if state == "draft" else "Goes out.",
            "next_at": None if state == "draft" else max(start, now),
            "seq": 1,
            "approval": approval,
            "created_at": now,
            "updated_at": now,
        }
        conn.execute(sa.insert(posts).values(**row))
        conn.execute(
            sa.insert(parts),
            [
                _part_row(post_id, workspace_id, account, position, kind, part_body, now)
                for position, (kind, part_body) in enumerate(zip(kinds, part_bodies, strict=True))
            ],
        )
        add_note(
            conn,
            post_id,
            workspace_id,
            1,
            Note("preflight", "state", f"Accepted from {actor}: nothing in it breaks a rule of Threads.", outcome="ok"),
            now=now,
        )
        announce_post(conn, workspace_id, post_id, row, now=now)
        if state != "draft":
            self.releaser.enqueue(
                conn,
                post_id,
                1,
                account_id=account["threads_user_id"],
                delay_s=max(0.0, first_hop - now),
                due_at=row["due_at"],
                queue="posts",
            )
        return Created(post_id)

    def _start(self, at: float | None, kinds: Sequence[str], now: float) -> float:
        """When the first hop runs: early enough that containers are ready at the time asked for."""
        if at is None or at <= now:
            return now
        return max(now, start_of(at, kinds[0], now))

    # ------------------------------------------------------------ change

    def edit(
        self,
        conn: sa.Connection,
        workspace_id: str,
        post_id: str,
        patch: Mapping[str, Any],
        *,
        now: float,
        actor: str,
        version: int | None = None,
    ) -> Answer:
        """Change what is not out yet: text, media, options, replies, time, lateness, labels, metadata, account.

        A post that waited behind its own content goes by itself afterwards. Published parts cannot change any more.
        """
        row = _locked(conn, workspace_id, post_id)
        if row is None:
            return Missing()
        if version is not None and version != row["version"]:
            return Refusal("changed_meanwhile", "The post was changed since you read it. Read it again.", {})
        if row["state"] not in EDITABLE:
            return Refusal("not_editable", f"A post that is {row['state']} cannot be changed any more.", {})
        if _unsettled(conn, post_id):
            return Refusal(
                "being_checked",
                "A publish of this post was sent and it is being checked whether it is out. Change it after that.",
            )
        current = body_of(conn, row)
        merged = {**current, **{k: v for k, v in patch.items() if k in PATCHABLE}}
        unknown = [k for k in patch if k not in PATCHABLE]
        findings = [f for f in check_post(merged) if f.severity == "error"]
        findings += [
            Finding(k, "unknown_field", f"'{k}' cannot be changed.", "Leave it out.", given=patch[k]) for k in unknown
        ]
        when = _when(merged, now) if "publish_at" in patch or "zone" in patch else _kept_when(row)
        if isinstance(when, Finding):
            findings.append(when)
        lateness = row["max_lateness"]
        if patch.get("max_lateness") is not None:
            asked = parse_duration(patch["max_lateness"])
            if isinstance(asked, Finding):
                findings.append(asked)
            else:
                lateness = asked
        account = _checked_account(conn, workspace_id, merged, findings)
        part_bodies = part_list(merged)
        findings.extend(_unknown_media(conn, workspace_id, part_bodies, findings))
        old = _parts(conn, post_id)
        out = [p for p in old if p["published_at"] is not None]
        findings.extend(_touches_published(out, part_bodies, account, row))
        if findings or account is None or isinstance(when, Finding):
            return Rejected(tuple(findings))
        at = when.at if when else None
        kinds = [guess_kind(p) for p in part_bodies]
        _rewrite_parts(conn, row, account, old, kinds, part_bodies, now)
        resting = row["state"] in ("draft", "held", "failed")
        if row["state"] == "held" and "publish_at" in patch:
            resting = False
        values = {
            "account_id": account["id"],
            "publish_at": at,
            "publish_at_text": when.text if when else None,
            "due_at": at if at is not None else (row["due_at"] if row["publish_at"] is None else now),
            "max_lateness": lateness,
            "metadata": dict(merged.get("metadata") or {}),
            "labels": list(merged.get("labels") or []),
            "version": row["version"] + 1,
            "updated_at": now,
            "claim": row["claim"] + 1,
            "claimed_by": None,
        }
        conn.execute(sa.update(posts).where(posts.c.id == post_id).values(**values))
        note = Note(row["stage"], "edit", f"Changed by {actor}: {', '.join(sorted(patch)) or 'nothing'}.", outcome="ok")
        add_note(conn, post_id, workspace_id, row["attempt"], note, now=now)
        if not resting:
            self._release_own(conn, post_id, by="edit", now=now)
            self._again(conn, post_id, kinds, why=f"Changed by {actor}.", now=now)
        return Done(post_id, "Changed.")

    def _release_own(self, conn: sa.Connection, post_id: str, *, by: str, now: float) -> None:
        """Close the blockers that hold this post for its own content."""
        own = conn.execute(
            sa.select(blockers.c.id).where(
                blockers.c.scope == "post", blockers.c.key == post_id, blockers.c.repaired_at.is_(None)
            )
        ).scalars()
        ids = list(own)
        if ids:
            conn.execute(sa.delete(post_blockers).where(post_blockers.c.blocker_id.in_(ids)))
            self.releaser.repaired(conn, ids, by=by, now=now)

    def _again(
        self,
        conn: sa.Connection,
        post_id: str,
        kinds: Sequence[str] | None = None,
        *,
        why: str,
        now: float,
    ) -> bool:
        """A fresh hop, unless open blockers still hold the post (then it goes with their repair)."""
        rows = ready(conn, [post_id])
        if not rows:
            return False
        row = rows[0]
        if kinds and row["publish_at"] and not row["started"]:
            row["publish_at"] = self._start(row["publish_at"], kinds, now)
        self.releaser.enqueue_again(conn, row, delay_s=0.0, why=why, now=now)
        return True

    def cancel(self, conn: sa.Connection, workspace_id: str, post_id: str, *, now: float, actor: str) -> Answer:
        """Stop a post at any stage up to the publish call, and say honestly when that was too late."""
        row = _locked(conn, workspace_id, post_id)
        if row is None:
            return Missing()
        out = [p for p in _parts(conn, post_id) if p["published_at"] is not None]
        live = [{"part": p["position"], "threads_id": p["threads_id"], "permalink": p["permalink"]} for p in out]
        if row["state"] == "canceled":
            return Done(post_id, "It was canceled before.", {"published_parts": live})
        if _unsettled(conn, post_id):
            return Refusal(
                "too_late",
                "Too late: its publish was sent, and whether it is out is being checked. Delete it from Threads then.",
                {"published_parts": live},
            )
        if row["state"] not in CANCELABLE:
            return Refusal("too_late", f"Too late: the post is {row['state']}.", {"published_parts": live})
        said = f"Canceled by {actor}."
        if live:
            said += f" {len(live)} of its parts are out already and stay."
        self._rest(conn, row, "canceled", said, now)
        conn.execute(
            sa.update(parts).where(parts.c.post_id == post_id, parts.c.published_at.is_(None)).values(state="canceled")
        )
        self._drop_blockers(conn, post_id, now)
        return Done(post_id, said, {"published_parts": live})

    def _drop_blockers(self, conn: sa.Connection, post_id: str, now: float) -> None:
        conn.execute(sa.delete(post_blockers).where(post_blockers.c.post_id == post_id))
        conn.execute(
            sa.update(blockers)
            .where(blockers.c.scope == "post", blockers.c.key == post_id, blockers.c.repaired_at.is_(None))
            .values(repaired_at=now, repaired_by="canceled", open_key=None)
        )

    def _rest(self, conn: sa.Connection, row: Mapping[str, Any], state: str, why: str, now: float) -> None:
        """Put a post to rest: every hop and claim that is under way becomes invalid."""
        values = {
            "state": state,
            "seq": row["seq"] + 1,
            "claim": row["claim"] + 1,
            "claimed_by": None,
            "next_what": None,
            "next_at": None,
            "why": why,
            "updated_at": now,
        }
        conn.execute(sa.update(posts).where(posts.c.id == row["id"]).values(**values))
        add_note(
            conn,
            row["id"],
            row["workspace_id"],
            row["attempt"],
            Note(row["stage"], "state", why, outcome="ok"),
            now=now,
        )
        announce_post(conn, row["workspace_id"], row["id"], {**values, "account_id": row["account_id"]}, now=now)

    def retry(self, conn: sa.Connection, workspace_id: str, post_id: str, *, now: float, actor: str) -> Answer:
        """Try a failed, blocked or waiting post again now: a new attempt with fresh budgets. Published parts stay."""
        row = _locked(conn, workspace_id, post_id)
        if row is None:
            return Missing()
        if row["state"] not in ("failed", "blocked", "retrying", "waiting", "checking"):
            return Refusal("nothing_to_retry", f"A post that is {row['state']} has nothing to try again.")
        conn.execute(
            sa.update(posts)
            .where(posts.c.id == post_id)
            .values(
                state="publishing",
                attempt=row["attempt"] + 1,
                cause=None,
                cause_pattern=None,
                cause_lane=None,
                confirmed_at=now,
                claim=row["claim"] + 1,
            )
        )
        conn.execute(
            sa.update(parts)
            .where(parts.c.post_id == post_id, parts.c.published_at.is_(None), parts.c.intent == "none")
            .values(tries={}, state="pending", cause=None)
        )
        self._release_own(conn, post_id, by="retry", now=now)
        if not self._again(conn, post_id, why=f"Tried again by {actor}.", now=now):
            held = _held_by(conn, post_id)
            self._rest(conn, {**row, "attempt": row["attempt"] + 1}, "blocked", "Still behind an open cause.", now)
            return Refusal(
                "still_blocked",
                "An open cause still holds this post. Repair or recheck that first.",
                {"blocker_ids": held},
            )
        return Done(post_id, "Tried again now.")

    def confirm(self, conn: sa.Connection, workspace_id: str, post_id: str, *, now: float, actor: str) -> Answer:
        """Say yes: to a held post that is late, to a draft, to one that waits for approval."""
        row = _locked(conn, workspace_id, post_id)
        if row is None:
            return Missing()
        if row["state"] not in ("held", "draft"):
            return Refusal("nothing_to_confirm", f"A post that is {row['state']} does not wait for a yes.")
        due = row["due_at"] if row["publish_at"] is not None else now
        conn.execute(
            sa.update(posts)
            .where(posts.c.id == post_id)
            .values(
                state="publishing",
                confirmed_at=now if row["state"] == "held" else None,
                approval="approved" if row["approval"] else None,
                due_at=due,
            )
        )
        kinds = [p["kind"] for p in _parts(conn, post_id)]
        self._again(conn, post_id, kinds, why=f"Confirmed by {actor}.", now=now)
        return Done(post_id, "Confirmed.")

    def resolve(
        self,
        conn: sa.Connection,
        workspace_id: str,
        post_id: str,
        *,
        now: float,
        actor: str,
        live_id: str | None = None,
        absent: bool = False,
        permalink: str | None = None,
    ) -> Answer:
        """A person's word on a ``checking`` post: the live post's Threads id, or that nothing is out."""
        row = _locked(conn, workspace_id, post_id)
        if row is None:
            return Missing()
        part = next(
            (
                p
                for p in _parts(conn, post_id)
                if (p["intent"] == "sent" and p["published_at"] is None)
                or (p["published_at"] is not None and p["threads_id"] is None)
            ),
            None,
        )
        if part is None:
            return Refusal("nothing_to_resolve", "Nothing about this post is in doubt.")
        if bool(live_id) == absent:
            return Rejected(
                (
                    Finding(
                        "resolution",
                        "one_of",
                        "Say either which post is live or that none is.",
                        'Send {"threads_id": "..."} or {"absent": true}.',
                    ),
                )
            )
        if absent and part["published_at"] is not None:
            return Refusal("it_is_live", "Threads says that this one is live; only its id is missing.")
        values: dict[str, Any]
        if live_id:
            taken = conn.execute(
                sa.select(parts.c.post_id).where(
                    parts.c.threads_user_id == part["threads_user_id"], parts.c.threads_id == live_id
                )
            ).scalar()
            if taken:
                return Refusal(
                    "already_claimed", "That post on Threads belongs to another post here.", {"post_id": taken}
                )
            values = {
                "state": "published",
                "published_at": part["published_at"] or now,
                "threads_id": live_id,
                "permalink": permalink,
                "unclear": False,
                "cause": None,
            }
            said = f"{actor} named the live post: {live_id}."
        else:
            values = {
                "state": "pending",
                "intent": "none",
                "unclear": False,
                "sends": 0,
                "intent_first_at": None,
                "seen_before": None,
                "checks": {},
                "container_id": None,
                "container_made_at": None,
                "container_status": None,
                "children": [],
                "cause": None,
            }
            said = f"{actor} declared that nothing is out; a new container may be made."
        conn.execute(sa.update(parts).where(parts.c.id == part["id"]).values(**values))
        conn.execute(
            sa.update(posts)
            .where(posts.c.id == post_id)
            .values(state="publishing", cause=None, cause_pattern=None, cause_lane=None, claim=row["claim"] + 1)
        )
        self._again(conn, post_id, why=said, now=now)
        return Done(post_id, said)

    def delete(self, conn: sa.Connection, workspace_id: str, post_id: str) -> Answer:
        """Remove a post that was never sent, with its timeline."""
        row = _locked(conn, workspace_id, post_id)
        if row is None:
            return Missing()
        if any(p["sends"] > 0 or p["published_at"] is not None for p in _parts(conn, post_id)):
            return Refusal(
                "was_sent", "This post was sent to Threads; its record is kept. Cancel or unpublish it instead."
            )
        conn.execute(sa.delete(post_blockers).where(post_blockers.c.post_id == post_id))
        conn.execute(sa.delete(posts).where(posts.c.id == post_id))
        return Done(post_id, "Deleted.")

    # ------------------------------------------------------------ pause

    def pause(
        self,
        conn: sa.Connection,
        workspace_id: str,
        *,
        account_id: str | None = None,
        paused: bool,
        now: float,
    ) -> Done | Missing:
        """Pause or resume a workspace or one account. What is being sent at this moment is finished."""
        table, where = workspaces, workspaces.c.id == workspace_id
        if account_id:
            table = accounts
            where = sa.and_(accounts.c.id == account_id, accounts.c.workspace_id == workspace_id)
        if conn.execute(sa.update(table).where(where).values(paused=paused)).rowcount == 0:
            return Missing("account" if account_id else "workspace")
        freed: list[str] = []
        if not paused:
            if account_id:
                freed = self.releaser.resume(conn, account_id=account_id, now=now)
            else:
                freed = self.releaser.resume(conn, workspace_id=workspace_id, now=now)
        return Done(account_id or workspace_id, "Paused." if paused else "Goes on.", {"released": freed})


PATCHABLE = frozenset(
    {
        "account_id",
        "text",
        "media",
        "options",
        "replies",
        "publish_at",
        "zone",
        "max_lateness",
        "metadata",
        "labels",
    }
)
Kind = Literal["TEXT", "IMAGE", "VIDEO", "CAROUSEL"]


def part_list(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a request: the post itself, then its replies. What is no part counts as an empty one."""
    replies = body.get("replies")
    further = [part if isinstance(part, Mapping) else {} for part in replies] if isinstance(replies, list) else []
    return [{k: part[k] for k in ("text", "media", "options") if part.get(k)} for part in [body, *further]]


def guess_kind(part: Mapping[str, Any]) -> Kind:
    """The container's kind, as far as the request tells; the media stage corrects it by what the file really is."""
    items = part.get("media") or []
    if not items:
        return "TEXT"
    if len(items) > 1:
        return "CAROUSEL"
    return "VIDEO" if looks_like_video(items[0]) else "IMAGE"


def looks_like_video(item: Mapping[str, Any]) -> bool:
    if item.get("type"):
        return str(item["type"]).lower() == "video"
    path = urlsplit(str(item.get("url") or item.get("filename") or "")).path
    return path.rsplit(".", 1)[-1].lower() in VIDEO_SUFFIXES


def body_of(conn: sa.Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """The post as a request, as it would have to be sent to get what is stored."""
    bodies = [dict(p["body"]) for p in _parts(conn, row["id"])]
    body: dict[str, Any] = {"account_id": row["account_id"], **bodies[0]}
    if len(bodies) > 1:
        body["replies"] = bodies[1:]
    if row["publish_at_text"]:
        body["publish_at"] = row["publish_at_text"]
    body["metadata"], body["labels"] = row["metadata"], row["labels"]
    return body


def _digest(body: Mapping[str, Any]) -> str:
    try:
        return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    except RecursionError:  # nested too deeply to be accepted
        return ""


def _when(body: Mapping[str, Any], now: float) -> When | Finding | None:
    if body.get("publish_at") in (None, ""):
        return None
    return parse_when(str(body["publish_at"]), str(body["zone"]) if body.get("zone") else None, now=now)


def _kept_when(row: Mapping[str, Any]) -> When | None:
    if row["publish_at"] is None:
        return None
    return When(at=row["publish_at"], text=row["publish_at_text"], zone=None)


def _no_account(body: Mapping[str, Any]) -> Finding:
    return Finding(
        "account_id",
        "known_account",
        "There is no such account in this workspace.",
        "List the accounts (GET /v1/accounts) and use one of their ids, or connect one.",
        given=body.get("account_id"),
    )


def _checked_account(
    conn: sa.Connection, workspace_id: str, body: Mapping[str, Any], findings: list[Finding]
) -> dict[str, Any] | None:
    """The account the request names; adds a finding when there is none, unless its id is wrong in itself."""
    if any(f.field == "account_id" for f in findings):
        return None
    account = _account(conn, workspace_id, str(body["account_id"]))
    if account is None:
        findings.append(_no_account(body))
    return account


def _account(conn: sa.Connection, workspace_id: str, account_id: str) -> dict[str, Any] | None:
    row = (
        conn.execute(sa.select(accounts).where(accounts.c.id == account_id, accounts.c.workspace_id == workspace_id))
        .mappings()
        .first()
    )
    return dict(row) if row else None


def _locked(conn: sa.Connection, workspace_id: str, post_id: str) -> dict[str, Any] | None:
    row = (
        conn.execute(
            sa.select(posts).where(posts.c.id == post_id, posts.c.workspace_id == workspace_id).with_for_update()
        )
        .mappings()
        .first()
    )
    return dict(row) if row else None


def _parts(conn: sa.Connection, post_id: str) -> list[dict[str, Any]]:
    rows = conn.execute(sa.select(parts).where(parts.c.post_id == post_id).order_by(parts.c.position)).mappings()
    return [dict(row) for row in rows]


def _unsettled(conn: sa.Connection, post_id: str) -> bool:
    return bool(
        conn.execute(
            sa.select(parts.c.id).where(
                parts.c.post_id == post_id, parts.c.intent == "sent", parts.c.published_at.is_(None)
            )
        ).first()
    )


def _held_by(conn: sa.Connection, post_id: str) -> list[str]:
    return list(conn.execute(sa.select(post_blockers.c.blocker_id).where(post_blockers.c.post_id == post_id)).scalars())


def _unknown_media(
    conn: sa.Connection, workspace_id: str, part_bodies: Sequence[Mapping[str, Any]], findings: Sequence[Finding]
) -> list[Finding]:
    wanted: dict[str, str] = {}
    wrong = {f.field for f in findings}
    for index, part in enumerate(part_bodies):
        items = part.get("media")
        for place, item in enumerate(items if isinstance(items, list) else []):
            path = f"{f'replies[{index - 1}].' if index else ''}media[{place}].id"
            if isinstance(item, Mapping) and item.get("id") and path not in wrong:
                wanted[str(item["id"])] = path
    if not wanted:
        return []
    known = set(
        conn.execute(
            sa.select(media.c.id).where(media.c.workspace_id == workspace_id, media.c.id.in_(list(wanted)))
        ).scalars()
    )
    return [
        Finding(
            path, "known_media", "There is no such uploaded file in this workspace.", "Upload it first.", given=media_id
        )
        for media_id, path in wanted.items()
        if media_id not in known
    ]


def _part_row(
    post_id: str,
    workspace_id: str,
    account: Mapping[str, Any],
    position: int,
    kind: str,
    body: Mapping[str, Any],
    now: float,
) -> dict[str, Any]:
    return {
        "id": new_id("part", now),
        "post_id": post_id,
        "workspace_id": workspace_id,
        "account_id": account["id"],
        "threads_user_id": account["threads_user_id"],
        "position": position,
        "kind": kind,
        "is_reply": position > 0 or bool((body.get("options") or {}).get("reply_to_id")),
        "body": dict(body),
    }


def _touches_published(
    out: Sequence[Mapping[str, Any]],
    part_bodies: Sequence[Mapping[str, Any]],
    account: Mapping[str, Any] | None,
    row: Mapping[str, Any],
) -> list[Finding]:
    if not out:
        return []
    findings = []
    if account is not None and account["id"] != row["account_id"]:
        findings.append(
            Finding(
                "account_id",
                "parts_are_out",
                "Parts of it are out under the other account.",
                "Create a new post instead.",
            )
        )
    for p in out:
        same = p["position"] < len(part_bodies) and dict(part_bodies[p["position"]]) == dict(p["body"])
        if not same:
            path = "text" if p["position"] == 0 else f"replies[{p['position'] - 1}]"
            findings.append(
                Finding(
                    path,
                    "part_is_out",
                    "This part is out on Threads and cannot change.",
                    "Leave it as it is.",
                    given=None,
                )
            )
    return findings


def _rewrite_parts(
    conn: sa.Connection,
    row: Mapping[str, Any],
    account: Mapping[str, Any],
    old: Sequence[Mapping[str, Any]],
    kinds: Sequence[str],
    part_bodies: Sequence[Mapping[str, Any]],
    now: float,
) -> None:
    """Keep the parts that stayed as they were (with their containers); make the others anew."""
    for position, (kind, body) in enumerate(zip(kinds, part_bodies, strict=True)):
        kept = old[position] if position < len(old) else None
        same_account = account["id"] == row["account_id"]
        if kept is not None and dict(kept["body"]) == dict(body) and same_account:
            if kept["published_at"] is None:
                conn.execute(sa.update(parts).where(parts.c.id == kept["id"]).values(tries={}, cause=None))
            continue
        if kept is not None:
            conn.execute(sa.delete(parts).where(parts.c.id == kept["id"]))
        conn.execute(
            sa.insert(parts).values(**_part_row(row["id"], row["workspace_id"], account, position, kind, body, now))
        )
    conn.execute(sa.delete(parts).where(parts.c.post_id == row["id"], parts.c.position >= len(part_bodies)))
