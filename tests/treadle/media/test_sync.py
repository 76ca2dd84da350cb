"""Sound stays where it was against the picture, within 10 ms, whatever is done: a click is looked for in both files."""

from __future__ import annotations

import subprocess
from array import array
from pathlib import Path

import av
import pytest
from av.audio.resampler import AudioResampler

from treadle.media.service import MediaService, Prepared

MOST_S = 0.010
CLICK = "aevalsrc='if(between(t,1,1.03),sin(2*PI*1000*t),0)':d=2.5"
CASES = {
    "flv": ("flv", "aac", 44100),
    "mkv": ("mkv", "aac", 48000),
    "mkv-slow": ("mkv", "aac", 22050),
    "ts": ("ts", "aac", 48000),
    "mp3": ("mkv", "libmp3lame", 44100),
    "opus": ("mkv", "libopus", 48000),
    "mp4": ("mp4", "aac", 44100),
    "mov": ("mov", "pcm_s16le", 48000),
    "avi": ("avi", "libmp3lame", 44100),
}


def made(path: Path, codec: str, rate: int, offset: float) -> Path:
    """A film whose sound begins ``offset`` seconds after its picture, or before it."""
    early, late = (f"{max(0.0, -offset)}", f"{max(0.0, offset)}")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-itsoffset", early, "-f", "lavfi", "-i",
               "testsrc2=s=128x72:r=30:d=2.5", "-itsoffset", late, "-f", "lavfi", "-i", f"{CLICK}:s={rate}",
               "-map", "0", "-map", "1", "-c:v", "libx264", "-bf", "0" if path.suffix == ".avi" else "2",
               "-pix_fmt", "yuv420p", "-c:a", codec, "-ar", str(rate), str(path)]  # fmt: skip
    subprocess.run(command, check=True)
    return path


def click(path: Path) -> float:
    """Seconds from the first picture to the click, as a player has it."""
    with av.open(str(path)) as film:
        packets = [packet for packet in film.demux(video=0) if packet.size]
        # AVI says only when a packet is decoded, and nothing here changes places; the library's guess is off
        times = [packet.dts if path.suffix == ".avi" else packet.pts for packet in packets]
        base = packets[0].time_base
        assert base is not None
        shown = float(min(time for time in times if time is not None) * base)
    with av.open(str(path)) as film:
        plain = AudioResampler(format="s16", layout="mono", rate=48_000)
        for frame in film.decode(audio=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            at = float(frame.pts * frame.time_base)
            heard = 0
            for piece in plain.resample(frame):
                values = array("h", bytes(piece.planes[0])[: piece.samples * 2])
                for index, value in enumerate(values):
                    if abs(value) > 6000:
                        return at + (heard + index) / 48_000 - shown
                heard += len(values)
    raise AssertionError("there is no click")


@pytest.mark.parametrize("offset_ms", [-30, 12])
@pytest.mark.parametrize("name", CASES)
async def test_sound_stays_where_it_was(
    name: str, offset_ms: int, service: MediaService, independent: object, tmp_path: Path
) -> None:
    ending, codec, rate = CASES[name]
    source, target = made(tmp_path / f"x.{ending}", codec, rate, offset_ms / 1000), tmp_path / "y.mp4"
    result = await service.write_prepared(source, target)
    assert isinstance(result, Prepared), result.findings
    moved = click(target) - click(source)
    assert abs(moved) <= MOST_S, f"{result.report.plan.kind.word}: {moved * 1000:.1f} ms"
