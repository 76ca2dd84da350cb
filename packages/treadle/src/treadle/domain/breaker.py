"""When many calls fail for reasons of Threads' own, stop asking: one outage is probed by one request. Pure.

Counted in the process, per stage: a success at a stage forgets its failures. Opening is written to the database by the
caller, so that every worker sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WINDOW_S = 60.0
FAILURES = 6  # in the window, without one success in between ...
WITNESSES = 3  # ... of at least so many posts


@dataclass(slots=True)
class Breaker:
    # By stage, runs that failed there, and when. Several threads write.
    _failures: dict[str, dict[tuple[str, int], float]] = field(default_factory=dict)

    def failed(self, stage: str, post_id: str, seq: int, now: float, *, scale: float = 1.0) -> bool:
        """Note a platform failure that ends the run ``seq`` of a post; true when the breaker should open.

        A run counts once: what it writes may be undone and written again.
        """
        seen = self._failures.setdefault(stage, {})
        seen.setdefault((post_id, seq), now)
        recent = []
        for run, at in list(seen.items()):
            if now - at > max(5.0, WINDOW_S * scale):
                seen.pop(run, None)
            else:
                recent.append(run)
        return len(recent) >= FAILURES and len({post for post, _ in recent}) >= WITNESSES

    def worked(self, stage: str) -> None:
        """Note a success at ``stage``."""
        self._failures.pop(stage, None)
