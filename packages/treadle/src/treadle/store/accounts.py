"""Accounts as they are stored, without their tokens' text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.domain.run_state import AccountView, account_view
from treadle.store import statements
from treadle.store.tables import accounts


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account; times are epoch seconds. ``token_enc`` is ciphertext, ``None`` when no token is stored."""

    id: str
    workspace_id: str
    threads_user_id: str
    username: str
    name: str
    picture_url: str | None
    app_id: str
    token_enc: bytes | None
    token_expires_at: float | None
    token_expiry_assumed: bool
    grant_expires_at: float | None
    scopes: list[str]
    scopes_confirmed: bool
    health: str
    health_cause: Mapping[str, Any] | None
    health_at: float | None
    checked_at: float | None
    refresh_next_at: float | None
    paused: bool
    quota: Mapping[str, Any]
    quota_until: float | None
    created_at: float
    updated_at: float
    disconnected_at: float | None

    @property
    def connected(self) -> bool:
        return self.token_enc is not None and self.disconnected_at is None


@dataclass(frozen=True, slots=True)
class ConnectedValues:
    """What every connection sets; ``token_enc`` is ciphertext, times are epoch seconds."""

    username: str
    name: str
    picture_url: str | None
    profile: Mapping[str, Any]
    app_id: str
    token_enc: bytes
    token_issued_at: float
    token_expires_at: float | None
    grant_expires_at: float | None
    scopes: list[str]
    refresh_next_at: float | None
    scopes_confirmed: bool = True
    token_expiry_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Owned:
    """An account of a person on Threads."""

    id: str
    workspace_id: str
    token_issued_at: float | None


@dataclass(frozen=True, slots=True)
class Granted:
    """Which permissions an account granted; empty: that is not known."""

    id: str
    username: str
    scopes: list[str]


@dataclass(frozen=True, slots=True)
class AccountName:
    """An account as menus name it; ``disconnected_at`` is epoch seconds."""

    id: str
    username: str
    name: str
    picture_url: str | None
    health: str
    paused: bool
    disconnected_at: float | None


_COLUMNS = [accounts.c[field.name] for field in fields(AccountRow)]


def find(conn: sa.Connection, workspace_id: str, account_id: str) -> AccountRow | None:
    """The account with this id, if it is one of the workspace."""
    return _one(conn, accounts.c.id == account_id, accounts.c.workspace_id == workspace_id)


def with_id(conn: sa.Connection, account_id: str) -> AccountRow | None:
    """The account with this id, of any workspace."""
    return _one(conn, accounts.c.id == account_id)


def workspace_of(conn: sa.Connection, account_id: str) -> str:
    """The account's workspace; raises when there is no such account."""
    return str(conn.execute(sa.select(accounts.c.workspace_id).where(accounts.c.id == account_id)).scalar_one())


def of_profile(conn: sa.Connection, workspace_id: str, threads_user_id: str) -> AccountRow | None:
    """The workspace's account for this profile."""
    return _one(conn, accounts.c.workspace_id == workspace_id, accounts.c.threads_user_id == threads_user_id)


def listing(conn: sa.Connection, workspace_id: str, disconnected: bool = False) -> list[AccountRow]:
    """The workspace's accounts by name; ``disconnected``: also those that were disconnected."""
    query = sa.select(*_COLUMNS).where(accounts.c.workspace_id == workspace_id)
    if not disconnected:
        query = query.where(accounts.c.disconnected_at.is_(None))
    return [AccountRow(**row) for row in conn.execute(query.order_by(accounts.c.username, accounts.c.id)).mappings()]


def connected_of(conn: sa.Connection, workspace_id: str | None) -> list[AccountRow]:
    """Accounts that nobody disconnected, of a workspace or of all, by name."""
    query = sa.select(*_COLUMNS).where(accounts.c.disconnected_at.is_(None))
    if workspace_id is not None:
        query = query.where(accounts.c.workspace_id == workspace_id)
    return [AccountRow(**row) for row in conn.execute(query.order_by(accounts.c.username)).mappings()]


def names(conn: sa.Connection, workspace_id: str) -> list[AccountName]:
    """Every account of the workspace, those that were disconnected too, by name."""
    query = sa.select(*(accounts.c[field.name] for field in fields(AccountName)))
    return [
        AccountName(*row)
        for row in conn.execute(query.where(accounts.c.workspace_id == workspace_id).order_by(accounts.c.username))
    ]


def granted(conn: sa.Connection, workspace_id: str) -> list[Granted]:
    """The permissions of every connected account of the workspace, by username."""
    query = sa.select(*(accounts.c[field.name] for field in fields(Granted)))
    query = query.where(accounts.c.workspace_id == workspace_id, accounts.c.disconnected_at.is_(None)).order_by(
        accounts.c.username
    )
    return [Granted(*row) for row in conn.execute(query)]


def count_connected(conn: sa.Connection, workspace_id: str) -> int:
    mine = (accounts.c.workspace_id == workspace_id, accounts.c.disconnected_at.is_(None))
    query = sa.select(sa.func.count()).where(*mine, accounts.c.token_enc.is_not(None))
    return conn.execute(query).scalar_one()


