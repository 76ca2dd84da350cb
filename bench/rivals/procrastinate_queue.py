"""procrastinate's queue with jobs that do nothing: stores COUNT of them, then drains them with one worker.

Runs in .venv-bench: ``python procrastinate_queue.py DATABASE_URL COUNT CONCURRENCY``; prints both times as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import procrastinate


async def main(url: str, count: int, concurrency: int) -> None:
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=4, max_size=20)
    app = procrastinate.App(connector=connector)
    done = 0

    @app.task(queue="bench")  # type: ignore[untyped-decorator]
    async def nothing(number: int) -> None:
        nonlocal done
        done += 1

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for first in range(0, count, 500):
            batch = [{"number": number} for number in range(first, min(count, first + 500))]
            await nothing.batch_defer_async(*batch)
        stored = time.perf_counter() - began
        began = time.perf_counter()
        await app.run_worker_async(queues=["bench"], concurrency=concurrency, wait=False, install_signal_handlers=False)
        drained = time.perf_counter() - began
    assert done == count, f"{done} of {count} jobs ran"
    print(json.dumps({"store_s": stored, "drain_s": drained, "version": procrastinate.__version__}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
