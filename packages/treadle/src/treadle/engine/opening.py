"""Opening the cause that a refusal names, as a blocker."""

from __future__ import annotations

from treadle.domain.view import AccountView
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, blockers
from treadle_diagnosis.types import Diagnosis


def open_cause(
    conn: Connection,
    worker: WorkerContext,
    account: AccountView,
    scope: str,
    key: str,
    diagnosis: Diagnosis,
    stage: str,
    now: float,
) -> str:
    """The id of the open blocker for what ``account`` met at ``stage``; its health shows it from then on."""
    blocker_id = blockers.open_blocker(
        conn,
        diagnosis,
        scope=scope,
        key=key,
        workspace_id=account.workspace_id,
        now=now,
        scale=worker.scale,
        stage=stage,
    )
    if scope == "account":
        worker.observe(conn, account.id, diagnosis, now)
    return blocker_id
