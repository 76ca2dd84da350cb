"""Alerts for people: what needs somebody, grouped into one message, not in the quiet hours.

What happened comes from the change feed; an alert is a row until it was sent. Messages go through Apprise to e-mail,
Slack, Discord, Telegram and the rest. The operator's own targets (``TREADLE_ALERT_URLS``) hear of everything; a
workspace's targets, kept sealed, hear of that workspace.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from treadle.accounts.refusal import Refusal
from treadle.accounts.vault import Vault, VaultError
from treadle.accounts.webhooks import event_name
from treadle.settings import Settings
from treadle.store import Database
from treadle.store.tables import alerts, changes, jobs, workspaces

GROUP_S: Final = 60.0
SAME_AGAIN_S: Final = 6 * 3600.0
TRIES: Final = 5
SEND_S: Final = 60.0
SHOWN: Final = 5  # examples of one kind in a message
CURSOR: Final = "alerts_cursor"
BATCH: Final = 1000
URLS_OPTION: Final = "alert_urls_enc"
QUIET_OPTION: Final = "quiet_hours"
URLS_MOST: Final = 10

# Event -> kind of alert. Posts behind an account's blocker are told by the blocker, not one by one.
_KINDS: Final[Mapping[str, str]] = {
    "account.needs_reconnect": "needs_reconnect",
    "account.troubled": "troubled",
    "account.expiring": "expiring",
    "blocker.opened": "blocked",
    "platform.trouble_began": "platform",
    "platform.trouble_ended": "platform",
    "post.held": "held",
    "post.failed": "failed",
    "webhook.paused": "webhook_paused",
}
TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "needs_reconnect": ("account needs to be connected again", "accounts need to be connected again"),
    "troubled": ("account is in trouble", "accounts are in trouble"),
    "expiring": ("account's permission ends soon", "accounts' permissions end soon"),
    "blocked": ("cause holds posts back", "causes hold posts back"),
    "at_risk": ("post of the next day is at risk", "posts of the next day are at risk"),
    "held": ("post waits for your yes: it is late", "posts wait for your yes: they are late"),
    "failed": ("post failed", "posts failed"),
    "platform": ("word on Threads' own trouble", "words on Threads' own trouble"),
    "webhook_paused": ("webhook was paused", "webhooks were paused"),
}

# Services that a workspace may name. Schemes that speak to an address of the user's choosing (json://, mailto with a
# server of its own, ...) would let them reach machines beside this one; only the operator may use those.
_HOSTED: Final = frozenset(
    {"slack", "discord", "tgram", "msteams", "gchat", "pover", "pbul", "twilio", "sendgrid", "mailgun", "resend",
     "brevo", "opsgenie", "pagerduty", "webexteams", "wxteams", "signl4"}
)  # fmt: skip

# Both write whole addresses, with the secrets in them, to the log.
_TALKATIVE: Final = ("apprise", "urllib3")

Notify = Callable[[Sequence[str], str, str], bool]


@dataclass(frozen=True, slots=True)
class Message:
    workspace_id: str
    title: str
    body: str
    ids: tuple[int, ...] = field(default=())


def raise_alert(
    conn: sa.Connection,
    workspace_id: str,
    kind: str,
    key: str,
    detail: Mapping[str, Any],
    *,
    now: float,
    once: bool = False,
) -> bool:
    """Add an alert unless the same one was raised within six hours (ever, with ``once``); whether it was added."""
    same = sa.and_(alerts.c.workspace_id == workspace_id, alerts.c.kind == kind, alerts.c.key == key[:128])
    if not once:
        same = sa.and_(same, alerts.c.raised_at > now - SAME_AGAIN_S)
    if conn.execute(sa.select(alerts.c.id).where(same).limit(1)).first() is not None:
        return False
    conn.execute(
        sa.insert(alerts).values(
            workspace_id=workspace_id, kind=kind, key=key[:128], detail=dict(detail), raised_at=now
        )
    )
    return True


def collect(conn: sa.Connection, *, now: float) -> int:
    """Turn changes since the last look into alerts; how many."""
    row = conn.execute(sa.select(jobs.c.note).where(jobs.c.name == CURSOR)).first()
    if row is None:
        newest = conn.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0
        conn.execute(sa.insert(jobs).values(name=CURSOR, next_at=now, note={"after": newest}))
        return 0
    after = int((row.note or {}).get("after", 0))
    # Postgres hands out ids before a transaction commits: the last minute is read once more. The same alert twice
    # within hours is one, so that costs nothing.
    late = sa.and_(changes.c.id > after - 500, changes.c.at > now - 60.0)
    query = sa.select(changes).where(sa.or_(changes.c.id > after, late)).order_by(changes.c.id).limit(BATCH)
    rows = [dict(found) for found in conn.execute(query).mappings()]
    if not rows:
        return 0
    everywhere = list(conn.execute(sa.select(workspaces.c.id)).scalars())
    made = 0
    for found in rows:
        event = event_name(found)
        kind = _KINDS.get(event)
        if kind is None or (event == "blocker.opened" and (found["payload"] or {}).get("scope") == "post"):
            continue
        detail = {**(found["payload"] or {}), "event": event, "subject": found["subject"]}
        for workspace_id in [found["workspace_id"]] if found["workspace_id"] else everywhere:
            made += raise_alert(conn, workspace_id, kind, f"{event}|{found['subject']}", detail, now=found["at"])
    conn.execute(
        sa.update(jobs).where(jobs.c.name == CURSOR).values(note={"after": max(after, rows[-1]["id"])}, ran_at=now)
    )
    return made


async def send_due(
    db: Database, vault: Vault, settings: Settings, *, now: float, notify: Notify | None = None
) -> list[Message]:
    """Collect, group and send what is ripe; a job of the house. The messages that went out."""
    await db.run(collect, now=now)
    ripe = await db.query(_ripe, now, settings)
    sent = []
    for message, sealed in ripe:
        urls = [*settings.alert_urls.split(), *opened(vault, sealed)]
        good = not urls
        if urls:
            call = notify or by_apprise
            try:
                good = await asyncio.wait_for(asyncio.to_thread(call, urls, message.title, message.body), SEND_S)
            except Exception:
                good = False
        await db.run(_settle, message, good, now)
        if good and urls:
            sent.append(message)
    return sent


def _ripe(conn: sa.Connection, now: float, settings: Settings) -> list[tuple[Message, str | None]]:
    """One message for each workspace whose oldest unsent alert has waited for others long enough."""
    rows = conn.execute(
        sa.select(alerts, workspaces.c.name, workspaces.c.options)
        .join(workspaces, workspaces.c.id == alerts.c.workspace_id)
        .where(alerts.c.sent_at.is_(None))
        .order_by(alerts.c.workspace_id, alerts.c.id)
        .limit(5000)
    ).all()
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.workspace_id, []).append(row)
    ready = []
    for workspace_id, mine in grouped.items():
        options = mine[0].options or {}
        if now - mine[0].raised_at < GROUP_S * settings.time_scale or quiet(options.get(QUIET_OPTION), now):
            continue
        ready.append((compose(workspace_id, mine, settings.public_url), options.get(URLS_OPTION)))
    return ready


def compose(workspace_id: str, rows: Sequence[Any], public_url: str) -> Message:
    """One plain message about all of them, the pressing kinds first."""
    kinds: dict[str, list[Any]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    order = [kind for kind in TITLES if kind in kinds] + [kind for kind in kinds if kind not in TITLES]
    heads, lines = [], []
    for kind in order:
        mine = kinds[kind]
        one, many = TITLES.get(kind, (kind, kind))
        heads.append(f"{len(mine)} {one if len(mine) == 1 else many}")
        lines.append(f"{heads[-1]}:")
        lines.extend(f"- {_line(row)}" for row in mine[:SHOWN])
        if len(mine) > SHOWN:
            lines.append(f"- and {len(mine) - SHOWN} more")
        lines.append("")
    lines.append(public_url)
    title = "Treadle: " + heads[0] + (f" and {len(rows) - len(kinds[order[0]])} more" if len(order) > 1 else "")
    return Message(workspace_id, title, "\n".join(lines), tuple(row.id for row in rows))


def _line(row: Any) -> str:
    detail = row.detail or {}
    who = f"@{detail['username']}" if detail.get("username") else ""
    what = detail.get("why") or detail.get("what") or detail.get("pattern") or detail.get("event") or row.kind
    step = detail.get("next_step") or ""
    where = detail.get("post_id") or ""
    return " ".join(str(part) for part in (who, what, step, f"({where})" if where else "") if part)[:400]


def quiet(hours: Any, now: float) -> bool:
    """Whether ``now`` lies in ``{"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"}``; over midnight too."""
    if quiet_problem(hours) is not None or not hours:
        return False
    local = datetime.fromtimestamp(now, ZoneInfo(hours.get("zone") or "UTC")).time()
    begin, end = time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"])
    return begin <= local < end if begin <= end else local >= begin or local < end


def quiet_problem(hours: Any) -> Refusal | None:
    """Why these quiet hours cannot be read; ``None`` when they can, or when there are none."""
    if not hours:
        return None
    try:
        time.fromisoformat(hours["from"])
        time.fromisoformat(hours["to"])
        ZoneInfo(hours.get("zone") or "UTC")
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        return Refusal(
            "These quiet hours cannot be read",
            'Write them as {"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"}.',
            field=QUIET_OPTION,
        )
    return None


def set_urls(conn: sa.Connection, vault: Vault, workspace_id: str, urls: Sequence[str]) -> Refusal | None:
    """Set a workspace's targets; they hold secrets, so they are sealed. Services on the web only."""
    if len(urls) > URLS_MOST:
        return Refusal("Too many targets", f"A workspace alerts {URLS_MOST} targets at most.", field="alert_urls")
    for url in urls:
        scheme = url.partition("://")[0].lower()
        if scheme not in _HOSTED:
            return Refusal(
                "This kind of target is not offered",
                f"{scheme!r} is not among: {', '.join(sorted(_HOSTED))}. The operator can use every kind, through "
                "TREADLE_ALERT_URLS.",
                field="alert_urls",
            )
        if not _understood(url):
            return Refusal(
                "This target is not understood",
                f"The {scheme} address is incomplete; see the Apprise page on {scheme}.",
                field="alert_urls",
            )
    options = conn.execute(sa.select(workspaces.c.options).where(workspaces.c.id == workspace_id)).scalar() or {}
    kept = {key: value for key, value in options.items() if key != URLS_OPTION}
    if urls:
        kept[URLS_OPTION] = base64.b64encode(vault.seal("\n".join(urls))).decode()
    conn.execute(sa.update(workspaces).where(workspaces.c.id == workspace_id).values(options=kept))
    return None


