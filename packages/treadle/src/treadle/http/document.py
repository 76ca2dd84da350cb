"""What the OpenAPI document says: problems, request bodies, headers and examples of each route, in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from treadle import __version__
from treadle.domain.findings import finding
from treadle.http import completing, examples, operations, repeated
from treadle.http.problems import PROBLEM_JSON
from treadle.services.events import ChangeOut
from treadle.services.export import ROWS, ExportLine
from treadle.services.refusals import KINDS, ProblemDetails, ProblemOut, invalid_details
from treadle.services.webhooks import EVENT_DATA, EVENTS, WebhookPayload

_bodies: dict[str, type[BaseModel]] = {}
_REF = "#/components/schemas/"
_HEADERS: Mapping[str, str] = {
    "Location": "The address of what was made.",
    "ETag": "Its edit version; send it back as If-Match with an edit.",
    "Idempotency-Replayed": "'true' when an earlier request with this key made it.",
    "Link": "The next page, rel=next.",
}
_MEANINGS: Mapping[int, str] = {
    400: "The body is not JSON.",
    401: "No key, or a wrong one.",
    403: "The key has too small a scope.",
    404: "Not in this workspace.",
    409: "Not possible in its present state; 'code' says why.",
    412: "Changed since it was read.",
    413: "Too large.",
    415: "Not a kind of body that is read here.",
    422: "Something in the request is wrong; 'findings' names everything at once.",
    429: "Too many at once; Retry-After says how long to wait.",
    500: "A fault of this server.",
    424: "Threads did not do it; 'cause' says why.",
    503: "Not available right now.",
}


# Codes of refusals that any route can give, by their status; of other statuses a route names the codes it gives.
_ANYWHERE = frozenset(
    {"bad_json", "invalid_request", "too_large", "unsupported_media_type", "not_found", "key_missing", "key_wrong"}
    | {"scope_too_small", "changed_meanwhile", "too_many_requests", "unavailable", "internal"}
)


def problems(*wanted: int | str) -> dict[int | str, dict[str, Any]]:
    """The problems a route can answer: statuses, and codes beside those that any route gives.

    401, 403, 422, 429, 500 and 503 are always among them. ``code@status``: a code with a status that is not its own."""
    named = [one.partition("@") for one in wanted if isinstance(one, str)]
    own = {code: int(status) if status else KINDS[code].status for code, _, status in named}
    statuses = {401, 403, 422, 429, 500, 503, *own.values(), *(one for one in wanted if isinstance(one, int))}
    made: dict[int | str, dict[str, Any]] = {}
    for status in sorted(statuses):
        codes = [c for c, kind in KINDS.items() if own.get(c, kind.status if c in _ANYWHERE else 0) == status]
        made[status] = problem_answer(status, codes)
    return made


def problem_answer(status: int, codes: Sequence[str]) -> dict[str, Any]:
    """An answer that says no in one of these ways."""
    meant = {c: {"title": KINDS[c].title, "x-retryable": KINDS[c].retryable, "x-who": KINDS[c].who} for c in codes}
    content = {"schema": {"$ref": f"{_REF}ProblemOut"}, "example": _example(status, codes[0])}
    return {"description": _MEANINGS[status], "x-codes": meant, "content": {PROBLEM_JSON: content}}


BODY = (400, 413, 415)


def good(
    status: int,
    words: str,
    example: Any = None,
    *headers: str,
    model: type[BaseModel] | None = None,
    also: Mapping[int | str, dict[str, Any]] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """One good answer, with an example and the headers it carries; ``also`` are further answers."""
    answer: dict[str, Any] = {"description": words}
    if model is not None:
        answer["model"] = model
    if example is not None:
        answer["content"] = {"application/json": {"example": example}}
    if headers:
        answer["headers"] = {h: {"description": _HEADERS[h], "schema": {"type": "string"}} for h in headers}
    return {status: answer, **(also or {})}


def takes(
    model: type[BaseModel],
    example: Any = None,
    *,
    required: bool = True,
    anything: bool = False,
    refers: Sequence[type[BaseModel]] = (),
    more: Mapping[str, Any] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """The request body of a route that reads it itself; ``extra`` are further entries of the operation.

    ``anything``: the route takes other JSON too, and says what is wrong with it in a good answer. ``refers``: models
    of what the body holds and the route reads later."""
    _bodies.update({one.__name__: one for one in (model, *refers)})
    content: dict[str, Any] = {"schema": {"$ref": _REF + model.__name__}}
    if anything:
        content["schema"] = {
            "anyOf": [content["schema"], {"description": "Anything else: the answer says what it is."}]
        }
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": required, "content": {"application/json": content, **(more or {})}}, **extra}


def header(name: str, words: str, example: str) -> dict[str, Any]:
    """A request header, as an OpenAPI parameter."""
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[\x21-\x7e][\x20-\x7e]*$"}
    return {"name": name, "in": "header", "required": False, "description": words, "schema": schema, "example": example}


IDEMPOTENCY = header(
    "Idempotency-Key",
    "The same key with the same body answers the post that the first request made (200), for 30 days; with another "
    "body it is refused (409).",
    "9f0d2c1e-6a54-4b0e-8f1d-0a4f6f9a7d11",
)
REPEATED = header(
    "Idempotency-Key",
    "The same key with the same body is answered with the first answer, for a day; with another body it is refused "
    "(409). Nothing is done twice.",
    "9f0d2c1e-6a54-4b0e-8f1d-0a4f6f9a7d11",
)
IF_MATCH = header("If-Match", "The post's ETag as it was read; without it the edit is made in any case.", '"1"')


def install(api: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make ``/openapi.json`` name request bodies and problems that routes read and write themselves.

    ``routers``: those of the application, which keeps them whole."""

    def document() -> dict[str, Any]:
        if api.openapi_schema is None:
            made = get_openapi(
                title="Treadle",
                version=__version__,
                summary="Publishes to Threads exactly once, and says what went wrong when it cannot.",
                description=_INTRODUCTION,
                routes=api.routes,
                tags=_TAGS,
                servers=[_SERVER],
                contact={"name": "Whoever runs this server"},
                license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
            )
            for path, item in made["paths"].items():
                for method, operation in item.items():
                    operation["operationId"] = operations.name(method, path)
                    if repeated.heeds(method.upper(), path):
                        _offer_key(operation)
            components = made.setdefault("components", {}).setdefault("schemas", {})
            wanted = [(model, "validation") for model in _bodies.values()]
            written: list[type[BaseModel]] = [
                ProblemOut,
                ChangeOut,
                ExportLine,
                WebhookPayload,
                *EVENT_DATA.values(),
                *ROWS.values(),
            ]
            wanted += [(model, "serialization") for model in written]
            _, extra = models_json_schema(wanted, ref_template=_REF + "{model}")  # type: ignore[arg-type]
            for name, schema in extra.get("$defs", {}).items():
                components.setdefault(name, schema)
            components["ExportLine"]["properties"]["data"]["anyOf"] += [
                {"$ref": _REF + m.__name__} for m in ROWS.values()
            ]
            made["webhooks"] = {name: {"post": _webhook(name, about)} for name, about in EVENTS.items()}
            for unused in ("HTTPValidationError", "ValidationError"):
                components.pop(unused, None)
            completing.complete(made, _given_examples(routers))
            api.openapi_schema = made
        return api.openapi_schema

    api.openapi = document  # type: ignore[method-assign]


