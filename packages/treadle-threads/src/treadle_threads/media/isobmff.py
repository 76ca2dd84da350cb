"""Reading an MP4 or MOV's facts from its boxes: one look at the head, one at the index, nothing of sound or picture.

The file is walked box by box from the start; media data is jumped over. So a remote file costs two requests: its first
64 KiB, and its index (the ``moov`` box) wherever that lies.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Literal

from treadle_threads.media.bits import Malformed
from treadle_threads.media.boxes import boxes, boxes_leniently
from treadle_threads.media.codecs import (
    AUDIO_FOURCC,
    VIDEO_FOURCC,
    AudioConfig,
    VideoConfig,
    av1_config,
    avc_config,
    elementary_stream,
    hevc_config,
    opens_closed_gop,
    vp_config,
)
from treadle_threads.media.sampletables import Rhythm, SampleTables, TooLarge, leading_pictures, rhythm
from treadle_threads.media.source import Reading, Unreachable, Want

HEAD = 64 * 1024
"""Bytes of the first look."""
TAIL = 1024 * 1024
"""When no more than this is left behind the media data it is read at once: the index is in it."""
MAX_INDEX = 16 * 1024 * 1024
"""Larger indexes are not read (a 12 minute film has 0.7 MB); reading one took 3.4 s when crafted for it."""
MAX_TOP_BOXES = 64
MAX_DEPTH = 12
MAX_TRACKS = 64
SYNC_SAMPLES_KEPT = 64

NOTES = frozenset({"udta", "meta", "uuid"})
"""Boxes of notes, in the index or in one of its tracks."""
_LOCATIONS = (b"\xa9xyz", b"loci\0\0\0\0", b"location.ISO6709", b"GPSLatitude", b"GPSCoordinates")
_DEVICES = (b"\xa9mak", b"\xa9mod", b"quicktime.make", b"quicktime.model", b"android.manufacturer", b"android.model",
            b"tiff:Make", b"tiff:Model", b"manf", b"modl")  # fmt: skip
_CONFIGURED = {"avc1": "avcC", "avc3": "avcC", "hvc1": "hvcC", "hev1": "hvcC", "mp4a": "esds", "mp4v": "esds"}
"""Encodings that no player decodes, and no MP4 holds, without the box that sets the decoder up."""
_LOCATION_TRACKS = frozenset({"gpmd", "camm", "rtmd", "gps0", "gps "})
"""Telemetry of action cameras and drones: the position, many times a second."""

TOP_TYPES = frozenset({"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot", "styp", "moof", "sidx", "uuid", "meta"})


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of an edit list, in ticks of movie (``duration``) and media (``media_time``, -1: nothing is shown)."""

    duration: int
    media_time: int
    rate: float


@dataclass(slots=True)
class Track:
    """One track as its boxes tell it. Times are in ticks of ``timescale``."""

    handler: str = ""
    enabled: bool = True
    fourcc: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    rotation: int = 0
    mirrored: bool = False
    timescale: int = 0
    duration: int = 0
    edits: list[Edit] = field(default_factory=list)
    samples: int = 0
    sample_bytes: int = 0
    rhythm: Rhythm | None = None
    video: VideoConfig = field(default_factory=VideoConfig)
    audio: AudioConfig | None = None
    channels: int = 0
    sample_rate: int = 0
    pixel_aspect: tuple[int, int] = (1, 1)
    transfer: int = 0
    interlaced: bool = False
    declared_bit_rate: int = 0
    first_shown: int = 0
    open_groups: int = 0
    sync_positions: list[tuple[int, int]] = field(default_factory=list)
    encrypted: bool = False
    external: bool = False
    has_composition_offsets: bool = False
    configured: bool = False
    contradiction: str = ""
    beyond_end: bool = False
    location: bool = False

    @property
    def seconds(self) -> float:
        return self.duration / self.timescale if self.timescale else 0.0

    @property
    def edit_kind(self) -> Literal["none", "trivial", "real"]:
        """``trivial`` only makes up for the encoder's delay; ``real`` hides or delays what a person would notice."""
        if not self.edits:
            return "none"
        edit = self.edits[0]
        if len(self.edits) > 1 or edit.rate != 1.0 or edit.media_time < 0:
            return "real"
        if self.handler == "vide":
            slack, expected = self.timescale * 0.002, self.first_shown
        else:  # AAC's priming: 1024 to 2112 samples, and one packet more
            slack, expected = 2112 + 1024 + 16, 0
        return "trivial" if abs(edit.media_time - expected) <= slack else "real"


