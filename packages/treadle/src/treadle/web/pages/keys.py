"""Keys: what programs come in with. A key is shown once."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.people import audit, keys
from treadle.store import Connection
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest

router = APIRouter(include_in_schema=False)
SCOPES = {
    "write": "Read and publish",
    "read": "Read only",
    "admin": "Full access",
}
LIVES = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}


@router.get("/keys")
async def show(page: LoggedIn) -> Response:
    return await _page(page)


async def _page(page: PageRequest, made: str = "") -> Response:
    rows = await page.app.db.query(keys.listing, page.workspace)
    shown = {row.id for row in rows}
    return page.render("keys.html", near=shown, keys=rows, scopes=SCOPES, lives=LIVES, made=made)


@router.post("/keys")
async def make(page: LoggedInForm) -> Response:
    scope, days = page.text("scope"), page.text("life")
    if scope not in SCOPES or days not in LIVES:
        return page.redirect("/keys", "Choose permissions and an expiry.", "act")
    name, who = page.text("name").strip()[:200], page.viewer.user_id

    def work(conn: Connection) -> str:
        ends = page.now + int(days) * 86_400 if days else None
        key_id, secret = keys.create_key(conn, page.workspace, name, [scope], page.now, ends)
        audit.note(conn, page.workspace, who, "key.created", key_id, {"name": name, "scopes": [scope]}, now=page.now)
        return secret

    return await _page(page, await page.app.db.run(work))


@router.post("/keys/{key_id}/revoke")
async def revoke(page: LoggedInForm, key_id: str) -> Response:
    who = page.viewer.user_id
    done = await page.app.db.run(lambda conn: keys.revoke(conn, page.workspace, key_id, actor=who, now=page.now))
    if not done:
        return page.redirect("/keys", "This key is already revoked or doesn't exist.", "act")
    return page.redirect("/keys", "Key revoked.", about=key_id)
