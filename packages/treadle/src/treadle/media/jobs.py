"""Running files through the caged child: one process a job, limits, progress, cancellation; outcomes as values."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from treadle import private
from treadle.media.ready import ReadyWorkers
from treadle_diagnosis.redact import redact_text
from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding
from treadle_threads.media.plan import RepairPlan, TooLong
from treadle_threads.media.worker.cage import Limits
from treadle_threads.media.worker.output import NAME

log = logging.getLogger("treadle.media")
EVENTS = ("ready", "planned", "progress", "done", "failed", "end")
KEPT_BYTES = 32_768
"""Of what a worker writes to standard error, so much of the beginning and as much of the end is kept."""
LIGHT_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is. ``step`` is ``"fetch"``, ``"inspect"``, ``"repair"`` or ``"store"``; ``fraction`` 0 to 1.

    ``speed`` is seconds of media a second when repairing and bytes a second when fetching; ``left_s`` the time left,
    ``None`` while unknown.
    """

    step: str
    fraction: float
    speed: float | None = None
    left_s: float | None = None


FILES_FAULTS = frozenset({"media", "cpu", "timeout", "large", "image_pixels", "duration", "repair_not_compliant"})
ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class JobDone:
    """The child came to an end with the file. ``path`` is the repaired file in the job's directory, if one was made."""

    probe: MediaProbe
    findings: list[Finding]
    plan: RepairPlan
    path: Path | None
    cage: dict[str, Any] = field(default_factory=dict)
    late: tuple[str, ...] = ()
    """Modules looked for after the cage closed. There should be none."""


@dataclass(frozen=True, slots=True)
class JobFailed:
    """The child did not.

    ``code`` says which way. The file is to blame for ``media`` (its reader says so), ``cpu``, ``timeout`` and ``large``
    (it needs more than one file may have), ``image_pixels`` and ``duration``; Treadle for everything else: ``start``,
    ``crash``, ``killed``, ``nonsense``, ``memory``, ``disk``, ``codec``, ``fault``. ``detail`` is one line, for the
    finding; ``said`` what the child wrote to standard error, for the log.
    """

    code: str
    detail: str
    stderr: str = ""

    @property
    def ours(self) -> bool:
        return self.code not in FILES_FAULTS


@dataclass(frozen=True, slots=True)
class Job:
    """One file to look at whole, and to repair unless ``inspect_only``.

    ``at_least`` is a repair's word that the plan must not fall below. ``play``: unless it is refused anyway, a film is
    decoded at its beginning, its end and between, a picture whole. ``strip`` takes notes out (where and with what it
    was taken). ``heavy`` jobs encode pictures and queue among themselves, so that moving an index need not wait for an
    encode.
    """

    path: Path
    work_dir: Path
    on_too_long: TooLong = "refuse"
    conservative: bool = False
    inspect_only: bool = False
    inspect: bool = False
    play: bool = False
    at_least: str = "none"
    strip: bool = False
    limits: Limits = field(default_factory=Limits)
    cage: bool = True
    require_cage: bool = False
    heavy: bool = True


