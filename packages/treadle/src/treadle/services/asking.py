"""Asking Threads on somebody's word, outside a run: by the worker that runs, or by one made for the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from treadle.domain.answers import Conflict
from treadle.domain.run_state import AccountView
from treadle.engine.calling import Ask, Called, call
from treadle.engine.lease import Lease
from treadle.engine.system import SystemRuntime, clients
from treadle.engine.worker_context import WorkerContext
from treadle.media.service import MediaService
from treadle.services.context import App
from treadle.store.accounts import hold_until
from treadle_threads import ThreadsClient
from treadle_threads.transport import open_session

T = TypeVar("T")


async def ask(app: App, what: Callable[[WorkerContext], Awaitable[T]]) -> T:
    """``what(worker)``, on the loop the worker belongs to."""
    if app.engine is not None:
        worker = app.engine.context

        async def there() -> T:
            return await what(worker)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), app.engine.loop))
    worker = _for_the_moment(app)
    try:
        return await what(worker)
    finally:
        if worker.close is not None:
            await worker.close()


async def call_on_word(worker: WorkerContext, account: AccountView, wanted: Ask[T]) -> Called[T]:
    """One call. A limit that its answer reports holds for all calls of the account."""
    called = await call(worker, account, wanted)
    if called.note.wait_s is not None:
        await worker.db.run(hold_until, account.id, worker.now() + called.note.wait_s)
    return called


def limited(account: AccountView, now: float, *, otherwise: str = "Try again later.") -> Conflict | None:
    """Why an account is not asked now: Threads limits it. ``otherwise``: what to do."""
    if account.quota_until is None or account.quota_until <= now:
        return None
    message = f"@{account.username} has reached a Threads limit for now. {otherwise}"
    return Conflict("not_readable", message)


def _for_the_moment(app: App) -> WorkerContext:
    """A worker without a lease: it can ask and write down, and never publish."""
    session = open_session()
    base = ThreadsClient(base_url=app.settings.threads_api_url, session=session, timeout_s=app.settings.threads_timeout)

    async def media() -> MediaService:
        return app.media()

    return WorkerContext(
        settings=app.settings,
        runtime=SystemRuntime(
            app.settings.time_scale, app.db, app.enqueue, clients(base, app.vault.open), clock=app.now
        ),
        lease=Lease(app.db),
        media=media,
        releaser=app.releaser,
        close=session.close,
    )
