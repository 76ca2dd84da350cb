"""Checking the setup: each line is fine, or says what to do. Nothing here changes anything.

What Meta does not tell (whether the app is live, who its testers are) is read from what its answers said so far.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from treadle import private, vault
from treadle.accounts import needs
from treadle.accounts.connect import probe_window
from treadle.accounts.from_meta import verify_token
from treadle.accounts.health import WORDS
from treadle.accounts.service import Accounts, redirect_uri
from treadle.accounts.timing import DAY_S
from treadle.domain.cause import diagnose_failure
from treadle.listening import listeners
from treadle.media.reach import is_sandbox, unreachable_reason
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
from treadle.store.trouble import sqlite_reason, sqlite_todo, trouble_of
from treadle.vault import Vault
from treadle_diagnosis.types import Diagnosis
from treadle_threads import oauth
from treadle_threads.media.guard import is_public
from treadle_threads.media.robots import RobotsCache
from treadle_threads.results import Failure, NotSent, Ok

Verdict = Literal["fine", "look", "broken", "unknown"]
SKEW_MOST_S: Final = 60.0
DISK_LEAST: Final = 1024**3
DISK_LOW: Final = 5 * 1024**3
REACH_S: Final = 8.0
META_CRAWLER: Final = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
NO_FILE: Final = "none/none.jpg"  # no file has this address: Treadle itself answers 404
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

    ``session`` asks Meta's window and the public address; it belongs to the running loop. ``workspace``: only
    its accounts are looked at. ``more``: what others found out about this machine.
    """
    lines = [*_database(service), disk(service.settings.data_dir), _keys(service.vault), _files(service), *more]
    ready = lines[0].verdict != "broken"
    if ready:
        lines += [await service.db.query(_sealed, service), await service.db.query(_worker, service)]
        lines.append(await service.db.query(_alerts, service, workspace))
    lines += [
        _server(service),
        _names(),
        _public_url(service.settings),
        _app_id(service.settings),
        _secret_place(service),
    ]
    if network:
        lines += await asyncio.gather(
            _app_pair(service),
            _window(service, session),
            _reachable(service, session),
            _media_address(service, session),
        )
        lines.append(await _clock(service))
    if ready:
        lines.append(await service.db.query(_mode, service))
        lines += await service.db.query(_connections, service, workspace)
        lines.append(await service.db.query(_callbacks, service))
    return lines


def configured(settings: Settings, vault: Vault) -> list[Line]:
    """What is set, without asking anybody: cheap enough for every page."""
    return [_keys(vault), _public_url(settings), _app_id(settings)]


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
        todo = "Check TREADLE_DATABASE_URL and that the database runs."
        return [_unusable(service, error, f"{kind} does not answer", todo)]
    if at != newest:
        at_version = f"is at version {at}" if at else "has no tables yet"
        return [Line("Database", "broken", f"{kind} {at_version}; this release needs {newest}.",
                     "Run 'treadle migrate'. 'treadle serve' does this when it starts.")]  # fmt: skip
    try:
        with service.db.begin() as conn:
            probe.rewrite_version(conn)
    except DatabaseError as error:
        todo = "Check the database's permissions and disk space."
        return [_unusable(service, error, f"{kind} refuses writes", todo)]
    return [Line("Database", "fine", f"{kind}, up to date and writable.")]


def _unusable(service: Accounts, error: DatabaseError, what: str, todo: str) -> Line:
    """``todo``: for PostgreSQL, and for what SQLite says without a known cause."""
    trouble = trouble_of(error)
    reason = trouble.reason if trouble else type(error).__name__
    if service.db.is_sqlite:
        reason = sqlite_reason(reason, Path(service.db.engine.url.database or "").absolute().parent)
        todo = sqlite_todo(reason) or todo
    return Line("Database", "broken", f"{what} ({reason or type(error).__name__}).", todo)


def disk(data_dir: Path) -> Line:
    """The room that a data directory has, or would have: it need not be there."""
    free = shutil.disk_usage(_nearest(data_dir)).free
    found = f"{free / 1e9:.1f} GB free for {data_dir}."
    if free < DISK_LEAST:
        return Line("Disk", "broken", found, "Free some space: media and the database need at least 1 GB.")
    if free < DISK_LOW:
        return Line(
            "Disk", "look", found, "Free some space: one video can take 1 GB, and its repaired version another."
        )
    return Line("Disk", "fine", found)


