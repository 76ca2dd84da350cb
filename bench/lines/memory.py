"""Memory of ``treadle serve`` on SQLite: before anything was posted, and after it took in and published many posts."""

from __future__ import annotations

import json
import time
import urllib.request
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from bench.installation import prepare, published
from bench.measure import Bench, Outcome, Row, Samples, Unavailable
from bench.processes import running
from bench.seed import WORKSPACE
from bench.serving import serving
from treadle.people.keys import SCOPES, create_key

ACCOUNTS = 200
GROUP = 200  # posts a request
MORE_MB = 40.0  # after 10,000 posts
IDLE_S = 5.0


def run(bench: Bench) -> Outcome:
    """Posts go in over HTTP, as a customer sends them; memory is read some idle seconds after the last is out."""
    count = bench.pick(10_000, 300)
    with ExitStack() as stack:
        _, ready = stack.enter_context(running("-m", "bench.workers.sandbox", ACCOUNTS))
        folder = bench.folder / "memory"
        with prepare(folder, ready) as installed:
            with installed.app.db.begin() as conn:
                _, secret = create_key(conn, WORKSPACE, "bench", [SCOPES[-1]], time.time())
            address, accounts = installed.app.db.url, installed.accounts
        names = {"data_dir", "threads_api_url"}
        settings = {f"TREADLE_{name.upper()}": str(installed.settings[name]) for name in names}
        server = stack.enter_context(serving(settings))
        time.sleep(IDLE_S)
        before = server.memory_mb()
        began = time.monotonic()
        for first in range(0, count, GROUP):
            _send(server.url, secret, accounts, range(first, min(count, first + GROUP)))
        accepted = time.monotonic() - began
        engine = sa.create_engine(address)
        _, _, done = published(engine, count, 600)
        took = time.monotonic() - began
        engine.dispose()
        time.sleep(IDLE_S)
        after = server.memory_mb()
    if done < count:
        raise Unavailable(f"{done} of {count} posts were published within the time")
    ours, idle = Samples("Treadle", "MB", (after,)), Samples("before", "MB", (before,))
    grown = Samples("Treadle", "bytes", ((after - before) * 1e6 / count,))
    return Outcome(
        rows=[
            Row(
                f"treadle serve, memory after {count:,} posts",
                ours,
                idle,
                f"at most {MORE_MB:.0f} MB more",
                after - before <= MORE_MB,
                for_scale=True,
            ),
            Row("  grown by, for each post", grown, None, "", None),
        ],
        notes=[
            f"{count:,} posts over HTTP in {accepted:.0f} s, {GROUP} a request, published {took:.0f} s after the "
            f"first was sent"
        ],
    )


def _send(url: str, secret: str, accounts: list[str], numbers: range) -> None:
    items: list[dict[str, Any]] = [
        {"account_id": accounts[number % len(accounts)], "text": f"Memory {number}"} for number in numbers
    ]
    request = urllib.request.Request(
        f"{url}/v1/posts/bulk",
        json.dumps({"posts": items}).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        refused = [item for item in json.loads(answer.read())["data"] if item["status"] >= 300]
    if refused:
        raise RuntimeError(f"a post was refused: {refused[0]}")
