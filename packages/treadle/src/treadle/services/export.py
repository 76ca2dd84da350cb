"""Everything a workspace owns, line by line and without secrets: no token, no key, no password in any form."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, Literal

from pydantic import Field, create_model

from treadle.domain.times import iso
from treadle.services.context import App
from treadle.services.insights import PartInsightsOut, parts_of
from treadle.services.output import ApiModel
from treadle.services.post_output import EventOut, PostOut
from treadle.services.read import read_events, read_post
from treadle.services.workspaces import WorkspaceOut
from treadle.services.workspaces import read as read_workspace
from treadle.store import Connection
from treadle.store.exporting import PAGE, TABLES, Exported, columns_of, page_of, post_ids


class ExportedRow(ApiModel):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""


class ExportedPost(PostOut):
    events: list[EventOut] = Field(description="Its timeline, oldest first.")
    insights: list[PartInsightsOut] = Field(description="What Threads counted of its parts, day by day.")


class EndOfExport(ApiModel):
    """The last line of a whole export."""

    complete: Literal[True]


def _row_model(exported: Exported) -> type[ExportedRow]:
    """The model of a table's rows: a field for each column that is exported."""
    fields: dict[str, Any] = {}
    for column in columns_of(exported):
        kind = str if _is_time(column.name) else _TYPES.get(column.kind, Any)
        fields[str(column.name)] = (kind | None if column.nullable and kind is not Any else kind, ...)
    name = "Exported" + exported.kind.title().replace("_", "")
    return create_model(name, __base__=ExportedRow, __doc__=ExportedRow.__doc__, **fields)


_TYPES: Final[Mapping[type, Any]] = {str: str, int: int, float: float, bool: bool}


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name == "at"


ROWS: Final = {exported.kind: _row_model(exported) for exported in TABLES}


class ExportLine(ApiModel):
    """One thing of the workspace; ``type`` says what ``data`` is."""

    type: str = Field(description=f"workspace, {', '.join(ROWS)}, post or end.")
    data: WorkspaceOut | ExportedPost | EndOfExport | ExportedRow | None

    def to_text(self) -> str:
        """As a line of JSON."""
        return json.dumps(self.model_dump(exclude_unset=True, serialize_as_any=True), ensure_ascii=False) + "\n"


class RightEnded(Exception):
    """Whoever asked for the export has lost the right to it while it ran."""


Holds = Callable[[Connection], bool]


def _always(_: Connection) -> bool:
    return True


async def export_lines(app: App, workspace_id: str, *, holds: Holds = _always) -> AsyncIterator[ExportLine]:
    """The lines of an export; memory stays flat, whatever the workspace holds.

    ``holds`` says whether the right to it is still there. It is asked after each page was read, so nothing that was
    read later is handed out: then :class:`RightEnded` is raised, and there is no line ``end``.
    """

    async def read(fn: Callable[..., Any], *args: Any) -> Any:
        def work(conn: Connection) -> Any:
            found = fn(conn, *args)
            if not holds(conn):
                raise RightEnded
            return found

        return await app.db.query(work)

    yield ExportLine(type="workspace", data=await read(read_workspace, workspace_id))
    for exported in TABLES:
        after: Any = None
        while True:
            rows, after = await read(page_of, exported, workspace_id, after)
            for row in rows:
                shown = {name: _readable(name, value) for name, value in row.items()}
                yield ExportLine(type=exported.kind, data=ROWS[exported.kind](**shown))
            if after is None:
                break
    last: str | None = None
    while True:
        ids = await read(post_ids, workspace_id, last)
        for id_ in ids:
            post = await read(_post, workspace_id, id_)
            if post is not None:
                yield ExportLine(type="post", data=post)
        if len(ids) < PAGE:
            break
        last = ids[-1]
    yield ExportLine(type="end", data=EndOfExport(complete=True))


def _post(conn: Connection, workspace_id: str, post_id: str) -> ExportedPost | None:
    post, events = read_post(conn, workspace_id, post_id), read_events(conn, workspace_id, post_id)
    if post is None or events is None:
        return None
    counted = parts_of(conn, workspace_id, post_id)
    shown = {name: getattr(post, name) for name in post.model_fields_set}
    return ExportedPost(**shown, events=events.data, insights=counted)


def _readable(name: str, value: Any) -> Any:
    """Times as ISO 8601, everything else as it is."""
    return iso(value) if isinstance(value, float) and _is_time(name) else value
