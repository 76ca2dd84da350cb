"""Holding a file's facts against what Threads takes. Pure: facts and limits in, findings out."""

from __future__ import annotations

from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding
from treadle_threads.media.origin import origin
from treadle_threads.media.patterns import finding
from treadle_threads.media.spec import READABLE, THREADS, ThreadsSpec, VideoSpec
from treadle_threads.media.validate_image import validate_image
from treadle_threads.media.validate_picture import validate_picture
from treadle_threads.media.validate_sound import validate_sound
from treadle_threads.media.words import clock, megabytes

_UNREADABLE = {
    "empty": "Upload the file again; the upload or the export went wrong.",
    "not_media": "Choose a JPEG, PNG, MP4 or MOV file.",
    "truncated": "Upload or export the file again; a part of it is missing.",
    "malformed": "Export the file again from where it was made.",
    "hostile": "Export the file again from where it was made.",
}


def validate(
    probe: MediaProbe,
    spec: ThreadsSpec = THREADS,
    *,
    readable: frozenset[str] = READABLE,
    strip: bool = False,
) -> list[Finding]:
    """Every finding about a file, worst first within picture, sound and packing. An empty list: fit as it is.

    An ``error`` needs a person, a ``repair`` is made right by Treadle, a ``remark`` stops nothing. A file that could
    not be read in full (``probe.complete`` false) is judged on what is known, and a finding says so.

    ``readable`` are the picture formats that can be converted here. ``strip``: notes of where and with what it was
    taken are to be removed; otherwise they are remarked.
    """
    if probe.problem is not None:
        message = f"{probe.detail} {_UNREADABLE[probe.problem]}"
        return [finding(probe.problem, "error", "file", message, got=probe.container or None, fix="reject")]
    if probe.kind == "image":
        return validate_image(probe, spec.image, readable=readable, strip=strip)
    return _video(probe, spec.video, strip)


def _video(probe: MediaProbe, spec: VideoSpec, strip: bool) -> list[Finding]:
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
        found += validate_picture(probe.video, spec)
    if probe.audio is not None:
        found += validate_sound(probe.audio, spec)
    found += _length(probe, spec)
    found += _packing(probe, spec)
    found += _left_out(probe)
    fix = "remux" if probe.location_track else "patch"
    found += origin("video", probe.location, probe.device, strip=strip, fix=fix)
    return found


def _left_out(probe: MediaProbe) -> list[Finding]:
    """Tracks that no viewer on Threads sees, and that a repair leaves out."""
    found: list[Finding] = []
    if probe.subtitles:
        message = (
            f"The file holds {probe.subtitles} subtitle track(s). Threads shows none, and a repaired file has none: "
            "burn them into the picture if they are to be seen."
        )
        found.append(finding("subtitles", "remark", "subtitles", message, got=probe.subtitles))
    if (others := probe.extra_tracks - probe.subtitles) > 0:
        message = f"The file holds {others} more track(s) than picture and sound; Threads does not show them."
        found.append(finding("extra_tracks", "remark", "extra_tracks", message, got=others))
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
    return found
