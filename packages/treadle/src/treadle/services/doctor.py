"""Checking the set-up: each line is fine, or says what to do. Nothing here changes anything.

What Meta does not tell (whether the app is live, who its testers are) is read from what its answers said so far.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import aiohttp

from treadle import private, vault
from treadle.accounts import needs
from treadle.accounts.connect import probe_window
from treadle.accounts.from_meta import verify_token
from treadle.accounts.health import WORDS
from treadle.accounts.service import Accounts, redirect_uri
from treadle.accounts.timing import DAY_S
from treadle.domain.diagnoses import diagnose_failure
from treadle.listening import listeners
from treadle.plural import plural
from treadle.services import alerts
from treadle.settings import Settings, nearest
from treadle.store import (
    Connection,
    DatabaseError,
    accounts,
    blockers,
    messages_of_meta,
    migrate,
    probe,
    statistics,
    workers,
)
from treadle.store.accounts import AccountRow
from treadle_diagnosis.types import Diagnosis
from treadle_threads import oauth
from treadle_threads.results import Failure, NotSent, Ok

Verdict = Literal["fine", "look", "broken", "unknown"]
SKEW_MOST_S: Final = 60.0
DISK_LEAST: Final = 1024**3
DISK_LOW: Final = 5 * 1024**3
REACH_S: Final = 8.0
WELL_MOST: Final = 40  # lines for accounts that need nothing


@dataclass(frozen=True, slots=True)
class Line:
    """``verdict``: ``fine``; ``look`` (works, but); ``broken``; ``unknown`` (could not be found out).

    ``todo`` says what to do; empty when fine."""

    name: str
    verdict: Verdict
    found: str
    todo: str = ""
    pattern: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict,
            "found": self.found,
            "todo": self.todo,
            "pattern": self.pattern,
        }


async def examine(
    service: Accounts,
    session: aiohttp.ClientSession,
    *,
    network: bool = True,
    workspace: str | None = None,
    more: Sequence[Line] = (),
) -> list[Line]:
    """Every check, in the order people set things up. ``network`` false: only what this machine knows.

    ``session`` asks the authorise window and the public address; it belongs to the running loop. ``workspace``: only
    its accounts are looked at. ``more``: what others found out about this machine.
    """
    lines = [*_database(service), _disk(service), _keys(service), _files(service), *more]
    ready = lines[0].verdict != "broken"
    if ready:
        lines += [await service.db.query(_sealed, service), await service.db.query(_worker, service)]
        lines.append(await service.db.query(_alerts, service, workspace))
    lines += [_server(service), _names(), _public_url(service), _app_id(service), _secret_place(service)]
    if network:
        lines += await asyncio.gather(_app_pair(service), _window(service, session), _reachable(service, session))
        lines.append(await _clock(service))
    if ready:
        lines.append(await service.db.query(_mode, service))
        lines += await service.db.query(_connections, service, workspace)
        lines.append(await service.db.query(_callbacks, service))
    return lines


def worst(lines: list[Line]) -> Verdict:
    verdicts = {line.verdict for line in lines}
    order: tuple[Verdict, ...] = ("broken", "look", "unknown", "fine")
    return next(verdict for verdict in order if verdict in verdicts or verdict == "fine")


# ------------------------------------------------------------------------------------------------- this machine


def _database(service: Accounts) -> list[Line]:
    kind = "SQLite" if service.db.is_sqlite else "PostgreSQL"
    try:
        at, newest = migrate.versions(service.db)
    except DatabaseError as error:
        found = f"{kind} does not answer ({type(error).__name__})."
        return [Line("Database", "broken", found, "Check TREADLE_DATABASE_URL and that the database runs.")]
    if at != newest:
        return [Line("Database", "broken", f"{kind}, at {at or 'nothing'}, this release needs {newest}.",
                     "Run 'treadle migrate' ('treadle serve' does it, too).")]  # fmt: skip
    try:
        with service.db.begin() as conn:
            probe.make_temporary(conn)
    except DatabaseError as error:
        return [Line("Database", "broken", f"{kind} takes no writes ({type(error).__name__}).",
                     "Look at rights and space of the database.")]  # fmt: skip
    return [Line("Database", "fine", f"{kind}, up to date, takes writes.")]


def _disk(service: Accounts) -> Line:
    folder = service.settings.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free for {service.settings.data_dir}."
    if free < DISK_LEAST:
        return Line("Disk", "broken", said, "Make room: media and the database need at least 1 GB.")
    if free < DISK_LOW:
        return Line("Disk", "look", said, "One video may take 1 GB, its repaired version another: make room.")
    return Line("Disk", "fine", said)


def repairs(failing: str | None) -> Line:
    """The line on repairing media. ``failing``: why a tiny file could not be repaired, ``None`` when it was."""
    if failing is None:
        return Line("Media repairs", "fine", "A tiny file was repaired.")
    return Line(
        "Media repairs",
        "broken",
        f"A tiny file could not be repaired ({failing}).",
        "The log has all that the worker wrote. Look for memory, room on the disk, and limits on processes; then "
        "install Treadle again.",
        "media_worker_failed",
    )


def _keys(service: Accounts) -> Line:
    path = service.vault.path
    if path is None:
        return Line("Encryption keys", "fine", f"{service.vault.key_count} from TREADLE_SECRET_KEYS.")
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return Line("Encryption keys", "broken", f"{path} cannot be read.", "Restore the key file from a backup.")
    if mode & 0o077:
        return Line("Encryption keys", "broken", f"{path} is readable for others ({mode:o}).", f"chmod 600 {path}")
    return Line("Encryption keys", "fine", f"{path}, for its owner alone. Back it up apart from the database.")


def _files(service: Accounts) -> Line:
    """Everything in the data directory, and the database wherever it lies, is for this user alone."""
    wide = set(private.open_to_others(service.settings.data_dir))
    if service.db.file is not None:
        for suffix in ("", "-wal", "-shm"):
            wide.update(private.open_to_others(Path(f"{service.db.file}{suffix}")))
    if not wide:
        return Line("Files", "fine", f"{service.settings.data_dir} is for its owner alone.")
    first = min(wide)
    more = f" and {len(wide) - 1} more" if len(wide) > 1 else ""
    if wide == {service.settings.data_dir} and private.is_shared(first):
        return Line("Files", "look", f"Others can look into {first}, which is not Treadle's own.",
                    "Name a directory of its own with TREADLE_DATA_DIR.")  # fmt: skip
    return Line("Files", "broken", f"Others have permissions on {first}{more}.", f"chmod -R go= {first}")


def _sealed(conn: Connection, service: Accounts) -> Line:
    lost = vault.unreadable(conn, service.vault)
    if lost:
        return Line(
            "Stored secrets",
            "broken",
            f"{len(lost)} cannot be opened ({', '.join(sorted(set(lost)))}).",
            "Put the old key back behind the new one, or connect those accounts again.",
        )
    return Line("Stored secrets", "fine", "Every one can be opened.")


def _worker(conn: Connection, service: Accounts) -> Line:
    alive = workers.count_alive(conn, service.now())
    if alive:
        return Line("Worker", "fine", f"{alive} alive.")
    due = statistics.posts_due(conn, service.now())
    found = "None is alive." + (f" {plural(due, 'post is', 'posts are')} due." if due else "")
    return Line("Worker", "broken" if due else "look", found, "Start 'treadle serve' (or 'treadle worker').")


def _alerts(conn: Connection, service: Accounts, workspace: str | None) -> Line:
    wrong = alerts.unusable(conn, service.vault, service.settings.alert_urls, workspace)
    if not wrong:
        return Line("Alert targets", "fine", "Every one is of a kind that can be sent to.")
    return Line("Alert targets", "look", f"Nothing can be sent to {', '.join(wrong)}.",
                "Remove them, and add them again as one of the kinds that docs/accounts.md lists.")  # fmt: skip


def _secret_place(service: Accounts) -> Line:
    """The app's secret in a file that others can read is no secret."""
    try:
        facts = os.stat("treadle.toml")
        with open("treadle.toml", encoding="utf-8", errors="replace") as file:
            holds = "secret" in file.read()
    except OSError:
        return Line("App secret's place", "fine", "Not in a file here.")
    if holds and facts.st_mode & 0o077:
        return Line("App secret's place", "look", "treadle.toml holds secrets and others may read it.",
                    "chmod 600 treadle.toml")  # fmt: skip
    return Line("App secret's place", "fine", "treadle.toml is for its owner alone." if holds else "In no file here.")


