"""Picture and sound decoded, filtered and encoded again, as H.264 and AAC-LC."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from fractions import Fraction
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.worker.blame import Unreadable, read_by
from treadle_threads.media.worker.lanes import Packet, Writer, end_of

if TYPE_CHECKING:
    import av
    from av.audio.frame import AudioFrame
    from av.container import OutputContainer
    from av.filter import Graph
    from av.video.frame import VideoFrame

X264 = {
    "preset": "veryfast",
    "crf": "21",
    "maxrate": "20M",
    "bufsize": "40M",
    "profile": "high",
    "x264-params": "open-gop=0:keyint=60:min-keyint=24",
}
"""veryfast is the knee of time against size; at most 20 Mbit/s stays under every limit Meta has published."""
CLOCK = Fraction(1, 90_000)
"""The encoder's clock. On one of a tick a frame, two frames of a varying rate may fall on the same."""
SOUND_BIT_RATE = 128_000
GAP_S = 0.1
"""Seconds by which sound and picture may begin apart before it counts."""
_PQ, _HLG = 16, 18


class _EncodingLane(ABC):
    """Decode, filter, encode: what picture and sound have in common. Times count from ``base``, in seconds."""

    def __init__(
        self, writer: Writer, plan: RepairPlan, base: Fraction, on_progress: Callable[[float], None] | None = None
    ) -> None:
        self._writer, self._base, self._end, self._on_progress = writer, base, end_of(plan), on_progress
        self._graph: Graph | None = None

    @abstractmethod
    def _chain(self, frame: Any, at: float) -> Graph:
        """The filters, made for the first frame, which comes ``at`` so many seconds."""

    @abstractmethod
    def _encode(self, frame: Any | None) -> None:
        """Encode a filtered frame, or with ``None`` what the encoder holds back, and put the packets out."""

    def take(self, packet: Packet) -> bool:
        try:
            return all(self._frame(frame) for frame in read_by(packet.decode))
        except Unreadable:  # a player goes on with the next one, too; whether enough can be decoded was asked before
            self._lose(packet)
            return True

    @abstractmethod
    def _lose(self, packet: Packet) -> None:
        """Keep the times of what follows right after a packet that cannot be decoded."""

    def finish(self) -> None:
        if self._graph is not None:
            self._graph.push(None)
            self._drain(self._graph)
            self._encode(None)

    def _frame(self, frame: Any) -> bool:
        if frame.pts is None or frame.time_base is None:
            return True
        frame.pts -= round(self._base / frame.time_base)
        at = float(frame.pts * frame.time_base)
        if at >= self._end:
            return False
        if self._graph is None:
            self._graph = self._chain(frame, at)
        self._graph.push(frame)
        self._drain(self._graph)
        if self._on_progress is not None:
            self._on_progress(at)
        return True

    def _drain(self, graph: Graph) -> None:
        for frame in _pull(graph):
            self._encode(frame)


