"""Looking at a whole local file with PyAV: one pass over its packets, a few pictures decoded where only that tells."""

from __future__ import annotations

from array import array
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from treadle_threads.media.facts import AudioFacts, MediaProbe, VideoFacts
from treadle_threads.media.worker.blame import Unreadable, decodable, read_by
from treadle_threads.media.worker.compat import open_input

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

MAX_PACKETS = 3_000_000
INTERLACE_FRAMES = 24

_CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska"}
_AAC_PROFILES = {
    "LC": "LC",
    "HE-AAC": "HE",
    "HE-AACv2": "HEv2",
    "Main": "Main",
    "SSR": "SSR",
    "LTP": "LTP",
    "xHE-AAC": "xHE",
}
_DEVICE = frozenset({"make", "model", "manufacturer"})
_PCM_PREFIXES = ("pcm_",)
_CHROMA = {(1, 1): "4:2:0", (1, 0): "4:2:2", (0, 0): "4:4:4", (0, 1): "4:4:0", (2, 0): "4:1:1", (2, 2): "4:1:0"}


def inspect_file(source: Any, known: MediaProbe) -> MediaProbe:
    """The facts of a whole file, taking what the head told (``known``) as given where it is certain.

    ``source`` is a seekable binary file object. A damaged file raises
    :class:`~treadle_threads.media.worker.blame.Unreadable`.
    """
    with open_input(source) as container:
        facts = _facts(container, known)
    if (known.video and known.video.may_be_interlaced) or (facts.video and facts.video.interlaced is None):
        facts = _with_interlacing(source, facts)
    return facts


def _facts(container: InputContainer, known: MediaProbe) -> MediaProbe:
    if not container.streams.video:
        if container.streams.audio:
            return replace(known, kind="audio", complete=True, guesses=())
        return replace(known, kind="unknown", problem="not_media", detail="The file contains neither video nor audio.")
    video = container.streams.video[0]
    audio = container.streams.audio[0] if container.streams.audio else None
    times: array[int] = array("q")
    sizes = [0, 0]
    first_sound: Fraction | None = None
    last_sound = Fraction(0)
    last_key: int | None = None
    leading = packets = 0
    wanted = [stream for stream in (video, audio) if stream is not None]
    for stream in wanted:
        decodable(stream)
    for packet in read_by(lambda: container.demux(wanted)):
        packets += 1
        if packets > MAX_PACKETS:
            raise Unreadable("the file has more packets than are read here")
        if packet.size == 0 or packet.pts is None:
            continue
        if packet.stream is video:
            times.append(packet.pts)
            sizes[0] += packet.size
            if packet.is_keyframe:
                last_key = packet.pts
            elif last_key is not None and packet.pts < last_key:
                leading += 1
        elif packet.time_base is not None:
            sizes[1] += packet.size
            at = packet.pts * packet.time_base
            first_sound = at if first_sound is None else first_sound
            last_sound = at + (packet.duration or 0) * packet.time_base
    if len(times) == 0 or video.time_base is None:
        return replace(known, problem="malformed", complete=False, detail="No frame in the file can be read.")
    ordered = sorted(times)
    shown = _rhythm(ordered, video.time_base)
    seen = _video(video, known, len(times), shown, sizes[0], bool(leading))
    start = ordered[0] * video.time_base
    heard = None
    if audio is not None:
        length = float(last_sound - first_sound) if first_sound is not None else 0.0
        offset = float(first_sound - start) if first_sound is not None else None
        heard = _audio(audio, known, sizes[1], length, offset)
    duration = max(shown[0], (heard.duration_s or 0.0) + max(0.0, heard.offset_s or 0.0) if heard else 0.0)
    extra = len(container.streams) - 1 - (audio is not None)
    tags = {key.lower() for key in container.metadata}
    name = known.container or _CONTAINERS.get(container.format.name, container.format.name)
    return replace(
        known,
        kind="video",
        container=name,
        duration_s=known.duration_s if known.complete and known.duration_s else duration,
        video=seen,
        audio=heard,
        extra_tracks=max(0, extra),
        subtitles=known.subtitles or len(container.streams.subtitles),
        location=known.location or any("location" in key or "gps" in key for key in tags),
        device=known.device or any(key.rpartition(".")[2] in _DEVICE for key in tags),
        complete=True,
        guesses=(),
    )


