"""Accounts whose stored token no key opens: a cause of their own, instead of posts that wait for nothing visible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from treadle.accounts import health
from treadle.accounts.service import Accounts
from treadle.store import Connection, sealed_tokens
from treadle.store.isolation import apart
from treadle.store.sealed_tokens import StoredToken
from treadle_diagnosis import from_pattern
from treadle_diagnosis.types import Diagnosis, Evidence

JOB: Final = "check_stored_tokens"
PATTERN: Final = "token_unreadable"
STAGE: Final = "preflight"

log = structlog.get_logger("treadle.accounts")


@dataclass(frozen=True, slots=True)
class CheckedTokens:
    """Ids of accounts whose posts are now held, and of those whose token can be read again."""

    held: tuple[str, ...] = ()
    readable_again: tuple[str, ...] = ()


def cause() -> Diagnosis:
    """What holds the posts of an account whose token no key opens."""
    return from_pattern(PATTERN, Evidence(stage=STAGE, body={"finding": PATTERN}))


async def check_stored_tokens(service: Accounts) -> CheckedTokens:
    """Hold the posts of accounts whose token cannot be opened; let them go when the key is back. A background job."""
    stored = await service.db.query(sealed_tokens.stored)
    known = await service.db.query(sealed_tokens.open_blockers, PATTERN)
    closed = [token for token in stored if not service.opens(token.sealed)]
    shut = {token.account_id for token in closed}
    held, again = [], []
    for token in closed:
        if token.account_id not in known:
            with apart(JOB, token.account_id):
                if await service.db.run(_hold, service, token):
                    held.append(token.account_id)
    for token in stored:
        if token.account_id in known and token.account_id not in shut:
            with apart(JOB, token.account_id):
                await service.db.run(_let_go, service, token, known)
                again.append(token.account_id)
    if held or again:
        log.warning("accounts.stored_tokens", unreadable=len(closed), readable_again=len(again))
    return CheckedTokens(tuple(held), tuple(again))


def _hold(conn: Connection, service: Accounts, token: StoredToken) -> bool:
    if not sealed_tokens.still(conn, token):  # connected again in the meantime
        return False
    found = cause()
    health.observe(conn, token.account_id, found, service.now())
    service.hold(conn, token.account_id, token.workspace_id, found, stage=STAGE)
    return True


def _let_go(conn: Connection, service: Accounts, token: StoredToken, known: Mapping[str, str]) -> None:
    now = service.now()
    if sealed_tokens.held_by(conn, token.account_id) == PATTERN:
        health.worked(conn, token.account_id, "read", now)
    service.repairs.repaired(conn, [known[token.account_id]], by="recheck", now=now)
