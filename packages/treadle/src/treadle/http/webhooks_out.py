"""``/v1/webhooks``: where this workspace's events are sent, and what was sent."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from treadle.domain.answers import Missing
from treadle.domain.refusal import Refusal
from treadle.http import examples, reading
from treadle.http.bodies import WebhookIn, WebhookPatch
from treadle.http.caller import Admin, CurrentApp, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import After, Limit, known_query, link
from treadle.http.problems import Problem, invalid, not_found
from treadle.services import webhooks as services
from treadle.services.webhooks import (
    DeliveryPage,
    DeliveryQueued,
    EventKindsOut,
    SecretOut,
    WebhookMade,
    WebhookOut,
    WebhooksOut,
)

router = APIRouter(prefix="/v1/webhooks", tags=["Webhooks"], dependencies=[Depends(known_query)])


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


def _no(answer: Refusal) -> Problem:
    if answer.status == 404:
        return not_found("webhook")
    if answer.status == 409:
        return Problem("in_use", f"{answer.title}. {answer.detail}")
    return invalid([answer.finding()])


@router.get(
    "",
    summary="List webhooks",
    response_model=WebhooksOut,
    responses={**good(200, "Never their secrets.", {"data": [EXAMPLE]}), **problems()},
)
async def list_webhooks(caller: Reader, app: CurrentApp) -> WebhooksOut:
    """At most 20. Secrets are never among them."""
    return await app.db.query(services.listing, caller.workspace_id)


@router.post(
    "",
    status_code=201,
    summary="Create a webhook",
    response_model=WebhookMade,
    responses={
        **good(201, "'secret' is shown this once.", {**EXAMPLE, "secret": "whsec_..."}, "Location"),
        **problems("in_use", *BODY),
    },
    openapi_extra=takes(WebhookIn, {"url": "https://app.example/treadle", "types": ["post.published"]}),
)
async def create_webhook(request: Request, response: Response, caller: Admin, app: CurrentApp) -> WebhookMade:
    """Deliveries follow Standard Webhooks: verify `webhook-signature` with the secret, and take the same `webhook-id`
    once. What is not answered with 2xx is sent again for two days, with growing gaps."""
    wanted = await reading.take(request, WebhookIn)
    made = await app.db.run(
        lambda conn: services.create(
            conn, app, caller.workspace_id, url=wanted.url, types=wanted.types or (), actor=caller.key_id
        )
    )
    if isinstance(made, Refusal):
        raise _no(made)
    response.headers["Location"] = f"/v1/webhooks/{made.id}"
    return made


@router.get(
    "/events",
    summary="List the events that can be sent",
    response_model=EventKindsOut,
    responses={**good(200, "Names and meanings.", {"data": [{"type": "post.held", "meaning": "..."}]}), **problems()},
)
async def list_events(caller: Reader) -> EventKindsOut:
    """Their payloads are under `webhooks` of this document."""
    return services.event_kinds()


@router.get(
    "/{webhook_id}",
    summary="Read a webhook",
    response_model=WebhookOut,
    responses={**good(200, "As it is.", EXAMPLE), **problems(404)},
)
async def read_webhook(webhook_id: str, caller: Reader, app: CurrentApp) -> WebhookOut:
    """Its address, which events it takes, and whether deliveries arrive."""
    found = await app.db.query(services.read, caller.workspace_id, reading.an_id(webhook_id, "webhook"))
    if isinstance(found, Missing):
        raise not_found(found.what)
    return found


@router.patch(
    "/{webhook_id}",
    summary="Change, pause or start a webhook",
    response_model=WebhookOut,
    responses={**good(200, "As it is now.", EXAMPLE), **problems(404, *BODY)},
    openapi_extra=takes(WebhookPatch, {"paused": False}),
)
async def change_webhook(request: Request, webhook_id: str, caller: Admin, app: CurrentApp) -> WebhookOut:
    """Fields left out stay. `paused: false` starts one again: what was kept for it is sent."""
    id_ = reading.an_id(webhook_id, "webhook")
    wanted = await reading.take(request, WebhookPatch)
    made = await app.db.run(
        lambda conn: services.change(
            conn,
            app,
            caller.workspace_id,
            id_,
            actor=caller.key_id,
            url=wanted.url,
            types=wanted.types,
            paused=wanted.paused,
        )
    )
    if isinstance(made, Refusal):
        raise _no(made)
    return made


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Remove a webhook",
    responses={204: {"description": "Nothing more is sent there, also not what waited."}, **problems(404)},
)
async def remove_webhook(webhook_id: str, caller: Admin, app: CurrentApp) -> Response:
    """Deliveries that wait for it are dropped."""
    id_ = reading.an_id(webhook_id, "webhook")
    done = await app.db.run(lambda conn: services.remove(conn, app, caller.workspace_id, id_, actor=caller.key_id))
    if not done:
        raise not_found("webhook")
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/secret",
    status_code=201,
    summary="Make a new secret",
    response_model=SecretOut,
    responses={
        **good(201, "Signed with both until the next rotation.", {"id": EXAMPLE["id"], "secret": "whsec_..."}),
        **problems(404),
    },
)
async def rotate_secret(webhook_id: str, caller: Admin, app: CurrentApp) -> SecretOut:
    """Deliveries carry a signature with each of both, so that receivers can change over without a gap."""
    id_ = reading.an_id(webhook_id, "webhook")
    made = await app.db.run(
        lambda conn: services.rotate_secret(conn, app, caller.workspace_id, id_, actor=caller.key_id)
    )
    if isinstance(made, Refusal):
        raise _no(made)
    return made


@router.post(
    "/{webhook_id}/ping",
    status_code=202,
    summary="Send a test",
    response_model=DeliveryQueued,
    responses={**good(202, "Queued; look at its delivery.", {"delivery_id": DELIVERY["id"]}), **problems(404)},
)
async def ping_webhook(webhook_id: str, caller: Admin, app: CurrentApp) -> DeliveryQueued:
    """Sends an event `webhook.ping` that says nothing else, signed as every delivery is."""
    id_ = reading.an_id(webhook_id, "webhook")
    made = await app.db.run(lambda conn: services.ping(conn, app, caller.workspace_id, id_))
    if isinstance(made, Refusal):
        raise _no(made)
    return made


@router.get(
    "/{webhook_id}/deliveries",
    summary="What was sent, and what came back",
    response_model=DeliveryPage,
    response_model_exclude_unset=True,
    responses={**good(200, "Newest first.", {"data": [DELIVERY], "next": None}, "Link"), **problems(404)},
)
async def list_deliveries(
    request: Request,
    response: Response,
    webhook_id: str,
    caller: Reader,
    app: CurrentApp,
    limit: Limit = 50,
    after: After = None,
) -> DeliveryPage:
    """Each with its tries: when, what was answered, how long it took. Kept for 14 days."""
    id_, before = reading.an_id(webhook_id, "webhook"), reading.id_cursor(after)
    found = await app.db.query(services.deliveries, caller.workspace_id, id_, limit=limit, before=before)
    if isinstance(found, Missing):
        raise not_found(found.what)
    if found.next is not None:
        response.headers["Link"] = link(request, found.next)
    return found


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    summary="Send one again",
    response_model=DeliveryQueued,
    responses={**good(202, "Queued, with its id as before.", {"delivery_id": DELIVERY["id"]}), **problems(404)},
)
async def redeliver(webhook_id: str, delivery_id: str, caller: Admin, app: CurrentApp) -> DeliveryQueued:
    """The same body under the same `webhook-id`: a receiver that has it already can leave it."""
    hook, one = reading.an_id(webhook_id, "webhook"), reading.an_id(delivery_id, "delivery")
    done = await app.db.run(
        lambda conn: services.redeliver(conn, app, caller.workspace_id, hook, one, actor=caller.key_id)
    )
    if isinstance(done, Missing):
        raise not_found(done.what)
    return done