def unmade(data_dir: Path) -> list[Line]:
    """For a data directory that is not there yet: its disk, and whether this user can make it."""
    folder = _nearest(data_dir)
    if folder.is_dir() and os.access(folder, os.W_OK):
        found = Line("Files", "fine", f"{data_dir} is not there yet. 'treadle serve' makes it, with a key file.")
    else:
        found = Line("Files", "broken", f"{data_dir} is not there, and this user cannot make it in {folder}.",
                     "Let this user write there, or set another TREADLE_DATA_DIR.")  # fmt: skip
    return [disk(data_dir), found]


def _nearest(path: Path) -> Path:
    """It, or the nearest above it that is there."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def repairs(failing: str | None) -> Line:
    """The line on repairing media. ``failing``: why a tiny file could not be repaired, ``None`` when it was."""
    if failing is None:
        return Line("Media repairs", "fine", "A tiny file was repaired.")
    return Line(
        "Media repairs",
        "broken",
        f"A tiny file could not be repaired ({failing}).",
        "See the log for details. Check memory, disk space and process limits, then reinstall Treadle.",
        "media_worker_failed",
    )


def _keys(vault: Vault) -> Line:
    path = vault.path
    if path is None:
        return Line("Encryption keys", "fine", f"{vault.key_count} from TREADLE_SECRET_KEYS.")
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return Line("Encryption keys", "broken", f"{path} cannot be read.", "Restore the key file from a backup.")
    if mode & 0o077:
        return Line("Encryption keys", "broken", f"Other users can read {path} ({mode:o}).", f"chmod 600 {path}")
    return Line(
        "Encryption keys", "fine", f"{path}, readable by its owner only. Back it up separately from the database."
    )


def _files(service: Accounts) -> Line:
    """Everything in the data directory, and the database wherever it lies, is for this user alone."""
    wide = set(private.open_to_others(service.settings.data_dir))
    if service.db.file is not None:
        for suffix in ("", "-wal", "-shm"):
            wide.update(private.open_to_others(Path(f"{service.db.file}{suffix}")))
    if not wide:
        return Line("Files", "fine", f"Only its owner can read {service.settings.data_dir}.")
    first = min(wide)
    more = f" and {len(wide) - 1} more" if len(wide) > 1 else ""
    if wide == {service.settings.data_dir} and private.is_shared(first):
        return Line("Files", "look", f"Other users can read {first}, which other programs use, too.",
                    "Set TREADLE_DATA_DIR to a directory that only Treadle uses.")  # fmt: skip
    return Line("Files", "broken", f"Other users have access to {first}{more}.", f"chmod -R go= {first}")


def _sealed(conn: Connection, service: Accounts) -> Line:
    lost = vault.unreadable(conn, service.vault)
    if lost:
        return Line(
            "Stored secrets",
            "broken",
            f"{len(lost)} cannot be decrypted ({', '.join(sorted(set(lost)))}).",
            "Add the old key after the new one, or reconnect those accounts.",
        )
    return Line("Stored secrets", "fine", "All of them can be decrypted.")


def _worker(conn: Connection, service: Accounts) -> Line:
    alive = workers.count_alive(conn, service.now())
    if alive:
        return Line("Worker", "fine", f"{alive} running.")
    due = statistics.posts_due(conn, service.now())
    found = "None is running." + (f" {plural(due, 'post is', 'posts are')} due." if due else "")
    return Line("Worker", "broken" if due else "look", found, "Start 'treadle serve' or 'treadle worker'.")


def _alerts(conn: Connection, service: Accounts, workspace: str | None) -> Line:
    wrong = alerts.unusable(conn, service.vault, service.settings.alert_urls, workspace)
    if not wrong:
        return Line("Alert recipients", "fine", "All of them are supported.")
    return Line("Alert recipients", "look", f"Alerts cannot be sent to {', '.join(wrong)}.",
                "Remove them, then add recipients of a kind that docs/accounts.md lists.")  # fmt: skip


def _secret_place(service: Accounts) -> Line:
    """The app's secret in a file that others can read is no secret."""
    try:
        facts = os.stat("treadle.toml")
        with open("treadle.toml", encoding="utf-8", errors="replace") as file:
            holds = "secret" in file.read()
    except OSError:
        return Line("App secret file", "fine", "There is no secret in a file here.")
    if holds and facts.st_mode & 0o077:
        return Line("App secret file", "look", "treadle.toml holds secrets, and other users can read it.",
                    "chmod 600 treadle.toml")  # fmt: skip
    return Line(
        "App secret file",
        "fine",
        "Only its owner can read treadle.toml." if holds else "There is no secret in a file here.",
    )


