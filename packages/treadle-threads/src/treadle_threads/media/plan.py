"""From findings to the least repair. Pure: the same facts and findings give the same plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding, RepairKind
from treadle_threads.media.spec import THREADS, ThreadsSpec

Stream = Literal["copy", "encode", "drop"]
TooLong = Literal["refuse", "trim"]

_WORDS = {
    RepairKind.NONE: "Nothing. It can be published as it is.",
    RepairKind.COPY: "The file is copied to this server.",
    RepairKind.PATCH: "The index is rewritten. Video and audio stay the same, byte for byte.",
    RepairKind.REMUX: "Video and audio are copied into a new MP4. Nothing is re-encoded.",
    RepairKind.TRIM: "The beginning is kept and the rest is cut off. Nothing is re-encoded.",
    RepairKind.AUDIO: "The audio is re-encoded. The video is copied.",
    RepairKind.VIDEO: "The video is re-encoded. The audio is copied.",
    RepairKind.FULL: "Video and audio are re-encoded.",
    RepairKind.IMAGE: "The image is converted.",
    RepairKind.REJECT: "Treadle can't repair this file.",
}


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What would be done. ``trim_to`` in seconds; ``frame_rate`` a steady rate to set; ``max_width`` in pixels.

    ``reasons`` are the codes of the findings it removes. ``image`` is true for still pictures, ``animate`` for moving
    ones that become a video.
    """

    kind: RepairKind
    video: Stream = "copy"
    audio: Stream = "copy"
    trim_to: float | None = None
    frame_rate: int | None = None
    deinterlace: bool = False
    max_width: int = 1920
    image: bool = False
    animate: bool = False
    inspect: bool = False
    reasons: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """One sentence for people."""
        if self.animate:
            return "The animated image becomes a short video without sound."
        return _WORDS[self.kind]

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        data.update(kind=self.kind.word, reasons=list(self.reasons), words=self.words)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RepairPlan:
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        known["kind"] = RepairKind[str(data["kind"]).upper()]
        known["reasons"] = tuple(known.get("reasons") or ())
        return cls(**known)


def plan(
    probe: MediaProbe | None,
    findings: Sequence[Finding],
    *,
    on_too_long: TooLong = "refuse",
    spec: ThreadsSpec = THREADS,
    conservative: bool = False,
) -> RepairPlan:
    """The cheapest repair that removes every ``error`` and ``repair`` among ``findings``.

    ``on_too_long="trim"`` allows cutting at the limit. ``conservative`` also encodes what is only disputed (HEVC, 10
    bits, HDR, variable pixel shapes) to H.264: the way back after Threads refused a file.
    """
    blocking = [item for item in findings if item.severity != "remark"]
    if conservative:
        blocking += [item for item in findings if item.code in ("hevc", "bit_depth", "hdr", "bit_rate_high")]
    trims = [item for item in blocking if item.fix_kind is RepairKind.TRIM]
    reasons = tuple(item.code for item in blocking)
    hopeless = any(item.fix_kind is RepairKind.REJECT for item in blocking)
    if hopeless or probe is None or (trims and on_too_long == "refuse"):
        return RepairPlan(RepairKind.REJECT, reasons=reasons)
    if not blocking:
        return RepairPlan(RepairKind.NONE, audio=_audio_stream(probe, False), inspect=_wants_inspection(probe))
    if probe.kind == "image":
        return _image_plan(probe, blocking, reasons)
    return _video_plan(probe, blocking, reasons, spec, trim=bool(trims), conservative=conservative)


def _image_plan(probe: MediaProbe, blocking: Sequence[Finding], reasons: tuple[str, ...]) -> RepairPlan:
    if all(item.fix_kind is RepairKind.COPY for item in blocking):
        return RepairPlan(RepairKind.COPY, image=True, reasons=reasons)
    if probe.image is not None and probe.image.animated:
        return RepairPlan(RepairKind.FULL, "encode", "drop", image=True, animate=True, reasons=reasons)
    return RepairPlan(RepairKind.IMAGE, image=True, reasons=reasons)


def _video_plan(
    probe: MediaProbe,
    blocking: Sequence[Finding],
    reasons: tuple[str, ...],
    spec: ThreadsSpec,
    *,
    trim: bool,
    conservative: bool,
) -> RepairPlan:
    fixes = {item.fix_kind for item in blocking}
    full = RepairKind.FULL in fixes
    picture = full or RepairKind.VIDEO in fixes or (conservative and bool(fixes))
    sound = probe.audio is not None and (full or RepairKind.AUDIO in fixes)
    if picture and sound:
        kind = RepairKind.FULL
    elif picture:
        kind = RepairKind.VIDEO
    elif sound:
        kind = RepairKind.AUDIO
    elif trim:
        kind = RepairKind.TRIM
    else:
        kind = max(fixes)
    video = probe.video
    codes = set(reasons)
    return RepairPlan(
        kind,
        video="encode" if picture else "copy",
        audio=_audio_stream(probe, sound),
        trim_to=spec.video.cut_at_s if trim else None,
        frame_rate=_steady_rate(probe, spec) if codes & {"frame_rate", "frame_rate_varies"} else None,
        deinterlace=bool(video and video.interlaced),
        max_width=spec.video.columns_max.value,
        inspect=_wants_inspection(probe) or kind > RepairKind.PATCH,
        reasons=reasons,
    )


def _audio_stream(probe: MediaProbe, encode: bool) -> Stream:
    if probe.audio is None and probe.complete:
        return "drop"
    return "encode" if encode else "copy"


def _wants_inspection(probe: MediaProbe) -> bool:
    """Whether only reading the whole file can tell: other containers, fragments, a header that allows interlacing."""
    if probe.kind == "image":
        return False
    return not probe.complete or bool(probe.video and probe.video.may_be_interlaced and probe.video.interlaced is None)


def _steady_rate(probe: MediaProbe, spec: ThreadsSpec) -> int:
    """Where frames mostly come at a rate that is allowed, that one; too slow becomes 30, too fast 60."""
    video = probe.video
    rate = (video.frame_rate_median or video.frame_rate) if video is not None else None
    if rate is None or rate < spec.video.frame_rate_min.value:
        return 30
    return round(max(24.0, min(rate, spec.video.frame_rate_max.value)))
