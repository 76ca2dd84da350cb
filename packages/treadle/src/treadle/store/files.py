"""Kept files, as the row that stands for one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from treadle.store.tables import media


def find_media(conn: sa.Connection, workspace_id: str, media_id: str) -> dict[str, Any] | None:
    """The whole row of a file of this workspace; ``None`` when there is none, or it belongs to another workspace."""
    mine = (media.c.id == media_id, media.c.workspace_id == workspace_id)
    row = conn.execute(sa.select(media).where(*mine)).mappings().first()
    return dict(row) if row else None
