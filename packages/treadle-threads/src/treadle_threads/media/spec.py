"""What Threads takes, as data: each limit with how sure it is and where it is from.

``documented`` limits are in Meta's publishing documentation (posts page, as of 2026). ``seen`` are observed on real
answers. ``folklore`` is told by other tools without proof; folklore alone never stops a post.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from treadle_threads.media.finding import Basis

T = TypeVar("T")


READABLE = frozenset({"jpeg", "png", "gif", "webp", "tiff", "bmp", "ico", "psd", "heic", "heif", "avif", "jp2"})
"""Picture formats that can be converted where everything is installed that Treadle asks for."""


@dataclass(frozen=True, slots=True)
class Limit(Generic[T]):
    """A limit, how sure it is, and its source in a few words."""

    value: T
    basis: Basis = "documented"
    source: str = "Meta, Threads API: posts, media specifications"


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """Limits of a video. Bytes, seconds, frames per second, bits per second, pixels; aspect is width by height."""

    containers: Limit[frozenset[str]] = Limit(frozenset({"mp4", "mov"}))
    codecs: Limit[frozenset[str]] = Limit(frozenset({"h264", "hevc"}))
    safest_codec: Limit[str] = Limit(
        "h264", "folklore", "several posting tools name HEVC as the most common cause of a container's ERROR"
    )
    chroma: Limit[frozenset[str]] = Limit(frozenset({"4:2:0"}))
    bit_depth: Limit[int] = Limit(8, "folklore", "not in the documents; H.264 with more is decoded by few players")
    frame_rate_min: Limit[float] = Limit(23.0)
    frame_rate_max: Limit[float] = Limit(60.0)
    frame_rate_tolerance: float = 0.5
    """59.94 and 60.02 are 60: containers round."""
    irregular_share: Limit[float] = Limit(0.05, "folklore", "variable rates drift out of step when processed")
    columns_max: Limit[int] = Limit(1920)
    aspect_min: Limit[float] = Limit(0.01)
    aspect_max: Limit[float] = Limit(10.0)
    bit_rate_max: Limit[float] = Limit(100e6)
    bit_rate_2024: Limit[float] = Limit(25e6, "documented", "the same page in September 2024")
    duration_max_s: Limit[float] = Limit(300.0)
    cut_at_s: float = 299.9
    """Where a trim cuts: copying whole packets overshoots by up to 80 ms."""
    size_max: Limit[int] = Limit(1_000_000_000, "documented", "1 GB; decimal, the stricter reading")
    audio_codecs: Limit[frozenset[str]] = Limit(frozenset({"aac"}))
    audio_profiles: Limit[frozenset[str]] = Limit(
        frozenset({"LC", ""}), "folklore", "the document says AAC only; every known good file is AAC-LC"
    )
    audio_rate_max: Limit[int] = Limit(48_000)
    audio_channels_max: Limit[int] = Limit(2)
    audio_bit_rate: Limit[float] = Limit(128e3)
    audio_bit_rate_seen: Limit[float] = Limit(192e3, "seen", "Meta's own sample video carries 191 kbit/s")


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """Limits of a still picture. Bytes and pixels; aspect is the longer by the shorter side."""

    formats: Limit[frozenset[str]] = Limit(frozenset({"jpeg", "png"}))
    size_max: Limit[int] = Limit(8_000_000, "documented", "8 MB; decimal, the stricter reading")
    aspect_max: Limit[float] = Limit(10.0)
    width_min: Limit[int] = Limit(320, "documented", "smaller ones are scaled up by Meta, not refused")
    width_max: Limit[int] = Limit(1440, "documented", "wider ones are scaled down by Meta, not refused")
    colours: Limit[frozenset[str]] = Limit(
        frozenset({"rgb", "grey", "palette"}), "folklore", "CMYK is shown with wrong colours by most software"
    )
    bit_depth_max: Limit[int] = Limit(8, "folklore", "not in the documents")
    pixels_max: int = 120_000_000
    """More are refused before anything is decoded: a 100 KB file can claim a gigabyte of pixels."""


@dataclass(frozen=True, slots=True)
class ThreadsSpec:
    """Both together; the argument of :func:`treadle_threads.media.rules.validate`."""

    video: VideoSpec = VideoSpec()
    image: ImageSpec = ImageSpec()


THREADS = ThreadsSpec()