@dataclass(slots=True)
class Movie:
    """An MP4 or MOV file. ``index`` is the content of its ``moov`` box, ``None``: not reached or too large."""

    brand: str = ""
    top: list[tuple[str, int, int]] = field(default_factory=list)
    index: bytes | None = None
    index_at: int = -1
    index_size: int = 0
    media_at: int = -1
    fragmented: bool = False
    truncated: bool = False
    too_large: bool = False
    unreachable: bool = False
    without_media: bool = False
    location: bool = False
    device: bool = False
    compressed_index: bool = False
    duration_s: float = 0.0
    timescale: int = 0
    tracks: list[Track] = field(default_factory=list)

    @property
    def index_first(self) -> bool | None:
        """Whether the index stands before the media data; ``None`` when there is neither."""
        if self.index_at >= 0:
            return self.media_at < 0 or self.index_at < self.media_at
        return False if self.media_at >= 0 else None


def is_isobmff(head: bytes) -> bool:
    """Whether these first bytes start like an MP4 or MOV file (brands of still pictures included)."""
    return len(head) >= 8 and head[4:8].decode("latin-1") in TOP_TYPES and head[4:8] != b"meta"


def read_movie(size: int | None, head: bytes) -> Reading[Movie]:
    """Walk the top-level boxes and read the index. ``head`` are the file's first bytes, already read.

    Raises :class:`Malformed` for boxes that cannot be. A range that cannot be had ends the walk; what was learned until
    then is returned with ``unreachable`` set.
    """
    movie = Movie()
    try:
        yield from _walk(movie, size, head)
    except Unreachable:
        movie.unreachable = True
    if movie.index is not None:
        try:
            _parse_index(movie, movie.index, size)
        except TooLarge:
            movie.too_large = True
        except (struct.error, IndexError, KeyError, ValueError, OverflowError, ZeroDivisionError) as error:
            if isinstance(error, Malformed):
                raise
            raise Malformed("the index of the file is damaged") from error
    return movie


def _walk(movie: Movie, size: int | None, head: bytes) -> Reading[None]:
    end = size if size is not None else 1 << 62
    window_at, window = 0, head
    at = 0
    has_fragments = False
    while at + 8 <= end and len(movie.top) < MAX_TOP_BOXES:
        if not window_at <= at <= at + min(16, end - at) <= window_at + len(window):
            rest = end - at
            window = yield Want(at, rest if rest <= TAIL else HEAD)
            window_at = at
            if len(window) < 8:
                movie.truncated = movie.truncated or size is not None
                return
        relative = at - window_at
        length, raw = struct.unpack_from(">I4s", window, relative)
        header = 8
        if length == 1:
            if len(window) - relative < 16:
                movie.truncated = True
                return
            length, header = struct.unpack_from(">Q", window, relative + 8)[0], 16
        elif length == 0:
            length = end - at
        kind = raw.decode("latin-1")
        if length < header:
            raise Malformed(f"the box {kind!r} is smaller than its own header")
        movie.top.append((kind, at, length))
        if size is not None and at + length > size:
            movie.truncated = True
        if kind == "ftyp":
            movie.brand = window[relative + header : relative + header + 4].decode("latin-1")
        elif kind == "mdat" and movie.media_at < 0:
            movie.media_at = at
        elif kind == "moof":
            movie.fragmented = has_fragments = True
        elif kind == "moov" and movie.index_at < 0:
            movie.index_at, movie.index_size = at, length
            if length > MAX_INDEX:
                movie.too_large = True
                return
            have = window[relative : relative + length]
            if len(have) < length:
                if size is not None and at + length > size:
                    return
                more = yield Want(at + len(have), min(length - len(have) + 64, end - at - len(have)))
                window, window_at = window[relative:] + more, at
                have = window[:length]
            if len(have) < length:
                movie.truncated = True
                return
            movie.index = have[header:]
        at += length
        if movie.index is not None and (movie.media_at >= 0 or has_fragments):
            return
    ended = size is not None and at + 8 > size
    movie.without_media = ended and movie.media_at < 0 and not has_fragments


def _fixed(buffer: bytes, at: int) -> float:
    value: int = struct.unpack_from(">i", buffer, at)[0]
    return value / 65536