# --------------------------------------------------------------------------------------------------- addresses


def _server(service: Accounts) -> Line:
    running = listeners(service.settings.data_dir)
    if not running:
        found = f"No server runs here over {service.settings.data_dir}."
        return Line("Server", "unknown", found, "Start 'treadle serve', unless it runs elsewhere.")
    return Line("Server", "fine", "; ".join(f"Listens at {one.url} (process {one.pid})" for one in running) + ".")


def _names() -> Line:
    """A misspelled variable leaves its setting at the default. Only what is near a setting is meant for Treadle."""
    wrong = []
    for name in sorted(os.environ):
        plain = name.lower().removeprefix("treadle_")
        if name.upper().startswith("TREADLE_") and plain not in Settings.model_fields and (near := nearest(plain)):
            wrong.append(f"{name} is no setting{near}.")
    if wrong:
        return Line("Names of settings", "look", " ".join(wrong), "Correct the name, or remove the variable.")
    return Line("Names of settings", "fine", "Nothing in the environment looks like a misspelled one.")


def _public_url(service: Accounts) -> Line:
    split = urlsplit(service.settings.public_url)
    local = split.hostname in ("localhost", "127.0.0.1", "::1", "0.0.0.0")
    where = redirect_uri(service.settings)
    if local:
        return Line(
            "Public address",
            "look",
            f"{service.settings.public_url} is this machine alone.",
            "Fine for trying, and for accounts added by token. For connecting through Threads, and for media that Meta "
            "is to fetch, set TREADLE_PUBLIC_URL to an https address that leads here.",
        )
    if split.scheme != "https":
        return Line("Public address", "broken", f"{service.settings.public_url} is not https.",
                    "Meta takes https redirect addresses only: put a proxy with a certificate in front.")  # fmt: skip
    return Line("Public address", "fine", f"https. Redirect address to list at Meta, byte for byte: {where}")


