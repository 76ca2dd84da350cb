"""A workspace's own alert recipients, as people set them up: shown without their secrets, added, removed, tried.

Addresses of targets hold secrets, so nothing here gives a whole one back;
:mod:`treadle.notify.alerts` collects and sends alerts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from treadle.domain.refusal import Refusal, not_found
from treadle.notify import alerts, digest
from treadle.notify.alert_kinds import FORMS as FORMS
from treadle.notify.alert_kinds import NAMES as NAMES
from treadle.notify.alert_kinds import OPERATORS, SEND_S, Unusable, parse
from treadle.notify.alerts import QUIET_OPTION as QUIET_OPTION
from treadle.notify.alerts import TITLES as TITLES
from treadle.notify.alerts import URLS_MOST as URLS_MOST
from treadle.notify.alerts import URLS_OPTION, Message, Send, keep_urls, opened
from treadle.notify.alerts import line_of as line_of
from treadle.notify.alerts import post_of as post_of
from treadle.people import audit
from treadle.services.context import App
from treadle.store import Connection, Database, workspaces
from treadle.vault import Vault
from treadle_threads.media.guard import Trust

TEST_TITLE = "Treadle: test alert"
TEST_BODY = "Alerts of this workspace arrive here. Nothing is wrong: someone sent a test."
END = 4  # characters of the end that are shown, so that two of one service can be told apart
LONG = 24  # an address shorter than this shows nothing of its end


@dataclass(frozen=True, slots=True)
class ShownTarget:
    """``id`` names it in forms; ``masked`` is all that is shown of the address. ``usable`` is false for one that was
    stored when more kinds were offered: nothing can be sent there."""

    id: str
    service: str
    masked: str
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test. ``delivered``: the service took it."""

    target: ShownTarget
    delivered: bool


def shown(url: str) -> ShownTarget:
    """A target without its secrets."""
    scheme, _, rest = url.partition("://")
    end = rest[-END:] if len(rest) >= LONG else ""
    service = {**NAMES, **OPERATORS}.get(scheme.lower(), scheme)
    usable = not isinstance(parse(url, Trust.STRANGER), Unusable)
    return ShownTarget(alerts.id_of(url), service, f"{scheme.lower()}://…{end}", usable)


def listing(conn: Connection, vault: Vault, workspace_id: str) -> list[ShownTarget]:
    return [shown(url) for url in _urls(conn, vault, workspace_id)]


def add(conn: Connection, vault: Vault, workspace_id: str, url: str, *, actor: str, now: float) -> Refusal | None:
    """One more target; a known one is left as it is."""
    known = _urls(conn, vault, workspace_id)
    url = url.strip()
    if url in known:
        return None
    wrong = parse(url, Trust.STRANGER)
    if isinstance(wrong, Unusable):
        return Refusal(wrong.title, wrong.detail, field="alert_urls")
    return _noted(conn, keep_urls(conn, vault, workspace_id, [*known, url]), workspace_id, actor, "add", now)


