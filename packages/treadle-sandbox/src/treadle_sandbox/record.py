"""The last requests with their answers, for the page, for tests and for whoever debugs a client."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from treadle_sandbox.clock import graph_time

_SECRET = frozenset(("access_token", "client_secret", "input_token", "code"))
_BODY_SHOWN = 20_000
KEPT_BODY = 65_536  # of a request, in bytes


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
    target: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sources: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Mapping[str, str] = field(default_factory=dict)

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
            "target": self.masked(self.target),
            "headers": [[name, self.masked(value)] for name, value in self.headers],
            "body": self.masked(self.body[:_BODY_SHOWN].decode("utf-8", "replace")),
            "sources": dict(self.sources),
            "answer_headers": dict(self.answer_headers),
        }

    def masked(self, text: str) -> str:
        """``text`` without the tokens, codes and secrets of this request."""
        for value in self._secrets():
            for form in {value, quote(value, safe=""), quote_plus(value)}:
                text = text.replace(form, _mask(value))
        return text

    def _secrets(self) -> list[str]:
        found = [str(self.params[name]) for name in _SECRET if self.params.get(name)]
        for name, value in self.headers:
            if name.lower() in ("authorization", "cookie"):
                found.append(value.partition(" ")[2] or value)
        return sorted(found, key=len, reverse=True)

    def as_curl(self, base_url: str) -> str:
        """The request as a line for a shell; the token is ``$TOKEN``, other secrets are masked."""
        token = next((str(self.params[name]) for name in ("access_token",) if self.params.get(name)), "")
        bearer = next((v.partition(" ")[2] for n, v in self.headers if n.lower() == "authorization"), "")

        def shown(text: str) -> str:
            parts = [text]
            for value in {token, bearer} - {""}:
                for form in {value, quote(value, safe=""), quote_plus(value)}:
                    parts = [piece for part in parts for piece in _between(part, form)]
            return "".join(
                '"$TOKEN"' if part is None else shlex.quote(self.masked(part)) for part in parts if part != ""
            )

        path = self.target if self.target[:1] == "/" else "/" + self.target.partition("://")[2].partition("/")[2]
        line = f"curl -X {self.method} {shown(base_url + path)}"
        for name, value in self.headers:
            if name.lower() in ("content-type", "authorization"):
                line += f" -H {shown(f'{name}: {value}')}"
        if self.body:
            line += f" --data-binary {shown(self.body.decode('utf-8', 'replace'))}"
        return line


def _between(text: str | None, form: str) -> list[Any]:
    """``text`` cut at ``form``, with ``None`` where it stood."""
    if text is None:
        return [None]
    pieces: list[Any] = []
    for part in text.split(form):
        pieces += [part, None]
    return pieces[:-1]


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