# --------------------------------------------------------------------------------------------------- addresses


def _server(service: Accounts) -> Line:
    running = listeners(service.settings.data_dir)
    if not running:
        found = f"No server is running on this machine with {service.settings.data_dir}."
        return Line("Server", "unknown", found, "Start 'treadle serve', unless it runs on another machine.")
    return Line("Server", "fine", "; ".join(f"Listening at {one.url} (process {one.pid})" for one in running) + ".")


def _names() -> Line:
    """A misspelled variable leaves its setting at the default. Only what is near a setting is meant for Treadle."""
    wrong = []
    for name in sorted(os.environ):
        plain = name.lower().removeprefix("treadle_")
        if name.upper().startswith("TREADLE_") and plain not in Settings.model_fields and (near := nearest(plain)):
            wrong.append(f"{name} is not a setting{near}.")
    if wrong:
        return Line("Setting names", "look", " ".join(wrong), "Correct the name, or remove the variable.")
    return Line("Setting names", "fine", "No misspelled names in the environment.")


def _public_url(settings: Settings) -> Line:
    split = urlsplit(settings.public_url)
    local = split.hostname in ("localhost", "127.0.0.1", "::1", "0.0.0.0")
    where = redirect_uri(settings)
    if local:
        return Line(
            "Public address",
            "look",
            f"{settings.public_url} can only be reached from this machine.",
            "That is enough to try Treadle and to add accounts by token. To connect accounts on Threads, and to "
            "publish media from here, set TREADLE_PUBLIC_URL to an https address that leads here.",
        )
    if split.scheme != "https":
        return Line("Public address", "broken", f"{settings.public_url} is not https.",
                    "Meta only accepts https redirect addresses. Put a proxy with a certificate in front.")  # fmt: skip
    if split.path.strip("/"):
        return Line("Public address", "look", f"{settings.public_url} has a path, and the pages link from the root.",
                    "Give Treadle its own host name. Pages don't work below a path. Redirect address to enter at "
                    f"Meta, exactly: {where}")  # fmt: skip
    return Line("Public address", "fine", f"https. Redirect address to enter at Meta, exactly: {where}")


async def _reachable(service: Accounts, session: aiohttp.ClientSession) -> Line:
    url = f"{service.settings.public_url}/healthz"
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=REACH_S), allow_redirects=False) as answer:
            status = answer.status
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        found = f"{url} doesn't answer from here ({type(error).__name__})."
        running = listeners(service.settings.data_dir)
        if not running:
            return Line(
                "Reachable", "look", found, "Start 'treadle serve', then check the DNS name, proxy and firewall."
            )
        todo = f"Check the DNS name, proxy and firewall. The proxy must forward to {running[0].url}."
        return Line("Reachable", "look", found, todo)
    if status != 200:
        return Line("Reachable", "look", f"{url} answers {status}.", "Check that the proxy forwards to this server.")
    return Line("Reachable", "fine", f"{url} answers. This server can't tell whether the whole internet reaches it.")


