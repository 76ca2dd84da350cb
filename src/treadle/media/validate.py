"""Holding a file's facts against what Threads takes. Pure: facts and limits in, findings out."""

from __future__ import annotations

from treadle.media.facts import MediaProbe, VideoFacts
from treadle.media.finding import Finding
from treadle.media.patterns import finding
from treadle.media.spec import THREADS, ThreadsSpec, VideoSpec
from treadle.media.validate_image import validate_image
from treadle.media.validate_sound import validate_sound
from treadle.media.words import clock, megabits, megabytes

_UNREADABLE = {
    "empty": "Upload the file again; the upload or the export went wrong.",
    "not_media": "Choose a JPEG, PNG, MP4 or MOV file.",
    "truncated": "Upload or export the file again; a part of it is missing.",
    "malformed": "Export the file again from where it was made.",
    "hostile": "Export the file again from where it was made.",
}


def validate(probe: MediaProbe, spec: ThreadsSpec = THREADS) -> list[Finding]:
    """Every finding about a file, worst first within picture, sound and packing. An empty list: fit as it is.

    An ``error`` needs a person, a ``repair`` is made right by Treadle, a ``remark`` stops nothing. A file that could
    not be read in full (``probe.complete`` false) is judged on what is known, and a finding says so.
    """
    if probe.problem is not None:
        message = f"{probe.detail} {_UNREADABLE[probe.problem]}"
        return [finding(probe.problem, "error", "file", message, got=probe.container or None, fix="reject")]
    if probe.kind == "image":
        return validate_image(probe, spec.image)
    return _video(probe, spec.video)


def _video(probe: MediaProbe, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    if probe.kind == "audio" or (probe.video is None and probe.complete):
        message = "The file has sound only. Threads publishes pictures and videos: add a picture track to it."
        return [finding("no_picture", "error", "video", message, fix="reject")]
    if probe.encrypted:
        message = (
            "The file is copy-protected (encrypted), so nobody but its player can read it. Use an unprotected export."
        )
        found.append(finding("encrypted", "error", "file", message, fix="reject"))
    if probe.external_reference:
        message = "The file only refers to other files for its sound or picture. Export it as one self-contained file."
        found.append(finding("external_reference", "error", "file", message, fix="reject"))
    if found:
        return found
    if probe.video is not None:
        found += _picture(probe, probe.video, spec)
    if probe.audio is not None:
        found += validate_sound(probe.audio, spec)
    found += _length(probe, spec)
    found += _packing(probe, spec)
    return found


def _picture(probe: MediaProbe, video: VideoFacts, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    if video.codec not in spec.codecs.value:
        message = (
            f"The video is encoded as {video.codec.upper()}; Threads takes H.264 and HEVC. It is encoded "
            "again as H.264."
        )
        found.append(
            finding(
                "video_codec",
                "repair",
                "video.codec",
                message,
                got=video.codec,
                limit=sorted(spec.codecs.value),
                fix="video",
            )
        )
    elif video.codec != spec.safest_codec.value:
        message = (
            "The video is HEVC (H.265). Meta's documents allow it, other tools report refusals: it is published as is, "
            "and as H.264 should Threads reject it."
        )
        found.append(
            finding(
                "hevc",
                "remark",
                "video.codec",
                message,
                got=video.codec,
                limit=spec.safest_codec.value,
                basis="folklore",
            )
        )
    if video.codec in spec.codecs.value:
        found += _sampling(video, spec)
    found += _frames(video, spec)
    found += _shape(video, spec)
    rate = video.bit_rate
    if rate is not None and rate > spec.bit_rate_max.value:
        message = f"The video runs at {megabits(rate)}; Threads takes up to {megabits(spec.bit_rate_max.value)}."
        found.append(
            finding(
                "bit_rate",
                "repair",
                "video.bit_rate",
                message + " It is encoded again at less.",
                got=round(rate),
                limit=spec.bit_rate_max.value,
                fix="video",
            )
        )
    elif rate is not None and rate > spec.bit_rate_2024.value:
        message = (
            f"The video runs at {megabits(rate)}. Meta's page says up to {megabits(spec.bit_rate_max.value)} and said "
            f"{megabits(spec.bit_rate_2024.value)} in 2024; it is published as it is."
        )
        found.append(
            finding(
                "bit_rate_high", "remark", "video.bit_rate", message, got=round(rate), limit=spec.bit_rate_2024.value
            )
        )
    return found


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
        return found
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
            f"{spec.aspect_max.value:g}:1. Crop it; Treadle does not cut people's pictures."
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


def _length(probe: MediaProbe, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    limit = spec.duration_max_s.value
    if probe.duration_s is not None and probe.duration_s > limit:
        message = (
            f"The video lasts {clock(probe.duration_s)} minutes; Threads takes up to {clock(limit)}. Cut it, or let "
            f"Treadle keep the first {clock(limit)} (on_too_long: trim)."
        )
        found.append(
            finding("duration", "error", "duration_s", message, got=round(probe.duration_s, 3), limit=limit, fix="trim")
        )
    elif probe.duration_s is None and probe.complete:
        message = "The video has no length: it holds no pictures one after the other. Export it again."
        found.append(finding("duration_zero", "error", "duration_s", message, got=0, limit=limit, fix="reject"))
    if probe.size is not None and probe.size > spec.size_max.value:
        message = f"The file has {megabytes(probe.size)}; Threads takes up to {megabytes(spec.size_max.value)}."
        found.append(
            finding(
                "file_size",
                "error",
                "size",
                message + " Export it smaller.",
                got=probe.size,
                limit=spec.size_max.value,
                fix="reject",
            )
        )
    return found


def _packing(probe: MediaProbe, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    if probe.container not in spec.containers.value:
        message = f"The file is {probe.container.upper()}; Threads takes MP4 and MOV. Its contents are packed anew."
        found.append(
            finding(
                "container",
                "repair",
                "container",
                message,
                got=probe.container,
                limit=sorted(spec.containers.value),
                fix="remux",
            )
        )
        return found
    kinds = {part.edit_list for part in (probe.video, probe.audio) if part is not None}
    if "real" in kinds:
        message = (
            "An edit list hides or delays a part of the recording; Threads wants none. It is applied and the "
            "video encoded again."
        )
        found.append(finding("edit_list", "repair", "edit_list", message, got="real", limit="none", fix="full"))
    elif "trivial" in kinds:
        message = (
            "A small edit list makes up for the encoder's delay; Threads wants none. It is taken out, nothing is lost."
        )
        found.append(
            finding("edit_list_trivial", "repair", "edit_list", message, got="trivial", limit="none", fix="patch")
        )
    if probe.fragmented:
        message = (
            "The file is in fragments, as made for streaming; Threads wants one index at its start. It is packed anew."
        )
        found.append(finding("fragmented", "repair", "fragmented", message, got=True, limit=False, fix="remux"))
    elif probe.index_first is False:
        message = (
            "The index (moov) stands at the end of the file; Threads wants it first. It is moved, nothing is lost."
        )
        found.append(finding("index_last", "repair", "index_first", message, got=False, limit=True, fix="patch"))
    if not probe.complete and not probe.fragmented:
        message = "The file could not be judged from the bytes read. It is looked at whole when it is prepared."
        found.append(finding("not_looked_at_whole", "repair", "file", message, got=list(probe.guesses), fix="remux"))
    if probe.extra_tracks:
        message = (
            f"The file holds {probe.extra_tracks} more track(s) than picture and sound; Threads does not show them."
        )
        found.append(finding("extra_tracks", "remark", "extra_tracks", message, got=probe.extra_tracks))
    return found
