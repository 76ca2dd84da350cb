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
    "drive.google.com": "Google Drive shows a page; share links of it have not worked since 2025.",
    "www.dropbox.com": "Dropbox shows a page; ending the address with ?raw=1 gives the file.",
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
        return _bad("url_invalid", "This is not a web address. Give one that begins with https://.", text)
    if url.scheme not in ("http", "https"):
        kind = f"begins with '{url.scheme}:'" if url.scheme else "does not begin with https://"
        return _bad(
            "url_scheme", f"The address {kind}. Meta fetches from https:// addresses; upload the file instead.", text
        )
    if not url.host or not port_ok or any(ord(letter) < 33 for letter in text.strip()):
        return _bad(
            "url_invalid", "The address names no host, or has spaces in it. Give it whole, from https:// on.", text
        )
    if url.user or url.password:
        message = (
            "The address holds a user name or password. Meta sends none, and it would be seen by others. Leave it out."
        )
        return _bad("url_credentials", message, url.host)
    return url.with_fragment(None)


def _bad(code: str, message: str, got: str) -> Finding:
    return finding(code, "error", "url", message, got=got[:200], fix="reject")


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
        message = "The address is not encrypted (http). It works today; https is what Meta's documents show."
        found.append(
            finding("url_plain_http", "remark", "url.scheme", message, got="http", limit="https", basis="seen")
        )
    if host.endswith(TUNNELS):
        message = f"{host} is a tunnel or preview host; Meta has been seen not to fetch from such hosts at all."
        found.append(finding("tunnel_host", "remark", "url.host", message, got=host, basis="seen"))
    expiry = expiry_of(str(url))
    if expiry is None:
        return found
    facts["expires_at"] = _utc(expiry.at)
    needed = max(due_at or now, now) + EXPIRY_MARGIN
    if expiry.at < needed:
        when = expiry.at.strftime("%Y-%m-%d %H:%M UTC")
        sure = "" if expiry.sure else " (as far as its query tells)"
        message = (
            f"The address works until {when}{sure}, which is before Meta is sure to have the file. It is copied now."
        )
        found.append(
            finding("expires", "repair" if expiry.sure else "remark", "url.expires", message, got=_utc(expiry.at),
                    limit=_utc(needed), fix="copy", basis="documented" if expiry.sure else "folklore")
        )  # fmt: skip
    return found


def _about_the_answer(file: RemoteFile) -> list[Finding]:
    found: list[Finding] = []
    if file.redirects:
        message = (
            f"The address redirects {len(file.redirects)} time(s). Whether Meta follows is not documented: "
            "give the last."
        )
        found.append(finding("redirects", "remark", "url", message, got=len(file.redirects), limit=0, basis="seen"))
    if file.first_byte_s > SLOW_FIRST_BYTE_S:
        message = (
            f"The host took {file.first_byte_s:.1f} s to begin its answer; Meta's crawler may give up after a few."
        )
        found.append(
            finding(
                "slow",
                "remark",
                "host",
                message,
                got=round(file.first_byte_s, 2),
                limit=SLOW_FIRST_BYTE_S,
                basis="seen",
            )
        )
    found += _about_the_transfer(file)
    if file.cut_short:
        message = "The host sent less than it announced: the transfer broke off."
        found.append(finding("cut_short", "error", "host", message, got=len(file.head), limit=file.size, fix="reject"))
    found += _about_the_type(file)
    return found


def _about_the_transfer(file: RemoteFile) -> list[Finding]:
    """Ranges and length: a copy of ours has both."""
    found: list[Finding] = []
    if not file.ranges:
        message = "The host ignores requests for parts of a file."
        if file.size is not None and file.size <= WHOLE_AT_ONCE and _kind_of(file.head) == "image":
            message += " One picture this small is fetched whole anyway."
            found.append(finding("no_ranges", "remark", "host", message, got=False, limit=True))
        else:
            message += " Meta has given up on such downloads. The file is copied."
            found.append(
                finding("no_ranges", "repair", "host", message, got=False, limit=True, fix="copy", basis="seen")
            )
    if file.size is None:
        message = (
            "The host does not say how large the file is, so a broken transfer looks like a whole one. "
            "The file is copied."
        )
        found.append(finding("no_length", "repair", "host", message, fix="copy", basis="seen"))
    return found


