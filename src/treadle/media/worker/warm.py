"""Using PyAV once on something harmless, so that all it loads late is loaded before the cage closes."""

from __future__ import annotations

import os
from fractions import Fraction

from treadle.media.finding import RepairKind
from treadle.media.plan import RepairPlan


def up(work_dir: str) -> None:
    """Encode, filter, write, read and decode three tiny frames with sound: 20 ms or so."""
    import av
    import av.error
    import av.filter
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame
    from PIL import Image

    from treadle.media.worker import inspect, transcode  # noqa: F401 - loaded for later

    VideoFrame.from_image(Image.new("RGB", (16, 16)))  # type: ignore[no-untyped-call]
    from treadle.media.worker.compat import open_input

    path = os.path.join(work_dir, "warm.mp4")
    with av.open(path, "w", format="mp4", options=dict(transcode.MUXER)) as out:
        video = out.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        video.thread_count = 1
        sound = out.add_stream("aac", rate=48000)
        sound.layout = "mono"
        for number in range(3):
            frame = VideoFrame(32, 32, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts, frame.time_base = number, Fraction(1, 30)
            out.mux(video.encode(frame))
            tone = AudioFrame(format="fltp", layout="mono", samples=1024)
            tone.planes[0].update(bytes(tone.planes[0].buffer_size))  # fresh memory may hold NaN: AAC never ends on it
            tone.sample_rate, tone.pts, tone.time_base = 48000, number * 1024, Fraction(1, 48000)
            out.mux(sound.encode(tone))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    with open(path, "rb") as file, open_input(file) as made:
        for frame in made.decode(video=0):
            _ = frame.rotation
    with open(path, "rb") as file:
        again = os.path.join(work_dir, "warm2.mp4")
        transcode.transcode(file, again, _everything(), threads=1, tell=lambda report: None)
    for name in ("warm.mp4", "warm2.mp4"):
        if os.path.exists(os.path.join(work_dir, name)):
            os.unlink(os.path.join(work_dir, name))


def _everything() -> RepairPlan:

    return RepairPlan(RepairKind.FULL, "encode", "encode")
