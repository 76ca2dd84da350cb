"""Going on without the keys that are lost for good: what only they open is given up, and nothing else."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from treadle.notify.webhooks import new_secret
from treadle.people import audit
from treadle.store import Connection, feed, tokens, webhooks, workspaces
from treadle.vault import SEALED_OPTIONS, Vault, VaultError


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What was sealed with a lost key: accounts to reconnect, webhooks paused, workspaces without alert recipients."""

    accounts: tuple[str, ...]
    webhooks: tuple[str, ...]
    workspaces: tuple[str, ...]


def give_up(conn: Connection, vault: Vault, *, actor: str, now: float) -> GivenUp:
    """Remove every secret that ``vault`` cannot open. Posts stay: they wait until their account is connected again."""
    return GivenUp(
        tuple(_accounts(conn, vault, actor, now)),
        tuple(_webhooks(conn, vault, actor, now)),
        tuple(_targets(conn, vault, actor, now)),
    )


def _accounts(conn: Connection, vault: Vault, actor: str, now: float) -> list[str]:
    found = []
    for row in tokens.all_sealed(conn):
        if not _opens(vault, row.token_previous_enc):
            tokens.forget_previous(conn, row.id)
        if _opens(vault, row.token_enc):
            continue
        tokens.forget(conn, row.id, now=now)
        feed.announce(conn, row.workspace_id, "account.disconnected", row.id, {"account_id": row.id}, now=now)
        audit.note(conn, row.workspace_id, actor, "account.key_lost", row.id, now=now)
        found.append(row.id)
    return found


def _webhooks(conn: Connection, vault: Vault, actor: str, now: float) -> list[str]:
    """A webhook is paused under a secret nobody knows: its owner makes a new one and resumes it."""
    found = []
    for row in webhooks.all_of_them(conn):
        if not _opens(vault, row["secret_previous_enc"]):
            webhooks.set_secret(conn, row["id"], row["secret_enc"], None)
        if _opens(vault, row["secret_enc"]):
            continue
        webhooks.replace_lost_secret(conn, row["id"], vault.seal(new_secret()))
        audit.note(conn, row["workspace_id"], actor, "webhook.key_lost", row["id"], now=now)
        found.append(row["id"])
    return found


def _targets(conn: Connection, vault: Vault, actor: str, now: float) -> list[str]:
    found = []
    for workspace_id, options in workspaces.options_of_all(conn).items():
        lost = [name for name in SEALED_OPTIONS & options.keys() if not _opens_text(vault, options[name])]
        if lost:
            workspaces.set_options(conn, workspace_id, {k: v for k, v in options.items() if k not in lost})
            audit.note(conn, workspace_id, actor, "workspace.key_lost", workspace_id, now=now)
            found.append(workspace_id)
    return found


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
