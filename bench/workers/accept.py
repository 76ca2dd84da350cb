"""What accepting a scheduled post costs while more and more are scheduled.

``python -m bench.workers.accept FILE`` with JSON in FILE: ``databases`` (``url``, ``folder``, ``count``), ``rounds``
and ``probe``. Each database is filled with ``count`` scheduled posts; then, in each round, ``probe`` more are accepted
in each, one transaction each, in turn, so that whatever else the machine does touches all alike. Prints a list of
results as JSON: a median for each round.
"""

from __future__ import annotations

import datetime
import json
import logging
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from bench.seed import WORKSPACE, seed
from treadle.domain.answers import Created
from treadle.engine.dbos_queue import DbosRunStore
from treadle.services.service import Posts
from treadle.settings import Settings
from treadle.store import Database, open_database
from treadle.store.migrate import upgrade
from treadle.store.release import Releaser

ACCOUNTS = 50
FILL = 500  # posts a transaction while filling up


def accept(posts: Posts, conn: sa.Connection, account: str, number: int, now: float) -> None:
    due = datetime.datetime.fromtimestamp(now + 86_400 + number, datetime.UTC).isoformat()
    body = {"account_id": account, "text": f"Post number {number}", "publish_at": due}
    made = posts.create(conn, WORKSPACE, body, now=now, actor="bench")
    assert isinstance(made, Created), made


def database_size(database: Database) -> int:
    with database.begin() as conn:
        if not database.is_sqlite:
            return int(conn.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())
        pages = conn.execute(sa.text("PRAGMA page_count")).scalar_one()
        return int(pages) * int(conn.execute(sa.text("PRAGMA page_size")).scalar_one())


class Case:
    """One database, filled."""

    def __init__(self, url: str, folder: str, count: int) -> None:
        self.count = count
        self.database = open_database(Settings(database_url=url, data_dir=Path(folder)))
        upgrade(self.database)
        self.enqueuer = DbosRunStore(self.database)
        self.enqueuer.load()
        self.posts = Posts(Releaser(self.enqueuer))
        users = [{"id": 10_000 + n, "username": f"bench{n}", "access_token": ""} for n in range(ACCOUNTS)]
        self.accounts = seed(self.database, users)
        before = database_size(self.database)
        began = time.perf_counter()
        for first in range(0, count, FILL):
            with self.database.begin() as conn:
                for number in range(first, min(count, first + FILL)):
                    accept(self.posts, conn, self.accounts[number % ACCOUNTS], number, time.time())
        self.filled_a_second = count / (time.perf_counter() - began)
        self.memory_mb = psutil.Process().memory_info().rss / 1e6
        self.bytes_per_post = (database_size(self.database) - before) / count
        self.accepts: list[float] = []
        self.checks: list[float] = []

    def probe(self, number: int) -> None:
        began = time.perf_counter()
        with self.database.begin() as conn:
            accept(self.posts, conn, self.accounts[number % ACCOUNTS], self.count + number, time.time())
        self.accepts.append(time.perf_counter() - began)
        if number % 10 == 0:
            began = time.perf_counter()
            self.enqueuer._client._sys_db.transition_delayed_workflows()
            self.checks.append(time.perf_counter() - began)


def main(plan: dict[str, Any]) -> None:
    logging.getLogger("dbos").setLevel(logging.ERROR)
    cases = [Case(**entry) for entry in plan["databases"]]
    accepts: list[list[float]] = [[] for _ in cases]
    checks: list[list[float]] = [[] for _ in cases]
    probe = int(plan["probe"])
    for turn in range(-1, int(plan["rounds"])):  # a first round, thrown away: caches settle in it
        for case in cases:
            case.accepts, case.checks = [], []
        for number in range(probe):
            for case in cases:
                case.probe((turn + 1) * probe + number)
        if turn < 0:
            continue
        for case, accepted, checked in zip(cases, accepts, checks, strict=True):
            accepted.append(statistics.median(case.accepts))
            checked.append(statistics.median(case.checks))
    results = [
        {
            "scheduled": case.count,
            "accept_s": accepted,
            "due_check_s": checked,
            "bytes_per_post": case.bytes_per_post,
            "memory_mb": case.memory_mb,
            "filled_a_second": case.filled_a_second,
        }
        for case, accepted, checked in zip(cases, accepts, checks, strict=True)
    ]
    print(json.dumps(results))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
