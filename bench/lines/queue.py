"""The bare queue: the engine's durable runs against procrastinate's jobs, both on PostgreSQL, both doing nothing."""

from __future__ import annotations

from typing import Any

from bench.measure import Bench, Outcome, Row, Samples, Unavailable, interleave
from bench.processes import ask
from tests.support.postgres import NoPostgres, own_cluster

CONCURRENCY = 64
REACH = 0.9


def run(bench: Bench) -> Outcome:
    count = bench.pick(1500, 300)
    found: dict[str, list[dict[str, Any]]] = {"Treadle": [], "procrastinate": []}
    try:
        with own_cluster(careful=True) as cluster:

            def ours() -> float:
                with cluster.database() as url:
                    found["Treadle"].append(ask("-m", "bench.workers.bare_queue", url, count, CONCURRENCY))
                return count / float(found["Treadle"][-1]["drain_s"])

            def theirs() -> float:
                with cluster.database() as url:
                    plain = url.replace("+psycopg", "")
                    script = "bench/rivals/procrastinate_queue.py"
                    found["procrastinate"].append(ask(script, plain, count, CONCURRENCY, rival=True))
                return count / float(found["procrastinate"][-1]["drain_s"])

            drained = interleave(
                {"Treadle": ours, "procrastinate": theirs}, 1 if bench.quick else 3, "jobs/s", warm=False
            )
    except NoPostgres as why:
        raise Unavailable(str(why)) from None
    stored = {
        name: Samples(name, "jobs/s", tuple(count / each["store_s"] for each in results))
        for name, results in found.items()
    }
    return Outcome(
        rows=[
            Row(
                "bare queue drained, one worker, Postgres",
                drained["Treadle"],
                drained["procrastinate"],
                f"{REACH:g} or more",
                drained["Treadle"].median >= REACH * drained["procrastinate"].median,
                "higher",
            ),
            Row("bare queue filled, 500 a transaction", stored["Treadle"], stored["procrastinate"], "", None, "higher"),
        ],
        versions={"procrastinate": found["procrastinate"][-1]["version"]},
    )