def _offer_key(operation: dict[str, Any]) -> None:
    """Name what every POST takes and answers beside its own."""
    operation.setdefault("parameters", []).append(dict(REPEATED))
    codes = ["idempotency_key_reused", "idempotency_key_busy", "idempotency_key_unfinished"]
    own = operation["responses"].get("409", {}).get("x-codes", {})
    operation["responses"]["409"] = problem_answer(409, [*own, *codes])
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            words = "'true' when it is the answer of an earlier request with this key."
            again = {"Idempotency-Replayed": {"description": words, "schema": {"type": "string"}}}
            answer["headers"] = {**answer.get("headers", {}), **again}


def _given_examples(routers: Sequence[APIRouter]) -> dict[tuple[str, str], dict[tuple[str, str], Any]]:
    """The examples of the routes: by path and method, then by status (``""``: the body) and content type."""
    found: dict[tuple[str, str], dict[tuple[str, str], Any]] = {}
    for route in (one for router in routers for one in router.routes if isinstance(one, APIRoute)):
        body = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
        answers = {str(status): answer.get("content", {}) for status, answer in route.responses.items()}
        known = {
            (status, kind): content["example"]
            for status, contents in {"": body, **answers}.items()
            for kind, content in contents.items()
            if "example" in content
        }
        found.update({(route.path_format, method.lower()): known for method in route.methods or ()})
    return found


