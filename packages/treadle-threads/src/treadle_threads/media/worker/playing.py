"""Whether a file can be played: first and last picture, some between and some sound are decoded before it is called
fit, or worth a repair."""

from __future__ import annotations

from typing import IO, Any

from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.worker.blame import Unreadable, decodable, read_by
from treadle_threads.media.worker.compat import open_input
from treadle_threads.media.worker.output import Output

MAX_PACKETS = 2000
"""Read at the end at most: a group of pictures is rarely longer than ten seconds."""
LAST_PACKETS = 4
"""Decoded whatever they are, and one of them has to be shown. Before them, pictures that no other needs are passed
over."""
FIRST_PACKETS = 600
"""One of so many at the beginning has to show a picture: what was recorded from the air begins anywhere."""
SPOTS = (0.25, 0.5, 0.75)
"""Where else a picture is looked for: what was fetched in pieces has its beginning and end, and a hole."""
SPOT_PACKETS = 60
LONG_S = 20.0
"""Shorter films are not looked at between their ends."""
SOUND_PACKETS = 50
"""One of so many at the beginning has to give sound: the first of a recording may be cut."""


def must_play(target: Output, plan: RepairPlan, *, threads: int = 2) -> None:
    """Raise :class:`~treadle_threads.media.worker.blame.Unreadable` when the result's first or last picture cannot be
    decoded, or the sound that was to be kept is not there or cannot be decoded."""
    _play(Output(target.fileno()), sound=plan.audio != "drop", threads=threads)


def must_play_film(source: IO[bytes], *, sound: bool, threads: int = 2) -> None:
    """The same for a film that was given; ``sound``: it has some. A repair of one that passes comes to a result."""
    source.seek(0)
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
        if not _gives(film, video, FIRST_PACKETS):
            raise Unreadable("the first picture cannot be decoded")
        if video.frames > 1 and video.duration is not None:
            begin = video.start_time or 0
            for spot in SPOTS if video.duration * (video.time_base or 0) > LONG_S else ():
                there = _went(film, begin + int(video.duration * spot), video)
                if there and not _gives(film, video, SPOT_PACKETS):
                    raise Unreadable(f"no picture can be decoded {spot:.0%} into it")
            if _went(film, begin + video.duration, video) and not _last_picture(film, video):
                raise Unreadable("the last picture cannot be decoded")
    if sound:
        source.seek(0)
        with open_input(source) as film:
            audio = film.streams.audio[0]
            decodable(audio)
            if not _gives(film, audio, SOUND_PACKETS):
                raise Unreadable("the sound cannot be decoded")


def _went(film: Any, moment: int, video: Any) -> bool:
    """Whether the film is now at the picture before that moment: some have no list of where their pictures lie."""
    import av.error

    try:
        film.seek(moment, stream=video, backward=True)
    except av.error.FFmpegError:
        return False
    return True


def _gives(film: Any, stream: Any, packets: int) -> bool:
    """Whether one of the next packets of the stream can be decoded, as a player goes on after those that cannot."""
    for number, packet in enumerate(read_by(lambda: film.demux(stream))):
        if _decoded(packet):
            return True
        if number >= packets:
            return False
    return False


def _decoded(packet: Any) -> list[Any]:
    """The frames that come out when the packet is put in; none when it cannot be decoded."""
    try:
        return list(read_by(packet.decode))
    except Unreadable:
        return []


def _last_picture(film: Any, video: Any) -> bool:
    """Whether one of the last packets is shown. The packets of the last group of pictures are held: a few megabytes."""
    held: list[Any] = []
    for packet in read_by(lambda: film.demux(video)):
        held.append(packet)
        if len(held) >= MAX_PACKETS:
            break
    last = {packet.pts for packet in [packet for packet in held if packet.size][-LAST_PACKETS:]}
    shown = False
    for number, packet in enumerate(held):
        video.codec_context.skip_frame = "DEFAULT" if number >= len(held) - LAST_PACKETS - 1 else "NONREF"
        shown = shown or any(frame.pts is None or frame.pts in last for frame in _decoded(packet))
    return shown
