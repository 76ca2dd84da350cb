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

import sqlalchemy as sa

from treadle.engine.runtime import Process
from treadle.engine.system import SystemProcess
from treadle.store import Database
from treadle.store.tables import workers

LEASE_S = 30.0
SYSTEM: Process = SystemProcess()
MARGIN = 0.25  # share of the lease that is not used for sending: clocks, and the way from the guard to the wire


_HELD = sa.select(workers.c.expires_at, workers.c.state).where(
    workers.c.id == sa.bindparam("worker"), workers.c.token == sa.bindparam("token")
)
_HELD_AND_NOW = _HELD.add_columns(sa.text("extract(epoch FROM clock_timestamp()) AS now"))


def database_now(conn: sa.Connection, process: Process = SYSTEM) -> float:
    """Epoch seconds of the database's clock: the one clock that all workers share."""
    if conn.dialect.name == "postgresql":
        return float(conn.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return process.now()


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
                row = {"token": token, "seen_at": now, "expires_at": now + self.seconds, "state": "alive"}
                done = conn.execute(sa.update(workers).where(workers.c.id == self.worker).values(**row))
                if done.rowcount == 0:
                    conn.execute(
                        sa.insert(workers).values(
                            id=self.worker, host=socket.gethostname(), pid=os.getpid(), started_at=now, **row
                        )
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
                    done = conn.execute(
                        sa.update(workers)
                        .where(
                            workers.c.id == self.worker,
                            workers.c.token == self.token,
                            workers.c.state == "alive",
                            workers.c.expires_at > now,
                        )
                        .values(seen_at=now, expires_at=now + self.seconds)
                    )
                if done.rowcount == 1:
                    self._good_until = began + self.seconds * (1 - MARGIN)
                    return True
        self.take()
        return False

    def valid(self, token: str) -> bool:
        """Whether what was started under ``token`` may still publish, right now."""
        return token == self.token and self.process.monotonic() < self._good_until

    def held(self, conn: sa.Connection, token: str) -> bool:
        """Whether the database agrees that the lease under ``token`` is held. Looked at where an intent is written."""
        ours = {"worker": self.worker, "token": token}
        if conn.dialect.name == "postgresql":
            row = conn.execute(_HELD_AND_NOW, ours).first()
            return row is not None and row.state == "alive" and row.expires_at > float(row.now)
        row = conn.execute(_HELD, ours).first()
        return row is not None and row.state == "alive" and row.expires_at > self.process.now()

    def drop(self) -> None:
        """Give the lease up at a clean stop: what is left over can be taken at once."""
        with self.db.begin() as conn:
            now = database_now(conn, self.process)
            conn.execute(
                sa.update(workers)
                .where(workers.c.id == self.worker, workers.c.token == self.token)
                .values(expires_at=now, seen_at=now, state="stopped")
            )
        self._good_until = 0.0


def bury(conn: sa.Connection, *, grace_s: float = 0.0, process: Process = SYSTEM) -> list[str]:
    """Ids of workers whose lease ran out or that stopped, and whose runs nobody has taken over yet.

    They are marked dead first; :func:`gone` is for after the takeover, so that a takeover that dies itself is repeated.
    """
    ended = (
        sa.select(workers.c.id)
        .where(workers.c.state.in_(("alive", "stopped")), workers.c.expires_at < database_now(conn, process) - grace_s)
        # One that was stopped while it wrote its own row would make everybody wait here, and lose their leases too.
        .with_for_update(skip_locked=True)
    )
    ids = list(conn.execute(ended).scalars())
    if ids:
        conn.execute(sa.update(workers).where(workers.c.id.in_(ids)).values(state="dead"))
    return [row.id for row in conn.execute(sa.select(workers.c.id).where(workers.c.state == "dead"))]


def stopped(conn: sa.Connection) -> set[str]:
    """Ids of workers that gave their lease up themselves: nothing went wrong with them. Ask before :func:`bury`."""
    clean = sa.select(workers.c.id).where(workers.c.state == "stopped", workers.c.expires_at > 0.0)
    return set(conn.execute(clean).scalars())


def end_all(conn: sa.Connection) -> None:
    """Declare every lease ended: only for somebody who knows that no other worker can be alive."""
    conn.execute(sa.update(workers).where(workers.c.state == "alive").values(state="stopped", expires_at=0.0))


def gone(conn: sa.Connection, ids: list[str]) -> None:
    """Their runs were taken over."""
    conn.execute(sa.update(workers).where(workers.c.id.in_(ids), workers.c.state == "dead").values(state="gone"))
