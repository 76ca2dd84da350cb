"""``/v1/accounts``: looking, pausing, rechecking, quotas, disconnecting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from treadle.accounts.connect import preview
from treadle.accounts.health import WORDS
from treadle.accounts.pages import Page
from treadle.accounts.reading import recheck
from treadle.accounts.service import Accounts
from treadle.accounts.storing import disconnect
from treadle.domain.answers import Missing
from treadle.domain.findings import Finding
from treadle.domain.refusal import Refusal
from treadle.engine.quota import TOTALS, used_here
from treadle.http import answers, bodies, examples, reading
from treadle.http.caller import House, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query
from treadle.http.problems import Problem, invalid, not_found
from treadle.people import audit
from treadle.services.context import App
from treadle.services.read import iso
from treadle.store.tables import accounts
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient
from treadle_threads.evidence import diagnose_failure
from treadle_threads.results import Ok

T = TypeVar("T")
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
    "token_expires_at": "2027-01-20T10:00:00.000Z",
    "token_days_left": 59.0,
    "paused": False,
    "connected": True,
    "created_at": examples.TIME,
}


async def with_accounts(app: App, what: Callable[[Accounts], Awaitable[T]]) -> T:
    """``what(accounts room)`` with a client of its own for this moment."""
    async with ThreadsClient(base_url=app.settings.threads_api_url, timeout_s=app.settings.threads_timeout) as client:
        return await what(app.accounts(client))


def account_json(row: Mapping[str, Any], now: float) -> dict[str, Any]:
    """An account as the API gives it; never its token."""
    ends = row["token_expires_at"]
    return {
        "id": row["id"],
        "threads_user_id": row["threads_user_id"],
        "username": row["username"],
        "name": row["name"],
        "picture_url": row["picture_url"],
        "health": row["health"],
        "health_words": WORDS[row["health"]],
        "health_cause": row["health_cause"],
        "health_at": iso(row["health_at"]),
        "checked_at": iso(row["checked_at"]),
        "scopes": row["scopes"],
        "token_expires_at": iso(ends),
        "token_days_left": round((ends - now) / 86_400, 2) if ends is not None else None,
        "grant_expires_at": iso(row["grant_expires_at"]),
        "refresh_next_at": iso(row["refresh_next_at"]),
        "paused": row["paused"],
        "connected": row["token_enc"] is not None and row["disconnected_at"] is None,
        "quota": quota_json(row),
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
        "disconnected_at": iso(row["disconnected_at"]),
    }


def quota_json(row: Mapping[str, Any]) -> dict[str, Any]:
    quota = dict(row["quota"] or {})
    return {**quota, "at": iso(quota.get("at")), "full_until": iso(row["quota_until"])}


def find_account(conn: sa.Connection, workspace_id: str, account_id: str) -> dict[str, Any] | None:
    row = (
        conn.execute(sa.select(accounts).where(accounts.c.id == account_id, accounts.c.workspace_id == workspace_id))
        .mappings()
        .first()
    )
    return dict(row) if row else None


async def the_account(app: App, workspace_id: str, account_id: str) -> dict[str, Any]:
    row = await app.db.query(find_account, workspace_id, reading.an_id(account_id, "account"))
    if row is None:
        raise not_found("account")
    return row


def refused(answer: Refusal | Page) -> Problem:
    if answer.status == 404:
        return not_found("account")
    if isinstance(answer, Page):
        said = " ".join([answer.happened, *answer.todo])
        # Only what the catalogue knows has a page in the guide; names such as different_profile are the API's own.
        pattern = answer.pattern if answer.guide else None
        return Problem("threads_refused", said, title=answer.title, pattern=pattern or "", status=409)
    if answer.status == 422:
        finding = Finding(
            answer.field or "", "refused", f"{answer.title}.", answer.detail, pattern=answer.pattern or ""
        )
        return invalid([finding])
    return Problem("threads_refused", answer.detail, title=answer.title, status=409, pattern=answer.pattern or "")


def unknown(diagnosis: Diagnosis) -> Problem:
    pattern = "" if diagnosis.pattern == "unknown" else diagnosis.pattern
    return Problem(
        "threads_refused",
        diagnosis.next_step,
        title=diagnosis.title,
        pattern=pattern,
        extra={"cause": diagnosis.to_json()},
    )


@router.get(
    "",
    summary="List accounts",
    response_model=answers.AccountsOut,
    responses={**good(200, "By name.", {"data": [EXAMPLE]}), **problems()},
)
async def list_accounts(
    caller: Reader,
    app: House,
    disconnected: Annotated[bool, Query(description="Also those that were disconnected.")] = False,
) -> Response:
    rows = await app.db.query(all_accounts, caller.workspace_id, disconnected)
    return JSONResponse({"data": [account_json(row, app.now()) for row in rows]})


def all_accounts(conn: sa.Connection, workspace_id: str, disconnected: bool = False) -> list[dict[str, Any]]:
    query = sa.select(accounts).where(accounts.c.workspace_id == workspace_id)
    if not disconnected:
        query = query.where(accounts.c.disconnected_at.is_(None))
    return [dict(row) for row in conn.execute(query.order_by(accounts.c.username, accounts.c.id)).mappings()]


@router.get(
    "/{account_id}",
    summary="Read an account",
    response_model=answers.AccountOut,
    responses={**good(200, "Its health in words, and what reconnecting would send.", EXAMPLE), **problems(404)},
)
async def read_account(account_id: str, caller: Reader, app: House) -> Response:
    row = await the_account(app, caller.workspace_id, account_id)

    async def would(house: Accounts) -> dict[str, list[str]]:
        return await app.db.query(preview, house, row["id"])

    reconnecting = await with_accounts(app, would)
    return JSONResponse({**account_json(row, app.now()), "reconnect_would": reconnecting})


@router.patch(
    "/{account_id}",
    summary="Pause an account",
    response_model=answers.AccountOut,
    responses={**good(200, "As it is now.", EXAMPLE), **problems(404, *BODY)},
    openapi_extra=takes(bodies.PauseIn, {"paused": True}),
)
async def patch_account(request: Request, account_id: str, caller: Writer, app: House) -> Response:
    """`paused: true` stops sending to it at once; `false` lets what waited go."""
    id_ = reading.an_id(account_id, "account")
    body = reading.only(reading.mapping(await reading.read_json(request)), {"paused": bool})
    if "paused" not in body:
        raise invalid([Finding("paused", "required", "Nothing is said.", 'Send {"paused": true} or false.')])

    def work(conn: sa.Connection) -> bool:
        now = app.now()
        done = app.posts.pause(conn, caller.workspace_id, account_id=id_, paused=body["paused"], now=now)
        if isinstance(done, Missing):
            return False
        act = "account.paused" if body["paused"] else "account.resumed"
        audit.note(conn, caller.workspace_id, caller.key_id, act, id_, now=now)
        return True

    if not await app.db.run(work):
        raise not_found("account")
    return JSONResponse(account_json(await the_account(app, caller.workspace_id, id_), app.now()))


@router.delete(
    "/{account_id}",
    status_code=204,
    summary="Disconnect an account",
    responses={
        204: {"description": "Its tokens are forgotten. Its posts wait until it is connected again."},
        **problems(404),
    },
)
async def delete_account(account_id: str, caller: Writer, app: House) -> Response:
    id_ = reading.an_id(account_id, "account")
    done = await app.db.run(lambda conn: disconnect(conn, caller.workspace_id, id_, actor=caller.key_id, now=app.now()))
    if not done:
        raise not_found("account")
    return Response(status_code=204)


@router.post(
    "/{account_id}/recheck",
    summary="Look whether it works",
    response_model=answers.Open,
    responses={**good(200, "What Threads says now."), **problems(404, 409)},
)
async def recheck_account(account_id: str, caller: Writer, app: House) -> Response:
    """One read of the profile with the account's token; what proves to be over is closed, and its posts go."""
    id_ = reading.an_id(account_id, "account")
    found = await with_accounts(app, lambda house: recheck(house, caller.workspace_id, id_))
    if isinstance(found, Refusal):
        raise refused(found)
    row = await the_account(app, caller.workspace_id, id_)
    return JSONResponse(
        {
            "health": found.health,
            "message": found.message,
            "cause": found.diagnosis.to_json() if found.diagnosis else None,
            "released": list(found.released),
            "account": account_json(row, app.now()),
        }
    )


