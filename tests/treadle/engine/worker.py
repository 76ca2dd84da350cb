"""Worker processes to be killed: started quickly from a process that has everything loaded already."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

import treadle.app
from tests.treadle.engine.shop import Deaf, few_jobs
from tests.treadle.engine.traps import Trap
from treadle.settings import Settings
from treadle_threads.client import ThreadsClient
from treadle_threads.transport import Guard

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.treadle.engine.worker"])


def work(values: dict[str, Any], tell: Connection, trap: Trap | None, sleeps: bool) -> None:
    """The life of a worker: take a lease, work until a signal comes, or until it steps into its trap.

    ``sleeps``: it stops once its guard has let the first container be published, before the request is written.
    """
    if trap is not None:
        trap.set()
    _note_guards(_guards_of(values["data_dir"], os.getpid()), sleeps)
    with few_jobs(("recheck",)):
        app = treadle.app.open_app(Settings(**values), migrate=False)
        engine = app.start_worker()
        engine.context.breaker = Deaf()  # type: ignore[assignment]

        def stop(*_: Any) -> None:
            app.stop_worker(within_s=10)
            app.close()
            os._exit(0)

        signal.signal(signal.SIGTERM, stop)
        tell.send(engine.lease.worker)
        while True:
            signal.pause()


def _guards_of(data_dir: str, pid: int) -> Path:
    return Path(data_dir) / f"guards-{pid}"


def _note_guards(path: Path, sleeps: bool) -> None:
    """Note when the guard let a container be published: the moment before its request is written."""
    real, notes = ThreadsClient.publish, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def publish(client: ThreadsClient, container_id: str, *, guard: Guard | None = None) -> Any:
        def noted() -> bool:
            said = guard is None or guard()
            if said:
                first = os.fstat(notes).st_size == 0
                os.write(notes, f"{container_id} {time.time()}\n".encode())
                if sleeps and first:
                    os.kill(os.getpid(), signal.SIGSTOP)
                    time.sleep(0.2)  # the signal may reach another thread first, and this one would write meanwhile
            return said

        return await real(client, container_id, guard=noted)

    vars_of: Any = ThreadsClient
    vars_of.publish = publish


class Worker:
    """One worker process. One with a ``trap`` may die before it has started; its ``id`` is then empty."""

    def __init__(self, settings: Settings, trap: Trap | None = None, *, sleeps: bool = False) -> None:
        values = {**settings.model_dump(mode="json"), "log_level": "error"}
        for name in ("threads_app_secret", "secret_keys"):
            values[name] = getattr(settings, name).get_secret_value()
        self._data_dir = str(settings.data_dir)
        heard, tell = _context.Pipe(duplex=False)
        self.process = _context.Process(target=work, args=(values, tell, trap, sleeps), daemon=True)
        self.process.start()
        tell.close()
        if not heard.poll(60):
            raise AssertionError("a worker did not start")
        try:
            self.id = str(heard.recv())
        except EOFError:
            if trap is None:
                raise AssertionError("a worker died while it started") from None
            self.id = ""

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    @property
    def asleep(self) -> bool:
        """Whether it was stopped and has not been woken."""
        return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def let_publish(self) -> dict[str, float]:
        """When (epoch seconds) its guard last let each container be published."""
        path = _guards_of(self._data_dir, self.pid)
        lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return {container: float(at) for container, at in lines}

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.process.join(10)

    def trapped(self, within_s: float = 20.0) -> bool:
        """Waits for it to step into its trap; false when it did not."""
        self.process.join(within_s)
        return self.process.exitcode == -signal.SIGKILL

    def stop(self) -> int | None:
        """Stop it as a service manager would; returns its exit code."""
        self.signal(signal.SIGTERM)
        self.process.join(30)
        return self.process.exitcode


def kill_first(started: Sequence[Worker]) -> Callable[[], None]:
    """A deed that kills the first of these workers, for another thread than the one that starts it.

    It may be planned before there is one: a worker can be at work before it has told this process that it is there.
    """

    def kill() -> None:
        latest = time.monotonic() + 120
        while not started and time.monotonic() < latest:
            time.sleep(0.001)
        started[0].signal(signal.SIGKILL)

    return kill


@contextmanager
def workers() -> Iterator[list[Worker]]:
    """A list to put workers into; those that are left are killed at the end."""
    started: list[Worker] = []
    try:
        yield started
    finally:
        for worker in started:
            worker.kill()
        sys.stdout.flush()
