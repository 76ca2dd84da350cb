"""``/v1/accounts``: reading, pausing, rechecking, quotas, disconnecting."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from treadle.accounts.health import WORDS
from treadle.accounts.pages import ConnectPage
from treadle.domain.answers import Missing
from treadle.domain.refusal import Refusal
from treadle.http import bodies, examples, reading
from treadle.http.caller import CurrentApp, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query
from treadle.http.problems import Problem, invalid, not_found
from treadle.services import accounts as services
from treadle.services.accounts import AccountChecked, AccountOut, AccountRead, AccountsOut, QuotaOut
from treadle_diagnosis.types import Diagnosis

router = APIRouter(prefix="/v1/accounts", tags=["Accounts"], dependencies=[Depends(known_query)])
EXAMPLE = {
    "id": examples.ACCOUNT,
    "threads_user_id": "17841400000000001",
    "username": "ada",
    "name": "Ada",
    "health": "active",
    "health_words": WORDS["active"],
    "health_cause": None,
    "scopes": ["threads_basic", "threads_content_publish"],
    "scopes_confirmed": True,
    "token_expires_at": "2027-01-20T10:00:00.000Z",
    "token_expiry_assumed": False,
    "token_days_left": 59.0,
    "paused": False,
    "connected": True,
    "created_at": examples.TIME,
}


def refused(answer: Refusal | ConnectPage) -> Problem:
    if answer.status == 404:
        return not_found("account")
    if isinstance(answer, ConnectPage):
        detail = " ".join([answer.happened, *answer.todo])
        # Only what the catalogue knows has a page in the guide; names such as different_profile are the API's own.
        pattern = answer.pattern if answer.guide else None
        return Problem("threads_refused", f"{answer.title}. {detail}", pattern=pattern or "", status=409)
    if answer.status == 422:
        return invalid([answer.finding()])
    return Problem("threads_refused", f"{answer.title}. {answer.detail}", status=409, pattern=answer.pattern or "")


def unknown(diagnosis: Diagnosis) -> Problem:
    pattern = "" if diagnosis.pattern == "unknown" else diagnosis.pattern
    return Problem(
        "threads_refused",
        f"{diagnosis.title}. {diagnosis.next_step}",
        pattern=pattern,
        extra={"cause": diagnosis.to_json()},
    )


@router.get(
    "",
    summary="List accounts",
    response_model=AccountsOut,
    response_model_exclude_unset=True,
    responses={**good(200, "By name.", {"data": [EXAMPLE]}), **problems()},
)
async def list_accounts(
    caller: Reader,
    app: CurrentApp,
    disconnected: Annotated[bool, Query(description="Also those that were disconnected.")] = False,
) -> AccountsOut:
    """Those that are connected; with `disconnected` also those that were."""
    return await services.listing(app, caller.workspace_id, disconnected=disconnected)


@router.get(
    "/{account_id}",
    summary="Read an account",
    response_model=AccountRead,
    response_model_exclude_unset=True,
    responses={**good(200, "Its health in words, and what reconnecting would send.", EXAMPLE), **problems(404)},
)
async def read_account(account_id: str, caller: Reader, app: CurrentApp) -> AccountRead:
    """Its health in words, its permissions, and when its token ends."""
    found = await services.read_whole(app, caller.workspace_id, reading.an_id(account_id, "account"))
    if isinstance(found, Missing):
        raise not_found(found.what)
    return found


@router.patch(
    "/{account_id}",
    summary="Pause an account",
    response_model=AccountOut,
    response_model_exclude_unset=True,
    responses={**good(200, "As it is now.", EXAMPLE), **problems(404, *BODY)},
    openapi_extra=takes(bodies.PauseIn, {"paused": True}),
)
async def patch_account(request: Request, account_id: str, caller: Writer, app: CurrentApp) -> AccountOut:
    """`paused: true` stops sending to it at once; `false` lets what waited go."""
    id_ = reading.an_id(account_id, "account")
    paused = (await reading.take(request, bodies.PauseIn)).paused
    workspace_id, actor = caller.workspace_id, caller.key_id
    done = await app.db.run(lambda conn: services.pause(conn, app, workspace_id, id_, paused=paused, actor=actor))
    found = done if isinstance(done, Missing) else await services.read(app, workspace_id, id_)
    if isinstance(found, Missing):
        raise not_found("account")
    return found


@router.delete(
    "/{account_id}",
    status_code=204,
    summary="Disconnect an account",
    responses={
        204: {"description": "Its tokens are forgotten. Its posts wait until it is connected again."},
        **problems(404),
    },
)
async def delete_account(account_id: str, caller: Writer, app: CurrentApp) -> Response:
    """Its token is deleted here. Its posts wait; they go on when it is connected again."""
    id_ = reading.an_id(account_id, "account")
    if not await services.disconnect(app, caller.workspace_id, id_, actor=caller.key_id):
        raise not_found("account")
    return Response(status_code=204)


@router.post(
    "/{account_id}/recheck",
    summary="Check that it works",
    response_model=AccountChecked,
    response_model_exclude_unset=True,
    responses={**good(200, "What Threads says now."), **problems(404, "threads_refused@409")},
)
async def recheck_account(account_id: str, caller: Writer, app: CurrentApp) -> AccountChecked:
    """One read of the profile with the account's token; a cause that is gone is closed, and its posts are published."""
    found = await services.recheck(app, caller.workspace_id, reading.an_id(account_id, "account"))
    if isinstance(found, Missing):
        raise not_found(found.what)
    if isinstance(found, Refusal):
        raise refused(found)
    return found


@router.get(
    "/{account_id}/quota",
    summary="How much it may publish",
    response_model=QuotaOut,
    responses={
        **good(200, "Per rolling 24 hours.", {"posts": {"used": 3, "total": 250, "here": 3}, "live": True}),
        **problems(404, "threads_refused@409", "threads_refused"),
    },
)
async def quota(
    account_id: str,
    caller: Reader,
    app: CurrentApp,
    live: Annotated[bool, Query(description="Ask Threads now; else what is known here.")] = True,
) -> QuotaOut:
    """`used` is what Threads counts, `here` is what this server published in the window."""
    found = await services.quota(app, caller.workspace_id, reading.an_id(account_id, "account"), live=live)
    match found:
        case Missing(what):
            raise not_found(what)
        case Refusal():
            raise Problem("threads_refused", found.detail, status=found.status, pattern=found.pattern or "")
        case Diagnosis():
            raise unknown(found)
    return found
