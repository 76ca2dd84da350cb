"""What the tools for assistants work with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from treadle.people import keys
from treadle.people.keys import Principal, Scope
from treadle.services.context import App
from treadle.services.refusals import KINDS
from treadle.store.files import find_media


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What every tool works with: the application, the key, and whether a person is asked before publishing."""

    app: App
    secret: str = field(repr=False)
    confirm: bool

    async def may(self, scope: Scope) -> Principal:
        """Whoever the key belongs to; raises :class:`ToolError` when it may not do this (any more)."""
        found = await self.app.db.query(keys.who, self.secret, now=self.app.now()) if self.secret else None
        if found is None:
            why = "The key is not valid any more." if self.secret else "No key was given to 'treadle mcp'."
            raise ToolError(f"{why} {KINDS['key_wrong'].way_out} Set it as TREADLE_KEY.")
        if not found.may(scope):
            raise ToolError(f"The key may not do this: it needs the scope '{scope}'.")
        if scope != "read":
            await asyncio.to_thread(self.app.enqueue.load)
        return found


def can_ask(ctx: Context) -> bool:
    """Whether the assistant has a window of its own to ask a person in."""
    capabilities = ctx.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


async def files_of(app: App, workspace_id: str, body: Mapping[str, Any]) -> dict[str, list[str]]:
    """More about each uploaded file of a request, by id: its name, kind and address."""
    parts = (body, *(body.get("replies") or ()))
    items = [item for part in parts for item in (part.get("media") or ()) if isinstance(item, Mapping)]
    found = {}
    for id_ in (item["id"] for item in items if item.get("id")):
        row = await app.db.query(find_media, workspace_id, id_)
        if row is not None:
            address = app.media().public_url(row["stored"])
            found[row["id"]] = [row["filename"] or "(no name)", row["content_type"] or "", address]
    return found
