"""Processes kept ready: used once, bounded, caged before they read, gone with their parent and when nothing comes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.treadle.media.conftest import Recipes
from treadle.media import ready
from treadle.media.jobs import Job, JobDone, MediaRunner
from treadle.media.ready import ReadyWorkers, Worker
from treadle.media.service import MediaService, Prepared
from treadle_threads.media.worker.cage import CageState


class Started(list[Worker]):
    """Every process that was started, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def add(self, worker: Worker) -> None:
        self.append(worker)
        self._more.set()

    async def until(self, count: int) -> None:
        while len(self) < count:
            self._more.clear()
            await self._more.wait()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    made = Started()
    real = ready.start

    async def start() -> Worker:
        worker = await real()
        made.add(worker)
        return worker

    monkeypatch.setattr(ready, "start", start)
    return made


async def test_a_process_does_one_job_in_its_cage_and_the_next_waits_already(
    started: Started, film: Recipes, tmp_path: Path
) -> None:
    runner, source = MediaRunner(1), film("last.mp4", writer={})
    runner.keep_ready(1)
    used = []
    for number in range(3):
        work = tmp_path / f"work-{number}"
        work.mkdir()
        result = await runner.run(Job(source, work))
        assert isinstance(result, JobDone), result
        assert CageState(**result.cage).limits
        assert result.path is not None
        used.append(started[number].process)
        await asyncio.sleep(0)
    assert len({process.pid for process in used}) == 3
    assert [process.returncode for process in used] == [0, 0, 0]
    await started.until(4)  # the one for a fourth file is on its way
    await runner.close()
    assert started[3].process.returncode == -signal.SIGKILL
    assert len(started) == 4


async def test_no_more_wait_than_are_wanted(started: Started) -> None:
    waiting = ReadyWorkers(2)
    for _ in range(5):
        waiting.expect()
    first = await waiting.take()
    second = await waiting.take()
    assert len(started) == 2
    await asyncio.gather(first.end(), second.end())
    await waiting.close()
    assert len(started) == 2


async def test_none_waits_where_none_is_wanted(started: Started) -> None:
    waiting = ReadyWorkers(0)
    waiting.expect()
    await asyncio.sleep(0)
    assert started == []
    await waiting.close()


async def test_none_is_left_when_nothing_came_for_a_while(started: Started) -> None:
    waiting = ReadyWorkers(2, idle_s=0.05)
    waiting.expect()
    await started.until(2)
    for worker in started:
        assert await worker.process.wait() == -signal.SIGKILL
    taken = await waiting.take()  # and work goes on
    assert taken is started[2]
    await taken.end()
    await waiting.close()


async def test_one_that_died_while_it_waited_is_not_used(started: Started, film: Recipes, tmp_path: Path) -> None:
    runner = MediaRunner(1)
    runner.keep_ready(1)
    runner.expect()
    await started.until(1)
    started[0].process.kill()
    await started[0].process.wait()
    result = await runner.run(Job(film("last.mp4", writer={}), tmp_path))
    assert isinstance(result, JobDone), result
    await runner.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the closed socket alone ends it")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_waits_ends_with_its_parent(how: signal.Signals) -> None:
    program = """
import asyncio
from treadle.media.ready import start
async def main():
    worker = await start()
    print(worker.process.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    watched = os.pidfd_open(child)
    parent.send_signal(how)
    parent.wait()
    assert select.select([watched], [], [], 60)[0] == [watched]  # readable: it has ended
    os.close(watched)


def test_a_worker_whose_parent_wants_nothing_ends_well() -> None:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-I", "-m", "treadle_threads.media.worker"], stdin=theirs.fileno())
    theirs.close()
    ours.close()
    assert process.wait() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by /proc")
async def test_one_that_waits_holds_no_file_of_ours_and_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TREADLE_SECRET_KEYS", "a key that nobody may read")
    with (tmp_path / "ours").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        worker = await ready.start()
        there = Path(f"/proc/{worker.process.pid}")
        given = (there / "environ").read_bytes().split(b"\0")
        assert {entry.partition(b"=")[0] for entry in given} - {b""} == {b"PATH", b"LANG", b"HOME"}
        held_there = []
        for entry in (there / "fd").iterdir():
            with contextlib.suppress(
                FileNotFoundError
            ):  # a module it was reading as it starts; what is handed on stays
                held_there.append(os.readlink(entry))
        assert held_there
        assert not [name for name in held_there if str(tmp_path) in name]
        await worker.end()


async def test_an_upload_has_a_process_started_while_it_arrives(
    started: Started, service: MediaService, good: Path
) -> None:
    content = await asyncio.to_thread(good.read_bytes)

    async def pieces() -> AsyncIterator[bytes]:
        yield content[:1000]
        await started.until(1)
        yield content[1000:]

    kept = await service.keep_ready().store(pieces(), "a.mp4")
    made = await service.prepare(service.local_path(kept))  # type: ignore[arg-type]
    assert isinstance(made, Prepared)
    assert started[0].process.returncode == 0
