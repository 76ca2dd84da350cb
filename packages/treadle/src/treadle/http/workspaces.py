"""``/v1/workspaces``: the tenant, its pause and its options."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from treadle.domain.findings import Finding
from treadle.domain.refusal import Refusal
from treadle.http import answers, bodies, examples, reading
from treadle.http.caller import Admin, Caller, House, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query
from treadle.http.problems import Problem, invalid, not_found
from treadle.ids import new_id
from treadle.notify import alert_targets, alerts
from treadle.people import audit as trail
from treadle.people.keys import create_key
from treadle.services import workspace_options
from treadle.services.context import App
from treadle.services.read import counts, iso
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
    "created_at": examples.TIME,
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
    return caller.may("admin") and of_the_first_workspace(conn, caller)


def of_the_first_workspace(conn: sa.Connection, caller: Caller) -> bool:
    first = sa.select(workspaces.c.id).order_by(workspaces.c.created_at, workspaces.c.id).limit(1)
    return conn.execute(first).scalar() == caller.workspace_id


def make(conn: sa.Connection, name: str, *, actor: str, now: float) -> dict[str, Any]:
    """A new workspace with its first admin key, which is shown now or never: ``key``."""
    id_ = new_id("workspace", now)
    conn.execute(sa.insert(workspaces).values(id=id_, name=name, created_at=now, paused=False, options={}))
    key_id, secret = create_key(conn, id_, "first key", ["admin"], now)
    trail.note(conn, id_, actor, "workspace.created", id_, {"name": name, "key": key_id}, now=now)
    return {**(workspace_json(conn, id_) or {}), "key": secret, "key_id": key_id}


def name_problem(name: str) -> Finding | None:
    """What is wrong with a workspace's name."""
    if 1 <= len(name) <= 200:
        return None
    said = "A workspace has a name of 1 to 200 characters."
    return Finding("name", "name", said, "Send a name.", given=name, limit=200)


def change_problem(body: Mapping[str, Any]) -> Finding | None:
    """What is wrong with a change of ``name``, ``paused``, ``options`` and ``alert_urls``, as far as it shows here."""
    options, alert_urls = body.get("options") or {}, body.get("alert_urls")
    sealed = [name for name in options if name.endswith(SEALED)]
    if sealed:
        return Finding(f"options.{sealed[0]}", "not_settable", "This option is Treadle's own.", "Leave it out.")
    if (refused := workspace_options.problem(options)) is not None:
        return _finding(refused)
    if alert_urls is not None and not all(isinstance(url, str) for url in alert_urls):
        return Finding("alert_urls", "type", "Alert targets are a list of texts.", "Send their addresses.")
    name, written = str(body.get("name", "-")).strip(), json.dumps(body.get("options", {}))
    if not 1 <= len(name) <= 200 or len(written) > 16_384:
        said = "A name has 1 to 200 characters, options at most 16 KiB."
        return Finding("name", "size", said, "Shorten it.", given=name)
    if _UNKEPT.search(written):
        return Finding("options", "characters", "Options contain a character that cannot be kept.", "Take it out.")
    return None


def change(
    conn: sa.Connection, app: App, workspace_id: str, body: Mapping[str, Any], *, actor: str
) -> dict[str, Any] | Refusal | None:
    """Do what ``PATCH`` does, with a body that :func:`change_problem` has nothing against; the workspace as it is now.

    Options are merged by name, ``None`` takes one away; ``alert_urls`` replaces all targets.
    """
    now = app.now()
    told = {name: value for name, value in body.items() if name != "alert_urls"}
    if (alert_urls := body.get("alert_urls")) is not None:
        refused = alerts.set_urls(conn, app.vault, workspace_id, alert_urls)
        if refused is not None:
            return refused
        trail.note(conn, workspace_id, actor, "workspace.alerts", workspace_id, {"targets": len(alert_urls)}, now=now)
    mine = workspaces.c.id == workspace_id
    if "name" in body:
        conn.execute(sa.update(workspaces).where(mine).values(name=str(body["name"]).strip()))
    if "options" in body:
        kept = conn.execute(sa.select(workspaces.c.options).where(mine)).scalar() or {}
        merged = {k: v for k, v in {**kept, **body["options"]}.items() if v is not None}
        conn.execute(sa.update(workspaces).where(mine).values(options=merged))
    if "paused" in body:
        app.posts.pause(conn, workspace_id, paused=body["paused"], now=now)
    trail.note(conn, workspace_id, actor, "workspace.changed", workspace_id, told, now=now)
    return workspace_json(conn, workspace_id)


