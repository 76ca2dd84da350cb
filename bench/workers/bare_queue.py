"""The engine's queue with runs that do nothing: stores COUNT of them, then drains them with one worker.

``python -m bench.workers.bare_queue DATABASE_URL COUNT CONCURRENCY``; prints both times as JSON. The engine is set
up as Treadle sets it up, without the posts.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path

from dbos import DBOS, DBOSClient

from treadle.settings import Settings
from treadle.store import open_database
from treadle.store.migrate import upgrade

QUEUE = "bench"
done = 0
finished = asyncio.Event()
wanted = 0


@DBOS.workflow(name="bench.nothing", max_recovery_attempts=None)
async def nothing(number: int) -> None:
    global done
    done += 1
    if done == wanted:
        finished.set()


async def main(url: str, count: int, concurrency: int) -> None:
    global wanted
    wanted = count
    logging.getLogger("dbos").setLevel(logging.ERROR)
    database = open_database(Settings(database_url=url, data_dir=Path("unused")))
    upgrade(database)
    client = DBOSClient(system_database_engine=database.engine, application_name="treadle", lazy=True)
    began = time.perf_counter()
    for first in range(0, count, 500):
        with database.begin() as conn:
            for number in range(first, min(count, first + 500)):
                client.enqueue_in_transaction(
                    conn,
                    {
                        "workflow_name": "bench.nothing",
                        "queue_name": QUEUE,
                        "workflow_id": f"b{number}",
                        "app_version": "treadle-1",
                    },
                    number,
                )
    stored = time.perf_counter() - began
    DBOS(
        config={
            "name": "treadle",
            "system_database_url": database.url.render_as_string(hide_password=False),
            "system_database_engine": database.engine,
            "application_version": "treadle-1",
            "executor_id": "bench",
            "run_migrations": False,
            "use_listen_notify": not database.is_sqlite,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
    )
    began, spent = time.perf_counter(), time.process_time()
    DBOS.launch()
    await DBOS.register_queue_async(
        QUEUE, worker_concurrency=concurrency, polling_interval_sec=0.1, on_conflict="always_update"
    )
    await finished.wait()
    drained, spent = time.perf_counter() - began, time.process_time() - spent
    print(json.dumps({"store_s": stored, "drain_s": drained, "cpu_ms_a_run": spent / count * 1e3}), flush=True)
    DBOS.destroy(workflow_completion_timeout_sec=1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
