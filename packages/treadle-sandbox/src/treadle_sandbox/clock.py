"""The sandbox's time: the real one, plus what it was moved by."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo


class Clock:
    """Epoch seconds that run with the real time and can be moved forward or set.

    ``frozen`` stops it, so that a test sees the same second until it moves the clock itself.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.offset = 0.0
        self._frozen_at: float | None = None

    def now(self) -> float:
        base = self._source() if self._frozen_at is None else self._frozen_at
        return base + self.offset

    @property
    def frozen(self) -> bool:
        return self._frozen_at is not None

    def advance(self, seconds: float) -> float:
        self.offset += seconds
        return self.now()

    def set(self, epoch: float) -> float:
        self.offset += epoch - self.now()
        return self.now()

    def freeze(self, frozen: bool = True) -> None:
        now = self.now()
        self._frozen_at = self._source() if frozen else None
        self.offset = now - (self._source() if self._frozen_at is None else self._frozen_at)

    def reset(self) -> None:
        self.offset = 0.0
        self._frozen_at = None


def graph_time(epoch: float) -> str:
    """A moment as Threads writes it: ``2024-09-12T23:17:39+0000``."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def session_time(epoch: float) -> str:
    """A moment as the expired-token message writes it: ``Sunday, 10-May-26 10:00:00 PDT``, in winter ``PST``."""
    return datetime.fromtimestamp(epoch, _pacific()).strftime("%A, %d-%b-%y %H:%M:%S %Z")


def pacific_midnight(epoch: float) -> float:
    """When the day of ``epoch`` began in California: days of insights begin and end there."""
    day = datetime.fromtimestamp(epoch, _pacific())
    return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


@cache
def _pacific() -> ZoneInfo:
    return ZoneInfo("America/Los_Angeles")
