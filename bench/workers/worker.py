"""A worker that runs until it is ended: ``python -m bench.workers.worker FILE`` with JSON in FILE: ``settings``.

Prints its worker id as JSON once it runs. With a second argument it samples how late runs are (the share of them to
look at, for instance 0.05): a line ``{"late_s": ..., "memory_mb": ...}`` every second.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from treadle.app import App, open_app
from treadle.engine import engine
from treadle.engine.queue import QueueName
from treadle.engine.run import advance
from treadle.engine.worker_context import WorkerContext
from treadle.settings import Settings
from treadle.store.tables import posts


def main(plan: dict[str, Any], share: float) -> None:
    app = open_app(Settings(**plan["settings"]), migrate=False)
    late: list[float] = []
    if share:
        chance = random.Random(1)

        async def timed(worker: WorkerContext, post_id: str, seq: int, queue: QueueName) -> None:
            began = time.time()
            if chance.random() < share:
                due = await worker.db.query(_due, post_id)
                if due is not None:
                    late.append(began - due)
            await advance(worker, post_id, seq, queue)

        vars(engine)["advance"] = timed
    running = app.start_worker()
    print(json.dumps({"worker": running.lease.worker}), flush=True)
    threading.Thread(target=_close_at_end_of_input, args=[app], daemon=True).start()
    while True:
        time.sleep(1)
        taken, late[:] = list(late), []
        if share:
            memory = psutil.Process().memory_info().rss / 1e6
            print(json.dumps({"late_s": taken, "memory_mb": memory}), flush=True)


def _close_at_end_of_input(app: App) -> None:
    sys.stdin.read()
    app.close()


def _due(conn: sa.Connection, post_id: str) -> float | None:
    row = conn.execute(sa.select(posts.c.next_at, posts.c.stage).where(posts.c.id == post_id)).first()
    return float(row.next_at) if row is not None and row.next_at and row.stage == "container_status" else None


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
