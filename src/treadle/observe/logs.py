"""Logs: one line an event, for people on a terminal and as JSON elsewhere; secrets are taken out of every line."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

from treadle.diagnosis.redact import redact
from treadle.settings import Settings

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


def without_secrets(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """The event with tokens, secrets and whole query strings removed, wherever they stand."""
    cleaned: dict[str, Any] = {}
    for name, value in event.items():
        # structlog's own entries (`_record`, ...) are not text and are dropped before writing.
        cleaned[name] = value if name.startswith("_") or name in ("level", "at") else redact(value)
    return cleaned
