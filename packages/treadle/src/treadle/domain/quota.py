"""What is known of an account's publishing limits, and why it waits. Pure.

Here alone it becomes the JSON of the column ``quota``, and is read back from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from treadle.domain.cause import Cause

Bucket = Literal["posts", "replies"]
WINDOW_S = 86_400.0  # in which Threads counts
_COUNTS = ("posts_used", "posts_total", "replies_used", "replies_total")


@dataclass(frozen=True, slots=True)
class Quota:
    """Posts and replies in 24 hours as Threads last counted them, ``at`` epoch seconds; ``None``: not said.

    ``cause``: the limit that the account waits for, for the posts that wait with it.
    """

    posts_used: float | None = None
    posts_total: float | None = None
    replies_used: float | None = None
    replies_total: float | None = None
    at: float | None = None
    cause: Cause | None = None

    def used(self, bucket: Bucket) -> float | None:
        return self.posts_used if bucket == "posts" else self.replies_used

    def total(self, bucket: Bucket) -> float | None:
        return self.posts_total if bucket == "posts" else self.replies_total

    def to_json(self) -> dict[str, Any]:
        """The four counts once one of them is known, and what else is."""
        stored: dict[str, Any] = {name: getattr(self, name) for name in _COUNTS}
        if all(count is None for count in stored.values()):
            stored = {}
        if self.at is not None:
            stored["at"] = self.at
        if self.cause is not None:
            stored["cause"] = self.cause.to_json()
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Quota:
        """Of what any release stored. Raises ``ValueError`` or ``TypeError`` where a number is none."""
        if not stored:
            return UNREAD
        read = {name: _number(stored[name]) for name in (*_COUNTS, "at") if stored.get(name) is not None}
        return cls(**read, cause=Cause.from_json(stored.get("cause")))


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else float(value)


UNREAD = Quota()
