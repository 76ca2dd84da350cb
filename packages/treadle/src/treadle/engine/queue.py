"""The queue of runs, as the rest of the engine knows it.

A queue promises, and ``tests/treadle/engine/test_queue.py`` holds every implementation to it:

- A run that was stored in a transaction is executed at least once after the commit, and never when it was rolled back.
- It is executed again when its worker died, or when its end could not be stored.
- Of one account's runs, what was due first is taken first. Between accounts no order is promised, only that none
  waits for ever.
- Of one account's posts one run is executed at a time; runs of different accounts do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol, TypeAlias

from treadle.store import Connection

QueueName = Literal["posts", "media"]
# True: the end of the run is stored (:meth:`RunQueue.end`).
Execute: TypeAlias = Callable[[str, int, QueueName], Awaitable[bool | None]]


class RunStore(Protocol):
    """The side of whoever has the database, with or without a worker in this process."""

    def __call__(
        self,
        conn: Connection,
        post_id: str,
        seq: int,
        *,
        account_id: str,
        delay_s: float,
        due_at: float,
        queue: str = "posts",
    ) -> None:
        """Store the run ``seq`` of a post in the caller's transaction, to be executed ``delay_s`` seconds from now."""

    def forget(self, run_ids: list[str]) -> None:
        """Delete finished runs."""


class RunQueue(Protocol):
    """The side of a worker, which executes runs until it is closed."""

    async def open(self, worker: str, execute: Execute) -> None:
        """Begin to execute runs on the running loop, in the name of ``worker``."""

    def wake(self, at: float, queue: QueueName = "posts") -> None:
        """A run of ``queue`` is due at ``at`` (epoch seconds): look then, and not at the next poll."""

    def end(self, conn: Connection, post_id: str, seq: int) -> None:
        """Note in the caller's transaction that the run ``seq`` of a post, which this worker executes, has ended.

        Once that is committed it is never executed again, whatever becomes of the worker, and the account's next run
        may be taken. A queue that writes ends in another way does nothing here.
        """

    def left_behind(self, conn: Connection) -> list[str]:
        """Workers that have unfinished runs and are not, or not any more, known as alive."""

    def take_over(self, workers: Sequence[str]) -> None:
        """Put the unfinished runs of dead workers back, each for one taker."""

    def pick_up(self) -> int:
        """Put back runs of this worker whose end was lost; how many. Called now and then: one run must be missing
        twice in a row, since one that just begins looks the same."""

    def close(self, *, within_s: float) -> None:
        """Take no more runs, and give those under way so long to end. What has not ended is for the next worker."""
