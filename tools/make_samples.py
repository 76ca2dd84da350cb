"""Makes the sandbox's sample files (``treadle_sandbox/sample_files``): run once, the results are committed.

.venv/bin/python tools/make_samples.py
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw

from tests.treadle_sandbox.conftest import encode_video

FOLDER = Path(__file__).resolve().parents[1] / "packages/treadle-sandbox/src/treadle_sandbox/sample_files"


def picture(size: tuple[int, int]) -> Image.Image:
    made = Image.new("RGB", size, (242, 239, 230))
    draw = ImageDraw.Draw(made)
    step = max(8, min(size) // 8)
    for number, at in enumerate(range(0, max(size), step)):
        shade = round(96 + 64 * math.sin(number))
        draw.line([(at, 0), (at, size[1])], fill=(shade, 130, 180), width=2)
        draw.line([(0, at), (size[0], at)], fill=(200, shade, 110), width=2)
    return made


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    weave = picture((480, 360))
    weave.save(FOLDER / "good.jpg", quality=80)
    weave.save(FOLDER / "good.png")
    weave.quantize(16).save(FOLDER / "gif.gif")
    weave.save(FOLDER / "webp.webp", quality=60)
    picture((1200, 100)).save(FOLDER / "aspect.jpg", quality=70)
    (FOLDER / "page.html").write_text("<!doctype html>\n<title>A page</title>\n<p>This is no picture.\n")
    films = {
        "good.mp4": {"seconds": 1, "size": (320, 240), "sound": ("aac", "stereo", 48_000)},
        "silent.mp4": {"seconds": 1, "size": (320, 240)},
        "frame-rate.mp4": {"fps": 12, "seconds": 1},
        "aspect.mp4": {"size": (1280, 96)},
        "columns.mp4": {"size": (2048, 256)},
        "duration.mp4": {"fps": 24, "seconds": 301, "size": (16, 16)},
        "codec.mp4": {"codec": "mpeg4"},
        "channels.mp4": {"sound": ("aac", "5.1", 48_000)},
        "sound-codec.mp4": {"sound": ("mp3", "stereo", 44_100)},
        "sample-rate.mp4": {"sound": ("aac", "stereo", 96_000)},
    }
    for name, facts in films.items():
        encode_video(FOLDER / name, **facts)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
