"""The audit log: who did what in this workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.roles import LABELS
from treadle.services import api_keys, people, webhooks
from treadle.services.people import AuditEntryOut
from treadle.store import Connection, accounts
from treadle.web.labels import key_scopes
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
    "account.connected": "connected",
    "account.data_deleted": "deleted the data of an account",
    "account.deauthorized": "withdrew access to an account",
    "account.disconnected": "disconnected",
    "account.key_lost": "deleted the unreadable access token of",
    "account.new": "connected",
    "account.paused": "paused publishing to",
    "account.reconnected": "reconnected",
    "account.resumed": "resumed publishing to",
    "invite.created": "created an invitation link",
    "invite.revoked": "revoked an invitation link",
    "key.created": "created an API key",
    "key.revoked": "revoked an API key",
    "link.created": "created a link to connect an account",
    "login": "logged in",
    "login.refused": "entered a wrong password",
    "logout": "logged out",
    "queue.changed": "changed the queue slots of",
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


# What was done with the alerts, and what of a webhook was changed.
DONE_WORDS = {
    "add": "added a recipient",
    "remove": "removed a recipient",
    "quiet": "set quiet hours",
    "loud": "turned off quiet hours",
    "test": "sent a test",
    "digest": "set the daily digest",
    "no_digest": "turned off the daily digest",
    "sent_digest": "sent a digest",
}
DETAIL_WORDS = {
    "account_id": "account",
    "from": "from",
    "name": "name",
    "post_id": "post",
    "role": "role",
    "scopes": "permissions",
    "targets": "recipients",
    "types": "events",
    "user": "person",
    "what": "changed",
}

_VALUE_WORDS: Mapping[str, Mapping[str, str]] = {
    "did": DONE_WORDS,
    "role": {str(role): LABELS[role] for role in LABELS},
}


def details_of(entry: AuditEntryOut, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What an entry says besides who did what to whom: pairs of a label, empty where none is needed, and a value."""
    shown = []
    for name, value in entry.detail.items():
        text = _value(name, value, names)
        if text and text.removeprefix("@") != names.get(entry.subject or "", "").removeprefix("@"):
            shown.append(("" if name == "did" else DETAIL_WORDS.get(name, name.replace("_", " ")), text))
    return shown


def _value(name: str, value: Any, names: Mapping[str, str]) -> str:
    if name == "scopes" and isinstance(value, list):
        return key_scopes(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    words = _VALUE_WORDS.get(name, names)
    return "" if value is None else str(words.get(value, value) if isinstance(value, str) else value)


def _names(conn: Connection, workspace: str) -> dict[str, str]:
    """Names of what entries are about and of who acted, by id: accounts, people, API keys, webhooks."""
    named = {one.id: f"@{one.username or one.id}" for one in accounts.names(conn, workspace)}
    keys = {key.id: f"“{key.name}”" for key in api_keys.listing(conn, workspace).data if key.name}
    hooks = {hook.id: hook.url for hook in webhooks.listing(conn, workspace).data}
    return {**ACTORS, **named, **keys, **hooks, **people.names_of(conn, workspace)}


def actor_of(entry: AuditEntryOut, names: Mapping[str, str]) -> str:
    """Who did it, by name; a key without a name, or one that is gone, is an API key."""
    if entry.actor.startswith("key_"):
        return f"API key {names[entry.actor]}" if entry.actor in names else "An API key"
    return names.get(entry.actor, entry.actor_name)


@router.get("/audit")
async def show(page: LoggedIn) -> Response:
    kind, before = page.query("kind"), page.query("before")
    kind = kind if kind in KINDS else ""
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    found = await page.app.db.query(people.audit_log, page.workspace, before=number, action=kind)
    names = await page.app.db.query(_names, page.workspace)
    return page.render(
        "audit.html",
        entries=found.data,
        subjects=names,
        actor_of=lambda entry: actor_of(entry, names),
        details_of=lambda entry: details_of(entry, names),
        words_of=words_of,
        following=found.next,
        kinds=KINDS,
        kind=kind,
    )
