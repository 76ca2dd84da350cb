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
    counts = [400, 1_000] if bench.quick else [1_000, 10_000, 100_000]
    outcome = Outcome()
    for backend in ("SQLite", "Postgres"):
        try:
            with ExitStack() as stack:
                databases = []
                for count in counts:
                    folder = bench.folder / f"accept-{backend}-{count}"
                    folder.mkdir()
                    url = stack.enter_context(_database(backend, folder))
                    databases.append({"url": url, "folder": str(folder), "count": count})
                path = bench.folder / "accept.json"
                plan = {"databases": databases, "rounds": bench.rounds, "probe": bench.pick(100, 50)}
                path.write_text(json.dumps(plan))
                results: list[dict[str, Any]] = ask("-m", "bench.workers.accept", path, timeout=1800)
        except NoPostgres as why:
            outcome.notes.append(f"{backend} was not measured: {why}")
            continue
        outcome.rows += list(_rows(backend, counts, results))
        outcome.details[backend] = results
        largest = results[-1]
        outcome.notes.append(
            f"{backend} at {counts[-1]:,} scheduled posts: {largest['bytes_per_post'] / 1e3:.1f} KB of database a "
            f"post, {largest['memory_mb']:.0f} MB of memory; filled at {largest['filled_a_second']:,.0f} posts a second"
        )
    return outcome


def _rows(backend: str, counts: list[int], results: list[dict[str, Any]]) -> Iterator[Row]:
    def of(index: int, key: str, name: str) -> Samples:
        return Samples(name, "s", tuple(results[index][key]))

    least = f"at {counts[0]:,}"
    for index in range(1, len(counts)):
        now, first = of(index, "accept_s", "Treadle"), of(0, "accept_s", least)
        met = now.median <= first.median * (1 + FLAT)
        title = f"accept a post, {backend}, {counts[index]:,} scheduled"
        yield Row(title, now, first, "flat within 20 %", met, for_scale=True)
        check, first_check = of(index, "due_check_s", "Treadle"), of(0, "due_check_s", least)
        yield Row("  look for due posts", check, first_check, "", None, for_scale=True)
    size, first_size = (
        Samples(name, "bytes", (results[index]["bytes_per_post"],)) for index, name in ((-1, "Treadle"), (0, least))
    )
    yield Row(f"  database, for each of {counts[-1]:,}", size, first_size, "", None, for_scale=True)
    grown = (results[-1]["memory_mb"] - results[0]["memory_mb"]) * 1e6 / sum(counts[1:])
    yield Row("  memory, for each of them", Samples("Treadle", "bytes", (grown,)), None, "", None)


@contextmanager
def _database(backend: str, folder: Path) -> Iterator[str]:
    if backend == "SQLite":
        yield f"sqlite:///{folder / 'treadle.sqlite'}"
        return
    with own_cluster(careful=True) as cluster, cluster.database() as url:
        yield url
