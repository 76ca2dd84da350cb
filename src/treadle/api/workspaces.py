"""``/v1/workspaces``: the tenant, its pause and its options."""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from treadle.accounts import alert_targets, alerts
from treadle.accounts import audit as trail
from treadle.accounts.keys import create_key
from treadle.accounts.refusal import Refusal
from treadle.api import reading, schemas
from treadle.api.caller import Admin, Caller, House, Reader
from treadle.api.document import BODY, good, problems, takes
from treadle.api.lists import known_query
from treadle.api.problems import Problem, invalid, not_found
from treadle.ids import new_id
from treadle.posts.findings import Finding
from treadle.posts.read import counts, iso
from treadle.store.tables import workspaces

# In JSON's own spelling: NUL, and halves of characters that stand alone.
_UNKEPT = re.compile(r"\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f]", re.I)

SEALED = "_enc"  # options that hold secrets of the house: neither shown nor set from outside

router = APIRouter(tags=["Workspace"], dependencies=[Depends(known_query)])
_EXAMPLE = {
    "id": "wsp_default",
    "name": "Default",
    "paused": False,
    "options": {},
    "created_at": schemas.TIME,
    "posts": {"published": 12, "scheduled": 3},
}


def workspace_json(conn: sa.Connection, workspace_id: str) -> dict[str, Any] | None:
    row = conn.execute(sa.select(workspaces).where(workspaces.c.id == workspace_id)).mappings().first()
    if row is None:
        return None
    return {
        "id": row["id"],
        "name": row["name"],
        "paused": row["paused"],
        "options": {k: v for k, v in row["options"].items() if not k.endswith(SEALED)},
        "created_at": iso(row["created_at"]),
        "posts": counts(conn, workspace_id),
    }


def owns_the_house(conn: sa.Connection, caller: Caller) -> bool:
    """Whether this is an admin key of the first workspace, whose people run the installation."""
    first = conn.execute(
        sa.select(workspaces.c.id).order_by(workspaces.c.created_at, workspaces.c.id).limit(1)
    ).scalar()
    return caller.may("admin") and first == caller.workspace_id


@router.get(
    "/v1/workspaces",
    summary="Workspaces this key can see",
    response_model=schemas.WorkspacesOut,
    responses={
        **good(200, "The key's own; all of them for an admin key of the first.", {"data": [_EXAMPLE]}),
        **problems(),
    },
)
async def list_workspaces(caller: Reader, app: House) -> Response:
    def work(conn: sa.Connection) -> list[dict[str, Any]]:
        ids = [caller.workspace_id]
        if owns_the_house(conn, caller):
            ids = list(conn.execute(sa.select(workspaces.c.id).order_by(workspaces.c.created_at)).scalars())
        return [found for id_ in ids if (found := workspace_json(conn, id_)) is not None]

    return JSONResponse({"data": await app.db.query(work)})


@router.post(
    "/v1/workspaces",
    status_code=201,
    summary="Make a workspace for a customer",
    response_model=schemas.WorkspaceOut,
    responses={**good(201, "With its first admin key in 'key', shown this once.", None, "Location"), **problems(*BODY)},
    openapi_extra=takes(schemas.WorkspaceIn, {"name": "Customer 17"}),
)
async def create_workspace(request: Request, caller: Admin, app: House) -> Response:
    """Takes an admin key of the installation's first workspace. Accounts, posts and keys of the new one are its own."""
    body = reading.only(reading.mapping(await reading.read_json(request)), {"name": str})
    name = str(body.get("name") or "").strip()
    if not 1 <= len(name) <= 200:
        said = "A workspace has a name of 1 to 200 characters."
        raise invalid([Finding("name", "name", said, "Send a name.", given=name, limit=200)])

    def work(conn: sa.Connection) -> dict[str, Any] | None:
        if not owns_the_house(conn, caller):
            return None
        now = app.now()
        id_ = new_id("workspace", now)
        conn.execute(sa.insert(workspaces).values(id=id_, name=name, created_at=now, paused=False, options={}))
        key_id, secret = create_key(conn, id_, "first key", ["admin"], now)
        trail.note(conn, id_, caller.key_id, "workspace.created", id_, {"name": name, "key": key_id}, now=now)
        return {**(workspace_json(conn, id_) or {}), "key": secret, "key_id": key_id}

    made = await app.db.run(work)
    if made is None:
        raise Problem("house_only")
    return JSONResponse(made, 201, {"Location": f"/v1/workspaces/{made['id']}"})


@router.get(
    "/v1/workspaces/{workspace_id}",
    summary="Read a workspace",
    response_model=schemas.WorkspaceOut,
    responses={**good(200, "With how many posts are in each state.", _EXAMPLE), **problems(404)},
)
async def read_workspace(workspace_id: str, caller: Reader, app: House) -> Response:
    found = await app.db.query(_visible, caller, reading.an_id(workspace_id, "workspace"))
    if found is None:
        raise not_found("workspace")
    return JSONResponse(found)


