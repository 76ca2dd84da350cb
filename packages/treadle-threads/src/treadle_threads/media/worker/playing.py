"""Whether a result can be played: its first and its last picture are decoded before it is called fit."""

from __future__ import annotations

from collections import deque
from typing import Any

from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.worker.blame import Unreadable, decodable, read_by
from treadle_threads.media.worker.compat import open_input
from treadle_threads.media.worker.output import Output

MAX_PICTURES = 2000
"""Decoded at the end at most: a group of pictures is rarely longer than ten seconds."""


def must_play(target: Output, plan: RepairPlan) -> None:
    """Raise :class:`~treadle_threads.media.worker.blame.Unreadable` when the first or last picture cannot be decoded,
    or the sound that was to be kept is not there."""
    with open_input(Output(target.fileno())) as written:  # type: ignore[arg-type]
        if not written.streams.video:
            raise Unreadable("the result has no picture")
        if plan.audio != "drop" and not written.streams.audio:
            raise Unreadable("the result has no sound")
        video = written.streams.video[0]
        decodable(video)
        first = next(read_by(lambda: written.decode(video)), None)
        if first is None:
            raise Unreadable("the first picture of the result cannot be decoded")
        if video.frames > 1 and video.duration is not None:
            written.seek(video.duration + (video.start_time or 0), stream=video, backward=True)
            last: deque[Any] = deque(maxlen=1)
            for number, frame in enumerate(read_by(lambda: written.decode(video))):
                last.append(frame)
                if number >= MAX_PICTURES:
                    break
            if not last:
                raise Unreadable("the last picture of the result cannot be decoded")
