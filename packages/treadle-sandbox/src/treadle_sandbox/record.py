"""The last requests with their answers, for the page, for tests and for whoever debugs a client."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from treadle_sandbox.clock import graph_time

_SECRET = frozenset(("access_token", "client_secret", "input_token", "code"))
_BODY_SHOWN = 20_000


@dataclass(slots=True)
class Entry:
    """One request. Kept raw, because it is written on every call and read on few."""

    n: int
    at: float
    method: str
    path: str
    endpoint: str
    account_id: str | None
    params: dict[str, Any]
    content_type: str
    authorization: bool
    user_agent: str
    status: int | None  # None: the connection was dropped
    answer: bytes
    elapsed_s: float
    fault: str | None
    truncated: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "at": self.at,
            "time": graph_time(self.at),
            "method": self.method,
            "path": self.path,
            "endpoint": self.endpoint,
            "account": self.account_id,
            "params": {key: _mask(value) if key in _SECRET else value for key, value in self.params.items()},
            "content_type": self.content_type,
            "authorization": "Bearer …" if self.authorization else None,
            "user_agent": self.user_agent,
            "status": self.status,
            "answer": self.answer[:_BODY_SHOWN].decode("utf-8", "replace"),
            "elapsed_ms": round(self.elapsed_s * 1000, 3),
            "fault": self.fault,
            "dropped": self.status is None,
            "truncated": self.truncated,
        }


def _mask(value: Any) -> str:
    text = str(value)
    return f"…{text[-4:]}" if len(text) > 8 else "…"


class Recorder:
    """Keeps the last ``size`` requests; ``total`` counts all of them."""

    def __init__(self, size: int) -> None:
        self.entries: deque[Entry] = deque(maxlen=size)
        self.total = 0

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def next_number(self) -> int:
        self.total += 1
        return self.total

    def clear(self) -> None:
        self.entries.clear()
        self.total = 0
