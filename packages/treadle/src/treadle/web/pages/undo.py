"""Undo: what the toast after a cancel, a delete or a new time does."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Done
from treadle.services import undo
from treadle.web.page_request import LoggedInForm, own_address

router = APIRouter(include_in_schema=False)


@router.post("/undo/{undo_id}")
async def undo_it(page: LoggedInForm, undo_id: str) -> Response:
    answer = await page.app.db.run(undo.undo, page.app, page.workspace, undo_id[:40], now=page.now, actor=page.actor)
    tone = "go" if isinstance(answer, Done) else "act"
    return page.redirect(own_address(page.text("back"), "/posts"), answer.message, tone)