def _finding(answer: Refusal) -> Finding:
    return Finding(answer.field or "", "refused", f"{answer.title}.", answer.detail)


@router.get(
    "/v1/workspaces",
    summary="Workspaces this key can see",
    response_model=answers.WorkspacesOut,
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
    response_model=answers.WorkspaceOut,
    responses={**good(201, "With its first admin key in 'key', shown this once.", None, "Location"), **problems(*BODY)},
    openapi_extra=takes(bodies.WorkspaceIn, {"name": "Customer 17"}),
)
async def create_workspace(request: Request, caller: Admin, app: House) -> Response:
    """Takes an admin key of the installation's first workspace. Accounts, posts and keys of the new one are its own."""
    body = reading.only(reading.mapping(await reading.read_json(request)), {"name": str})
    name = str(body.get("name") or "").strip()
    if wrong := name_problem(name):
        raise invalid([wrong])

    def work(conn: sa.Connection) -> dict[str, Any] | None:
        return make(conn, name, actor=caller.key_id, now=app.now()) if owns_the_house(conn, caller) else None

    made = await app.db.run(work)
    if made is None:
        raise Problem("house_only")
    return JSONResponse(made, 201, {"Location": f"/v1/workspaces/{made['id']}"})


@router.get(
    "/v1/workspaces/{workspace_id}",
    summary="Read a workspace",
    response_model=answers.WorkspaceOut,
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
    response_model=answers.WorkspaceOut,
    responses={**good(200, "As it is now.", _EXAMPLE), **problems(404, *BODY)},
    openapi_extra=takes(bodies.WorkspacePatch, {"paused": True}),
)
async def patch_workspace(request: Request, workspace_id: str, caller: Admin, app: House) -> Response:
    """`paused: true` stops sending at once (what is being sent is finished); `false` lets what waited go. `options` are
    merged by name; `null` takes one away."""
    id_ = reading.an_id(workspace_id, "workspace")
    body = reading.only(
        reading.mapping(await reading.read_json(request)),
        {"name": str, "paused": bool, "options": dict, "alert_urls": list},
    )
    if wrong := change_problem(body):
        raise invalid([wrong])

    def work(conn: sa.Connection) -> dict[str, Any] | Refusal | None:
        if _visible(conn, caller, id_) is None:
            return None
        return change(conn, app, id_, body, actor=caller.key_id)

    found = await app.db.run(work)
    if found is None:
        raise not_found("workspace")
    if isinstance(found, Refusal):
        raise _refused(found)
    return JSONResponse(found)


@router.post(
    "/v1/workspaces/{workspace_id}/alerts/test",
    summary="Send a test alert",
    response_model=answers.AlertsTriedOut,
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
    """Goes to each of the workspace's `alert_urls` now, quiet hours or not, and waits for their answers: up to ten
    seconds."""
    id_ = reading.an_id(workspace_id, "workspace")
    if await app.db.query(_visible, caller, id_) is None:
        raise not_found("workspace")
    tried = await alert_targets.send_test(app.db, app.vault, id_)
    if isinstance(tried, Refusal):
        raise _refused(tried)
    data = [{"service": t.target.service, "target": t.target.masked, "delivered": t.delivered} for t in tried]
    return JSONResponse({"data": data})


def _refused(answer: Refusal) -> Problem:
    return invalid([_finding(answer)])