def _about_the_type(file: RemoteFile) -> list[Finding]:
    """What the host calls the file, and the ending of its address, held against the first bytes."""
    kind, said, found = _kind_of(file.head), file.content_type, []
    if not kind:
        return []
    told = said.partition("/")[0]
    if told != kind and (told, kind) != ("audio", "video"):
        how = f"calls the file '{said}'" if said else "does not say what the file is"
        message = (
            f"The host {how}, but its first bytes are of a {kind}. Meta has taken such files for no media. "
            "The file is copied."
        )
        found.append(
            finding("content_type", "repair", "content_type", message, got=said or None, limit=f"{kind}/*", fix="copy",
                    basis="seen")
        )  # fmt: skip
    ending = file.url.suffix.lower()
    wanted = _ENDINGS[kind]
    if ending not in wanted:
        how = f"ends in '{ending}'" if ending else "has no file ending"
        message = f"The address {how}; Meta goes by the type that the host says, other tools by the ending."
        found.append(
            finding("ending", "remark", "url.ending", message, got=ending or None, limit=wanted[0], basis="seen")
        )
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
        message = f"{host} has nothing at this address (HTTP {status}). Check the address, or upload the file."
        return finding("not_found", "error", "url", message, got=status, fix="reject")
    if status == 429:
        message = (
            f"{host} says it is asked too often (HTTP 429). Meta remembers that for a while; upload the file instead."
        )
        return finding("rate_limited", "error", "host", message, got=status, fix="reject")
    if status >= 500 or status == 408:
        message = f"{host} failed on its side (HTTP {status}). Trying later may help; uploading the file does."
        return finding("server_error", "error", "host", message, got=status, fix="reject")
    if status < 400:
        message = f"{host} answered HTTP {status}, which is no file. Give the file's direct address."
        return finding("refused", "error", "url", message, got=status, fix="reject")
    if (expiry := expiry_of(str(url))) is not None and expiry.at < datetime.now(UTC):
        message = (
            f"The signed address has expired ({expiry.at:%Y-%m-%d %H:%M} UTC), so {host} refuses it. Give a fresh one."
        )
        return finding("expired", "error", "url.expires", message, got=_utc(expiry.at), fix="reject")
    message = f"{host} refuses to give the file (HTTP {status}). Make it public, or upload it here."
    return finding("refused", "error", "url", message, got=status, fix="reject")


def _web_page(file: RemoteFile, url: URL) -> Finding:
    if _LOGIN_PATH.search(file.url.path) or _PASSWORD_FIELD.search(file.head):
        message = "The address shows a login page, not a file. Make the file public, or upload it here."
        return finding("login_page", "error", "url", message, got=str(file.url.with_query(None)), fix="reject")
    hint = _SHARE_LINKS.get((url.host or "").lower(), "Give the file's direct address, or upload it here.")
    message = f"The address shows a web page, not a file. {hint}"
    return finding("html", "error", "url", message, got=file.content_type or "text/html", fix="reject")


def _agent_refused(file: RemoteFile, url: URL) -> Finding:
    got = f"HTTP {file.status}" if file.status >= 400 else "a web page"
    message = (
        f"{url.host} answers a browser but gives {got} to Meta's crawler when we use its name (bot protection). Meta's "
        "servers may be let in all the same; if the post fails, let facebookexternalhit in or upload the file."
    )
    return finding("meta_agent_refused", "remark", "host", message, got=file.status, fix="copy", basis="seen")


def _about_robots(url: URL, found: Robots) -> list[Finding]:
    host, status = url.host, found.status
    match found.verdict(str(url)):
        case "closed":
            message = f"The robots.txt of {host} closes this address to Meta's crawler, which obeys it."
            got: Any = "facebookexternalhit"
        case "failed":
            how = f"answers HTTP {status}" if status else "does not answer"
            message = f"The robots.txt of {host} {how}. A crawler fetches nothing from a site whose rules fail."
            got = status or None
        case "page":
            message = f"The robots.txt of {host} is a web page, as of a login: nobody knows what Meta makes of it."
            got = "a web page"
        case _:
            if found.standing != "refused":
                return []
            message = f"The robots.txt of {host} answers HTTP {status}. For a crawler that is a site without rules."
            return [finding("robots", "remark", "url", message, got=status, basis="documented")]
    return [finding("robots", "repair", "url", f"{message} The file is copied.", got=got, fix="copy", basis="seen")]


async def _about_families(session: aiohttp.ClientSession, url: URL) -> list[Finding]:
    """Of a host with addresses of both kinds, those that lead nowhere: Meta may take either."""
    connector = session.connector
    if not isinstance(connector, GuardedConnector) or not url.host or not url.port:
        return []
    dead = await connector.dead_family(url.host, url.port)
    if dead is None:
        return []
    message = (
        f"{url.host} has an {dead} address where nothing answers, though the other one works: Meta's crawler may take "
        "either. The file is copied."
    )
    return [finding("address_family", "repair", "host", message, got=dead, fix="copy", basis="seen")]


_UNOPENED = {
    "address_private": "{host} leads into a private network or to this machine, where Meta cannot go. Upload the file.",
    "url_invalid": "The address cannot be used as it is written ({detail}). Give it whole, from https:// on.",
    "url_scheme": "The address is not one of the web ({detail}). Give an https:// address, or upload the file.",
    "name_not_found": "The name {host} is not known on the internet. Check the address for a typing mistake.",
    "tls": "The certificate of {host} is not valid ({detail}): the file cannot be fetched safely.",
    "timeout": "{host} did not answer in time. Trying later may help; uploading the file does.",
    "unreachable": "{detail}. Trying later may help; uploading the file does.",
    "too_many_redirects": "The address redirects again and again. Give the file's direct address.",
}  # fmt: skip


def _unopened(why: NotOpened, url: URL) -> Finding:
    message = _UNOPENED[why.reason].format(host=url.host, detail=why.detail)
    got = why.address or why.detail[:200]
    return finding(why.reason, "error", "url", message, got=got, fix="reject")


def _utc(moment: datetime) -> str:
    """As times are written in every answer."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
