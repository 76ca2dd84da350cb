"""When Meta fetches nobody's files, that is one cause, and no file is to blame. Pure.

Counted in the process, of failures to fetch files that our own check could fetch within the last hour; one fetched file
forgets them all. Opening is written to the database by the caller, so that every worker sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from treadle.domain.part_files import PreparedFile

PATTERN = "media_fetch_outage"
# Answers that say no more than that a file was not fetched.
FAILURES = frozenset(
    {"media_download_failed", "media_type_not_media", "media_download_timeout", "video_download_failed"}
)
WINDOW_S = 600.0
CHECK_HOLDS_S = 3600.0  # for how long our own look at an address speaks for it
HOSTS = 3
ACCOUNTS = 2
WORKSPACES = 2
Reach = Literal["platform", "workspace"]


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A file that Meta did not fetch. ``at``: epoch seconds."""

    at: float
    host: str
    account_id: str
    workspace_id: str
    post_id: str


def sound_hosts(media_urls: Iterable[PreparedFile], now: float) -> frozenset[str]:
    """Hosts of the files of a part that our own check could fetch within the hour without a doubt, if that is so of all
    of them; nothing when one of them is doubtful, was not looked at, or lies here."""
    hosts = set()
    for item in media_urls:
        checked_at = item.get("checked_at")
        if item.get("doubt") or not item.get("host") or checked_at is None or now - float(checked_at) > CHECK_HOLDS_S:
            return frozenset()
        hosts.add(str(item["host"]))
    return frozenset(hosts)


def reach_of(seen: Iterable[Unfetched], workspace_id: str, workspaces: int) -> Reach | None:
    """How far an outage goes that these failures show, the last of them of ``workspace_id``; ``None``: they show none.

    ``workspaces``: how many there are. Two that show it, or the only one, make it the platform's.
    """
    everywhere = list(seen)
    here = [one for one in everywhere if one.workspace_id == workspace_id]
    if _enough(everywhere) and (workspaces == 1 or len({one.workspace_id for one in everywhere}) >= WORKSPACES):
        return "platform"
    return "workspace" if _enough(here) else None


def _enough(seen: list[Unfetched]) -> bool:
    return len({one.host for one in seen}) >= HOSTS and len({one.account_id for one in seen}) >= ACCOUNTS


@dataclass(slots=True)
class FetchOutage:
    """What one worker has seen since a file was last fetched, at most ten minutes back."""

    _seen: list[Unfetched] = field(default_factory=list)

    def failed(self, failures: Iterable[Unfetched], now: float) -> list[Unfetched]:
        """Note failures; all that count now."""
        self._seen = [one for one in self._seen if now - one.at <= WINDOW_S] + list(failures)
        return list(self._seen)

    def fetched(self) -> None:
        """Meta fetched a file: there is no outage."""
        self._seen.clear()
