"""API keys: shown once, stored as a digest, with a scope, an end and a last use.

A key is 256 random bits, so a plain digest is enough: there is nothing to guess. Scopes contain each other: ``admin``
may do everything, ``write`` may read, ``read`` may only look.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from treadle.ids import new_id
from treadle.people import audit
from treadle.people.digests import digest
from treadle.store import Connection
from treadle.store import api_keys as store
from treadle.store.api_keys import KeyRow

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
    conn: Connection,
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
    row = KeyRow(
        id=new_id("key", now),
        workspace_id=workspace_id,
        name=name,
        prefix=secret[:SHOWN],
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_at=now,
        expires_at=expires_at,
        last_used_at=None,
        revoked_at=None,
    )
    store.insert(conn, row, digest(secret))
    return row.id, secret


def who(conn: Connection, secret: str, *, now: float) -> Principal | None:
    """Who presents this key; ``None`` for a key that is wrong, revoked or past its end. Reads only."""
    if not secret.startswith(PREFIX) or len(secret) > 200:
        return None
    row = store.with_hash(conn, digest(secret))
    return Principal(row.id, row.workspace_id, tuple(row.scopes)) if row and _is_good(row, now) else None


def lives(conn: Connection, key_id: str, *, now: float) -> bool:
    """Whether a key that was presented before is still accepted."""
    row = store.with_id(conn, key_id)
    return row is not None and _is_good(row, now)


def _is_good(row: KeyRow, now: float) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def note_use(conn: Connection, key_id: str, *, now: float) -> None:
    """Note that the key was used, once a minute at most."""
    store.set_used(conn, key_id, now=now, unless_since=now - USE_NOTED_EVERY_S)


def revoke(conn: Connection, workspace_id: str, key_id: str, *, actor: str, now: float) -> bool:
    """End the key at once; false when there is no living key with this id."""
    if not store.set_revoked(conn, workspace_id, key_id, now=now):
        return False
    audit.note(conn, workspace_id, actor, "key.revoked", key_id, now=now)
    return True


def listing(conn: Connection, workspace_id: str) -> Sequence[KeyRow]:
    """The workspace's keys without their secrets, newest first."""
    return store.listing(conn, workspace_id, newest_first=True)
