"""The child's main program: one job from standard input, events as JSON lines on standard output.

It loads everything first, so that it can be started before there is a job: it then waits for one, and ends with the
process that started it. Standard input is a Unix socket. The job is one line, and with it comes the descriptor of the
file; the line names a directory for the one file it may write. Nothing else can be reached once the cage is closed,
which is before a byte of the file is read. Every failure is an event that says whose fault it is, so that the parent
never has to guess. The process ends with its job.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import traceback
from dataclasses import replace
from typing import IO, Any, TypedDict

from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import RepairKind
from treadle_threads.media.mp4patch import NotPatchable, patch
from treadle_threads.media.origin import CODES
from treadle_threads.media.plan import RepairPlan, plan
from treadle_threads.media.probe import read_media, with_cost
from treadle_threads.media.rules import validate
from treadle_threads.media.source import OpenFile, drive
from treadle_threads.media.spec import THREADS
from treadle_threads.media.worker import warm
from treadle_threads.media.worker.blame import Unreadable, blame
from treadle_threads.media.worker.cage import CageState, Limits, close_cage, die_with_parent
from treadle_threads.media.worker.output import NAME, Output

CLOSED_GOP_SAMPLES = 64
_REQUEST_BYTES = 1 << 16


class _Rules(TypedDict, total=False):
    strip: bool
    readable: frozenset[str]


class _Events:
    """Writes events; progress carries speed (media seconds a second) and the seconds left."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        self._started = time.monotonic()

    def send(self, event: str, **fields: Any) -> None:
        self._out.write(json.dumps({"event": event, **fields}) + "\n")
        self._out.flush()

    def progress(self, fraction: float, media_s: float) -> None:
        spent = max(1e-6, time.monotonic() - self._started)
        left = spent * (1 - fraction) / fraction if fraction > 0.01 else None
        self.send(
            "progress", fraction=round(fraction, 4), speed=round(media_s / spent, 2), left_s=left and round(left, 1)
        )


def main() -> int:
    die_with_parent()
    warm.load()
    given = _job()
    if given is None:
        return 0
    job, source = given
    events = _Events()
    limits = Limits(**job["limits"])
    target = None if job.get("inspect_only") else Output.create(os.path.join(job["work_dir"], NAME))
    state = close_cage(limits) if job.get("cage", True) else CageState(0, False, False)
    if os.getppid() != job.get("parent", os.getppid()):  # it died before this process was tied to it
        return 1
    late = warm.LateImports()
    sys.meta_path.insert(0, late)
    events.send("ready", cage=state.to_json())
    if job.get("require_cage") and state.missing:
        events.send("failed", code="cage_missing", detail=" and ".join(state.missing))
        return 1
    try:
        _work(job, source, target, limits, events)
    except Exception as error:
        code = blame(error)
        if code not in ("media", "memory"):  # not for a full memory: formatting a traceback needs some
            traceback.print_exc()
        events.send("failed", code=code, detail=f"{type(error).__name__}: {error}"[:2000], late=late.names)
        return 1
    events.send("end", late=late.names)
    return 0


def _job() -> tuple[dict[str, Any], IO[bytes]] | None:
    """Wait for the job and the file that comes with it. ``None``: whoever started this process needs it no more."""
    with socket.socket(fileno=os.dup(0)) as line:
        request, files, _, _ = socket.recv_fds(line, _REQUEST_BYTES, 1)
        while request and not request.endswith(b"\n"):
            more = line.recv(_REQUEST_BYTES)
            request = request + more if more else b""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if not request:
        return None
    if not files:
        raise ValueError("no file came with the job")
    return json.loads(request), os.fdopen(files[0], "rb")


def _work(job: dict[str, Any], source: IO[bytes], target: Output | None, limits: Limits, events: _Events) -> None:
    descriptor = OpenFile(source)
    probe = drive(read_media(descriptor.size, closed_gop_samples=CLOSED_GOP_SAMPLES, whole=True), descriptor)
    probe = with_cost(probe, descriptor.bytes_read, descriptor.reads)
    options = {"on_too_long": job.get("on_too_long", "refuse"), "conservative": bool(job.get("conservative"))}
    known: _Rules = {"strip": bool(job.get("strip"))}
    if probe.kind == "image":
        from treadle_threads.media.worker.images import readable

        known["readable"] = readable()
    findings = validate(probe, **known)
    wanted = plan(probe, findings, **options)
    if (wanted.inspect or job.get("inspect")) and probe.kind != "image" and probe.problem is None:
        from treadle_threads.media.worker.inspect import inspect_file

        source.seek(0)
        probe = inspect_file(source, probe)
        findings = validate(probe, **known)
        wanted = plan(probe, findings, **options)
    wanted = _at_least(wanted, probe, RepairKind[str(job.get("at_least", "none")).upper()])
    events.send("planned", probe=probe.to_json(), findings=[item.to_wire() for item in findings], plan=wanted.to_json())
    if job.get("play") and wanted.kind is not RepairKind.REJECT:
        _must_play(source, probe, limits)
    if target is None or wanted.kind in (RepairKind.NONE, RepairKind.COPY, RepairKind.REJECT):
        events.send("done", path=None, plan=wanted.to_json())
        return
    done = _execute(wanted, probe, source, target, limits, events, strip=known["strip"])
    events.send("done", path=NAME, plan=done.to_json())


