"""Fetching media as Meta's crawler does: its user agent, robots.txt first, few redirects, limits of time and size."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp

from treadle_sandbox import samples
from treadle_sandbox.background import BackgroundTasks
from treadle_sandbox.faults import Fault
from treadle_sandbox.media_map import mapped
from treadle_sandbox.options import Options
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session

USER_AGENT = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
CRAWLER = "facebookexternalhit"
_ROBOTS_ANSWER = "Video download failed with: HTTP error code 403. Restricted by robots.txt"
_ROBOTS_LIMIT = 512 * 1024
_CHUNK = 256 * 1024


@dataclass(slots=True)
class Fetched:
    """What came of one fetch. ``blocked``: nothing was learned about the file (robots, network), as opposed to an
    answer of the host that says no. ``truncated``: longer than the limit, the rest was left."""

    ok: bool
    reason: str = ""
    blocked: bool = False
    path: Path | None = None
    size: int = 0
    content_type: str = ""
    truncated: bool = False

    def discard(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None


class Fetcher:
    """One crawler; keeps the files of good containers in ``folder`` until the sandbox stops."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._own_folder: tempfile.TemporaryDirectory[str] | None = None
        self._sessions: dict[Trust, aiohttp.ClientSession] = {}
        self.background = BackgroundTasks()

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._own_folder = tempfile.TemporaryDirectory(prefix="treadle-sandbox-")
            self._folder = Path(self._own_folder.name)
        return self._folder

    def use_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    async def close(self) -> None:
        await self.background.stop()
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        if self._own_folder is not None:
            self._own_folder.cleanup()
            self._own_folder = None
            self._folder = None

    def keep(self, container_id: str, fetched: Fetched) -> str | None:
        """Gives the file its name for good; the name is what ``/_sandbox/media/`` serves."""
        if fetched.path is None:
            return None
        name = container_id + _SUFFIX.get(fetched.content_type, ".bin")
        fetched.path.rename(self.folder / name)
        fetched.path = None
        return name

    async def fetch(self, url: str, limit: int, options: Options, fault: Fault | None = None) -> Fetched:
        """Downloads ``url`` up to ``limit`` bytes, unless ``fault`` wants another outcome; never raises for anything
        the host does."""
        if fault is not None and (answered := await _faulty(fault)) is not None:
            return answered
        name = samples.name_in(url)
        if name is not None:
            return await self._sample(name, limit, options)
        try:
            async with asyncio.timeout(options.fetch_timeout_s):
                return await self._follow(url, limit, options)
        except TimeoutError:
            return Fetched(False, "The download timed out.", blocked=False)
        except aiohttp.ClientError as error:
            return Fetched(False, f"The host could not be reached ({type(error).__name__}).", blocked=True)
        except (OSError, ValueError) as error:
            return Fetched(False, f"The address could not be used ({type(error).__name__}).", blocked=True)

    def _client(self, options: Options) -> aiohttp.ClientSession:
        trust = Trust.of_media(options.allow_private_media)
        if trust not in self._sessions:
            self._sessions[trust] = guarded_session(
                trust,
                headers={"User-Agent": USER_AGENT, "Accept": "*/*"},
                timeout=aiohttp.ClientTimeout(total=None),  # fetch() has its own
            )
        return self._sessions[trust]

    async def _follow(self, url: str, limit: int, options: Options) -> Fetched:
        for _ in range(options.fetch_redirects + 1):
            if not options.allow_private_media and not _is_public(url):
                return Fetched(False, "The address is not public.", blocked=True)
            if options.obey_robots and not await self._allowed(url, options):
                return Fetched(False, _ROBOTS_ANSWER, blocked=True)
            async with self._client(options).get(mapped(url, options.media_map), allow_redirects=False) as response:
                if response.status in (301, 302, 303, 307, 308):
                    url = urljoin(url, response.headers.get("Location", ""))
                    if urlsplit(url).scheme not in ("http", "https"):
                        return Fetched(False, "The address redirects to something that is not the web.")
                    continue
                if response.status not in (200, 206):
                    return Fetched(False, f"HTTP error code {response.status}.")
                return await self._download(response, limit)
        return Fetched(False, "Too many redirects.")

    async def _sample(self, name: str, limit: int, options: Options) -> Fetched:
        """A sample at its known address: no network is asked, and nothing is waited for."""
        sample = samples.SAMPLES.get(name)
        for _ in range(options.fetch_redirects):
            if sample is None or not sample.to:
                break
            name = sample.to.lstrip("/")
            sample = samples.SAMPLES.get(name)
        if sample is None:
            return Fetched(False, "HTTP error code 404.")
        if sample.to:
            return Fetched(False, "Too many redirects.")
        if sample.trouble == "robots" and options.obey_robots:
            return Fetched(False, _ROBOTS_ANSWER, blocked=True)
        if sample.trouble == "timeout":
            return Fetched(False, "The download timed out.")
        if sample.trouble == "reset":
            return Fetched(False, "The host could not be reached (ServerDisconnectedError).", blocked=True)
        if sample.status != 200:
            return Fetched(False, f"HTTP error code {sample.status}.")
        data = samples.content(name)[:limit]
        handle, path = tempfile.mkstemp(dir=self.folder, prefix="fetch-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return Fetched(True, path=Path(path), size=len(data), truncated=len(data) >= limit)

    async def _download(self, response: aiohttp.ClientResponse, limit: int) -> Fetched:
        handle, name = tempfile.mkstemp(dir=self.folder, prefix="fetch-")
        size = 0
        kept = False
        path = Path(name)
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                part = chunk[: limit - size]
                os.write(handle, part)
                size += len(part)
                if size >= limit:
                    break
            kept = True
        finally:
            os.close(handle)
            if not kept:
                with contextlib.suppress(OSError):
                    os.unlink(name)
        return Fetched(True, path=path, size=size, truncated=size >= limit)

    async def _allowed(self, url: str, options: Options) -> bool:
        """Whether the host's robots.txt lets the crawler in. No such file, or no answer to it: yes."""
        parts = urlsplit(url)
        robots = f"{parts.scheme}://{parts.netloc}/robots.txt"
        async with self._client(options).get(mapped(robots, options.media_map)) as response:
            if response.status != 200:
                return True
            text = (await response.content.read(_ROBOTS_LIMIT)).decode("utf-8", "replace")
        from protego import Protego

        return bool(Protego.parse(text).can_fetch(url, CRAWLER))


async def _faulty(fault: Fault) -> Fetched | None:
    """A fetch as a fault wants it; ``None`` lets the real one happen (after a delay, perhaps)."""
    answer = fault.answer
    if answer.get("delay_s"):
        await asyncio.sleep(answer["delay_s"])
    if answer.get("drop") or answer.get("truncate"):
        return Fetched(False, "The connection was closed.", blocked=True)
    if "status" in answer and not 200 <= answer["status"] < 300:
        return Fetched(False, f"HTTP error code {answer['status']}.")
    if "name" in answer:
        return Fetched(False, "The media could not be fetched.", blocked=answer["name"] != "media_fetch_failed")
    return None


def _is_public(url: str) -> bool:
    """Only what can be told from the address itself: names are left to the network this runs in."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


_SUFFIX = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
}
