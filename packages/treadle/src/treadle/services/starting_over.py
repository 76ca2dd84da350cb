"""Going on without the keys that are lost for good: what only they open is given up, and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from treadle.notify.webhooks import new_secret
from treadle.people import audit
from treadle.store import feed
from treadle.store.tables import accounts, webhooks, workspaces
from treadle.vault import SEALED_OPTIONS, Vault, VaultError


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What was sealed with a lost key: accounts to connect again, webhooks paused, workspaces without alert targets."""

    accounts: tuple[str, ...]
    webhooks: tuple[str, ...]
    workspaces: tuple[str, ...]


def give_up(conn: sa.Connection, vault: Vault, *, actor: str, now: float) -> GivenUp:
    """Remove every secret that ``vault`` cannot open. Posts stay: they wait until their account is connected again."""
    return GivenUp(
        tuple(_accounts(conn, vault, actor, now)),
        tuple(_webhooks(conn, vault, actor, now)),
        tuple(_targets(conn, vault, actor, now)),
    )


def _accounts(conn: sa.Connection, vault: Vault, actor: str, now: float) -> list[str]:
    found = []
    held = sa.or_(accounts.c.token_enc.is_not(None), accounts.c.token_previous_enc.is_not(None))
    columns = (accounts.c.id, accounts.c.workspace_id, accounts.c.token_enc, accounts.c.token_previous_enc)
    for row in conn.execute(sa.select(*columns).where(held)).all():
        if not _opens(vault, row.token_previous_enc):
            _update(conn, accounts, row.id, {"token_previous_enc": None})
        if _opens(vault, row.token_enc):
            continue
        gone = {"token_enc": None, "refresh_next_at": None, "disconnected_at": now, "updated_at": now}
        _update(conn, accounts, row.id, gone)
        feed.announce(conn, row.workspace_id, "account.disconnected", row.id, {"account_id": row.id}, now=now)
        audit.note(conn, row.workspace_id, actor, "account.key_lost", row.id, now=now)
        found.append(str(row.id))
    return found


def _webhooks(conn: sa.Connection, vault: Vault, actor: str, now: float) -> list[str]:
    """A webhook is paused under a secret nobody knows: its owner makes a new one and resumes it."""
    found = []
    columns = (webhooks.c.id, webhooks.c.workspace_id, webhooks.c.secret_enc, webhooks.c.secret_previous_enc)
    for row in conn.execute(sa.select(*columns)).all():
        if not _opens(vault, row.secret_previous_enc):
            _update(conn, webhooks, row.id, {"secret_previous_enc": None})
        if _opens(vault, row.secret_enc):
            continue
        _update(conn, webhooks, row.id, {"secret_enc": vault.seal(new_secret()), "state": "paused"})
        audit.note(conn, row.workspace_id, actor, "webhook.key_lost", row.id, now=now)
        found.append(str(row.id))
    return found


def _targets(conn: sa.Connection, vault: Vault, actor: str, now: float) -> list[str]:
    found = []
    for row in conn.execute(sa.select(workspaces.c.id, workspaces.c.options)).all():
        options = dict(row.options or {})
        lost = [name for name in SEALED_OPTIONS & options.keys() if not _opens_text(vault, options[name])]
        if lost:
            _update(conn, workspaces, row.id, {"options": {k: v for k, v in options.items() if k not in lost}})
            audit.note(conn, row.id, actor, "workspace.key_lost", row.id, now=now)
            found.append(str(row.id))
    return found


def _update(conn: sa.Connection, table: sa.Table, row_id: str, values: Mapping[str, object]) -> None:
    conn.execute(sa.update(table).where(table.c.id == row_id).values(**values))


def _opens(vault: Vault, sealed: bytes | None) -> bool:
    """Whether there is nothing to open, or a key that opens it."""
    if sealed is None:
        return True
    try:
        vault.open(sealed)
    except VaultError:
        return False
    return True


def _opens_text(vault: Vault, sealed: str) -> bool:
    try:
        return _opens(vault, base64.b64decode(sealed))
    except ValueError:
        return False
