"""A request to publish, part by part: what each part is, when it is meant, and whether what it names is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from treadle.domain.findings import Finding, finding
from treadle.domain.likeness import in_words, most_alike
from treadle.domain.rules import check_post
from treadle.domain.times import When, about_past, parse_duration, parse_when
from treadle.services.slots import free_slot
from treadle.services.workspace_options import HOLD_ON_WARNING
from treadle.store import Connection
from treadle.store.posts import account_of_workspace, known_media, near_in_time
from treadle.store.workspaces import options_of
from treadle_threads.params import MediaType

VIDEO_SUFFIXES = frozenset({"mp4", "mov", "m4v", "webm", "mkv", "avi", "mpg", "mpeg", "ts", "3gp"})
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")  # what else is sent as an id need not be looked for, and may be unstorable


@dataclass(frozen=True, slots=True)
class Request:
    """A request as read. It can become a post when there are no ``errors``; then ``account`` is there, a row of
    accounts.

    ``parts`` are the post and its replies; ``when`` is ``None`` for at once; ``lateness`` is seconds. ``holds``: the
    chain is not published before somebody approves it, because a part of it has a warning.
    """

    findings: tuple[Finding, ...]
    account: Mapping[str, Any] | None
    parts: list[dict[str, Any]]
    when: When | None
    lateness: float
    holds: bool = False

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity != "error")

    @property
    def kinds(self) -> list[MediaType]:
        """The containers' kinds, of a request without errors."""
        return [guess_kind(part) for part in self.parts]

    @property
    def at(self) -> float | None:
        """The time asked for, epoch seconds."""
        return self.when.at if self.when else None


def read_request(
    conn: Connection,
    workspace_id: str,
    body: Any,
    *,
    now: float,
    lateness: float,
    kept: When | None = None,
    post_id: str | None = None,
) -> Request:
    """Everything that is wrong with a request to publish, or may be, and what it means, without asking Threads.

    The one reading of a request: for storing, changing, previewing and checking. ``lateness`` (seconds) holds when the
    request names none; ``kept`` replaces its time and zone when it has none of its own to be read. ``post_id``: the
    post that it changes, which is not compared with itself.
    """
    found = check_post(body)
    if not isinstance(body, Mapping):
        return Request(tuple(found), None, [], kept, lateness)
    if body.get("max_lateness") is not None:
        asked_for = parse_duration(body["max_lateness"])
        if isinstance(asked_for, Finding):
            found.append(asked_for)
        else:
            lateness = asked_for
    when = kept or _read_time(body, now, found)
    if kept is None and body.get("queue") is True:
        when = _queue_time(conn, workspace_id, body, now, post_id, found)
    if when is not None and kept is None and (past := about_past(when, lateness, now)):
        found.append(past)
    account = _known_account(conn, workspace_id, body, found)
    found += _unknown_media(conn, workspace_id, body, found)
    parts = part_list(body)
    if account is not None and not any(one.severity == "error" for one in found):
        found += _similar_posts(conn, workspace_id, account["id"], parts[0], when, now, post_id)
    warned = len(parts) > 1 and any(one.severity != "error" for one in found)
    holds = warned and _holds_on_warning(conn, workspace_id, body)
    return Request(tuple(found), account, parts, when, lateness, holds)


def _holds_on_warning(conn: Connection, workspace_id: str, body: Mapping[str, Any]) -> bool:
    asked = body.get(HOLD_ON_WARNING)
    return bool(options_of(conn, workspace_id).get(HOLD_ON_WARNING) if asked is None else asked)


def _similar_posts(
    conn: Connection,
    workspace_id: str,
    account_id: str,
    part: Mapping[str, Any],
    when: When | None,
    now: float,
    post_id: str | None,
) -> list[Finding]:
    """A remark when another post of the account says the same within a day. It is never refused: it may be meant."""
    text, at = str(part.get("text") or ""), now if when is None else when.at
    found = None
    if text.strip():
        found = most_alike(text, at, now, near_in_time(conn, workspace_id, account_id, at, but=post_id))
    if found is None:
        return []
    post, how = found
    code = "same_text" if how == "same" else "nearly_same_text"
    return [finding("text", code, given=post.id, post_id=post.id, state=in_words(post))]


def _read_time(body: Mapping[str, Any], now: float, found: list[Finding]) -> When | None:
    """The time asked for, with its zone in its text when it names one; what is wrong with it goes to ``found``."""
    at, zone = body.get("publish_at"), body.get("zone")
    if not isinstance(at, str) or not (zone is None or isinstance(zone, str)):
        return None
    if not at:
        found.append(finding("publish_at", "empty_time", given=at))
        return None
    when = parse_when(at, zone or None, now=now)
    if isinstance(when, Finding):
        found.append(when)
        return None
    found += when.warnings
    return replace(when, text=f"{at}[{zone}]") if zone else when


def _queue_time(
    conn: Connection,
    workspace_id: str,
    body: Mapping[str, Any],
    now: float,
    post_id: str | None,
    found: list[Finding],
) -> When | None:
    """The next free slot of the account that the request names; what keeps it from one goes to ``found``."""
    if body.get("publish_at") is not None:
        found.append(finding("publish_at", "queue_and_time"))
        return None
    account_id = body.get("account_id")
    if not isinstance(account_id, str) or not _ID.fullmatch(account_id):
        return None
    when = free_slot(conn, workspace_id, account_id, now=now, but=post_id or "")
    if when is None:
        found.append(finding("queue", "no_free_slot", given=True))
    return when


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


def _known_account(
    conn: Connection, workspace_id: str, body: Mapping[str, Any], findings: list[Finding]
) -> dict[str, Any] | None:
    """The account the request names; adds a finding when there is none, unless its id is wrong in itself."""
    account_id = body.get("account_id")
    if not isinstance(account_id, str) or not account_id or any(f.field == "account_id" for f in findings):
        return None
    if _ID.fullmatch(account_id):
        row = account_of_workspace(conn, workspace_id, account_id)
        if row is not None:
            return row
    findings.append(finding("account_id", "known_account", given=account_id))
    return None


def _unknown_media(
    conn: Connection, workspace_id: str, body: Mapping[str, Any], findings: list[Finding]
) -> list[Finding]:
    """A finding for every uploaded file that this workspace does not have, unless its id is wrong in itself."""
    wrong = {one.field for one in findings}
    wanted = {path: media_id for path, media_id in _media_ids(body) if path not in wrong}
    ids = sorted({media_id for media_id in wanted.values() if _ID.fullmatch(media_id)})
    known = known_media(conn, workspace_id, ids)
    return [finding(path, "known_media", given=media_id) for path, media_id in wanted.items() if media_id not in known]


def _media_ids(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path in the request, id) of every uploaded file it names."""
    for index, part in enumerate(_raw_parts(body)):
        items = part.get("media")
        for place, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, Mapping) and item.get("id") and isinstance(item["id"], str):
                yield f"{f'replies[{index - 1}].' if index else ''}media[{place}].id", item["id"]
