"""Keeping tokens alive: found when due, leased so that no two processes refresh the same one, stored before the old
one is forgotten, and tried again over days while nothing says that the token is dead."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa
import structlog

from treadle.accounts import health, unreadable
from treadle.accounts.service import Accounts
from treadle.accounts.timing import RETRY_FIRST_S, WARN_S, first_refresh, next_try
from treadle.store.isolation import apart
from treadle.store.tables import accounts
from treadle_diagnosis.types import Diagnosis
from treadle_threads import oauth
from treadle_threads.evidence import diagnose_failure
from treadle_threads.oauth import Token, TokenFacts
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
    ids = await service.db.query(_due, service.now())
    gate = asyncio.Semaphore(AT_ONCE)

    kept: list[Refreshed] = []

    async def one(account_id: str) -> None:
        async with gate:
            with apart(JOB, account_id) as outcome:
                kept.append(await refresh(service, account_id))
            if outcome.failed:  # not in the way of the others at the next turn
                later = service.now() + RETRY_FIRST_S * service.settings.time_scale
                with apart(JOB, account_id):
                    await service.db.run(_put_off, account_id, later)

    await asyncio.gather(*(one(account_id) for account_id in ids))
    await service.db.run(warn, service.now())
    return kept


def _put_off(conn: sa.Connection, account_id: str, until: float) -> None:
    conn.execute(sa.update(accounts).where(accounts.c.id == account_id).values(refresh_next_at=until))


def _due(conn: sa.Connection, now: float) -> list[str]:
    query = (
        sa.select(accounts.c.id)
        .where(
            accounts.c.refresh_next_at <= now,
            accounts.c.token_enc.is_not(None),
            accounts.c.disconnected_at.is_(None),
            sa.or_(accounts.c.refresh_lease_until.is_(None), accounts.c.refresh_lease_until <= now),
        )
        .order_by(sa.func.coalesce(accounts.c.token_expires_at, accounts.c.refresh_next_at))
        .limit(BATCH)
    )
    return list(conn.execute(query).scalars())


async def refresh(service: Accounts, account_id: str, *, asked: bool = False) -> Refreshed:
    """Refresh one account's token, if nobody else does. ``asked``: now, whatever its time."""
    lease = secrets.token_hex(16)
    row = await service.db.run(_take, account_id, lease, service.now(), asked)
    if row is None:
        return Refreshed(account_id, "skipped")
    try:
        old = service.token(row["token_enc"])
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
        await service.db.run(_release, account_id, lease)


def _take(conn: sa.Connection, account_id: str, lease: str, now: float, asked: bool) -> Mapping[str, Any] | None:
    """Lease the row by compare-and-set; what it held, or ``None`` when somebody else has it or it is not due."""
    due = sa.true() if asked else accounts.c.refresh_next_at <= now
    done = conn.execute(
        sa.update(accounts)
        .where(
            accounts.c.id == account_id,
            due,
            accounts.c.token_enc.is_not(None),
            accounts.c.disconnected_at.is_(None),
            sa.or_(accounts.c.refresh_lease_until.is_(None), accounts.c.refresh_lease_until <= now),
        )
        .values(refresh_lease_until=now + LEASE_S, refresh_lease_token=lease)
    )
    if done.rowcount != 1:
        return None
    row = conn.execute(sa.select(accounts).where(accounts.c.id == account_id)).mappings().one()
    return dict(row)


def _mine(row: Mapping[str, Any], lease: str) -> sa.ColumnElement[bool]:
    """Still our lease, and nobody has connected the account anew meanwhile."""
    return sa.and_(
        accounts.c.id == row["id"],
        accounts.c.refresh_lease_token == lease,
        accounts.c.token_enc == row["token_enc"],
    )


def _stored(conn: sa.Connection, service: Accounts, row: Mapping[str, Any], lease: str, fresh: Token) -> bool:
    """The new token in, the old one kept beside it, in one transaction."""
    now = service.now()
    expires = now + (fresh.expires_in_s or oauth.LONG_LIFE_S)
    done = conn.execute(
        sa.update(accounts)
        .where(_mine(row, lease))
        .values(
            token_enc=service.vault.seal(fresh.secret.get_secret_value()),
            token_previous_enc=row["token_enc"],
            token_issued_at=now,
            token_expires_at=expires,
            refresh_next_at=first_refresh(now, expires, now, service.random01()),
            refresh_attempts=0,
            updated_at=now,
        )
    )
    return done.rowcount == 1


async def _prove(service: Accounts, row: Mapping[str, Any], fresh: Secret, old: Secret) -> Refreshed:
    """Use the new token once before the old one is forgotten; take the old one back if only that one works."""
    account_id = row["id"]
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


