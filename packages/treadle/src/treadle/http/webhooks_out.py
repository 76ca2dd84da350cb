"""``/v1/webhooks``: where this workspace wants to be told, and what was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from treadle.domain.findings import Finding
from treadle.domain.refusal import Refusal
from treadle.http import answers, bodies, examples, reading
from treadle.http.caller import Admin, House, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import After, Limit, known_query, page
from treadle.http.problems import Problem, invalid, not_found
from treadle.notify import webhooks
from treadle.services.read import iso

router = APIRouter(prefix="/v1/webhooks", tags=["Webhooks"], dependencies=[Depends(known_query)])


class WebhookIn(bodies.Closed):
    url: str = Field(description="An https address. It must lead to a public one.")
    types: list[str] = Field(default_factory=list, description="Names of events; empty for all.")


class WebhookPatch(bodies.Closed):
    url: str | None = None
    types: list[str] | None = None
    paused: bool | None = Field(None, description="false starts a paused one again; what was kept for it goes out.")


EXAMPLE = {
    "id": "whk_06fkx1w4n0a1b2c3d4e5f6g7h8",
    "url": "https://app.example/treadle",
    "types": ["post.published", "post.failed"],
    "state": "active",
    "failing_since": None,
    "created_at": examples.TIME,
}
DELIVERY = {
    "id": "dlv_06fkx1w4n0a1b2c3d4e5f6g7h8",
    "type": "post.published",
    "state": "delivered",
    "attempts": 1,
    "next_at": None,
    "created_at": examples.TIME,
    "delivered_at": examples.TIME,
    "history": [{"at": examples.TIME, "status": 204, "took_s": 0.12, "answer": "", "error": None}],
}


def hook_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """``state``: ``active``, ``paused`` (by somebody here), ``failing`` (paused after two days of failing)."""
    return {
        "id": row["id"],
        "url": row["url"],
        "types": row["types"],
        "state": row["state"],
        "failing_since": iso(row["failing_since"]),
        "two_secrets": row["secret_previous_enc"] is not None,
        "created_at": iso(row["created_at"]),
    }


def delivery_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """``state``: ``due``, ``delivered``, ``given_up``."""
    return {
        "id": row["id"],
        "webhook_id": row["webhook_id"],
        "type": row["type"],
        "state": row["state"],
        "attempts": row["attempts"],
        "next_at": iso(row["next_at"]),
        "created_at": iso(row["created_at"]),
        "delivered_at": iso(row["delivered_at"]),
        "history": [{**entry, "at": iso(entry.get("at"))} for entry in row["history"] or []],
        "payload": row["payload"],
    }


def _checked(types: Any) -> None:
    if types is not None and any(not isinstance(name, str) for name in types):
        raise invalid([Finding("types", "wrong_type", "Names of events are words.", "Send a list of words.")])


def _no(answer: Refusal) -> Problem:
    if answer.status == 404:
        return not_found("webhook")
    if answer.status == 409:
        return Problem("in_use", answer.detail, title=answer.title)
    return invalid([Finding(answer.field or "", "refused", f"{answer.title}.", answer.detail)])


@router.get(
    "",
    summary="List webhooks",
    response_model=answers.Open,
    responses={**good(200, "Never their secrets.", {"data": [EXAMPLE]}), **problems()},
)
async def list_webhooks(caller: Reader, app: House) -> Response:
    rows = await app.db.query(webhooks.listing, caller.workspace_id)
    return JSONResponse({"data": [hook_json(row) for row in rows]})


@router.post(
    "",
    status_code=201,
    summary="Be told",
    response_model=answers.Open,
    responses={
        **good(201, "'secret' is shown this once.", {**EXAMPLE, "secret": "whsec_..."}, "Location"),
        **problems(409, *BODY),
    },
    openapi_extra=takes(WebhookIn, {"url": "https://app.example/treadle", "types": ["post.published"]}),
)
async def create_webhook(request: Request, caller: Admin, app: House) -> Response:
    """Deliveries follow Standard Webhooks: verify `webhook-signature` with the secret, and take the same `webhook-id`
    once. What is not answered with 2xx is sent again for two days, with growing gaps."""
    body = reading.only(reading.mapping(await reading.read_json(request)), {"url": str, "types": list})
    if not body.get("url"):
        raise invalid([Finding("url", "required", "The address is missing.", "Send an https address.")])
    _checked(body.get("types"))

    def work(conn: sa.Connection) -> Refusal | dict[str, Any]:
        made = webhooks.create(
            conn,
            app.vault,
            caller.workspace_id,
            url=body["url"],
            types=body.get("types") or (),
            actor=caller.key_id,
            now=app.now(),
            allow_http=app.settings.allow_private_media_hosts,
        )
        if isinstance(made, Refusal):
            return made
        row = webhooks.find(conn, caller.workspace_id, made.id)
        assert row is not None
        return {**hook_json(row), "secret": made.secret}

    made = await app.db.run(work)
    if isinstance(made, Refusal):
        raise _no(made)
    return JSONResponse(made, 201, {"Location": f"/v1/webhooks/{made['id']}"})


@router.get(
    "/events",
    summary="What can be told",
    response_model=answers.Open,
    responses={**good(200, "Names and meanings.", {"data": [{"type": "post.held", "meaning": "..."}]}), **problems()},
)
async def list_events(caller: Reader) -> Response:
    return JSONResponse({"data": [{"type": name, "meaning": words} for name, words in webhooks.EVENTS.items()]})


@router.get(
    "/{webhook_id}",
    summary="Read a webhook",
    response_model=answers.Open,
    responses={**good(200, "As it is.", EXAMPLE), **problems(404)},
)
async def read_webhook(webhook_id: str, caller: Reader, app: House) -> Response:
    row = await app.db.query(webhooks.find, caller.workspace_id, reading.an_id(webhook_id, "webhook"))
    if row is None:
        raise not_found("webhook")
    return JSONResponse(hook_json(row))


@router.patch(
    "/{webhook_id}",
    summary="Change, pause or start a webhook",
    response_model=answers.Open,
    responses={**good(200, "As it is now.", EXAMPLE), **problems(404, *BODY)},
    openapi_extra=takes(WebhookPatch, {"paused": False}),
)
async def change_webhook(request: Request, webhook_id: str, caller: Admin, app: House) -> Response:
    id_ = reading.an_id(webhook_id, "webhook")
    body = reading.only(reading.mapping(await reading.read_json(request)), {"url": str, "types": list, "paused": bool})
    _checked(body.get("types"))

    def work(conn: sa.Connection) -> Refusal | dict[str, Any]:
        return webhooks.change(
            conn,
            caller.workspace_id,
            id_,
            actor=caller.key_id,
            now=app.now(),
            url=body.get("url"),
            types=body.get("types"),
            paused=body.get("paused"),
            allow_http=app.settings.allow_private_media_hosts,
        )

    row = await app.db.run(work)
    if isinstance(row, Refusal):
        raise _no(row)
    return JSONResponse(hook_json(row))


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Remove a webhook",
    responses={204: {"description": "Nothing more is sent there, also not what waited."}, **problems(404)},
)
async def remove_webhook(webhook_id: str, caller: Admin, app: House) -> Response:
    id_ = reading.an_id(webhook_id, "webhook")
    done = await app.db.run(
        lambda conn: webhooks.remove(conn, caller.workspace_id, id_, actor=caller.key_id, now=app.now())
    )
    if not done:
        raise not_found("webhook")
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/secret",
    status_code=201,
    summary="Make a new secret",
    response_model=answers.Open,
    responses={
        **good(201, "Signed with both until the next rotation.", {"id": EXAMPLE["id"], "secret": "whsec_..."}),
        **problems(404),
    },
)
async def rotate_secret(webhook_id: str, caller: Admin, app: House) -> Response:
    id_ = reading.an_id(webhook_id, "webhook")
    made = await app.db.run(
        lambda conn: webhooks.rotate(conn, app.vault, caller.workspace_id, id_, actor=caller.key_id, now=app.now())
    )
    if isinstance(made, Refusal):
        raise _no(made)
    return JSONResponse({"id": made.id, "secret": made.secret}, 201)


@router.post(
    "/{webhook_id}/ping",
    status_code=202,
    summary="Send a test",
    response_model=answers.Open,
    responses={**good(202, "Queued; look at its delivery.", {"delivery_id": DELIVERY["id"]}), **problems(404)},
)
async def ping_webhook(webhook_id: str, caller: Admin, app: House) -> Response:
    id_ = reading.an_id(webhook_id, "webhook")
    made = await app.db.run(lambda conn: webhooks.ping(conn, caller.workspace_id, id_, now=app.now()))
    if isinstance(made, Refusal):
        raise _no(made)
    return JSONResponse({"delivery_id": made}, 202)


@router.get(
    "/{webhook_id}/deliveries",
    summary="What was sent, and what came back",
    response_model=answers.Open,
    responses={**good(200, "Newest first.", {"data": [DELIVERY], "next": None}, "Link"), **problems(404)},
)
async def list_deliveries(
    request: Request, webhook_id: str, caller: Reader, app: House, limit: Limit = 50, after: After = None
) -> Response:
    id_, before = reading.an_id(webhook_id, "webhook"), reading.id_cursor(after)

    def work(conn: sa.Connection) -> list[dict[str, Any]] | None:
        if webhooks.find(conn, caller.workspace_id, id_) is None:
            return None
        return webhooks.deliveries(conn, caller.workspace_id, id_, limit=limit + 1, before=before)

    rows = await app.db.query(work)
    if rows is None:
        raise not_found("webhook")
    following = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return page(request, [delivery_json(row) for row in rows[:limit]], following)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    summary="Send one again",
    response_model=answers.Open,
    responses={**good(202, "Queued, with its id as before.", {"delivery_id": DELIVERY["id"]}), **problems(404)},
)
async def redeliver(webhook_id: str, delivery_id: str, caller: Admin, app: House) -> Response:
    hook, one = reading.an_id(webhook_id, "webhook"), reading.an_id(delivery_id, "delivery")
    done = await app.db.run(
        lambda conn: webhooks.redeliver(conn, caller.workspace_id, hook, one, actor=caller.key_id, now=app.now())
    )
    if not done:
        raise not_found("delivery")
    return JSONResponse({"delivery_id": one}, 202)
