"""API keys of a workspace: making, listing and revoking them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from treadle.domain.answers import Missing, Rejected
from treadle.domain.findings import finding
from treadle.domain.times import iso
from treadle.people import audit, keys
from treadle.services.output import ApiModel
from treadle.store import Connection
from treadle.store import api_keys as store
from treadle.store.api_keys import KeyRow

LONGEST_NAME = 200
LAST_MOMENT = 1e11  # epoch seconds; beyond it no calendar can show a time


class KeyOut(ApiModel):
    """An API key without its secret. Times are ISO 8601 in UTC."""

    id: str = Field(description="key_ and 26 characters.")
    name: str = Field(description="What it is for.")
    prefix: str = Field(description="Its first characters, to tell keys apart.")
    scopes: list[str] = Field(description="read, write (includes read) or admin (includes both).")
    created_at: str | None
    expires_at: str | None = Field(description="When it ends; null: never.")
    last_used_at: str | None = Field(description="To the minute; null: never used.")
    revoked_at: str | None


class KeyMade(KeyOut):
    key: str = Field(description="The key itself; shown this once.")


class KeysOut(ApiModel):
    data: list[KeyOut]


def key_out(row: KeyRow) -> KeyOut:
    return KeyOut(**_fields(row))


def _fields(row: KeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "created_at": iso(row.created_at),
        "expires_at": iso(row.expires_at),
        "last_used_at": iso(row.last_used_at),
        "revoked_at": iso(row.revoked_at),
    }


def listing(conn: Connection, workspace_id: str, *, newest_first: bool = False) -> KeysOut:
    """The keys of the workspace, oldest first unless asked otherwise."""
    return KeysOut(data=[key_out(row) for row in store.listing(conn, workspace_id, newest_first=newest_first)])


def create(
    conn: Connection,
    workspace_id: str,
    *,
    name: str,
    scopes: Sequence[object],
    expires_at: float | None,
    expires_given: object = None,
    actor: str,
    now: float,
) -> KeyMade | Rejected:
    """A new key, whose secret is shown now or never; everything wrong with the request at once.

    ``expires_given``: the end as the caller wrote it, to be shown again.
    """
    findings = []
    if not scopes or any(scope not in keys.SCOPES for scope in scopes):
        known = list(keys.SCOPES)
        findings.append(finding("scopes", "key_scopes", given=list(scopes), limit=known, known=", ".join(known)))
    if len(name) > LONGEST_NAME:
        findings.append(finding("name", "name_too_long", limit=LONGEST_NAME))
    if expires_at is not None and not now < expires_at < LAST_MOMENT:
        findings.append(finding("expires_at", "expires_in_the_past", given=expires_given))
    if findings:
        return Rejected(tuple(findings))
    wanted = list(dict.fromkeys(str(scope) for scope in scopes))
    key_id, secret = keys.create_key(conn, workspace_id, name, wanted, now, expires_at)
    audit.note(conn, workspace_id, actor, "key.created", key_id, {"name": name, "scopes": list(scopes)}, now=now)
    row = store.find(conn, workspace_id, key_id)
    assert row is not None
    return KeyMade(**_fields(row), key=secret)


def revoke(
    conn: Connection, workspace_id: str, key_id: str, *, actor: str, now: float
) -> Literal["revoked", "own"] | Missing:
    """End a key at once. ``own``: it is the key that asks, which may not end itself."""
    if store.find(conn, workspace_id, key_id) is None:
        return Missing("key")
    if key_id == actor:
        return "own"
    keys.revoke(conn, workspace_id, key_id, actor=actor, now=now)
    return "revoked"
