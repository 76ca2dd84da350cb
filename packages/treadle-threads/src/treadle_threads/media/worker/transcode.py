"""Carrying a plan out with PyAV: each of picture and sound is copied or encoded, everything else is left behind.

Times are set packet by packet instead of by an edit list: the first picture shown is zero, sound keeps its distance to
it, and the encoder's priming packet is dropped. Measured, sound and picture stay within 10 ms of where they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import IO, TYPE_CHECKING, Any

from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.worker.blame import Unreadable, decodable, read_by
from treadle_threads.media.worker.compat import open_input
from treadle_threads.media.worker.encoding import GAP_S, PictureLane, SoundLane
from treadle_threads.media.worker.lanes import CopyFailed, CopyLane, Lane, Writer, end_of
from treadle_threads.media.worker.output import Output, write_mp4

if TYPE_CHECKING:
    from av.container import InputContainer

MUXER = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0", "brand": "mp42"}
"""Options of the MP4 writer that leave the index first and no edit list."""
REPORT_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Report:
    """Progress: fraction done (0 to 1) and seconds of media behind it."""

    fraction: float
    media_s: float


OnProgress = Callable[[Report], None]


def transcode(
    source: IO[bytes], target: Output, plan: RepairPlan, *, threads: int = 2, on_progress: OnProgress | None = None
) -> None:
    """Write ``source`` as an MP4 to ``target``, in place of what was there, after ``plan``.

    Raises :class:`~treadle_threads.media.worker.lanes.CopyFailed` when copying will not do, and
    :class:`~treadle_threads.media.worker.blame.Unreadable` for a file that is damaged.
    """
    with open_input(source) as read, write_mp4(target, MUXER) as written:
        video = read.streams.video[0]
        sound = read.streams.audio[0] if read.streams.audio and plan.audio != "drop" else None
        for stream in (video, *([sound] if sound is not None else [])):
            decodable(stream)
        base = _zero(video, sound, encoding=plan.video == "encode")
        reports = _ProgressReports(_length(read, plan), on_progress)
        writer = Writer(written, waiting=plan.video == "encode")
        lanes: dict[int, Lane] = {}
        # the picture first: players expect it to be stream 0
        untimed = read.format.name == "avi"
        if untimed and video.codec_context.reorder_depth and plan.video == "copy":
            raise CopyFailed("the container does not say in which order the pictures are shown")
        if plan.video == "encode":
            lanes[video.index] = PictureLane(video, written, writer, plan, base, threads, reports, untimed=untimed)
        else:
            out = written.add_stream_from_template(video)
            if video.codec.canonical_name == "hevc":
                out.codec_context.codec_tag = "hvc1"
            lanes[video.index] = CopyLane(video, out, writer, base, end_of(plan), reports, untimed=untimed)
        if sound is not None and plan.audio == "encode":
            lanes[sound.index] = SoundLane(sound, written, writer, plan, base, untimed=untimed)
        elif sound is not None:
            copied = written.add_stream_from_template(sound)
            lanes[sound.index] = CopyLane(sound, copied, writer, base, end_of(plan), reports)
        _run(read, [stream for stream in (video, sound) if stream is not None], lanes)
        writer.open()
    if target.empty:
        raise Unreadable("no picture in the file can be read")
    if on_progress is not None:
        on_progress(Report(1.0, reports.length))


def _run(read: InputContainer, streams: list[Any], lanes: dict[int, Lane]) -> None:
    ended: set[int] = set()
    for packet in read_by(lambda: read.demux(streams)):
        index = packet.stream.index
        if index in ended:
            continue
        if not lanes[index].take(packet):
            ended.add(index)
            if len(ended) == len(lanes):
                break
    for lane in lanes.values():
        lane.finish()


def _zero(video: Any, sound: Any, *, encoding: bool) -> Fraction:
    """The moment that becomes zero: the first picture. When the picture is encoded anyway and the sound begins well
    before it, the sound's beginning, and the first picture stands still until its time."""
    start = video.start_time * video.time_base if video.start_time else Fraction(0)
    if encoding and sound is not None and sound.start_time is not None and sound.time_base:
        heard = sound.start_time * sound.time_base
        if start - heard > GAP_S:
            start = heard
    return Fraction(start)


def _length(read: InputContainer, plan: RepairPlan) -> float:
    known = (read.duration or 0) / 1e6
    return min(known, plan.trim_to) if plan.trim_to is not None and known else known


class _ProgressReports:
    """Tells progress at most four times a second."""

    def __init__(self, length: float, on_progress: OnProgress | None) -> None:
        self.length = length
        self._on_progress = on_progress
        self._last = 0.0

    def __call__(self, at: float) -> None:
        now = time.monotonic()
        if self._on_progress is None or now - self._last < REPORT_EVERY_S:
            return
        self._last = now
        self._on_progress(Report(min(1.0, max(0.0, at / self.length)) if self.length else 0.0, at))
