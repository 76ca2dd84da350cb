"""Logs: one line an event, for people on a terminal and as JSON elsewhere; secrets are taken out of every line."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from treadle.settings import Settings
from treadle.store import why_away
from treadle_diagnosis.redact import redact

AWAY_EVENTS = frozenset({"job.waits_for_database", "jobs.unread", "lease.renew_failed", "watch.failed"})
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send everything that is logged, ours and libraries', to ``stream`` (standard error) in one shape.

    ``settings.log_format``: ``json``, ``text``, or ``auto`` (text on a terminal).
    """
    out = stream if stream is not None else sys.stderr
    level = LEVELS.get(settings.log_level.lower(), 20)
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and out.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            SeldomAway(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    last: Any = structlog.dev.ConsoleRenderer(colors=out.isatty()) if as_text else structlog.processors.JSONRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # Libraries tell of every request and query; theirs is worth reading from warnings on.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "dbos", "aiohttp", "sqlalchemy", "alembic", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(level, logging.WARNING))
    engine = logging.getLogger("dbos")
    engine.addHandler(logging.NullHandler())  # finding none, it would add one that writes in a shape of its own
    for old_filter in [f for f in engine.filters if isinstance(f, Seldom)]:
        engine.removeFilter(old_filter)
    engine.addFilter(Seldom())


class Seldom(logging.Filter):
    """Lets a place in the code say something once in ``every_s`` seconds, with how often it was kept quiet since.

    For a library that looks ten times a second and says each time that the database is away, with a traceback.
    """

    def __init__(self, every_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._last_logged: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        place, now = (record.pathname, record.lineno), self._clock()
        until, kept = self._last_logged.get(place, (now, 0))
        if now < until:
            self._last_logged[place] = (until, kept + 1)
            return False
        self._last_logged[place] = (now + self._every_s, 0)
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception) and why_away(error):
            record.exc_info = record.exc_text = None
        record.msg, record.args = next(iter(record.getMessage().splitlines()), ""), ()
        if kept:
            record.msg += f" ({kept} more like this)"
        return True


class SeldomAway:
    """Lets an event that says that the database is away through once in ``every_s`` seconds, per event and job.

    Jobs, leases and watchers look several times a second; on a full disk their lines would fill what is left of it.
    """

    def __init__(self, every_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._last_logged: dict[tuple[str, str], tuple[float, int]] = {}

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        if event.get("event") not in AWAY_EVENTS:
            return event
        place, now = (event["event"], str(event.get("job", ""))), self._clock()
        until, kept = self._last_logged.get(place, (now, 0))
        if now < until:
            self._last_logged[place] = (until, kept + 1)
            raise structlog.DropEvent
        self._last_logged[place] = (now + self._every_s, 0)
        return {**event, "more_like_this": kept} if kept else event


def without_secrets(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """The event with tokens, secrets and whole query strings removed, wherever they stand."""
    cleaned: dict[str, Any] = {}
    for name, value in event.items():
        # structlog's own entries (`_record`, ...) are not text and are dropped before writing.
        cleaned[name] = value if name.startswith("_") or name in ("level", "at") else redact(value)
    return cleaned
