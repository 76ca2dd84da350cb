"""One, two and four workers on one PostgreSQL: how the rate grows, whether anything is doubled, who takes how much."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import sqlalchemy as sa

from bench.installation import prepare, published
from bench.measure import Bench, Outcome, Row, Samples, Unavailable
from bench.processes import running
from bench.workers.drain import fill
from tests.support.postgres import Cluster, NoPostgres, own_cluster
from treadle.store.tables import parts
from treadle_sandbox import Control

ACCOUNTS = 200
FAIR = 2.0  # the busiest worker takes at most this many times what the idlest takes
ACCEPTED_AT_LEAST = 150.0  # posts a second while filling; all of them are due at one moment after that


def run(bench: Bench) -> Outcome:
    outcome = Outcome()
    count = bench.pick(1500, 120)
    rates: dict[int, Samples] = {}
    try:
        with own_cluster(careful=True) as cluster:
            for workers in (1, 2) if bench.quick else (1, 2, 4):
                _measure(bench, cluster, workers, count, rates, outcome)
    except NoPostgres as why:
        raise Unavailable(str(why)) from None
    return outcome


def _measure(
    bench: Bench, cluster: Cluster, workers: int, count: int, rates: dict[int, Samples], outcome: Outcome
) -> None:
    """``workers`` processes are up and idle; then ``count`` posts come due at one moment."""
    with ExitStack() as stack:
        _, ready = stack.enter_context(running("-m", "bench.workers.sandbox", ACCOUNTS))
        folder = bench.folder / f"workers-{workers}"
        installed = stack.enter_context(prepare(folder, ready, cluster.create_database()))
        for _ in range(workers):
            stack.enter_context(running("-m", "bench.workers.worker", installed.plan, log=folder / "worker.log"))
        fill(installed.app, installed.accounts, count, due_in=3.0 + count / ACCEPTED_AT_LEAST)
        first, last, done = published(installed.app.db.engine, count, 300)
        with installed.app.db.read() as conn:
            shares = Counter(conn.execute(sa.select(parts.c.intent_worker)).scalars())
        live = Counter(post.get("text") for post in Control.connect(ready["url"], 60).posts(limit=count * 2))
    doubled = sum(number - 1 for number in live.values() if number > 1)
    name = f"{workers} worker{'s' if workers > 1 else ''}"
    rates[workers] = Samples(name, "posts/s", ((done - 1) / (last - first),))
    taken = sorted(shares.values(), reverse=True)
    outcome.notes.append(
        f"{name}: {done} of {count} published, {len(live)} on Threads, {doubled} doubled; "
        f"shares {', '.join(f'{number / done:.0%}' for number in taken)}"
    )
    whole = doubled == 0 and done == count and len(live) == count
    fair = len(taken) == workers and taken[0] <= FAIR * taken[-1]
    reach = "none lost, none doubled" + (", fair shares" if workers > 1 else "")
    ours = Samples("Treadle", "posts/s", rates[workers].values)
    theirs = rates[1] if workers > 1 else None
    outcome.rows.append(
        Row(f"{name}, Postgres, this machine", ours, theirs, reach, whole and fair, "higher", for_scale=True)
    )
