"""What a check says about one media file or one address, as a value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

Severity = Literal["error", "repair", "remark"]
"""``error``: somebody must act. ``repair``: Treadle makes it right. ``remark``: good to know, stops nothing."""

Basis = Literal["documented", "seen", "folklore"]
"""How sure the rule is: in Meta's documents, seen on real answers, or told among users without proof."""


class RepairKind(IntEnum):
    """What a repair costs, cheapest first. The order is the choice: the least that removes every finding is taken."""

    NONE = 0
    COPY = 1  # the same bytes at an address of our own
    PATCH = 2  # the index is moved or rewritten, sound and picture stay byte for byte
    REMUX = 3  # packets are copied into a fresh MP4
    TRIM = 4  # the same, cut at the limit
    AUDIO = 5  # only sound is encoded again
    VIDEO = 6  # only the picture is encoded again
    FULL = 7  # both are
    IMAGE = 8  # a still picture is converted
    REJECT = 9  # nothing Treadle may do by itself helps

    @property
    def word(self) -> str:
        """The name used in JSON: ``"patch"``, ``"audio"`` ..."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is or may be wrong.

    ``code`` is stable and snake_case; ``field`` is the fact it is about (``"video.frame_rate"``, ``"url"``);
    ``message`` is one plain sentence or two: what is, why it matters, what is done or to be done. ``got`` and ``limit``
    are the values compared, JSON-able, ``None`` when the rule has none. ``pattern`` is the id of the catalogue's
    pattern that explains it. ``fix`` is the :class:`RepairKind` word that would remove it (``"none"`` for a remark,
    ``"reject"`` when only a person can). ``says`` and ``args`` are what ``message`` was made of: an entry of
    :data:`treadle_threads.media.sentences.SENTENCES` and its arguments.
    """

    code: str
    severity: Severity
    field: str
    message: str
    got: Any = None
    limit: Any = None
    pattern: str = ""
    fix: str = "none"
    basis: Basis = "documented"
    says: str = dataclasses.field(default="", compare=False)
    args: Mapping[str, object] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def fix_kind(self) -> RepairKind:
        return RepairKind[self.fix.upper()]

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "field": self.field,
            "message": self.message,
            "got": self.got,
            "limit": self.limit,
            "pattern": self.pattern,
            "fix": self.fix,
            "basis": self.basis,
        }

    def to_wire(self) -> dict[str, Any]:
        """:meth:`to_json`, and what the message was made of: from one of our processes to another."""
        return {**self.to_json(), "says": self.says, "args": dict(self.args)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Finding:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})
