"""Whether a site's robots.txt lets Meta's crawler in: Meta obeys it when it fetches media."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

import aiohttp
from protego import Protego
from yarl import URL

from treadle_threads.media.containers import looks_like_html

CRAWLER = "facebookexternalhit"
"""The name of Meta's fetcher, as sites see it. Its others (meta-externalagent ...) are not known to fetch media."""
KEEP_S = 600.0
KEEP_FAILURE_S = 60.0
MAX_BYTES = 512 * 1024
MAX_SITES = 1024
MAX_REDIRECTS = 5
"""As many as RFC 9309 asks a crawler to follow."""

Standing: TypeAlias = Literal["rules", "missing", "refused", "failed", "page"]
Verdict: TypeAlias = Literal["open", "closed", "failed", "page"]


@dataclass(frozen=True, slots=True)
class Robots:
    """What a site answered for its robots.txt. ``status``: of the answer, 0 when there was none.

    ``standing``: ``rules`` (it has some), ``missing`` (404 or 410), ``refused`` (any other 4xx), ``failed`` (5xx, or
    no answer), ``page`` (a web page, as of a login, where rules should be).
    """

    standing: Standing
    status: int = 0
    rules: Protego | None = None

    def verdict(self, address: str) -> Verdict:
        """Whether Meta's crawler may fetch ``address``, after RFC 9309.

        Without a file (any 4xx) everything is open, and while the site fails (5xx, no answer) nothing is. A page tells
        nothing: nobody knows what Meta makes of it.
        """
        if self.standing in ("missing", "refused"):
            return "open"
        if self.standing == "failed" or self.standing == "page":
            return self.standing
        return "open" if self.rules is None or self.rules.can_fetch(address, CRAWLER) else "closed"


def judged(status: int, body: bytes) -> Robots:
    """What a site's last answer, after redirects, says. Pure."""
    if 200 <= status < 300:
        if looks_like_html(body):
            return Robots("page", status)
        return Robots("rules", status, Protego.parse(body.decode("utf-8-sig", "replace")))
    if status in (404, 410):
        return Robots("missing", status)
    return Robots("refused" if 300 <= status < 500 else "failed", status)


class RobotsCache:
    """Rules of sites, kept for ten minutes, failures for one. One per service; safe within one event loop."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Robots]] = {}

    async def of(self, session: aiohttp.ClientSession, url: URL) -> Robots:
        """What the site of ``url`` answers for its robots.txt. Never raises for what the site does."""
        site = str(url.origin())
        kept = self._known.get(site)
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        found = await _fetch(session, url.origin().with_path("/robots.txt"))
        if len(self._known) >= MAX_SITES:
            self._known.clear()
        life = KEEP_FAILURE_S if found.standing in ("failed", "page") else KEEP_S
        self._known[site] = (time.monotonic() + life, found)
        return found


async def _fetch(session: aiohttp.ClientSession, address: URL) -> Robots:
    try:
        limit = aiohttp.ClientTimeout(total=5)
        async with session.get(address, timeout=limit, max_redirects=MAX_REDIRECTS + 1) as answer:
            return judged(answer.status, await answer.content.read(MAX_BYTES))
    except aiohttp.TooManyRedirects:
        return Robots("refused", 302)  # RFC 9309: may be taken for a site without rules
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return Robots("failed")