class PictureLane(_EncodingLane):
    """Picture, as H.264."""

    def __init__(
        self,
        stream: av.VideoStream,
        output: OutputContainer,
        writer: Writer,
        plan: RepairPlan,
        base: Fraction,
        threads: int,
        on_progress: Callable[[float], None],
        *,
        untimed: bool = False,
    ) -> None:
        super().__init__(writer, plan, base, on_progress)
        rate = Fraction(plan.frame_rate) if plan.frame_rate else stream.average_rate or stream.guessed_rate
        self._rate = Fraction(rate.numerator, rate.denominator) if rate else Fraction(30)
        self._out = output.add_stream("libx264", rate=self._rate, options=dict(X264))
        self._out.thread_count = threads
        self._out.codec_context.time_base = CLOCK
        stream.thread_type = "AUTO"
        stream.thread_count = threads
        self._stream, self._plan = stream, plan
        self._sized = False
        self._last: int | None = None
        # AVI has one time a packet, that of its decoding: the pictures are shown at these times, in their own order
        self._untimed = untimed
        self._moments: list[int] = []

    def _encode(self, frame: VideoFrame | None) -> None:
        if frame is not None:
            if not self._sized:
                self._out.width, self._out.height, self._out.pix_fmt = frame.width, frame.height, "yuv420p"
                context = self._out.codec_context
                context.color_range = 1
                for name in ("colorspace", "color_trc", "color_primaries"):
                    setattr(context, name, 1 if _is_hdr(frame) else getattr(frame, name, 2))
                self._sized = True
            at = round((frame.pts or 0) * (frame.time_base or CLOCK) / CLOCK)
            if self._last is not None and at <= self._last:
                return  # a second picture for the same moment
            self._last = at
            frame.pts, frame.time_base = at, CLOCK
            frame.pict_type = 0  # else the source's key frames are forced on the encoder
        packets = self._out.encode(frame)
        if packets:
            self._writer.open()
        for packet in packets:
            if not packet.duration and packet.time_base:  # the last picture would last no time
                packet.duration = round(1 / self._rate / packet.time_base)
            self._writer.put(packet)

    def take(self, packet: Packet) -> bool:
        if self._untimed and packet.size and packet.dts is not None:
            heappush(self._moments, packet.dts)
        return super().take(packet)

    def _lose(self, packet: Packet) -> None:
        if self._untimed and self._moments:
            heappop(self._moments)

    def _frame(self, frame: Any) -> bool:
        if self._untimed and self._moments:
            frame.pts = heappop(self._moments)
            frame.time_base = self._stream.time_base
        return super()._frame(frame)

    def _chain(self, frame: VideoFrame, at: float) -> Graph:
        """The filters a picture goes through. One that begins after the sound has its first frame fill the gap."""
        from av.filter import Graph

        late = at > GAP_S
        base = frame.time_base or Fraction(1, 90_000)
        aspect = self._stream.sample_aspect_ratio or Fraction(1, 1)
        colours = int(frame.colorspace) if int(frame.colorspace) in range(18) else 2
        levels = int(frame.color_range) if int(frame.color_range) in (0, 1, 2) else 0
        wide = f"max(2,min({self._plan.max_width},iw*max(sar,1)))"
        scale = f"w='2*trunc({wide}/2)':h='2*max(1,trunc({wide}/(iw*sar/ih)/2))':flags=bicubic:out_range=tv"
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
        steps += _upright(frame)
        if self._plan.frame_rate or late:
            steps.append(("fps", f"fps={self._rate}:start_time=0"))
        steps += [("scale", scale), ("setsar", "1"), ("format", "yuv420p"), ("buffersink", None)]
        return _linked(Graph(), steps)


class SoundLane(_EncodingLane):
    """Sound, as AAC-LC: stereo or mono, 44.1 or 48 kHz."""

    def __init__(
        self,
        stream: av.AudioStream,
        output: OutputContainer,
        writer: Writer,
        plan: RepairPlan,
        base: Fraction,
        *,
        untimed: bool = False,
    ) -> None:
        super().__init__(writer, plan, base)
        # AVI's sound has no gaps, and its times are worked out from a header that is often wrong: samples are counted
        self._untimed, self._start, self._heard = untimed, Fraction(0), 0
        context = stream.codec_context
        self._given_rate = context.sample_rate
        self._rate = context.sample_rate if context.sample_rate in (44_100, 48_000) else 48_000
        self._layout = "mono" if context.layout.nb_channels == 1 else "stereo"
        self._out = output.add_stream("aac", rate=self._rate)
        self._out.bit_rate, self._out.layout = SOUND_BIT_RATE, self._layout
        self._out.time_base = Fraction(1, self._rate)

    def _frame(self, frame: Any) -> bool:
        if self._untimed:
            if not self._heard and frame.pts is not None and frame.time_base is not None:
                self._start = frame.pts * frame.time_base
            frame.time_base = Fraction(1, frame.sample_rate)
            frame.pts = round(self._start * frame.sample_rate) + self._heard
            self._heard += frame.samples
        return super()._frame(frame)

    def _lose(self, packet: Packet) -> None:
        if self._untimed and packet.time_base is not None:  # the silence in its place is counted as well
            self._heard += round((packet.duration or 0) * packet.time_base * self._given_rate)

    def _encode(self, frame: AudioFrame | None) -> None:
        for packet in self._out.encode(frame):
            if packet.pts is None or packet.pts >= 0:  # the priming packet: without an edit list nothing would hide it
                self._writer.put(packet)

    def _chain(self, frame: AudioFrame, at: float) -> Graph:
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


def _upright(frame: VideoFrame) -> list[tuple[str, str | None]]:
    """The filters that show the picture as its matrix says: turned by quarters, mirrored or both."""
    turned = (360 - round(frame.rotation or 0)) % 360
    mirrored = _mirrored(frame)
    if turned == 90:
        return [("transpose", "cclock_flip" if mirrored else "clock")]
    if turned == 270:
        return [("transpose", "clock_flip" if mirrored else "cclock")]
    if turned == 180:
        return [("hflip", None)] if mirrored else [("hflip", None), ("vflip", None)]
    return [("vflip", None)] if mirrored else []


def _mirrored(frame: Any) -> bool:
    from av.sidedata.sidedata import Type

    try:
        matrix = bytes(frame.side_data[Type.DISPLAYMATRIX])
    except KeyError:
        return False
    a, b, _, c, d = struct.unpack_from("=5i", matrix, 0)
    return bool(a * d - b * c < 0)


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
