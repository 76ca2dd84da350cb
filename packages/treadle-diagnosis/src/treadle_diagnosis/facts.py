"""What a failure says, in one shape, whatever shape it came in."""

from __future__ import annotations

from collections.abc import Container, Mapping

from treadle_diagnosis.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Codes that say only "something is wrong": words may decide against them. Every other code is taken at its word.
VAGUE_CODES = frozenset({None, -3, -2, -1, 0, 1, 2, 3, 10, 100, 200, 500, 1150})
# Codes that Meta also sends at the top level although they are subcodes of 190.
TOKEN_SUBCODES = frozenset({452, 456, 457, 458, 459, 460, 461, 463, 464, 465, 466, 467, 468, 492})

# Subcodes of 100 that are as short as these.
SHORT_PAIRS = frozenset({(100, 10), (100, 33)})

# Numbers under "code" that are an HTTP status, when no subcode stands beside them.
HTTP_LIKE = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 502, 503, 504})


class Known(Record):
    """The codes and subcodes the catalogue names: in free text a bare number counts only when it is one of them."""

    codes: Container[int]
    subcodes: Container[int]


class Facts:
    """The facts a matcher looks at. ``message`` is Meta's own message in lower case.

    ``unlisted`` says that there is a subcode beside the code which no pattern names; the matcher sets it.
    ``doubted`` says that the text also tells of a call whose answer was lost, so that a post may be live.
    ``foreign`` says that it has the shape of another network's error, ``structured`` that it came as JSON. ``empty`` is
    ``"nothing"``, ``"binary"`` or ``"fine"`` (a good answer) when there is nothing to diagnose.
    """

    # Defaults stand on the class: most answers set a handful of these, and setting sixteen each time is felt.
    context: Mapping[str, Any] = {}
    code: int | None = None
    subcode: int | None = None
    type: str = ""
    message: str = ""
    constant: str = ""
    container: str = ""
    oauth: str = ""
    transport: str = ""
    unlisted: bool = False
    doubted: bool = False
    structured: bool = False
    success: bool = False
    foreign: bool = False
    empty: str = ""

    def __init__(self, surface: str, stage: str, http_status: int | None, headers: Mapping[str, str]) -> None:
        self.surface = surface
        self.stage = stage
        self.http_status = http_status
        self.headers = headers


def number(value: Any) -> int | None:
    """An integer from what JSON or text holds it as; ``None`` for anything else."""
    if type(value) is int:
        return value if -(10**12) < value < 10**12 else None
    if isinstance(value, str):
        text = value.strip().lstrip("#")
        if len(text) <= 12 and text.removeprefix("-").isascii() and text.removeprefix("-").isdigit():
            return int(text)
    elif isinstance(value, float) and value == value and abs(value) < 10**12 and value == int(value):
        return int(value)
    return None
