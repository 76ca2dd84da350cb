"""Looking at a media address as Meta would: can it be fetched, is it a file, will it still be there.

One request with the user agent of Meta's crawler brings the head of the file, a second one its index; robots.txt is a
third, to the same host. Only when Meta's agent is refused is the same asked again with a plain one, to tell a host that
turns crawlers away from one that turns everybody away.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from yarl import URL

from treadle_threads.media.containers import looks_like_html, sniff_container
from treadle_threads.media.expiry import expiry_of
from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding
from treadle_threads.media.imagehead import sniff_image
from treadle_threads.media.isobmff import is_isobmff
from treadle_threads.media.patterns import finding
from treadle_threads.media.probe import read_media, with_cost
from treadle_threads.media.remote import PLAIN_AGENT, NotOpened, RemoteFile, open_remote
from treadle_threads.media.robots import Robots, RobotsCache
from treadle_threads.net.session import GuardedConnector

SLOW_FIRST_BYTE_S = 5.0
"""Meta wants its crawler answered within a few seconds."""
LOOK_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=15)
EXPIRY_MARGIN = timedelta(minutes=15)
"""An address must outlive the time a post is due by this: Meta fetches when the container is made, and may again."""
TUNNELS = (
    ".trycloudflare.com",
    ".ngrok.io",
    ".ngrok-free.app",
    ".ngrok.app",
    ".loca.lt",
    ".vercel.app",
    ".devtunnels.ms",
)
WHOLE_AT_ONCE = 1024 * 1024
"""Bytes of a picture that a crawler fetches in one piece, whether or not the host answers ranges."""
_ENDINGS = {
    "image": (".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".heif", ".avif"),
    "video": (".mp4", ".mov", ".m4v"),
}
_SHARE_LINKS = {
    "drive.google.com": "Google Drive shows a page. Its share links have not worked since 2025.",
    "www.dropbox.com": "Dropbox shows a page. End the URL with ?raw=1 to get the file.",
    "onedrive.live.com": "OneDrive shows a page instead of the file.",
    "1drv.ms": "OneDrive shows a page instead of the file.",
    "photos.app.goo.gl": "Google Photos shows a page instead of the file.",
    "www.icloud.com": "iCloud shows a page instead of the file.",
}
_LOGIN_PATH = re.compile(
    r"(?:^|[/._-])(?:log-?in|sign-?in|auth|sso|oauth2?|account/access|wp-login)(?:[/._?-]|$)", re.I
)
_PASSWORD_FIELD = re.compile(rb"type\s*=\s*[\"']?password", re.I)


@dataclass(frozen=True, slots=True)
class Look:
    """What came of looking at an address. ``probe`` is ``None`` when no file was reached.

    ``facts`` is JSON-able and holds no query strings, because signatures in them are secrets.
    """

    probe: MediaProbe | None
    findings: list[Finding]
    facts: dict[str, Any] = field(default_factory=dict)
    agent: str = ""


def parse_address(text: str) -> URL | Finding:
    """A usable http(s) address, or what is wrong with it."""
    try:
        url = URL(text.strip())
        port_ok = url.port is not None or url.scheme not in ("http", "https")
    except ValueError:
        return _bad("url_invalid", text)
    if url.scheme not in ("http", "https"):
        return _bad("url_scheme" if url.scheme else "url_no_scheme", text, scheme=url.scheme)
    if not url.host or not port_ok or any(ord(letter) < 33 for letter in text.strip()):
        return _bad("url_no_host", text)
    if url.user or url.password:
        return _bad("url_credentials", url.host)
    return url.with_fragment(None)


def _bad(says: str, got: str, **args: Any) -> Finding:
    return finding(says, got=got[:200], **args)


async def look(
    session: aiohttp.ClientSession,
    address: str,
    *,
    robots: RobotsCache | None = None,
    due_at: datetime | None = None,
    now: datetime | None = None,
) -> Look:
    """Look at ``address`` through ``session`` (see :func:`treadle_threads.net.session.guarded_session`).

    ``due_at`` (UTC, aware) is when the post is to go out. Never raises for anything the host or the file does.
    """
    url = parse_address(address)
    if isinstance(url, Finding):
        return Look(None, [url])
    found: list[Finding] = []
    facts: dict[str, Any] = {"url": str(url.with_query(None)), "host": url.host}
    found += _about_the_address(url, due_at, now or datetime.now(UTC), facts)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(LOOK_TIMEOUT.total):
            probe, more, agent = await _ask(session, url, facts)
            if robots is not None and probe is not None:
                more += _about_robots(url, await robots.of(session, url))
            if probe is not None:
                more += await _about_families(session, url)
    except TimeoutError:
        probe, agent = None, ""
        more = [_unopened(NotOpened("timeout", f"{url.host} did not answer in time"), url)]
    facts["seconds"] = round(time.perf_counter() - started, 3)
    return Look(probe, found + more, facts, agent)


async def _ask(
    session: aiohttp.ClientSession, url: URL, facts: dict[str, Any]
) -> tuple[MediaProbe | None, list[Finding], str]:
    opened = await _open(session, url)
    if isinstance(opened, NotOpened):
        return None, [_unopened(opened, url)], ""
    found: list[Finding] = []
    if (why := _refusal(opened, url)) is not None:
        opened.close()
        second = await _open(session, url, PLAIN_AGENT)
        if isinstance(second, NotOpened) or _refusal(second, url) is not None:
            if isinstance(second, RemoteFile):
                second.close()
            facts["status"] = opened.status
            return None, [why], ""
        found.append(_agent_refused(opened, url))
        opened = second
    async with opened:
        facts.update(
            status=opened.status,
            final_url=str(opened.url.with_query(None)),
            redirects=len(opened.redirects),
            content_type=opened.content_type,
            size=opened.size,
            ranges=opened.ranges,
            first_byte_s=round(opened.first_byte_s, 3),
        )
        found += _about_the_answer(opened)
        probe = await opened.run(read_media(opened.size))
        facts["agent"] = opened.agent
        return with_cost(probe, opened.bytes_read, opened.requests), found, opened.agent


async def _open(session: aiohttp.ClientSession, url: URL, agent: str | None = None) -> RemoteFile | NotOpened:
    opened = await open_remote(session, url, agent=agent) if agent else await open_remote(session, url)
    if isinstance(opened, NotOpened):
        return opened
    try:
        await opened.read_head()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        opened.close()
        if isinstance(error, TimeoutError):
            return NotOpened("timeout", f"{url.host} stopped sending")
        return NotOpened("unreachable", f"{url.host} broke the transfer off")
    return opened


def _about_the_address(url: URL, due_at: datetime | None, now: datetime, facts: dict[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    host = (url.host or "").lower()
    if url.scheme == "http":
        found.append(finding("url_plain_http", got="http", limit="https"))
    if host.endswith(TUNNELS):
        found.append(finding("tunnel_host", got=host))
    expiry = expiry_of(str(url))
    if expiry is None:
        return found
    facts["expires_at"] = _utc(expiry.at)
    needed = max(due_at or now, now) + EXPIRY_MARGIN
    if expiry.at < needed:
        args: dict[str, Any] = {"until": expiry.at.strftime("%Y-%m-%d %H:%M UTC"), "sure": ""}
        if expiry.sure:
            found.append(finding("expires", got=_utc(expiry.at), limit=_utc(needed), **args))
        else:
            args["sure"] = " (as far as its query tells)"
            found.append(
                finding("expires", got=_utc(expiry.at), limit=_utc(needed), severity="remark", basis="folklore", **args)
            )
    return found


def _about_the_answer(file: RemoteFile) -> list[Finding]:
    found: list[Finding] = []
    if file.redirects:
        found.append(finding("redirects", got=len(file.redirects), limit=0))
    if file.first_byte_s > SLOW_FIRST_BYTE_S:
        waited = file.first_byte_s
        found.append(finding("slow", got=round(waited, 2), limit=SLOW_FIRST_BYTE_S, waited=waited))
    found += _about_the_transfer(file)
    if file.cut_short:
        found.append(finding("cut_short", got=len(file.head), limit=file.size))
    found += _about_the_type(file)
    return found


def _about_the_transfer(file: RemoteFile) -> list[Finding]:
    """Ranges and length: a copy of ours has both."""
    found: list[Finding] = []
    if not file.ranges:
        small = file.size is not None and file.size <= WHOLE_AT_ONCE and _kind_of(file.head) == "image"
        found.append(finding("no_ranges_small" if small else "no_ranges", got=False, limit=True))
    if file.size is None:
        found.append(finding("no_length"))
    return found


def _about_the_type(file: RemoteFile) -> list[Finding]:
    """What the host calls the file, and the ending of its address, held against the first bytes."""
    kind, declared, found = _kind_of(file.head), file.content_type, []
    if not kind:
        return []
    declared_kind = declared.partition("/")[0]
    if declared_kind != kind and (declared_kind, kind) != ("audio", "video"):
        says = "content_type" if declared else "no_content_type"
        found.append(finding(says, got=declared or None, limit=f"{kind}/*", kind=kind))
    ending = file.url.suffix.lower()
    wanted = _ENDINGS[kind]
    if ending not in wanted:
        found.append(finding("ending" if ending else "no_ending", got=ending or None, limit=wanted[0]))
    return found


def _kind_of(head: bytes) -> str:
    if sniff_image(head):
        return "image"
    return "video" if is_isobmff(head) or sniff_container(head) else ""


def _refusal(file: RemoteFile, url: URL) -> Finding | None:
    """What keeps this answer from being a file, ``None`` when it may be one."""
    status, host = file.status, url.host
    if status in (200, 206):
        if file.head and looks_like_html(file.head):
            return _web_page(file, url)
        return None
    if status in (404, 410):
        return finding("not_found", got=status, host=host)
    if status == 429:
        return finding("rate_limited", got=status, host=host)
    if status >= 500 or status == 408:
        return finding("server_error", got=status, host=host)
    if status < 400:
        return finding("refused_no_file", got=status, host=host)
    if (expiry := expiry_of(str(url))) is not None and expiry.at < datetime.now(UTC):
        return finding("expired", got=_utc(expiry.at), host=host, until=f"{expiry.at:%Y-%m-%d %H:%M}")
    return finding("refused", got=status, host=host)


def _web_page(file: RemoteFile, url: URL) -> Finding:
    if _LOGIN_PATH.search(file.url.path) or _PASSWORD_FIELD.search(file.head):
        return finding("login_page", got=str(file.url.with_query(None)))
    hint = _SHARE_LINKS.get((url.host or "").lower(), "Use the file's direct URL, or upload it here.")
    return finding("html", got=file.content_type or "text/html", hint=hint)


def _agent_refused(file: RemoteFile, url: URL) -> Finding:
    instead = f"HTTP {file.status}" if file.status >= 400 else "a web page"
    return finding("meta_agent_refused", got=file.status, host=url.host, instead=instead)


def _about_robots(url: URL, found: Robots) -> list[Finding]:
    host, status = url.host, found.status
    match found.verdict(str(url)):
        case "closed":
            return [finding("robots", got="facebookexternalhit", host=host)]
        case "failed":
            return [finding("robots_fail" if status else "robots_silent", got=status or None, host=host)]
        case "page":
            return [finding("robots_page", got="a web page", host=host)]
    return [finding("robots_no_rules", got=status, host=host)] if found.standing == "refused" else []


async def _about_families(session: aiohttp.ClientSession, url: URL) -> list[Finding]:
    """Of a host with addresses of both kinds, those that lead nowhere: Meta may take either."""
    connector = session.connector
    if not isinstance(connector, GuardedConnector) or not url.host or not url.port:
        return []
    dead = await connector.dead_family(url.host, url.port)
    if dead is None:
        return []
    return [finding("address_family", got=dead, host=url.host)]


_UNOPENED = {"url_invalid": "url_unusable", "url_scheme": "url_not_web"}
"""The sentence for a reason, where it is not its own: the address was usable when it was read."""


def _unopened(why: NotOpened, url: URL) -> Finding:
    got = why.address or why.detail[:200]
    return finding(_UNOPENED.get(why.reason, why.reason), got=got, host=url.host, detail=why.detail)


def _utc(moment: datetime) -> str:
    """As times are written in every answer."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
