"""Whether a site's robots.txt lets Meta's crawler in: Meta obeys it when it fetches media."""

from __future__ import annotations

import time

import aiohttp
from protego import Protego
from yarl import URL

CRAWLER = "facebookexternalhit"
"""The name of Meta's fetcher, as sites see it. Its others (meta-externalagent ...) are not known to fetch media."""
KEEP_S = 600.0
MAX_BYTES = 512 * 1024
MAX_SITES = 1024


class RobotsCache:
    """Rules of sites, kept for ten minutes. One per service; safe within one event loop."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Protego | None]] = {}

    async def allows(self, session: aiohttp.ClientSession, url: URL) -> bool:
        """Whether Meta's crawler may fetch ``url``.

        A robots.txt that is missing or cannot be read closes nothing, as crawlers have it.
        """
        rules = await self._rules(session, url)
        return rules is None or bool(rules.can_fetch(str(url), CRAWLER))

    async def _rules(self, session: aiohttp.ClientSession, url: URL) -> Protego | None:
        site = str(url.origin())
        kept = self._known.get(site)
        if kept is not None and time.monotonic() - kept[0] < KEEP_S:
            return kept[1]
        rules = await _fetch_rules(session, url.origin().with_path("/robots.txt"))
        if len(self._known) >= MAX_SITES:
            self._known.clear()
        self._known[site] = (time.monotonic(), rules)
        return rules


async def _fetch_rules(session: aiohttp.ClientSession, address: URL) -> Protego | None:
    try:
        limit = aiohttp.ClientTimeout(total=5)
        async with session.get(address, timeout=limit, max_redirects=3) as answer:
            if answer.status != 200:
                return None
            text = (await answer.content.read(MAX_BYTES)).decode("utf-8", "replace")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None
    if "<html" in text[:1024].lower():
        return None
    return Protego.parse(text)
