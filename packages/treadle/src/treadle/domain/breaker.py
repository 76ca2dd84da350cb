"""When many calls fail for reasons of Threads' own, stop asking: one outage is probed by one request. Pure.

Counted in the process, per stage: a success at a stage forgets its failures. Opening is written to the database by the
caller, so that every worker sees it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 60.0
FAILURES = 6  # in the window, without one success in between ...
WITNESSES = 3  # ... of at least so many posts


@dataclass(slots=True)
class Breaker:
    _failures: dict[str, deque[tuple[float, str]]] = field(default_factory=dict)

    def failed(self, stage: str, post_id: str, now: float, *, scale: float = 1.0) -> bool:
        """Note a platform failure; true when the breaker should open."""
        seen = self._failures.setdefault(stage, deque())
        seen.append((now, post_id))
        while seen and now - seen[0][0] > max(5.0, WINDOW_S * scale):
            seen.popleft()
        return len(seen) >= FAILURES and len({post for _, post in seen}) >= WITNESSES

    def worked(self, stage: str) -> None:
        """Note a success at ``stage``."""
        self._failures.pop(stage, None)
