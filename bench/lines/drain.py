"""Posts drained through the complete durable run, one worker, against a bare aiohttp loop that makes the same calls.

And what a post costs: CPU beside that of the calls and of an empty run of the queue, statements, commits.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.measure import Bench, Outcome, Row, Samples, Unavailable
from bench.processes import ask, running
from bench.workers.sandbox import RECORDED
from tests.support.postgres import NoPostgres, own_cluster
from treadle_sandbox import Control

ACCOUNTS = 50
AT_ONCE = 64
REACH = 0.2  # of the bare loop's rate
CPU_MS = {"SQLite": 6.0, "Postgres": 5.5}  # of one core, a post
OWN_MS = 2.0  # of that, beside the calls and an empty run of the queue
STATEMENTS, COMMITS = 15.0, 1.2  # a post
# Endpoint of the sandbox's record -> kind of call of the bare loop
KINDS = {"create": "create", "publish": "publish", "status": "status", "list": "list", "read": "read", "limit": "limit"}


def run(bench: Bench) -> Outcome:
    outcome = Outcome()
    count = bench.pick(1000, 150)
    with ExitStack() as stack:
        _, ready = stack.enter_context(running("-m", "bench.workers.sandbox", ACCOUNTS))
        control = Control.connect(ready["url"], 60)
        for backend in ("SQLite", "Postgres"):
            try:
                outcome.rows += _measure(bench, backend, ready, control, count, outcome)
            except NoPostgres as why:
                outcome.notes.append(f"{backend} was not measured: {why}")
    return outcome


def _measure(
    bench: Bench, backend: str, ready: dict[str, Any], control: Control, count: int, outcome: Outcome
) -> list[Row]:
    calls = _calls(bench, backend, ready, control)
    ours: list[dict[str, Any]] = []
    bare: list[dict[str, Any]] = []
    empty: list[float] = []
    path = bench.folder / "bare.json"
    for turn in range(1 if bench.quick else 3):
        plan = {"url": ready["url"], "accounts": ready["accounts"], "count": count, "at_once": AT_ONCE, "calls": calls}
        path.write_text(json.dumps(plan))
        order = ("bare", "ours", "empty")
        for contender in order if turn % 2 == 0 else reversed(order):
            if contender == "bare":
                bare.append(ask("-m", "bench.workers.bare_loop", path))
            elif contender == "empty":
                empty.append(_empty_run(bench.folder / f"empty-{backend}-{turn}", backend, count))
            else:
                ours.append(drain(bench.folder / f"drain-{backend}-{turn}", backend, ready, count))
    if any(result["published"] < count for result in ours):
        raise Unavailable(f"not every post was published: {ours[-1]['states']}")

    def each(name: str, unit: str, of: list[dict[str, Any]] = ours, who: str = "Treadle") -> Samples:
        return Samples(who, unit, tuple(float(result[name]) for result in of))

    rate, loop = each("posts_a_second", "posts/s"), each("posts_a_second", "posts/s", bare, "bare loop")
    cpu, calls_cpu = each("cpu_ms_a_post", "ms"), each("cpu_ms_a_post", "ms", bare, "bare loop")
    run_cpu = Samples("an empty run of the queue", "ms", tuple(empty))
    own = Samples(
        "Treadle", "ms", tuple(a - b - c for a, b, c in zip(cpu.values, calls_cpu.values, empty, strict=True))
    )
    statements, commits = each("statements_a_post", "statements"), each("commits_a_post", "commits")
    last = ours[-1]
    outcome.notes.append(
        f"{backend}: {last['accepted_a_second']:,.0f} posts a second accepted, {last['memory_mb']:.0f} MB at the end; "
        f"calls a post: {', '.join(f'{kind} {number:g}' for kind, number in calls.items())}"
    )
    busiest = list(last["kinds"].items())[:8]
    outcome.notes.append(f"{backend}, statements most made: {', '.join(f'{kind} {n:g}' for kind, n in busiest)}")
    outcome.details[backend] = ours
    return [
        Row(
            f"posts drained, one worker, {backend}",
            rate, loop, f"{REACH:g} or more", rate.median >= REACH * loop.median, "higher",
        ),
        _below(f"  CPU of the worker a post, {backend}", cpu, CPU_MS[backend], calls_cpu),
        _below(f"  of it neither calls nor queue, {backend}", own, OWN_MS, run_cpu),
        _below(f"  statements a post, {backend}", statements, STATEMENTS),
        _below(f"  commits a post, {backend}", commits, COMMITS),
    ]  # fmt: skip


def _below(work: str, ours: Samples, most: float, theirs: Samples | None = None) -> Row:
    return Row(work, ours, theirs, f"at most {most:g} {ours.unit}", ours.median <= most, for_scale=True)


def _empty_run(folder: Path, backend: str, count: int) -> float:
    """Milliseconds of a core that the queue takes for a run in which nothing is done."""
    folder.mkdir()
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'queue.sqlite'}"
        if backend == "Postgres":
            url = stack.enter_context(stack.enter_context(own_cluster(careful=True)).database())
        return float(ask("-m", "bench.workers.bare_queue", url, count, AT_ONCE)["cpu_ms_a_run"])


def drain(folder: Path, backend: str, ready: dict[str, Any], count: int) -> dict[str, Any]:
    folder.mkdir()
    settings: dict[str, Any] = {
        "data_dir": str(folder),
        "threads_api_url": ready["url"],
        "allow_private_media_hosts": True,
    }
    with ExitStack() as stack:
        if backend == "Postgres":
            cluster = stack.enter_context(own_cluster(careful=True))
            settings["database_url"] = stack.enter_context(cluster.database())
        path = folder / "plan.json"
        path.write_text(json.dumps({"settings": settings, "accounts": ready["accounts"], "count": count}))
        result: dict[str, Any] = ask("-m", "bench.workers.drain", path, timeout=1200)
        return result


def _calls(bench: Bench, backend: str, ready: dict[str, Any], control: Control) -> dict[str, float]:
    """How many calls of each kind Treadle makes for a post, from the sandbox's own record of a small run."""
    posts = bench.pick(200, 60)
    control.clear_requests()
    drain(bench.folder / f"calls-{backend}", backend, ready, posts)
    # A worker also looks at each account's profile when it starts: that is not a post's call.
    kept = control.requests(limit=RECORDED)
    assert len(kept) < RECORDED, "more calls than the sandbox keeps: those a post takes cannot be counted"
    entries = [entry for entry in kept if not str(entry["path"]).endswith("/me")]
    seen = Counter(KINDS.get(str(entry["endpoint"]), "") for entry in entries)
    return {kind: round(number / posts, 2) for kind, number in seen.items() if kind}
