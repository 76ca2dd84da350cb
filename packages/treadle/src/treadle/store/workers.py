"""Workers as they are stored: leases with an expiry in the database's own time. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import workers

Clock = Callable[[], float]

# Every worker asks these every few seconds.
_RENEW = (
    sa.update(workers)
    .where(
        workers.c.id == sa.bindparam("worker"),
        workers.c.token == sa.bindparam("held"),
        workers.c.state == "alive",
        workers.c.expires_at > sa.bindparam("now"),
    )
    .values(seen_at=sa.bindparam("now"), expires_at=sa.bindparam("until"))
)
_STOPPED = sa.select(workers.c.id).where(workers.c.state == "stopped", workers.c.expires_at > 0.0)
_ENDED = (
    sa.select(workers.c.id)
    .where(workers.c.state.in_(("alive", "stopped")), workers.c.expires_at < sa.bindparam("before"))
    # One that was stopped while it wrote its own row would make everybody wait here, and lose their leases too.
    .with_for_update(skip_locked=True)
)
_DEAD = sa.select(workers.c.id).where(workers.c.state == "dead")


@dataclass(frozen=True, slots=True)
class Workforce:
    """``alive``: workers with a lease; ``seen_at``: when any of them renewed it last, ``None``: never."""

    alive: int
    seen_at: float | None


def database_now(conn: sa.Connection, here: Clock) -> float:
    """The one clock that all workers share: PostgreSQL's own, and ``here`` where the database is a file."""
    if conn.dialect.name == "postgresql":
        return float(conn.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return here()


def register(
    conn: sa.Connection, worker: str, token: str, *, now: float, expires_at: float, host: str, pid: int
) -> None:
    """A worker with a new lease, whether or not it was known."""
    row = {"token": token, "seen_at": now, "expires_at": expires_at, "state": "alive"}
    if statements.update(conn, workers, row, id=worker) == 0:
        statements.insert(conn, workers, {**row, "id": worker, "host": host, "pid": pid, "started_at": now})


def renew(conn: sa.Connection, worker: str, token: str, *, now: float, expires_at: float) -> bool:
    """False when the lease was lost."""
    lease = {"worker": worker, "held": token, "now": now, "until": expires_at}
    return conn.execute(_RENEW, lease).rowcount == 1


def stop(conn: sa.Connection, worker: str, token: str, *, now: float) -> None:
    """End a lease at a clean stop."""
    statements.update(conn, workers, {"expires_at": now, "seen_at": now, "state": "stopped"}, id=worker, token=token)


def stop_all(conn: sa.Connection) -> None:
    """End every lease, and as if it had ended long ago."""
    statements.update(conn, workers, {"state": "stopped", "expires_at": 0.0}, state="alive")


def stopped(conn: sa.Connection) -> set[str]:
    """Ids of workers that ended their lease themselves."""
    return set(conn.execute(_STOPPED).scalars())


def bury(conn: sa.Connection, *, before: float) -> list[str]:
    """Mark those dead whose lease ended before then; ids of all that are dead and not :func:`set_gone` yet."""
    ids = list(conn.execute(_ENDED, {"before": before}).scalars())
    if ids:
        conn.execute(sa.update(workers).where(workers.c.id.in_(ids)).values(state="dead"))
    return list(conn.execute(_DEAD).scalars())


def set_gone(conn: sa.Connection, ids: Sequence[str]) -> None:
    """Of dead ones: their runs were taken over."""
    conn.execute(sa.update(workers).where(workers.c.id.in_(ids), workers.c.state == "dead").values(state="gone"))


def delete_gone(conn: sa.Connection, before: float) -> None:
    conn.execute(sa.delete(workers).where(workers.c.state == "gone", workers.c.expires_at < before))


def count_alive(conn: sa.Connection, now: float) -> int:
    return int(conn.execute(sa.select(sa.func.count()).select_from(workers).where(*_alive(now))).scalar_one())


def any_alive(conn: sa.Connection, now: float) -> bool:
    return conn.execute(sa.select(workers.c.id).where(*_alive(now)).limit(1)).first() is not None


def workforce(conn: sa.Connection, now: float) -> Workforce:
    alive = sa.func.sum(sa.case((sa.and_(*_alive(now)), 1), else_=0))
    count, seen_at = conn.execute(sa.select(alive, sa.func.max(workers.c.seen_at))).one()
    return Workforce(count or 0, seen_at)


def last_seen(conn: sa.Connection) -> float | None:
    """When any worker wrote to this database last."""
    return conn.execute(sa.select(sa.func.max(workers.c.seen_at))).scalar()


def _alive(now: float) -> tuple[sa.ColumnElement[bool], ...]:
    return workers.c.state == "alive", workers.c.expires_at > now
