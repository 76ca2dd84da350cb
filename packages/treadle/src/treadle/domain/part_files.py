"""What is stored of a part's files: as Meta is given them, and their containers. Shapes only."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Doubt(TypedDict):
    """What our own check of a file saw that may keep Meta from fetching it."""

    pattern: str
    finding: dict[str, Any]  # as the catalogue's ``finding`` matchers read it


class PreparedFile(TypedDict):
    """One file of a part, as Meta is given it."""

    kind: str  # IMAGE or VIDEO
    url: str
    alt_text: str | None
    size: int | None  # bytes
    media_id: NotRequired[str]  # it is kept here
    host: NotRequired[str]  # it lies elsewhere, and our own check could fetch it at ``checked_at`` (epoch seconds)
    checked_at: NotRequired[float]
    doubt: NotRequired[Doubt]
    spoiler: NotRequired[Literal[True]]
    disputed: NotRequired[Literal[True]]  # documented as allowed, and refused by some: converted if Threads refuses it


class ChildContainer(TypedDict, total=False):
    """The container of one file of a carousel; empty: it is still to be made."""

    id: str
    status: str
    made_at: float  # epoch seconds
