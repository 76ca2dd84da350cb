"""``/v1/export``: everything a workspace owns, as one stream without secrets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from treadle.http.caller import Admin, House
from treadle.http.document import problems
from treadle.http.lists import known_query
from treadle.http.workspaces import workspace_json
from treadle.services.context import App
from treadle.services.read import iso, post_json, timeline
from treadle.store.tables import (
    accounts,
    alerts,
    api_keys,
    audit,
    blockers,
    changes,
    connect_links,
    events,
    idempotency,
    media,
    parts,
    posts,
    users,
    webhook_deliveries,
    webhooks,
)

router = APIRouter(tags=["Workspace"], dependencies=[Depends(known_query)])
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
    """Posts with their timelines, accounts, links to connect, media, blockers, webhooks with deliveries, keys, people,
    idempotency keys, alerts, the audit trail and the changes, as a stream. Without secrets: no token, no key, no
    password in any form. Files of media are at the addresses given with them. Answers that no pattern matched are
    left out: they are counted for the whole server and belong to no workspace."""
    name = f"treadle-{caller.workspace_id}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(export_lines(app, caller.workspace_id), media_type="application/x-ndjson", headers=headers)


async def export_lines(app: App, workspace_id: str) -> AsyncIterator[str]:
    """The lines of an export; memory stays flat, whatever the workspace holds."""
    yield _line("workspace", await app.db.query(workspace_json, workspace_id))
    for kind, table, keep in _TABLES:
        order = "key" if table is idempotency else "id"
        after: Any = None
        while True:
            rows = await app.db.query(_page, table, workspace_id, order, after)
            for row in rows:
                yield _line(kind, keep(row))
            if len(rows) < PAGE:
                break
            after = rows[-1][order]
    last: str | None = None
    while True:
        ids = await app.db.query(_post_ids, workspace_id, last)
        for id_ in ids:
            post = await app.db.query(post_json, workspace_id, id_)
            if post is not None:
                events = await app.db.query(timeline, workspace_id, id_)
                yield _line("post", {**post, "events": events})
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


def _page(conn: sa.Connection, table: sa.Table, workspace_id: str, order: str, after: Any) -> list[Mapping[str, Any]]:
    query = sa.select(table).where(table.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(table.c[order] > after)
    return [dict(row) for row in conn.execute(query.order_by(table.c[order]).limit(PAGE)).mappings()]


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
    ("connect_link", connect_links, _plain()),
    ("media", media, _plain("job")),
    ("blocker", blockers, _plain("open_key")),
    ("webhook", webhooks, _plain("cursor")),
    ("webhook_delivery", webhook_deliveries, _plain("lease_until")),
    ("key", api_keys, _plain("prefix")),
    ("user", users, _plain()),
    ("idempotency_key", idempotency, _plain()),
    ("alert", alerts, _plain()),
    ("audit", audit, _plain()),
    ("change", changes, _plain()),
]

# Tables with a workspace that have no line of their own, and why.
INSIDE_OTHERS = {
    posts.name: "one line a post, read as the API reads it",
    parts.name: "in the post's line, as 'parts'",
    events.name: "in the post's line, as 'events'",
}
EXPORTED = frozenset(table.name for _, table, _ in _TABLES)
