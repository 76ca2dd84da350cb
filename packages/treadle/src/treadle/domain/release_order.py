"""In which order and how far apart released posts go on: the oldest first, spaced within each account. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Row = TypeVar("Row", bound=Mapping[str, Any])


def oldest_first(rows: Iterable[Row]) -> list[Row]:
    """By the time they were due; the id decides between equals."""
    return sorted(rows, key=lambda row: (row["due_at"], row["id"]))


class Turns:
    """Hands out turns. ``last``: by account, the turn of the last post that was released and has not begun yet."""

    def __init__(self, last: Mapping[str, float], *, spacing_s: float, now: float) -> None:
        self._spacing_s, self._now = spacing_s, now
        self._next = {account: max(at, now) + spacing_s for account, at in last.items()}

    def take(self, account_id: str) -> float:
        """When the account's next post goes on (epoch seconds)."""
        at = self._next.get(account_id, self._now)
        self._next[account_id] = at + self._spacing_s
        return at
