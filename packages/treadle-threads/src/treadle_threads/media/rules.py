"""Holding a file's facts against what Threads takes. Pure: facts and limits in, findings out."""

from __future__ import annotations

from typing import Any

from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding
from treadle_threads.media.origin import origin
from treadle_threads.media.patterns import finding
from treadle_threads.media.spec import READABLE, THREADS, ThreadsSpec, VideoSpec
from treadle_threads.media.validate_image import validate_image
from treadle_threads.media.validate_picture import validate_picture
from treadle_threads.media.validate_sound import validate_sound
from treadle_threads.media.words import clock, megabytes


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
        return [finding(probe.problem, got=probe.container or None, detail=probe.detail)]
    if probe.kind == "image":
        return validate_image(probe, spec.image, readable=readable, strip=strip)
    return _video(probe, spec.video, strip)


def _video(probe: MediaProbe, spec: VideoSpec, strip: bool) -> list[Finding]:
    found: list[Finding] = []
    if probe.kind == "audio" or (probe.video is None and probe.complete):
        return [finding("no_picture")]
    if probe.encrypted:
        found.append(finding("encrypted"))
    if probe.external_reference:
        found.append(finding("external_reference"))
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
        found.append(finding("subtitles", got=probe.subtitles))
    if (others := probe.extra_tracks - probe.subtitles) > 0:
        found.append(finding("extra_tracks", got=others))
    return found


def _length(probe: MediaProbe, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    limit = spec.duration_max_s.value
    if probe.duration_s is not None and probe.duration_s > limit:
        args: dict[str, Any] = {"length": clock(probe.duration_s), "longest": clock(limit)}
        found.append(finding("duration", got=round(probe.duration_s, 3), limit=limit, **args))
    elif probe.duration_s is None and probe.complete:
        found.append(finding("duration_zero", got=0, limit=limit))
    most = spec.size_max.value
    if probe.size is not None and probe.size > most:
        found.append(finding("file_size", got=probe.size, limit=most, size=megabytes(probe.size), most=megabytes(most)))
    return found


def _packing(probe: MediaProbe, spec: VideoSpec) -> list[Finding]:
    found: list[Finding] = []
    if probe.container not in spec.containers.value:
        limit = sorted(spec.containers.value)
        return [finding("container", got=probe.container, limit=limit, name=probe.container.upper())]
    kinds = {part.edit_list for part in (probe.video, probe.audio) if part is not None}
    if "real" in kinds:
        found.append(finding("edit_list", got="real", limit="none"))
    elif "trivial" in kinds:
        found.append(finding("edit_list_trivial", got="trivial", limit="none"))
    if probe.fragmented:
        found.append(finding("fragmented", got=True, limit=False))
    elif probe.index_first is False:
        found.append(finding("index_last", got=False, limit=True))
    if not probe.complete and not probe.fragmented:
        found.append(finding("not_looked_at_whole", got=list(probe.guesses)))
    return found
