"""A program that does a job of every kind in its cage, on a kernel that is to lack the parts named: JSON on the output.

``python -m tests.security.caged_jobs FOLDER [PART...]``
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tests.security.escapes import pretend_without
from treadle.media import probe_file, samples
from treadle.media.jobs import Job, JobDone, MediaRunner
from treadle.media.samples import VideoRecipe
from treadle_threads.media.worker.cage import CageState

FAST = {"preset": "ultrafast", "crf": "30", "bf": "2"}


def jobs(folder: Path) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Name -> the file, and what its job asks for."""

    def film(name: str, **fields: Any) -> Path:
        recipe = {"width": 256, "height": 144, "seconds": 1.0, "options": FAST, **fields}
        return samples.video(folder / name, VideoRecipe(**recipe))

    hevc = {"preset": "ultrafast", "x265-params": "log-level=error"}
    vp9 = {"deadline": "realtime", "cpu-used": "8"}
    made: dict[str, tuple[Path, dict[str, Any]]] = {
        "looking": (film("look.mp4"), {"inspect_only": True, "inspect": True}),
        "index": (film("last.mp4", writer={}), {}),
        "copy": (film("x.ts", format="mpegts", writer={}), {"inspect": True}),
        "sound": (film("pcm.mov", format="mov", audio_codec="pcm_s16le", writer={}), {}),
        "h264 and aac": (
            film("old.mkv", format="matroska", codec="mpeg4", options={}, writer={}), {"inspect": True}
        ),
        "hevc": (film("h.mp4", codec="libx265", tag="hvc1", options=hevc), {"at_least": "full", "conservative": True}),
        "vp9 and opus": (
            film("v.webm", format="webm", codec="libvpx-vp9", options=vp9, audio_codec="libopus", writer={}),
            {"inspect": True},
        ),
        "av1": (film("a.mp4", codec="libsvtav1", options={"preset": "12"}, audio_codec=""),
                {"at_least": "full", "conservative": True}),
    }  # fmt: skip
    noise = Image.effect_noise((2500, 1800), 90)
    # How the files are made is not what is tested, and takes most of the time.
    ways: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("p.webp", "RGB", {"method": 0}),
        ("p.png", "RGBA", {"compress_level": 0}),
        ("p.tiff", "RGB", {}),
        ("p.avif", "RGB", {"speed": 10}),
        ("print.jpg", "CMYK", {}),
    )
    for name, mode, quick in ways:
        noise.convert("RGB").convert(mode).save(folder / name, **quick)
        made[name] = (folder / name, {"at_least": "image"})
    frames = [Image.new("RGB", (200, 100), (number * 20, 0, 0)) for number in range(8)]
    frames[0].save(folder / "m.gif", save_all=True, append_images=frames[1:], duration=100, loop=0)
    made["moving"] = (folder / "m.gif", {})
    try:
        import pillow_heif
    except ImportError:
        return made
    pillow_heif.register_heif_opener()
    noise.convert("RGB").save(folder / "p.heic", quality=30, enc_params={"preset": "ultrafast"})
    made["p.heic"] = (folder / "p.heic", {})
    return made


async def main(folder: Path, without: list[str]) -> dict[str, Any]:
    files = jobs(folder)
    pretend_without(*without)
    runner = MediaRunner(2)
    found: dict[str, Any] = {}
    for number, (name, (path, asked)) in enumerate(files.items()):
        work = folder / f"work-{number}"
        work.mkdir()
        result = await runner.run(Job(path, work, **asked))
        if not isinstance(result, JobDone):
            found[name] = {"outcome": f"{result.code}: {result.detail}", "kind": ""}
            continue
        made = asked.get("inspect_only") or (result.path is not None and probe_file(result.path).problem is None)
        found[name] = {
            "outcome": "done" if made else "nothing made",
            "kind": result.plan.kind.word,
            "missing": CageState(**result.cage).missing,
        }
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))))
