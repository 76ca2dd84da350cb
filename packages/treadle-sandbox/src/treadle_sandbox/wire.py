"""Reading a request the way Threads does: query, form, multipart and JSON are one set of parameters.

Empty means absent, so does the word ``undefined``; a body may come with GET and DELETE, with no content type or a wrong
one; the query wins over the body.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web

from treadle_sandbox.hosts import META_HOSTS, host_of

TRUE = frozenset(("true", "1", "on", "yes"))
FALSE = frozenset(("false", "0", "off", "no"))


class Call:
    """One request, taken apart. ``params`` holds text, or JSON values where the body was JSON."""

    __slots__ = (
        "account", "authorization", "base", "came_to", "content_type", "endpoint", "method", "node", "now", "params",
        "path", "query_token", "raw", "segments", "sources", "token", "user_agent",
    )  # fmt: skip

    def __init__(self, method: str, path: str, segments: list[str], params: dict[str, Any]) -> None:
        self.method = method
        self.path = path
        self.segments = segments
        self.params = params
        self.content_type = ""
        self.authorization = ""
        self.user_agent = ""
        self.query_token = ""
        self.endpoint = "read"
        self.raw = b""  # the body as it came
        self.sources: dict[str, str] = {}  # where each parameter came from
        self.base = ""  # where the client believes to be, when that is one of Meta's hosts
        self.came_to = ""  # scheme, host and port that the client used
        self.node = ""
        self.now = 0.0
        # Set once the token is known.
        self.account: Any = None
        self.token: Any = None

    def text(self, name: str) -> str:
        """A parameter as text, stripped of nothing; absent and empty are both ``""``."""
        value = self.params.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list | dict):
            return json.dumps(value, ensure_ascii=False)
        return str(value)

    def has(self, name: str) -> bool:
        return self.text(name) != ""

    def reference(self, name: str) -> str:
        """An optional id: ``undefined`` and ``null``, which scripts send for a missing one, mean absent."""
        value = self.text(name).strip()
        return "" if value in ("undefined", "null", "None") else value

    def flag(self, name: str) -> bool | None:
        """``true``, ``True``, ``1``, ``on`` ... or ``None`` when absent or not a truth value."""
        value = self.text(name).strip().lower()
        if value in TRUE:
            return True
        return False if value in FALSE else None

    def items(self, name: str) -> list[str]:
        """A list: JSON list, JSON in text, or comma separated."""
        value = self.params.get(name)
        if isinstance(value, str) and value.lstrip().startswith("["):
            value = loads(value)
        if isinstance(value, list):
            return [str(item).strip() for item in value if str(item).strip()]
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def object(self, name: str) -> Any:
        """A JSON value, given as such or as text; ``None`` when absent or not JSON."""
        value = self.params.get(name)
        return loads(value) if isinstance(value, str) else value


def loads(text: str) -> Any:
    """Parsed JSON, or ``None``."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def split_path(raw_path: str) -> tuple[str, list[str], str]:
    """Path without version and trailing slash, its parts, and the query."""
    if raw_path[:1] != "/":  # absolute form, as proxies send it
        raw_path = "/" + raw_path.partition("://")[2].partition("/")[2]
    path, _, query = raw_path.partition("?")
    segments = [part for part in path.split("/") if part]
    if segments and segments[0] == "v1.0":
        del segments[0]
    return path, segments, query


async def read_call(request: web.BaseRequest) -> Call:
    """Takes ``request`` apart; a body that cannot be read counts as none."""
    path, segments, query = split_path(request.raw_path)
    params: dict[str, Any] = {}
    raw = b""
    headers = request.headers
    content_type = headers.get("Content-Type", "")
    if request.body_exists:
        if headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw = await request.read()
        params = await _body(request, content_type, raw)
    kind = content_type.partition(";")[0].strip().lower()
    came = "multipart" if kind == "multipart/form-data" else "JSON" if _is_json(kind, raw) else "form"
    sources = dict.fromkeys(params, came)
    query_token = ""
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        for name, value in _nested(pairs).items():
            if value != "" or name not in params:
                params[name] = value
                sources[name] = "query"
        if "access_token" in query:
            query_token = next((value for name, value in pairs if name == "access_token"), "")
    call = Call(request.method, path, segments, params)
    call.content_type = content_type
    host = headers.get("Host", "")
    if host_of(host) in META_HOSTS:
        call.base = f"https://{host}"
    call.came_to = f"{request.scheme}://{host}"
    call.query_token = query_token
    call.raw, call.sources = raw, sources
    call.authorization = headers.get("Authorization", "")
    call.user_agent = headers.get("User-Agent", "")
    return call


def _is_json(kind: str, body: bytes) -> bool:
    return kind == "application/json" or body.lstrip()[:1] in (b"{", b"[")


async def _body(request: web.BaseRequest, content_type: str, body: bytes) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(request, body)
    if not body:
        return {}
    text = body.decode("utf-8", "replace")
    if _is_json(kind, body):
        value = loads(text)
        return {str(key): item for key, item in value.items() if item is not None} if isinstance(value, dict) else {}
    return _nested(parse_qsl(text, keep_blank_values=True))


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """``children[]=1&children[]=2`` is a list, ``poll_attachment[option_a]=x`` an object, as PHP has it."""
    params: dict[str, Any] = {}
    for name, value in pairs:
        base, bracket, rest = name.partition("[")
        if not bracket or not base or not rest.endswith("]"):
            params[name] = value
            continue
        key = rest[:-1]
        kind: type[Any] = list if key == "" or key.isdigit() else dict
        if not isinstance(params.get(base), kind):
            params[base] = kind()
        if kind is list:
            params[base].append(value)
        else:
            params[base][key] = value
    return params


async def _multipart(request: web.BaseRequest, body: bytes) -> dict[str, Any]:
    content = StreamReader(request.protocol, 2 * len(body) + 2, loop=asyncio.get_running_loop())
    content.feed_data(body)
    content.feed_eof()
    pairs: list[tuple[str, str]] = []
    try:
        reader = MultipartReader(request.headers, content)
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.name:
                pairs.append((part.name, (await part.read(decode=True)).decode("utf-8", "replace")))
    except (ValueError, AssertionError, RuntimeError):
        pass  # a broken body: what was readable counts
    return _nested(pairs)
