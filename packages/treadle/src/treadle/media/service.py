"""The entrance to media: look at a medium, make it fit, keep it, hand out its address.

Nothing here needs a database; what is learned is returned as values that turn into JSON.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncIterable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from treadle import private
from treadle.disk import is_full
from treadle.media import readers
from treadle.media.download import download
from treadle.media.hosting import (
    MAX_BYTES,
    BucketStore,
    DiskStore,
    NotStored,
    Store,
    StoredMedia,
    clean_name,
    clean_up,
    keep,
    lack_of_room,
    measure,
    receive,
)
from treadle.media.hosts import HostMemory
from treadle.media.jobs import (
    Job,
    JobDone,
    JobFailed,
    MediaRunner,
    Progress,
    ProgressCallback,
    limits_for,
    work_directory,
)
from treadle.media.outcomes import (
    failed,
    failed_lately,
    is_address,
    missing,
    not_compliant,
    of_this_machine,
    shown,
)
from treadle.media.reach import unreachable_reason
from treadle.media.report import MediaReport, NotPreparable, Prepared, worst_first
from treadle.settings import Settings
from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.fetch import LOOK_TIMEOUT, look
from treadle_threads.media.finding import Finding, RepairKind
from treadle_threads.media.guard import Trust
from treadle_threads.media.origin import CODES
from treadle_threads.media.patterns import only_reported
from treadle_threads.media.plan import RepairPlan, TooLong, plan
from treadle_threads.media.probe import probe_file
from treadle_threads.media.remote import META_AGENT
from treadle_threads.media.robots import RobotsCache
from treadle_threads.media.rules import validate
from treadle_threads.net.session import guarded_session

log = logging.getLogger("treadle.media")
_HEAVY = (RepairKind.VIDEO, RepairKind.FULL)
MAX_PLAYED = 2000
"""So many files are remembered to have been decoded, so that none is at every look at its post."""
Due = datetime | float | None

__all__ = [
    "MediaReport",
    "MediaService",
    "NotPreparable",
    "NotStored",
    "Prepared",
    "Progress",
    "StoredMedia",
]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the caller allows: to cut what is too long, to encode what is merely disputed, to keep a copy anyway."""

    on_too_long: TooLong = "refuse"
    conservative: bool = False
    copy: bool = False
    keep_notes: bool = False


