"""What comes from outside before anything is known of it: JSON text, ids, cursors, keys. Read alike by every face."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from treadle.domain.findings import Finding, finding

_ID = re.compile(r"[a-z]{3}_[0-9a-z_]{1,36}\Z")
_CURSOR = re.compile(r"-?[0-9][0-9.e+-]{0,30}~[a-z]{3}_[0-9a-z_]{1,36}(?P<sort>~-?[a-z_]{1,20})?\Z")
IDEMPOTENCY_KEY_CHARS = 200
_IDEMPOTENCY_KEY = re.compile(rf"[\x21-\x7e][\x20-\x7e]{{0,{IDEMPOTENCY_KEY_CHARS - 1}}}\Z")


@dataclass(frozen=True, slots=True)
class NotJson:
    """Why some text is not JSON, with the place."""

    message: str


class _Twice(ValueError):
    """An object names a field twice. Readers differ in which of the two they believe, so neither is."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise _Twice(counted.most_common(1)[0][0])
    return made


def parse_json(text: bytes) -> Any | NotJson:
    """The value that JSON text in UTF-8 holds."""
    if not text.strip():
        return NotJson("The body is empty.")
    try:
        return json.loads(text, object_pairs_hook=_object)
    except _Twice as wrong:
        return NotJson(f"The field {json.dumps(wrong.name[:80])} occurs twice in one object. Send it once.")
    except RecursionError:
        return NotJson("It is nested too deeply to be read.")
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}"
        return NotJson(f"It breaks at {where}: {wrong.msg[:1].lower()}{wrong.msg[1:]}.")
    except UnicodeDecodeError as wrong:
        return NotJson(f"It is not UTF-8: byte {wrong.start + 1} cannot be read.")
    except ValueError:
        return NotJson("A number in it has too many digits.")


def is_idempotency_key(value: object) -> bool:
    """Whether a header can hold it as it is, and the database keep it: 1 to 200 printable ASCII characters."""
    return isinstance(value, str) and _IDEMPOTENCY_KEY.match(value) is not None


def is_id(value: str) -> bool:
    """Whether this can be an id."""
    return _ID.match(value) is not None


def cursor(value: str | None, *, sort: str = "") -> str | Finding | None:
    """``after`` as an earlier page gave it, and made under this ``sort`` when the list has several."""
    if value is None or value == "":
        return None
    found = _CURSOR.match(value)
    if not found:
        return wrong_cursor(value)
    made_under = (found["sort"] or "").removeprefix("~")
    if made_under == sort:
        return value
    if not made_under or not sort:
        return wrong_cursor(value)
    return finding("after", "cursor_of_another_sort", given=value, made_under=made_under, sort=sort)


def wrong_cursor(value: str) -> Finding:
    """What is wrong with an ``after`` that no page gave."""
    return finding("after", "cursor", given=value)


def unstorable(text: str) -> str:
    """The code of why no database can hold this text; empty when one can."""
    if "\x00" in text:
        return "nul_in_field"
    if any("\ud800" <= char <= "\udfff" for char in text):
        return "half_in_field"
    return ""