async def _media_address(service: Accounts, session: aiohttp.ClientSession) -> Line:
    """Whether Meta's crawler can fetch what this server keeps, as far as that shows from here: the address is public,
    robots.txt lets it in, and a request in its name reaches Treadle, not a page that stands before it."""
    name, settings = "Media address", service.settings
    if settings.media_store_url:
        return Line(
            name, "unknown", "Files are in a bucket.", "Publish a post with an image: Meta fetches it from there."
        )
    if (reason := unreachable_reason(settings)) is not None:
        return Line(name, "look", reason.partition(". ")[0] + ".", reason.partition(". ")[2], "public_url_unreachable")
    base = URL(settings.public_url)
    if not is_sandbox(settings) and (inside := await _private_address(base.host or "")) is not None:
        found = f"{base.host} leads to {inside}, which is not a public address, so Meta cannot fetch media from it."
        return Line(name, "broken", found, "Point the DNS name at a public address.", "public_url_unreachable")
    url = f"{settings.public_url}/media/{NO_FILE}"
    rules = await RobotsCache().of(session, URL(url))
    if rules.verdict(url) == "closed":
        found = f"{base.origin()}/robots.txt keeps Meta's crawler out of /media/."
        return Line(name, "broken", found, "Allow /media/ in that file, or let the proxy pass Treadle's own.",
                    "media_robots_refused")  # fmt: skip
    try:
        limit, headers = aiohttp.ClientTimeout(total=REACH_S), {"User-Agent": META_CRAWLER}
        async with session.get(url, timeout=limit, allow_redirects=False, headers=headers) as answer:
            ours = answer.status == 404 and answer.content_type == "text/plain"
            status = answer.status
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        found = f"{settings.public_url}/media/ doesn't answer from here ({type(error).__name__})."
        return Line(name, "look", found, "Check the DNS name, proxy and firewall.")
    if not ours:
        found = f"A request like Meta's crawler's doesn't reach Treadle at {settings.public_url}/media/ ({status})."
        return Line(name, "broken", found, "Let the proxy pass /media/ to Treadle without a login or a bot check.",
                    "media_address_login_page")  # fmt: skip
    found = (
        f"{settings.public_url}/media/ answers Meta's crawler. "
        "The first image you publish shows whether Meta can reach it."
    )
    return Line(name, "fine", found)


async def _private_address(host: str) -> str | None:
    """An address of this host that is not public; ``None`` when there is none, or the name cannot be resolved."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return None
    return next((str(info[4][0]) for info in found if not is_public(str(info[4][0]))), None)


# --------------------------------------------------------------------------------------------------- Meta's side


def _app_id(settings: Settings) -> Line:
    given = settings.threads_app_id
    secret = settings.threads_app_secret.get_secret_value()
    if not given and not secret:
        return Line(
            "Threads app",
            "look",
            "No Meta app is configured.",
            "To connect accounts on Threads, set TREADLE_THREADS_APP_ID and TREADLE_THREADS_APP_SECRET (Meta app: App "
            "settings, Basic, at the bottom). Without an app, add accounts by token: 'treadle accounts add'.",
            "app_not_configured",
        )
    if not given or not secret:
        name = "TREADLE_THREADS_APP_SECRET" if given else "TREADLE_THREADS_APP_ID"
        return Line("Threads app", "broken", f"{name} is not set.", f"Set {name}.", "app_not_configured")
    if not given.isdigit():
        return Line("Threads app", "broken", "The app ID is not a number.",
                    "Use the Threads App ID (App settings, Basic).", "wrong_app_id")  # fmt: skip
    if len(secret) != 32 or any(c not in "0123456789abcdef" for c in secret):
        return Line("Threads app", "look", "The app secret doesn't look like Meta's (32 characters, 0-9 and a-f).",
                    "Copy the Threads App Secret again.", "client_secret_wrong")  # fmt: skip
    return Line("Threads app", "fine", f"ID {given} and a secret are set.")


async def _app_pair(service: Accounts) -> Line:
    """An app token shows that id and secret belong together and are Threads' pair, not the app's other one."""
    app = service.app
    if app is None:
        return Line("Id and secret", "unknown", "No Meta app is configured.", "Configure it first.")
    result = await oauth.app_token(service.client, app_id=app.id, app_secret=app.secret)
    if isinstance(result, Ok):
        return Line("Id and secret", "fine", "Threads accepts them together.")
    return _failure("Id and secret", result)


async def _window(service: Accounts, session: aiohttp.ClientSession) -> Line:
    app = service.app
    if app is None:
        return Line("Authorization window", "unknown", "No Meta app is configured.", "Configure it first.")
    url = oauth.authorize_url(
        client_id=app.id, redirect_uri=app.redirect_uri, state="doctor", base=service.settings.threads_authorize_url
    )
    trouble = await probe_window(session, url)
    if trouble is not None:
        return _trouble("Authorization window", trouble)
    return Line(
        "Authorization window",
        "fine",
        f"Threads accepts the ID and the redirect address {app.redirect_uri}. It may check more after you log in.",
    )


async def _clock(service: Accounts) -> Line:
    """Threads' own Date header against this clock."""
    before = service.now()
    result = await service.client.with_token("clock").me("id")
    after = service.now()
    answer = getattr(result, "answer", None)
    date = answer.headers.get("date") if answer is not None else None
    if isinstance(result, NotSent) or date is None:
        if isinstance(result, NotSent):
            return Line("Threads and clock", "broken", f"Threads cannot be reached: {result.kind}.",
                        "Check the network, DNS and TREADLE_THREADS_API_URL.", "meta_unreachable")  # fmt: skip
        return Line("Threads and clock", "unknown", "Threads didn't send a date.")
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return Line("Threads and clock", "unknown", "The date Threads sent cannot be read.")
    skew = (before + after) / 2 - theirs
    if abs(skew) > SKEW_MOST_S:
        word = "fast" if skew > 0 else "slow"
        return Line("Threads and clock", "broken", f"This clock is {abs(skew):.0f} s {word}.",
                    "Synchronize the clock with a time server. Schedules and signatures depend on it.")  # fmt: skip
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
        "No answer mentioned development mode. In that mode only testers can connect: add them under App roles, "
        "Threads Tester; they accept on Threads under Settings, Account, Website permissions, Invites.",
    )


