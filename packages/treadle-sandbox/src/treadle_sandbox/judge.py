"""Judging a fetched file by Threads' rules. The only place that knows how files are probed.

The facts are those of :mod:`treadle_threads.media.probe`; the rules are written here again, from Meta's media
specifications, so that the sandbox can disagree with the product's own preflight. Which of Meta's words a fault gets is
documented for the
plain cases (``INVALID_DURATION``, ``INVALID_FRAME_RATE`` ...) and a guess for the rest, which end as
``FAILED_PROCESSING_VIDEO``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from treadle_sandbox.fetcher import Fetched
from treadle_sandbox.options import Options

if TYPE_CHECKING:
    from treadle_threads.media.facts import AudioFacts, MediaProbe, VideoFacts

MIN_FPS, MAX_FPS, FPS_TOLERANCE = 23.0, 60.0, 0.5
MAX_COLUMNS = 1920
MIN_ASPECT, MAX_ASPECT = 0.01, 10.0
MAX_SECONDS = 300.0
MAX_SAMPLE_RATE = 48_000
MAX_CHANNELS = 2
FAILED = "FAILED_PROCESSING_VIDEO"

_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
}


async def _probe(fetched: Fetched) -> MediaProbe:
    """The facts, read off the event loop; the content type is told by the bytes, never by what the host said."""
    from treadle_threads.media.probe import probe_file

    assert fetched.path is not None
    probe = await asyncio.to_thread(probe_file, fetched.path)
    fetched.content_type = _TYPES.get(probe.container, "")
    return probe


async def judge_image(options: Options, fetched: Fetched) -> str | None:
    """The named answer a wrong image gets (``UNKNOWN``: its container ends in ERROR), ``None`` for a good one."""
    if fetched.truncated or fetched.size > options.max_image_bytes:
        return "image_too_large"
    probe = await _probe(fetched)
    if probe.kind == "unknown" and probe.problem in (None, "empty", "not_media"):
        return "media_fetch_failed_9004"
    if probe.image is None or probe.problem is not None:
        return "image_format"
    if probe.container == "webp":
        if options.webp == "error":
            return "UNKNOWN"
    elif probe.container not in ("jpeg", "png"):
        return "image_format"
    width, height = probe.image.shown_size
    if not width or not height or max(width, height) > MAX_ASPECT * min(width, height):
        return "image_aspect"
    return None


async def judge_video(options: Options, fetched: Fetched) -> str | None:
    """The ``error_message`` a wrong video ends with, ``None`` for a good one."""
    if fetched.truncated:
        return "UNKNOWN"  # over 1 GB; the word is a guess
    return video_error(options, await _probe(fetched))


def video_error(options: Options, probe: MediaProbe) -> str | None:
    """Container, then length, picture, rates, sound: the first rule that is broken gives the word."""
    video = probe.video
    if probe.problem is not None or probe.container not in ("mp4", "mov") or video is None:
        return FAILED
    if probe.fragmented or probe.encrypted or probe.external_reference:
        return FAILED
    if probe.index_first is False and options.moov_at_end == "error":
        return FAILED
    length = probe.duration_s if probe.duration_s is not None else video.duration_s
    if length is not None and not 0 < length <= MAX_SECONDS:
        return "INVALID_DURATION"
    return _picture_error(options, video) or (_sound_error(options, probe.audio) if probe.audio is not None else None)


def _picture_error(options: Options, video: VideoFacts) -> str | None:
    codecs = ("h264", "hevc") if options.accept_hevc else ("h264",)
    if video.codec not in codecs or video.chroma not in (None, "4:2:0") or video.interlaced or video.open_gop:
        return FAILED
    if video.edit_list == "real" and options.edit_lists != "accept":
        return FAILED
    if video.edit_list == "trivial" and options.edit_lists == "any":
        return FAILED
    width, height = video.shown_size
    if not width or not height or not MIN_ASPECT <= width / height <= MAX_ASPECT:
        return "INVALID_ASPEC_RATIO"
    if width > MAX_COLUMNS:
        return FAILED
    rate = video.frame_rate
    if rate is not None and not MIN_FPS - FPS_TOLERANCE <= rate <= MAX_FPS + FPS_TOLERANCE:
        return "INVALID_FRAME_RATE"
    if video.bit_rate is not None and video.bit_rate > options.max_video_mbps * 1_000_000:
        return "INVALID_BIT_RATE"
    return None


def _sound_error(options: Options, audio: AudioFacts) -> str | None:
    if audio.codec != "aac":
        return "FAILED_PROCESSING_AUDIO"
    if audio.channels == 0:
        return "INVALID_AUDIO_CHANNEL_LAYOUT"
    if audio.channels is not None and audio.channels > MAX_CHANNELS:
        return "INVALID_AUDIO_CHANNELS"
    if audio.sample_rate is not None and audio.sample_rate > MAX_SAMPLE_RATE:
        return "FAILED_PROCESSING_AUDIO"
    cap = options.max_audio_kbps
    if cap is not None and audio.bit_rate is not None and audio.bit_rate > cap * 1000:
        return "INVALID_BIT_RATE"
    return None
