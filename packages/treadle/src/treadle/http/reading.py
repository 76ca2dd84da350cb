"""Reading what clients send: JSON bodies within limits, ids, headers, cursors. What is wrong is a :class:`Problem`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Path as PathParam
from fastapi import Request

from treadle.domain import incoming
from treadle.domain.findings import Finding
from treadle.domain.incoming import IDEMPOTENCY_KEY, is_id, unstorable, wrong_cursor
from treadle.http.problems import Problem, invalid, not_found

JSON_LIMIT = 1_048_576  # bytes of a JSON body; a post with everything Threads allows is far below 100 KiB
BULK_LIMIT = 8 * JSON_LIMIT
_ETAG = re.compile(r'"(\d{1,9})(?:-\d*)?"\Z')

PostId = Annotated[
    str, PathParam(description="A post's id.", max_length=64, examples=["pst_06fkx1w4n0e8v7q2m9s5t3r1zy"])
]


def an_id(value: str, what: str) -> str:
    """An id as it can be in the database; what cannot be one is not found, like what is not there."""
    if not is_id(value):
        raise not_found(what)
    return value


async def read_bytes(request: Request, limit: int = JSON_LIMIT) -> bytes:
    """The whole body, refused as soon as it is longer than ``limit`` bytes."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > limit:
        raise too_large(limit)
    kept = bytearray()
    async for chunk in request.stream():
        kept += chunk
        if len(kept) > limit:
            raise too_large(limit)
    return bytes(kept)


def too_large(limit: int) -> Problem:
    return Problem("too_large", f"At most {limit:,} bytes are taken here.", extra={"limit": limit})


async def read_json(request: Request, limit: int = JSON_LIMIT, *, optional: bool = False) -> Any:
    """The body as JSON. ``optional``: an empty body is ``{}``."""
    body = await read_bytes(request, limit)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body.strip() and optional:
        return {}
    if kind and kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problem("unsupported_media_type", f"Send application/json, not {kind[:80]}.")
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """The body as JSON; what is wrong with it is said with its place."""
    read = incoming.parse_json(body)
    if isinstance(read, incoming.NotJson):
        raise Problem("bad_json", read.message)
    return read


def mapping(body: Any) -> dict[str, Any]:
    """The body as an object."""
    if not isinstance(body, dict):
        raise invalid(
            [Finding("", "wrong_type", "The body must be an object.", 'Send an object: {"…": …}.', given=body)]
        )
    return body


def only(body: dict[str, Any], known: dict[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The body, when it has only ``known`` fields of the right types; ``null`` counts as left out."""
    findings = []
    for name, value in body.items():
        if name not in known:
            way_out = f"Known here: {', '.join(sorted(known)) or 'nothing'}."
            findings.append(
                Finding(name[:100], "unknown_field", f"'{name[:100]}' is not known here.", way_out, given=value)
            )
            continue
        wanted = known[name]
        types = wanted if isinstance(wanted, tuple) else (wanted,)
        if value is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
            words = " or ".join(_WORDS.get(t, "a value") for t in types)
            findings.append(Finding(name, "wrong_type", f"This must be {words}.", f"Send {words}.", given=value))
        elif isinstance(value, str) and (bad := unstorable(value)):
            findings.append(Finding(name, "characters", bad, "Take it out.", given=value))
        elif isinstance(value, str) and len(value) > 10_000:
            findings.append(
                Finding(name, "too_long", "This is too long.", "Shorten it.", given=len(value), limit=10_000)
            )
    if findings:
        raise invalid(findings)
    return {name: value for name, value in body.items() if value is not None}


_WORDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


def idempotency_key(request: Request) -> str | None:
    """The header ``Idempotency-Key``: 1 to 200 printable ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not IDEMPOTENCY_KEY.match(key):
        raise invalid(
            [
                Finding(
                    "Idempotency-Key",
                    "idempotency_key",
                    "An Idempotency-Key is 1 to 200 printable ASCII characters.",
                    "Send a fresh UUID, for instance.",
                    given=key,
                    limit=200,
                )
            ]
        )
    return key


def cursor(value: str | None, *, sort: str = "") -> str | None:
    """``after`` as an earlier page gave it, and made under this ``sort`` when the list has several."""
    read = incoming.cursor(value, sort=sort)
    if isinstance(read, Finding):
        raise invalid([read])
    return read


def id_cursor(value: str | None) -> str | None:
    """``after`` of a list whose cursors are ids."""
    if value is None or value == "":
        return None
    if not is_id(value):
        raise invalid([wrong_cursor(value)])
    return value


def etag(version: int, updated_at: str | None) -> str:
    """A post's ETag: its edit version, then when anything of it changed last.

    A condition on an edit (``If-Match``) looks at the version alone: what Treadle itself did to the post in between
    does not stand in an edit's way.
    """
    stamp = re.sub(r"\D", "", updated_at or "")
    return f'"{version}-{stamp}"'


def wanted_version(request: Request) -> int | None:
    """The edit version that ``If-Match`` asks for; ``None`` when it asks for none. -1 can match no post.

    Of a list of ETags the last edit counts: only one of them can be the post as it is, and the newest is most likely.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = [_ETAG.match(tag.strip()) for tag in given.split(",")]
    return max((int(match.group(1)) for match in found if match), default=-1)


def is_known(request: Request, tag: str) -> bool:
    """Whether ``If-None-Match`` names this ETag; weak and strong ones are the same here (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in [known.strip().removeprefix("W/") for known in given.split(",")]
