"""Alerts for people: what needs somebody, grouped into one message, not in the quiet hours.

What happened comes from the change feed; an alert is a row until every target took it. The operator's own targets
(``TREADLE_ALERT_URLS``) hear of everything; a workspace's targets, kept sealed, hear of that workspace. Workspaces are
served side by side: what one of them holds or names delays and breaks nobody else's alerts.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from treadle.domain.refusal import Refusal
from treadle.domain.zones import time_of_day, zone_named, zone_way_out
from treadle.notify.alert_kinds import SEND_S, AlertTarget, Unusable, parse
from treadle.notify.webhooks import event_name, stored_names
from treadle.plural import plural
from treadle.settings import Settings
from treadle.store import Connection, Database, alerts, feed, jobs, workspaces
from treadle.store.alerts import AlertRow
from treadle.store.feed import ChangeRow
from treadle.store.isolation import apart, each_apart
from treadle.vault import Vault, VaultError
from treadle_diagnosis import catalog
from treadle_threads.media.guard import Trust

log = structlog.get_logger("treadle.alerts")

GROUP_S: Final = 60.0
SAME_AGAIN_S: Final = 6 * 3600.0
TRIES: Final = 5
JOB: Final = "send_alerts"
AT_ONCE: Final = 32  # workspaces served at the same time
AT_MOST: Final = 500  # alerts of one workspace looked at in one turn
SHOWN: Final = 5  # examples of one kind in a message
CURSOR: Final = "alerts_cursor"
BATCH: Final = 1000
URLS_OPTION: Final = "alert_urls_enc"
QUIET_OPTION: Final = "quiet_hours"
_QUIET_EXAMPLE: Final = '{"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"}'
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
    "needs_reconnect": ("account must be reconnected", "accounts must be reconnected"),
    "troubled": ("account needs attention", "accounts need attention"),
    "expiring": ("account's permission expires soon", "accounts' permissions expire soon"),
    "blocked": ("problem blocks posts", "problems block posts"),
    "at_risk": ("post due within a day is at risk", "posts due within a day are at risk"),
    "held": ("post is held and needs a decision", "posts are held and need a decision"),
    "failed": ("post failed", "posts failed"),
    "platform": ("update on the status of Threads", "updates on the status of Threads"),
    "webhook_paused": ("webhook was paused", "webhooks were paused"),
}

Send = Callable[[AlertTarget, str, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Addressed:
    """A target, and what names it where its address must not be shown."""

    id: str
    target: AlertTarget


@dataclass(frozen=True, slots=True)
class Message:
    workspace_id: str
    title: str
    body: str
    ids: tuple[int, ...] = field(default=())


def raise_alert(
    conn: Connection,
    workspace_id: str,
    kind: str,
    key: str,
    detail: Mapping[str, Any],
    *,
    now: float,
    once: bool = False,
) -> bool:
    """Add an alert unless the same one was raised within six hours (ever, with ``once``); whether it was added."""
    if alerts.is_raised(conn, workspace_id, kind, key, since=None if once else now - SAME_AGAIN_S):
        return False
    alerts.insert(conn, workspace_id, kind, key, detail, now=now)
    return True


def collect(conn: Connection, *, now: float) -> int:
    """Turn changes since the last look into alerts; how many."""
    note = jobs.note(conn, CURSOR)
    if note is None:
        jobs.insert_note(conn, CURSOR, {"after": feed.newest(conn)}, now=now)
        return 0
    after = int(note.get("after", 0))
    # The last minutes are read once more. The same alert twice within hours is one, so that costs nothing.
    rows = feed.since_again(conn, after, types=stored_names(_KINDS), now=now, limit=BATCH)
    if not rows:
        return 0
    everywhere = workspaces.ids(conn)
    made = 0
    for found in rows:
        with apart(JOB, f"change {found['id']}"):
            kind = _kind_of(found)
            if kind is not None:
                with conn.begin_nested():  # not for every change: most say that a post went out, and raise nothing
                    made += _raise(conn, kind, found, everywhere)
    jobs.set_note(conn, CURSOR, {"after": max(after, rows[-1]["id"])}, ran_at=now)
    return made


def _kind_of(found: ChangeRow) -> str | None:
    """The kind of alert that a change is; ``None`` for most, which are none."""
    event = event_name(found)
    of_a_post = event == "blocker.opened" and (found["payload"] or {}).get("scope") == "post"
    return None if of_a_post else _KINDS.get(event)


def _raise(conn: Connection, kind: str, found: ChangeRow, everywhere: Sequence[str]) -> int:
    event = event_name(found)
    detail = {**(found["payload"] or {}), "event": event, "subject": found["subject"]}
    workspace_ids = [found["workspace_id"]] if found["workspace_id"] else everywhere
    key = f"{event}|{found['subject']}"
    return sum(raise_alert(conn, workspace_id, kind, key, detail, now=found["at"]) for workspace_id in workspace_ids)


async def deliver(target: AlertTarget, title: str, body: str) -> bool:
    """Send one message to one target; whether it took it."""
    return await target.send(title, body)


async def send_due(
    db: Database, vault: Vault, settings: Settings, *, now: float, send: Send | None = None
) -> list[Message]:
    """Collect, group and send what is ripe; a shared job. The messages that a target took."""
    await db.run(collect, now=now)
    operators, _ = understood(settings.alert_urls.split(), Trust.OPERATOR)
    sent: list[Message] = []

    async def one(workspace_id: str) -> None:
        sent.extend(await _send_workspace(db, vault, settings, operators, workspace_id, now, send or deliver))

    async def give_up(workspace_id: str) -> None:
        # Its rows cannot be read as they are: they count as tried, so that this comes to an end.
        await db.run(_give_up, workspace_id, now)

    await each_apart(JOB, await db.query(alerts.workspaces_waiting), one, give_up, at_once=AT_ONCE)
    return sent


async def _send_workspace(
    db: Database,
    vault: Vault,
    settings: Settings,
    operators: Sequence[Addressed],
    workspace_id: str,
    now: float,
    send: Send,
) -> list[Message]:
    """Send what is ripe of one workspace: one message for each target, of the alerts it has not taken yet."""
    rows, options = await db.query(_unsent, workspace_id)
    if not rows or now - rows[0].raised_at < GROUP_S * settings.time_scale:
        return []
    if quiet(options.get(QUIET_OPTION), now):
        return []
    own, unusable = understood(opened(vault, options.get(URLS_OPTION)), Trust.STRANGER)
    for _ in unusable:
        log.warning("alert.target_unusable", workspace=workspace_id, hint="See 'treadle doctor'.")
    targets = {target.id: target for target in (*operators, *own)}
    todo: dict[str, Message] = {}
    for target in targets.values():
        mine = [row for row in rows if target.id not in _took(row)]
        if mine:
            todo[target.id] = compose(workspace_id, mine, settings.public_url)

    async def one(target: Addressed, message: Message) -> bool:
        try:
            async with asyncio.timeout(SEND_S + 1.0):
                return await send(target.target, message.title, message.body)
        except TimeoutError:
            return False
        except Exception as error:  # whatever it is: this target did not take it, and the others do not care
            log.warning("alert.not_sent", workspace=workspace_id, error=type(error).__name__)
            return False

    answers = await asyncio.gather(*(one(targets[id_], message) for id_, message in todo.items()))
    taken = {id_: message for (id_, message), good in zip(todo.items(), answers, strict=True) if good}
    await db.run(_settle, rows, taken, set(targets), now)
    return list(taken.values())


def _unsent(conn: Connection, workspace_id: str) -> tuple[Sequence[AlertRow], Mapping[str, Any]]:
    return alerts.unsent(conn, workspace_id, limit=AT_MOST), workspaces.options_of(conn, workspace_id)


def _detail(row: AlertRow) -> dict[str, Any]:
    return dict(row.detail) if isinstance(row.detail, Mapping) else {}


def _took(row: AlertRow) -> list[str]:
    """Ids of the targets that took this alert already."""
    took = _detail(row).get("took")
    return [str(one) for one in took] if isinstance(took, list) else []


def compose(workspace_id: str, rows: Sequence[AlertRow], public_url: str) -> Message:
    """One plain message about all of them, the pressing kinds first."""
    kinds: dict[str, list[AlertRow]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    order = [kind for kind in TITLES if kind in kinds] + [kind for kind in kinds if kind not in TITLES]
    heads, lines = [], []
    for kind in order:
        mine = kinds[kind]
        one, many = TITLES.get(kind, (kind, kind))
        heads.append(f"{len(mine)} {one if len(mine) == 1 else many}")
        lines.append(f"{heads[-1]}:")
        lines.extend(f"- {_line(row, public_url)}" for row in mine[:SHOWN])
        if len(mine) > SHOWN:
            lines.append(f"- and {len(mine) - SHOWN} more")
        lines.append("")
    lines.append(public_url)
    rest = len(rows) - len(kinds[order[0]])
    title = "Treadle: " + heads[0] + (f", {plural(rest, 'more alert')}" if rest else "")
    return Message(workspace_id, title, "\n".join(lines), tuple(row.id for row in rows))


def _line(row: AlertRow, public_url: str) -> str:
    """One alert, with the address of the post it is about."""
    post = post_of(row.detail)
    where = f"{public_url}/posts/{post}" if post else ""
    return " ".join(part for part in (line_of(row.detail), where) if part) or public_url


def line_of(detail: Any) -> str:
    """Whose it is, what happened and what to do, as one line; empty: the title of the alert is all there is."""
    given = detail if isinstance(detail, Mapping) else {}
    pattern = catalog.load().get(str(given.get("pattern") or ""))
    who = f"@{given['username']}:" if given.get("username") else ""
    what = given.get("why") or given.get("what") or (f"{pattern.title}." if pattern else "")
    if not what and given.get("pattern"):
        what = "Meta answered with an error that the guide doesn't explain yet."
    step = given.get("next_step") or (pattern.owner or pattern.next_step if pattern else "")
    return " ".join(str(part) for part in (who, what, step) if part)[:400]


def post_of(detail: Any) -> str:
    """The id of the post that an alert is about; empty: it is about none."""
    return str(detail.get("post_id") or "") if isinstance(detail, Mapping) else ""


def quiet(hours: Any, now: float) -> bool:
    """Whether ``now`` lies in ``{"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"}``; over midnight too.

    Hours that cannot be read hold nothing back.
    """
    if not hours or not isinstance(hours, Mapping):
        return False
    try:  # more than is taken today: hours that were stored before still count
        begin, end = (time.fromisoformat(hours[name]) for name in ("from", "to"))
        local = datetime.fromtimestamp(now, ZoneInfo(hours.get("zone") or "UTC")).time()
        return begin <= local < end if begin <= end else local >= begin or local < end
    except (KeyError, TypeError, ValueError, OSError):
        return False


def quiet_problem(hours: Any) -> Refusal | None:
    """Why these quiet hours cannot be read; ``None`` when they can, or when there are none (``None``, ``{}``)."""
    if hours is None or hours == {}:
        return None
    if not isinstance(hours, Mapping):
        return Refusal("These quiet hours can't be read", f"Write them as {_QUIET_EXAMPLE}.", field=QUIET_OPTION)
    if strange := sorted(set(hours) - {"from", "to", "zone"}):
        why = f"{strange[0][:60]!r} isn't one of from, to and zone. Write them as {_QUIET_EXAMPLE}."
        return Refusal("These quiet hours can't be read", why, field=f"{QUIET_OPTION}.{strange[0]}")
    for name in ("from", "to"):
        if time_of_day(hours.get(name, "")) is None:
            why = f"Write '{name}' as a time of day with hours and minutes, without an offset: {_QUIET_EXAMPLE}."
            return Refusal("These quiet hours can't be read", why, field=f"{QUIET_OPTION}.{name}")
    zone = hours.get("zone")
    if zone is not None and zone != "" and zone_named(zone) is None:
        why = f"There is no time zone {str(zone)[:60]!r}. {zone_way_out(str(zone))}"
        return Refusal("These quiet hours can't be read", why, field=f"{QUIET_OPTION}.zone")
    if time_of_day(hours["from"]) == time_of_day(hours["to"]):
        why = "They begin and end at the same time. Enter two different times, or turn quiet hours off."
        return Refusal("These quiet hours are empty", why, field=f"{QUIET_OPTION}.to")
    return None


def set_urls(conn: Connection, vault: Vault, workspace_id: str, urls: Sequence[str]) -> Refusal | None:
    """Set a workspace's targets; they hold secrets, so they are sealed."""
    for url in urls:
        wrong = parse(url, Trust.STRANGER)
        if isinstance(wrong, Unusable):
            return Refusal(wrong.title, wrong.detail, field="alert_urls")
    return keep_urls(conn, vault, workspace_id, urls)