@router.get(
    "/{account_id}/quota",
    summary="How much it may publish",
    response_model=answers.Open,
    responses={
        **good(200, "Per 24 moving hours.", {"posts": {"used": 3, "total": 250, "here": 3}, "live": True}),
        **problems(404, 409, 424),
    },
)
async def quota(
    account_id: str,
    caller: Reader,
    app: House,
    live: Annotated[bool, Query(description="Ask Threads now; else what is known here.")] = True,
) -> Response:
    """`used` is what Threads counts, `here` is what this server published in the window."""
    row = await the_account(app, caller.workspace_id, account_id)
    if live and (row["token_enc"] is None or row["disconnected_at"] is not None):
        raise Problem("threads_refused", "Connect it again.", status=409, pattern="account_disconnected")
    found = await quota_of(app, row, live=live)
    if isinstance(found, Diagnosis):
        raise unknown(found)
    return JSONResponse(found)


async def quota_of(app: App, row: Mapping[str, Any], *, live: bool) -> dict[str, Any] | Diagnosis:
    """How much an account may publish; with ``live`` Threads is asked, whose refusal is a diagnosis."""
    kept: dict[str, Any] = dict(row["quota"] or {})
    if live:

        async def look(house: Accounts) -> Any:
            return await house.client.with_token(house.token(row["token_enc"])).publishing_limit()

        result = await with_accounts(app, look)
        if not isinstance(result, Ok):
            return diagnose_failure(result, "read")
        limit = result.value
        kept = {
            "posts_used": limit.posts_used,
            "posts_total": limit.posts_total,
            "replies_used": limit.replies_used,
            "replies_total": limit.replies_total,
            "at": app.now(),
        }
    here = {name: (await app.db.query(used_here, row["id"], name, app.now()))[0] for name in TOTALS}
    buckets = {
        name: {"used": kept.get(f"{name}_used"), "total": kept.get(f"{name}_total") or TOTALS[name], "here": here[name]}
        for name in TOTALS
    }
    return {**buckets, "live": live, "at": iso(kept.get("at")), "full_until": iso(row["quota_until"])}
