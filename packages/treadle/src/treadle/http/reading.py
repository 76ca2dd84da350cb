"""Reading what clients send: JSON bodies within limits, ids, headers, cursors. What is wrong is a :class:`Problem`."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

from fastapi import Path as PathParam
from fastapi import Request

from treadle.domain import incoming, shapes
from treadle.domain.collecting import kind_of
from treadle.domain.findings import Finding, finding
from treadle.domain.incoming import IDEMPOTENCY_KEY_CHARS, is_id, is_idempotency_key, wrong_cursor
from treadle.http.problems import Problem, invalid, not_found
from treadle.media.hosting import MAX_BYTES

JSON_LIMIT = 1_048_576  # bytes of a JSON body; a post with everything Threads allows is far below 100 KiB
BULK_LIMIT = 8 * JSON_LIMIT
UPLOAD_LIMIT = MAX_BYTES + 1_048_576  # a file and what multipart puts around it
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
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
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
    """The body as JSON; an error names the place where it breaks."""
    read = incoming.parse_json(body)
    if isinstance(read, incoming.NotJson):
        raise Problem("bad_json", read.message)
    return read


S = TypeVar("S", bound=shapes.Shape)


async def take(request: Request, shape: type[S], limit: int = JSON_LIMIT, *, optional: bool = False) -> S:
    """The body as this shape; a problem names everything that is wrong with it. ``optional``: it may be left out."""
    return checked(shapes.read(shape, await read_json(request, limit, optional=optional)))


async def read_object(request: Request) -> dict[str, Any]:
    """The body as an object whose fields are read later."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise invalid(
            [finding("", "wrong_type", given=body, limit="an object", kind=kind_of(body), wanted="an object")]
        )
    return body


def checked(made: S | tuple[Finding, ...]) -> S:
    """What was read, or the problem that it could not be."""
    if isinstance(made, tuple):
        raise invalid(made)
    return made


def idempotency_key(request: Request) -> str | None:
    """The header ``Idempotency-Key``: 1 to 200 printable ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not is_idempotency_key(key):
        limit = IDEMPOTENCY_KEY_CHARS
        raise invalid([finding("Idempotency-Key", "idempotency_key", given=key, limit=limit, name="Idempotency-Key")])
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
