"""How far a part has come in what its columns do not say: looking for it on Threads, reading its address. Pure.

Here alone it becomes the JSON of the column ``checks``, and is read back from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

Wish = Literal["send again", "replace"]


@dataclass(frozen=True, slots=True)
class Content:
    """What a part publishes: its kind, its body, and whether it is a reply."""

    kind: str
    body: Mapping[str, Any]
    is_reply: bool


@dataclass(frozen=True, slots=True)
class PartProgress:
    """Counters and notes of one part. Times in epoch seconds.

    Of one send: ``looks`` (reads of container and lists), ``finished`` and ``misses`` with ``missed_at`` (see
    :class:`treadle.domain.replacing.Evidence`), ``wish`` (what is done once it is sure that it is not live) and
    ``not_before`` (when), ``listed_after`` (the send after which the lists were read), ``found_live``, ``settles_at``
    (when it will be known whether a publish with an unclear answer is live).

    Of the part: ``list_unread`` (the lists could not be noted before the first send), ``restored`` (the backup that was
    put back knows nothing since then), ``conservative`` (Threads refused the file as it was), ``was`` (what was sent,
    if the part was changed since), ``find_tries``, ``permalink_tries``, ``permalink_given_up``, ``address_tries`` and
    ``address_at`` (reads of id and address, and the next one), ``removed`` (when it was deleted from Threads),
    ``named_asked``, ``named_misses`` and ``named_missed_at`` (reads of the post that it replies to or quotes while
    Threads does not know it, those that did not find it, and the first of them).
    """

    looks: int = 0
    finished: int = 0
    misses: int = 0
    missed_at: float | None = None
    wish: Wish | None = None
    not_before: float | None = None
    listed_after: float | None = None
    found_live: bool = False
    settles_at: float | None = None
    list_unread: bool = False
    restored: float | None = None
    conservative: bool = False
    was: Content | None = None
    find_tries: int = 0
    permalink_tries: int = 0
    permalink_given_up: bool = False
    address_tries: int = 0
    address_at: float = 0.0
    removed: float | None = None
    named_asked: int = 0
    named_misses: int = 0
    named_missed_at: float | None = None

    def to_json(self) -> dict[str, Any]:
        """What differs from a part that nothing has happened to."""
        stored = {name: value for name in _NAMES if (value := getattr(self, name)) != getattr(NONE_YET, name)}
        if self.was is not None:
            stored["was"] = {"kind": self.was.kind, "body": dict(self.was.body), "is_reply": self.was.is_reply}
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> PartProgress:
        """Of what any release stored. Raises ``ValueError`` or ``TypeError`` where a number is none."""
        if not stored:
            return NONE_YET
        read = {name: _READ[name](stored[name]) for name in _NAMES if stored.get(name) is not None}
        return cls(**read)


def _content(stored: Mapping[str, Any]) -> Content:
    return Content(str(stored["kind"]), stored["body"], bool(stored["is_reply"]))


_NAMES = tuple(f.name for f in fields(PartProgress))
_BY_TYPE: Mapping[str, Any] = {
    "int": int,
    "float": float,
    "float | None": float,
    "bool": bool,
    "Wish | None": str,
    "Content | None": _content,
}
_READ: Mapping[str, Any] = {f.name: _BY_TYPE[str(f.type)] for f in fields(PartProgress)}
NONE_YET = PartProgress()
OF_ONE_SEND: Mapping[str, Any] = {
    name: getattr(NONE_YET, name)
    for name in (
        "looks",
        "finished",
        "misses",
        "missed_at",
        "wish",
        "not_before",
        "listed_after",
        "found_live",
        "settles_at",
    )
}
