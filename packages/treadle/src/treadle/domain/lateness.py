"""When a post is too late to be published without somebody's approval. Pure.

The reason for this rule, and for what it says of threads that are partly live: ``docs/decisions/0010-lateness.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

TOO_LATE = "It is too late to publish this automatically. Approve it, or change its time."
HAS_WARNINGS = "A part of this thread has a warning. Nothing is published until you approve it."


@dataclass(frozen=True, slots=True)
class Timing:
    """What lateness is judged by; times in epoch seconds, ``max_lateness`` in seconds.

    ``confirmed_at``: when a person approved it although it is late. ``last_live_at``: when the latest of its parts
    that are live was published.
    """

    due_at: float
    max_lateness: float
    confirmed_at: float | None = None
    last_live_at: float | None = None


def part_due_at(timing: Timing) -> float:
    """When the next part is due: the first at the post's time, every other one once the part before it is live."""
    return max(timing.due_at, timing.last_live_at if timing.last_live_at is not None else timing.due_at)


def too_late(timing: Timing, now: float) -> bool:
    """Whether what is left of the post waits for an approval instead of being published."""
    return timing.confirmed_at is None and now > part_due_at(timing) + timing.max_lateness
