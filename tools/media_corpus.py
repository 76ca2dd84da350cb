"""Check and repair every file of a folder, and hold the answers against ffprobe, ffmpeg and Pillow.

The product is asked through its command line alone, and the judge shares no code with it: what both get wrong in the
same way would otherwise never show. In a folder of ``tools/media_variants.py`` each file is held as well against what
is known because it was made so (``expected.json``). Prints one line a disagreement and a table of verdicts; exit code
1 when there are disagreements. Needs ffmpeg and ffprobe on the PATH.
"""

from __future__ import annotations

import argparse
import array
import contextlib
import json
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from tools.media_variants import CORNERS, GPS, PHONE

TREADLE = (sys.executable, "-m", "treadle")
TIMEOUT_S = 600.0
SIZE_OFF = 2
"""Pixels by which two readers may differ: odd sizes are rounded."""
COLOUR_OFF = 60
"""Of 255: how far a corner's color may be from what was drawn, after compression, a small palette or limited range."""
SOUND_OFF_S = 0.03
"""A beep is found at the step of a picture (20 ms) and of what an encoder smears."""
NOTES = ("40.63", "40.635", "+40.6351", PHONE[0])
"""What a result of a file with a place or a device must not hold any more, as exiftool or ffprobe would print it."""
DAMAGED = ("truncated", "malformed", "empty")
BATCH = 40


@dataclass(frozen=True)
class Judged:
    """What the judges make of a file. ``whole``: it decodes to its end without an error."""

    kind: str
    width: int = 0
    height: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Said:
    """What Treadle says of a file: ``verdict`` is fit, repairable or refused; sizes as stored, ``shown`` as seen."""

    verdict: str
    kind: str
    width: int = 0
    height: int = 0
    shown: tuple[int, int] = (0, 0)
    code: str = ""
    words: str = ""
    noted: bool = False


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S, check=False)