def _parse_index(movie: Movie, index: bytes, size: int | None) -> None:
    for part in boxes(index):
        if part.type == "mvhd":
            long = index[part.start] == 1
            scale, duration = struct.unpack_from(">IQ" if long else ">II", index, part.start + (20 if long else 12))
            unknown = duration == ((1 << 64) - 1 if long else (1 << 32) - 1)
            movie.timescale = scale
            movie.duration_s = duration / scale if scale and not unknown else 0.0
        elif part.type == "mvex":
            movie.fragmented = True
        elif part.type in NOTES:
            _notes(movie, index[part.start : part.end])
        elif part.type == "cmov":
            movie.compressed_index = True
        elif part.type == "trak":
            if len(movie.tracks) >= MAX_TRACKS:
                raise Malformed(f"more than {MAX_TRACKS} tracks")
            for inner in boxes_leniently(index, part.start, part.end):
                if inner.type in NOTES:
                    _notes(movie, index[inner.start : inner.end])
            movie.tracks.append(_parse_track(index, part.start, part.end, size))


def _notes(movie: Movie, content: bytes) -> None:
    """Notes beside the media: whether a position, a make or model is among them, by the names of the fields."""
    movie.location = movie.location or any(name in content for name in _LOCATIONS)
    movie.device = movie.device or any(name in content for name in _DEVICES)


