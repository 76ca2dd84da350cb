"""Telling a service elsewhere that posts are being worked, so that it can tell people when Treadle itself is dead.

The worker asks for ``TREADLE_HEARTBEAT_URL`` once a minute, unless posts are overdue and none of them moves. The
service that is asked (a dead man's switch such as Healthchecks) raises the alarm when nothing comes.
"""

from __future__ import annotations

import aiohttp
import structlog

from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, statistics
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session

log = structlog.get_logger("treadle.heartbeat")

EVERY_S = 60.0
OVERDUE_S = 300.0
WORKED = ("publishing", "waiting", "retrying", "checking", "blocked", "held", "published", "failed")
PATIENCE = aiohttp.ClientTimeout(total=10)


async def beat(worker: WorkerContext) -> None:
    """Ask for the address, if the worker does what it is there for. It is logged and no more when that fails."""
    url = worker.settings.heartbeat_url
    if not url:
        return
    if not await worker.db.query(is_working, now=worker.now(), overdue_s=worker.scaled(OVERDUE_S)):
        log.warning("heartbeat.withheld", why="posts are overdue and none of them moves")
        return
    if (problem := await ping(url)) is not None:
        log.warning("heartbeat.failed", error=problem)


def is_working(conn: Connection, *, now: float, overdue_s: float) -> bool:
    """Whether no post is overdue, or some post has moved within the time after which one counts as overdue."""
    before = now - overdue_s
    return not statistics.is_overdue(conn, before) or statistics.any_changed(conn, WORKED, before)


async def ping(url: str) -> str | None:
    """Ask for the operator's own address, on a private network too; what went wrong, or ``None``."""
    try:
        async with guarded_session(Trust.OPERATOR, timeout=PATIENCE) as session, session.get(url) as answer:
            return None if answer.status < 400 else f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return type(error).__name__  # the text may hold the address, which is a secret with most services
