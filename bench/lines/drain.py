"""Posts drained through the complete durable run, one worker, against a bare aiohttp loop that makes the same calls."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.measure import Bench, Outcome, Row, Samples, Unavailable
from bench.processes import ask, running
from tests.support.postgres import NoPostgres, own_cluster
from treadle_sandbox import Control

ACCOUNTS = 50
AT_ONCE = 64
REACH = {"SQLite": 0.1}  # no reach is set for PostgreSQL
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
    bare: list[float] = []
    path = bench.folder / "bare.json"
    for turn in range(1 if bench.quick else 3):
        plan = {"url": ready["url"], "accounts": ready["accounts"], "count": count, "at_once": AT_ONCE, "calls": calls}
        path.write_text(json.dumps(plan))
        for contender in ("bare", "ours") if turn % 2 == 0 else ("ours", "bare"):
            if contender == "bare":
                bare.append(float(ask("-m", "bench.workers.bare_loop", path)["posts_a_second"]))
            else:
                ours.append(drain(bench.folder / f"drain-{backend}-{turn}", backend, ready, count))
    if any(result["published"] < count for result in ours):
        raise Unavailable(f"not every post was published: {ours[-1]['states']}")
    mine = Samples("Treadle", "posts/s", tuple(result["posts_a_second"] for result in ours))
    loop = Samples("bare loop", "posts/s", tuple(bare))
    last = ours[-1]
    outcome.notes.append(
        f"{backend}: {last['statements_a_post']:.1f} statements and {last['commits_a_post']:.1f} commits a post, "
        f"{last['cpu_ms_a_post']:.1f} ms of one core a post, "
        f"{last['accepted_a_second']:,.0f} posts a second accepted, {last['memory_mb']:.0f} MB at the end; "
        f"calls a post: {', '.join(f'{kind} {number:g}' for kind, number in calls.items())}"
    )
    busiest = list(last["kinds"].items())[:6]
    outcome.notes.append(f"{backend}, statements most made: {', '.join(f'{kind} {n:g}' for kind, n in busiest)}")
    outcome.details[backend] = ours
    reach = REACH.get(backend)
    met = None if reach is None else mine.median >= reach * loop.median
    said = "" if reach is None else f"{reach:g} or more"
    return [Row(f"posts drained, one worker, {backend}", mine, loop, said, met, "higher")]


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
    entries = [entry for entry in control.requests(limit=5000) if not str(entry["path"]).endswith("/me")]
    seen = Counter(KINDS.get(str(entry["endpoint"]), "") for entry in entries)
    return {kind: round(number / posts, 2) for kind, number in seen.items() if kind}