@dataclass(frozen=True, slots=True)
class PlainField:
    """One field of a recipient, as people fill it in."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True
    help: str = ""


# What people enter instead of an address, by kind of recipient.
PLAIN_FIELDS: Mapping[str, tuple[PlainField, ...]] = {
    "email": (
        PlainField("to", "Send alerts to", "email"),
        PlainField("host", "Mail server (SMTP)", help="For example, smtp.example.com."),
        PlainField("port", "Port", "number", help="465 for TLS, 587 for STARTTLS."),
        PlainField("user", "Username", required=False),
        PlainField("password", "Password", "password", required=False),
        PlainField("from", "From address", "email", required=False, help="Leave empty to use the username."),
    ),
    "slack": (PlainField("url", "Webhook URL", "url", help="In Slack: Apps › Incoming WebHooks."),),
    "discord": (PlainField("url", "Webhook URL", "url", help="In Discord: Channel settings › Integrations."),),
    "telegram": (
        PlainField("token", "Bot token", "password", help="From @BotFather."),
        PlainField("chat", "Chat ID or @channel", help="The bot must be a member of the chat."),
    ),
    "webhook": (PlainField("url", "URL (https)", "url", help="Receives JSON with a title and a message."),),
}
PLAIN_NAMES: Mapping[str, str] = {
    "email": "Email",
    "slack": "Slack",
    "discord": "Discord",
    "telegram": "Telegram",
    "webhook": "Webhook",
}
_HOSTS: Mapping[str, tuple[str, ...]] = {
    "slack": ("https://hooks.slack.com/services/",),
    "discord": ("https://discord.com/api/webhooks/", "https://discordapp.com/api/webhooks/"),
    "webhook": ("https://",),
}


def address_of(kind: str, given: Mapping[str, str]) -> str | Refusal:
    """The address of a recipient that was entered field by field; what of it cannot be one is found by :func:`add`."""
    values = {name: value.strip() for name, value in given.items()}
    for one in PLAIN_FIELDS[kind]:
        if one.required and not values.get(one.name):
            return Refusal(f"{one.label} is missing", "Enter it.", field=one.name)
    if kind in _HOSTS:
        if not values["url"].startswith(_HOSTS[kind]):
            return Refusal(
                f"This is not a {PLAIN_NAMES[kind]} URL", f"It has to begin with {_HOSTS[kind][0]}", field="url"
            )
        return values["url"]
    if kind == "telegram":
        return f"tgram://{values['token']}/{values['chat']}"
    if any(letter in values.get("password", "") for letter in ",\t\n"):
        return Refusal("This password can't be used", "It contains a comma. Use an app password.", field="password")
    options = {
        "smtp": values["host"],
        "mode": "ssl" if values["port"] == "465" else "starttls",
        "to": values["to"],
        "user": values.get("user", ""),
        "pass": values.get("password", ""),
        "from": values.get("from") or (values["user"] if "@" in values.get("user", "") else values["to"]),
    }
    query = urlencode({name: value for name, value in options.items() if value}, quote_via=quote, safe="")
    return f"mailtos://{values['host']}:{values['port']}?{query}"


def remove(
    conn: Connection, vault: Vault, workspace_id: str, target_id: str, *, actor: str, now: float
) -> Refusal | None:
    known = _urls(conn, vault, workspace_id)
    kept = [url for url in known if shown(url).id != target_id]
    if len(kept) == len(known):
        return not_found("recipient")
    return _noted(conn, keep_urls(conn, vault, workspace_id, kept), workspace_id, actor, "remove", now)


def quiet_hours(conn: Connection, workspace_id: str) -> dict[str, Any]:
    """``{"from": "22:00", "to": "07:00", "zone": "..."}``, or nothing."""
    return _option(conn, workspace_id, QUIET_OPTION)


def set_quiet(
    conn: Connection, workspace_id: str, hours: Mapping[str, Any] | None, *, actor: str, now: float
) -> Refusal | None:
    """Set the quiet hours, or end them with ``None``."""
    refused = alerts.quiet_problem(hours)
    if refused is not None:
        return refused
    _set_option(conn, workspace_id, QUIET_OPTION, hours)
    return _noted(conn, None, workspace_id, actor, "quiet" if hours else "loud", now)


def digest_time(conn: Connection, workspace_id: str) -> dict[str, Any]:
    """``{"at": "08:00", "zone": "..."}``, or nothing: no digest is sent."""
    return _option(conn, workspace_id, digest.OPTION)


def set_digest(
    conn: Connection, workspace_id: str, value: Mapping[str, Any] | None, *, actor: str, now: float
) -> Refusal | None:
    """Send a digest every day at a time, or none with ``None``."""
    refused = digest.problem(value)
    if refused is not None:
        return refused
    _set_option(conn, workspace_id, digest.OPTION, value)
    return _noted(conn, None, workspace_id, actor, "digest" if value else "no_digest", now)


def _option(conn: Connection, workspace_id: str, name: str) -> dict[str, Any]:
    found = workspaces.options_of(conn, workspace_id).get(name)
    return dict(found) if isinstance(found, Mapping) else {}


def _set_option(conn: Connection, workspace_id: str, name: str, value: Mapping[str, Any] | None) -> None:
    """Set one option of the workspace, or take it out when there is nothing in it."""
    kept = {other: each for other, each in workspaces.options_of(conn, workspace_id).items() if other != name}
    workspaces.set_options(conn, workspace_id, {**kept, name: dict(value)} if value else kept)


async def send_digest(
    app: App, workspace_id: str, zone: ZoneInfo, *, actor: str, send: Send | None = None
) -> list[Tried] | Refusal:
    """Send the digest as it is now to every recipient, in its own zone or else in ``zone``, and say which took it.
    The next one still comes at its time."""
    now = app.now()

    def made(conn: Connection) -> Message:
        when = digest.time_of(workspaces.options_of(conn, workspace_id))
        shown = when.zone if when else zone
        return digest.compose(conn, workspace_id, shown, now=now, public_url=app.settings.public_url)

    message = await app.db.query(made)
    return await _send_to_all(
        app.db, app.vault, workspace_id, message.title, message.body, "sent_digest", actor=actor, now=now, send=send
    )


def _noted(
    conn: Connection, refused: Refusal | None, workspace_id: str, actor: str, did: str, now: float
) -> Refusal | None:
    """The answer, with an entry in the audit trail when it was done."""
    if refused is None:
        audit.note(conn, workspace_id, actor, "workspace.alerts", workspace_id, {"did": did}, now=now)
    return refused


async def send_test(
    db: Database,
    vault: Vault,
    workspace_id: str,
    *,
    actor: str,
    now: float,
    send: Send | None = None,
    wait_s: float = SEND_S,
) -> list[Tried] | Refusal:
    """Send a test to every target of the workspace at once, quiet hours or not, and say which took it. The audit log
    keeps how many did.

    ``wait_s``: seconds each has. A refusal when there is none.
    """
    return await _send_to_all(
        db, vault, workspace_id, TEST_TITLE, TEST_BODY, "test", actor=actor, now=now, send=send, wait_s=wait_s
    )


async def _send_to_all(
    db: Database,
    vault: Vault,
    workspace_id: str,
    title: str,
    body: str,
    did: str,
    *,
    actor: str,
    now: float,
    send: Send | None = None,
    wait_s: float = SEND_S,
) -> list[Tried] | Refusal:
    urls = await db.query(_urls, vault, workspace_id)
    if not urls:
        return Refusal("No recipients yet", "Add one first.", field="alert_urls")
    call = send or alerts.deliver

    async def one(url: str) -> Tried:
        target = parse(url, Trust.STRANGER)
        try:
            async with asyncio.timeout(wait_s):
                good = not isinstance(target, Unusable) and await call(target, title, body)
        except Exception:  # whatever a service does: it did not take it
            good = False
        return Tried(shown(url), good)

    tried = await asyncio.gather(*(one(url) for url in urls))
    counted = {"did": did, "recipients": len(tried), "delivered": sum(t.delivered for t in tried)}
    await db.run(lambda conn: audit.note(conn, workspace_id, actor, "workspace.alerts", workspace_id, counted, now=now))
    return tried


def unusable(conn: Connection, vault: Vault, operators: str, workspace_id: str | None = None) -> list[str]:
    """Targets to which nothing can be sent, without their secrets: of a kind that is not offered (any more), or
    incomplete.

    ``operators``: the setting ``TREADLE_ALERT_URLS``; ``workspace_id``: only that workspace is looked at."""
    _, wrong = alerts.understood(operators.split(), Trust.OPERATOR)
    found = [f"{shown(url).masked} of TREADLE_ALERT_URLS" for url in wrong]
    for id_ in workspaces.ids(conn) if workspace_id is None else [workspace_id]:
        _, wrong = alerts.understood(_urls(conn, vault, id_), Trust.STRANGER)
        found += [f"{shown(url).masked} of {id_}" for url in wrong]
    return found


def _urls(conn: Connection, vault: Vault, workspace_id: str) -> list[str]:
    return opened(vault, workspaces.options_of(conn, workspace_id).get(URLS_OPTION))
