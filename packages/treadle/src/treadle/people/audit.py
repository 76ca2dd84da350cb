"""Who did what: one row for every act that changes who may do something, or what is connected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.store import Connection
from treadle.store import audit as store
from treadle_diagnosis.redact import redact


def note(
    conn: Connection,
    workspace_id: str | None,
    actor: str,
    action: str,
    subject: str | None = None,
    detail: Mapping[str, Any] | None = None,
    *,
    now: float,
) -> None:
    """Add an entry, in the transaction of the act. ``actor``: ``key_...``, ``usr_...``, ``cli``, ``treadle``, ``meta``
    or ``link`` (whoever followed a connect link). Secrets are taken out of ``detail``."""
    safe = redact(dict(detail or {}), max_chars=4000)
    store.insert(conn, workspace_id=workspace_id, actor=actor, action=action, subject=subject, detail=safe, at=now)
