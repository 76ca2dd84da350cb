"""Sample data for the pages: accounts, posts in every state, causes, timelines; written straight into the tables."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from treadle.app import DEFAULT_WORKSPACE, App
from treadle.ids import new_id
from treadle.settings import Settings
from treadle.store.tables import (
    accounts,
    api_keys,
    blockers,
    events,
    members,
    parts,
    post_blockers,
    posts,
    sessions,
    unknown_answers,
    users,
    webhook_deliveries,
    webhooks,
)
from treadle_diagnosis import diagnose

SESSION = "a-session-of-the-tests-only"
CSRF = "a-csrf-token-of-the-tests-only"
EMAIL = "mara@example.org"

REVOKED = {
    "error": {
        "message": "Error validating access token: The session has been invalidated because the user changed the "
        "password or the session was closed for security reasons.",
        "type": "OAuthException",
        "code": 190,
        "error_subcode": 460,
        "fbtrace_id": "AExampleTraceIdentifier",
    }
}
BAD_VIDEO = {
    "status": "ERROR",
    "error_message": "INVALID_VIDEO_CODEC",
    "id": "17900000000000321",
}
SHORT_TEXT = "The loom is threaded. First pass in a minute."


@dataclass(slots=True)
class SampleSite:
    """A server with sample data, without a worker, and a client that is logged in."""

    app: App
    site: FastAPI
    client: TestClient
    ids: dict[str, str]


def settings_for(folder: Path, public_url: str, **more: Any) -> Settings:
    """Beside a sandbox, which may fetch from this machine: else no upload could be published from here."""
    given: dict[str, Any] = {"allow_private_media_hosts": True, **more}
    return settings_in(
        folder, public_url=public_url, threads_app_id="123456", threads_app_secret="not-a-secret", **given
    )  # type: ignore[arg-type]


def open_session(app: App, *, zone: str = "Europe/Berlin") -> None:
    """One user, logged in with :data:`SESSION`."""
    now = app.now()
    with app.db.begin() as conn:
        user_id = new_id("user", now)
        conn.execute(
            sa.insert(users).values(
                id=user_id, workspace_id=DEFAULT_WORKSPACE, email=EMAIL, password_hash="-", zone=zone, created_at=now
            )
        )
        conn.execute(
            sa.insert(members).values(user_id=user_id, workspace_id=DEFAULT_WORKSPACE, role="owner", created_at=now)
        )
        conn.execute(
            sa.insert(sessions).values(
                token_hash=hashlib.sha256(SESSION.encode()).hexdigest(),
                user_id=user_id,
                csrf=CSRF,
                created_at=now,
                seen_at=now,
                expires_at=now + 86_400 * 365,
            )
        )


def add_account(
    conn: sa.Connection, username: str, now: float, *, workspace: str = DEFAULT_WORKSPACE, **more: Any
) -> str:
    account_id = new_id("account", now)
    values = {
        "id": account_id,
        "workspace_id": workspace,
        "threads_user_id": str(random.randrange(10**15, 10**16)),
        "username": username,
        "name": username.replace(".", " ").title(),
        "token_expires_at": now + 50 * 86_400,
        "token_issued_at": now - 10 * 86_400,
        "grant_expires_at": now + 80 * 86_400,
        "scopes": ["threads_basic", "threads_content_publish"],
        "checked_at": now - 400,
        "health_at": now - 86_400,
        "created_at": now - 30 * 86_400,
        "updated_at": now,
        **more,
    }
    conn.execute(sa.insert(accounts).values(**values))
    return account_id


def add_post(
    conn: sa.Connection,
    account_id: str,
    text: str,
    state: str,
    now: float,
    *,
    workspace: str = DEFAULT_WORKSPACE,
    part: Mapping[str, Any] | None = None,
    replies: tuple[str, ...] = (),
    media: list[dict[str, Any]] | None = None,
    **more: Any,
) -> str:
    post_id = new_id("post", more.get("created_at", now))
    values = {
        "id": post_id,
        "workspace_id": workspace,
        "account_id": account_id,
        "state": state,
        "due_at": now,
        "max_lateness": 86_400.0,
        "options": {},
        "metadata": {},
        "labels": [],
        "created_at": now,
        "updated_at": now,
        **more,
    }
    conn.execute(sa.insert(posts).values(**values))
    user = conn.execute(sa.select(accounts.c.threads_user_id).where(accounts.c.id == account_id)).scalar_one()
    for position, body_text in enumerate((text, *replies)):
        body: dict[str, Any] = {"text": body_text}
        if position == 0 and media:
            body["media"] = media
        row = {
            "id": new_id("part", now),
            "post_id": post_id,
            "workspace_id": workspace,
            "account_id": account_id,
            "threads_user_id": user,
            "position": position,
            "kind": "IMAGE" if position == 0 and media else "TEXT",
            "is_reply": position > 0,
            "body": body,
            "children": [],
            "state": "published" if state == "published" else "pending",
        }
        if state == "published":
            number = str(random.randrange(10**16, 10**17))
            row |= {
                "published_at": more.get("published_at", now),
                "threads_id": number,
                "permalink": f"https://www.threads.net/@someone/post/{number[:11]}",
                "sends": 1,
                "intent": "sent",
            }
        conn.execute(sa.insert(parts).values(**{**row, **(part or {})}))
    return post_id


def add_event(conn: sa.Connection, post_id: str, stage: str, what: str, at: float, **more: Any) -> None:
    workspace = conn.execute(sa.select(posts.c.workspace_id).where(posts.c.id == post_id)).scalar_one()
    values = {
        "post_id": post_id,
        "workspace_id": workspace,
        "attempt": 1,
        "stage": stage,
        "kind": "call",
        "what": what,
        "started_at": at,
        "outcome": "ok",
        **more,
    }
    conn.execute(sa.insert(events).values(**values))


def add_blocker(
    conn: sa.Connection, cause: Mapping[str, Any], scope: str, key: str, post_ids: list[str], at: float
) -> str:
    blocker_id = new_id("blocker", at)
    conn.execute(
        sa.insert(blockers).values(
            id=blocker_id,
            workspace_id=None if scope in ("app", "platform") else DEFAULT_WORKSPACE,
            scope=scope,
            key=key,
            pattern=cause["pattern"],
            lane=cause["lane"],
            action=cause["action"],
            cause=dict(cause),
            opened_at=at,
            open_key=f"{scope}|{key}|{cause['pattern']}",
        )
    )
    for post_id in post_ids:
        conn.execute(sa.insert(post_blockers).values(post_id=post_id, blocker_id=blocker_id))
    return blocker_id


def ok_timeline(conn: sa.Connection, post_id: str, start: float, *, polls: int = 3, part: int | None = 0) -> float:
    """The calls of a post that went well; returns the end."""
    add_event(conn, post_id, "preflight", "Accepted. All checks passed.", start, kind="state")
    at = start + 0.02
    answer = {"status": 200, "headers": {"x-fb-trace-id": "ExampleTrace"}, "body": {"id": "17900000000000123"}}
    request = {"method": "POST", "path": "/v1.0/me/threads", "params": {"media_type": "TEXT", "text": "…"}}
    add_event(
        conn,
        post_id,
        "create_container",
        "Asked Threads for a container",
        at,
        duration_s=0.42,
        part=part,
        answer=answer,
        request=request,
    )
    at += 0.5
    for n in range(polls):
        status = "FINISHED" if n == polls - 1 else "IN_PROGRESS"
        body = {"status": status, "id": "17900000000000123"}
        add_event(
            conn,
            post_id,
            "container_status",
            f"Looked at the container: {status}",
            at,
            duration_s=0.11,
            part=part,
            answer={"status": 200, "headers": {}, "body": body},
        )
        at += 1.6 * (n + 1)
    add_event(
        conn,
        post_id,
        "publish",
        "Published",
        at,
        duration_s=0.77,
        part=part,
        answer={"status": 200, "headers": {}, "body": {"id": "18000000000000456"}},
    )
    add_event(conn, post_id, "verify", "Read the address of the post", at + 0.8, duration_s=0.2, part=part)
    return at + 1.0


def add_samples(app: App) -> dict[str, str]:
    """Every kind of thing the pages show. Returns the ids by name."""
    now = app.now()
    ids: dict[str, str] = {}
    revoked = diagnose(stage="create_container", http_status=400, body=REVOKED).to_json()
    codec = diagnose(stage="container_status", http_status=200, body=BAD_VIDEO).to_json()
    sealed = app.vault.seal("a token of the tests only")
    with app.db.begin() as conn:
        loom = ids["loom"] = add_account(
            conn, "loom.and.shuttle", now, token_enc=sealed, quota={"posts_used": 12, "posts_total": 250}
        )
        mill = ids["mill"] = add_account(
            conn, "old.mill.cafe", now, token_enc=sealed, health="reconnect", health_cause=revoked
        )
        ids["dye"] = add_account(
            conn, "dye.house", now, token_enc=sealed, health="expiring", token_expires_at=now + 4 * 86_400
        )
        out = ids["published"] = add_post(
            conn,
            loom,
            SHORT_TEXT,
            "published",
            now,
            published_at=now - 1800,
            created_at=now - 5400,
            publish_at=now - 1800,
            stage="done",
        )
        add_event(
            conn,
            out,
            "preflight",
            "Accepted from mara@example.org. All checks passed.",
            now - 5400,
            kind="state",
        )
        ok_timeline(conn, out, now - 1803)
        for n in range(6):
            one = add_post(
                conn,
                loom,
                f"Pattern of the week, number {n + 1}: herringbone, turned.",
                "published",
                now,
                published_at=now - 4000 * (n + 2),
                created_at=now - 4000 * (n + 3),
            )
            ok_timeline(conn, one, now - 4000 * (n + 2) - 3)
        held_up = []
        for n in range(4):
            one = add_post(
                conn,
                mill,
                f"Fresh from the oven, batch {n + 1}. Come before ten, or there is none.",
                "blocked",
                now,
                due_at=now - 3600 * n,
                cause=revoked,
                cause_pattern=revoked["pattern"],
                cause_lane=revoked["lane"],
                created_at=now - 9000 - n,
            )
            add_event(
                conn,
                one,
                "create_container",
                "Asked Threads for a container",
                now - 3600,
                part=0,
                duration_s=0.31,
                outcome="refused" if n == 0 else "ok",
                diagnosis=revoked if n == 0 else None,
                decision="Waits until the account is connected again.",
                answer={"status": 400, "headers": {"content-type": "application/json"}, "body": REVOKED},
                request={"method": "POST", "path": "/v1.0/me/threads", "params": {"media_type": "TEXT"}},
            )
            held_up.append(one)
        ids["blocked"] = held_up[0]
        add_blocker(conn, revoked, "account", mill, held_up, now - 3600)
        video = ids["video"] = add_post(
            conn,
            loom,
            "Forty seconds of the big loom.",
            "blocked",
            now,
            cause=codec,
            cause_pattern=codec["pattern"],
            cause_lane=codec["lane"],
            media=[{"url": "https://media.example.org/loom.mp4", "type": "video"}],
            stage="container_status",
        )
        add_event(conn, video, "create_container", "Asked Threads for a container", now - 900, duration_s=0.5, part=0)
        add_event(
            conn,
            video,
            "container_status",
            "Looked at the container: ERROR",
            now - 880,
            duration_s=0.1,
            part=0,
            outcome="refused",
            diagnosis=codec,
            answer={"status": 200, "headers": {}, "body": BAD_VIDEO},
        )
        add_blocker(conn, codec, "post", video, [video], now - 880)
        ids["chain"] = add_post(
            conn,
            loom,
            "How a treadle works, in three posts.",
            "publishing",
            now,
            replies=("You press it; the shafts lift, and the shed opens.", "The shuttle goes. Then the other foot."),
            next_what="Publishes part 2.",
            next_at=now + 5,
            stage="create_container",
        )
        conn.execute(
            sa.update(parts)
            .where(parts.c.post_id == ids["chain"], parts.c.position == 0)
            .values(
                state="published",
                published_at=now - 20,
                threads_id="180001",
                permalink="https://www.threads.net/@a/post/b",
            )
        )
        ok_timeline(conn, ids["chain"], now - 40)
        add_event(conn, ids["chain"], "create_container", "Asks Threads for a container", now - 2, part=1, outcome=None)
        for n, hours in enumerate((2, 7, 26, 30, 75, 99)):
            at = now + hours * 3600
            ids[f"scheduled{n}"] = add_post(
                conn,
                loom,
                f"Free seats on bench {n + 3}: warping for beginners.",
                "scheduled",
                now,
                due_at=at,
                publish_at=at,
                publish_at_text="2026-12-01T09:00:00+01:00",
                next_what="Publishes at the scheduled time.",
                next_at=at,
                labels=["courses"],
            )
        ids["held"] = add_post(
            conn,
            loom,
            "Good morning! (from the day before yesterday)",
            "held",
            now,
            due_at=now - 2.2 * 86_400,
            why="It is too late to publish this automatically. Approve it, or change its time.",
        )
        doubt = ids["checking"] = add_post(
            conn,
            loom,
            "A post whose answer was lost on the way.",
            "checking",
            now,
            part={
                "intent": "sent",
                "sends": 1,
                "unclear": True,
                "state": "checking",
                "container_id": "17900000000000777",
            },
            next_what="Looks again whether it is out.",
            next_at=now + 300,
            stage="verify",
        )
        add_event(
            conn,
            doubt,
            "publish",
            "Publishes the container",
            now - 60,
            duration_s=30.0,
            outcome="lost",
            part=0,
            answer={"error": "timeout: no answer in 30 s"},
            decision="Whether it is out is looked up before anything is sent again.",
        )
        ids["draft"] = add_post(conn, loom, "An idea, not finished", "draft", now)
        ids["failed"] = add_post(
            conn,
            loom,
            "Five hundred and one characters, and not one fewer.",
            "failed",
            now,
            why="All retries failed.",
        )
        conn.execute(
            sa.insert(unknown_answers).values(
                shape="container_status|200|status=ODD",
                count=7,
                first_at=now - 86_400 * 3,
                last_at=now - 500,
                sample={"stage": "container_status", "http_status": 200, "body": {"status": "ODD"}},
                post_id=video,
            )
        )
        hook = ids["webhook"] = new_id("webhook", now)
        conn.execute(
            sa.insert(webhooks).values(
                id=hook,
                workspace_id=DEFAULT_WORKSPACE,
                url="https://shop.example.org/hooks/treadle",
                types=[],
                secret_enc=sealed,
                state="failing",
                failing_since=now - 4000,
                created_at=now - 86_400,
            )
        )
        for n, state in enumerate(("delivered", "delivered", "due")):
            conn.execute(
                sa.insert(webhook_deliveries).values(
                    id=new_id("delivery", now),
                    webhook_id=hook,
                    workspace_id=DEFAULT_WORKSPACE,
                    change_id=n + 1,
                    type="post.published",
                    payload="{}",
                    state=state,
                    attempts=n + 1,
                    history=[{"at": now - 60, "status": 503 if state == "due" else 204, "took_s": 0.2}],
                    next_at=now + 60 if state == "due" else None,
                    created_at=now - 600 * n,
                    delivered_at=now - 600 * n if state == "delivered" else None,
                )
            )
        conn.execute(
            sa.insert(api_keys).values(
                id=new_id("key", now),
                workspace_id=DEFAULT_WORKSPACE,
                name="The shop",
                prefix="trd_Ab12",
                key_hash=hashlib.sha256(b"x").hexdigest(),
                scopes=["read", "write"],
                created_at=now - 86_400 * 9,
                last_used_at=now - 300,
            )
        )
    return ids


def add_history(app: App, account_ids: list[str], days: int = 30) -> None:
    """Failures of the past weeks, for the drawing of causes."""
    now, chance = app.now(), random.Random(7)
    answers = [
        {"stage": "publish", "http_status": 400, "body": REVOKED},
        {"stage": "container_status", "http_status": 200, "body": BAD_VIDEO},
        {"stage": "publish", "http_status": 503, "body": "Service Unavailable"},
        {"stage": "create_container", "http_status": 400, "body": {"error": {"code": 4, "message": "rate limit"}}},
    ]
    causes = [diagnose(**answer).to_json() for answer in answers]  # type: ignore[arg-type]
    with app.db.begin() as conn:
        rows = []
        for day in range(days, 0, -1):
            for _ in range(chance.choice((0, 1, 2, 4, 7))):
                rows.append((now - day * 86_400 + chance.random() * 80_000, chance.choice(account_ids)))
        for at, account_id in sorted(rows):
            state = chance.choice(("published", "published", "failed"))
            more: dict[str, Any] = {"published_at": at + 60} if state == "published" else {}
            post_id = add_post(conn, account_id, "A post of the past.", state, now, created_at=at, due_at=at, **more)
            cause = chance.choice(causes)
            add_event(
                conn, post_id, "publish", "Published", at, duration_s=0.4, outcome="refused", diagnosis=cause, part=0
            )
