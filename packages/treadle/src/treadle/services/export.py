"""Everything a workspace owns, line by line and without secrets: no token, no key, no password in any form."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from treadle.domain.times import iso
from treadle.services import workspaces
from treadle.services.context import App
from treadle.services.read import post_json, timeline
from treadle.store.exporting import PAGE, TABLES, page_of, post_ids


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One thing of the workspace; ``kind`` says what ``data`` is. The last line of a whole export is an ``end``."""

    kind: str
    data: Mapping[str, Any] | None

    def to_text(self) -> str:
        """As a line of JSON."""
        return json.dumps({"type": self.kind, "data": self.data}, ensure_ascii=False) + "\n"


async def export_lines(app: App, workspace_id: str) -> AsyncIterator[ExportLine]:
    """The lines of an export; memory stays flat, whatever the workspace holds."""
    workspace = await app.db.query(workspaces.read, workspace_id)
    yield ExportLine("workspace", workspace.model_dump() if workspace else None)
    for exported in TABLES:
        after: Any = None
        while True:
            rows, after = await app.db.query(page_of, exported, workspace_id, after)
            for row in rows:
                yield ExportLine(exported.kind, {name: _readable(name, value) for name, value in row.items()})
            if after is None:
                break
    last: str | None = None
    while True:
        ids = await app.db.query(post_ids, workspace_id, last)
        for id_ in ids:
            post = await app.db.query(post_json, workspace_id, id_)
            if post is not None:
                yield ExportLine("post", {**post, "events": await app.db.query(timeline, workspace_id, id_)})
        if len(ids) < PAGE:
            break
        last = ids[-1]
    yield ExportLine("end", {"complete": True})


def _readable(name: str, value: Any) -> Any:
    """Times as ISO 8601, everything else as it is."""
    return iso(value) if isinstance(value, float) and (name.endswith("_at") or name == "at") else value
