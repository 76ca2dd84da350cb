"""A worker's lease: the right to publish, for a while.

Each process holds one row with an expiry and a token that changes whenever the lease was lost. The right is judged by
this process's monotonic clock, which goes on while the process is stopped, so that a worker that was paused past its
lease knows it before it writes a request. Others may take over only after the expiry in the database's own time.
"""

from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from treadle.engine.runtime import Process
from treadle.engine.system import SystemProcess
from treadle.store import Connection, Database, workers

LEASE_S = 30.0
SYSTEM: Process = SystemProcess()
MARGIN = 0.25  # share of the lease that is not used for sending: clocks, and the way from the guard to the wire


def database_now(conn: Connection, process: Process = SYSTEM) -> float:
    """Epoch seconds of the database's clock: the one clock that all workers share."""
    return workers.database_now(conn, process.now)


@dataclass(slots=True)
class Lease:
    """The lease of this process. ``worker`` is its id, unique per process; ``token`` fences what it started."""

    db: Database
    worker: str = ""
    seconds: float = LEASE_S
    process: Process = SYSTEM
    token: str = ""
    _good_until: float = 0.0
    _guard: AbstractContextManager[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.worker = self.worker or f"wrk_{self.process.new_token()}"
        self._guard = self.process.lock()

    def take(self) -> None:
        """Register this process, or come back under a new token after the lease was lost."""
        with self._guard:
            began = self.process.monotonic()
            token = self.process.new_token()
            with self.db.begin() as conn:
                now = database_now(conn, self.process)
                workers.register(
                    conn,
                    self.worker,
                    token,
                    now=now,
                    expires_at=now + self.seconds,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                )
            self.token = token
            self._good_until = began + self.seconds * (1 - MARGIN)

    def renew(self) -> bool:
        """Extend the lease; false when it had been lost, in which case a new one was taken under another token."""
        with self._guard:
            began = self.process.monotonic()
            lost = began > self._good_until + self.seconds * MARGIN
            if not lost:
                with self.db.begin() as conn:
                    now = database_now(conn, self.process)
                    renewed = workers.renew(conn, self.worker, self.token, now=now, expires_at=now + self.seconds)
                if renewed:
                    self._good_until = began + self.seconds * (1 - MARGIN)
                    return True
        self.take()
        return False

    def valid(self, token: str) -> bool:
        """Whether what was started under ``token`` may still publish, right now."""
        return token == self.token and self.process.monotonic() < self._good_until

    def drop(self) -> None:
        """Give the lease up at a clean stop: what is left over can be taken at once."""
        with self.db.begin() as conn:
            workers.stop(conn, self.worker, self.token, now=database_now(conn, self.process))
        self._good_until = 0.0


def bury(conn: Connection, *, grace_s: float = 0.0, process: Process = SYSTEM) -> list[str]:
    """Ids of workers whose lease ran out or that stopped, and whose runs nobody has taken over yet.

    They are marked dead first; :func:`gone` is for after the takeover, so that a takeover that dies itself is repeated.
    """
    return workers.bury(conn, before=database_now(conn, process) - grace_s)


def stopped(conn: Connection) -> set[str]:
    """Ids of workers that gave their lease up themselves: nothing went wrong with them. Ask before :func:`bury`."""
    return workers.stopped(conn)


def end_all(conn: Connection) -> None:
    """Declare every lease ended: only for somebody who knows that no other worker can be alive."""
    workers.stop_all(conn)


def gone(conn: Connection, ids: list[str]) -> None:
    """Their runs were taken over."""
    workers.set_gone(conn, ids)
