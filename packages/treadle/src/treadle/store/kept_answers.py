"""Answers of the API that an Idempotency-Key repeats. Times are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from treadle.store.tables import kept_answers

TRIES = 5


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """``status`` ``None``: the request is under way, or broke off. ``body_enc`` is ciphertext: it may hold a secret."""

    body_hash: str
    status: int | None
    headers: dict[str, str]
    body_enc: bytes | None
    created_at: float


def begin(conn: sa.Connection, digest: str, workspace_id: str, body_hash: str, *, now: float) -> KeptAnswer | None:
    """Take a key; or what an earlier request with it left. ``digest``: of caller, address and key."""
    row = {"digest": digest, "workspace_id": workspace_id, "body_hash": body_hash, "headers": {}, "created_at": now}
    columns = [kept_answers.c[name] for name in ("body_hash", "status", "headers", "body_enc", "created_at")]
    for _ in range(TRIES):
        try:
            with conn.begin_nested():
                conn.execute(sa.insert(kept_answers).values(row))
        except sa.exc.IntegrityError:
            found = conn.execute(sa.select(*columns).where(kept_answers.c.digest == digest)).mappings().first()
            if found is not None:
                return KeptAnswer(**found)
            continue  # whoever had it gave it back between the two
        return None
    return KeptAnswer(body_hash, None, {}, None, now)


def keep(
    conn: sa.Connection, digest: str, body_hash: str, status: int, headers: dict[str, str], body_enc: bytes
) -> None:
    """The answer, and the hash of the body, which may have been known in part when it began."""
    values = {"body_hash": body_hash, "status": status, "headers": headers, "body_enc": body_enc}
    conn.execute(sa.update(kept_answers).where(kept_answers.c.digest == digest).values(values))


def forget(conn: sa.Connection, digest: str) -> None:
    """The request did nothing: its key is free again."""
    conn.execute(sa.delete(kept_answers).where(kept_answers.c.digest == digest))


def delete_before(conn: sa.Connection, before: float) -> None:
    conn.execute(sa.delete(kept_answers).where(kept_answers.c.created_at < before))
