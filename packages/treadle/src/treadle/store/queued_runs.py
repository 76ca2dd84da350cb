"""DBOS's table of runs, as far as we read it: it promises none of these names, and ``test_queue.py`` holds them."""

from __future__ import annotations

import sqlalchemy as sa


def _table(conn: sa.Connection) -> str:
    return "workflow_status" if conn.dialect.name == "sqlite" else "dbos.workflow_status"


def finished(conn: sa.Connection, before: float, *, limit: int) -> list[str]:
    """Ids of runs that ended before then (epoch seconds)."""
    query = (
        f"SELECT workflow_uuid FROM {_table(conn)} WHERE status IN ('SUCCESS', 'ERROR', 'CANCELLED')"
        " AND completed_at < :before LIMIT :many"
    )
    return list(conn.execute(sa.text(query), {"before": int(before * 1000), "many": limit}).scalars())


def left_behind(conn: sa.Connection) -> list[str]:
    """Ids of executors with runs under way that are no workers of ours, or whose runs were taken over before."""
    query = (
        f"SELECT DISTINCT executor_id FROM {_table(conn)} WHERE status = 'PENDING' AND executor_id IS NOT NULL"
        " AND executor_id NOT IN (SELECT id FROM workers WHERE state <> 'gone')"
    )
    return [str(worker) for worker in conn.execute(sa.text(query)).scalars()]


def end(conn: sa.Connection, run_id: str, executor: str, *, now: float) -> bool:
    """Note that a run has ended which this executor has taken; false when it is not, or not any more, in its hands."""
    query = (
        f"UPDATE {_table(conn)} SET status = 'SUCCESS', owner_xid = NULL, deduplication_id = NULL,"
        " updated_at = :now, completed_at = :now"
        " WHERE workflow_uuid = :run AND status = 'PENDING' AND executor_id = :me"
    )
    return conn.execute(sa.text(query), {"run": run_id, "me": executor, "now": int(now * 1000)}).rowcount == 1


def under_way(conn: sa.Connection, executor: str) -> set[str]:
    """Ids of the runs that this executor has taken and not ended."""
    query = f"SELECT workflow_uuid FROM {_table(conn)} WHERE status = 'PENDING' AND executor_id = :me"
    return set(conn.execute(sa.text(query), {"me": executor}).scalars())
