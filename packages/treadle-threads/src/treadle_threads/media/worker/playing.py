"""Whether a file can be played: first and last picture, and some sound, are decoded before it is called fit."""

from __future__ import annotations

from typing import IO, Any

from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.worker.blame import Unreadable, decodable, read_by
from treadle_threads.media.worker.compat import open_input
from treadle_threads.media.worker.output import Output

MAX_PACKETS = 2000
"""Read at the end at most: a group of pictures is rarely longer than ten seconds."""
LAST_PACKETS = 4
"""Decoded whatever they are. Before them, pictures that no other needs are passed over."""
SOUND_PACKETS = 50
"""One of so many at the beginning has to give sound: the first of a recording may be cut."""


def must_play(target: Output, plan: RepairPlan, *, threads: int = 2) -> None:
    """Raise :class:`~treadle_threads.media.worker.blame.Unreadable` when the result's first or last picture cannot be
    decoded, or the sound that was to be kept is not there or cannot be decoded."""
    _play(Output(target.fileno()), sound=plan.audio != "drop", threads=threads)


def must_play_film(source: IO[bytes], *, sound: bool, threads: int = 2) -> None:
    """The same for a film that needs no repair; ``sound``: it has some."""
    _play(source, sound=sound, threads=threads)


def _play(source: Any, *, sound: bool, threads: int) -> None:
    with open_input(source) as film:
        if not film.streams.video:
            raise Unreadable("there is no picture in it")
        if sound and not film.streams.audio:
            raise Unreadable("there is no sound in it")
        video = film.streams.video[0]
        decodable(video)
        video.thread_type, video.thread_count = "AUTO", threads
        if next(read_by(lambda: film.decode(video)), None) is None:
            raise Unreadable("the first picture cannot be decoded")
        if video.frames > 1 and video.duration is not None:
            film.seek(video.duration + (video.start_time or 0), stream=video, backward=True)
            if not _last_picture(film, video):
                raise Unreadable("the last picture cannot be decoded")
        if sound:
            film.seek(0)
            if not _some_sound(film, film.streams.audio[0]):
                raise Unreadable("the sound cannot be decoded")


def _last_picture(film: Any, video: Any) -> bool:
    """Whether the end shows anything. The packets of the last group of pictures are held: a few megabytes."""
    held: list[Any] = []
    for packet in read_by(lambda: film.demux(video)):
        held.append(packet)
        if len(held) >= MAX_PACKETS:
            break
    shown = 0
    for number, packet in enumerate(held):
        video.codec_context.skip_frame = "DEFAULT" if number >= len(held) - LAST_PACKETS else "NONREF"
        shown += sum(1 for _ in read_by(packet.decode))
    return bool(shown)


def _some_sound(film: Any, stream: Any) -> bool:
    decodable(stream)
    for number, packet in enumerate(read_by(lambda: film.demux(stream))):
        try:
            if any(frame.samples for frame in read_by(packet.decode)):
                return True
        except Unreadable:
            pass
        if number >= SOUND_PACKETS:
            return False
    return False
