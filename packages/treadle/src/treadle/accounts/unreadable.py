"""Accounts whose stored token no key opens: a cause of their own, instead of posts that wait for nothing visible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from treadle.accounts import health
from treadle.accounts.service import Accounts
from treadle.domain.cause import from_pattern
from treadle.store import Connection, account_health, blockers, tokens
from treadle.store.isolation import apart
from treadle.store.tokens import SealedTokens
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
    stored = await service.db.query(tokens.all_sealed, only_connected=True)
    known = await service.db.query(blockers.open_of_accounts, PATTERN)
    closed = [token for token in stored if token.token_enc is not None and not service.opens(token.token_enc)]
    shut = {token.id for token in closed}
    held, again = [], []
    for token in closed:
        if token.id not in known:
            with apart(JOB, token.id):
                if await service.db.run(_hold, service, token):
                    held.append(token.id)
    for token in stored:
        if token.id in known and token.id not in shut:
            with apart(JOB, token.id):
                await service.db.run(_let_go, service, token, known)
                again.append(token.id)
    if held or again:
        log.warning("accounts.stored_tokens", unreadable=len(closed), readable_again=len(again))
    return CheckedTokens(tuple(held), tuple(again))


def _hold(conn: Connection, service: Accounts, token: SealedTokens) -> bool:
    if tokens.sealed_of(conn, token.id) != token.token_enc:  # connected again in the meantime
        return False
    found = cause()
    health.observe(conn, token.id, found, service.now())
    service.hold(conn, token.id, token.workspace_id, found, stage=STAGE)
    return True


def _let_go(conn: Connection, service: Accounts, token: SealedTokens, known: Mapping[str, str]) -> None:
    now = service.now()
    if account_health.pattern_of(conn, token.id) == PATTERN:
        health.worked(conn, token.id, "read", now)
    service.repairs.repaired(conn, [known[token.id]], by="recheck", now=now)
