"""``/v1/workspaces``: the tenant, its pause, and everything it owns as one stream."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from treadle.accounts import audit as trail
from treadle.accounts.keys import create_key
from treadle.api import reading, schemas
from treadle.api.caller import Admin, Caller, House, Reader
from treadle.api.document import BODY, good, problems, takes
from treadle.api.intake import present
from treadle.api.lists import known_query
from treadle.api.problems import Problem, invalid, not_found
from treadle.app import App
from treadle.ids import new_id
from treadle.posts.findings import Finding
from treadle.posts.read import counts, iso, post_json, timeline
from treadle.store.tables import (
    accounts,
    api_keys,
    audit,
    blockers,
    changes,
    media,
    posts,
    users,
    webhook_deliveries,
    webhooks,
    workspaces,
)

# In JSON's own spelling: NUL, and halves of characters that stand alone.
_UNKEPT = re.compile(r"\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f]", re.I)

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
        "options": row["options"],
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
        reading.mapping(await reading.read_json(request)), {"name": str, "paused": bool, "options": dict}
    )
    name = str(body.get("name", "-")).strip()
    if not 1 <= len(name) <= 200 or len(json.dumps(body.get("options", {}))) > 16_384:
        said = "A name has 1 to 200 characters, options at most 16 KiB."
        raise invalid([Finding("name", "size", said, "Shorten it.", given=name)])
    if _UNKEPT.search(json.dumps(body.get("options", {}))):
        said = "Options contain a character that cannot be kept."
        raise invalid([Finding("options", "characters", said, "Take it out.")])

    def work(conn: sa.Connection) -> dict[str, Any] | None:
        if _visible(conn, caller, id_) is None:
            return None
        now = app.now()
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
    return JSONResponse(found)


# ---------------------------------------------------------------- export

PAGE = 200


@router.get(
    "/v1/export",
    summary="Everything this workspace owns",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One JSON object a line: 'type' says what it is, 'data' is it.",
            "content": {
                "application/x-ndjson": {
                    "schema": {"type": "string"},
                    "example": '{"type": "workspace", "data": {"id": "wsp_default"}}\n',
                }
            },
        },
        **problems(),
    },
)
async def export(caller: Admin, app: House) -> Response:
    """Posts with their timelines, accounts, media, blockers, webhooks with deliveries, keys, people, the audit trail
    and the changes, as a stream. Without secrets: no token, no key, no password in any form. Files of media are at the
    addresses given with them."""
    name = f"treadle-{caller.workspace_id}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(export_lines(app, caller.workspace_id), media_type="application/x-ndjson", headers=headers)


async def export_lines(app: App, workspace_id: str) -> AsyncIterator[str]:
    """The lines of an export; memory stays flat, whatever the workspace holds."""
    yield _line("workspace", await app.db.query(workspace_json, workspace_id))
    for kind, table, keep in _TABLES:
        after: Any = None
        while True:
            rows = await app.db.query(_page, table, workspace_id, after)
            for row in rows:
                yield _line(kind, keep(row))
            if len(rows) < PAGE:
                break
            after = rows[-1]["id"]
    last: str | None = None
    while True:
        ids = await app.db.query(_post_ids, workspace_id, last)
        for id_ in ids:
            post = await app.db.query(post_json, workspace_id, id_)
            if post is not None:
                events = await app.db.query(timeline, workspace_id, id_)
                yield _line("post", {**present(post), "events": events})
        if len(ids) < PAGE:
            break
        last = ids[-1]
    yield _line("end", {"complete": True})


def _line(kind: str, data: Any) -> str:
    return json.dumps({"type": kind, "data": data}, ensure_ascii=False) + "\n"


def _post_ids(conn: sa.Connection, workspace_id: str, after: str | None) -> list[str]:
    query = sa.select(posts.c.id).where(posts.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(posts.c.id > after)
    return list(conn.execute(query.order_by(posts.c.id).limit(PAGE)).scalars())


def _page(conn: sa.Connection, table: sa.Table, workspace_id: str, after: Any) -> list[Mapping[str, Any]]:
    query = sa.select(table).where(table.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(table.c.id > after)
    return [dict(row) for row in conn.execute(query.order_by(table.c.id).limit(PAGE)).mappings()]


def _plain(*left_out: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A row without ciphertext, digests and ``left_out``; times as ISO 8601."""

    def keep(row: Mapping[str, Any]) -> dict[str, Any]:
        return dict(_kept(row, left_out))

    return keep


def _kept(row: Mapping[str, Any], left_out: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name in left_out or name.endswith(("_enc", "_hash")) or isinstance(value, bytes | memoryview):
            continue
        yield name, iso(value) if isinstance(value, float) and (name.endswith("_at") or name == "at") else value


_TABLES: list[tuple[str, sa.Table, Callable[[Mapping[str, Any]], dict[str, Any]]]] = [
    ("account", accounts, _plain("refresh_lease_token", "refresh_lease_until")),
    ("media", media, _plain("job")),
    ("blocker", blockers, _plain("open_key")),
    ("webhook", webhooks, _plain("cursor")),
    ("webhook_delivery", webhook_deliveries, _plain("lease_until")),
    ("key", api_keys, _plain("prefix")),
    ("user", users, _plain()),
    ("audit", audit, _plain()),
    ("change", changes, _plain()),
]
