"""Files are kept as long as a post may need them, and no longer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.support.folders import settings_in
from treadle.engine.keeping_media import AFTER_S, UNUSED_S, USED_S, clean_up
from treadle.media import samples
from treadle.media.service import MediaService, StoredMedia
from treadle.store import Database
from treadle.store.migrate import upgrade
from treadle.store.tables import accounts, media, parts, posts, workspaces

NOW = 1_800_000_000.0
DAY = 86_400.0


async def _kept(service: MediaService, folder: Path, name: str) -> StoredMedia:
    path = samples.picture(folder / f"{name}.jpg", text=name)

    async def stream() -> Any:
        yield path.read_bytes()

    stored = await service.store(stream(), path.name)
    assert isinstance(stored, StoredMedia)
    return stored


def _row(stored: StoredMedia, *, age_s: float, expires_at: float | None = None) -> dict[str, Any]:
    return {
        "id": stored.id,
        "workspace_id": "wsp_a",
        "stored": stored.to_json(),
        "filename": stored.filename,
        "content_type": stored.content_type,
        "size": stored.size,
        "created_at": NOW - age_s,
        "expires_at": expires_at,
    }


def _post(conn: sa.Connection, name: str, state: str, media_id: str, updated_at: float) -> None:
    conn.execute(
        sa.insert(posts).values(
            id=f"pst_{name}",
            workspace_id="wsp_a",
            account_id="acc_a",
            state=state,
            due_at=NOW,
            max_lateness=DAY,
            created_at=NOW,
            updated_at=updated_at,
        )
    )
    conn.execute(
        sa.insert(parts).values(
            id=f"prt_{name}",
            post_id=f"pst_{name}",
            workspace_id="wsp_a",
            account_id="acc_a",
            threads_user_id="1",
            position=0,
            kind="IMAGE",
            body={"media": [{"id": media_id}]},
        )
    )


async def test_files_go_when_nobody_can_need_them(database_url: str, tmp_path: Path) -> None:
    db = Database(database_url)
    upgrade(db)
    service = MediaService(settings_in(tmp_path, database_url=database_url))
    names = ("waiting", "just_published", "long_published", "made_just", "made_long", "never_used", "fresh", "ended")
    stored = {name: await _kept(service, tmp_path, name) for name in names}
    with db.begin() as conn:
        conn.execute(sa.insert(workspaces).values(id="wsp_a", name="a", created_at=NOW, options={}))
        conn.execute(
            sa.insert(accounts).values(
                id="acc_a", workspace_id="wsp_a", threads_user_id="1", created_at=NOW, updated_at=NOW
            )
        )
        old = 2 * UNUSED_S
        ages = {
            "waiting": old,
            "just_published": old,
            "long_published": old,
            "made_just": old,
            "made_long": old,
            "never_used": old,
            "fresh": DAY,
            "ended": DAY,
        }
        for name in names:
            ends = NOW - 1 if name == "ended" or name.startswith("made") else None
            row = _row(stored[name], age_s=ages[name], expires_at=ends)
            conn.execute(sa.insert(media).values(**row, used_by="pst_1" if name.startswith("made") else None))
        _post(conn, "waiting", "blocked", stored["waiting"].id, NOW - old)
        _post(conn, "just", "published", stored["just_published"].id, NOW - USED_S + DAY)
        _post(conn, "long", "published", stored["long_published"].id, NOW - USED_S - DAY)
        _post(conn, "made_just", "published", stored["made_just"].id, NOW - AFTER_S / 2)
        _post(conn, "made_long", "published", stored["made_long"].id, NOW - 2 * AFTER_S)
    assert await clean_up(db, service, NOW) == 4
    with db.read() as conn:
        left = set(conn.execute(sa.select(media.c.id)).scalars())
    assert left == {stored[name].id for name in ("waiting", "just_published", "made_just", "fresh")}
    assert {name for name in names if service.store_room.find(stored[name].id)} == {
        "waiting",
        "just_published",
        "made_just",
        "fresh",
    }
    await service.close()
    db.close()
