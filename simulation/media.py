"""The media of posts, looked at without a network: every address holds a sound file, or none for a while."""

from __future__ import annotations

from typing import Any, Literal

from simulation.machine import Machine
from treadle.media.report import MediaReport, Prepared
from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import RepairKind
from treadle_threads.media.plan import RepairPlan


class SimulatedMedia:
    """The media service as far as a run uses it."""

    def of(self, machine: Machine) -> _OfMachine:
        return _OfMachine(machine)


class _OfMachine:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def prepare(self, source: str, **_: Any) -> Prepared:
        await self._machine.wait(0.3, "looking at media")
        kind: Literal["video", "image"] = "video" if source.endswith(".mp4") else "image"
        size = 2_000_000 if kind == "video" else 200_000
        probe = MediaProbe(kind=kind, container=kind, size=size)
        return Prepared(MediaReport(source, probe, [], RepairPlan(RepairKind.NONE)), False, source, None, "", probe)

    @staticmethod
    def local_path(stored: Any) -> str:
        return str(stored)

    @staticmethod
    def public_url(stored: Any) -> str:
        return str(stored)