def _parse_track(index: bytes, start: int, end: int, size: int | None) -> Track:
    track = Track()
    tables = SampleTables()
    descriptions: list[tuple[int, int]] = []

    def descend(start: int, end: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Malformed("boxes are nested too deeply")
        for part in boxes(index, start, end):
            at = part.start
            match part.type:
                case "mdia" | "minf" | "stbl" | "edts" | "dinf":
                    descend(at, part.end, depth + 1)
                case "tkhd":
                    _track_header(track, index, at)
                case "elst":
                    _edit_list(track, index, at, part.end)
                case "mdhd":
                    long = index[at] == 1
                    fields = struct.unpack_from(">IQ" if long else ">II", index, at + (20 if long else 12))
                    track.timescale, track.duration = fields
                    if track.duration == ((1 << 64) - 1 if long else (1 << 32) - 1):
                        track.duration = 0
                case "hdlr" if depth == 1:
                    track.handler = index[at + 8 : at + 12].decode("latin-1")
                case "dref":
                    for entry in boxes(index, at + 8, part.end):
                        if not index[entry.start + 3] & 1:
                            track.external = True
                case "stsd":
                    descriptions.append((at, part.end))
                case "stts" | "ctts" | "stss" | "stsz" | "stsc" | "stco" | "co64":
                    tables.tables[part.type] = index[at : part.end]
                case _:
                    pass

    descend(start, end, 0)
    for at, stop in descriptions[:1]:  # after the walk: the handler decides how an entry is laid out
        for entry in boxes(index, at + 8, stop):
            _sample_description(track, index, entry.type, entry.start, entry.end)
            break
    _sample_tables(track, tables, size)
    return track


def _track_header(track: Track, index: bytes, at: int) -> None:
    track.enabled = bool(index[at + 3] & 1)
    matrix = at + (52 if index[at] == 1 else 40)
    a, b = _fixed(index, matrix), _fixed(index, matrix + 4)
    c, d = _fixed(index, matrix + 12), _fixed(index, matrix + 16)
    if a or b:
        track.rotation = round(math.degrees(math.atan2(b, a))) % 360
    track.mirrored = a * d - b * c < 0


def _edit_list(track: Track, index: bytes, at: int, end: int) -> None:
    long = index[at] == 1
    count = struct.unpack_from(">I", index, at + 4)[0]
    each = 20 if long else 12
    if 8 + count * each > end - at:
        raise Malformed("an edit list is cut off")
    for entry in range(min(count, 64)):
        place = at + 8 + entry * each
        duration, media_time = struct.unpack_from(">Qq" if long else ">Ii", index, place)
        track.edits.append(Edit(duration, media_time, _fixed(index, place + (16 if long else 8))))


def _sample_description(track: Track, index: bytes, fourcc: str, at: int, end: int) -> None:
    track.fourcc = fourcc
    track.encrypted = fourcc in ("encv", "enca")
    track.location = fourcc in _LOCATION_TRACKS or (fourcc == "mebx" and b"location" in index[at:end])
    if track.handler == "vide":
        track.codec = VIDEO_FOURCC.get(fourcc, fourcc.strip().lower())
        track.width, track.height = struct.unpack_from(">HH", index, at + 24)
        inner = at + 78
    elif track.handler == "soun":
        track.codec = AUDIO_FOURCC.get(fourcc, fourcc.strip().lower())
        version = struct.unpack_from(">H", index, at + 8)[0]
        track.channels = struct.unpack_from(">H", index, at + 16)[0]
        track.sample_rate = struct.unpack_from(">I", index, at + 24)[0] >> 16
        if version == 2:  # QuickTime: the real figures stand further on
            track.sample_rate = int(struct.unpack_from(">d", index, at + 32)[0])
            track.channels = struct.unpack_from(">I", index, at + 40)[0]
        inner = at + 28 + {1: 16, 2: 36}.get(version, 0)
    else:
        return
    _description_extras(track, index, inner, end, within_wave=False)


def _description_extras(track: Track, index: bytes, start: int, end: int, *, within_wave: bool) -> None:
    for part in boxes_leniently(index, start, end):
        content = index[part.start : part.end]
        track.configured = track.configured or part.type == _CONFIGURED.get(track.fourcc)
        match part.type:
            case "avcC" if len(content) > 8:
                track.video = avc_config(content)
                track.interlaced = track.interlaced or track.video.field_coding
            case "hvcC" if len(content) >= 23:
                track.video = hevc_config(content)
                track.interlaced = track.interlaced or track.video.field_coding
            case "vpcC" if len(content) >= 8:
                track.video = vp_config(content)
            case "av1C" if len(content) >= 4:
                track.video = av1_config(content)
            case "pasp":
                across, down = struct.unpack_from(">II", content, 0)
                if across and down:
                    track.pixel_aspect = (across, down)
            case "colr" if content[:4] in (b"nclx", b"nclc"):
                track.transfer = struct.unpack_from(">H", content, 6)[0]
            case "fiel":
                track.interlaced = content[0] == 2
            case "btrt":
                track.declared_bit_rate = struct.unpack_from(">III", content, 0)[2]
            case "wave" if not within_wave:
                _description_extras(track, index, part.start, part.end, within_wave=True)
            case "esds":
                codec, audio, rate = elementary_stream(content[4:])
                track.codec = codec or track.codec
                track.declared_bit_rate = rate or track.declared_bit_rate
                if audio is not None:
                    track.audio = audio
                    track.sample_rate = audio.sample_rate or track.sample_rate
                    track.channels = audio.channels or track.channels
            case _:
                pass


def _sample_tables(track: Track, tables: SampleTables, size: int | None) -> None:
    runs = tables.durations()
    track.samples = sum(count for count, _ in runs)
    track.sample_bytes, sizes = tables.sizes()
    if runs and not track.duration:
        track.duration = sum(count * ticks for count, ticks in runs)
    if track.handler in ("vide", "soun"):
        track.contradiction, furthest = tables.contradiction(track.samples)
        if track.fourcc in _CONFIGURED and not track.configured:
            track.contradiction = track.contradiction or "it does not say how to decode what it lists"
        track.beyond_end = size is not None and furthest >= size > 0 and not track.external
    if track.handler != "vide":
        return
    track.rhythm = rhythm(runs, track.timescale)
    sync = tables.sync_samples()
    times = tables.presentation_times(runs, track.samples) if track.samples else None
    track.has_composition_offsets = times is not None
    if times:
        track.first_shown = min(times)
        if sync is not None:
            track.open_groups = leading_pictures(times, sync, track.samples)
    if sizes is not None:
        wanted = [1] if sync is None else list(sync[:SYNC_SAMPLES_KEPT])
        track.sync_positions = tables.positions(wanted, sizes)


def closed_groups(track: Track, limit: int) -> Reading[bool | None]:
    """Whether every group of pictures looked at is closed, from the first bytes of up to ``limit`` sync samples.

    The first one is always an IDR picture and tells nothing. ``None``: cannot be told.
    """
    if track.codec not in ("h264", "hevc") or not track.video.nal_length:
        return None
    answers: list[bool] = []
    for offset, size in track.sync_positions[1 : limit + 1]:
        head = yield Want(offset, min(1024, size))
        answer = opens_closed_gop(track.codec, head, track.video.nal_length)
        if answer is not None:
            answers.append(answer)
    return all(answers) if answers else None
