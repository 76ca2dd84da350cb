"""One, two and four workers on one PostgreSQL: how the rate grows, whether anything is doubled, who takes how much."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack

import psutil
import sqlalchemy as sa

from bench.installation import prepare, published
from bench.measure import Bench, Outcome, Row, Samples, Unavailable
from bench.processes import running
from bench.workers.drain import fill
from tests.support.postgres import Cluster, NoPostgres, own_cluster
from treadle.store.tables import parts
from treadle_sandbox import Control

ACCOUNTS = 200
SETTLE_S, IDLE_S = 3.0, 5.0
WITHIN = 0.1  # of what a post costs one worker, CPU of all workers
FAIR = 2.0  # the busiest worker takes at most this many times what the idlest takes
ACCEPTED_AT_LEAST = 150.0  # posts a second while filling; all of them are due at one moment after that


def run(bench: Bench) -> Outcome:
    outcome = Outcome()
    count = bench.pick(1500, 120)
    rates: dict[int, Samples] = {}
    costs: dict[int, Samples] = {}
    idles: dict[int, Samples] = {}
    try:
        with own_cluster(careful=True) as cluster:
            for workers in (1, 2) if bench.quick else (1, 2, 4):
                _measure(bench, cluster, workers, count, (rates, costs, idles), outcome)
    except NoPostgres as why:
        raise Unavailable(str(why)) from None
    return outcome


def _measure(
    bench: Bench, cluster: Cluster, workers: int, count: int, found: tuple[dict[int, Samples], ...], outcome: Outcome
) -> None:
    """``workers`` processes are up and idle; then ``count`` posts come due at one moment."""
    rates, costs, idles = found
    with ExitStack() as stack:
        _, ready = stack.enter_context(running("-m", "bench.workers.sandbox", ACCOUNTS))
        folder = bench.folder / f"workers-{workers}"
        installed = stack.enter_context(prepare(folder, ready, cluster.create_database()))
        processes = []
        for _ in range(workers):
            command = ("-m", "bench.workers.worker", installed.plan)
            process, _ = stack.enter_context(running(*command, log=folder / "worker.log"))
            processes.append(psutil.Process(process.pid))
        time.sleep(SETTLE_S)
        before = _cpu_s(processes)
        time.sleep(IDLE_S)
        idle = (_cpu_s(processes) - before) / IDLE_S / workers
        fill(installed.app, installed.accounts, count, due_in=3.0 + count / ACCEPTED_AT_LEAST)
        before, began = _cpu_s(processes), time.monotonic()
        first, last, done = published(installed.app.db.engine, count, 300)
        spent, took = _cpu_s(processes) - before, time.monotonic() - began
        with installed.app.db.read() as conn:
            shares = Counter(conn.execute(sa.select(parts.c.intent_worker)).scalars())
        live = Counter(post.get("text") for post in Control.connect(ready["url"], 60).posts(limit=count * 2))
    doubled = sum(number - 1 for number in live.values() if number > 1)
    name = f"{workers} worker{'s' if workers > 1 else ''}"
    # They wait for the moment first: what they would have taken idle is not the posts'.
    waited = max(0.0, took - (last - first))
    costs[workers] = Samples(name, "ms", ((spent - idle * workers * waited) / done * 1e3,))
    idles[workers] = Samples(name, "ms", (idle * 1e3,))
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
    one = costs[1] if workers > 1 else None
    cheap = None if one is None else costs[workers].median <= (1 + WITHIN) * one.median
    within = "" if one is None else f"within {WITHIN:.0%}"
    outcome.rows.append(
        Row(f"{name}, Postgres, this machine", ours, theirs, reach, whole and fair, "higher", for_scale=True)
    )
    outcome.rows.append(Row("  CPU of the workers a post", costs[workers], one, within, cheap, for_scale=True))
    idle_one = idles[1] if workers > 1 else None
    outcome.rows.append(Row("  CPU of an idle one, each second", idles[workers], idle_one, "", None, for_scale=True))


def _cpu_s(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)
