"""What a person reads before an assistant may publish: everything in the request, and nothing that it could hide.

Pure. The text is made from the very body that is accepted afterwards. Every value is quoted line by line, so a text
cannot pose as one of our lines; characters that nobody sees are written out. What has no label here is refused rather
than left out: a new field needs its line in one of the tables below.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.domain.options import EXTRA, TABLE
from treadle_threads.options import STRUCTURED, is_set

MOST_SHOWN = 40_000  # characters; nobody reads a longer question
MEDIA_LABELS: Mapping[str, str] = {
    "url": "Address",
    "id": "Uploaded file",
    "alt_text": "Alt text",
    "type": "Kind",
    "spoiler": "Hidden as a spoiler",
}
POST_LABELS: Mapping[str, str] = {
    "publish_at": "When",
    "zone": "Time zone of that time",
    "max_lateness": "Publish if late by up to",
    "labels": "Labels",
    "metadata": "Metadata",
    "draft": "Keep as a draft",
    "approval": "Require approval",
    "hold_chain_on_warning": "Hold the thread if a part has a warning",
    "queue": "In the next free slot of the queue",
}
# Fields with lines of their own below; the account is named in the first line.
WITHOUT_LABEL = frozenset({"account_id", "text", "media", "options", "replies"})
# Letters and symbols that are drawn as nothing, beside the categories of control and format characters.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def option_labels() -> dict[str, str]:
    """Option -> what it is called in the question."""
    return {**{name: option.label for name, option in TABLE.items()}, EXTRA: "Passed to Threads as it is, not checked"}


@dataclass(frozen=True, slots=True)
class NotShowable:
    """Why a person cannot be asked about this."""

    message: str


@dataclass(frozen=True, slots=True)
class PostingAccount:
    """The account that publishes."""

    id: str
    username: str
    threads_user_id: str


def question(
    body: Mapping[str, Any],
    account: PostingAccount,
    files: Mapping[str, Sequence[str]] | None = None,
    *,
    heading: str = "Publish on Threads as",
    more: Sequence[str] = (),
) -> str | NotShowable:
    """What is asked about this request. ``files``: more about each uploaded file by id (name, kind, address).

    ``heading`` says what is done, before the account; ``more`` are lines of ours behind it."""
    try:
        first, *rest = _post(body, account, files or {}, heading)
        lines = [first, *more, *rest]
    except _NoLabelError as missing:
        return NotShowable(f"'{missing}' cannot be shown to a person, so it is not published. Leave it out.")
    asked = "\n".join(lines)
    if len(asked) > MOST_SHOWN:
        return NotShowable("This is too long to be read and confirmed at once. Publish it in several smaller posts.")
    return asked


class _NoLabelError(Exception):
    pass


def _post(
    body: Mapping[str, Any], account: PostingAccount, files: Mapping[str, Sequence[str]], heading: str
) -> Iterator[str]:
    yield (
        f"{heading} @{visible(account.username)} "
        f"(account {visible(account.id)}, Threads user id {visible(account.threads_user_id)})?"
    )
    replies = body.get("replies") or []
    if replies:
        yield f"It has {len(replies) + 1} parts, each replying to the one before."
    if not is_set(body.get("publish_at")):
        yield "When: as soon as you agree"
    for name in _known(body, {**POST_LABELS, **dict.fromkeys(WITHOUT_LABEL, "")}):
        if name not in WITHOUT_LABEL:
            yield from _entry(POST_LABELS[name], body[name], "")
    for index, part in enumerate([body, *replies]):
        yield ""
        if replies:
            yield f"Part {index + 1}"
        if index:
            list(_known(part, dict.fromkeys(("text", "media", "options"), "")))
        yield from _part(part, files)


def _part(part: Mapping[str, Any], files: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from _entry("Text", part.get("text") or "", "")
    options = part.get("options") or {}
    labels = option_labels()
    for name in _known(options, labels):
        if is_set(options[name]):
            # Threads also takes these as JSON text: shown as what the text means, not with its escapes.
            structured = name in TABLE and isinstance(TABLE[name].kind, STRUCTURED)
            value = _meant(name, options[name]) if structured else options[name]
            yield from _entry(labels[name], value, "")
    items = part.get("media") or []
    for number, item in enumerate(items, 1):
        yield f"File {number} of {len(items)}"
        for name in _known(item, MEDIA_LABELS):
            if is_set(item[name]):
                yield from _entry(MEDIA_LABELS[name], item[name], "  ")
        for fact in files.get(str(item.get("id")), ()):
            yield f"  > {visible(fact)}"


def _known(given: Mapping[str, Any], labels: Mapping[str, str]) -> list[str]:
    """The names of what is given, in the order of the labels."""
    for name, value in given.items():
        if name not in labels and is_set(value):
            raise _NoLabelError(visible(str(name))[:60])
    return [name for name in labels if name in given]


def _meant(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # Of a name that comes twice, Threads may take the other one.
        if len(dict(pairs)) < len(pairs):
            raise _NoLabelError(name)
        return dict(pairs)

    try:
        return json.loads(value, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return value


def _entry(label: str, value: Any, indent: str) -> Iterator[str]:
    """A label and its value: a plain one beside it, words quoted below it, what holds more indented below it."""
    inner = indent + "  "
    match value:
        case bool():
            yield f"{indent}{label}: {'yes' if value else 'no'}"
        case None | int() | float():
            yield f"{indent}{label}: {'(none)' if value is None else value}"
        case Mapping():
            yield f"{indent}{label}:{'' if value else ' (empty)'}"
            for name, entry in value.items():
                yield from _entry(visible(str(name)), entry, inner)
        case list() | tuple():
            yield f"{indent}{label}:{'' if value else ' (empty)'}"
            for number, entry in enumerate(value, 1):
                yield from _entry(str(number), entry, inner)
        case _:
            text = str(value)
            yield f"{indent}{label}:{'' if text else ' (empty)'}"
            if text:
                yield from (f"{inner}> {visible(line)}" for line in text.split("\n"))


def visible(text: str) -> str:
    """One line with everything in it to be seen: characters that are not drawn, or turn the line, are written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if _drawn(text, place, char) else f"\u27e8U+{ord(char):04X}\u27e9" for place, char in enumerate(text)
    )


def _drawn(text: str, place: int, char: str) -> bool:
    before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
    if char == "\u200d":  # joins emoji and letters of some scripts
        return bool(before and after) and not before.isascii() and not after.isascii() and after != char
    if "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        # One that says whether a character is drawn in colour; a row of them can hold a hidden message.
        return char in "\ufe0e\ufe0f" and bool(before) and not "\ufe00" <= before <= "\ufe0f"
    return char not in _BLANK and unicodedata.category(char) not in _UNSEEN