def _callbacks(conn: Connection, service: Accounts) -> Line:
    base, app = service.settings.public_url, service.app
    if app is None:
        return Line("Callbacks", "unknown", "None without a Meta app.")
    return Line(
        "Callbacks",
        "fine",
        f"{last_heard(conn, service.now())} To enter at Meta: uninstall {base}/threads/deauthorize, delete "
        f"{base}/threads/delete-data, webhook {base}/threads/webhook with the verify token {verify_token(app.secret)}.",
    )


def last_heard(conn: Connection, now: float) -> str:
    """When Meta last called one of the callback addresses, as a sentence."""
    heard = messages_of_meta.last_received_at(conn)
    return f"Last heard from Meta {(now - heard) / DAY_S:.1f} days ago." if heard else "Meta hasn't called yet."


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
        found = f"{len(well)} accounts are healthy; the first access token to expire has {_life(first, now)} left."
        lines = [line for line in lines if line.verdict != "fine"]
        name = "Other accounts" if lines else "Accounts"
        lines.append(Line(name, "fine", f"{found} Each is renewed automatically."))
    return lines or [
        Line("Accounts", "look", "None connected.", "Connect one on the Accounts page, or run 'treadle accounts add'.")
    ]


def _connection(row: AccountRow, lacking: needs.Lacking | None, now: float) -> Line:
    name = f"Account @{row.username or row.threads_user_id}"
    if row.health != "active":
        cause = row.health_cause or {}
        todo = str(cause.get("next_step") or "Reconnect it.")
        verdict: Verdict = "look" if row.health == "expiring" else "broken"
        return Line(name, verdict, WORDS[row.health], todo, cause.get("pattern"))
    if lacking is not None:
        need = plural(len(lacking.post_ids), "scheduled post needs", "scheduled posts need")
        found = f"{', '.join(sorted(lacking.scopes))} was not granted; {need} it."
        return Line(name, "broken", found, "Reconnect it and grant the permission.", "permission_not_granted")
    return Line(name, "fine", f"Access token: {_life(row.token_expires_at, now)} left, renewed automatically.")


def _life(ends: float | None, now: float) -> str:
    return plural(round((ends - now) / DAY_S), "day") if ends else "unknown time"


def _failure(name: str, result: Failure) -> Line:
    return _trouble(name, diagnose_failure(result, "oauth"))


def _trouble(name: str, found: Diagnosis) -> Line:
    verdict: Verdict = "unknown" if found.retry.kind == "later" or found.pattern == "unknown" else "broken"
    todo = found.next_step_developer or found.next_step
    return Line(name, verdict, f"{found.title}.", todo, found.pattern)
