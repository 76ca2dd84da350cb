"""Check and repair every file of a folder, and hold the answers against ffprobe, ffmpeg and Pillow.

The product is asked through its command line alone, and the judge shares no code with it: what both get wrong in the
same way would otherwise never show. Prints one line a disagreement and a table of verdicts; exit code 1 when there are
disagreements. Needs ffmpeg and ffprobe on the PATH.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

TREADLE = (sys.executable, "-m", "treadle")
TIMEOUT_S = 600.0
SIZE_OFF = 2
"""Pixels by which two readers may differ: odd sizes are rounded."""


@dataclass(frozen=True)
class Judged:
    """What the judges make of a file. ``whole``: it decodes to its end without an error."""

    kind: str
    width: int = 0
    height: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Said:
    """What Treadle says of a file: ``verdict`` is fit, repairable or refused; sizes are as stored."""

    verdict: str
    kind: str
    width: int = 0
    height: int = 0
    why: str = ""


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
    probed = run("ffprobe", "-v", "error", "-show_streams", "-of", "json", path)
    try:
        streams = json.loads(probed.stdout or "{}").get("streams", [])
    except ValueError:
        streams = []
    pictures = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
    ]
    if not pictures:
        return Judged("other")
    first = pictures[0]
    decoded = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-f", "null", "-")
    whole = decoded.returncode == 0 and not decoded.stderr.strip()
    return Judged("video", int(first.get("width", 0)), int(first.get("height", 0)), whole)


def said(path: Path) -> Said:
    asked = run(*TREADLE, "check", "--json", path)
    try:
        report = json.loads(asked.stdout)
    except ValueError:
        return Said("crash", "", why=(asked.stderr or asked.stdout)[-200:])
    kind = report["plan"]["kind"]
    verdict = "fit" if kind == "none" else "repairable" if report["ok"] else "refused"
    facts = report["probe"] or {}
    part = facts.get("image") or facts.get("video") or {}
    first = report["findings"][0]["code"] if report["findings"] else ""
    return Said(verdict, report["kind"], part.get("width") or 0, part.get("height") or 0, first)


def disagreements(path: Path, answer: Said, judge: Judged, work: Path) -> Iterator[str]:
    """Each thing about which the product and the judges differ, in words."""
    if answer.verdict == "crash":
        yield f"no answer: {answer.why}"
        return
    if answer.verdict != "refused" and judge.kind == "other":
        yield f"called {answer.verdict}, and no judge sees a picture in it"
    if answer.verdict == "fit" and not judge.whole:
        yield "called fit, and it does not decode to its end"
    if answer.verdict == "refused" and answer.why in ("truncated", "malformed", "empty") and judge.whole:
        yield f"called {answer.why}, and it decodes to its end"
    sizes = {(answer.width, answer.height), (answer.height, answer.width)}
    same = any(abs(w - judge.width) <= SIZE_OFF and abs(h - judge.height) <= SIZE_OFF for w, h in sizes)
    if answer.width and judge.width and not same:
        yield f"{answer.width}x{answer.height} instead of {judge.width}x{judge.height}"
    if answer.verdict != "repairable":
        return
    target = work / "repaired"
    target.unlink(missing_ok=True)
    done = run(*TREADLE, "repair", "--json", "--force", "-o", target, path)
    if done.returncode or not target.exists():
        if judge.whole:
            yield f"promised a repair, and it failed: {done.stdout[-200:] or done.stderr[-200:]}"
        return
    result = judged(target)
    if not result.whole:
        yield "the repaired file does not decode to its end"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of pictures and videos; its folders are looked into")
    folder = parser.parse_args().folder
    counts: Counter[tuple[str, str]] = Counter()
    differ = 0
    with tempfile.TemporaryDirectory(prefix="treadle-corpus-") as name:
        for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
            try:
                answer, judge = said(path), judged(path)
                counts[answer.verdict, judge.kind] += 1
                found = list(disagreements(path, answer, judge, Path(name)))
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
