"""One worker of Treadle that drains posts: accepts COUNT first, then takes them through the complete durable run.

``python -m bench.workers.drain FILE`` with JSON in FILE: ``settings`` (Treadle's, by field), ``accounts`` (id,
username, access_token) and ``count``. Prints as JSON: posts a second from the first to the last one published,
statements and commits a post, and memory.
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from collections import Counter as Counts
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa
from sqlalchemy import event

from bench.seed import WORKSPACE, seed
from treadle.app import App, open_app
from treadle.domain.answers import Created
from treadle.settings import Settings
from treadle.store.tables import posts

FILL = 200
LIMIT_S = 900.0


class Counter:
    """Statements and commits on the engines' connections, by the statement's first words."""

    def __init__(self, engines: Iterable[sa.Engine]) -> None:
        self.commits = 0
        self.texts: Counts[str] = Counts()  # sorted out afterwards: counting must not cost what it counts
        for engine in engines:
            event.listen(engine, "before_cursor_execute", self._statement)
            event.listen(engine, "commit", self._commit)

    def _statement(self, conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        self.texts[statement] += 1

    def _commit(self, conn: Any) -> None:
        self.commits += 1

    @property
    def statements(self) -> int:
        return self.texts.total()

    def kinds(self) -> Counts[str]:
        """How many there were of each kind, such as ``UPDATE posts``."""
        found: Counts[str] = Counts()
        for text, number in self.texts.items():
            words = text.split()
            table = next((word for after, word in pairwise(words) if after in ("FROM", "INTO")), "")
            kind = f"{words[0]} {table or (words[1] if len(words) > 1 else '')}".replace('"', "")
            found[kind] += number
        return found


def fill(app: App, accounts: list[str], count: int, due_in: float = 0.0) -> None:
    """Accept ``count`` posts, due at once or all together in ``due_in`` seconds."""
    due = datetime.datetime.fromtimestamp(time.time() + due_in, datetime.UTC).isoformat() if due_in else None
    for first in range(0, count, FILL):
        with app.db.begin() as conn:
            for number in range(first, min(count, first + FILL)):
                body = {"account_id": accounts[number % len(accounts)], "text": f"Bench {number}"}
                if due:
                    body["publish_at"] = due
                made = app.posts.create(conn, WORKSPACE, body, now=app.now(), actor="bench")
                assert isinstance(made, Created), made


def main(plan: dict[str, Any]) -> None:
    app = open_app(Settings(**plan["settings"]))
    accounts = seed(app.db, plan["accounts"], app.vault.seal)
    count = int(plan["count"])
    began = time.perf_counter()
    fill(app, accounts, count)
    accepted = time.perf_counter() - began
    counter = Counter({app.db.engine, app.db.runs_engine})
    app.start_worker()
    spent = time.process_time()
    watch = sa.create_engine(app.db.url)  # its own connection: looking must not be counted
    deadline = time.monotonic() + LIMIT_S
    done = 0
    while done < count and time.monotonic() < deadline:
        time.sleep(0.1)
        with watch.connect() as conn:
            done = conn.execute(sa.select(sa.func.count()).where(posts.c.state == "published")).scalar_one()
    spent = time.process_time() - spent
    statements, commits = counter.statements, counter.commits
    kinds = dict(counter.kinds().most_common(14))
    with watch.connect() as conn:
        first, last = conn.execute(
            sa.select(sa.func.min(posts.c.published_at), sa.func.max(posts.c.published_at))
        ).one()
        states: dict[str, int] = dict(
            conn.execute(sa.select(posts.c.state, sa.func.count()).group_by(posts.c.state)).tuples().all()
        )
    print(
        json.dumps(
            {
                "posts_a_second": (done - 1) / max(1e-9, last - first),
                "published": done,
                "states": states,
                "accepted_a_second": count / accepted,
                "statements_a_post": statements / max(1, done),
                "commits_a_post": commits / max(1, done),
                "cpu_ms_a_post": spent / max(1, done) * 1e3,
                "kinds": {kind: round(number / max(1, done), 2) for kind, number in kinds.items()},
                "memory_mb": psutil.Process().memory_info().rss / 1e6,
            }
        ),
        flush=True,
    )
    app.close()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
