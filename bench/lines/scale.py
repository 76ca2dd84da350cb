"""More workers on PostgreSQL, and thousands of posts waiting on one worker."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.measure import Bench, Outcome, Row, Samples, Unavailable, percentile
from bench.processes import running
from bench.seed import seed
from bench.workers.drain import fill
from tests.support.postgres import Cluster, NoPostgres, own_cluster
from treadle.app import open_app
from treadle.sandbox import Control
from treadle.settings import Settings
from treadle.store.tables import parts, posts

ACCOUNTS = 200
START_S = 12.0  # for the workers to be up before the posts are due


def run(bench: Bench) -> Outcome:
    outcome = Outcome()
    try:
        with own_cluster(careful=True) as cluster:
            _workers(bench, cluster, outcome)
            _waiting(bench, cluster, outcome)
    except NoPostgres as why:
        raise Unavailable(str(why)) from None
    return outcome


def _prepare(cluster: Cluster, folder: Path, ready: dict[str, Any], count: int, due_in: float) -> dict[str, Any]:
    """A migrated database with ``count`` posts that are due together in ``due_in`` seconds; the workers' settings."""
    folder.mkdir()
    settings = {
        "data_dir": str(folder),
        "database_url": cluster.create_database(),
        "threads_api_url": ready["url"],
        "allow_private_media_hosts": True,
    }
    app = open_app(Settings(**settings))
    fill(app, seed(app.db, ready["accounts"], app.vault.seal), count, due_in)
    app.close()
    (folder / "plan.json").write_text(json.dumps({"settings": settings}))
    return settings


def _published(engine: sa.Engine, count: int, limit_s: float) -> tuple[float, float, int]:
    """(first, last, how many) published, once ``count`` are or the time is over."""
    deadline = time.monotonic() + limit_s
    while True:
        with engine.connect() as conn:
            query = sa.select(sa.func.min(posts.c.published_at), sa.func.max(posts.c.published_at), sa.func.count())
            first, last, done = conn.execute(query.where(posts.c.state == "published")).one()
        if done >= count or time.monotonic() > deadline:
            return first or 0.0, last or 1.0, done
        time.sleep(0.2)


def _workers(bench: Bench, cluster: Cluster, outcome: Outcome) -> None:
    count = bench.pick(3000, 300)
    rates: dict[int, Samples] = {}
    for workers in (1, 2) if bench.quick else (1, 2, 4):
        with ExitStack() as stack:
            _, ready = stack.enter_context(running("-m", "bench.workers.sandbox", ACCOUNTS))
            folder = bench.folder / f"workers-{workers}"
            settings = _prepare(cluster, folder, ready, count, START_S)
            for _ in range(workers):
                stack.enter_context(
                    running("-m", "bench.workers.worker", folder / "plan.json", log=folder / "worker.log")
                )
            engine = sa.create_engine(settings["database_url"])
            first, last, done = _published(engine, count, 300)
            with engine.connect() as conn:
                shares = Counter(conn.execute(sa.select(parts.c.intent_worker)).scalars())
            engine.dispose()
            live = Counter(post.get("text") for post in Control.connect(ready["url"], 60).posts(limit=count * 2))
            doubled = sum(number - 1 for number in live.values() if number > 1)
            rates[workers] = Samples(
                f"{workers} worker{'s' if workers > 1 else ''}", "posts/s", ((done - 1) / (last - first),)
            )
            spread = [f"{number / done:.0%}" for _, number in shares.most_common()]
            outcome.notes.append(
                f"{workers} workers: {done} of {count} published, {len(live)} on Threads, {doubled} doubled; "
                f"shares {', '.join(spread)}"
            )
            if workers > 1:
                ours = Samples("Treadle", "posts/s", rates[workers].values)
                met = doubled == 0 and done == count and len(live) == count
                outcome.rows.append(
                    Row(
                        f"{workers} workers, Postgres, this machine",
                        ours,
                        rates[1],
                        "none doubled",
                        met,
                        "higher",
                        for_scale=True,
                    )
                )


def _waiting(bench: Bench, cluster: Cluster, outcome: Outcome) -> None:
    """Posts whose containers take their time, all at once on one worker."""
    count, processing_s = (500, 5) if bench.quick else (5000, 45)
    late: list[float] = []
    memory: list[float] = []
    with ExitStack() as stack:
        options = f'processing={{"TEXT": {processing_s}}}'
        _, ready = stack.enter_context(running("-m", "bench.workers.sandbox", ACCOUNTS, options))
        folder = bench.folder / "waiting"
        settings = _prepare(cluster, folder, ready, count, 0.0)
        process, _ = stack.enter_context(
            running("-m", "bench.workers.worker", folder / "plan.json", 0.2, log=folder / "worker.log")
        )

        def listen() -> None:
            for line in process.stdout:
                sample = json.loads(line)
                late.extend(sample["late_s"])
                memory.append(sample["memory_mb"])

        threading.Thread(target=listen, daemon=True).start()
        engine = sa.create_engine(settings["database_url"])
        first, last, done = _published(engine, count, 600)
        engine.dispose()
    peak = Samples("Treadle", "MB", (max(memory, default=0.0),))
    title = f"{count:,} posts waiting for containers, one worker"
    outcome.rows.append(Row(f"{title}: memory", peak, None, "", None))
    if late:
        for share, name in ((0.5, "half of the looks late by"), (0.95, "95 % of the looks late by")):
            outcome.rows.append(Row(f"  {name}", Samples("Treadle", "s", (percentile(late, share),)), None, "", None))
    outcome.notes.append(
        f"{done} of {count} published, the last {last - first:.0f} s after the first; {len(late)} looks sampled"
    )
