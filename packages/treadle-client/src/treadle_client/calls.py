"""One call as values: what is sent, what an answer means, and when to try again. Does no I/O."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from treadle_client.errors import ApiError

LONGEST_WAIT_S = 60.0
REPEATABLE = frozenset({"GET", "PUT", "PATCH", "DELETE"})
Value = str | int | float | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Call:
    """A request. ``once``: the server heeds an Idempotency-Key, so that sending it again has one effect."""

    method: str
    path: str
    query: Mapping[str, Value] = field(default_factory=dict)
    body: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    key: str | None = None

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again when it is not known whether it arrived."""
        return self.once or self.method in REPEATABLE


@dataclass(frozen=True, slots=True)
class Sent:
    """A call as it goes out; the same bytes and the same idempotency key in every try."""

    method: str
    url: str
    params: list[tuple[str, str]]
    headers: dict[str, str]
    content: bytes | None


def fits_header(value: str) -> bool:
    """Whether a header can hold a value of ours as it is: printable ASCII without spaces around it."""
    return value.isascii() and value.isprintable() and value == value.strip() != ""


def address(template: str, *values: str | int) -> str:
    """A path with its ids, each of them escaped."""
    for value in map(str, values):
        if not value:
            raise ValueError(f"{template}: an id is empty")
        start, end = template.index("{"), template.index("}")
        template = template[:start] + quote(value, safe="") + template[end + 1 :]
    return template


def prepare(call: Call) -> Sent:
    headers, content = {"Accept": "application/json", **call.headers}, call.content
    if call.body is not None:
        content = json.dumps(call.body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    if call.once:
        key = str(uuid.uuid4()) if call.key is None else call.key
        if not fits_header(key):
            raise ValueError("An idempotency key is 1 to 200 printable ASCII characters.")
        headers["Idempotency-Key"] = key
    params: list[tuple[str, str]] = []
    for name, value in call.query.items():
        each = [value] if isinstance(value, str | int | float) else value or ()
        params += [(name, str(one).lower() if isinstance(one, bool) else str(one)) for one in each]
    return Sent(call.method, call.path, params, headers, content)


def answer(status: int, headers: Mapping[str, str], content: bytes) -> Any:
    """The JSON of a good answer, ``None`` for an empty one; raises :class:`ApiError` for any other."""
    read: Any = None
    if content:
        try:
            read = json.loads(content)
        except ValueError:
            read = {"detail": content[:300].decode("utf-8", "replace")}
            if status < 400:
                raise ApiError(status, {"title": "The answer is not JSON.", **read}, headers) from None
    if status >= 300:
        raise ApiError(status, read if isinstance(read, dict) else {}, headers)
    return read


@dataclass(frozen=True, slots=True)
class Retries:
    """``most``: retries after the first try."""

    most: int = 4
    first_s: float = 0.5

    def wait_s(self, call: Call, tried: int, failure: ApiError | None, chance: float) -> float | None:
        """Seconds until the next try, or ``None``: give up. ``failure``: ``None`` for a lost connection.

        ``tried``: tries so far; ``chance``: 0 to 1, so that many clients do not come back together.
        """
        if tried > self.most:
            return None
        if failure is None:
            if not call.repeatable:
                return None
        elif not failure.retryable or not (call.repeatable or failure.status == 429):  # 429: nothing was done
            return None
        hint = _retry_after(failure.headers.get("retry-after", "")) if failure else None
        if hint is not None:
            return hint + chance * self.first_s if hint <= LONGEST_WAIT_S else None
        return min(LONGEST_WAIT_S, self.first_s * 2.0 ** (tried - 1)) * (0.5 + chance / 2)


def _retry_after(value: str) -> float | None:
    """Seconds, from either form that the header has."""
    if value.strip().isdecimal():
        return float(value)
    try:
        when: datetime = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, float((when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()))
