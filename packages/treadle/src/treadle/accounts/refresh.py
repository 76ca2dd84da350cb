"""Keeping tokens alive: found when due, leased so that no two processes refresh the same one, stored before the old
one is forgotten, and tried again over days while nothing says that the token is dead."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from treadle.accounts import health, unreadable
from treadle.accounts.service import Accounts
from treadle.accounts.timing import RETRY_FIRST_S, WARN_S, first_refresh, next_try
from treadle.domain.cause import diagnose_failure
from treadle.store import Connection, tokens
from treadle.store.isolation import apart, each_apart
from treadle.store.tokens import LeasedToken
from treadle_diagnosis.types import Diagnosis
from treadle_threads import oauth
from treadle_threads.oauth import Token
from treadle_threads.results import Ok
from treadle_threads.secret import Secret

log = structlog.get_logger("treadle.accounts")

JOB: Final = "refresh_tokens"
LEASE_S: Final = 300.0  # longer than the three calls of one refresh can take together
AT_ONCE: Final = 16
BATCH: Final = 200

Outcome = Literal["refreshed", "later", "dead", "skipped"]


@dataclass(frozen=True, slots=True)
class Refreshed:
    account_id: str
    outcome: Outcome
    diagnosis: Diagnosis | None = None


async def refresh_due(service: Accounts) -> list[Refreshed]:
    """Refresh every token whose time has come; a background job, safe to run in several processes at once."""
    ids = await service.db.query(tokens.due, service.now(), limit=BATCH)
    kept: list[Refreshed] = []

    async def one(account_id: str) -> None:
        kept.append(await refresh(service, account_id))

    async def put_off(account_id: str) -> None:
        later = service.now() + RETRY_FIRST_S * service.settings.time_scale
        await service.db.run(tokens.set_refresh_at, account_id, later)

    await each_apart(JOB, ids, one, put_off, at_once=AT_ONCE)
    await service.db.run(warn, service.now())
    return kept


async def refresh(service: Accounts, account_id: str, *, asked: bool = False) -> Refreshed:
    """Refresh one account's token, if nobody else does. ``asked``: now, whatever its time."""
    lease = secrets.token_hex(16)
    now = service.now()
    row = await service.db.run(tokens.lease, account_id, lease, now=now, until=now + LEASE_S, asked=asked)
    if row is None:
        return Refreshed(account_id, "skipped")
    try:
        old = service.token(row.token_enc)
        if old is None:
            return await service.db.run(_failed, service, row, lease, unreadable.cause())
        result = await oauth.refresh(service.client, token=old)
        if not isinstance(result, Ok):
            found = diagnose_failure(result, "token_refresh")
            return await service.db.run(_failed, service, row, lease, found)
        fresh = result.value
        if not await service.db.run(_stored, service, row, lease, fresh):
            return Refreshed(account_id, "skipped")
        if fresh.secret.get_secret_value() == old.get_secret_value():
            # Only the life was prolonged: there is no old token to fall back to, or to forget.
            await _settle(service, row, fresh.secret)
            return Refreshed(account_id, "refreshed")
        return await _prove(service, row, fresh.secret, old)
    finally:
        await service.db.run(tokens.release, account_id, lease)


def _stored(conn: Connection, service: Accounts, row: LeasedToken, lease: str, fresh: Token) -> bool:
    """The new token in, the old one kept beside it, in one transaction."""
    now = service.now()
    expires = now + (fresh.expires_in_s or oauth.LONG_LIFE_S)
    sealed = service.vault.seal(fresh.secret.get_secret_value())
    refresh_at = first_refresh(now, expires, now, service.random01())
    assumed = not fresh.expires_in_s
    return tokens.replace(conn, row, lease, sealed, expires_at=expires, assumed=assumed, refresh_at=refresh_at, now=now)


