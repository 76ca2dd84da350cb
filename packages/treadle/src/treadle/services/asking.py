"""Asking Threads on somebody's word, outside a run: in the worker's house, or in one for the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from treadle.engine.lease import Lease
from treadle.engine.system import SystemRuntime, clients
from treadle.engine.worker_context import WorkerContext
from treadle.media.service import MediaService
from treadle.services.context import App
from treadle_threads import ThreadsClient
from treadle_threads.transport import open_session

T = TypeVar("T")


async def ask(app: App, what: Callable[[WorkerContext], Awaitable[T]]) -> T:
    """``what(house)``, on the loop the house belongs to."""
    if app.engine is not None:
        house = app.engine.context

        async def there() -> T:
            return await what(house)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), app.engine.loop))
    house = _for_the_moment(app)
    try:
        return await what(house)
    finally:
        if house.close is not None:
            await house.close()


def _for_the_moment(app: App) -> WorkerContext:
    """A house without a lease: it can ask and write down, and never publish."""
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