def opened(vault: Vault, sealed: str | None) -> list[str]:
    """The targets that a workspace's option holds; none when it cannot be opened."""
    if not sealed:
        return []
    try:
        return vault.open(base64.b64decode(sealed)).split("\n")
    except (VaultError, ValueError):
        return []


def _settle(conn: sa.Connection, message: Message, good: bool, now: float) -> None:
    """Sent, or tried once more; after five tries it is let be and stays readable on the pages."""
    if good:
        conn.execute(sa.update(alerts).where(alerts.c.id.in_(message.ids)).values(sent_at=now))
        return
    for row in conn.execute(sa.select(alerts.c.id, alerts.c.detail).where(alerts.c.id.in_(message.ids))).all():
        tries = int((row.detail or {}).get("tries", 0)) + 1
        values: dict[str, Any] = {"detail": {**(row.detail or {}), "tries": tries}}
        if tries >= TRIES:
            values["sent_at"] = now
        conn.execute(sa.update(alerts).where(alerts.c.id == row.id).values(**values))


def _understood(url: str) -> bool:
    import apprise

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return apprise.Apprise.instantiate(url) is not None


def by_apprise(urls: Sequence[str], title: str, body: str) -> bool:
    """Send to all of them, now; whether every one took it. Blocks: call it in a thread."""
    import apprise

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    house = apprise.Apprise()
    for url in urls:
        house.add(url)
    return bool(house.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))