async def _reachable(service: Accounts, session: aiohttp.ClientSession) -> Line:
    url = f"{service.settings.public_url}/healthz"
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=REACH_S), allow_redirects=False) as answer:
            status = answer.status
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        found = f"{url} does not answer from here ({type(error).__name__})."
        running = listeners(service.settings.data_dir)
        if not running:
            return Line("Reachable", "look", found, "Start 'treadle serve', and check name, proxy and firewall.")
        todo = f"Check name, proxy and firewall: the proxy has to lead to {running[0].url}."
        return Line("Reachable", "look", found, todo)
    if status != 200:
        return Line("Reachable", "look", f"{url} answers {status}.", "Check that the proxy leads to this server.")
    return Line("Reachable", "fine", f"{url} answers. Whether the whole internet reaches it cannot be seen from here.")


# --------------------------------------------------------------------------------------------------- Meta's side


def _app_id(service: Accounts) -> Line:
    given = service.settings.threads_app_id
    secret = service.settings.threads_app_secret.get_secret_value()
    if not given and not secret:
        return Line(
            "Threads app",
            "look",
            "No app is set.",
            "Accounts can be added by token without one ('treadle accounts add'). To connect through Threads set "
            "TREADLE_THREADS_APP_ID and TREADLE_THREADS_APP_SECRET (App settings, Basic, at the bottom).",
            "app_not_configured",
        )
    if not given or not secret:
        name = "TREADLE_THREADS_APP_SECRET" if given else "TREADLE_THREADS_APP_ID"
        return Line("Threads app", "broken", f"{name} is not set.", f"Set {name}.", "app_not_configured")
    if not given.isdigit():
        return Line("Threads app", "broken", "The app id is not a number.",
                    "Use the Threads App ID (App settings, Basic).", "wrong_app_id")  # fmt: skip
    if len(secret) != 32 or any(c not in "0123456789abcdef" for c in secret):
        return Line("Threads app", "look", "The app secret does not look like Meta's (32 digits of 0-9 a-f).",
                    "Copy the Threads App Secret again.", "client_secret_wrong")  # fmt: skip
    return Line("Threads app", "fine", f"Id {given} and a secret are set.")


async def _app_pair(service: Accounts) -> Line:
    """An app token shows that id and secret belong together and are Threads' pair, not the app's other one."""
    app = service.app
    if app is None:
        return Line("Id and secret", "unknown", "There is nothing to try.", "Set the app first.")
    result = await oauth.app_token(service.client, app_id=app.id, app_secret=app.secret)
    if isinstance(result, Ok):
        return Line("Id and secret", "fine", "Threads takes them together.")
    return _failure("Id and secret", result)


async def _window(service: Accounts, session: aiohttp.ClientSession) -> Line:
    app = service.app
    if app is None:
        return Line("Authorise window", "unknown", "There is nothing to try.", "Set the app first.")
    url = oauth.authorize_url(
        client_id=app.id, redirect_uri=app.redirect_uri, state="doctor", base=service.settings.threads_authorize_url
    )
    trouble = await probe_window(session, url)
    if trouble is not None:
        return _trouble("Authorise window", trouble)
    return Line(
        "Authorise window",
        "fine",
        f"No refusal of id or redirect address {app.redirect_uri} without a login; with one there may be more.",
    )


