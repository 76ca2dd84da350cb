"""Storing a connection, new or renewed by a person, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from treadle.accounts import health, needs
from treadle.accounts.service import Accounts
from treadle.accounts.timing import first_refresh
from treadle.accounts.tokens import KnownToken
from treadle.domain.cause import from_pattern
from treadle.ids import new_id
from treadle.people import audit
from treadle.store import Connection, account_pages, accounts, feed
from treadle.store.account_pages import Namesake
from treadle.store.accounts import ConnectedValues
from treadle.store.blockers import repairable
from treadle_diagnosis.types import Evidence

SHORT_LIVED: Final = "It is a short-lived token, which Threads does not renew."


@dataclass(frozen=True, slots=True)
class Stored:
    """``kind``: ``new``, ``reconnected`` (it was known), ``returned`` (it had been disconnected). ``released``: ids of
    the posts that now go out by themselves; ``missing``: permissions that publishing needs and the token has not;
    ``namesakes``: other profiles with the same username; ``can_delete``: posts may be deleted from Threads;
    ``short_lived``: the token ends within hours and could not be exchanged for one that lasts."""

    account_id: str
    kind: str
    username: str
    released: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    namesakes: tuple[Namesake, ...] = ()
    threads_user_id: str = ""
    can_delete: bool = True
    short_lived: bool = False


def store(conn: Connection, service: Accounts, workspace_id: str, known: KnownToken, *, actor: str) -> Stored:
    """Keep the token sealed, set the health, let waiting posts go; one transaction."""
    now = service.now()
    values, new = _values(service, known, now), new_id("account", now)
    before, account_id = accounts.keep(conn, workspace_id, known.profile.id, new, values, now=now)
    kind = "new" if before is None else "returned" if before.disconnected_at is not None else "reconnected"
    mending = [] if before is None else repairable(conn, account_id, service.settings.threads_app_id)
    lacking = needs.missing(needs.ALWAYS, known.scopes)
    if lacking:
        standing = _limit(conn, service, workspace_id, account_id, lacking, now)
        mending = [blocker_id for blocker_id in mending if blocker_id != standing]
    elif before is None or before.health != "restricted":
        # A restriction outlives the token: only a publish, or a person's word, ends it.
        health.reconnected(conn, account_id, "active", None, now)
        if known.short_lived and known.expires_at is not None:
            health.expiring(conn, account_id, ends_at=known.expires_at, why=SHORT_LIVED, now=now)
    released: list[str] = []
    if before is not None:
        released = service.repairs.repaired(conn, mending, by="reconnect", now=now)
        # Posts that met the missing account itself wait behind no blocker.
        released += service.repairs.repaired_for_account(conn, account_id, lanes=(), by="reconnect", now=now)
    payload = {"account_id": account_id, "username": known.profile.username, "threads_user_id": known.profile.id}
    change = "account.connected" if before is None else "account.reconnected"
    feed.announce(conn, workspace_id, change, account_id, {**payload, "released": len(released)}, now=now)
    audit.note(conn, workspace_id, actor, f"account.{kind}", account_id, {"username": known.profile.username}, now=now)
    others = account_pages.namesakes(conn, workspace_id, known.profile.username, but=account_id)
    may_delete = not known.scopes or "threads_delete" in known.scopes
    return Stored(
        account_id,
        kind,
        known.profile.username,
        tuple(released),
        lacking,
        tuple(others),
        known.profile.id,
        may_delete,
        known.short_lived,
    )


def _values(service: Accounts, known: KnownToken, now: float) -> ConnectedValues:
    """What every connection sets, the token sealed."""
    profile = known.profile
    return ConnectedValues(
        username=profile.username,
        name=profile.name,
        picture_url=profile.picture_url,
        profile={"biography": profile.biography, "is_verified": profile.is_verified},
        app_id=service.settings.threads_app_id,
        token_enc=service.vault.seal(known.token.get_secret_value()),
        token_issued_at=known.issued_at,
        token_expires_at=known.expires_at,
        grant_expires_at=known.grant_expires_at,
        scopes=list(known.scopes),
        scopes_confirmed=known.scopes_confirmed,
        token_expiry_assumed=known.expiry_assumed,
        refresh_next_at=first_refresh(known.issued_at, known.expires_at, now, service.random01()),
    )


def _limit(
    conn: Connection, service: Accounts, workspace_id: str, account_id: str, lacking: tuple[str, ...], now: float
) -> str:
    """Say that permissions are missing, and hold the account's posts for it; the id of the blocker."""
    cause = from_pattern("permission_not_granted", Evidence(stage="oauth", body={"missing_scopes": list(lacking)}))
    health.reconnected(conn, account_id, "limited", cause.to_json(), now)
    return service.hold(conn, account_id, workspace_id, cause, stage="oauth")


def disconnect(conn: Connection, workspace_id: str, account_id: str, *, actor: str, now: float) -> bool:
    """Forget the tokens; posts of the account wait until it is connected again. False: there is no such account."""
    if not accounts.disconnect(conn, workspace_id, account_id, now=now):
        return False
    feed.announce(conn, workspace_id, "account.disconnected", account_id, {"account_id": account_id}, now=now)
    audit.note(conn, workspace_id, actor, "account.disconnected", account_id, now=now)
    return True