def _rhythm(ordered: list[int], base: Fraction) -> tuple[float, float | None, float | None, float | None]:
    """Length in seconds, average rate, rate of the median distance, share of frames off the beat."""
    steps = [later - earlier for earlier, later in pairwise(ordered) if later > earlier]
    if not steps:
        return 0.0, None, None, None
    median = sorted(steps)[len(steps) // 2]
    rounding = 1 + (0.0012 / float(base) if base > Fraction(1, 2000) else 0)  # Matroska counts whole milliseconds
    off = sum(1 for step in steps if abs(step - median) > 0.1 * median + rounding) / len(steps)
    length = float((ordered[-1] - ordered[0] + median) * base)
    return length, len(ordered) / length, 1 / float(median * base), off


def _video(
    stream: av.VideoStream,
    head: MediaProbe,
    frames: int,
    shown: tuple[float, float | None, float | None, float | None],
    size: int,
    leading: bool,
) -> VideoFacts:
    context = stream.codec_context
    length, average, median, irregular = shown
    known = head.video
    if (
        known is not None and known.frames and head.complete
    ):  # an MP4's tables are exact, and edit lists are applied here
        return replace(known, open_gop=known.open_gop or leading)
    pixel = stream.sample_aspect_ratio
    chroma, depth = _sampling(context.format)
    base = known or VideoFacts("unknown")
    return replace(
        base,
        codec=stream.codec.canonical_name,
        width=context.width,
        height=context.height,
        pixel_aspect=(pixel.numerator, pixel.denominator) if pixel and pixel.numerator else (1, 1),
        frames=frames,
        frame_rate=average,
        frame_rate_median=median,
        irregular_share=irregular,
        duration_s=length or None,
        bit_rate=size * 8 / length if length else None,
        profile=str(stream.profile or ""),
        chroma=chroma,
        bit_depth=depth,
        interlaced=None,
        transfer={16: "pq", 18: "hlg"}.get(int(context.color_trc or 0), ""),
        open_gop=leading,
    )


def _sampling(pixel_format: av.VideoFormat | None) -> tuple[str | None, int | None]:
    if pixel_format is None or not pixel_format.components:
        return None, None
    depth = pixel_format.components[0].bits
    if pixel_format.is_rgb:
        return "4:4:4", depth
    if len(pixel_format.components) < 3:
        return "4:0:0", depth
    across = 0 if pixel_format.chroma_width(16) == 16 else 1 if pixel_format.chroma_width(16) == 8 else 2
    down = 0 if pixel_format.chroma_height(16) == 16 else 1 if pixel_format.chroma_height(16) == 8 else 2
    return _CHROMA.get((across, down)), depth


def _audio(stream: av.AudioStream, head: MediaProbe, size: int, length: float, offset: float | None) -> AudioFacts:
    known = head.audio
    if (
        known is not None and known.duration_s and head.complete
    ):  # from an MP4's tables; its edit list tells about the start
        return known
    context = stream.codec_context
    codec = stream.codec.canonical_name
    return AudioFacts(
        codec="pcm" if codec.startswith(_PCM_PREFIXES) else codec,
        profile=_AAC_PROFILES.get(str(stream.profile or ""), str(stream.profile or "")) if codec == "aac" else "",
        channels=context.layout.nb_channels if context.layout else None,
        sample_rate=context.sample_rate or None,
        bit_rate=size * 8 / length if length else None,
        duration_s=length or None,
        offset_s=offset,
    )


def _with_interlacing(source: Any, facts: MediaProbe) -> MediaProbe:
    """Decode a few pictures: only they say whether they are interlaced. Rotation is known then too."""
    source.seek(0)
    interlaced, rotation, looked = 0, 0, 0
    with open_input(source) as container:
        for frame in read_by(lambda: container.decode(video=0)):
            looked += 1
            interlaced += bool(frame.interlaced_frame)
            rotation = round(frame.rotation or 0) % 360
            if looked >= INTERLACE_FRAMES:
                break
    video = facts.video
    if video is None or not looked:
        return facts
    turned = video.rotation or (360 - rotation) % 360
    return replace(facts, video=replace(video, interlaced=interlaced * 2 > looked, rotation=turned))