class MediaRunner:
    """Runs jobs, at most ``workers`` heavy ones and two light ones at the same time. One per service.

    :meth:`keep_ready` has processes wait between jobs that follow each other (:mod:`treadle.media.ready`).
    """

    def __init__(self, workers: int | None = None) -> None:
        self._places = asyncio.Semaphore(workers or max(1, (os.cpu_count() or 2) // 2))
        self._ready = ReadyWorkers(0)
        self._light = asyncio.Semaphore(LIGHT_WORKERS)
        self._running: set[asyncio.subprocess.Process] = set()

    def keep_ready(self, kept: int) -> None:
        """Have at most ``kept`` processes wait, until :meth:`close`."""
        self._ready.kept = kept

    def expect(self) -> None:
        """A file is on its way here: have a process ready for it."""
        self._ready.expect()

    async def run(self, job: Job, progress: ProgressCallback | None = None) -> JobDone | JobFailed:
        """Run one job to its end. Canceling kills the child; files in ``work_dir`` are the caller's."""
        async with self._places if job.heavy else self._light:
            result = await self._run(job, progress)
        self.expect()  # files come in groups
        if isinstance(result, JobFailed) and result.ours:
            log.error(
                "The media worker failed (%s: %s). It wrote: %s", result.code, result.detail, result.stderr or "-"
            )
        elif isinstance(result, JobDone) and result.late:
            log.warning("The media worker looked for modules behind its cage: %s", ", ".join(result.late))
        return result

    async def close(self) -> None:
        """Kill what still runs."""
        for process in list(self._running):
            _kill(process)
            await process.wait()
        self.keep_ready(0)
        await self._ready.close()

    async def _run(self, job: Job, progress: ProgressCallback | None) -> JobDone | JobFailed:
        try:
            handle = os.open(job.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            return JobFailed("start", f"the file cannot be opened: {error.strerror}")
        try:
            worker = await self._ready.take()
            worker.send(_request(job), handle)
        except OSError as error:
            return JobFailed("start", f"the worker cannot be started: {error.strerror or error}")
        finally:
            os.close(handle)
        self._running.add(worker.process)
        try:
            return await self._follow(worker.process, job, progress)
        finally:
            await worker.end()
            self._running.discard(worker.process)

    async def _follow(
        self,
        process: asyncio.subprocess.Process,
        job: Job,
        progress: ProgressCallback | None,
    ) -> JobDone | JobFailed:
        assert process.stdout is not None
        assert process.stderr is not None
        events: dict[str, dict[str, Any]] = {}
        ended: JobDone | JobFailed
        errors = asyncio.create_task(_both_ends(process.stderr))
        try:
            async with asyncio.timeout(job.limits.wall_s):
                while line := await process.stdout.readline():
                    event = json.loads(line)
                    if event["event"] in EVENTS:
                        events[event["event"]] = event
                    if event["event"] == "progress" and progress is not None:
                        progress(Progress("repair", event["fraction"], event["speed"], event["left_s"]))
                code = await process.wait()
        except TimeoutError:
            ended = JobFailed("timeout", f"it took longer than {job.limits.wall_s:.0f} s")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            ended = JobFailed("nonsense", f"the worker's report cannot be read: {type(error).__name__}: {error}"[:300])
        else:
            ended = _ended(events, code, job)
        finally:
            if process.returncode is None:
                _kill(process)
            stderr = redact_text((await errors).decode("utf-8", "replace"))
        if isinstance(ended, JobDone):
            return ended
        return replace(ended, detail=_with_last_line(ended, stderr), stderr=stderr)


def _request(job: Job) -> bytes:
    fields = {
        "work_dir": str(job.work_dir),
        "limits": job.limits.to_json(),
        "on_too_long": job.on_too_long,
        "conservative": job.conservative,
        "inspect_only": job.inspect_only,
        "inspect": job.inspect,
        "play": job.play,
        "at_least": job.at_least,
        "strip": job.strip,
        "cage": job.cage,
        "require_cage": job.require_cage,
        "parent": os.getpid(),
    }
    return json.dumps(fields).encode() + b"\n"


def _ended(events: dict[str, dict[str, Any]], code: int, job: Job) -> JobDone | JobFailed:
    """What a child that ended has reported, or how it died without a whole report."""
    try:
        if "failed" in events:
            return JobFailed(str(events["failed"]["code"]), str(events["failed"]["detail"]))
        if "done" in events and "planned" in events and code == 0:
            return _done(events, job)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return JobFailed("nonsense", f"the worker's report cannot be read: {type(error).__name__}: {error}"[:300])
    return _death(code)


def _done(events: dict[str, dict[str, Any]], job: Job) -> JobDone:
    """The child says whether it made a file, never where: another path could be anybody's."""
    planned, done = events["planned"], events["done"]
    return JobDone(
        probe=MediaProbe.from_json(planned["probe"]),
        findings=[Finding.from_json(item) for item in planned["findings"]],
        plan=RepairPlan.from_json(done["plan"]),
        path=job.work_dir / NAME if done["path"] else None,
        cage=events.get("ready", {}).get("cage", {}),
        late=tuple(events.get("end", {}).get("late", ())),
    )


def _death(code: int) -> JobFailed:
    """Name how a child died without saying why: by a limit, by a signal, or by a mistake of ours."""
    if code == -signal.SIGXCPU:
        return JobFailed("cpu", "it used up its processor time")
    if code == -signal.SIGKILL:
        return JobFailed("killed", "the worker was killed from outside, as happens when memory runs out")
    if code < 0:
        return JobFailed("crash", f"the worker crashed ({_signal_name(-code)})")
    return JobFailed("crash", f"the worker ended with code {code} and without a report")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _with_last_line(failed: JobFailed, stderr: str) -> str:
    """The detail with the last line that the worker wrote, unless it is in it."""
    last = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "")[:300]
    return failed.detail if not failed.ours or not last or last in failed.detail else f"{failed.detail}: {last}"


async def _both_ends(stream: asyncio.StreamReader) -> bytes:
    """What comes, read to its end so that the writer never waits; of a great deal only the beginning and the end."""
    begin, end = bytearray(), bytearray()
    while piece := await stream.read(KEPT_BYTES):
        room = KEPT_BYTES - len(begin)
        begin += piece[:room]
        end += piece[room:]
        cut = len(end) - KEPT_BYTES
        if cut > 0:
            del end[:cut]
    return bytes(begin + end)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def limits_for(probe: MediaProbe | None, *, size: int | None, memory_mb: int = 2048, threads: int = 2) -> Limits:
    """Limits that fit the file: a minute of 4K costs some minutes of processor, a picture a few seconds.

    A full encode runs at about a third of real time on one slow core at 1080p, a tenth at 4K; four times that is given.
    """
    seconds = min((probe.duration_s if probe is not None else None) or 300.0, 300.0)
    pixels = probe.video.width * probe.video.height if probe is not None and probe.video is not None else 0
    scale = max(1.0, pixels / (1920 * 1080))
    picture = probe is not None and probe.kind == "image"
    wall = 60.0 if picture else 120.0 + 40.0 * seconds * scale
    megabytes = (size or 0) >> 20
    return Limits(
        memory_mb, int(wall * threads), wall, max(64, 1200 if not picture else 64, megabytes + 64), 64, threads
    )


def work_directory(parent: Path) -> tempfile.TemporaryDirectory[str]:
    """A directory of its own for one job, removed with everything in it."""
    private.make_directory(parent)
    return tempfile.TemporaryDirectory(prefix="job-", dir=parent, ignore_cleanup_errors=True)
