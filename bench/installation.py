"""An installation for a benchmark: a database with the sandbox's accounts in it, and settings for its workers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.seed import seed
from treadle.app import App, open_app
from treadle.settings import Settings
from treadle.store.tables import posts


@dataclass(frozen=True, slots=True)
class Installation:
    app: App
    accounts: list[str]
    settings: dict[str, Any]
    plan: Path  # the settings as JSON, for a worker process


@contextmanager
def prepare(folder: Path, ready: dict[str, Any], database_url: str | None = None) -> Iterator[Installation]:
    """A migrated database (SQLite in ``folder`` unless told otherwise) with the sandbox's accounts connected."""
    folder.mkdir()
    settings: dict[str, Any] = {
        "data_dir": str(folder),
        "threads_api_url": ready["url"],
        "allow_private_media_hosts": True,
    }
    if database_url:
        settings["database_url"] = database_url
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"settings": settings}))
    app = open_app(Settings(**settings))
    try:
        yield Installation(app, seed(app.db, ready["accounts"], app.vault.seal), settings, plan)
    finally:
        app.close()


def published(engine: sa.Engine, count: int, limit_s: float) -> tuple[float, float, int]:
    """(first, last, how many) published, once ``count`` are or the time is over. Times in epoch seconds."""
    deadline = time.monotonic() + limit_s
    query = sa.select(sa.func.min(posts.c.published_at), sa.func.max(posts.c.published_at), sa.func.count())
    while True:
        with engine.connect() as conn:
            first, last, done = conn.execute(query.where(posts.c.state == "published")).one()
        if done >= count or time.monotonic() > deadline:
            return first or 0.0, last or 1.0, done
        time.sleep(0.2)