def of_people(conn: sa.Connection, threads_user_ids: Collection[str], *, disconnected: bool = False) -> list[Owned]:
    """The accounts for these profiles, of all workspaces; ``disconnected``: also those that were disconnected."""
    query = sa.select(accounts.c.id, accounts.c.workspace_id, accounts.c.token_issued_at)
    query = query.where(accounts.c.threads_user_id.in_(threads_user_ids))
    if not disconnected:
        query = query.where(accounts.c.disconnected_at.is_(None))
    return [Owned(*row) for row in conn.execute(query)]


# ---------------------------------------------------------------- writing


def keep(
    conn: sa.Connection, workspace_id: str, threads_user_id: str, new_id: str, values: ConnectedValues, *, now: float
) -> tuple[AccountRow | None, str]:
    """Insert or update the workspace's account for a profile; as it was before, if it was there, and its id."""
    row = {
        **{field.name: getattr(values, field.name) for field in fields(ConnectedValues)},
        "token_previous_enc": None,
        "refresh_attempts": 0,
        "refresh_lease_until": None,
        "refresh_lease_token": None,
        "checked_at": now,
        "updated_at": now,
        "disconnected_at": None,
    }
    before = of_profile(conn, workspace_id, threads_user_id)
    if before is None:
        new = {"id": new_id, "workspace_id": workspace_id, "threads_user_id": threads_user_id, "created_at": now}
        try:
            with conn.begin_nested():
                statements.insert(conn, accounts, {**row, **new, "health": "active", "health_at": now})
            return None, new_id
        except sa.exc.IntegrityError:  # the same profile was connected by somebody else at the same moment
            before = of_profile(conn, workspace_id, threads_user_id)
            if before is None:
                raise
    statements.update(conn, accounts, row, id=before.id)
    return before, before.id


def set_profile(
    conn: sa.Connection, account: AccountRow, *, username: str, name: str, picture_url: str | None, now: float
) -> None:
    """The profile as just read with the token of ``account``; nothing when it has another token by now."""
    values = {"username": username, "name": name, "picture_url": picture_url}
    seen = {"token_previous_enc": None, "checked_at": now}
    statements.update(conn, accounts, {**values, **seen}, id=account.id, token_enc=account.token_enc)


def set_paused(conn: sa.Connection, workspace_id: str, account_id: str, *, paused: bool) -> bool:
    """False: the workspace has no such account."""
    return statements.update(conn, accounts, {"paused": paused}, id=account_id, workspace_id=workspace_id) == 1


def disconnect(conn: sa.Connection, workspace_id: str, account_id: str, *, now: float) -> bool:
    """Forget the tokens; false when the workspace has no such connected account."""
    mine = sa.and_(accounts.c.id == account_id, accounts.c.workspace_id == workspace_id)
    query = sa.update(accounts).where(mine, accounts.c.disconnected_at.is_(None))
    return conn.execute(query.values(**_WITHOUT_TOKEN, disconnected_at=now, updated_at=now)).rowcount == 1


def erase(conn: sa.Connection, account_id: str, *, now: float) -> None:
    """Forget what came from Meta about the person; the row stays for the posts of the workspace."""
    profile: dict[str, Any] = {"username": "", "name": "", "picture_url": None, "profile": {}}
    known: dict[str, Any] = {
        "quota": {},
        "learned": {},
        "health_cause": None,
        "disconnected_at": now,
        "updated_at": now,
    }
    statements.update(conn, accounts, {**_WITHOUT_TOKEN, **profile, **known}, id=account_id)


_WITHOUT_TOKEN: Mapping[str, Any] = {
    "token_enc": None,
    "token_previous_enc": None,
    "refresh_next_at": None,
    "scopes": [],
    "scopes_confirmed": True,
    "token_expiry_assumed": False,
}


def _one(conn: sa.Connection, *where: sa.ColumnElement[bool]) -> AccountRow | None:
    row = conn.execute(sa.select(*_COLUMNS).where(*where)).mappings().first()
    return AccountRow(**row) if row else None


def view_of(conn: sa.Connection, account_id: str) -> AccountView:
    """The account as a run sees it. Raises when there is none with this id."""
    return account_view(conn.execute(sa.select(accounts).where(accounts.c.id == account_id)).mappings().one())


def hold_until(conn: sa.Connection, account_id: str, until: float) -> None:
    """Ask nothing for the account before ``until`` (epoch seconds), nor before what is noted already."""
    _hold(conn, accounts.c.id == account_id, until)


def hold_app_until(conn: sa.Connection, app_id: str, until: float) -> None:
    """The same for every account of an app: an app-wide limit slows them all, not only the one that met it."""
    _hold(conn, accounts.c.app_id == app_id, until)


def _hold(conn: sa.Connection, which: sa.ColumnElement[bool], until: float) -> None:
    later = sa.or_(accounts.c.quota_until.is_(None), accounts.c.quota_until < until)
    conn.execute(sa.update(accounts).where(which, later).values(quota_until=until))