def _visible(conn: sa.Connection, caller: Caller, workspace_id: str) -> dict[str, Any] | None:
    if workspace_id != caller.workspace_id and not owns_the_house(conn, caller):
        return None
    return workspace_json(conn, workspace_id)


@router.patch(
    "/v1/workspaces/{workspace_id}",
    summary="Rename, pause, set options",
    response_model=schemas.WorkspaceOut,
    responses={**good(200, "As it is now.", _EXAMPLE), **problems(404, *BODY)},
    openapi_extra=takes(schemas.WorkspacePatch, {"paused": True}),
)
async def patch_workspace(request: Request, workspace_id: str, caller: Admin, app: House) -> Response:
    """`paused: true` stops sending at once (what is being sent is finished); `false` lets what waited go. `options` are
    merged by name; `null` takes one away."""
    id_ = reading.an_id(workspace_id, "workspace")
    body = reading.only(
        reading.mapping(await reading.read_json(request)),
        {"name": str, "paused": bool, "options": dict, "alert_urls": list},
    )
    alert_urls = body.pop("alert_urls", None)
    _check_options(body.get("options") or {}, alert_urls)
    name = str(body.get("name", "-")).strip()
    if not 1 <= len(name) <= 200 or len(json.dumps(body.get("options", {}))) > 16_384:
        said = "A name has 1 to 200 characters, options at most 16 KiB."
        raise invalid([Finding("name", "size", said, "Shorten it.", given=name)])
    if _UNKEPT.search(json.dumps(body.get("options", {}))):
        said = "Options contain a character that cannot be kept."
        raise invalid([Finding("options", "characters", said, "Take it out.")])

    def work(conn: sa.Connection) -> dict[str, Any] | Refusal | None:
        if _visible(conn, caller, id_) is None:
            return None
        now = app.now()
        if alert_urls is not None:
            refused = alerts.set_urls(conn, app.vault, id_, alert_urls)
            if refused is not None:
                return refused
            trail.note(conn, id_, caller.key_id, "workspace.alerts", id_, {"targets": len(alert_urls)}, now=now)
        if "name" in body:
            conn.execute(sa.update(workspaces).where(workspaces.c.id == id_).values(name=name))
        if "options" in body:
            kept = conn.execute(sa.select(workspaces.c.options).where(workspaces.c.id == id_)).scalar() or {}
            merged = {k: v for k, v in {**kept, **body["options"]}.items() if v is not None}
            conn.execute(sa.update(workspaces).where(workspaces.c.id == id_).values(options=merged))
        if "paused" in body:
            app.posts.pause(conn, id_, paused=body["paused"], now=now)
        trail.note(conn, id_, caller.key_id, "workspace.changed", id_, body, now=now)
        return workspace_json(conn, id_)

    found = await app.db.run(work)
    if found is None:
        raise not_found("workspace")
    if isinstance(found, Refusal):
        raise _refused(found)
    return JSONResponse(found)


@router.post(
    "/v1/workspaces/{workspace_id}/alerts/test",
    summary="Send a test alert",
    response_model=schemas.AlertsTriedOut,
    responses={
        **good(
            200,
            "Every target with whether its service took the test.",
            {"data": [{"service": "Slack", "target": "slack://…z9Qk", "delivered": True}]},
        ),
        **problems(404),
    },
)
async def test_alerts(workspace_id: str, caller: Admin, app: House) -> Response:
    """Goes to each of the workspace's `alert_urls` now, quiet hours or not, and waits for their answers: up to a
    minute."""
    id_ = reading.an_id(workspace_id, "workspace")
    if await app.db.query(_visible, caller, id_) is None:
        raise not_found("workspace")
    tried = await alert_targets.send_test(app.db, app.vault, id_)
    if isinstance(tried, Refusal):
        raise _refused(tried)
    data = [{"service": t.target.service, "target": t.target.masked, "delivered": t.delivered} for t in tried]
    return JSONResponse({"data": data})


def _check_options(options: dict[str, Any], alert_urls: Any) -> None:
    sealed = [name for name in options if name.endswith(SEALED)]
    if sealed:
        raise invalid(
            [Finding(f"options.{sealed[0]}", "not_settable", "This option is Treadle's own.", "Leave it out.")]
        )
    if options.get(alerts.QUIET_OPTION) is not None:
        refused = alerts.quiet_problem(options[alerts.QUIET_OPTION])
        if refused is not None:
            raise _refused(refused)
    if alert_urls is not None and not all(isinstance(url, str) for url in alert_urls):
        raise invalid([Finding("alert_urls", "type", "Alert targets are a list of texts.", "Send their addresses.")])


def _refused(answer: Refusal) -> Problem:
    return invalid([Finding(answer.field or "", "refused", f"{answer.title}.", answer.detail)])
