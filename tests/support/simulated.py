"""The product's own publishing run on a clock that a test moves: hours pass in milliseconds, at ``TIME_SCALE`` 1.

What runs is the real thing: ``advance`` and everything behind it, the real tables on SQLite or PostgreSQL, the
product's constants. Only the runtime is a test's: the clock, chance, the queue (in memory) and Threads. The clock jumps
from one stored run to the next. A worker can be killed around any call and any commit; what it was doing
is then run again, by another one, when its lease has run out.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.support.folders import settings_in
from tests.support.migrated import migrated_sqlite
from tests.support.simulated_queue import SimulatedQueue
from tests.support.simulated_runtime import Clock, SimulatedRuntime
from tests.support.threads_stand_in import Profile, StandIn, StandInClient
from treadle.accounts import health
from treadle.app import DEFAULT_WORKSPACE
from treadle.domain.answers import Created
from treadle.domain.run_state import Run
from treadle.engine import addresses, rechecking
from treadle.engine.ending import Outcome
from treadle.engine.lease import Lease
from treadle.engine.run import advance
from treadle.engine.worker_context import WorkerContext
from treadle.media.service import MediaService, NotStored, StoredMedia
from treadle.services.read import post_json, timeline
from treadle.services.service import Posts
from treadle.settings import Settings
from treadle.store import Database, IntegrityError, migrate
from treadle.store.release import Releaser
from treadle.store.tables import accounts, blockers, media, workspaces

BEGIN = 1_800_000_000.0
LEASE_S = 30.0
JOBS_S = 300.0
FAR_S = 3.0 * 86_400.0  # nothing of one post lasts longer


class Killed(BaseException):
    """The worker is gone: nothing behind this line happens."""


class _Database:
    """The database of one worker, which may be killed before or after a commit."""

    def __init__(self, inner: Database, simulation: Simulation) -> None:
        self._inner, self._simulation = inner, simulation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def run(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self._simulation.may_kill("before a commit")
        with self._simulation.queue.transaction():
            result = await self._inner.run(fn, *args, **kwargs)
        self._simulation.may_kill("after a commit")
        return result

    async def share(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What shares a commit may be undone for another's sake: so it is, once, before it is done."""
        before = _as_given(args)
        with suppress(_Undone, IntegrityError), self._simulation.queue.transaction(), self._inner.begin() as conn:
            fn(conn, *args, **kwargs)
            raise _Undone
        assert _as_given(args) == before, "what a piece was given is changed, and it may be called again"
        return await self.run(fn, *args, **kwargs)


class _Undone(Exception):
    """Ends a transaction that is to be done once more."""


def _as_given(args: tuple[Any, ...]) -> str:
    return repr([each for each in args if isinstance(each, Run | Outcome)])


