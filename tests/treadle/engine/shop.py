"""A whole installation against a sandbox, in this process: accounts, posts, a worker, and what is live over there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

import treadle.engine.engine
import treadle.jobs
import treadle.services.context
from tests.support.folders import settings_in
from tests.support.migrated import migrated_sqlite
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.domain.answers import Created
from treadle.engine.rechecking import recheck
from treadle.services.read import get_blocker, post_json, timeline
from treadle.settings import Settings
from treadle.store.tables import accounts
from treadle_sandbox.server import Sandbox

# Our own durations shrink to a five-hundredth: a minute lasts an eighth of a second.
SCALE = 0.002
TIMEOUT_S = 1.0
SETTLE_S = 2.0
LEASE_S = 12.0
PATIENCE_S = 180.0  # a busy machine may take long; nothing is judged by it
REST = frozenset({"published", "failed", "canceled", "held", "draft", "blocked"})


@dataclass(frozen=True, slots=True)
class Owner:
    """One connected account: its id here, its id over there, its token."""

    id: str
    threads_id: str
    username: str
    token: str


class Deaf:
    """A breaker that never opens, so that many failures at once do not touch each other."""

    def failed(self, stage: str, post_id: str, seq: int, now: float, *, scale: float = 1.0) -> bool:
        return False

    def worked(self, stage: str) -> None:
        pass


@dataclass(slots=True)
class Shop:
    sandbox: Sandbox
    app: App
    _owners: int = 0
    texts: set[str] = field(default_factory=set)

    @property
    def control(self) -> Any:
        return self.sandbox.control

    def owner(self, *, app_id: str | None = None, **facts: Any) -> Owner:
        """A new profile over there, connected here; each under an app of its own unless ``app_id`` is given."""
        self._owners += 1
        name = f"user{self._owners}"
        made = self.control.add_account(name, **facts)
        owner = Owner(f"acc_{name}", str(made["id"]), name, made["access_token"])
        now = time.time()
        with self.app.db.begin() as conn:
            conn.execute(
                sa.insert(accounts).values(
                    id=owner.id,
                    workspace_id=DEFAULT_WORKSPACE,
                    threads_user_id=owner.threads_id,
                    username=name,
                    app_id=app_id or f"app_{name}",
                    token_enc=self.app.vault.seal(owner.token),
                    created_at=now,
                    updated_at=now,
                )
            )
        return owner

    def post(self, owner: Owner, **body: Any) -> str:
        with self.app.db.begin() as conn:
            made = self.app.posts.create(
                conn, DEFAULT_WORKSPACE, {"account_id": owner.id, **body}, now=time.time(), actor="test"
            )
        assert isinstance(made, Created), made
        return made.post_id

    def read(self, post_id: str) -> dict[str, Any]:
        with self.app.db.read() as conn:
            found = post_json(conn, DEFAULT_WORKSPACE, post_id)
        assert found is not None
        return found

    def timeline(self, post_id: str) -> list[dict[str, Any]]:
        with self.app.db.read() as conn:
            found = timeline(conn, DEFAULT_WORKSPACE, post_id)
        assert found is not None
        return found

    def act(self, name: str, post_id: str, **more: Any) -> Any:
        """One of the service's verbs: retry, confirm, cancel, resolve ..."""
        with self.app.db.begin() as conn:
            return getattr(self.app.posts, name)(
                conn, DEFAULT_WORKSPACE, post_id, now=time.time(), actor="test", **more
            )

    def recheck(self, blocker_id: str) -> Any:
        engine = self.app.engine
        assert engine is not None
        work = recheck(engine.context, engine.releaser, blocker_id, asked=True)
        return asyncio.run_coroutine_threadsafe(work, engine.loop).result(timeout=120)

    def until(
        self, post_ids: Iterable[str], done: Callable[[dict[str, Any]], bool], within_s: float = PATIENCE_S
    ) -> None:
        """Wait until ``done`` holds for every post; fails with the timelines of those for which it does not."""
        open_ids, deadline = set(post_ids), time.monotonic() + within_s
        while open_ids:
            open_ids -= {post_id for post_id in open_ids if done(self.read(post_id))}
            if not open_ids:
                return
            if time.monotonic() > deadline:
                raise AssertionError("\n\n".join(self.story(post_id) for post_id in sorted(open_ids)[:3]))
            time.sleep(0.05)

    def settled(self, post_ids: Iterable[str], within_s: float = PATIENCE_S) -> None:
        """Wait until nothing more happens to these posts by itself, except rechecks."""
        self.until(post_ids, at_rest, within_s)

    def published(self, post_ids: Sequence[str], within_s: float = PATIENCE_S) -> None:
        self.until(post_ids, lambda post: post["state"] == "published", within_s)

    def live(self, owner: Owner) -> list[dict[str, Any]]:
        """What is on Threads, oldest first."""
        found: list[dict[str, Any]] = self.control.posts(owner.username)
        return found

    def requests(self, owner: Owner) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control.requests(account=owner.username)
        return found

    def blockers(self, post: dict[str, Any]) -> list[dict[str, Any]]:
        with self.app.db.read() as conn:
            found = [get_blocker(conn, DEFAULT_WORKSPACE, blocker_id) for blocker_id in post["blocker_ids"]]
        return [blocker for blocker in found if blocker]

    def story(self, post_id: str) -> str:
        """A post and its timeline, to be read by whoever looks at a failed test."""
        post = self.read(post_id)
        lines = [f"{post_id} is {post['state']} ({post['stage']}): {post['why']}; next {post['next']}"]
        lines += [f"  part {p['position']} {p['state']} sends={p['sends']} id={p['threads_id']}" for p in post["parts"]]
        lines += [f"  behind {b['scope']} {b['key']}: {b['pattern']}" for b in self.blockers(post)]
        for event in self.timeline(post_id):
            pattern = (event["diagnosis"] or {}).get("pattern", "")
            status = (event["answer"] or {}).get("status", (event["answer"] or {}).get("error", ""))
            lines.append(
                f"  {event['started_at'][14:]} {event['stage']}: {event['what']} -> {event['outcome']} {status}"
                f" {pattern}"
                f" | {event['decision'] or ''}"
            )
        return "\n".join(lines)


