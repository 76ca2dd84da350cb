"""API keys: how programs log in. A key is shown once."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Missing
from treadle.services import api_keys
from treadle.services.api_keys import KeyMade
from treadle.web.labels import KEY_WORDS
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest

router = APIRouter(include_in_schema=False)
SCOPES = {scope: KEY_WORDS[scope] for scope in ("write", "read", "admin")}  # the usual one first
LIVES = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}


@router.get("/keys")
async def show(page: LoggedIn) -> Response:
    return await _page(page, page.shown_once("key"))


async def _page(page: PageRequest, made: str = "") -> Response:
    keys = (await page.app.db.query(api_keys.listing, page.workspace, newest_first=True)).data
    shown = {key.id for key in keys}
    return page.render("keys.html", near=shown, keys=keys, scopes=SCOPES, lives=LIVES, made=made)


@router.post("/keys")
async def make(page: LoggedInForm) -> Response:
    scope, days = page.text("scope"), page.text("life")
    if scope not in SCOPES or days not in LIVES:
        return page.redirect("/keys", "Choose permissions and an expiry.", "act")
    made = await page.app.db.run(
        lambda conn: api_keys.create(
            conn,
            page.workspace,
            name=page.text("name").strip()[:200],
            scopes=[scope],
            expires_at=page.now + int(days) * 86_400 if days else None,
            actor=page.viewer.user_id,
            now=page.now,
        )
    )
    if isinstance(made, KeyMade):
        return page.redirect_to_show("/keys", "key", made.key)
    return page.redirect("/keys", " ".join(f"{f.message} {f.way_out}" for f in made.findings), "act")


@router.post("/keys/{key_id}/revoke")
async def revoke(page: LoggedInForm, key_id: str) -> Response:
    who = page.viewer.user_id
    done = await page.app.db.run(lambda conn: api_keys.revoke(conn, page.workspace, key_id, actor=who, now=page.now))
    if isinstance(done, Missing):
        return page.redirect("/keys", "This key no longer exists.", "act")
    return page.redirect("/keys", "Key revoked.", about=key_id)
