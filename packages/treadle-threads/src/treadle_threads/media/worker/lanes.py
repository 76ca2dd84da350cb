"""The ways packets take from one file to another: copied as they are, held back until the header can be written."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from treadle_threads.media.plan import RepairPlan
from treadle_threads.media.validate_sound import LATE_S

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet as AnyPacket

MAX_CORRECTIONS = 200
MIN_PICTURES = 3
MAX_WITHOUT_DTS = 32
MAX_HELD = 20_000
LONGEST_S = 301.0
"""Longer files are trimmed or not repaired at all."""
Packet: TypeAlias = "AnyPacket[Any]"


class UnevenSound(Exception):
    """No packet of the sound begins with the picture: it must be encoded, with silence in front of it or cut."""


class CopyFailed(Exception):
    """Copying packets would not give a sound file (times run backwards too often): it must be encoded."""


class Lane(Protocol):
    def take(self, packet: Packet) -> bool: ...
    def finish(self) -> None: ...


class Writer:
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


class CopyLane:
    """Packets as they are, with times rebased, invented where a container has none, and kept from running backwards."""

    def __init__(
        self,
        stream: Any,
        out: Any,
        writer: Writer,
        base: Fraction,
        end: float,
        on_progress: Callable[[float], None],
        *,
        untimed: bool = False,
    ) -> None:
        self._out, self._writer, self._on_progress = out, writer, on_progress
        self._base, self._end = base, end
        self._is_video = stream.type == "video"
        self._untimed = untimed and self._is_video
        self._reorders = self._is_video and _reorders(stream)
        self._delay = max(1, stream.codec_context.reorder_depth) if self._reorders else 1
        rate = float(stream.average_rate or 30) if self._is_video else 1.0
        self._step = 1 / rate
        self._last: int | None = None
        self._latest: int | None = None
        self._first: list[Packet] = []
        self._corrections = 0
        self._count = 0
        self._shuffled = False

    def take(self, packet: Packet) -> bool:
        if packet.size == 0:
            return True
        if self._untimed:  # what the library guesses for AVI is off by some pictures; none change places here
            packet.pts = packet.dts
        if packet.pts is None or packet.time_base is None:
            raise CopyFailed("a packet does not say when it is to be shown")
        if packet.dts is None and self._latest is None and len(self._first) < MAX_WITHOUT_DTS:
            self._first.append(packet)
            return True
        return self._start(packet) and self._put(packet)

    def _start(self, following: Packet | None) -> bool:
        """Put out the packets at the beginning that do not say when they are to be decoded, as in Matroska: one step
        each before the first that does. Skipping them would lose the key frame."""
        waiting, self._first = self._first, []
        if not waiting:
            return True
        shown = sorted(packet.pts or 0 for packet in (*waiting, *([following] if following else [])))
        step = min((later - earlier for earlier, later in pairwise(shown) if later > earlier), default=0)
        step = step or self._step_of(waiting[0])
        dts = following.dts if following else None
        begin = (waiting[0].pts or 0) - self._delay * step if dts is None else dts - len(waiting) * step
        for number, packet in enumerate(waiting):
            packet.dts = begin + number * step
            if not self._put(packet):
                return False
        return True

    def _step_of(self, packet: Packet) -> int:
        """How long one packet lasts, in its ticks. What Matroska says of a picture's length is often made up."""
        assert packet.time_base is not None
        return (0 if self._is_video else packet.duration or 0) or max(1, round(self._step / float(packet.time_base)))

    def _put(self, packet: Packet) -> bool:
        assert packet.time_base is not None
        assert packet.pts is not None
        base = packet.time_base
        if packet.dts is None:
            packet.dts = (self._latest or 0) + self._step_of(packet)
        self._latest = packet.dts
        shift = round(self._base / base)
        packet.pts -= shift
        packet.dts -= shift
        if not self._is_video and packet.pts + (packet.duration or 0) // 2 < 0:
            return True  # priming, or sound before the picture
        if not self._is_video and self._last is None and abs(packet.pts * base) > LATE_S:
            raise UnevenSound
        if packet.pts * base >= self._end:
            return False  # whatever follows may need this picture, so nothing after it is kept either
        if packet.dts > packet.pts:
            raise CopyFailed("a packet is to be shown before it is decoded")
        self._count += 1
        self._shuffled = self._shuffled or packet.pts != packet.dts
        self._keep_order(packet)
        if self._is_video:
            self._on_progress(float(packet.pts * base))
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
        """Nothing is kept back. A stream whose pictures change places cannot show each when it is decoded."""
        self._start(None)
        if self._reorders and self._count > MIN_PICTURES and not self._shuffled:
            raise CopyFailed("the container does not say in which order the pictures are shown")


def _reorders(stream: Any) -> bool:
    return bool(getattr(stream.codec_context, "reorder_depth", 0))


def end_of(plan: RepairPlan) -> float:
    """Where the result ends at the latest, in seconds: a jump in time must not be filled with hours of frames."""
    return plan.trim_to if plan.trim_to is not None else LONGEST_S