def at_rest(post: dict[str, Any]) -> bool:
    """Whether nothing more happens to it by itself, except that its cause is looked at again."""
    idle = post["next"] is None or (post["blocker_ids"] and post["next"]["at"] is None)
    return post["state"] in REST or bool(post["state"] in ("checking", "waiting") and idle)


def shop_settings(sandbox: Sandbox, folder: Path, database_url: str = "", **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": database_url,
        "threads_api_url": sandbox.url,
        "threads_timeout": TIMEOUT_S,  # so that tests need not wait a minute for a lost answer
        "threads_app_id": sandbox.app.id,
        "threads_app_secret": sandbox.app.secret,
        "time_scale": SCALE,
        "publish_settle": SETTLE_S / SCALE,
        "allow_private_media_hosts": True,
        "log_level": "error",
    }
    return settings_in(folder, **{**values, **changes})


@contextmanager
def few_jobs(names: Sequence[str] | None) -> Iterator[None]:
    """Let only these jobs of the worker run (``None``: all): others read accounts now and then, in between."""
    everything = treadle.jobs.jobs_of
    chosen = everything if names is None else lambda *needs: [job for job in everything(*needs) if job.name in names]
    with mock.patch.object(treadle.services.context, "jobs_of", chosen):
        yield


@contextmanager
def long_lease(settings: Settings) -> Iterator[None]:
    """Have the worker of this process hold its lease for longer than a busy machine makes it wait for its turn.

    The scaled one of two seconds is then lost again and again, and no post goes out."""
    with mock.patch.object(treadle.engine.engine, "LEASE_S", LEASE_S / settings.time_scale):
        yield


@contextmanager
def open_shop(
    sandbox: Sandbox,
    settings: Settings,
    *,
    worker: bool = True,
    deaf: bool = True,
    jobs: Sequence[str] | None = ("recheck", "free_loose"),
) -> Iterator[Shop]:
    """A shop with a worker (unless told not to); ``deaf``: without the platform breaker."""
    migrated_sqlite(settings.resolved_database_url)
    with few_jobs(jobs), long_lease(settings):
        app = open_app(settings)
        try:
            if worker:
                engine = app.start_worker()
                if deaf:
                    engine.context.breaker = Deaf()  # type: ignore[assignment]
            yield Shop(sandbox, app)
        finally:
            app.close()
