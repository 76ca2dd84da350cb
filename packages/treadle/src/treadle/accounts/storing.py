"""Storing a connection, new or renewed by a person, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from treadle.accounts import health, needs
from treadle.accounts.service import Accounts
from treadle.accounts.timing import first_refresh
from treadle.accounts.tokens import KnownToken
from treadle.ids import new_id
from treadle.people import audit
from treadle.store import feed
from treadle.store.tables import accounts, blockers
from treadle_diagnosis import from_pattern
from treadle_diagnosis.types import Evidence

# What a new, working token repairs. A restriction is not among it: reading goes on behind one.
_REPAIRED_LANES: Final = ("meta_token", "permission_app_review", "linked_instagram_account")
_REPAIRED_PATTERNS: Final = ("account_checkpointed", "account_unconfirmed", "identity_confirmation")
_APP_PROVEN: Final = ("wrong_app_id", "client_secret_wrong", "redirect_uri_not_allowed", "app_not_configured")


@dataclass(frozen=True, slots=True)
class Stored:
    """``kind``: ``new``, ``reconnected`` (it was known), ``returned`` (it had been disconnected). ``released``: ids of
    the posts that now go out by themselves; ``missing``: permissions that publishing needs and the token has not."""

    account_id: str
    kind: str
    username: str
    released: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def repairable(conn: sa.Connection, account_id: str, app_id: str) -> list[str]:
    """Ids of the open blockers that connecting this account again would close, the oldest first."""
    query = sa.select(blockers.c.id).where(
        blockers.c.repaired_at.is_(None), sa.or_(_own([account_id]), _shared(app_id))
    )
    return list(conn.execute(query.order_by(blockers.c.opened_at)).scalars())


def repairable_of(
    conn: sa.Connection, account_ids: Sequence[str], app_id: str
) -> tuple[Mapping[str, list[str]], list[str]]:
    """The same for many accounts at once: the blockers of each account that has some, and those of the app, which
    connecting any of them would close."""
    query = sa.select(blockers.c.id, blockers.c.scope, blockers.c.key).where(
        blockers.c.repaired_at.is_(None), sa.or_(_own(account_ids), _shared(app_id))
    )
    own: dict[str, list[str]] = {}
    shared: list[str] = []
    for row in conn.execute(query.order_by(blockers.c.opened_at)):
        (own.setdefault(row.key, []) if row.scope == "account" else shared).append(row.id)
    return own, shared


def _own(account_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        blockers.c.scope == "account",
        blockers.c.key.in_(account_ids),
        sa.or_(blockers.c.lane.in_(_REPAIRED_LANES), blockers.c.pattern.in_(_REPAIRED_PATTERNS)),
    )


def _shared(app_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(blockers.c.scope == "app", blockers.c.key == app_id, blockers.c.pattern.in_(_APP_PROVEN))


def store(conn: sa.Connection, service: Accounts, workspace_id: str, known: KnownToken, *, actor: str) -> Stored:
    """Keep the token sealed, set the health, let waiting posts go; one transaction."""
    now = service.now()
    before, account_id = _keep(conn, workspace_id, known, _values(service, known, now), now)
    kind = "new" if before is None else "returned" if before.disconnected_at is not None else "reconnected"
    mending = [] if before is None else repairable(conn, account_id, service.settings.threads_app_id)
    lacking = needs.missing(needs.ALWAYS, known.scopes)
    if lacking:
        standing = _limit(conn, service, workspace_id, account_id, lacking, now)
        mending = [blocker_id for blocker_id in mending if blocker_id != standing]
    elif before is None or before.health != "restricted":
        # A restriction outlives the token: only a publish, or a person's word, ends it.
        health.reconnected(conn, account_id, "active", None, now)
    released: list[str] = []
    if before is not None:
        released = service.repairs.repaired(conn, mending, by="reconnect", now=now)
        # Posts that met the missing account itself wait behind no blocker.
        released += service.repairs.repaired_for_account(conn, account_id, lanes=(), by="reconnect", now=now)
    payload = {"account_id": account_id, "username": known.profile.username, "threads_user_id": known.profile.id}
    change = "account.connected" if before is None else "account.reconnected"
    feed.announce(conn, workspace_id, change, account_id, {**payload, "released": len(released)}, now=now)
    audit.note(conn, workspace_id, actor, f"account.{kind}", account_id, {"username": known.profile.username}, now=now)
    return Stored(account_id, kind, known.profile.username, tuple(released), lacking)


def _values(service: Accounts, known: KnownToken, now: float) -> dict[str, Any]:
    """The columns that every connection sets anew, the token sealed."""
    profile = known.profile
    return {
        "username": profile.username,
        "name": profile.name,
        "picture_url": profile.picture_url,
        "profile": {"biography": profile.biography, "is_verified": profile.is_verified},
        "app_id": service.settings.threads_app_id,
        "token_enc": service.vault.seal(known.token.get_secret_value()),
        "token_previous_enc": None,
        "token_issued_at": known.issued_at,
        "token_expires_at": known.expires_at,
        "grant_expires_at": known.grant_expires_at,
        "scopes": list(known.scopes),
        "refresh_next_at": first_refresh(known.issued_at, known.expires_at, now, service.random01()),
        "refresh_attempts": 0,
        "refresh_lease_until": None,
        "refresh_lease_token": None,
        "checked_at": now,
        "updated_at": now,
        "disconnected_at": None,
    }


def _keep(
    conn: sa.Connection, workspace_id: str, known: KnownToken, values: dict[str, Any], now: float
) -> tuple[Any | None, str]:
    """Insert or update; the account's row as it was before, if there was one, and its id."""
    before = _row(conn, workspace_id, known.profile.id)
    if before is None:
        account_id = new_id("account", now)
        try:
            with conn.begin_nested():
                conn.execute(
                    sa.insert(accounts).values(
                        id=account_id,
                        workspace_id=workspace_id,
                        threads_user_id=known.profile.id,
                        created_at=now,
                        health="active",
                        health_at=now,
                        **values,
                    )
                )
            return None, account_id
        except sa.exc.IntegrityError:  # the same profile was connected by somebody else at the same moment
            before = _row(conn, workspace_id, known.profile.id)
            if before is None:
                raise
    conn.execute(sa.update(accounts).where(accounts.c.id == before.id).values(**values))
    return before, before.id


