"""``/v1/accounts``: connecting an account, by a token or by a link for its owner."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from pydantic import SecretStr

from treadle.accounts import links
from treadle.accounts.pages import ConnectPage
from treadle.accounts.tokens import Unknown
from treadle.domain.answers import Missing
from treadle.domain.refusal import Refusal
from treadle.http import bodies, examples, reading
from treadle.http.accounts import EXAMPLE, refused, unknown
from treadle.http.caller import CurrentApp, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query
from treadle.http.problems import not_found
from treadle.services import connecting as services
from treadle.services.connecting import AccountConnected, LinkOut
from treadle.services.context import App

router = APIRouter(prefix="/v1/accounts", tags=["Accounts"], dependencies=[Depends(known_query)])


@router.post(
    "",
    status_code=201,
    summary="Connect with a token",
    response_model=AccountConnected,
    response_model_exclude_unset=True,
    responses={
        **good(201, "Connected.", EXAMPLE, "Location"),
        **problems("threads_refused@409", "threads_refused", *BODY),
    },
    openapi_extra=takes(bodies.AccountIn, {"token": "THAA..."}),
)
async def add_account(request: Request, response: Response, caller: Writer, app: CurrentApp) -> AccountConnected:
    """For a token from Meta's dashboard; a long-lived one is recognized. The token is stored encrypted and never shown
    again. Posts that waited for this account are published automatically."""
    token = (await reading.take(request, bodies.AccountIn)).token
    made = await services.by_token(app, caller.workspace_id, SecretStr(token), actor=caller.key_id)
    match made:
        case Unknown():
            raise unknown(made.diagnosis)
        case ConnectPage():
            raise refused(made)
        case Missing(what):
            raise not_found(what)
    response.headers["Location"] = f"/v1/accounts/{made.id}"
    return made


@router.post(
    "/connect",
    status_code=201,
    summary="A link for somebody to connect their account",
    response_model=LinkOut,
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
async def connect(request: Request, caller: Writer, app: CurrentApp) -> LinkOut:
    """Send the person to `url`: they see who asks for what, agree in Meta's window, and come back to `return_url`,
    which must lie under one of the workspace's `return_addresses`. Good for one connection."""
    return await _link(request, caller.workspace_id, caller.key_id, app, None)


@router.post(
    "/{account_id}/reconnect",
    status_code=201,
    summary="Reconnect an account",
    response_model=LinkOut,
    responses={
        **good(201, "A link for its owner, as from /connect, that no other profile can use.", None),
        **problems(404, *BODY),
    },
    openapi_extra=takes(bodies.ConnectIn, {}, required=False),
)
async def reconnect_account(request: Request, account_id: str, caller: Writer, app: CurrentApp) -> LinkOut:
    """What reconnecting will send is known beforehand: `reconnect_would` of the account."""
    id_ = reading.an_id(account_id, "account")
    return await _link(request, caller.workspace_id, caller.key_id, app, id_)


async def _link(request: Request, workspace_id: str, actor: str, app: App, account_id: str | None) -> LinkOut:
    wanted = await reading.take(request, bodies.ConnectIn, optional=True)
    made = await app.db.run(
        lambda conn: services.create_link(
            conn,
            app,
            workspace_id,
            actor=actor,
            account_id=account_id,
            return_url=wanted.return_url,
            scopes=wanted.scopes,
            life_s=links.LIFE_S if wanted.expires_in_s is None else wanted.expires_in_s,
        )
    )
    if isinstance(made, Refusal):
        raise refused(made)
    return made