def _example(status: int, code: str) -> dict[str, Any]:
    text = finding("text", "text_too_long", given=512, limit=500, count=512)
    details = invalid_details([text]) if code == "invalid_request" else ProblemDetails(code, status=status)
    return {**details.body("https://treadle.example", "/v1/posts"), "request_id": examples.REQUEST}


def _webhook(name: str, about: str) -> dict[str, Any]:
    """What is sent to a webhook when this happens."""
    data = EVENT_DATA[name.partition(".")[0]].__name__
    schema = {
        "allOf": [
            {"$ref": f"{_REF}WebhookPayload"},
            {"type": "object", "properties": {"type": {"const": name}, "data": {"$ref": _REF + data}}},
        ]
    }
    subject = examples.event_data(name)
    at = "2026-12-01T09:00:04.512Z"
    first_id = next(iter(subject.values()))
    example = {"type": name, "timestamp": at, "data": subject, "id": 17, "subject": first_id, "at": at}
    return {
        "operationId": f"webhook.{name}",
        "summary": name,
        "description": f"{about} POSTed to the address of every webhook that takes the event, signed after Standard "
        "Webhooks (headers webhook-id, webhook-timestamp, webhook-signature).",
        "tags": ["Webhooks"],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}},
        "responses": {"200": {"description": "Any 2xx: it was taken. Anything else is tried again for two days."}},
    }


_INTRODUCTION = """
Send `Authorization: Bearer <key>` with every request below `/v1`. A key belongs to one workspace and has a scope:
`read`, `write` (includes read) or `admin` (includes both). What belongs to another workspace is not found (404).

Lists come in pages: `next` of an answer is the `after` of the next request. Times are ISO 8601 in UTC. Refusals are
problem documents (RFC 9457): `type` is the address of a page that explains it, `code` is stable, and `findings` names
every field that is wrong, at once.

Every POST takes an `Idempotency-Key`: send the same request again with the same key after a lost answer, and nothing is
done twice. Posts keep their keys for 30 days and answer with the post as it is now; all others keep their first answer
for a day and give it again. What was refused is not kept. `POST /v1/preflight` and `POST /v1/diagnose` store nothing:
they are idempotent by nature, and the header is ignored there.

An event has one shape in the stream, in `GET /v1/events/{event_id}` and in webhooks: `id`, `type`, `subject`, `at`,
`timestamp`, `data`.

Fields may be added to answers at any time; none is removed or changes its meaning
within v1.
"""

_SERVER = {
    "url": "{server}",
    "description": "The server that you or your operator runs.",
    "variables": {"server": {"default": "http://127.0.0.1:8700", "description": "Its TREADLE_PUBLIC_URL."}},
}
_TAGS = [
    {"name": "Posts", "description": "What is to be published, and what became of it."},
    {"name": "Media", "description": "Files for posts."},
    {"name": "Accounts", "description": "Threads profiles this workspace publishes to."},
    {"name": "Queue", "description": "Times of the week at which an account publishes."},
    {"name": "Events", "description": "What changes, as it changes, and again later."},
    {"name": "Causes", "description": "What holds posts back, and what errors mean."},
    {"name": "Webhooks", "description": "Events sent to an address of yours."},
    {"name": "Workspace", "description": "Keys, export, and the tenant itself."},
    {"name": "Operating", "description": "For whoever runs the server."},
]
