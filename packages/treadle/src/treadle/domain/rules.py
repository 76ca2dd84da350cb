"""Every rule a post must keep before Threads is asked, all findings at once. Pure: no clock, no network, no store.

The rules are those Meta documents for ``POST /{user}/threads`` and those real answers have shown. What sources disagree
on is a warning; only what no reading allows is an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from treadle.domain.collecting import Findings, at
from treadle.domain.findings import Finding
from treadle.domain.options import TABLE, scopes_of
from treadle.domain.post_shape import MAX_LABELS, MAX_PARTS, PostIn
from treadle.domain.rules_media import check_media
from treadle.domain.rules_options import PartFacts, check_options
from treadle.domain.rules_text import check_links, check_text
from treadle.domain.shapes import problems
from treadle_threads.options import is_set
from treadle_threads.text import is_unseen

MAX_METADATA = 16_384  # characters of its JSON
MAX_DEPTH = 30


def check_post(body: Any) -> list[Finding]:
    """Everything that is wrong, or may be, with a request to publish; empty when it is good.

    Not looked at here: whether account and uploaded media exist (the store knows), ``publish_at`` and ``max_lateness``
    (:mod:`treadle.domain.times`), and the media files themselves (:mod:`treadle.media`).
    """
    found = Findings()
    if not isinstance(body, Mapping):
        return problems(PostIn, body)
    if not check_storable(found, body):
        return found.items
    unstorable = {one.field for one in found.items}
    found.items += [one for one in problems(PostIn, body) if one.field not in unstorable]
    _check_part(found, "", body, is_further=False)
    _check_replies(found, body.get("replies"))
    _check_extras(found, body)
    return found.items


def scopes_needed(body: Mapping[str, Any]) -> set[str]:
    """The permissions Meta asks of the token for this post."""
    scopes = {"threads_basic", "threads_content_publish"}
    for options in _all_options(body):
        scopes |= scopes_of(options)
    return scopes


def scopes_wanted(body: Mapping[str, Any]) -> set[str]:
    """Permissions it goes without, but worse: a reply whose outcome is unknown is looked for in ``/me/replies``."""
    if body.get("replies") or any(is_set(options.get("reply_to_id")) for options in _all_options(body)):
        return {"threads_read_replies"}
    return set()


def _all_options(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    replies = body.get("replies")
    for part in [body, *(replies if isinstance(replies, list) else [])]:
        options = part.get("options") if isinstance(part, Mapping) else None
        if isinstance(options, Mapping):
            yield options


def _check_part(found: Findings, path: str, part: Mapping[str, Any], *, is_further: bool) -> None:
    text = check_text(found, at(path, "text"), part.get("text"))
    media = part.get("media")
    check_media(found, at(path, "media"), media)
    count = len(media) if isinstance(media, list) else 0
    options = part.get("options")
    attached = check_options(found, at(path, "options"), options, PartFacts(text, count, is_further))
    check_links(found, at(path, "text") if text else at(path, "options"), text, attached)
    if count or media not in (None, []) or part.get("text") not in (None, text):
        return
    if text.strip():
        if is_unseen(text):
            found.say(at(path, "text"), "unseen", given=text)
        return
    instead = isinstance(options, Mapping) and any(
        option.instead_of_text and is_set(options.get(name)) for name, option in TABLE.items()
    )
    if instead and not text:
        found.say(at(path, "text"), "no_text")
        return
    quotes = isinstance(options, Mapping) and is_set(options.get("quote_post_id"))
    found.say(at(path, "text"), "empty_quote" if quotes else "empty", given=text or None)


def _check_replies(found: Findings, replies: Any) -> None:
    if not isinstance(replies, list):
        return
    if len(replies) >= MAX_PARTS:
        count = len(replies) + 1
        found.say("replies", "too_many_parts", given=count, limit=MAX_PARTS, count=count)
        return
    for index, part in enumerate(replies):
        if isinstance(part, Mapping):
            _check_part(found, at("replies", index), part, is_further=True)


def _check_extras(found: Findings, body: Mapping[str, Any]) -> None:
    metadata, labels = body.get("metadata"), body.get("labels")
    if isinstance(metadata, Mapping) and (size := _size(metadata)) > MAX_METADATA:
        found.say("metadata", "metadata_too_large", given=size, limit=MAX_METADATA)
    if isinstance(labels, list) and len(labels) > MAX_LABELS:
        found.say("labels", "too_many_labels", given=len(labels), limit=MAX_LABELS)


def _size(value: Any) -> int:
    """About how many characters ``value`` has as JSON. Only called on what :func:`check_storable` let through."""
    if isinstance(value, Mapping):
        return sum(len(str(name)) + 4 + _size(item) for name, item in value.items()) + 2
    if isinstance(value, list):
        return sum(1 + _size(item) for item in value) + 2
    if isinstance(value, int) and not isinstance(value, bool):
        return value.bit_length() // 3 + 1
    return len(value) + 2 if isinstance(value, str) else len(str(value))


def check_storable(found: Findings, body: Mapping[str, Any]) -> bool:
    """Refuse what JSON text, UTF-8 or a database cannot hold: NUL, half characters, endless nesting, NaN."""
    todo: list[tuple[str, Any, int]] = [("", body, 0)]
    while todo:
        path, value, depth = todo.pop()
        if depth > MAX_DEPTH:
            found.say(path, "too_deep", limit=MAX_DEPTH)
            return False
        if isinstance(value, str):
            _check_characters(found, path, value)
        elif isinstance(value, float) and not math.isfinite(value):
            found.say(path, "not_finite", given=str(value))
        elif isinstance(value, Mapping):
            for name, item in value.items():
                _check_characters(found, path, str(name))
                todo.append((at(path, str(name)), item, depth + 1))
        elif isinstance(value, list):
            todo.extend((at(path, index), item, depth + 1) for index, item in enumerate(value))
    return True


def _check_characters(found: Findings, path: str, text: str) -> None:
    if text.isascii() and "\x00" not in text:
        return
    if "\x00" in text:
        found.say(path, "nul_character", given=text)
    if any("\ud800" <= char <= "\udfff" for char in text):
        found.say(path, "half_character", given=text)
