"""Which media hosts failed lately, for each workspace: so that one post finds it out and not a hundred."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

REMEMBER_S = 600.0
MAX_HOSTS = 4096

HOST_FAULTS = frozenset({"name_not_found", "unreachable", "tls", "timeout", "server_error", "rate_limited"})
"""Findings that speak about the host rather than about one file on it."""


@dataclass(frozen=True, slots=True)
class HostFailure:
    """The last failure of a host: the finding's code, and how many seconds ago."""

    code: str
    ago_s: float
    times: int


class HostMemory:
    """Failures of the last ten minutes, in memory; what holds posts for longer is the engine's blocker."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[float, str, int]] = {}

    def failed(self, workspace: str, host: str, code: str) -> None:
        """Note a failure that is the host's. Codes that speak of a single file are ignored."""
        if code not in HOST_FAULTS:
            return
        if len(self._failures) >= MAX_HOSTS:
            oldest = min(self._failures, key=lambda key: self._failures[key][0])
            del self._failures[oldest]
        times = self._failures.get((workspace, host), (0.0, "", 0))[2]
        self._failures[workspace, host] = (self._clock(), code, times + 1)

    def answered(self, workspace: str, host: str) -> None:
        """Forget what was noted: the host works again."""
        self._failures.pop((workspace, host), None)

    def recent(self, workspace: str, host: str) -> HostFailure | None:
        """The host's failure if it is recent, seen from this workspace only."""
        noted = self._failures.get((workspace, host))
        if noted is None:
            return None
        at, code, times = noted
        ago = self._clock() - at
        if ago > REMEMBER_S:
            del self._failures[workspace, host]
            return None
        return HostFailure(code, ago, times)
