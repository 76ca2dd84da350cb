"""Kept requests as HAR 1.2, the format that browsers' developer tools and most HTTP tools open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from treadle_sandbox.hosts import META_HOSTS, host_of
from treadle_sandbox.record import Entry

_GRANTED = re.compile(r'("access_token"\s*:\s*"|[?&]code=)[^"&#]+')  # what an answer hands out


def har(entries: Iterable[Entry], base_url: str, version: str) -> dict[str, Any]:
    """A whole HAR file of ``entries``, oldest first, without their tokens, codes and secrets."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "treadle-sandbox", "version": version},
            "entries": [_entry(entry, base_url) for entry in entries],
        }
    }


def _entry(entry: Entry, base_url: str) -> dict[str, Any]:
    took = round(entry.elapsed_s * 1000, 3)
    return {
        "startedDateTime": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds"),
        "time": took,
        "request": _request(entry, base_url),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": f"failure {entry.fault}" if entry.fault else "",
    }


def _granted(entry: Entry, text: str) -> str:
    return _GRANTED.sub(r"\1…", entry.masked(text))


def _address(entry: Entry, base_url: str) -> str:
    """The whole address: as the client believed it to be, also through the proxy."""
    target = entry.masked(entry.target or entry.path)
    if "://" in target.partition("?")[0]:
        return target
    host = next((value for name, value in entry.headers if name.lower() == "host"), "")
    return (f"https://{host}" if host_of(host) in META_HOSTS else base_url) + target


def _request(entry: Entry, base_url: str) -> dict[str, Any]:
    address = _address(entry, base_url)
    body = entry.masked(entry.body.decode("utf-8", "replace"))
    kind = next((value for name, value in entry.headers if name.lower() == "content-type"), "")
    request: dict[str, Any] = {
        "method": entry.method,
        "url": address,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": entry.masked(value)} for name, value in entry.headers],
        "queryString": _pairs(address.partition("?")[2]),
        "headersSize": -1,
        "bodySize": len(entry.body),
    }
    if entry.body:
        request["postData"] = {"mimeType": kind, "text": body}
        if kind.startswith("application/x-www-form-urlencoded"):
            request["postData"]["params"] = _pairs(body)
    return request


def _response(entry: Entry) -> dict[str, Any]:
    """Status 0 is what browsers write of a connection that was closed without an answer."""
    headers = entry.answer_headers
    return {
        "status": entry.status or 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": _granted(entry, value)} for name, value in headers.items()],
        "content": {
            "size": len(entry.answer),
            "mimeType": headers.get("Content-Type", ""),
            "text": _granted(entry, entry.answer.decode("utf-8", "replace")),
        },
        "redirectURL": _granted(entry, headers.get("Location", "")),
        "headersSize": -1,
        "bodySize": len(entry.answer),
    }


def _pairs(text: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in parse_qsl(text, keep_blank_values=True)]
