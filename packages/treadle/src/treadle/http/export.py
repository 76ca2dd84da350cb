"""``/v1/export``: everything a workspace owns, as one stream without secrets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from treadle.http.caller import Admin, CurrentApp
from treadle.http.document import problems
from treadle.http.lists import known_query
from treadle.people import keys
from treadle.services.export import RightEnded, export_lines
from treadle.store import Connection

router = APIRouter(tags=["Workspace"], dependencies=[Depends(known_query)])


@router.get(
    "/v1/export",
    summary="Everything this workspace owns",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One JSON object a line: 'type' says what it is, 'data' is it.",
            "content": {
                "application/x-ndjson": {
                    "schema": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": {"$ref": "#/components/schemas/ExportLine"},
                    },
                    "example": '{"type": "workspace", "data": {"id": "wsp_default"}}\n',
                }
            },
        },
        **problems(),
    },
)
async def export(caller: Admin, app: CurrentApp) -> Response:
    """Posts with their timelines, accounts, links to connect, media, blockers, webhooks with deliveries, keys, people,
    idempotency keys, alerts, the audit trail and the changes, as a stream. Without secrets: no token, no key, no
    password in any form. Files of media are at the addresses given with them. Answers that no pattern matched are
    left out: they are counted for the whole server and belong to no workspace.

    The last line is of type `end`. Without it the export is not whole: it ends when the key is revoked or expires."""
    name = f"treadle-{caller.workspace_id}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}

    def holds(conn: Connection) -> bool:
        return keys.lives(conn, caller.key_id, now=app.now())

    async def text() -> AsyncIterator[str]:
        with suppress(RightEnded):
            async for line in export_lines(app, caller.workspace_id, holds=holds):
                yield line.to_text()

    return StreamingResponse(text(), media_type="application/x-ndjson", headers=headers)
