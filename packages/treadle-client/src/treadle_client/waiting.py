"""When a post needs no more waiting, and how often to ask."""

from __future__ import annotations

from typing import Final

# Nothing more happens, or nothing before a person acts.
SETTLED: Final = frozenset({"published", "failed", "canceled", "blocked", "held", "draft"})
FIRST_S: Final = 0.25
LONGEST_S: Final = 5.0


class NotSettled(TimeoutError):
    """The post had no outcome in time. ``state`` is its last; it goes on without you."""

    def __init__(self, post_id: str, state: str, timeout_s: float) -> None:
        self.post_id, self.state = post_id, state
        super().__init__(f"{post_id} is {state} after {timeout_s:g} s")


def pause_s(asked: int) -> float:
    """Seconds until the next question, after ``asked`` of them."""
    return float(min(LONGEST_S, FIRST_S * 1.5 ** min(asked, 20)))