async def _clock(service: Accounts) -> Line:
    """Threads' own Date header against this clock."""
    before = service.now()
    result = await service.client.with_token("clock").me("id")
    after = service.now()
    answer = getattr(result, "answer", None)
    said = answer.headers.get("date") if answer is not None else None
    if isinstance(result, NotSent) or said is None:
        if isinstance(result, NotSent):
            return Line("Threads and clock", "broken", f"Threads cannot be reached: {result.kind}.",
                        "Check network, name server and TREADLE_THREADS_API_URL.", "meta_unreachable")  # fmt: skip
        return Line("Threads and clock", "unknown", "Threads did not say what time it is.")
    try:
        theirs = parsedate_to_datetime(said).timestamp()
    except (ValueError, TypeError):
        return Line("Threads and clock", "unknown", "Threads' date cannot be read.")
    skew = (before + after) / 2 - theirs
    if abs(skew) > SKEW_MOST_S:
        word = "fast" if skew > 0 else "slow"
        return Line("Threads and clock", "broken", f"This clock is {abs(skew):.0f} s {word}.",
                    "Let the machine's clock follow a time server: schedules and signatures go by it.")  # fmt: skip
    return Line("Threads and clock", "fine", f"Threads answers; the clocks are {abs(skew):.0f} s apart.")


def _mode(conn: Connection, service: Accounts) -> Line:
    """Development mode cannot be asked for; refusals tell of it."""
    telling = ("tester_invite_pending", "app_in_development", "threads_basic_missing", "access_tier_insufficient",
               "app_permission_missing", "capability_missing", "login_unavailable", "app_deactivated")  # fmt: skip
    row = blockers.newest_open(conn, telling)
    if row is not None:
        cause = row.cause
        todo = str(cause.get("next_step_developer") or cause.get("next_step") or "")
        return Line("App mode", "broken", str(cause.get("title") or row.pattern), todo, row.pattern)
    return Line(
        "App mode",
        "fine",
        "No answer spoke of development mode. While the app is in it, only accounts with a role can connect: App "
        "roles, Threads Tester, then accept at threads.com, Settings, Account, Website permissions, Invites.",
    )


def _callbacks(conn: Connection, service: Accounts) -> Line:
    base, app = service.settings.public_url, service.app
    if app is None:
        return Line("Callbacks", "unknown", "Without an app there are none.")
    return Line(
        "Callbacks",
        "fine",
        f"{last_heard(conn, service.now())} To enter at Meta: deauthorise {base}/threads/deauthorize, data deletion "
        f"{base}/threads/delete-data, webhook {base}/threads/webhook with the verify token {verify_token(app.secret)}.",
    )


def last_heard(conn: Connection, now: float) -> str:
    """When Meta last called one of the callback addresses, as a sentence."""
    heard = messages_of_meta.last_received_at(conn)
    return f"Last heard from Meta {(now - heard) / DAY_S:.1f} days ago." if heard else "Nothing came from Meta yet."


def _connections(conn: Connection, service: Accounts, workspace: str | None) -> list[Line]:
    """A line for each connected account: health, life of the token, scopes against what is scheduled.

    When there are many, those that are well share one.
    """
    now = service.now()
    rows = accounts.connected_of(conn, workspace)
    lacking = needs.lacking(conn, {row.id: row.scopes or () for row in rows if row.health == "active"})
    lines = [_connection(row, lacking.get(row.id), now) for row in rows]
    well = [row for row, line in zip(rows, lines, strict=True) if line.verdict == "fine"]
    if len(well) > WELL_MOST:
        first = min((row.token_expires_at for row in well if row.token_expires_at), default=None)
        found = f"{len(well)} accounts are well; the first of their tokens lives: {_life(first, now)}."
        lines = [line for line in lines if line.verdict != "fine"]
        name = "Other accounts" if lines else "Accounts"
        lines.append(Line(name, "fine", f"{found} Each is renewed automatically."))
    return lines or [
        Line("Accounts", "look", "None is connected.", "treadle accounts add, or connect one on the page.")
    ]


def _connection(row: AccountRow, lacking: needs.Lacking | None, now: float) -> Line:
    name = f"Account @{row.username or row.threads_user_id}"
    if row.health != "active":
        cause = row.health_cause or {}
        todo = str(cause.get("next_step") or "Connect it again.")
        verdict: Verdict = "look" if row.health == "expiring" else "broken"
        return Line(name, verdict, WORDS[row.health], todo, cause.get("pattern"))
    if lacking is not None:
        need = plural(len(lacking.post_ids), "scheduled post needs", "scheduled posts need")
        found = f"{', '.join(sorted(lacking.scopes))} was not granted; {need} it."
        return Line(name, "broken", found, "Connect it again and grant it.", "permission_not_granted")
    return Line(name, "fine", f"Token lives: {_life(row.token_expires_at, now)}; it is renewed automatically.")


def _life(ends: float | None, now: float) -> str:
    return plural(round((ends - now) / DAY_S), "day") if ends else "unknown"


def _failure(name: str, result: Failure) -> Line:
    return _trouble(name, diagnose_failure(result, "oauth"))


def _trouble(name: str, found: Diagnosis) -> Line:
    verdict: Verdict = "unknown" if found.retry.kind == "later" or found.pattern == "unknown" else "broken"
    todo = found.next_step_developer or found.next_step
    return Line(name, verdict, f"{found.title}.", todo, found.pattern)
