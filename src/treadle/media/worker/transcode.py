"""Carrying a plan out with PyAV: each of picture and sound is copied or encoded, everything else is left behind.

Times are set packet by packet instead of by an edit list: the first picture shown is zero, sound keeps its distance to
it, and the encoder's priming packet is dropped. Measured, sound and picture stay within 10 ms of where they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from treadle.media.plan import RepairPlan
from treadle.media.worker.compat import open_input

if TYPE_CHECKING:
    import av
    from av.audio.frame import AudioFrame
    from av.container import InputContainer, OutputContainer
    from av.filter import Graph
    from av.packet import Packet as AnyPacket
    from av.video.frame import VideoFrame

MUXER = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0", "brand": "mp42"}
X264 = {
    "preset": "veryfast",
    "crf": "21",
    "maxrate": "20M",
    "bufsize": "40M",
    "profile": "high",
    "x264-params": "open-gop=0:keyint=60:min-keyint=24",
}
"""veryfast is the knee of time against size; at most 20 Mbit/s stays under every limit Meta has published."""
SOUND_BIT_RATE = 128_000
MAX_CORRECTIONS = 200
MAX_HELD = 20_000
TELL_EVERY_S = 0.25
GAP_S = 0.1
LONGEST_S = 301.0
"""Longer files are trimmed or not repaired at all."""
_PQ, _HLG = 16, 18


class CopyFailed(Exception):
    """Copying packets would not give a sound file (times run backwards too often): it must be encoded."""


@dataclass(frozen=True, slots=True)
class Report:
    """Progress: fraction done (0 to 1) and seconds of media behind it."""

    fraction: float
    media_s: float


Tell = Callable[[Report], None]
Packet: TypeAlias = "AnyPacket[Any]"


class _Lane(Protocol):
    def take(self, packet: Packet) -> bool: ...
    def finish(self) -> None: ...


class _Writer:
    """Holds packets back until the picture's encoder knows its size, because the file's header needs that first."""

    def __init__(self, output: OutputContainer, waiting: bool) -> None:
        self._output = output
        self._held: list[Packet] = []
        self._waiting = waiting

    def open(self) -> None:
        self._waiting = False
        for packet in self._held:
            self._output.mux(packet)
        self._held.clear()

    def put(self, packet: Packet) -> None:
        if not self._waiting:
            self._output.mux(packet)
            return
        if len(self._held) >= MAX_HELD:
            raise CopyFailed("the picture does not begin")
        self._held.append(packet)


class _CopyLane:
    """Packets as they are, with times rebased, invented where a container has none, and kept from running backwards."""

    def __init__(
        self, stream: Any, out: Any, writer: _Writer, base: Fraction, end: float, tell: Callable[[float], None]
    ) -> None:
        self._out, self._writer, self._tell = out, writer, tell
        self._base, self._end = base, end
        self._is_video = stream.type == "video"
        self._delay = max(1, stream.codec_context.reorder_depth) if self._is_video and _reorders(stream) else 1
        rate = float(stream.average_rate or 30) if self._is_video else 1.0
        self._step = 1 / rate
        self._last: int | None = None
        self._invented: int | None = None
        self._corrections = 0

    def take(self, packet: Packet) -> bool:
        if packet.size == 0 or packet.pts is None or packet.time_base is None:
            return True
        base = packet.time_base
        if packet.dts is None:  # Matroska leaves it out at first; skipping those packets would lose the key frame
            step = packet.duration or round(self._step / float(base))
            start = packet.pts - self._delay * step
            self._invented = start if self._invented is None else self._invented + step
            packet.dts = self._invented
        shift = round(self._base / base)
        packet.pts -= shift
        packet.dts -= shift
        if not self._is_video and packet.pts + (packet.duration or 0) // 2 < 0:
            return True  # priming, or sound before the picture
        if packet.pts * base >= self._end:
            return False  # whatever follows may need this picture, so nothing after it is kept either
        self._keep_order(packet)
        if self._is_video:
            self._tell(float(packet.pts * base))
        packet.stream = self._out
        self._writer.put(packet)
        return True

    def _keep_order(self, packet: Packet) -> None:
        assert packet.dts is not None
        assert packet.pts is not None
        if self._last is not None and packet.dts <= self._last:
            packet.dts = self._last + 1
            packet.pts = max(packet.pts, packet.dts)
            self._corrections += 1
            if self._corrections > MAX_CORRECTIONS:
                raise CopyFailed("the packets' times run backwards too often")
        self._last = packet.dts

    def finish(self) -> None:
        """Nothing is kept back."""


def _reorders(stream: Any) -> bool:
    return bool(getattr(stream.codec_context, "reorder_depth", 0))


class _PictureLane:
    """Decode, filter, encode as H.264."""

    def __init__(
        self,
        stream: av.VideoStream,
        output: OutputContainer,
        writer: _Writer,
        plan: RepairPlan,
        base: Fraction,
        threads: int,
        tell: Callable[[float], None],
    ) -> None:
        rate = Fraction(plan.frame_rate) if plan.frame_rate else stream.average_rate or stream.guessed_rate
        self._rate = Fraction(rate.numerator, rate.denominator) if rate else Fraction(30)
        self._out = output.add_stream("libx264", rate=self._rate, options=dict(X264))
        self._out.thread_count = threads
        stream.thread_type = "AUTO"
        stream.thread_count = threads
        self._stream, self._writer, self._plan, self._base, self._tell = stream, writer, plan, base, tell
        self._graph: Graph | None = None
        self._sized = False

    def take(self, packet: Packet) -> bool:
        return all(self._frame(frame) for frame in packet.decode())

    def _frame(self, frame: VideoFrame) -> bool:
        if frame.pts is None or frame.time_base is None:
            return True
        frame.pts -= round(self._base / frame.time_base)
        at = float(frame.pts * frame.time_base)
        if at >= _end(self._plan):
            return False
        if self._graph is None:
            self._graph = self._chain(frame, late=at > GAP_S)
        self._graph.push(frame)
        self._drain(self._graph)
        self._tell(at)
        return True

    def finish(self) -> None:
        if self._graph is not None:
            self._graph.push(None)
            self._drain(self._graph)
            self._encode(None)

    def _drain(self, graph: Graph) -> None:
        for frame in _pull(graph):
            self._encode(cast("VideoFrame", frame))

    def _encode(self, frame: VideoFrame | None) -> None:
        if frame is not None:
            if not self._sized:
                self._out.width, self._out.height, self._out.pix_fmt = frame.width, frame.height, "yuv420p"
                context = self._out.codec_context
                context.color_range = 1
                for name in ("colorspace", "color_trc", "color_primaries"):
                    setattr(context, name, 1 if _is_hdr(frame) else getattr(frame, name, 2))
                self._sized = True
            frame.pict_type = 0  # else the source's key frames are forced on the encoder
        packets = self._out.encode(frame)
        if packets:
            self._writer.open()
        for packet in packets:
            self._writer.put(packet)

    def _chain(self, frame: VideoFrame, *, late: bool) -> Graph:
        """The filters a picture goes through. ``late``: it begins after the sound; its first frame fills the gap."""
        from av.filter import Graph

        base = frame.time_base or Fraction(1, 90_000)
        aspect = self._stream.sample_aspect_ratio or Fraction(1, 1)
        colours = int(frame.colorspace) if int(frame.colorspace) in range(18) else 2
        levels = int(frame.color_range) if int(frame.color_range) in (0, 1, 2) else 0
        wide = f"min({self._plan.max_width},iw*max(sar,1))"
        scale = f"w='2*trunc({wide}/2)':h='2*trunc({wide}/(iw*sar/ih)/2)':flags=bicubic:out_range=tv"
        if _is_hdr(frame):
            scale += ":out_color_matrix=bt709:out_primaries=bt709:out_transfer=bt709:intent=perceptual"
        steps: list[tuple[str, str | None]] = [
            (
                "buffer",
                f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
                f":time_base={base.numerator}/{base.denominator}"
                f":pixel_aspect={aspect.numerator or 1}/{aspect.denominator or 1}:colorspace={colours}:range={levels}",
            )
        ]
        if self._plan.deinterlace or frame.interlaced_frame:
            steps.append(("bwdif", "mode=send_frame:deint=interlaced"))
        turned = round(frame.rotation or 0) % 360
        if turned == 270:
            steps.append(("transpose", "clock"))
        elif turned == 90:
            steps.append(("transpose", "cclock"))
        elif turned == 180:
            steps += [("hflip", None), ("vflip", None)]
        if self._plan.frame_rate or late:
            steps.append(("fps", f"fps={self._rate}:start_time=0"))
        steps += [("scale", scale), ("setsar", "1"), ("format", "yuv420p"), ("buffersink", None)]
        return _linked(Graph(), steps)


class _SoundLane:
    """Decode, resample, encode as AAC-LC: stereo or mono, 44.1 or 48 kHz."""

    def __init__(
        self, stream: av.AudioStream, output: OutputContainer, writer: _Writer, plan: RepairPlan, base: Fraction
    ) -> None:
        context = stream.codec_context
        self._rate = context.sample_rate if context.sample_rate in (44_100, 48_000) else 48_000
        self._layout = "mono" if context.layout.nb_channels == 1 else "stereo"
        self._out = output.add_stream("aac", rate=self._rate)
        self._out.bit_rate, self._out.layout = SOUND_BIT_RATE, self._layout
        self._out.time_base = Fraction(1, self._rate)
        self._writer, self._base, self._end = writer, base, _end(plan)
        self._graph: Graph | None = None

    def take(self, packet: Packet) -> bool:
        return all(self._frame(cast("AudioFrame", frame)) for frame in packet.decode())

    def _frame(self, frame: AudioFrame) -> bool:
        if frame.pts is None or frame.time_base is None:
            return True
        frame.pts -= round(self._base / frame.time_base)
        if frame.pts * frame.time_base >= self._end:
            return False
        if self._graph is None:
            self._graph = self._chain(frame)
        self._graph.push(frame)
        self._drain(self._graph)
        return True

    def finish(self) -> None:
        if self._graph is not None:
            self._graph.push(None)
            self._drain(self._graph)
            self._encode(None)

    def _drain(self, graph: Graph) -> None:
        for frame in _pull(graph):
            self._encode(cast("AudioFrame", frame))

    def _encode(self, frame: AudioFrame | None) -> None:
        for packet in self._out.encode(frame):
            if packet.pts is None or packet.pts >= 0:  # the priming packet: without an edit list nothing would hide it
                self._writer.put(packet)

    def _chain(self, frame: AudioFrame) -> Graph:
        from av.filter import Graph

        # the frame's own: with 1/rate, sound from Matroska shrinks without an error
        base = frame.time_base or Fraction(1, self._rate)
        source = (
            f"sample_rate={frame.sample_rate}:sample_fmt={frame.format.name}:channel_layout={frame.layout.name}"
            f":time_base={base.numerator}/{base.denominator}"
        )
        steps: list[tuple[str, str | None]] = [
            ("abuffer", source),
            ("aresample", f"{self._rate}:async=1:first_pts=0"),
            # by way of whole numbers: a "not a number" among the samples keeps the AAC encoder busy for ever
            ("aformat", f"sample_fmts=s16p:channel_layouts={self._layout}"),
            ("aformat", "sample_fmts=fltp"),
            ("abuffersink", None),
        ]
        return _linked(Graph(), steps)


def _is_hdr(frame: VideoFrame) -> bool:
    return int(getattr(frame, "color_trc", 2)) in (_PQ, _HLG)


def _linked(graph: Graph, steps: list[tuple[str, str | None]]) -> Graph:
    previous = None
    for name, arguments in steps:
        node = graph.add(name, arguments) if arguments is not None else graph.add(name)
        if previous is not None:
            previous.link_to(node)
        previous = node
    graph.configure()
    return graph


def _pull(graph: Graph) -> Iterator[Any]:
    import av.error

    while True:
        try:
            yield graph.pull()
        except (BlockingIOError, av.error.EOFError):
            return


def transcode(source: IO[bytes], target: str, plan: RepairPlan, *, threads: int = 2, tell: Tell | None = None) -> None:
    """Write ``source`` as an MP4 to the path ``target`` after ``plan``.

    Raises :class:`CopyFailed` when copying will not do, and what PyAV raises for a file it cannot read. The target must
    be a path: the index is moved to the front in a second pass that opens it again.
    """
    import av

    with open_input(source) as read, av.open(target, "w", format="mp4", options=dict(MUXER)) as written:
        video = read.streams.video[0]
        sound = read.streams.audio[0] if read.streams.audio and plan.audio != "drop" else None
        base = _zero(video, sound, encoding=plan.video == "encode")
        teller = _Teller(_length(read, plan), tell)
        writer = _Writer(written, waiting=plan.video == "encode")
        lanes: dict[int, _Lane] = {}
        # the picture first: players expect it to be stream 0
        if plan.video == "encode":
            lanes[video.index] = _PictureLane(video, written, writer, plan, base, threads, teller)
        else:
            out = written.add_stream_from_template(video)
            if video.codec.canonical_name == "hevc":
                out.codec_context.codec_tag = "hvc1"
            lanes[video.index] = _CopyLane(video, out, writer, base, _end(plan), teller)
        if sound is not None and plan.audio == "encode":
            lanes[sound.index] = _SoundLane(sound, written, writer, plan, base)
        elif sound is not None:
            copied = written.add_stream_from_template(sound)
            lanes[sound.index] = _CopyLane(sound, copied, writer, base, _end(plan), teller)
        _run(read, [stream for stream in (video, sound) if stream is not None], lanes)
        writer.open()
    if tell is not None:
        tell(Report(1.0, teller.length))


def _run(read: InputContainer, streams: list[Any], lanes: dict[int, _Lane]) -> None:
    ended: set[int] = set()
    for packet in read.demux(streams):
        index = packet.stream.index
        if index in ended:
            continue
        if not lanes[index].take(packet):
            ended.add(index)
            if len(ended) == len(lanes):
                break
    for lane in lanes.values():
        lane.finish()


def _zero(video: Any, sound: Any, *, encoding: bool) -> Fraction:
    """The moment that becomes zero: the first picture. When the picture is encoded anyway and the sound begins well
    before it, the sound's beginning, and the first picture stands still until its time."""
    start = video.start_time * video.time_base if video.start_time else Fraction(0)
    if encoding and sound is not None and sound.start_time is not None and sound.time_base:
        heard = sound.start_time * sound.time_base
        if start - heard > GAP_S:
            start = heard
    return Fraction(start)


def _end(plan: RepairPlan) -> float:
    """Where the result ends at the latest, in seconds: a jump in time must not be filled with hours of frames."""
    return plan.trim_to if plan.trim_to is not None else LONGEST_S


def _length(read: InputContainer, plan: RepairPlan) -> float:
    known = (read.duration or 0) / 1e6
    return min(known, plan.trim_to) if plan.trim_to is not None and known else known


class _Teller:
    """Tells progress at most four times a second."""

    def __init__(self, length: float, tell: Tell | None) -> None:
        self.length = length
        self._tell = tell
        self._last = 0.0

    def __call__(self, at: float) -> None:
        now = time.monotonic()
        if self._tell is None or now - self._last < TELL_EVERY_S:
            return
        self._last = now
        self._tell(Report(min(1.0, max(0.0, at / self.length)) if self.length else 0.0, at))
