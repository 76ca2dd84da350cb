"""``/v1/preflight``: what would become of a post, without storing it or asking Threads to publish."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from treadle.accounts.health import WORDS
from treadle.domain.findings import Finding
from treadle.domain.rules import scopes_needed, scopes_wanted
from treadle.domain.times import When, parse_when
from treadle.http import answers, bodies, reading
from treadle.http.accounts import find_account
from treadle.http.caller import House, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.examples import POST_IN_EXAMPLE
from treadle.http.lists import known_query
from treadle.services.context import App
from treadle.services.files import look_at
from treadle.services.intake import findings_of
from treadle.services.read import get_blocker
from treadle.services.refusals import finding_json
from treadle.store.tables import blockers

AT_ONCE = 3
MOST_MEDIA = 40
router = APIRouter(tags=["Posts"], dependencies=[Depends(known_query)])


@router.post(
    "/v1/preflight",
    summary="Look at a post before it is sent",
    response_model=answers.PreflightOut,
    responses={
        **good(
            200,
            "'ok' false: at least one finding is an error.",
            {
                "ok": True,
                "findings": [],
                "media": [],
                "account": None,
                "scopes": {"needed": ["threads_basic"], "missing": []},
            },
        ),
        **problems(*BODY),
    },
    openapi_extra=takes(bodies.PostIn, POST_IN_EXAMPLE, anything=True),
)
async def preflight(
    request: Request,
    caller: Reader,
    app: House,
    look_at_media: Annotated[bool, Query(alias="media", description="false: do not look at the media.")] = True,
) -> Response:
    """Every rule of the post, permissions and health of the account, open causes in its way, and each medium looked at
    as Threads will: address, robots.txt, format, codecs, and what Treadle would repair."""
    body = await reading.read_json(request)
    return JSONResponse(await look(app, caller.workspace_id, body, with_media=look_at_media))


async def look(app: App, workspace_id: str, body: Any, *, with_media: bool = True) -> dict[str, Any]:
    """The answer of preflight; for the API, the pages, the command line and assistants."""
    public_url, now = app.settings.public_url, app.now()
    lateness = app.posts.max_lateness_s
    found = await app.db.query(lambda conn: findings_of(conn, workspace_id, body, now=now, lateness=lateness))
    plain: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    account = await app.db.query(_account, workspace_id, plain)
    scopes = _scopes(plain, account)
    found += _about_account(account, scopes)
    reports: list[dict[str, Any]] = []
    if with_media and not any(f.rule in ("wrong_type", "too_deep") for f in found):
        reports = await _media(app, workspace_id, plain)
    ok = not any(f.severity == "error" for f in found) and all(r["ok"] for r in reports)
    return {
        "ok": ok,
        "findings": [finding_json(f, public_url) for f in found],
        "media": reports,
        "account": _account_json(account),
        "scopes": scopes,
    }


def _account(conn: sa.Connection, workspace_id: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    account_id = body.get("account_id")
    if not isinstance(account_id, str) or not account_id.startswith("acc_") or not account_id.isascii():
        return None
    if "\x00" in account_id or len(account_id) > 40:
        return None
    row = find_account(conn, workspace_id, account_id)
    if row is None:
        return None
    b = blockers.c
    mine = sa.or_(
        sa.and_(b.scope == "account", b.key == row["id"]),
        sa.and_(b.scope == "app", b.key == row["app_id"]),
        b.scope == "platform",
    )
    ids = conn.execute(sa.select(b.id).where(b.repaired_at.is_(None), mine)).scalars()
    return {**row, "blockers": [found for id_ in ids if (found := get_blocker(conn, workspace_id, id_))]}


def _account_json(account: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if account is None:
        return None
    return {
        "id": account["id"],
        "username": account["username"],
        "health": account["health"],
        "health_words": WORDS[account["health"]],
        "paused": account["paused"],
        "blockers": account["blockers"],
    }


def _scopes(body: Mapping[str, Any], account: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        needed, wanted = scopes_needed(body), scopes_wanted(body)
    except (TypeError, AttributeError, ValueError):
        return {"needed": [], "missing": [], "wanted": []}
    has = set(account["scopes"] or ()) if account else set()
    return {
        "needed": sorted(needed),
        "missing": sorted(needed - has) if has else [],
        "wanted": sorted(wanted - has) if has else sorted(wanted),
    }


def _about_account(account: Mapping[str, Any] | None, scopes: Mapping[str, Any]) -> list[Finding]:
    if account is None:
        return []
    found = []
    if account["token_enc"] is None or account["disconnected_at"] is not None:
        said, way_out = "This account is not connected.", "Connect it again; the post waits until then."
        found.append(
            Finding(
                "account_id",
                "not_connected",
                said,
                way_out,
                "warning",
                given=account["id"],
                pattern="account_disconnected",
            )
        )
    elif account["health"] not in ("active", "expiring"):
        pattern = str((account["health_cause"] or {}).get("pattern") or "")
        said = WORDS[account["health"]]
        found.append(
            Finding(
                "account_id",
                "account_health",
                said,
                "Repair it first; the post waits until then.",
                "warning",
                pattern=pattern,
            )
        )
    for missing in scopes["missing"]:
        said = f"The account did not grant {missing}, which this post needs."
        way_out = "Connect the account again and leave every permission ticked."
        found.append(Finding("account_id", "scope_missing", said, way_out, "warning", pattern="permission_not_granted"))
    for blocker in account["blockers"]:
        cause = blocker["cause"]
        said = f"{cause['title']}: posts of this account wait for it now."
        found.append(
            Finding(
                "account_id",
                "blocked",
                said,
                cause["next_step"],
                "warning",
                given=blocker["id"],
                pattern=blocker["pattern"],
            )
        )
    return found


async def _media(app: App, workspace_id: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
    replies = body.get("replies")
    for index, part in enumerate([body, *(replies if isinstance(replies, list) else [])]):
        if isinstance(part, Mapping):
            items = part.get("media")
            prefix = f"replies[{index - 1}]." if index else ""
            for place, item in enumerate(items if isinstance(items, list) else []):
                if isinstance(item, Mapping):
                    wanted.append((f"{prefix}media[{place}]", item, part))
    gate = asyncio.Semaphore(AT_ONCE)
    due = _due(body)

    async def one(path: str, item: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any] | None:
        async with gate:
            return await look_at(app, workspace_id, path, item, part, due)

    made = await asyncio.gather(*(one(*entry) for entry in wanted[:MOST_MEDIA]))
    return [report for report in made if report is not None]


def _due(body: Mapping[str, Any]) -> float | None:
    at, zone = body.get("publish_at"), body.get("zone")
    when = parse_when(at, zone if isinstance(zone, str) else None) if isinstance(at, str) and at else None
    return when.at if isinstance(when, When) else None