async def _settle(service: Accounts, row: Mapping[str, Any], token: Secret) -> None:
    """The token works: forget the one before, and ask what the permission's own end is now."""
    facts = await oauth.debug_token(service.client, token=token, using=token)
    told = facts.value if isinstance(facts, Ok) and facts.value.is_valid else None

    def settle(conn: sa.Connection) -> None:
        now = service.now()
        conn.execute(
            sa.update(accounts)
            .where(accounts.c.id == row["id"])
            .values(token_previous_enc=None, checked_at=now, **_facts(told))
        )
        health.worked(conn, row["id"], "read", now)
        health.renewed(conn, row["id"], now)

    await service.db.run(settle)


def _facts(told: TokenFacts | None) -> dict[str, Any]:
    if told is None:
        return {}
    values: dict[str, Any] = {}
    if told.grant_expires_at:
        values["grant_expires_at"] = told.grant_expires_at
    if told.expires_at:
        values["token_expires_at"] = told.expires_at
    if told.scopes:
        values["scopes"] = list(told.scopes)
    return values


def _back(conn: sa.Connection, service: Accounts, row: Mapping[str, Any]) -> None:
    now = service.now()
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.id == row["id"], accounts.c.token_previous_enc == row["token_enc"])
        .values(
            token_enc=row["token_enc"],
            token_previous_enc=None,
            token_issued_at=row["token_issued_at"],
            token_expires_at=row["token_expires_at"],
            refresh_next_at=_again(service, row, now),
            refresh_attempts=row["refresh_attempts"] + 1,
        )
    )


def _failed(conn: sa.Connection, service: Accounts, row: Mapping[str, Any], lease: str, found: Diagnosis) -> Refreshed:
    """Only the diagnosis says whether the token is dead; everything else is tried again."""
    now, account_id = service.now(), row["id"]
    meant = health.health_of(found)
    dead = meant == "reconnect" and found.pattern != unreadable.PATTERN  # its key may come back
    values = {
        "refresh_attempts": row["refresh_attempts"] + 1,
        "refresh_next_at": None if dead else _again(service, row, now),
        "updated_at": now,
    }
    done = conn.execute(sa.update(accounts).where(_mine(row, lease)).values(**values))
    if done.rowcount != 1:
        return Refreshed(account_id, "skipped", found)
    if meant is not None:
        troubled(conn, service, account_id, row["workspace_id"], found, stage="token_refresh")
    log.info("refresh.later" if not dead else "refresh.dead", account=account_id, pattern=found.pattern)
    return Refreshed(account_id, "dead" if dead else "later", found)


def _again(service: Accounts, row: Mapping[str, Any], now: float) -> float:
    return next_try(
        row["refresh_attempts"],
        now,
        expires_at=row["token_expires_at"],
        random01=service.random01(),
        scale=service.settings.time_scale,
    )


def troubled(
    conn: sa.Connection, service: Accounts, account_id: str, workspace_id: str, found: Diagnosis, *, stage: str
) -> None:
    """A call outside any post met trouble of the account: note it, and hold its posts before they meet it too."""
    health.observe(conn, account_id, found, service.now())
    if health.health_of(found) in ("reconnect", "checkpoint", "linked_account", "restricted"):
        service.hold(conn, account_id, workspace_id, found, stage=stage)


def _release(conn: sa.Connection, account_id: str, lease: str) -> None:
    conn.execute(
        sa.update(accounts)
        .where(accounts.c.id == account_id, accounts.c.refresh_lease_token == lease)
        .values(refresh_lease_until=None, refresh_lease_token=None)
    )


def warn(conn: sa.Connection, now: float) -> list[str]:
    """Say of accounts that work that their token or permission ends within a week; ids of those said now."""
    soon = now + WARN_S
    life = accounts.c.token_expires_at - accounts.c.token_issued_at
    rows = conn.execute(
        sa.select(accounts.c.id, accounts.c.token_expires_at, accounts.c.grant_expires_at).where(
            accounts.c.health == "active",
            accounts.c.disconnected_at.is_(None),
            sa.or_(
                # A token that never lived for two weeks is not news: it is refreshed daily.
                sa.and_(accounts.c.token_expires_at < soon, sa.or_(life > 2 * WARN_S, accounts.c.refresh_attempts > 2)),
                accounts.c.grant_expires_at < soon,
            ),
        )
    ).all()
    said = []
    for row in rows:
        with apart(JOB, row.id, conn):
            ends = min(at for at in (row.token_expires_at, row.grant_expires_at) if at is not None)
            token_ends = row.token_expires_at is not None and row.token_expires_at == ends
            why = (
                "The token could not be renewed so far."
                if token_ends
                else "Threads lets a permission stand for 90 days; only the owner can give it again."
            )
            if health.expiring(conn, row.id, ends_at=ends, why=why, now=now):
                said.append(row.id)
    return said
