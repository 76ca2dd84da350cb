"""How far a part has come in what its columns do not say: looking for it on Threads, reading its address, comparing
what is live with what was asked. Pure.

Here alone it becomes the JSON of the column ``checks``, and is read back from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from treadle.domain.origins import Origin

Wish = Literal["send again", "replace"]
SHOWN_MOST = 500  # characters of a value that are kept


@dataclass(frozen=True, slots=True)
class Content:
    """What a part publishes: its kind, its body, and whether it is a reply."""

    kind: str
    body: Mapping[str, Any]
    is_reply: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """``field`` is named as it was asked for; ``live`` empty: Threads returns nothing."""

    field: str
    asked: str
    live: str

    def to_json(self) -> dict[str, str]:
        return {"field": self.field, "asked": self.asked, "live": self.live}


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """The comparison of one live part with what was asked, so far (:mod:`treadle.domain.live_equals`). Times in epoch
    seconds.

    ``over``: nothing more is read. Until then ``suspected`` is what the last reading showed, and ``unplaced`` says that
    it did not show what the part replies to; the next reading is at ``next_at``. When it is over, ``differs`` holds
    what two readings in a row showed. ``remarks``: texts that read differently without being cut.
    """

    readings: int = 0
    next_at: float = 0.0
    over: bool = False
    checked: tuple[str, ...] = ()
    differs: tuple[Difference, ...] = ()
    not_checked: tuple[str, ...] = ()
    remarks: tuple[Difference, ...] = ()
    suspected: tuple[Difference, ...] = ()
    unplaced: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "readings": self.readings,
            "next_at": self.next_at,
            "over": self.over,
            "checked": list(self.checked),
            "differs": [one.to_json() for one in self.differs],
            "not_checked": list(self.not_checked),
            "remarks": [one.to_json() for one in self.remarks],
            "suspected": [one.to_json() for one in self.suspected],
            "unplaced": self.unplaced,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> LiveCheck:
        """Raises ``ValueError`` or ``TypeError`` where a number is none."""

        def differences(name: str) -> tuple[Difference, ...]:
            return tuple(Difference(str(d["field"]), str(d["asked"]), str(d["live"])) for d in stored.get(name) or ())

        def names(name: str) -> tuple[str, ...]:
            return tuple(str(one) for one in stored.get(name) or ())

        return cls(
            int(stored.get("readings", 0)),
            float(stored.get("next_at", 0.0)),
            bool(stored.get("over")),
            names("checked"),
            differences("differs"),
            names("not_checked"),
            differences("remarks"),
            differences("suspected"),
            bool(stored.get("unplaced")),
        )


@dataclass(frozen=True, slots=True)
class PartProgress:
    """Counters and notes of one part. Times in epoch seconds.

    Of one send: ``looks`` (reads of container and lists), ``finished`` and ``misses`` with ``missed_at`` (see
    :class:`treadle.domain.replacing.Evidence`), ``wish`` (what is done once it is sure that it is not live) and
    ``not_before`` (when), ``listed_after`` (the send after which the lists were read), ``found_live``, ``settles_at``
    (when it will be known whether a publish with an unclear answer is live).

    Of the part: ``list_unread`` (the lists could not be noted before the first send), ``restored`` (the backup that was
    put back knows nothing since then), ``conservative`` (Threads refused the file as it was),
    ``origin`` (where its files come from: :mod:`treadle.domain.origins`), ``was`` (what was sent, if the part was
    changed since), ``find_tries``, ``permalink_tries``, ``permalink_given_up``, ``address_tries`` and
    ``address_at`` (reads of id and address, and the next one), ``removed`` (when it was deleted from Threads),
    ``named_asked``, ``named_misses`` and ``named_missed_at`` (reads of the post that it replies to or quotes while
    Threads does not know it, those that did not find it, and the first of them),
    ``story`` (``SUCCESS`` or ``FAILED``: what the answers said of sharing it), ``live`` (what is live, compared with
    what was asked), ``below_root`` (its owner decided that what follows it replies to the first part).
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
    origin: Origin = "given"
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
    story: str | None = None
    live: LiveCheck | None = None
    below_root: bool = False

    def to_json(self) -> dict[str, Any]:
        """What differs from a part that nothing has happened to."""
        stored = {name: value for name in _NAMES if (value := getattr(self, name)) != getattr(NONE_YET, name)}
        if self.was is not None:
            stored["was"] = {"kind": self.was.kind, "body": dict(self.was.body), "is_reply": self.was.is_reply}
        if self.live is not None:
            stored["live"] = self.live.to_json()
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
    "Origin": str,
    "Content | None": _content,
    "LiveCheck | None": LiveCheck.from_json,
    "str | None": str,
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
