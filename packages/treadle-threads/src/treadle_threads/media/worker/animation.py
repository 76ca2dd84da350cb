"""Making a moving picture (GIF, APNG, WebP) a short silent video, because Threads shows only its first frame."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import IO

from PIL import Image

from treadle_threads.media.worker.blame import PictureRefused
from treadle_threads.media.worker.encoding import X264
from treadle_threads.media.worker.images import frames_of
from treadle_threads.media.worker.output import Output, write_mp4
from treadle_threads.media.worker.transcode import MUXER

FPS = 30
SHORTEST_S = 1.0


def animate(
    source: IO[bytes],
    target: Output,
    *,
    limit_s: float,
    max_width: int,
    threads: int,
    on_progress: Callable[[float], None],
) -> None:
    """Write the animation at 30 frames a second; short ones are played again until a second is full.

    Raises :class:`~treadle_threads.media.worker.blame.PictureRefused` when it lasts longer than ``limit_s`` seconds.
    """
    from av.video.frame import VideoFrame

    with write_mp4(target, MUXER) as out:
        stream = out.add_stream("libx264", rate=FPS, options=dict(X264))
        stream.pix_fmt = "yuv420p"
        stream.thread_count = threads
        written = 0
        played = 0.0
        while played < SHORTEST_S:
            for image, seconds in frames_of(source):
                played += seconds
                if played > limit_s:
                    raise PictureRefused("duration", f"The animation is longer than {limit_s:.0f} seconds.")
                even = _even(image, max_width)
                if not written:
                    stream.width, stream.height = even.size
                frame = VideoFrame.from_image(even)  # type: ignore[no-untyped-call]
                while written < round(played * FPS):
                    copy = frame.reformat(format="yuv420p")
                    copy.pts, copy.time_base = written, Fraction(1, FPS)
                    out.mux(stream.encode(copy))
                    written += 1
                on_progress(played)
            source.seek(0)
        out.mux(stream.encode(None))


def _even(image: Image.Image, max_width: int) -> Image.Image:
    width = min(image.width, max_width)
    height = max(2, round(image.height * width / image.width))
    return (
        image.resize((max(2, width // 2 * 2), height // 2 * 2))
        if image.size != (width, height) or (width | height) & 1
        else image
    )