@dataclass
class Simulation:
    """``kill``: asked around every call and commit whether the worker dies there."""

    db: Database
    settings: Settings
    chance: random.Random
    clock: Clock = field(default_factory=lambda: Clock(BEGIN))
    kill: Callable[[str], bool] = lambda where: False
    kills: int = 0
    _clients: dict[str, StandInClient] = field(default_factory=dict)
    _next_jobs: float = BEGIN
    jobs_s: float = JOBS_S
    _media: MediaService | None = None

    def __post_init__(self) -> None:
        self.threads = StandIn(self.clock, struck=self.may_kill)
        self.queue = SimulatedQueue(self.clock)
        self.runtime = SimulatedRuntime(
            self.clock,
            self.chance,
            _Database(self.db, self),
            enqueue=self.queue,
            queue=self.queue,
            threads=lambda account: self._clients[account.threads_user_id],
        )
        self.releaser = Releaser(self.queue, spacing_s=self.settings.release_spacing)
        self.posts = Posts(self.releaser, max_lateness_s=self.settings.max_lateness)
        self.loop = asyncio.new_event_loop()
        self.context = self._worker()

    def _worker(self) -> WorkerContext:
        lease = Lease(self.db, seconds=1e12, process=self.runtime)
        lease.take()
        self.queue.worker = lease.worker
        return WorkerContext(
            settings=self.settings,
            runtime=self.runtime,
            lease=lease,
            media=self.media,
            releaser=self.releaser,
            observe=health.observe,
            worked=lambda conn, account_id, now: health.worked(conn, account_id, "publish", now),
        )

    async def media(self) -> MediaService:
        """The real service: it looks at real addresses, and keeps files in the folder of the simulation."""
        if self._media is None:
            self._media = MediaService(self.settings, workers=1)
        return self._media

    def restart(self, **settings: Any) -> None:
        """The server comes back with these settings changed."""
        if self._media is not None:
            self.loop.run_until_complete(self._media.close())
        self.settings, self._media = self.settings.model_copy(update=settings), None
        self.context = self._worker()

    def upload(self, path: Path) -> str:
        """The id of a file that was uploaded here."""

        body = path.read_bytes()

        async def pieces() -> AsyncIterator[bytes]:
            yield body

        async def store() -> StoredMedia | NotStored:
            return await (await self.media()).store(pieces(), path.name)

        kept = self.loop.run_until_complete(store())
        assert isinstance(kept, StoredMedia)
        row = {"id": kept.id, "workspace_id": DEFAULT_WORKSPACE, "stored": kept.to_json(), "filename": kept.filename,
               "content_type": kept.content_type, "size": kept.size, "created_at": self.clock()}  # fmt: skip
        with self.db.begin() as conn:
            conn.execute(sa.insert(media).values(row))
        return kept.id

    def may_kill(self, where: str) -> None:
        if self.kill(where):
            self.kills += 1
            raise Killed(where)

    def account(self, *, app_id: str = "", **facts: Any) -> tuple[str, Profile]:
        """A connected account, and its profile over there; keyword arguments are the profile's."""
        profile = self.threads.profile(**facts)
        account_id = f"acc_{profile.id}"
        self._clients[profile.id] = StandInClient(self.threads, profile.id)
        now = self.clock()
        with self.db.begin() as conn:
            conn.execute(
                sa.insert(accounts).values(
                    id=account_id,
                    workspace_id=DEFAULT_WORKSPACE,
                    threads_user_id=profile.id,
                    username=profile.id,
                    app_id=app_id or f"app_{profile.id}",
                    token_enc=b"sealed",
                    created_at=now,
                    updated_at=now,
                )
            )
        return account_id, profile

    def post(self, account_id: str, **body: Any) -> str:
        made = self._act("create", DEFAULT_WORKSPACE, {"account_id": account_id, **body})
        assert isinstance(made, Created), made
        return made.post_id

    def act(self, name: str, post_id: str, *args: Any, **more: Any) -> Any:
        """One of the service's verbs: retry, edit, resolve ..."""
        return self._act(name, DEFAULT_WORKSPACE, post_id, *args, **more)

    def repair(self, account_id: str) -> None:
        """What held the account is repaired: its posts are let go."""
        with self.queue.transaction(), self.db.begin() as conn:
            self.releaser.repaired_for_account(conn, account_id, by="reconnect", now=self.clock())

    def _act(self, name: str, *args: Any, **more: Any) -> Any:
        with self.queue.transaction(), self.db.begin() as conn:
            return getattr(self.posts, name)(conn, *args, now=self.clock(), actor="test", **more)

    def read(self, post_id: str) -> dict[str, Any]:
        with self.db.read() as conn:
            found = post_json(conn, DEFAULT_WORKSPACE, post_id)
        assert found is not None
        return found

    def open_causes(self) -> list[tuple[str, str]]:
        """(scope, pattern) of every open blocker."""
        with self.db.read() as conn:
            rows = conn.execute(sa.select(blockers.c.scope, blockers.c.pattern).where(blockers.c.repaired_at.is_(None)))
            return [(row.scope, row.pattern) for row in rows]

    def story(self, post_id: str) -> str:
        """A post and its timeline, to be read by whoever looks at a failed test."""
        post = self.read(post_id)
        with self.db.read() as conn:
            events = timeline(conn, DEFAULT_WORKSPACE, post_id) or []
        lines = [f"{post_id} is {post['state']} ({post['stage']}): {post['why']}; next {post['next']}"]
        for event in events:
            answer = event["answer"] or {}
            pattern = (event["diagnosis"] or {}).get("pattern", "")
            said = answer.get("body", answer.get("error", ""))
            lines.append(
                f"  {event['started_at'][11:19]} {event['stage']}: {event['what']} -> {event['outcome']}"
                f" {answer.get('status', '')} {pattern} | {event['decision'] or ''} {str(said)[:90]}"
            )
        return "\n".join(lines)

    def step(self, until: float) -> bool:
        """Move the clock to what is planned next, and do it; false when nothing is planned before ``until``."""
        earliest = self.queue.next_at()
        planned = until if earliest is None else max(earliest, self.clock())
        if self._next_jobs < min(planned, until):
            self.clock.to(self._next_jobs)
            self._next_jobs = self.clock() + self.jobs_s
            self._do(self._jobs)
            return True
        if earliest is None or planned > until:
            self.clock.to(until)
            return False
        self.clock.to(planned)
        taken = self.queue.take()
        assert taken is not None

        async def run() -> None:
            await advance(self.context, taken.post_id, taken.seq, taken.queue)

        if self._do(run):
            self.queue.ended(taken)
        else:
            assert taken.worker is not None
            self.queue.take_over([taken.worker], at=self.clock() + LEASE_S)
        return True

    async def _jobs(self) -> None:
        await rechecking.recheck_due(self.context, self.releaser)
        await addresses.read_missing(self.context)

    def _do(self, work: Callable[[], Any]) -> bool:
        """False when the worker was killed at it; then another one takes its place."""
        profiles = self.threads.profiles.values()
        limits = [profile.limited_until for profile in profiles]
        try:
            self.loop.run_until_complete(work())
        except Killed:
            self.context = self._worker()
            for profile, known in zip(profiles, limits, strict=True):
                profile.limited_until = known  # what the killed one was told in its last moment, nobody can heed
            return False
        return True

    def until(self, done: Callable[[], bool], *, within_s: float = FAR_S) -> None:
        """Let time pass until ``done`` holds, or until ``within_s`` have passed."""
        end = self.clock() + within_s
        while not done():
            if not self.step(end) and self.clock() >= end:
                return

    def pass_time(self, seconds: float) -> None:
        end = self.clock() + seconds
        while self.step(end):
            pass

    def close(self) -> None:
        if self._media is not None:
            self.loop.run_until_complete(self._media.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@contextmanager
def simulated(folder: Path, database_url: str, seed: int = 1, **settings: Any) -> Iterator[Simulation]:
    """A simulation on an empty database."""
    made = settings_in(folder, database_url=database_url, **settings)
    assert made.time_scale == 1.0
    migrated_sqlite(database_url)
    db = Database(database_url)
    if not migrate.current(db):
        migrate.upgrade(db)
    with db.begin() as conn:
        conn.execute(sa.insert(workspaces).values(id=DEFAULT_WORKSPACE, name="Default", created_at=BEGIN, options={}))
    simulation = Simulation(db, made, random.Random(seed))
    try:
        yield simulation
    finally:
        simulation.close()
        db.close()
