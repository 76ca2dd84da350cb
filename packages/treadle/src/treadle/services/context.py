"""What every use case is given: one process's settings, database, secrets, posts, and its worker when one runs here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from treadle.accounts import health
from treadle.accounts.service import Accounts
from treadle.engine.dbos_queue import DbosQueue, DbosRunStore
from treadle.engine.engine import Engine
from treadle.engine.system import SystemProcess, SystemRuntime, clients
from treadle.engine.worker_context import WorkerContext
from treadle.jobs import jobs_of
from treadle.media.hosting import DiskStore
from treadle.media.service import MediaService
from treadle.services.service import Posts
from treadle.settings import Settings
from treadle.store import Connection, Database
from treadle.store.blockers import open_blocker
from treadle.store.release import Releaser
from treadle.vault import Vault
from treadle_threads import ThreadsClient
from treadle_threads.transport import open_session

DEFAULT_WORKSPACE = "wsp_default"


@dataclass(slots=True)
class App:
    """One process's view of the installation. ``engine`` is set while a worker runs in this process."""

    settings: Settings
    db: Database
    vault: Vault
    enqueue: DbosRunStore
    releaser: Releaser
    posts: Posts
    now: Callable[[], float] = time.time
    engine: Engine | None = None
    _media: MediaService | None = field(default=None, repr=False)

    def media(self) -> MediaService:
        """The media service, made when it is first needed."""
        if self._media is None:
            self._media = MediaService(self.settings)
        return self._media

    def check_keys(self) -> None:
        """Raise :class:`~treadle.private.KeyFileError` when a key is lost that what is stored was made with."""
        self.vault.check()
        files = self.media().store_room
        if isinstance(files, DiskStore):
            files.check()

    def start_worker(self) -> Engine:
        """Take a share of the posts, from now until :meth:`stop_worker`."""
        self.check_keys()
        jobs = jobs_of(self.settings, self.vault, self.enqueue.forget)
        process = SystemProcess()
        queue = DbosQueue(self.db, process, at_once=self.settings.worker_concurrency)
        engine = Engine(self.settings, self.db, process, queue, self.enqueue, self._worker_context, jobs)
        engine.start()
        self.engine = engine
        return engine

    def stop_worker(self, *, within_s: float = 20.0) -> None:
        if self.engine is not None:
            self.engine.stop(within_s=within_s)
            self.engine = None

    def close(self) -> None:
        self.stop_worker()
        self.db.close()

    def accounts(self, client: ThreadsClient) -> Accounts:
        """The accounts service over a client of the running event loop that carries no token."""
        return Accounts(
            settings=self.settings,
            db=self.db,
            vault=self.vault,
            client=client,
            repairs=self.releaser,
            block=open_blocker,
            now=self.now,
        )

    async def _worker_context(self, engine: Engine) -> WorkerContext:
        """Made on the loop that runs the posts: the HTTP session belongs to it."""
        session = open_session()
        base = ThreadsClient(
            base_url=self.settings.threads_api_url, session=session, timeout_s=self.settings.threads_timeout
        )

        media_service = MediaService(self.settings).keep_ready()

        async def media() -> MediaService:
            return media_service

        async def close() -> None:
            await media_service.close()
            await session.close()

        return WorkerContext(
            settings=self.settings,
            runtime=SystemRuntime(
                self.settings.time_scale,
                self.db,
                engine.enqueue,
                clients(base, self.vault.open),
                engine.queue,
                self.now,
            ),
            lease=engine.lease,
            media=media,
            releaser=engine.releaser,
            observe=health.observe,
            worked=_worked,
            accounts=self.accounts(base),
            close=close,
        )


def _worked(conn: Connection, account_id: str, now: float) -> None:
    health.worked(conn, account_id, "publish", now)
