"""The rules for a video's picture; :mod:`treadle_threads.media.rules` is the way in."""

from __future__ import annotations

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
        message = (
            f"The video is encoded as {video.codec.upper()}; Threads takes H.264 and HEVC. It is encoded "
            "again as H.264."
        )
        return finding(
            "video_codec",
            "repair",
            "video.codec",
            message,
            got=video.codec,
            limit=sorted(spec.codecs.value),
            fix="video",
        )
    if video.codec != spec.safest_codec.value:
        message = (
            "The video is HEVC (H.265). Meta's documents allow it, other tools report refusals: it is published as is, "
            "and as H.264 should Threads reject it."
        )
        return finding(
            "hevc",
            "remark",
            "video.codec",
            message,
            got=video.codec,
            limit=spec.safest_codec.value,
            basis="folklore",
        )
    return None


def _sampling(video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    if video.chroma is not None and video.chroma not in spec.chroma.value:
        message = f"The colours are stored as {video.chroma}; Threads takes 4:2:0. The picture is encoded again."
        found.append(finding("chroma", "repair", "video.chroma", message, got=video.chroma, limit="4:2:0", fix="video"))
    if video.bit_depth is not None and video.bit_depth > spec.bit_depth.value:
        if video.codec == "hevc" and video.bit_depth == 10:
            message = "The picture has 10 bits a colour (usual for HEVC from phones). It is published as it is."
            found.append(
                finding(
                    "bit_depth",
                    "remark",
                    "video.bit_depth",
                    message,
                    got=10,
                    limit=spec.bit_depth.value,
                    basis="folklore",
                )
            )
        else:
            message = (
                f"The picture has {video.bit_depth} bits a colour, which few players decode. It is encoded "
                "again with 8."
            )
            found.append(
                finding(
                    "bit_depth",
                    "repair",
                    "video.bit_depth",
                    message,
                    got=video.bit_depth,
                    limit=spec.bit_depth.value,
                    fix="video",
                    basis="folklore",
                )
            )
    if video.transfer:
        message = f"The video is HDR ({video.transfer.upper()}); Threads may show it paler or darker than it is."
        found.append(finding("hdr", "remark", "video.transfer", message, got=video.transfer, basis="folklore"))
    if video.open_gop:
        message = "Groups of pictures depend on each other (open GOP); Threads wants them closed. It is encoded again."
        found.append(finding("open_gop", "repair", "video.open_gop", message, got=True, limit=False, fix="video"))
    if video.parameter_sets_in_band:
        message = f"The track is tagged '{video.fourcc}', which some readers do not open; the tag is changed."
        found.append(
            finding(
                "parameter_sets", "repair", "video.fourcc", message, got=video.fourcc, fix="remux", basis="folklore"
            )
        )
    return found


def _frames(video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    rate = video.frame_rate
    low, high = spec.frame_rate_min, spec.frame_rate_max
    if rate is not None and not low.value <= rate <= high.value + spec.frame_rate_tolerance:
        message = (
            f"The video has {rate:.4g} frames a second; Threads takes {low.value:g} to {high.value:g}. It becomes "
            f"{'30' if rate < low.value else '60'}."
        )
        found.append(
            finding(
                "frame_rate",
                "repair",
                "video.frame_rate",
                message,
                got=round(rate, 3),
                limit=[low.value, high.value],
                fix="video",
            )
        )
    share = video.irregular_share
    if share is not None and share > spec.irregular_share.value:
        message = (
            f"The frame rate varies: {share:.0%} of the frames are off beat, and sound and picture may drift apart "
            "when Threads processes it. It is encoded again at a steady rate."
        )
        found.append(
            finding(
                "frame_rate_varies",
                "repair",
                "video.frame_rate",
                message,
                got=round(share, 3),
                limit=spec.irregular_share.value,
                fix="video",
                basis="folklore",
            )
        )
    if video.interlaced:
        message = "The video is interlaced; Threads takes progressive pictures. It is encoded again."
        found.append(finding("interlaced", "repair", "video.interlaced", message, got=True, limit=False, fix="video"))
    elif video.may_be_interlaced and video.interlaced is None:
        message = "The header allows interlaced pictures; whether there are any shows only when the file is read whole."
        found.append(finding("may_be_interlaced", "remark", "video.interlaced", message))
    return found


def _shape(video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    width, height = video.shown_size
    if not width or not height:
        if video.frames:
            message = "The picture has no size (0x0), and nothing in its stream tells it. Export it again."
            found.append(finding("no_size", "error", "video.width", message, got=[0, 0], fix="reject"))
        return found
    if video.size_missing:
        message = f"The file gives its picture no size; the stream in it is {width}x{height}. It is packed anew."
        found.append(finding("size_missing", "repair", "video.width", message, got=[0, 0], fix="remux"))
    if width > spec.columns_max.value:
        message = f"The video is {width} pixels wide; Threads takes up to {spec.columns_max.value}. It is scaled down."
        found.append(
            finding("columns", "repair", "video.width", message, got=width, limit=spec.columns_max.value, fix="video")
        )
    if video.width % 2 or video.height % 2:
        message = (
            f"The stored size {video.width}x{video.height} is odd; encoders want even sizes. It is scaled by a pixel."
        )
        found.append(
            finding(
                "odd_size",
                "repair",
                "video.width",
                message,
                got=[video.width, video.height],
                fix="video",
                basis="folklore",
            )
        )
    if video.pixel_aspect[0] != video.pixel_aspect[1]:
        message = (
            f"The pixels are not square ({video.pixel_aspect[0]}:{video.pixel_aspect[1]}); players that "
            "ignore it distort."
        )
        found.append(
            finding(
                "pixel_aspect", "remark", "video.pixel_aspect", message, got=list(video.pixel_aspect), basis="folklore"
            )
        )
    aspect = width / height
    if not spec.aspect_min.value <= aspect <= spec.aspect_max.value:
        message = (
            f"The picture is {width}x{height}, a shape of {aspect:.3g}:1; Threads takes {spec.aspect_min.value:g}:1 to "
            f"{spec.aspect_max.value:g}:1. Crop it; Treadle does not crop."
        )
        found.append(
            finding(
                "aspect",
                "error",
                "video.aspect",
                message,
                got=round(aspect, 4),
                limit=[spec.aspect_min.value, spec.aspect_max.value],
                fix="reject",
            )
        )
    return found


def _bit_rate(video: VideoFacts, spec: VideoSpec) -> Finding | None:
    rate = video.bit_rate
    if rate is None:
        return None
    if rate > spec.bit_rate_max.value:
        message = f"The video runs at {megabits(rate)}; Threads takes up to {megabits(spec.bit_rate_max.value)}."
        return finding(
            "bit_rate",
            "repair",
            "video.bit_rate",
            message + " It is encoded again at less.",
            got=round(rate),
            limit=spec.bit_rate_max.value,
            fix="video",
        )
    if rate > spec.bit_rate_2024.value:
        message = (
            f"The video runs at {megabits(rate)}. Meta's page says up to {megabits(spec.bit_rate_max.value)} and said "
            f"{megabits(spec.bit_rate_2024.value)} in 2024; it is published as it is."
        )
        return finding(
            "bit_rate_high", "remark", "video.bit_rate", message, got=round(rate), limit=spec.bit_rate_2024.value
        )
    return None
