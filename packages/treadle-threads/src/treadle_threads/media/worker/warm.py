"""Loading all that a job may need before the cage closes: behind it no file can be opened, so nothing imported.

Every module of PyAV and Pillow is loaded, not just those known to be needed: PyAV imports more when it meets a
subtitle stream, Pillow when it meets a format. Both are used once on something harmless as well.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.abc import MetaPathFinder
from types import ModuleType

from treadle_threads.media.finding import RepairKind
from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.worker.output import Output, write_mp4

_BY_HAND = (
    "PIL.report", "PIL.ImageQt", "PIL.ImageTk", "PIL.ImageGrab", "PIL.ImageShow", "PIL._tkinter_finder", "av.datasets",
)  # fmt: skip
"""Modules for a person at a screen or for downloads. The worker uses none of them."""
_ENCODE_BOTH = RepairPlan(RepairKind.FULL, "encode", "encode")
_ENCODINGS = ("ascii", "cp437", "cp1252", "idna", "latin_1", "utf_8", "utf_8_sig", "utf_16", "utf_16_be", "utf_16_le",
              "utf_32", "utf_32_be", "utf_32_le", "mac_roman")  # fmt: skip


class LateImports(MetaPathFinder):
    """Notes what is looked for after the cage closed: such an import fails behind it, so it must be loaded before."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        if len(self.names) < 50:
            self.names.append(name)


def load() -> None:
    """Load what any job may need. It takes some 0.2 s of processor and 60 MB, and touches no file of anybody's."""
    for name in _ENCODINGS:
        importlib.import_module(f"encodings.{name}")
    from treadle_threads.media.spec import THREADS
    from treadle_threads.media.worker import images

    importlib.import_module("treadle_threads.media.worker.animation")
    images.prepare_libraries(THREADS.image.pixels_max)
    everything("PIL", "pillow_heif")
    up()


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


def up() -> None:
    """Load PyAV whole, then encode, filter, write, read and decode three tiny frames with sound: 20 ms or so."""
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame
    from PIL import Image

    everything("av")
    importlib.import_module("treadle_threads.media.worker.inspect")
    from treadle_threads.media.worker import playing, transcode

    VideoFrame.from_image(Image.new("RGB", (16, 16)))  # type: ignore[no-untyped-call]
    from treadle_threads.media.worker.compat import open_input

    tiny, again = _scratch(), _scratch()
    with write_mp4(tiny, transcode.MUXER) as out:
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
    with os.fdopen(os.dup(tiny.fileno()), "rb") as file:
        with open_input(file) as made:
            for frame in made.decode(video=0):
                _ = frame.rotation
        file.seek(0)
        transcode.transcode(file, again, _ENCODE_BOTH, threads=1)
        playing.must_play(again, _ENCODE_BOTH)
    for made_here in (tiny, again):
        os.close(made_here.fileno())


def _scratch() -> Output:
    """A file without a name, in memory where the system can."""
    in_memory = getattr(os, "memfd_create", None)
    if in_memory is not None:
        return Output(in_memory("warm"))
    with tempfile.TemporaryFile() as file:
        return Output(os.dup(file.fileno()))
