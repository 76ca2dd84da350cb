"""The rules for a video's picture; :mod:`treadle_threads.media.rules` is the way in."""

from __future__ import annotations

from typing import Any

from treadle_threads.media.facts import VideoFacts
from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import finding
from treadle_threads.media.spec import VideoSpec
from treadle_threads.media.words import megabits


def validate_picture(video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    """What is wrong with the picture: encoding, sampling, frames, shape, bit rate."""
    found: list[Finding] = []
    encoding = _encoding(video, spec)
    if encoding is not None:
        found.append(encoding)
    if video.codec in spec.codecs.value:
        found += _sampling(video, spec)
    found += _frames(video, spec)
    found += _shape(video, spec)
    rate = _bit_rate(video, spec)
    if rate is not None:
        found.append(rate)
    return found


def _encoding(video: VideoFacts, spec: VideoSpec) -> Finding | None:
    if video.codec not in spec.codecs.value:
        return finding("video_codec", got=video.codec, limit=sorted(spec.codecs.value), name=video.codec.upper())
    if video.codec != spec.safest_codec.value:
        return finding("hevc", got=video.codec, limit=spec.safest_codec.value)
    return None


def _sampling(video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    if video.chroma is not None and video.chroma not in spec.chroma.value:
        found.append(finding("chroma", got=video.chroma, limit="4:2:0"))
    if video.bit_depth is not None and video.bit_depth > spec.bit_depth.value:
        of_phones = video.codec == "hevc" and video.bit_depth == 10
        says = "bit_depth_of_phones" if of_phones else "bit_depth"
        found.append(finding(says, got=video.bit_depth, limit=spec.bit_depth.value))
    if video.transfer:
        found.append(finding("hdr", got=video.transfer, name=video.transfer.upper()))
    if video.open_gop:
        found.append(finding("open_gop", got=True, limit=False))
    if video.parameter_sets_in_band:
        found.append(finding("parameter_sets", got=video.fourcc))
    return found


def _frames(video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    rate = video.frame_rate
    low, high = spec.frame_rate_min.value, spec.frame_rate_max.value
    if rate is not None and not low <= rate <= high + spec.frame_rate_tolerance:
        aim = 30 if rate < low else 60
        args: dict[str, Any] = {"rate": rate, "low": low, "high": high, "aim": aim}
        found.append(finding("frame_rate", got=round(rate, 3), limit=[low, high], **args))
    share = video.irregular_share
    if share is not None and share > spec.irregular_share.value:
        found.append(finding("frame_rate_varies", got=round(share, 3), limit=spec.irregular_share.value, share=share))
    if video.interlaced:
        found.append(finding("interlaced", got=True, limit=False))
    elif video.may_be_interlaced and video.interlaced is None:
        found.append(finding("may_be_interlaced"))
    return found


def _shape(video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    width, height = video.shown_size
    if not width or not height:
        return [finding("no_size", got=[0, 0])] if video.frames else []
    if video.size_missing:
        found.append(finding("size_missing", got=[0, 0], width=width, height=height))
    if width > spec.columns_max.value:
        found.append(finding("columns", got=width, limit=spec.columns_max.value))
    if video.width % 2 or video.height % 2:
        stored: dict[str, Any] = {"width": video.width, "height": video.height}
        found.append(finding("odd_size", got=[video.width, video.height], **stored))
    across, down = video.pixel_aspect
    if across != down:
        found.append(finding("pixel_aspect", got=[across, down], across=across, down=down))
    shape, least, most = width / height, spec.aspect_min.value, spec.aspect_max.value
    if not least <= shape <= most:
        args: dict[str, Any] = {"width": width, "height": height, "shape": shape, "least": least, "most": most}
        found.append(finding("aspect", got=round(shape, 4), limit=[least, most], **args))
    return found


def _bit_rate(video: VideoFacts, spec: VideoSpec) -> Finding | None:
    rate = video.bit_rate
    if rate is None:
        return None
    most, earlier = spec.bit_rate_max.value, spec.bit_rate_2024.value
    args: dict[str, Any] = {"rate": megabits(rate), "most": megabits(most), "earlier": megabits(earlier)}
    if rate > most:
        return finding("bit_rate", got=round(rate), limit=most, **args)
    return finding("bit_rate_high", got=round(rate), limit=earlier, **args) if rate > earlier else None