def _must_play(source: IO[bytes], probe: MediaProbe, limits: Limits) -> None:
    """Whether the contents can be decoded of a file that is in order, or can be put in order, by its headers."""
    if probe.kind == "image":
        from treadle_threads.media.worker.images import must_have_reader, must_show

        must_have_reader(probe.container)
        source.seek(0)
        must_show(source)
    else:
        from treadle_threads.media.worker import playing

        playing.must_play_film(source, sound=probe.audio is not None, threads=limits.threads)


def _at_least(wanted: RepairPlan, probe: MediaProbe, least: RepairKind) -> RepairPlan:
    """A dearer repair than planned, when a cheaper one was tried and did not do."""
    if wanted.image or wanted.kind in (RepairKind.NONE, RepairKind.COPY, RepairKind.REJECT) or wanted.kind >= least:
        return wanted
    if least is RepairKind.FULL:
        return replace(wanted, kind=least, video="encode", audio="encode" if probe.audio else "drop")
    return replace(wanted, kind=least)


def _execute(
    wanted: RepairPlan,
    probe: MediaProbe,
    source: IO[bytes],
    target: Output,
    limits: Limits,
    events: _Events,
    *,
    strip: bool,
) -> RepairPlan:
    """Carry the plan out; a cheaper way that turns out not to work is replaced by the next dearer one."""
    source.seek(0)
    if wanted.animate or wanted.image:
        from treadle_threads.media.worker.images import must_have_reader

        must_have_reader(probe.container)
    if wanted.animate:
        from treadle_threads.media.worker.animation import animate

        longest = THREADS.video.duration_max_s.value
        animate(source, target, limit_s=longest, max_width=wanted.max_width, threads=limits.threads,
                on_progress=lambda played: events.progress(0.0, played))  # fmt: skip
        return wanted
    if wanted.image:
        from treadle_threads.media.worker.images import convert, take_notes_out

        if CODES.issuperset(wanted.reasons) and take_notes_out(source, target):
            return wanted
        target.clear()
        source.seek(0)
        convert(source, target, THREADS.image)
        return wanted
    from treadle_threads.media.worker.playing import LONG_S, must_play, must_play_film

    sound = wanted.audio != "drop"
    plays = False
    if wanted.kind is RepairKind.PATCH:
        try:
            with os.fdopen(os.dup(target.fileno()), "wb") as out:
                seconds = probe.duration_s or 0.0
                patch(source, out, strip=strip,  # type: ignore[arg-type]
                      on_progress=lambda done: events.progress(done, done * seconds))  # fmt: skip
            must_play(target, wanted)
            return wanted
        except NotPatchable:
            pass
        except Unreadable:  # as it was given, it may be no better
            must_play_film(source, sound=sound, threads=limits.threads)
            plays = True
        wanted = replace(wanted, kind=RepairKind.REMUX)
    from av.error import ArgumentError

    from treadle_threads.media.worker.lanes import CopyFailed, UnevenSound
    from treadle_threads.media.worker.transcode import transcode

    def report_progress(report: Any) -> None:
        events.progress(report.fraction, report.media_s)

    looked_into = probe.duration_s is None or probe.duration_s > LONG_S
    while True:
        # an encoder passes over what cannot be decoded, and a copy's index may hide a hole that the source's shows
        if not plays and (looked_into or "encode" in (wanted.video, wanted.audio)):
            must_play_film(source, sound=sound, threads=limits.threads)
            plays = True
        try:
            source.seek(0)
            transcode(source, target, wanted, threads=limits.threads, on_progress=report_progress)
            must_play(target, wanted)
            return wanted
        except UnevenSound:
            kind = RepairKind.FULL if wanted.video == "encode" else RepairKind.AUDIO
            wanted = replace(wanted, kind=kind, audio="encode")
        # the writer takes no packets of this kind, or not at these times, or nobody can decode what it wrote
        except (CopyFailed, ArgumentError, Unreadable):
            if "copy" not in (wanted.video, wanted.audio):
                raise
            wanted = replace(wanted, kind=RepairKind.FULL, video="encode", audio="encode" if probe.audio else "drop")


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # taking the libraries down in order takes as long as a short file
