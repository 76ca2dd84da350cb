"""Forms that strangers and Meta send to addresses without a log-in: small, and refused rather than failed on."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from treadle.http.problems import Problem

MOST_FIELDS = 20


async def read_body(request: Request, limit: int, too_long: str = "") -> bytes:
    """The raw body, capped while it arrives."""
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > limit:
            raise Problem("too_large", too_long or f"Nothing that is sent here is larger than {limit} bytes.")
    return bytes(whole)


async def read_fields(request: Request, *, limit: int, too_long: str = "") -> dict[str, str]:
    """The fields of a URL-encoded form; of several with one name, the first."""
    body = (await read_body(request, limit, too_long)).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem("too_large", f"No form here has more than {MOST_FIELDS} fields.") from None
    return dict(reversed(pairs))
