"""Keeping uploads and repaired files, on disk or in an S3 bucket, under addresses nobody can guess.

On disk each file lies in a directory of its own beside a small JSON note. Its address carries a keyed hash of its id,
so knowing an id (it stands in timelines) does not give the file away.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from treadle import private
from treadle.disk import is_full
from treadle.domain.fetched import Fetch
from treadle.media import fetch_log, readers
from treadle.media.outcomes import no_room, of_this_machine
from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding
from treadle_threads.media.guard import Trust, read_address
from treadle_threads.media.patterns import finding
from treadle_threads.media.probe import probe_file
from treadle_threads.media.rules import validate
from treadle_threads.media.spec import THREADS
from treadle_threads.media.words import megabytes

MAX_BYTES = THREADS.video.size_max.value
FREE_DISK = 256 * 1024 * 1024
"""Bytes left free on the disk: the database lies there, too."""
WRITE_AT_ONCE = 1024 * 1024
SIGNED_FOR = timedelta(days=7)
"""How long a signed bucket address works; Amazon allows no more."""
STALE_WORK_S = 86_400.0
KEY_BYTES = 32
_WAY_OUT = (
    "Restore it from your backup; if it is lost for good, run 'treadle keys start-over': the files get new addresses."
)

_IN_BUCKET = "bucket:"
_ID = re.compile(r"med_[a-z2-7]{26}")
_TYPES = {
    "jpeg": ("image/jpeg", "jpg"), "png": ("image/png", "png"), "webp": ("image/webp", "webp"),
    "gif": ("image/gif", "gif"), "heic": ("image/heic", "heic"), "heif": ("image/heif", "heif"),
    "avif": ("image/avif", "avif"), "tiff": ("image/tiff", "tif"), "bmp": ("image/bmp", "bmp"),
    "mp4": ("video/mp4", "mp4"), "mov": ("video/quicktime", "mov"), "matroska": ("video/x-matroska", "mkv"),
    "webm": ("video/webm", "webm"), "avi": ("video/x-msvideo", "avi"), "mpegts": ("video/mp2t", "ts"),
    "mpegps": ("video/mpeg", "mpg"), "flv": ("video/x-flv", "flv"), "asf": ("video/x-ms-wmv", "wmv"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A kept file. ``path``: the local path, or the key in the bucket. ``url``: what Meta is given."""

    id: str
    path: str
    url: str
    content_type: str
    size: int
    sha256: str
    filename: str = ""
    ending: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StoredMedia:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


@dataclass(frozen=True, slots=True)
class NotStored:
    """Why a file is not kept: too large, no picture or video, or the disk is full."""

    findings: list[Finding]


def media_type(probe: MediaProbe) -> tuple[str, str] | None:
    """Content type and ending of a picture or video, told by its bytes; ``None`` for everything else."""
    if probe.kind in ("unknown", "audio"):
        return None
    return _TYPES.get(probe.container)


