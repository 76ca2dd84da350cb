"""The facts of a media file, as far as they were read. Frozen values that turn themselves into JSON and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["image", "video", "audio", "unknown"]
EditList = Literal["none", "trivial", "real"]
Problem = Literal["empty", "not_media", "truncated", "malformed", "hostile"]


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """The main picture track. ``width`` and ``height`` are as stored, before ``rotation`` (degrees clockwise, 0-359).

    Rates are frames per second and bits per second. ``None`` is "not known from what was read". ``interlaced`` read
    from a stream's header alone is only a hint (encoders set it without need); then it is ``None`` and
    ``may_be_interlaced`` is true. ``size_missing``: the container has no size, the stream's own is given.
    """

    codec: str
    fourcc: str = ""
    width: int = 0
    height: int = 0
    rotation: int = 0
    mirrored: bool = False
    pixel_aspect: tuple[int, int] = (1, 1)
    frames: int | None = None
    frame_rate: float | None = None
    frame_rate_median: float | None = None
    irregular_share: float | None = None
    duration_s: float | None = None
    bit_rate: float | None = None
    profile: str = ""
    level: float | None = None
    chroma: str | None = None
    bit_depth: int | None = None
    interlaced: bool | None = None
    may_be_interlaced: bool = False
    transfer: str = ""
    open_gop: bool | None = None
    edit_list: EditList = "none"
    parameter_sets_in_band: bool = False
    size_missing: bool = False

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as seen: pixel aspect and rotation applied."""
        across, down = self.pixel_aspect
        width = round(self.width * across / down) if down else self.width
        return (self.height, width) if self.rotation % 180 == 90 else (width, self.height)


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """The main sound track. ``profile`` is ``"LC"``, ``"HE"``, ``"HEv2"`` ... for AAC; ``sample_rate`` in Hz."""

    codec: str
    fourcc: str = ""
    profile: str = ""
    channels: int | None = None
    sample_rate: int | None = None
    bit_rate: float | None = None
    duration_s: float | None = None
    edit_list: EditList = "none"
    offset_s: float | None = None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """A still picture. ``width`` and ``height`` are as stored; ``orientation`` is EXIF's 1-8.

    ``colour`` is ``grey``, ``rgb``, ``palette`` or ``cmyk``. ``profile`` is the name of an embedded colour profile,
    ``"embedded"`` when its name was not read, empty when there is none. ``location``: its notes (EXIF, XMP)
    hold a position; ``device``: the make or model of what took it.
    """

    format: str
    width: int
    height: int
    bit_depth: int | None = None
    colour: str | None = None
    alpha: bool | None = None
    orientation: int = 1
    profile: str = ""
    animated: bool | None = None
    location: bool = False
    device: bool = False

    @property
    def shown_size(self) -> tuple[int, int]:
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


@dataclass(frozen=True, slots=True)
class MediaProbe:
    """Everything read of one file.

    ``container`` is ``mp4``, ``mov``, ``matroska``, ``webm``, ``avi``, ``mpegts``, ``flv``, ``jpeg``, ``png`` ... or
    empty. ``location`` and ``device`` are about videos: a position, a make or model is recorded, with
    ``location_track`` in a track of its own. ``guesses`` names facts that could not be told from the bytes read (a
    probe that has to guess says so); ``complete`` is false when the file must be looked at whole before a verdict.
    ``problem`` is set when the file can not be used at all, with ``detail`` saying why. ``size`` is in bytes;
    ``bytes_read`` and ``requests`` are what it cost to look.
    """

    kind: Kind
    container: str = ""
    size: int | None = None
    duration_s: float | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    image: ImageFacts | None = None
    extra_tracks: int = 0
    subtitles: int = 0
    index_first: bool | None = None
    index_bytes: int = 0
    fragmented: bool = False
    encrypted: bool = False
    external_reference: bool = False
    location: bool = False
    location_track: bool = False
    device: bool = False
    complete: bool = True
    guesses: tuple[str, ...] = ()
    problem: Problem | None = None
    detail: str = ""
    bytes_read: int = 0
    requests: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; tuples become lists, unknown facts ``null``."""
        data = asdict(self)
        data["guesses"] = list(self.guesses)
        if self.video is not None:
            data["video"]["pixel_aspect"] = list(self.video.pixel_aspect)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> MediaProbe:
        """The opposite of :meth:`to_json`; unknown keys are ignored, so that older records stay readable."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        known["guesses"] = tuple(known.get("guesses") or ())
        for name, kind in (("video", VideoFacts), ("audio", AudioFacts), ("image", ImageFacts)):
            part = known.get(name)
            if part is not None:
                part = {key: part[key] for key in kind.__dataclass_fields__ if key in part}
                if "pixel_aspect" in part:
                    part["pixel_aspect"] = tuple(part["pixel_aspect"])
                known[name] = kind(**part)
        return cls(**known)
