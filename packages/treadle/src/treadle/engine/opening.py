"""Opening the cause that a refusal names, as a blocker."""

from __future__ import annotations

from treadle.domain.run_state import AccountView
from treadle.domain.scope import NARROWEST_FIRST, Reach, key_of
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, blockers, tokens
from treadle_diagnosis.catalog.words import BlockerScope
from treadle_diagnosis.types import Diagnosis


def is_of_an_old_token(conn: Connection, account: AccountView, diagnosis: Diagnosis) -> bool:
    """Whether the token that was refused is not the account's any more: it was connected again, or its token renewed,
    while the call was under way. That says nothing of the account now, and nobody would repair it a second time.
    """
    return diagnosis.lane == "meta_token" and tokens.sealed_of(conn, account.id) != account.token_enc


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


def open_met_by_reading(
    conn: Connection,
    worker: WorkerContext,
    account: AccountView,
    scope: BlockerScope,
    diagnosis: Diagnosis,
    stage: str,
    now: float,
) -> None:
    """The same for a refused read that no post waits for: what refuses every call stops the posts of the account, or of
    its app, at once, not only when the next one of them has met it too. What speaks of one post or host opens nothing.
    """
    if NARROWEST_FIRST[scope] < NARROWEST_FIRST["account"] or is_of_an_old_token(conn, account, diagnosis):
        return
    key = key_of(scope, Reach("", account.id, account.app_id, account.workspace_id))
    where = blockers.scope_for(conn, diagnosis, scope, key, account_id=account.id, app_id=account.app_id, now=now)
    open_cause(conn, worker, account, *where, diagnosis, stage, now)