class DiskStore:
    """Files under ``root``, served at ``public_url``/media/."""

    def __init__(self, root: Path, public_url: str) -> None:
        self._root = root
        self._public_url = public_url
        self._secret: bytes | None = None

    def _key(self) -> bytes:
        if self._secret is None:
            path = self.key_file
            if not path.exists():
                self._refuse_new_addresses()
                self.start_over()
            private.clear_leftovers(path)
            private.tighten(path)
            key = path.read_bytes()
            if len(key) != KEY_BYTES:
                raise private.KeyFileError(
                    f"The key file {path} is damaged: it has {len(key)} bytes instead of {KEY_BYTES}. {_WAY_OUT}"
                )
            self._secret = key
        return self._secret

    @property
    def key_file(self) -> Path:
        """Where the key lies that makes addresses unguessable."""
        return self._root / "address.key"

    def check(self) -> None:
        """Raise :class:`~treadle.private.KeyFileError` when addresses that were handed out cannot be made again."""
        if self.key_file.exists():
            self._key()
        else:
            self._refuse_new_addresses()

    def start_over(self) -> None:
        """Make a new key where the old one is lost: every file gets another address."""
        private.make_directory(self._root)
        private.create_secret(self.key_file, secrets.token_bytes(KEY_BYTES))

    def _refuse_new_addresses(self) -> None:
        files = self._root / "files"
        kept = files.is_dir() and any(_ID.fullmatch(place.name) for place in files.iterdir())
        if kept and not self.key_file.exists():  # looked at again: another process may have begun to keep files
            raise private.KeyFileError(
                f"The key file {self.key_file} is missing, and the addresses of the files beside it were made with it. "
                f"{_WAY_OUT}"
            )

    def _token(self, media_id: str) -> str:
        digest = hmac.new(self._key(), media_id.encode(), hashlib.sha256).digest()[:20]
        return base64.b32encode(digest).decode().lower()

    def put(self, source: Path, stored: StoredMedia) -> StoredMedia:
        """Take the file over (it is moved)."""
        place = self._root / "files" / stored.id
        stored = replace(stored, url=self.url(stored))  # first of all: it may refuse
        target = place / f"file.{stored.ending}"
        try:
            private.make_directory(place)
            shutil.move(source, target)
            private.tighten(target)
            stored = replace(stored, path=str(target))
            note = {**stored.to_json(), "created_at": time.time()}
            private.replace_secret(place / "note.json", json.dumps(note).encode())
        except OSError:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return stored

    def url(self, stored: StoredMedia) -> str:
        return f"{self._public_url}/media/{stored.id}/{self._token(stored.id)}.{stored.ending}"

    def find(self, media_id: str) -> StoredMedia | None:
        if not _ID.fullmatch(media_id):
            return None
        try:
            note = json.loads((self._root / "files" / media_id / "note.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        stored = StoredMedia.from_json(note)
        return replace(
            stored, path=str(self._root / "files" / media_id / f"file.{stored.ending}"), url=self.url(stored)
        )

    def source(self, stored: StoredMedia) -> str:
        """What stands for the file wherever a source is asked for."""
        return stored.id

    def at_source(self, source: str) -> StoredMedia | None:
        """The file that :meth:`source` stood for, if it is one of ours."""
        return self.find(source)

    def serve(self, media_id: str, name: str) -> StoredMedia | None:
        """The file for an address's two parts, if they belong together."""
        stored = self.find(media_id)
        if stored is None or not hmac.compare_digest(
            name.encode(), f"{self._token(media_id)}.{stored.ending}".encode()
        ):
            return None
        return stored if Path(stored.path).is_file() else None

    def fetches(self, media_id: str) -> list[Fetch] | None:
        """Who asked for the file, and how much was sent; ``None`` when others serve it."""
        return fetch_log.read(self._root / "files" / media_id) if _ID.fullmatch(media_id) else None

    async def local(self, stored: StoredMedia, work: Path) -> Path | None:
        """Where the file lies; ``None`` when it is gone."""
        path = Path(stored.path)
        return path if await asyncio.to_thread(path.is_file) else None

    def remove(self, media_id: str) -> bool:
        if not _ID.fullmatch(media_id):
            return False
        place = self._root / "files" / media_id
        existed = place.exists()
        shutil.rmtree(place, ignore_errors=True)
        return existed

    def older_than(self, seconds: float) -> list[str]:
        """Ids of files kept for longer than that."""
        limit = time.time() - seconds
        files = self._root / "files"
        if not files.is_dir():
            return []
        return [place.name for place in files.iterdir() if _ID.fullmatch(place.name) and place.stat().st_mtime < limit]


class BucketStore:
    """Files in an S3-compatible bucket (or whatever else obstore reaches by an address).

    ``TREADLE_MEDIA_STORE_URL`` is ``s3://bucket/prefix`` with options as a query: ``endpoint``, ``region``,
    ``access_key_id``, ``secret_access_key``, ``allow_http=true`` for a local MinIO, and ``public`` for the address
    files are seen at; without ``public`` Meta is given signed addresses. Credentials may come from the environment.

    obstore opens its own connections, which the guard's sockets cannot hold. So its address comes from the operator's
    settings alone, and the endpoint in it is read by the guard before obstore sees it.
    """

    def __init__(self, address: str) -> None:
        from obstore.store import from_url

        parts = urlsplit(address)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._public = options.pop("public", "").rstrip("/")
        self._has_attributes = parts.scheme != "file"
        if endpoint := options.get("endpoint"):
            read = read_address(endpoint, Trust.OPERATOR)
            if isinstance(read, str):
                raise ValueError(f"The endpoint in TREADLE_MEDIA_STORE_URL cannot be used. {read}")
            options["endpoint"] = str(read).rstrip("/")
        client: dict[str, Any] = {}
        if options.pop("allow_http", "") == "true":
            client["allow_http"] = True
        where = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._store: Any = from_url(where, config=options, client_options=client)  # type: ignore[call-overload]

    def put(self, source: Path, stored: StoredMedia) -> StoredMedia:
        import obstore

        key = f"{stored.id}/{secrets.token_hex(16)}.{stored.ending}"
        attributes: dict[str, str] | None = None
        if self._has_attributes:
            attributes = {"Content-Type": stored.content_type, "Cache-Control": "public, max-age=86400, immutable"}
        with source.open("rb") as file:
            obstore.put(self._store, key, file, attributes=attributes)
        source.unlink()
        stored = replace(stored, path=key)
        return replace(stored, url=self.url(stored))

    def url(self, stored: StoredMedia) -> str:
        import obstore

        if self._public:
            return f"{self._public}/{stored.path}"
        return str(obstore.sign(self._store, "GET", stored.path, SIGNED_FOR))

    def find(self, media_id: str) -> StoredMedia | None:
        return None  # the note of a bucket's file is the caller's record

    def source(self, stored: StoredMedia) -> str:
        return f"{_IN_BUCKET}{stored.id}/{stored.path.rpartition('/')[2]}"

    def at_source(self, source: str) -> StoredMedia | None:
        if not source.startswith(_IN_BUCKET):
            return None
        key = source.removeprefix(_IN_BUCKET)
        return StoredMedia(key.partition("/")[0], key, "", "", 0, "", ending=key.rpartition(".")[2])

    def serve(self, media_id: str, name: str) -> StoredMedia | None:
        return None

    def fetches(self, media_id: str) -> list[Fetch] | None:
        return None

    async def local(self, stored: StoredMedia, work: Path) -> Path | None:
        """Bring the file here for a repair."""
        import obstore

        target = work / f"source.{stored.ending}"
        try:
            answer = await obstore.get_async(self._store, stored.path)
            with private.create(target) as out:
                async for piece in answer.stream(min_chunk_size=WRITE_AT_ONCE):
                    await asyncio.to_thread(out.write, piece)
        except FileNotFoundError:
            return None
        return target

    def remove(self, media_id: str) -> bool:
        import obstore

        keys = [str(item["path"]) for batch in obstore.list(self._store, f"{media_id}/") for item in batch]
        if keys:
            obstore.delete(self._store, keys)
        return bool(keys)

    def older_than(self, seconds: float) -> list[str]:
        import obstore

        limit = time.time() - seconds
        found = set()
        for batch in obstore.list(self._store):
            for item in batch:
                if item["last_modified"].timestamp() < limit:
                    found.add(str(item["path"]).split("/", 1)[0])
        return [name for name in sorted(found) if _ID.fullmatch(name)]


Store = DiskStore | BucketStore


async def receive(stream: AsyncIterable[bytes], target: Path, limit: int) -> tuple[int, str] | Finding:
    """Write a stream to ``target`` without holding it: size and SHA-256, or what stopped it (no file is left then)."""
    digest = hashlib.sha256()
    size = 0
    held: list[bytes] = []
    waiting = 0

    def write(parts: list[bytes]) -> None:
        for part in parts:
            digest.update(part)
            out.write(part)

    problem: Finding | None = None
    try:
        with private.create(target) as out:
            async for piece in stream:
                size += len(piece)
                waiting += len(piece)
                held.append(bytes(piece))
                if size > limit:
                    problem = _too_large(size, limit)
                    break
                if waiting >= WRITE_AT_ONCE:
                    if problem := lack_of_room(target.parent, waiting):
                        break
                    await asyncio.to_thread(write, held)
                    held, waiting = [], 0
            problem = problem or lack_of_room(target.parent, waiting)
            if problem is None:
                await asyncio.to_thread(write, held)
    except OSError as error:
        if not is_full(error):
            raise
        problem = of_this_machine(error, target.parent)
    if problem is not None:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        return problem
    return size, digest.hexdigest()


def _too_large(size: int, limit: int) -> Finding:
    return finding("too_large_to_fetch", got=size, limit=limit, most=megabytes(limit))


def lack_of_room(folder: Path, size: int) -> Finding | None:
    """Why ``size`` more bytes are not written to ``folder``: the database would be left without room."""
    if shutil.disk_usage(folder).free >= FREE_DISK + size:
        return None
    return no_room(folder)


def measure(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file that lies here already."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


async def keep(store: Store, source: Path, size: int, sha256: str, filename: str) -> StoredMedia | NotStored:
    """Put a received file into the store, if its bytes are a picture or a video. ``source`` is used up either way."""
    probe = await asyncio.to_thread(probe_file, source)
    kind = media_type(probe)
    wrong = [item for item in validate(probe, readable=readers.here()) if item.severity == "error"]
    unread = any(item.code in ("no_heif", "image_unreadable") for item in wrong)
    if kind is None or unread or probe.problem in ("empty", "not_media"):
        await asyncio.to_thread(source.unlink, missing_ok=True)
        return NotStored(wrong or [_no_media(probe)])
    stored = StoredMedia(new_media_id(), "", "", kind[0], size, sha256, clean_name(filename), kind[1])
    return await asyncio.to_thread(store.put, source, stored)


def _no_media(probe: MediaProbe) -> Finding:
    return finding("not_media_kept", got=probe.container or None)


def new_media_id() -> str:
    return "med_" + base64.b32encode(secrets.token_bytes(16)).decode().lower().rstrip("=")


def clean_name(name: str) -> str:
    """A file's name as a person gave it, fit to be shown: no path, no control characters, at most 120 letters."""
    plain = re.split(r"[\\/]", name)[-1]
    return "".join(letter for letter in plain if letter.isprintable())[:120]


def clean_up(store: Store, work: Path, *, older_than_s: float, keep_ids: Collection[str] = ()) -> int:
    """Remove files kept for longer than ``older_than_s`` whose id is not in ``keep_ids``, and leftovers of dead jobs.

    Returns how many files went. Safe to run at any time, beside uploads and repairs.
    """
    gone = sum(store.remove(name) for name in store.older_than(older_than_s) if name not in keep_ids)
    if work.is_dir():
        for left in work.iterdir():
            if time.time() - left.stat().st_mtime > STALE_WORK_S:
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    return gone
