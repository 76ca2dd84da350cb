"""The audit log: who did what in this workspace."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.services import people
from treadle.web.page_request import LoggedIn

router = APIRouter(include_in_schema=False)
KINDS = {
    "": "Everything",
    "user.": "People",
    "login": "Logins",
    "invite.": "Invitations",
    "key.": "API keys",
    "account.": "Accounts",
    "webhook.": "Webhooks",
    "workspace.": "Workspace",
}


@router.get("/audit")
async def show(page: LoggedIn) -> Response:
    kind, before = page.query("kind"), page.query("before")
    kind = kind if kind in KINDS else ""
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    found = await page.app.db.query(people.audit_log, page.workspace, before=number, action=kind)
    return page.render("audit.html", entries=found.data, following=found.next, kinds=KINDS, kind=kind)
