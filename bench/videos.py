"""Videos for the benchmarks: made on the spot, large because they are long, with the index first or last."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av

SECONDS = 4
RATE = 30


def clip(path: Path, width: int = 1280, height: int = 720, sound: str = "aac") -> Path:
    """Four seconds of noise that moves: as hard on an encoder, and as large, as real film."""
    with av.open(str(path), "w", format="mp4") as out:
        picture = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "36", "bf": "2"})
        picture.width, picture.height, picture.pix_fmt, picture.gop_size = width, height, "yuv420p", 60
        tone = out.add_stream(sound, rate=48_000)
        assert isinstance(tone, av.AudioStream)
        tone.layout = "stereo"
        tone.bit_rate = 128_000
        luma = os.urandom(width * height * 2)
        for number in range(SECONDS * RATE):
            frame = av.VideoFrame(width, height, "yuv420p")
            shift = (number * 977) % (width * height)
            frame.planes[0].update(luma[shift : shift + frame.planes[0].buffer_size])
            for plane in frame.planes[1:]:
                plane.update(bytes([128]) * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(picture.encode(frame))
        size = tone.codec_context.frame_size or 1024
        for number in range(SECONDS * 48_000 // size):
            quiet = av.AudioFrame("s16" if sound == "pcm_s16le" else "fltp", "stereo", size)
            for channel in quiet.planes:
                channel.update(bytes(channel.buffer_size))
            quiet.sample_rate, quiet.pts, quiet.time_base = 48_000, number * size, Fraction(1, 48_000)
            out.mux(tone.encode(quiet))
        out.mux(picture.encode(None))
        out.mux(tone.encode(None))
    return path


def lengthen(source: Path, path: Path, times: int, index_first: bool) -> Path:
    """The clip ``times`` over, its packets copied."""
    writer = {"movflags": "+faststart"} if index_first else {}
    with av.open(str(source)) as first, av.open(str(path), "w", format="mp4", options=writer) as out:
        targets = {s.index: out.add_stream_from_template(s) for s in first.streams}
        for turn in range(times):
            first.seek(0)
            for packet in first.demux():
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                offset = int(turn * SECONDS / packet.time_base)
                packet.pts += offset
                packet.dts += offset
                packet.stream = targets[packet.stream.index]
                out.mux(packet)
    return path
