"""API keys: shown once, stored as a digest, with a scope, an end and a last use.

A key is 256 random bits, so a plain digest is enough: there is nothing to guess. Scopes contain each other: ``admin``
may do everything, ``write`` may read, ``read`` may only look.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from treadle.ids import new_id
from treadle.people import audit
from treadle.people.digests import digest
from treadle.store.tables import api_keys

Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "admin")
PREFIX: Final = "trd_"
SHOWN: Final = 12  # characters of a key that stay visible, to tell keys apart
USE_NOTED_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a key or a person, in one workspace. ``id`` is ``key_...`` or ``usr_...``."""

    id: str
    workspace_id: str
    scopes: tuple[str, ...]

    def may(self, scope: Scope) -> bool:
        held = [place for place, name in enumerate(SCOPES) if name in self.scopes]
        return bool(held) and max(held) >= SCOPES.index(scope)


def create_key(
    conn: sa.Connection,
    workspace_id: str,
    name: str,
    scopes: Sequence[str],
    now: float,
    expires_at: float | None = None,
) -> tuple[str, str]:
    """``(id, secret)`` of a new key; the secret is shown now or never. Raises ``ValueError`` for an unknown scope."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise ValueError(f"a key's scopes are among {', '.join(SCOPES)}, not {unknown or 'nothing'}")
    secret = PREFIX + secrets.token_urlsafe(32)
    key_id = new_id("key", now)
    conn.execute(
        sa.insert(api_keys).values(
            id=key_id,
            workspace_id=workspace_id,
            name=name,
            prefix=secret[:SHOWN],
            key_hash=digest(secret),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=now,
            expires_at=expires_at,
        )
    )
    return key_id, secret


def who(conn: sa.Connection, secret: str, *, now: float) -> Principal | None:
    """Who presents this key; ``None`` for a key that is wrong, revoked or past its end. Reads only."""
    if not secret.startswith(PREFIX) or len(secret) > 200:
        return None
    row = conn.execute(sa.select(api_keys).where(api_keys.c.key_hash == digest(secret))).first()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return Principal(row.id, row.workspace_id, tuple(row.scopes))


def lives(conn: sa.Connection, key_id: str, *, now: float) -> bool:
    """Whether a key that was presented before still opens what it opened."""
    row = conn.execute(sa.select(api_keys.c.revoked_at, api_keys.c.expires_at).where(api_keys.c.id == key_id)).first()
    return row is not None and row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def note_use(conn: sa.Connection, key_id: str, *, now: float) -> None:
    """Note that the key was used, once a minute at most."""
    conn.execute(
        sa.update(api_keys)
        .where(
            api_keys.c.id == key_id,
            sa.or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < now - USE_NOTED_EVERY_S),
        )
        .values(last_used_at=now)
    )


def revoke(conn: sa.Connection, workspace_id: str, key_id: str, *, actor: str, now: float) -> bool:
    """Ends the key at once and for ever; false when there is no living key with this id."""
    done = conn.execute(
        sa.update(api_keys)
        .where(api_keys.c.id == key_id, api_keys.c.workspace_id == workspace_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if done.rowcount != 1:
        return False
    audit.note(conn, workspace_id, actor, "key.revoked", key_id, now=now)
    return True


def listing(conn: sa.Connection, workspace_id: str) -> list[dict[str, Any]]:
    """The workspace's keys without their secrets, newest first."""
    columns = [c for c in api_keys.c if c.name not in ("key_hash", "workspace_id")]
    rows = conn.execute(
        sa.select(*columns).where(api_keys.c.workspace_id == workspace_id).order_by(api_keys.c.created_at.desc())
    ).mappings()
    return [dict(row) for row in rows]
