"""Loading all that a job may need before the cage closes: behind it no file can be opened, so nothing imported.

Every module of PyAV and Pillow is loaded, not just those known to be needed: PyAV imports more when it meets a
subtitle stream, Pillow when it meets a format. Both are used once on something harmless as well.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.abc import MetaPathFinder
from types import ModuleType

from treadle_threads.media.finding import RepairKind
from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.worker.output import Output

_BY_HAND = (
    "PIL.report", "PIL.ImageQt", "PIL.ImageTk", "PIL.ImageGrab", "PIL.ImageShow", "PIL._tkinter_finder", "av.datasets",
)  # fmt: skip
"""Modules for a person at a screen or for downloads. The worker uses none of them."""
_ENCODINGS = ("ascii", "cp437", "cp1252", "idna", "latin_1", "utf_8", "utf_8_sig", "utf_16", "utf_16_be", "utf_16_le",
              "utf_32", "utf_32_be", "utf_32_le", "mac_roman")  # fmt: skip


class LateImports(MetaPathFinder):
    """Notes what is looked for after the cage closed: such an import fails behind it, so it must be loaded before."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        if len(self.names) < 50:
            self.names.append(name)


def load(picture: str, work_dir: str) -> None:
    """Load what a job needs: ``picture`` is ``"still"``, ``"moving"`` or empty for videos."""
    for name in _ENCODINGS:
        importlib.import_module(f"encodings.{name}")
    if picture:
        from treadle_threads.media.spec import THREADS
        from treadle_threads.media.worker import images

        importlib.import_module("treadle_threads.media.worker.animation")
        images.prepare_libraries(THREADS.image.pixels_max)
    everything("PIL", "pillow_heif")
    if picture != "still":
        up(work_dir)


def everything(*packages: str) -> None:
    """Import every module of the packages that are installed. Those whose own needs are not met are left out."""
    for package in packages:
        try:
            found = importlib.import_module(package)
        except ImportError:
            continue
        for name in modules_of(found):
            try:
                importlib.import_module(name)
            except ImportError:  # a reader of a format that needs another library, as Pillow's do
                continue


def modules_of(package: ModuleType) -> Iterator[str]:
    """The names of a package's modules that the worker may come to need, extension modules among them."""
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name not in _BY_HAND and not found.name.endswith(".__main__"):
            yield found.name


def up(work_dir: str) -> None:
    """Load PyAV whole, then encode, filter, write, read and decode three tiny frames with sound: 20 ms or so."""
    import av
    import av.error
    import av.filter
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame
    from PIL import Image

    everything("av")
    importlib.import_module("treadle_threads.media.worker.inspect")
    from treadle_threads.media.worker import playing, transcode

    VideoFrame.from_image(Image.new("RGB", (16, 16)))  # type: ignore[no-untyped-call]
    from treadle_threads.media.worker.compat import open_input

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
        again = Output.create(os.path.join(work_dir, "warm2.mp4"))
        transcode.transcode(file, again, _everything(), threads=1, tell=lambda report: None)
        playing.must_play(again, _everything())
    os.close(again.fileno())
    for name in ("warm.mp4", "warm2.mp4"):
        if os.path.exists(os.path.join(work_dir, name)):
            os.unlink(os.path.join(work_dir, name))


def _everything() -> RepairPlan:

    return RepairPlan(RepairKind.FULL, "encode", "encode")