class MediaService:
    """One per event loop. Close it when done.

    A source is an address (``http...``), the path of a local file, or the id of a kept one (``med_...``).
    """

    def __init__(self, settings: Settings, *, workers: int | None = None, cage: bool = True) -> None:
        self._settings = settings
        self._root = Path(settings.data_dir) / "media"
        self._work = self._root / "work"
        self._cage = cage
        self._runner = MediaRunner(workers)
        self._robots = RobotsCache()
        self._played: dict[object, None] = {}
        self._session: aiohttp.ClientSession | None = None
        self.hosts = HostMemory()
        self.store_room: Store = (
            BucketStore(settings.media_store_url)
            if settings.media_store_url
            else DiskStore(self._root, settings.public_url)
        )

    def keep_ready(self) -> MediaService:
        """Keep processes waiting between files, until :meth:`close`; for who lives on and has files come again."""
        self._runner.keep_ready(self._settings.media_ready_workers)
        return self

    # ------------------------------------------------------------------ looking

    async def check(
        self,
        url_or_path: str | Path,
        *,
        due_at: Due = None,
        on_too_long: str = "refuse",
        workspace: str = "",
        conservative: bool = False,
    ) -> MediaReport:
        """Facts, findings and plan, changing nothing. An address costs two requests and its robots.txt.

        ``due_at`` is when the post is to go out (aware datetime or epoch seconds). Never raises for what the medium is
        like.
        """
        wish = _Wish(_too_long(on_too_long), conservative, keep_notes=self._settings.media_keep_metadata)
        return await self._check(str(url_or_path), due_at, workspace, wish, whole=True)

    async def _check(self, source: str, due_at: Due, workspace: str, wish: _Wish, *, whole: bool) -> MediaReport:
        """``whole``: read a file to its end where only that tells; otherwise its repair does."""
        if is_address(source):
            return await self._check_address(source, due_at, workspace, wish)
        try:
            with work_directory(self._work) as work:
                path = await self._local(source, Path(work))
                if path is None:
                    return _report(shown(source), None, [missing(source)], wish)
                return await self._check_file(path, source, wish, whole=whole)
        except OSError as error:
            log.error("Looking at a file failed: %s", error)
            return _report(shown(source), None, [of_this_machine(error, self._root)], wish)

    async def _check_address(self, address: str, due_at: Due, workspace: str, wish: _Wish) -> MediaReport:
        host = _host(address)
        known = self.hosts.recent(workspace, host)
        seen = await look(self._http(), address, robots=self._robots, due_at=_moment(due_at))
        found = [*seen.findings]
        faults = [item.code for item in found if item.severity == "error"]
        if seen.probe is not None:
            self.hosts.answered(workspace, host)
            found += validate(seen.probe, readable=readers.here())
        for code in faults:
            self.hosts.failed(workspace, host, code)
        if known is not None and faults:
            found.append(failed_lately(host, known))
        if unreachable_reason(self._settings) is not None:  # a copy would be no better than what it replaces
            found = [only_reported(item) if item.fix == "copy" else item for item in found]
        return _report(shown(address), seen.probe, found, wish, seen.facts)

    async def _check_file(self, path: Path, source: str, wish: _Wish, *, whole: bool) -> MediaReport:
        probe = await asyncio.to_thread(probe_file, path)
        report = _report(shown(source), probe, _validated(probe, strip=not wish.keep_notes), wish)
        if not report.ok:
            return report
        inspect = report.plan.inspect and not (probe.complete and report.plan.kind > RepairKind.PATCH)
        name = source if source.startswith("med_") else await asyncio.to_thread(_mark, path)
        play = name not in self._played and (whole or report.plan.kind is RepairKind.NONE)
        if not (play or (inspect and (whole or report.plan.kind is RepairKind.NONE))):
            return report
        limits = limits_for(probe, size=probe.size)
        job = Job(path, self._work, wish.on_too_long, wish.conservative, inspect_only=True, inspect=inspect,
                  play=play, limits=limits, cage=self._cage, heavy=False, strip=not wish.keep_notes,
                  require_cage=self._settings.media_cage == "require")  # fmt: skip
        result = await self._runner.run(job)
        if isinstance(result, JobFailed):
            return _report(shown(source), probe, [failed(result, probe, self._work)], wish)
        if play:
            self._note_played(name)
        return _report(shown(source), result.probe, result.findings, wish)

    def _note_played(self, name: object) -> None:
        while len(self._played) >= MAX_PLAYED:
            self._played.pop(next(iter(self._played)))
        self._played[name] = None

    # ------------------------------------------------------------------ making it fit

    async def prepare(
        self,
        url_or_path: str | Path,
        *,
        on_too_long: str = "refuse",
        progress: ProgressCallback | None = None,
        due_at: Due = None,
        workspace: str = "",
        conservative: bool = False,
        copy: bool = False,
    ) -> Prepared | NotPreparable:
        """Make a medium fit for Threads by the least that will do, and keep the result.

        ``on_too_long="trim"`` allows cutting a video at 300 seconds. ``conservative`` encodes what is merely disputed
        (HEVC, HDR) to H.264: for a second try after Threads refused the file. ``copy`` keeps a copy even if nothing
        is wrong with the address. The result is probed again by the same rules before it is handed out. Canceling the
        task ends the repair and leaves nothing behind.
        """
        source = str(url_or_path)
        keep_notes = self._settings.media_keep_metadata
        wish = _Wish(_too_long(on_too_long), conservative, copy and is_address(source), keep_notes)
        try:
            return await self._prepare(source, wish, progress, due_at, workspace)
        except OSError as error:
            log.error("Preparing a file failed: %s", error)
            problem = of_this_machine(error, self._root)
            return NotPreparable([problem], _report(shown(source), None, [problem], wish))

    async def _prepare(
        self, source: str, wish: _Wish, progress: ProgressCallback | None, due_at: Due, workspace: str
    ) -> Prepared | NotPreparable:
        report = await self._check(source, due_at, workspace, wish, whole=False)
        if not report.ok:
            return NotPreparable(worst_first(report.findings), report)
        if report.plan.kind is RepairKind.NONE and not report.plan.inspect and not wish.copy:
            return self._as_it_is(source, report)
        with work_directory(self._work) as name:
            work = Path(name)
            path = await self._bring(source, work, report, progress)
            if isinstance(path, Finding):
                return NotPreparable([path, *report.findings], report)
            if lack := await asyncio.to_thread(lack_of_room, work, path.stat().st_size):
                return NotPreparable([lack, *report.findings], report)
            return await self._make_fit(path, source, work, report, wish, progress)

    def _as_it_is(self, source: str, report: MediaReport) -> Prepared:
        url = source if is_address(source) else None
        if source.startswith("med_") and (stored := self.store_room.find(source)) is not None:
            url = stored.url
        return Prepared(report, False, url, None, "Nothing needed to be changed.", report.probe)

    async def _make_fit(
        self, path: Path, source: str, work: Path, report: MediaReport, wish: _Wish, progress: ProgressCallback | None
    ) -> Prepared | NotPreparable:
        """Repair, probe again, and take the next dearer way should the cheaper one not have done."""
        assert report.probe is not None
        if report.plan.kind is RepairKind.COPY or (wish.copy and report.plan.kind is RepairKind.NONE):
            here = await asyncio.to_thread(probe_file, path)
            if wish.keep_notes or not CODES & {item.code for item in _validated(here, strip=True)}:
                return await self._kept(path, report, report.plan, report.probe, source)
        passed_on = is_address(source) and report.plan.kind is RepairKind.NONE and not wish.copy
        strip = not wish.keep_notes and not passed_on
        attempt = report.plan.kind.word if wish.conservative and report.plan.kind < RepairKind.REJECT else "none"
        while True:
            result = await self._run(path, source, work, report, wish, attempt, progress, strip)
            if isinstance(result, JobFailed):
                problem = failed(result, report.probe, self._work)
                return NotPreparable([problem, *report.findings], report)
            seen = MediaReport(
                report.source, result.probe, worst_first(_merged(report, result)), result.plan, report.fetch
            )
            if result.plan.kind is RepairKind.REJECT:
                return NotPreparable(worst_first(seen.findings), seen)
            if result.path is None:
                if result.plan.kind is RepairKind.COPY or wish.copy:
                    return await self._kept(path, seen, result.plan, result.probe, source)
                return self._as_it_is(source, seen)
            made = await asyncio.to_thread(probe_file, result.path)
            wrong = [item for item in _validated(made, strip=strip) if item.severity != "remark"]
            if not wrong:
                return await self._kept(result.path, seen, result.plan, made, source)
            await asyncio.to_thread(result.path.unlink, missing_ok=True)
            if result.plan.image or result.plan.kind >= RepairKind.FULL:
                break
            attempt = "remux" if result.plan.kind < RepairKind.REMUX else "full"
        return NotPreparable([not_compliant(wrong), *seen.findings], seen)

    async def _run(
        self,
        path: Path,
        source: str,
        work: Path,
        report: MediaReport,
        wish: _Wish,
        at_least: str,
        progress: ProgressCallback | None,
        strip: bool,
    ) -> JobDone | JobFailed:
        probe = report.probe
        if is_address(source):  # the head told what it will be; now the file is here, and may be something else
            probe = await asyncio.to_thread(probe_file, path)
        job = Job(
            path, work, wish.on_too_long, wish.conservative, at_least=at_least, strip=strip,
            limits=limits_for(probe, size=probe.size if probe is not None else None), cage=self._cage,
            heavy=_may_be_heavy(report, at_least), require_cage=self._settings.media_cage == "require",
        )  # fmt: skip
        return await self._runner.run(job, progress)

    async def _kept(
        self, path: Path, report: MediaReport, done: RepairPlan, made: MediaProbe, source: str
    ) -> Prepared | NotPreparable:
        size, digest = await asyncio.to_thread(measure, path)
        kept_as = await asyncio.to_thread(self.store_room.find, source) if source.startswith("med_") else None
        name = clean_name(URL(source).path if is_address(source) else kept_as.filename if kept_as else source)
        copy = path
        if path == Path(source) or path.parent.name.startswith("med_"):  # the caller's own file stays where it is
            copy = self._work / f"copy-{digest[:16]}-{time.monotonic_ns()}"
            await asyncio.to_thread(shutil.copyfile, path, copy)
        stored = await keep(self.store_room, copy, size, digest, name)
        if isinstance(stored, NotStored):
            return NotPreparable([*stored.findings, *report.findings], report)
        return Prepared(report, done.kind > RepairKind.COPY, stored.url, stored, done.words, made)

    async def write_prepared(
        self,
        source: str | Path,
        target: Path,
        *,
        on_too_long: str = "refuse",
        conservative: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Prepared | NotPreparable:
        """:meth:`prepare`, with the result written to the path ``target`` instead of being kept.

        A file that needs nothing is copied as it is.
        """
        made = await self.prepare(
            source, on_too_long=on_too_long, progress=progress, conservative=conservative, copy=True
        )  # fmt: skip
        if isinstance(made, NotPreparable):
            return made
        if made.stored is None:
            await asyncio.to_thread(shutil.copyfile, source, target)
            return made
        with work_directory(self._work) as work:
            kept = await self.store_room.local(made.stored, Path(work))
            if kept is not None:
                await asyncio.to_thread(shutil.move, kept, target)
                await asyncio.to_thread(private.share, target)
        await asyncio.to_thread(self.store_room.remove, made.stored.id)
        return made

    # ------------------------------------------------------------------ fetching and keeping

    async def _bring(
        self, source: str, work: Path, report: MediaReport, progress: ProgressCallback | None
    ) -> Path | Finding:
        if not is_address(source):
            return await self._local(source, work) or missing(source)
        self._runner.expect()
        target = work / "source"
        agent = report.fetch.get("agent") or META_AGENT  # the one that was let in when it was looked at
        return await download(self._http(), source, target, agent=agent, progress=progress) or target

    async def store(self, stream: AsyncIterable[bytes], filename: str) -> StoredMedia | NotStored:
        """Keep an upload of up to 1 GB, written as it arrives. Only pictures and videos are kept."""
        try:
            self._runner.expect()
            with work_directory(self._work) as work:
                target = Path(work) / "upload"
                got = await receive(stream, target, MAX_BYTES)
                if isinstance(got, Finding):
                    return NotStored([got])
                return await keep(self.store_room, target, *got, filename)
        except OSError as error:
            if not is_full(error):
                raise
            log.error("Keeping a file failed: %s", error)
            return NotStored([of_this_machine(error, self._root)])

    async def copy(self, url: str) -> StoredMedia | NotPreparable:
        """Keep a copy of what is at an address, as it is: for addresses that will expire before a post is due."""
        made = await self.prepare(url, copy=True)
        if isinstance(made, NotPreparable):
            return made
        assert made.stored is not None
        return made.stored

    def public_url(self, stored: StoredMedia | Mapping[str, Any]) -> str:
        """The address to give to Meta. A signed one of a bucket works for seven days from now."""
        kept = stored if isinstance(stored, StoredMedia) else StoredMedia.from_json(stored)
        return self.store_room.url(kept)

    def local_path(self, stored: StoredMedia | Mapping[str, Any]) -> str:
        """What :meth:`check` and :meth:`prepare` take for a kept file."""
        kept = stored if isinstance(stored, StoredMedia) else StoredMedia.from_json(stored)
        return self.store_room.source(kept)

    async def remove(self, media_id: str) -> bool:
        """Remove a kept file; false when there was none."""
        return await asyncio.to_thread(self.store_room.remove, media_id)

    async def clean_up(self, *, older_than_s: float, keep_ids: Collection[str] = ()) -> int:
        """Remove files kept longer than that, except ``keep_ids``, and what dead repairs left. Returns how many."""
        return await asyncio.to_thread(
            clean_up, self.store_room, self._work, older_than_s=older_than_s, keep_ids=keep_ids
        )

    async def close(self) -> None:
        """End what still runs, close connections."""
        await self._runner.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = guarded_session(
                Trust.of_media(self._settings.allow_private_media_hosts), timeout=LOOK_TIMEOUT
            )
        return self._session

    async def _local(self, source: str, work: Path) -> Path | None:
        if (kept := await asyncio.to_thread(self.store_room.at_source, source)) is not None:
            return await self.store_room.local(kept, work)
        path = Path(source)
        return path if await asyncio.to_thread(path.is_file) else None


def _may_be_heavy(report: MediaReport, at_least: str) -> bool:
    """Whether it may come to encoding pictures; of a file that was not read whole nobody knows."""
    known = report.probe is not None and (report.probe.complete or report.probe.kind == "image")
    return report.plan.kind in _HEAVY or at_least == "full" or not known


def _mark(path: Path) -> tuple[int, ...]:
    """What tells a file from another, and from itself when it was changed."""
    known = path.stat()
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns


def _host(address: str) -> str:
    try:
        return (URL(address).host or "").lower()
    except ValueError:
        return ""


def _moment(due_at: Due) -> datetime | None:
    return datetime.fromtimestamp(due_at, UTC) if isinstance(due_at, int | float) else due_at


def _too_long(word: str) -> TooLong:
    return "trim" if word == "trim" else "refuse"


def _report(
    source: str, probe: MediaProbe | None, findings: list[Finding], wish: _Wish, fetch: dict[str, Any] | None = None
) -> MediaReport:
    decided = plan(probe, findings, on_too_long=wish.on_too_long, conservative=wish.conservative)
    return MediaReport(source, probe, worst_first(findings), decided, fetch or {})


def _validated(probe: MediaProbe, *, strip: bool) -> list[Finding]:
    return validate(probe, readable=readers.here(), strip=strip)


def _merged(report: MediaReport, result: JobDone) -> list[Finding]:
    """What was found at the address stays true after the file itself was looked at whole."""
    about_address = [
        item for item in report.findings if item.field.partition(".")[0] in ("url", "host", "content_type")
    ]
    return [*about_address, *result.findings]
