"""What accepting a scheduled post costs while more and more are scheduled.

``python -m bench.workers.accept DATABASE_URL FOLDER PROBE COUNT...``: at each COUNT of scheduled posts, PROBE more are
accepted, one transaction each, and timed; then the check for due posts is timed. Prints a list of results as JSON.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
import time
from pathlib import Path

import psutil
import sqlalchemy as sa

from bench.seed import WORKSPACE, seed
from treadle.posts.service import Created, Posts
from treadle.publishing.engine import Enqueuer
from treadle.publishing.release import Releaser
from treadle.settings import Settings
from treadle.store import Database, open_database
from treadle.store.migrate import upgrade

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


def main(url: str, folder: str, probe: int, counts: list[int]) -> None:
    logging.getLogger("dbos").setLevel(logging.ERROR)
    database = open_database(Settings(database_url=url, data_dir=Path(folder)))
    upgrade(database)
    enqueuer = Enqueuer(database)
    posts = Posts(Releaser(enqueuer))
    users = [{"id": 10_000 + n, "username": f"bench{n}", "access_token": ""} for n in range(ACCOUNTS)]
    accounts = seed(database, users)
    done, results = 0, []
    before = database_size(database)
    for count in counts:
        while done < count:
            now = time.time()
            with database.begin() as conn:
                for number in range(done, min(count, done + FILL)):
                    accept(posts, conn, accounts[number % ACCOUNTS], number, now)
            done = min(count, done + FILL)
        size = database_size(database) - before
        single = []
        for number in range(done, done + probe):
            began = time.perf_counter()
            with database.begin() as conn:
                accept(posts, conn, accounts[number % ACCOUNTS], number, time.time())
            single.append(time.perf_counter() - began)
        done += probe
        checks = []
        for _ in range(20):
            began = time.perf_counter()
            enqueuer._client._sys_db.transition_delayed_workflows()
            checks.append(time.perf_counter() - began)
        single.sort()
        checks.sort()
        results.append(
            {
                "scheduled": count,
                "accept_s": single[len(single) // 2],
                "due_check_s": checks[len(checks) // 2],
                "bytes_per_post": size / count,
                "memory_mb": psutil.Process().memory_info().rss / 1e6,
            }
        )
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), [int(word) for word in sys.argv[4:]])
