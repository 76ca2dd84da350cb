"""What accepting one more scheduled post costs, and looking for due ones, from 1,000 to 100,000 scheduled posts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.measure import Bench, Outcome, Row, Samples
from bench.processes import ask
from tests.support.postgres import NoPostgres, own_cluster

FLAT = 0.2


def run(bench: Bench) -> Outcome:
    counts = [1_000, 4_000] if bench.quick else [1_000, 10_000, 100_000]
    rounds = 1 if bench.quick else 2
    outcome = Outcome()
    for backend in ("SQLite", "Postgres"):
        results: list[list[dict[str, Any]]] = []
        try:
            for number in range(rounds):
                with ExitStack() as stack:
                    databases = []
                    for count in counts:
                        folder = bench.folder / f"accept-{backend}-{number}-{count}"
                        folder.mkdir()
                        url = stack.enter_context(_database(backend, folder))
                        databases.append({"url": url, "folder": str(folder), "count": count})
                    path = bench.folder / "accept.json"
                    path.write_text(json.dumps({"databases": databases, "probe": 200}))
                    results.append(ask("-m", "bench.workers.accept", path, timeout=1800))
        except NoPostgres as why:
            outcome.notes.append(f"{backend} was not measured: {why}")
            continue
        outcome.rows += list(_rows(backend, counts, results))
        outcome.details[backend] = results
        largest = results[0][-1]
        outcome.notes.append(
            f"{backend} at {counts[-1]:,} scheduled posts: "
            f"{largest['bytes_per_post'] / 1e3:.1f} KB of database a post, {largest['memory_mb']:.0f} MB of memory"
        )
    return outcome


def _rows(backend: str, counts: list[int], results: list[list[dict[str, Any]]]) -> Iterator[Row]:
    def of(index: int, key: str, name: str) -> Samples:
        return Samples(name, "s", tuple(result[index][key] for result in results))

    least = f"at {counts[0]:,}"
    for index in range(1, len(counts)):
        now, first = of(index, "accept_s", "Treadle"), of(0, "accept_s", least)
        met = now.median <= first.median * (1 + FLAT)
        yield Row(f"accept a post, {backend}, {counts[index]:,} scheduled", now, first, "flat within 20 %", met)
        yield Row("  look for due posts", of(index, "due_check_s", "Treadle"), of(0, "due_check_s", least), "", None)


@contextmanager
def _database(backend: str, folder: Path) -> Iterator[str]:
    if backend == "SQLite":
        yield f"sqlite:///{folder / 'treadle.sqlite'}"
        return
    with own_cluster(careful=True) as cluster, cluster.database() as url:
        yield url