def _row(conn: sa.Connection, workspace_id: str, threads_user_id: str) -> Any:
    return conn.execute(
        sa.select(accounts).where(
            accounts.c.workspace_id == workspace_id, accounts.c.threads_user_id == threads_user_id
        )
    ).first()


def _limit(
    conn: sa.Connection, service: Accounts, workspace_id: str, account_id: str, lacking: tuple[str, ...], now: float
) -> str:
    """Say that permissions are missing, and hold the account's posts for it; the id of the blocker."""
    cause = from_pattern("permission_not_granted", Evidence(stage="oauth", body={"missing_scopes": list(lacking)}))
    health.reconnected(conn, account_id, "limited", cause.to_json(), now)
    return service.hold(conn, account_id, workspace_id, cause, stage="oauth")


def disconnect(conn: sa.Connection, workspace_id: str, account_id: str, *, actor: str, now: float) -> bool:
    """Forget the tokens; posts of the account wait until it is connected again. False: there is no such account."""
    done = conn.execute(
        sa.update(accounts)
        .where(
            accounts.c.id == account_id, accounts.c.workspace_id == workspace_id, accounts.c.disconnected_at.is_(None)
        )
        .values(
            token_enc=None,
            token_previous_enc=None,
            refresh_next_at=None,
            disconnected_at=now,
            updated_at=now,
            scopes=[],
        )
    )
    if done.rowcount != 1:
        return False
    feed.announce(conn, workspace_id, "account.disconnected", account_id, {"account_id": account_id}, now=now)
    audit.note(conn, workspace_id, actor, "account.disconnected", account_id, now=now)
    return True
