"""Thousands of posts that wait for their containers on one worker: memory, and how late it looks at them."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack

from bench.installation import prepare, published
from bench.measure import Bench, Outcome, Row, Samples, Unavailable, percentile
from bench.processes import running
from bench.workers.drain import fill
from tests.support.postgres import NoPostgres, own_cluster

ACCOUNTS = 200
LOOKED_AT = 0.2  # share of the looks whose lateness is taken


def run(bench: Bench) -> Outcome:
    """Every container takes long enough that all posts wait at the same time, before the first is ready."""
    count, processing_s = (200, 5) if bench.quick else (5000, 120)
    late: list[float] = []
    memory: list[float] = []
    outcome = Outcome()
    with ExitStack() as stack:
        options = f'processing={{"TEXT": {processing_s}}}'
        _, ready = stack.enter_context(running("-m", "bench.workers.sandbox", ACCOUNTS, options))
        try:
            url = stack.enter_context(stack.enter_context(own_cluster(careful=True)).database())
        except NoPostgres as why:
            raise Unavailable(str(why)) from None
        folder = bench.folder / "held"
        installed = stack.enter_context(prepare(folder, ready, url))
        fill(installed.app, installed.accounts, count)
        process, _ = stack.enter_context(
            running("-m", "bench.workers.worker", installed.plan, LOOKED_AT, log=folder / "worker.log")
        )

        def listen() -> None:
            for line in process.stdout:
                sample = json.loads(line)
                late.extend(sample["late_s"])
                memory.append(sample["memory_mb"])

        threading.Thread(target=listen, daemon=True).start()
        first, last, done = published(installed.app.db.engine, count, 900)
    if not memory or not late:
        raise Unavailable(f"the worker told nothing; {done} of {count} posts were published")
    title = f"{count:,} posts waiting for containers, one worker"
    outcome.rows.append(Row(f"{title}: memory, most", Samples("Treadle", "MB", (max(memory),)), None, "", None))
    growth = (max(memory) - memory[0]) * 1e6 / count
    outcome.rows.append(Row("  of it for each post", Samples("Treadle", "bytes", (growth,)), None, "", None))
    for share, name in ((0.5, "half of the looks late by, at most"), (0.95, "95 % of the looks late by, at most")):
        outcome.rows.append(Row(f"  {name}", Samples("Treadle", "s", (percentile(late, share),)), None, "", None))
    outcome.notes.append(
        f"a container takes {processing_s} s; {done} of {count} published, the last {last - first:.0f} s after the "
        f"first; {len(late)} looks sampled, all posts due at once and none spread out"
    )
    return outcome
