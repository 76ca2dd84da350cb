"""Small real pictures and videos, made when they are asked for: for the demo, the sandbox and tests.

Everything is drawn and encoded here with Pillow and PyAV, so that no binary file lies in the repository. Each function
writes the file and returns its path; none takes longer than two seconds on one core.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PIL import Image, ImageDraw

from treadle_threads.media.worker.transcode import MUXER

if TYPE_CHECKING:
    import av


@dataclass(frozen=True, slots=True)
class VideoRecipe:
    """What a sample video is made of. Sizes in pixels, rates in hertz, times in seconds.

    ``flash_every`` turns the picture white for a tenth of a second and beeps at the same time, so that the distance of
    sound and picture can be measured.
    """

    seconds: float = 3.0
    width: int = 640
    height: int = 360
    fps: Fraction = Fraction(30)
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=lambda: {"preset": "ultrafast", "crf": "28", "bf": "0"})
    key_every: int = 60
    tag: str = ""
    audio_codec: str = "aac"
    audio_rate: int = 48_000
    audio_layout: str = "stereo"
    audio_bit_rate: int = 96_000
    format: str = "mp4"
    writer: Mapping[str, str] = field(default_factory=lambda: dict(MUXER))
    flash_every: float = 0.0
    still: bool = False


def picture(path: Path, *, size: tuple[int, int] = (1080, 1080), text: str = "Treadle", quality: int = 88) -> Path:
    """A JPEG or PNG (by the name's ending) with a gradient and a word on it."""
    _drawing(size, text).save(path, quality=quality)
    return path


def good_video(path: Path, *, seconds: float = 3.0) -> Path:
    """An MP4 that Threads takes as it is: H.264, AAC, 30 frames a second, index first, no edit list."""
    return video(path, VideoRecipe(seconds=seconds))


def wrong_codec_video(path: Path, *, seconds: float = 2.0) -> Path:
    """An MP4 whose picture is MPEG-4 part 2, which Threads refuses; its sound is in order."""
    return video(path, VideoRecipe(seconds=seconds, codec="mpeg4", options={"qscale": "5"}))


def too_long_video(path: Path, *, seconds: float = 310.0) -> Path:
    """A good MP4 in everything but its length: over 300 seconds of a still picture at 24 frames a second."""
    return video(
        path,
        VideoRecipe(
            seconds=seconds, width=128, height=128, fps=Fraction(24), still=True, key_every=240, audio_rate=16_000,
            audio_layout="mono", audio_bit_rate=24_000,
            options={"preset": "ultrafast", "crf": "40", "bf": "0", "tune": "zerolatency"},
        ),
    )  # fmt: skip


def index_last_video(path: Path, *, seconds: float = 3.0) -> Path:
    """A good MP4 whose index stands at its end and that has an edit list: repaired without encoding."""
    recipe = VideoRecipe(seconds=seconds, writer={}, options={"preset": "ultrafast", "crf": "28", "bf": "2"})
    return video(path, recipe)


def wrong_sound_video(path: Path, *, seconds: float = 3.0) -> Path:
    """An MP4 whose sound is MP3: only the sound has to be encoded again."""
    return video(path, VideoRecipe(seconds=seconds, audio_codec="libmp3lame", audio_bit_rate=128_000))


def video(path: Path, recipe: VideoRecipe) -> Path:
    """Write a video after a recipe. An ``audio_codec`` of ``""`` leaves the sound out."""
    import av

    with av.open(str(path), "w", format=recipe.format, options=dict(recipe.writer)) as out:
        picture_stream = cast(
            "av.VideoStream", out.add_stream(recipe.codec, rate=recipe.fps, options=dict(recipe.options))
        )
        picture_stream.width, picture_stream.height = recipe.width, recipe.height
        picture_stream.pix_fmt = recipe.pixel_format
        picture_stream.gop_size = recipe.key_every
        if recipe.tag:
            picture_stream.codec_context.codec_tag = recipe.tag
        sound: av.AudioStream | None = None
        if recipe.audio_codec:
            sound = cast("av.AudioStream", out.add_stream(recipe.audio_codec, rate=recipe.audio_rate))
            sound.layout = recipe.audio_layout
            sound.bit_rate = recipe.audio_bit_rate
        tones = _tones(recipe, sound.codec_context.frame_size or 1024) if sound is not None else iter(())
        for number, frame in enumerate(_frames(recipe)):
            out.mux(picture_stream.encode(frame))
            while sound is not None and (tone := next(tones, None)) is not None:
                out.mux(sound.encode(tone))
                if (tone.pts or 0) >= (number + 1) / recipe.fps * recipe.audio_rate:
                    break
        for tone in tones:
            assert sound is not None
            out.mux(sound.encode(tone))
        out.mux(picture_stream.encode(None))
        if sound is not None:
            out.mux(sound.encode(None))
    return path


def flashes(recipe: VideoRecipe, time: float) -> bool:
    """Whether picture and sound of such a recipe are bright and loud at ``time``."""
    return bool(recipe.flash_every) and math.fmod(time + 1e-9, recipe.flash_every) < 0.1 and time >= recipe.flash_every


def _drawing(size: tuple[int, int], text: str) -> Image.Image:
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    canvas = Image.merge("RGB", (across, down, Image.new("L", size, 150)))
    draw = ImageDraw.Draw(canvas)
    draw.text((size[0] // 2, size[1] // 2), text, fill="white", anchor="mm", font_size=max(8, size[1] // 8))
    return canvas


def _frame(image: Image.Image, pixel_format: str) -> av.VideoFrame:
    from av import VideoFrame

    frame: av.VideoFrame = VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
    return frame.reformat(format=pixel_format)


def _frames(recipe: VideoRecipe) -> Iterator[av.VideoFrame]:
    size = (recipe.width, recipe.height)
    count = round(recipe.seconds * recipe.fps)
    backdrop = _drawing(size, "Treadle")
    base, white, black = (
        _frame(image, recipe.pixel_format)
        for image in (backdrop, Image.new("RGB", size, "white"), Image.new("RGB", size, "black"))
    )
    for number in range(count):
        time = float(number / recipe.fps)
        if recipe.flash_every:
            frame = white if flashes(recipe, time) else black
        elif recipe.still:
            frame = base
        else:
            canvas = backdrop.copy()
            reach = max(2, size[0] // 10)
            left = round((number * 4) % max(1, size[0] - reach))
            ImageDraw.Draw(canvas).rectangle(
                (left, size[1] * 3 // 4, left + reach, size[1] * 3 // 4 + reach), fill="white"
            )
            frame = _frame(canvas, recipe.pixel_format)
        frame.pts = number
        frame.time_base = 1 / recipe.fps
        yield frame


def _tones(recipe: VideoRecipe, frame_size: int) -> Iterator[av.AudioFrame]:
    import av

    rate = recipe.audio_rate
    total = round(recipe.seconds * rate)
    for start in range(0, total, frame_size):
        length = min(frame_size, total - start)
        frame = av.AudioFrame(format="s16", layout="mono", samples=length)
        frame.planes[0].update(_samples(recipe, start, length))
        frame.sample_rate = rate
        frame.pts = start
        frame.time_base = Fraction(1, rate)
        yield frame


def _samples(recipe: VideoRecipe, start: int, length: int) -> bytes:
    from array import array

    rate = recipe.audio_rate
    if recipe.still:
        return bytes(length * 2)
    step = 2 * math.pi * 440 / rate
    if not recipe.flash_every:
        return array("h", (int(6000 * math.sin(step * n)) for n in range(start, start + length))).tobytes()
    return array(
        "h",
        (int(16000 * math.sin(2 * step * n)) if flashes(recipe, n / rate) else 0 for n in range(start, start + length)),
    ).tobytes()