def keep_urls(conn: Connection, vault: Vault, workspace_id: str, urls: Sequence[str]) -> Refusal | None:
    """Store targets that were looked at before, when they were entered."""
    if len(urls) > URLS_MOST:
        return Refusal("Too many recipients", f"A workspace can have up to {URLS_MOST}.", field="alert_urls")
    known = workspaces.options_of(conn, workspace_id)
    kept = {key: value for key, value in known.items() if key != URLS_OPTION}
    if urls:
        kept[URLS_OPTION] = base64.b64encode(vault.seal("\n".join(urls))).decode()
    workspaces.set_options(conn, workspace_id, kept)
    return None


def opened(vault: Vault, sealed: Any) -> list[str]:
    """The targets that a workspace's option holds; none when it cannot be opened."""
    if not isinstance(sealed, str):
        return []
    try:
        return [url for url in vault.open(base64.b64decode(sealed)).split("\n") if url]
    except (VaultError, ValueError):
        return []


def understood(urls: Sequence[str], trust: Trust) -> tuple[list[Addressed], list[str]]:
    """The targets that these addresses name, and the addresses that name none."""
    targets, unusable = [], []
    for url in dict.fromkeys(urls):
        found = parse(url, trust)
        if isinstance(found, Unusable):
            unusable.append(url)
        else:
            targets.append(Addressed(id_of(url), found))
    return targets, unusable


def id_of(url: str) -> str:
    """What names a target where its address must not be shown."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _settle(
    conn: Connection, rows: Sequence[AlertRow], taken: Mapping[str, Message], targets: set[str], now: float
) -> None:
    """Sent when every target took it, or tried once more; after five tries it is let be and stays readable."""
    for row in rows:
        took = {*_took(row), *(id_ for id_, message in taken.items() if row.id in message.ids)}
        if targets <= took:
            alerts.set_tried(conn, row.id, sent_at=now)
        else:
            tries = _tries(row) + 1
            detail = {**_detail(row), "tries": tries, "took": sorted(took & targets)}
            alerts.set_tried(conn, row.id, detail=detail, sent_at=now if tries >= TRIES else None)


def _tries(row: AlertRow) -> int:
    tries = _detail(row).get("tries")
    return tries if isinstance(tries, int) else 0


def _give_up(conn: Connection, workspace_id: str, now: float) -> None:
    _settle(conn, alerts.unsent(conn, workspace_id), {}, {"nobody"}, now)
