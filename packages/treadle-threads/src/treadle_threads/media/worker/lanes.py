"""The ways packets take from one file to another: copied as they are, held back until the header can be written."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from treadle_threads.media.plan import RepairPlan

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet as AnyPacket

MAX_CORRECTIONS = 200
MAX_HELD = 20_000
LONGEST_S = 301.0
"""Longer files are trimmed or not repaired at all."""
Packet: TypeAlias = "AnyPacket[Any]"


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
        self, stream: Any, out: Any, writer: Writer, base: Fraction, end: float, tell: Callable[[float], None]
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


def end_of(plan: RepairPlan) -> float:
    """Where the result ends at the latest, in seconds: a jump in time must not be filled with hours of frames."""
    return plan.trim_to if plan.trim_to is not None else LONGEST_S
