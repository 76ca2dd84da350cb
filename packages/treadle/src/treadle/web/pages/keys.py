"""Keys: what programs come in with. A key is shown once."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.responses import Response

from treadle.people import audit, keys
from treadle.web.desk import Pages, Visit

pages = Pages()
SCOPES = {
    "write": "Read, and send posts",
    "read": "Read only",
    "admin": "Everything: keys, webhooks, the workspace",
}
LIVES = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}


@pages.get("/keys")
async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, made: str = "") -> Response:
    rows = await visit.app.db.query(keys.listing, visit.workspace)
    shown = {row.id for row in rows}
    return visit.page("keys.html", near=shown, keys=rows, scopes=SCOPES, lives=LIVES, made=made)


@pages.post("/keys")
async def make(visit: Visit) -> Response:
    scope, days = visit.text("scope"), visit.text("life")
    if scope not in SCOPES or days not in LIVES:
        return visit.to("/keys", "Choose what the key may do, and when it ends.", "act")
    name, who = visit.text("name").strip()[:200], visit.viewer.user_id

    def work(conn: sa.Connection) -> str:
        ends = visit.now + int(days) * 86_400 if days else None
        key_id, secret = keys.create_key(conn, visit.workspace, name, [scope], visit.now, ends)
        audit.note(conn, visit.workspace, who, "key.created", key_id, {"name": name, "scopes": [scope]}, now=visit.now)
        return secret

    return await _page(visit, await visit.app.db.run(work))


@pages.post("/keys/{key_id}/revoke")
async def revoke(visit: Visit) -> Response:
    key_id, who = str(visit.request.path_params["key_id"]), visit.viewer.user_id
    done = await visit.app.db.run(lambda conn: keys.revoke(conn, visit.workspace, key_id, actor=who, now=visit.now))
    if not done:
        return visit.to("/keys", "There is no such living key.", "act")
    return visit.to("/keys", "The key opens nothing any more.", about=key_id)
