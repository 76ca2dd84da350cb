"""An export that runs ends with the right to it: nothing that is read after a key was revoked is handed out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
import sqlalchemy as sa

from tests.treadle.http.conftest import Site, any_site
from treadle.people import keys
from treadle.services import export as services
from treadle.services.export import ExportLine, RightEnded, export_lines
from treadle.store.tables import api_keys

__all__ = ["any_site"]


def end_by(site: Site, way: str) -> None:
    """End the admin key."""
    now = site.app.now()
    values = {"revoked_at": now} if way == "revoked" else {"expires_at": now - 1}
    with site.app.db.begin() as conn:
        conn.execute(sa.update(api_keys).where(api_keys.c.id == key_id(conn)).values(**values))


def key_id(conn: sa.Connection) -> str:
    return str(conn.execute(sa.select(api_keys.c.id).where(api_keys.c.name == "admin")).scalar_one())


@pytest.mark.parametrize("way", ["revoked", "expired"])
@pytest.mark.parametrize("after", ["workspace", "account", "key"])
async def test_it_ends_between_pages(any_site: Site, way: str, after: str) -> None:
    site, app = any_site, any_site.app
    with app.db.read() as conn:
        ends = key_id(conn)

    def holds(conn: sa.Connection) -> bool:
        return keys.lives(conn, ends, now=app.now())

    kinds: list[str] = []

    async def read() -> None:
        async for line in export_lines(app, site.workspace, holds=holds):
            kinds.append(line.type)
            if line.type == after and kinds.count(after) == 1:
                await asyncio.to_thread(end_by, site, way)

    with pytest.raises(RightEnded):
        await read()
    assert kinds[-1] == after
    assert "end" not in kinds


async def test_without_an_end_to_the_right_it_is_whole(any_site: Site) -> None:
    lines = [line async for line in export_lines(any_site.app, any_site.workspace)]
    assert lines[-1].type == "end"


def test_the_answer_stops_without_its_last_line(any_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The route hands its own key's right to the export."""
    site = any_site

    async def interrupted(
        app: object, workspace_id: str, *, holds: Callable[[sa.Connection], bool]
    ) -> AsyncIterator[ExportLine]:
        async for line in services.export_lines(site.app, workspace_id, holds=holds):
            yield line
            if line.type == "account":
                await asyncio.to_thread(end_by, site, "revoked")

    monkeypatch.setattr("treadle.http.export.export_lines", interrupted)
    answer = site.client("admin").get("/v1/export")
    kinds = [json.loads(line)["type"] for line in answer.text.splitlines()]
    assert answer.status_code == 200
    assert kinds == ["workspace", "account"]
    assert site.client("admin").get("/v1/export").status_code == 401
