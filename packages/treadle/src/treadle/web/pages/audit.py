"""The audit log: who did what in this workspace."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.services import people
from treadle.store import Connection, accounts
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


# What was done, as the log says it after the name of who did it.
ACTION_WORDS = {
    "account.connected": "connected an account:",
    "account.data_deleted": "deleted the data of an account",
    "account.deauthorized": "withdrew access to an account",
    "account.disconnected": "disconnected an account:",
    "account.key_lost": "deleted the unreadable access token of",
    "account.paused": "paused publishing to",
    "account.reconnected": "reconnected an account:",
    "account.resumed": "resumed publishing to",
    "invite.created": "created an invitation link",
    "invite.revoked": "revoked an invitation link",
    "key.created": "created an API key",
    "key.revoked": "revoked an API key",
    "link.created": "created a link to connect an account",
    "login": "logged in",
    "login.refused": "entered a wrong password",
    "logout": "logged out",
    "queue.changed": "changed the slots of",
    "reply.hide": "hid a reply",
    "reply.show": "unhid a reply",
    "reset.created": "created a password link for",
    "user.added": "added a person:",
    "user.disabled": "disabled",
    "user.enabled": "enabled",
    "user.joined": "joined by invitation",
    "user.logged_out": "ended the sessions of",
    "user.password_changed": "changed the password of",
    "user.removed": "removed a person",
    "user.role_changed": "changed the role of",
    "webhook.changed": "changed a webhook",
    "webhook.created": "added a webhook",
    "webhook.key_lost": "replaced the unreadable secret of a webhook",
    "webhook.redelivered": "sent a webhook delivery again",
    "webhook.removed": "removed a webhook",
    "webhook.secret_rotated": "rotated the secret of a webhook",
    "workspace.alerts": "changed or tested the alerts",
    "workspace.changed": "changed the workspace",
    "workspace.created": "created the workspace",
    "workspace.key_lost": "removed the unreadable alert recipients of the workspace",
}
ACTORS = {"cli": "Command line", "treadle": "Treadle", "meta": "Meta", "link": "Someone with a link"}


def words_of(action: str) -> str:
    """What an action says in the log; one that has no words yet says its name."""
    return ACTION_WORDS.get(action, action.replace(".", " ").replace("_", " "))


def _subjects(conn: Connection, workspace: str) -> dict[str, str]:
    """Names of accounts and people that entries are about, by id."""
    named = {one.id: f"@{one.username or one.id}" for one in accounts.names(conn, workspace)}
    return {**named, **people.names_of(conn, workspace)}


@router.get("/audit")
async def show(page: LoggedIn) -> Response:
    kind, before = page.query("kind"), page.query("before")
    kind = kind if kind in KINDS else ""
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    found = await page.app.db.query(people.audit_log, page.workspace, before=number, action=kind)
    return page.render(
        "audit.html",
        entries=found.data,
        subjects=await page.app.db.query(_subjects, page.workspace),
        actors=ACTORS,
        words_of=words_of,
        following=found.next,
        kinds=KINDS,
        kind=kind,
    )
