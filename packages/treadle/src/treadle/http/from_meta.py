"""What Meta calls: ``/threads/deauthorize``, ``/threads/delete-data`` and its status, ``/threads/webhook``.

None of these takes a key: each request is signed with the app's secret.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from treadle.accounts import from_meta
from treadle.accounts.from_meta import BODY_MOST, Signed
from treadle.accounts.service import Accounts
from treadle.domain.refusal import Refusal
from treadle.domain.times import iso
from treadle.http import forms
from treadle.http.caller import CurrentApp
from treadle.http.problems import Problem
from treadle.http.templating import render
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.store import Connection
from treadle_threads import ThreadsClient

T = TypeVar("T")
router = APIRouter(prefix="/threads", tags=["From Meta"], include_in_schema=False)


def _no(answer: Refusal) -> Problem:
    code = {413: "too_large", 503: "unavailable"}.get(answer.status, "invalid_request")
    return Problem(code, f"{answer.title}. {answer.detail}", status=answer.status)


async def _signed(request: Request, app: App) -> Signed:
    secret = app.settings.threads_app_secret
    if not secret.get_secret_value():
        raise _no(Refusal("No app is set", "Without an app's secret nothing signed can be verified.", 503))
    fields = await forms.read_fields(request, limit=BODY_MOST)
    signed = from_meta.read_signed_request(fields.get("signed_request", ""), secret)
    if isinstance(signed, Refusal):
        raise _no(signed)
    return signed


async def _within(app: App, work: Callable[[Connection, Accounts], T]) -> T:
    """``work`` in a transaction. None of this calls Threads, so the client is never opened."""
    client = ThreadsClient(base_url=app.settings.threads_api_url, timeout_s=app.settings.threads_timeout)
    return await app.db.run(work, app.accounts(client))


class Taken(ApiModel):
    """What Meta's call is answered with; ``new``: it was not known already."""

    ok: bool = True
    new: bool | None = None


class DeletionBegun(ApiModel):
    """The address where a person sees how far the deletion of their data is, and its code."""

    url: str
    confirmation_code: str


@router.post("/deauthorize", response_model_exclude_unset=True)
async def deauthorize(request: Request, app: CurrentApp) -> Taken:
    """A person removed the app at Threads."""
    signed = await _signed(request, app)
    await _within(app, lambda conn, service: from_meta.deauthorize(conn, service, signed))
    return Taken(ok=True)


@router.post("/delete-data")
async def delete_data(request: Request, app: CurrentApp) -> DeletionBegun:
    """A person wants their data deleted; Meta shows them the answer's address."""
    signed = await _signed(request, app)
    done = await _within(app, lambda conn, service: from_meta.delete_data(conn, service, signed))
    return DeletionBegun(url=done.url, confirmation_code=done.code)


@router.get("/delete-data/{code}")
async def deletion(code: str, app: CurrentApp) -> Response:
    """The status page of one deletion. It names nobody."""
    found = await app.db.query(from_meta.deletion_status, code) if len(code) <= 64 else None
    if found is None:
        text, status = "There is no deletion request with this code here.", 404
    elif found["state"] == "done":
        text, status = f"The data from Threads about this person was deleted on {iso(found['done_at'])}.", 200
    else:
        text, status = f"The deletion was requested on {iso(found['requested_at'])} and is in progress.", 200
    headers = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(render("deletion.html", text=text), status, headers)


@router.get("/webhook")
async def handshake(request: Request, app: CurrentApp) -> Response:
    """Meta sets the webhook up: the challenge goes back."""
    secret = app.settings.threads_app_secret
    if not secret.get_secret_value():
        raise _no(Refusal("No app is set", "Without an app's secret there is no verify token.", 503))
    answer = from_meta.handshake(dict(request.query_params), secret)
    if isinstance(answer, Refusal):
        raise _no(answer)
    return PlainTextResponse(answer[:1000], headers={"X-Content-Type-Options": "nosniff"})


@router.post("/webhook")
async def webhook(request: Request, app: CurrentApp) -> Taken:
    """One delivery. A replay is answered like the first, and changes nothing."""
    body = await forms.read_body(request, BODY_MOST)
    header = request.headers.get("x-hub-signature-256")
    answer = await _within(app, lambda conn, service: from_meta.receive(conn, service, body, header))
    if isinstance(answer, Refusal):
        raise _no(answer)
    return Taken(ok=True, new=answer)
