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
from treadle.domain.options import EXTRA, TABLE, scopes_of
from treadle.domain.rules_media import check_media
from treadle.domain.rules_options import SET_BY_TREADLE, PartFacts, check_options
from treadle.domain.rules_text import check_links, check_text
from treadle_threads.options import is_set

PART_KEYS = frozenset({"text", "media", "options"})
POST_KEYS = PART_KEYS | {
    "account_id",
    "replies",
    "publish_at",
    "zone",
    "max_lateness",
    "metadata",
    "labels",
    "draft",
    "approval",
}
MAX_PARTS = 100
MAX_LABELS, MAX_LABEL = 50, 100
MAX_METADATA = 16_384  # characters of its JSON
MAX_DEPTH = 30


def check_post(body: Any) -> list[Finding]:
    """Everything that is wrong, or may be, with a request to publish; empty when it is good.

    Not looked at here: whether account and uploaded media exist (the store knows), ``publish_at`` and ``max_lateness``
    (:mod:`treadle.domain.times`), and the media files themselves (:mod:`treadle.media`).
    """
    found = Findings()
    if not isinstance(body, Mapping):
        found.wrong_type("", body, "an object")
        return found.items
    if not check_storable(found, body):
        return found.items
    _check_names(found, "", body, POST_KEYS)
    account_id = body.get("account_id")
    if not isinstance(account_id, str) or not account_id:
        found.add(
            "account_id",
            "required",
            "It is not said which account publishes this.",
            "Send the account's id (acc_…); GET /v1/accounts lists them.",
            given=account_id,
        )
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


def _check_names(found: Findings, path: str, part: Mapping[str, Any], known: frozenset[str]) -> None:
    for name, value in part.items():
        if name in known:
            continue
        here = at(path, name)
        if name in SET_BY_TREADLE:
            found.add(here, "set_by_treadle", f"'{name}' is set by Treadle.", SET_BY_TREADLE[name], given=value)
        elif name in TABLE or name in (EXTRA, "auto_publish_text"):
            found.add(here, "belongs_to_options", f"'{name}' is an option.", f"Send it as options.{name}.", given=value)
        elif path and name == "replies":
            found.add(
                here,
                "flat_chain",
                "A further part has no replies of its own: replies is a flat list, each part answering the one before.",
                "Put these parts behind each other in the post's own replies.",
                given=value,
            )
        elif path and name in POST_KEYS:
            found.add(
                here,
                "belongs_to_post",
                f"'{name}' is said once, for the whole post.",
                "Send it beside replies.",
                given=value,
            )
        else:
            found.unknown_name(here, name, known, what="field", value=value)


def _check_part(found: Findings, path: str, part: Mapping[str, Any], *, is_further: bool) -> None:
    text = check_text(found, at(path, "text"), part.get("text"))
    media = part.get("media")
    check_media(found, at(path, "media"), media)
    count = len(media) if isinstance(media, list) else 0
    options = part.get("options")
    attached = check_options(found, at(path, "options"), options, PartFacts(text, count, is_further))
    check_links(found, at(path, "text") if text else at(path, "options"), text, attached)
    if count or media not in (None, []) or text.strip() or part.get("text") not in (None, text):
        return
    instead = isinstance(options, Mapping) and any(
        option.instead_of_text and is_set(options.get(name)) for name, option in TABLE.items()
    )
    if instead and not text:
        found.warn(
            at(path, "text"),
            "no_text",
            "Threads' documents ask for a text with every post that has no media; attachments alone are not mentioned.",
            "To be safe, add a text.",
        )
        return
    quotes = isinstance(options, Mapping) and is_set(options.get("quote_post_id"))
    found.add(
        at(path, "text"),
        "empty",
        "There is nothing to publish: no text and no media" + (" (a quote needs a text too)." if quotes else "."),
        "Add a text or a medium.",
        given=text or None,
    )


def _check_replies(found: Findings, replies: Any) -> None:
    if replies is None:
        return
    if not isinstance(replies, list):
        found.wrong_type("replies", replies, "a list of further parts")
        return
    if len(replies) >= MAX_PARTS:
        found.add(
            "replies",
            "too_many_parts",
            f"The chain has {len(replies) + 1} parts; Treadle takes {MAX_PARTS} in one post.",
            "Split it into several posts.",
            given=len(replies) + 1,
            limit=MAX_PARTS,
        )
        return
    for index, part in enumerate(replies):
        here = at("replies", index)
        if not isinstance(part, Mapping):
            found.wrong_type(here, part, 'an object such as {"text": "…"}')
            continue
        _check_names(found, here, part, PART_KEYS)
        _check_part(found, here, part, is_further=True)


def _check_extras(found: Findings, body: Mapping[str, Any]) -> None:
    for name in ("draft", "approval"):
        if body.get(name) is not None and not isinstance(body[name], bool):
            found.wrong_type(name, body[name], "true or false")
    metadata, labels = body.get("metadata"), body.get("labels")
    if metadata is not None and not isinstance(metadata, Mapping):
        found.wrong_type("metadata", metadata, "an object")
    elif metadata and (size := _size(metadata)) > MAX_METADATA:
        found.add(
            "metadata",
            "metadata_too_large",
            "The metadata are too large to be kept with a post.",
            "Keep a reference in them instead of the thing itself.",
            given=size,
            limit=MAX_METADATA,
        )
    if labels is None:
        return
    if not isinstance(labels, list):
        found.wrong_type("labels", labels, "a list of words")
        return
    if len(labels) > MAX_LABELS:
        found.add(
            "labels",
            "too_many_labels",
            "There are too many labels.",
            "Leave some out.",
            given=len(labels),
            limit=MAX_LABELS,
        )
    for index, label in enumerate(labels):
        if not isinstance(label, str) or not label.strip() or len(label) > MAX_LABEL:
            found.add(
                at("labels", index),
                "label",
                f"A label is a text of 1 to {MAX_LABEL} characters.",
                "Change it or leave it out.",
                given=label,
                limit=MAX_LABEL,
            )


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
            found.add(path, "too_deep", "This is nested too deeply.", "Send it flatter.", limit=MAX_DEPTH)
            return False
        if isinstance(value, str):
            _check_characters(found, path, value)
        elif isinstance(value, float) and not math.isfinite(value):
            found.add(
                path, "number", "This is not a finite number.", "Send a number, or leave it out.", given=str(value)
            )
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
        found.add(path, "nul_character", "This contains the character NUL.", "Take it out.", given=text)
    if any("\ud800" <= char <= "\udfff" for char in text):
        found.add(
            path,
            "half_character",
            "This contains half of a character (a lone surrogate), often an emoji cut in two.",
            "Cut the text between characters.",
            given=text,
        )
