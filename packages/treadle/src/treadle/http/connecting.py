"""``/v1/accounts``: connecting an account, by a token or by a link for its owner."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from treadle.accounts import links
from treadle.accounts.connect import add_token
from treadle.accounts.pages import Page
from treadle.accounts.tokens import Unknown
from treadle.domain.findings import Finding
from treadle.domain.refusal import Refusal
from treadle.http import answers, bodies, examples, reading
from treadle.http.accounts import EXAMPLE, account_json, refused, the_account, unknown, with_accounts
from treadle.http.caller import House, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query
from treadle.http.problems import invalid
from treadle.people import audit
from treadle.services.context import App
from treadle.services.read import iso

router = APIRouter(prefix="/v1/accounts", tags=["Accounts"], dependencies=[Depends(known_query)])


@router.post(
    "",
    status_code=201,
    summary="Connect with a token",
    response_model=answers.AccountOut,
    responses={**good(201, "Connected.", EXAMPLE, "Location"), **problems(409, 424, *BODY)},
    openapi_extra=takes(bodies.AccountIn, {"token": "THAA..."}),
)
async def add_account(request: Request, caller: Writer, app: House) -> Response:
    """For a token from Meta's dashboard; a long-lived one is recognised. The token is stored encrypted and never shown
    again. Posts that waited for this account go out by themselves."""
    body = reading.only(reading.mapping(await reading.read_json(request)), {"token": str})
    token = str(body.get("token") or "")
    if not token.strip():
        raise invalid([Finding("token", "required", "The token is missing.", "Send the token from Meta's dashboard.")])
    made = await with_accounts(
        app, lambda house: add_token(house, caller.workspace_id, SecretStr(token), actor=caller.key_id)
    )
    if isinstance(made, Unknown):
        raise unknown(made.diagnosis)
    if isinstance(made, Page):
        raise refused(made)
    row = await the_account(app, caller.workspace_id, made.account_id)
    said = {"outcome": made.kind, "released": list(made.released), "missing_scopes": list(made.missing)}
    return JSONResponse({**account_json(row, app.now()), **said}, 201, {"Location": f"/v1/accounts/{made.account_id}"})


@router.post(
    "/connect",
    status_code=201,
    summary="A link for somebody to connect their account",
    response_model=answers.Open,
    responses={
        **good(
            201,
            "The link; shown this once.",
            {"id": "lnk_...", "url": "https://treadle.example/connect/...", "expires_at": examples.TIME},
        ),
        **problems(*BODY),
    },
    openapi_extra=takes(bodies.ConnectIn, {"return_url": "https://app.example/connected"}, required=False),
)
async def connect(request: Request, caller: Writer, app: House) -> Response:
    """Send the person to `url`: they see who asks for what, agree in Meta's window, and come back to `return_url`,
    which must lie under one of the workspace's `return_addresses`. Good for one connection."""
    return await _link(request, caller.workspace_id, caller.key_id, app, None)


@router.post(
    "/{account_id}/reconnect",
    status_code=201,
    summary="Connect it again",
    response_model=answers.Open,
    responses={
        **good(201, "A link for its owner, as from /connect, that no other profile can use.", None),
        **problems(404, *BODY),
    },
    openapi_extra=takes(bodies.ConnectIn, {}, required=False),
)
async def reconnect_account(request: Request, account_id: str, caller: Writer, app: House) -> Response:
    """What reconnecting will send is said beforehand: `reconnect_would` of the account."""
    id_ = reading.an_id(account_id, "account")
    return await _link(request, caller.workspace_id, caller.key_id, app, id_)


async def _link(request: Request, workspace_id: str, actor: str, app: App, account_id: str | None) -> JSONResponse:
    body = reading.only(
        reading.mapping(await reading.read_json(request, optional=True)),
        {"return_url": str, "scopes": list, "expires_in_s": (int, float)},
    )
    if any(not isinstance(scope, str) for scope in body.get("scopes", [])):
        raise invalid([Finding("scopes", "wrong_type", "Permissions are words.", "Send a list of words.")])

    def work(conn: sa.Connection) -> links.Link | Refusal:
        now = app.now()
        made = links.create(
            conn,
            app.settings,
            workspace_id,
            now=now,
            return_url=body.get("return_url"),
            account_id=account_id,
            scopes=body.get("scopes"),
            life_s=float(body.get("expires_in_s", links.LIFE_S)),
        )
        if isinstance(made, links.Link):
            audit.note(conn, workspace_id, actor, "link.created", made.id, {"account_id": account_id}, now=now)
        return made

    made = await app.db.run(work)
    if isinstance(made, Refusal):
        raise refused(made)
    return JSONResponse({"id": made.id, "url": made.url, "expires_at": iso(made.expires_at)}, 201)