def judged(path: Path) -> Judged:
    """A picture by Pillow, anything else by ffprobe and ffmpeg."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                size = image.size
                try:
                    image.load()
                except Exception:  # readers of many formats raise what they like
                    return Judged("image", *size)
                return Judged("image", *size, whole=True)
    except Exception:  # no picture, or one that cannot be opened at all
        return film(path)


def film(path: Path) -> Judged:
    pictures = [
        stream
        for stream in probed(path)
        if stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
    ]
    if not pictures:
        return Judged("other")
    first = pictures[0]
    decode = ("-map", "0:v:0", "-progress", "-", "-f", "null", "/dev/null")
    decoded = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, *decode)
    something = any(line.startswith("frame=") and line != "frame=0" for line in decoded.stdout.splitlines())
    whole = decoded.returncode == 0 and not decoded.stderr.strip() and something
    return Judged("video", int(first.get("width", 0)), int(first.get("height", 0)), whole)


def probed(path: Path) -> list[dict[str, Any]]:
    asked = run("ffprobe", "-v", "error", "-show_streams", "-of", "json", path)
    try:
        streams: list[dict[str, Any]] = json.loads(asked.stdout or "{}").get("streams", [])
    except ValueError:
        return []
    return streams


def said(paths: list[Path]) -> list[Said]:
    """What is said of each. A batch that gives no answer is asked again one by one."""
    asked = run(*TREADLE, "check", "--json", *paths)
    try:
        reports = [json.loads(line) for line in asked.stdout.splitlines()]
    except ValueError:
        reports = []
    if len(reports) == len(paths):
        return [answer_of(report) for report in reports]
    if len(paths) == 1:
        return [Said("crash", "", words=(asked.stderr or asked.stdout)[-200:])]
    return [answer for path in paths for answer in said([path])]


def answer_of(report: dict[str, Any]) -> Said:
    kind = report["plan"]["kind"]
    verdict = "fit" if kind == "none" else "repairable" if report["ok"] else "refused"
    facts = report["probe"] or {}
    part = facts.get("image") or facts.get("video") or {}
    size = part.get("width") or 0, part.get("height") or 0
    lies = part.get("orientation", 1) >= 5 or part.get("rotation", 0) % 180 == 90
    code = report["findings"][0]["code"] if report["findings"] else ""
    words = " ".join(item["message"] for item in report["findings"])
    noted = any(item["code"].endswith(("_location", "_device")) for item in report["findings"])
    return Said(verdict, report["kind"], *size, size[::-1] if lies else size, code, words, noted)


def alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return all(abs(a - b) <= SIZE_OFF for a, b in zip(one, other, strict=True))


def disagreements(path: Path, answer: Said, judge: Judged, known: dict[str, Any], work: Path) -> Iterator[str]:
    """Each thing about which the product, the judges and the maker of the file differ, in words."""
    if answer.verdict == "crash":
        yield f"no answer: {answer.words}"
        return
    doubted = "refused" in known.get("verdicts", ())  # made so that a strict reader may refuse it
    if answer.verdict != "refused" and judge.kind == "other":
        yield f"called {answer.verdict}, and no judge sees a picture in it"
    if answer.verdict == "fit" and not judge.whole:
        yield "called fit, and it does not decode to its end"
    if answer.verdict == "refused" and answer.code in DAMAGED and judge.whole and not doubted:
        yield f"called {answer.code}, and it decodes to its end"
    size = answer.width, answer.height
    if answer.width and judge.width and not any(alike(way, (judge.width, judge.height)) for way in (size, size[::-1])):
        yield f"{answer.width}x{answer.height} instead of {judge.width}x{judge.height}"
    if known:
        yield from contradictions(answer, known)
    result = path
    if answer.verdict == "repairable" or (answer.verdict == "fit" and known.get("clean")):
        result = work / "repaired"
        result.unlink(missing_ok=True)
        done = run(*TREADLE, "repair", "--json", "--force", "-o", result, path)
        if done.returncode or not result.exists():
            yield f"promised a repair, and it failed: {done.stdout[-200:] or done.stderr[-200:]}"
            return
        if not judged(result).whole:
            if judge.whole:
                yield "the repaired file does not decode to its end, and the file itself does"
            return
    if known and answer.verdict != "refused":
        yield from wrong_results(result, known, work)


def contradictions(answer: Said, known: dict[str, Any]) -> Iterator[str]:
    if answer.verdict not in known["verdicts"]:
        yield f"called {answer.verdict} ({answer.words[:90]}), made to be {' or '.join(known['verdicts'])}"
        return
    if known["says"] and known["says"].lower() not in answer.words.lower():
        yield f"{known['says']!r} is not in: {answer.words}"
    if answer.verdict == "refused":
        return
    if known["kind"] in ("image", "video") and answer.kind != known["kind"]:
        yield f"called {answer.kind}, made as {known['kind']}"
    if known["shown"] and answer.width and not alike(answer.shown, tuple(known["shown"])):
        yield "shown as {}x{}, made as {}x{}".format(*answer.shown, *known["shown"])
    if known["noted"] and not answer.noted:
        yield "holds a place or a device, and nothing is said of it"


def wrong_results(path: Path, known: dict[str, Any], work: Path) -> Iterator[str]:
    """What is wrong with what would be published, against what was drawn, heard and noted in the original."""
    video = any(
        stream.get("codec_type") == "video" and int(stream.get("nb_frames") or 0) > 1 for stream in probed(path)
    )
    if known["moves"] is not None and known["moves"] != video and path.name == "repaired":
        yield f"the result {'moves' if video else 'does not move'}"
    if known["upright"]:
        picture = looked_at(path, work)
        if picture is None:
            yield "the result's picture cannot be decoded"
            return
        wide, high = picture.size
        for name, (x, y), drawn in zip(
            ("top left", "top right", "bottom left", "bottom right"), ((1, 1), (7, 1), (1, 7), (7, 7)), CORNERS,
            strict=True,
        ):  # fmt: skip
            got = picture.getpixel((wide * x // 8, high * y // 8))
            assert isinstance(got, tuple)
            if any(abs(a - b) > COLOUR_OFF for a, b in zip(got, drawn, strict=True)):
                yield f"{name} is {got} instead of {drawn}"
                break
    if known["clean"]:
        held = run("ffprobe", "-v", "error", "-show_format", "-show_streams", path).stdout
        data = path.read_bytes().decode("latin-1")
        if GPS in exif_of(path) or any(note in held or note in data for note in NOTES):
            yield "the result still tells where or with what it was taken"
    apart = beep_after_flash(path) if known["sound_at"] is not None else None
    if apart is not None and abs(apart - known["sound_at"]) > SOUND_OFF_S:
        yield f"the sound is {apart * 1000:+.0f} ms from the picture"


def exif_of(path: Path) -> Mapping[int, Any]:
    """The EXIF of a picture; nothing for a film."""
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # readers of many formats raise what they like
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            return dict(image.getexif())
    return {}


def looked_at(path: Path, work: Path) -> Image.Image | None:
    """The first picture as a viewer shows it."""
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # a film, or damaged
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if "A" in upright.getbands() or "transparency" in upright.info:
                upright = upright.convert("RGBA")
            return upright.convert("RGB")
    target = work / "first.png"
    target.unlink(missing_ok=True)
    run("ffmpeg", "-nostdin", "-v", "error", "-y", "-i", path, "-frames:v", "1", target)
    if not target.exists():
        return None
    with Image.open(target) as image:
        return image.convert("RGB")


def beep_after_flash(path: Path) -> float | None:
    """Seconds from the first white picture to the first loud sound; ``None`` when one is missing."""
    times = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time",
                "-of", "csv=p=0", path).stdout.split()  # fmt: skip
    small = ("-map", "0:v:0", "-fps_mode", "passthrough", "-vf", "scale=1:1,format=gray", "-f", "rawvideo", "-")
    seen = subprocess.run(("ffmpeg", "-nostdin", "-v", "error", "-i", str(path), *small), capture_output=True,
                          timeout=TIMEOUT_S, check=False).stdout  # fmt: skip
    starts = next((s for s in probed(path) if s.get("codec_type") == "audio"), None)
    plain = ("-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "s16le", "-")
    heard = subprocess.run(("ffmpeg", "-nostdin", "-v", "error", "-i", str(path), *plain), capture_output=True,
                           timeout=TIMEOUT_S, check=False).stdout  # fmt: skip
    flash = next((float(at.strip(",")) for at, light in zip(times, seen, strict=False) if light > 128), None)
    samples = array.array("h", heard[: len(heard) // 2 * 2])
    beep = next((place for place, value in enumerate(samples) if abs(value) > 4000), None)
    if flash is None or beep is None or starts is None:
        return None
    return float(starts.get("start_time") or 0) + beep / 48000 - flash


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of pictures and videos; its folders are looked into")
    parser.add_argument("--only", default="", help="only files whose name holds this")
    given = parser.parse_args()
    folder: Path = given.folder
    import pillow_heif  # the judge reads HEIC too

    pillow_heif.register_heif_opener()
    notes = folder / "expected.json"
    known: Mapping[str, dict[str, Any]] = json.loads(notes.read_text()) if notes.exists() else {}
    counts: Counter[tuple[str, str]] = Counter()
    differ = 0
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != notes and given.only in path.name)
    with tempfile.TemporaryDirectory(prefix="treadle-corpus-") as name:
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            for path, answer in zip(batch, said(batch), strict=True):
                try:
                    judge = judged(path)
                    counts[answer.verdict, judge.kind] += 1
                    about = known.get(path.relative_to(folder).as_posix(), {})
                    found = list(disagreements(path, answer, judge, about, Path(name)))
                except subprocess.TimeoutExpired as error:
                    found = [f"no answer in {TIMEOUT_S:.0f} s: {error.cmd[:4]}"]
                for words in found:
                    differ += 1
                    sys.stdout.write(f"{path.relative_to(folder)}: {words}\n")
                    sys.stdout.flush()
    for (verdict, kind), count in sorted(counts.items()):
        sys.stdout.write(f"{count:6}  {verdict:<11} {kind}\n")
    sys.stdout.write(f"{differ} disagreement(s) in {counts.total()} file(s)\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