async def _prove(service: Accounts, row: LeasedToken, fresh: Secret, old: Secret) -> Refreshed:
    """Use the new token once before the old one is forgotten; take the old one back if only that one works."""
    account_id = row.id
    result = await service.client.with_token(fresh).me("id")
    if isinstance(result, Ok):
        await _settle(service, row, fresh)
        return Refreshed(account_id, "refreshed")
    found = diagnose_failure(result, "read")
    if health.health_of(found) == "reconnect" and isinstance(await service.client.with_token(old).me("id"), Ok):
        await service.db.run(_back, service, row)
        return Refreshed(account_id, "later", found)
    # Nothing is known against the new token: both stay until the next refresh or a read that works.
    return Refreshed(account_id, "refreshed", found)


async def _settle(service: Accounts, row: LeasedToken, token: Secret) -> None:
    """The token works: forget the one before, and ask what the permission's own end is now."""
    facts = await oauth.debug_token(service.client, token=token, using=token)
    known = facts.value if isinstance(facts, Ok) and facts.value.is_valid else None

    def settle(conn: Connection) -> None:
        now = service.now()
        tokens.set_proven(
            conn,
            row.id,
            now=now,
            expires_at=known.expires_at if known else None,
            grant_expires_at=known.grant_expires_at if known else None,
            scopes=known.scopes if known else (),
        )
        health.worked(conn, row.id, "read", now)
        health.renewed(conn, row.id, now)

    await service.db.run(settle)


def _back(conn: Connection, service: Accounts, row: LeasedToken) -> None:
    tokens.put_back(conn, row, refresh_at=_again(service, row, service.now()))


def _failed(conn: Connection, service: Accounts, row: LeasedToken, lease: str, found: Diagnosis) -> Refreshed:
    """Only the diagnosis says whether the token is dead; everything else is tried again."""
    now, account_id = service.now(), row.id
    meant = health.health_of(found)
    dead = meant == "reconnect" and found.pattern != unreadable.PATTERN  # its key may come back
    refresh_at = None if dead else _again(service, row, now)
    if not tokens.set_failed(conn, row, lease, refresh_at=refresh_at, now=now):
        return Refreshed(account_id, "skipped", found)
    if meant is not None:
        troubled(conn, service, account_id, row.workspace_id, found, stage="token_refresh")
    log.info("refresh.later" if not dead else "refresh.dead", account=account_id, pattern=found.pattern)
    return Refreshed(account_id, "dead" if dead else "later", found)


def _again(service: Accounts, row: LeasedToken, now: float) -> float:
    return next_try(
        row.refresh_attempts,
        now,
        expires_at=row.token_expires_at,
        random01=service.random01(),
        scale=service.settings.time_scale,
    )


def troubled(
    conn: Connection, service: Accounts, account_id: str, workspace_id: str, found: Diagnosis, *, stage: str
) -> None:
    """A call outside any post met trouble of the account: note it, and hold its posts before they meet it too."""
    health.observe(conn, account_id, found, service.now())
    if health.health_of(found) in ("reconnect", "checkpoint", "linked_account", "restricted"):
        service.hold(conn, account_id, workspace_id, found, stage=stage)


def warn(conn: Connection, now: float) -> list[str]:
    """Say of accounts that work that their token or permission ends within a week; ids of those said now."""
    # A token that never lived for two weeks is not news: it is refreshed daily.
    rows = tokens.ending(conn, now + WARN_S, shortest_life_s=2 * WARN_S)
    warned = []
    for row in rows:
        with apart(JOB, row.id, conn):
            ends = min(at for at in (row.token_expires_at, row.grant_expires_at) if at is not None)
            token_ends = row.token_expires_at is not None and row.token_expires_at == ends
            why = (
                "The access token couldn't be renewed yet."
                if token_ends
                else "A permission on Threads lasts 90 days, and only the owner can renew it."
            )
            if health.expiring(conn, row.id, ends_at=ends, why=why, now=now):
                warned.append(row.id)
    return warned
