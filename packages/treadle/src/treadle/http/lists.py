"""Pages of lists, and what every query of one has in common."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response

from treadle.domain import incoming
from treadle.domain.collecting import near
from treadle.domain.findings import finding
from treadle.http import reading
from treadle.http.problems import invalid

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
After = Annotated[str | None, Query(max_length=100, description="'next' of the page before.")]
# What may stand in a query: no character a database refuses.
PLAIN = r"^[^\x00]*$"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


async def known_query(request: Request) -> None:
    """Refuse query parameters that the route does not know, and a body where none is read.

    A filter or a field that is misspelt, or sent to the wrong address, must not be ignored.
    """
    route = request.scope.get("route")
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return
    if request.method in WRITES and "requestBody" not in (getattr(route, "openapi_extra", None) or {}):
        await _no_body(request)
    known = {field.alias for field in dependant.query_params}
    findings = [
        finding(
            name[:100],
            "unknown_parameter_near" if near(name, known) else "unknown_parameter" if known else "no_parameters",
            given=request.query_params.get(name),
            name=name[:100],
            meant=near(name, known),
            known=", ".join(sorted(known)),
        )
        for name in dict.fromkeys(request.query_params.keys())
        if name not in known
    ]
    if findings:
        raise invalid(findings)


async def _no_body(request: Request) -> None:
    """Refuse anything but an empty body or an empty object."""
    body = (await reading.read_bytes(request)).strip()
    if body in (b"", b"{}", b"null"):
        return
    read = incoming.parse_json(body)
    if read == {}:
        return
    field = next(iter(read))[:100] if isinstance(read, dict) else ""
    raise invalid([finding(field, "no_body")])


def link_next(request: Request, response: Response, following: str | None) -> None:
    """A Link header to the next page, if there is one."""
    if following:
        url = request.url.include_query_params(after=following)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def link(request: Request, following: str) -> str:
    """The header ``Link`` to the page that this cursor begins."""
    url = request.url.include_query_params(after=following)
    return f'<{url.path}?{url.query}>; rel="next"'


def words(values: list[str] | None, known: frozenset[str] | None, name: str) -> tuple[str, ...]:
    """Values of a filter that may be repeated or joined by commas; all must be ``known`` when that is given."""
    given = tuple(dict.fromkeys(v.strip() for value in values or () for v in value.split(",") if v.strip()))
    wrong = [value for value in given if known is not None and value not in known]
    if wrong and known is not None:
        raise invalid(
            [
                finding(
                    name,
                    "unknown_filter_value",
                    given=value,
                    limit=sorted(known),
                    name=name.rpartition(".")[2],
                    value=value[:60],
                    known=", ".join(sorted(known)),
                )
                for value in wrong
            ]
        )
    return given


def moment(value: str | None, name: str) -> float | None:
    """A point in time of a query, epoch seconds; without an offset it is UTC."""
    if value is None or value == "":
        return None
    try:
        # A plus that was not encoded arrives as a space.
        read = datetime.fromisoformat(value.strip().replace(" ", "+") if "T" in value else value.strip())
        if read.tzinfo is None:
            read = datetime.fromisoformat(f"{read.isoformat()}+00:00")
        return read.timestamp()
    except (ValueError, OverflowError, OSError):
        raise invalid([finding(name, "not_a_moment", given=value)]) from None
