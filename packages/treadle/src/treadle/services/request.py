"""A request to publish, part by part: what each part is, when it is meant, and whether what it names is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from treadle.domain.findings import Finding
from treadle.domain.rules import check_post
from treadle.domain.times import When, parse_duration, parse_when
from treadle.store.tables import accounts, media
from treadle_threads.params import MediaType

VIDEO_SUFFIXES = frozenset({"mp4", "mov", "m4v", "webm", "mkv", "avi", "mpg", "mpeg", "ts", "3gp"})
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")  # what else is sent as an id need not be looked for, and may be unstorable


@dataclass(frozen=True, slots=True)
class Request:
    """A request as read. It can become a post when ``errors`` is empty; then ``account`` is there, a row of accounts.

    ``parts`` are the post and its replies; ``when`` is ``None`` for at once; ``lateness`` is seconds.
    """

    errors: list[Finding]
    account: Mapping[str, Any] | None
    parts: list[dict[str, Any]]
    when: When | None
    lateness: float

    @property
    def kinds(self) -> list[MediaType]:
        """The containers' kinds, of a request without errors."""
        return [guess_kind(part) for part in self.parts]

    @property
    def at(self) -> float | None:
        """The time asked for, epoch seconds."""
        return self.when.at if self.when else None


def read_request(
    conn: sa.Connection,
    workspace_id: str,
    body: Mapping[str, Any],
    *,
    now: float,
    lateness: float,
    kept: When | None = None,
) -> Request:
    """Check a request against Threads' rules and against what this workspace has.

    ``lateness`` (seconds) holds when the request names none; ``kept`` stands for its time and zone when it has none of
    its own to be read.
    """
    errors = [finding for finding in check_post(body) if finding.severity == "error"]
    when = kept or _when(body, now)
    if isinstance(when, Finding):
        errors.append(when)
        when = None
    if body.get("max_lateness") is not None:
        asked = parse_duration(body["max_lateness"])
        if isinstance(asked, Finding):
            errors.append(asked)
        else:
            lateness = asked
    account = known_account(conn, workspace_id, body, errors)
    errors += unknown_media(conn, workspace_id, body, errors)
    return Request(errors, account, part_list(body), when, lateness)


def _when(body: Mapping[str, Any], now: float) -> When | Finding | None:
    if body.get("publish_at") in (None, ""):
        return None
    return parse_when(str(body["publish_at"]), str(body["zone"]) if body.get("zone") else None, now=now)


def part_list(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a request: the post itself, then its replies. What is no part counts as an empty one."""
    return [{k: part[k] for k in ("text", "media", "options") if part.get(k)} for part in _raw_parts(body)]


def _raw_parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    replies = body.get("replies")
    for part in [body, *(replies if isinstance(replies, list) else [])]:
        yield part if isinstance(part, Mapping) else {}


def guess_kind(part: Mapping[str, Any]) -> MediaType:
    """The container's kind, as far as the request tells; the media stage corrects it by what the file really is."""
    items = part.get("media") or []
    if not items:
        return "TEXT"
    if len(items) > 1:
        return "CAROUSEL"
    return "VIDEO" if looks_like_video(items[0]) else "IMAGE"


def looks_like_video(item: Mapping[str, Any]) -> bool:
    """By its ``type`` if it says one, else by the ending of its address."""
    if item.get("type"):
        return str(item["type"]).lower() == "video"
    path = urlsplit(str(item.get("url") or "")).path
    return path.rsplit(".", 1)[-1].lower() in VIDEO_SUFFIXES


def known_account(
    conn: sa.Connection, workspace_id: str, body: Mapping[str, Any], findings: list[Finding]
) -> dict[str, Any] | None:
    """The account the request names; adds a finding when there is none, unless its id is wrong in itself."""
    account_id = body.get("account_id")
    if not isinstance(account_id, str) or not account_id or any(f.field == "account_id" for f in findings):
        return None
    if _ID.fullmatch(account_id):
        where = (accounts.c.id == account_id, accounts.c.workspace_id == workspace_id)
        row = conn.execute(sa.select(accounts).where(*where)).mappings().first()
        if row is not None:
            return dict(row)
    findings.append(
        Finding(
            "account_id",
            "known_account",
            "There is no such account in this workspace.",
            "List the accounts (GET /v1/accounts) and use one of their ids, or connect one.",
            given=account_id,
        )
    )
    return None


def unknown_media(
    conn: sa.Connection, workspace_id: str, body: Mapping[str, Any], findings: list[Finding]
) -> list[Finding]:
    """A finding for every uploaded file that this workspace does not have, unless its id is wrong in itself."""
    wrong = {finding.field for finding in findings}
    wanted = {path: media_id for path, media_id in _media_ids(body) if path not in wrong}
    ids = sorted({media_id for media_id in wanted.values() if _ID.fullmatch(media_id)})
    known: set[str] = set()
    for start in range(0, len(ids), 500):
        where = (media.c.workspace_id == workspace_id, media.c.id.in_(ids[start : start + 500]))
        known |= set(conn.execute(sa.select(media.c.id).where(*where)).scalars())
    return [
        Finding(
            path,
            "known_media",
            "There is no such uploaded file in this workspace.",
            "Upload it first (POST /v1/media).",
            given=media_id,
        )
        for path, media_id in wanted.items()
        if media_id not in known
    ]


def _media_ids(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path in the request, id) of every uploaded file it names."""
    for index, part in enumerate(_raw_parts(body)):
        items = part.get("media")
        for place, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, Mapping) and item.get("id") and isinstance(item["id"], str):
                yield f"{f'replies[{index - 1}].' if index else ''}media[{place}].id", item["id"]
