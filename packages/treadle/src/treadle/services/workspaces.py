"""Workspaces: reading, making and changing them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from treadle.domain.answers import Rejected
from treadle.domain.collecting import Findings
from treadle.domain.findings import Finding, finding
from treadle.domain.refusal import Refusal
from treadle.domain.rules import check_storable
from treadle.domain.times import iso
from treadle.ids import new_id
from treadle.notify.alerts import set_urls
from treadle.people import audit
from treadle.people.keys import create_key
from treadle.services import alerts, workspace_options
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.services.read import counts
from treadle.store import Connection
from treadle.store import workspaces as store
from treadle.store.workspaces import WorkspaceRow

LONGEST_NAME = 200
LONGEST_OPTIONS = 16_384  # bytes of their JSON
SEALED = "_enc"  # options whose values are encrypted secrets: neither shown nor set from outside
# In JSON's own spelling: NUL, and halves of characters that stand alone.


class WorkspaceOut(ApiModel):
    """A tenant: its accounts, posts and keys are its own."""

    id: str = Field(description="wsp_ and 26 characters, or wsp_default.")
    name: str
    paused: bool = Field(description="Nothing is sent until it is resumed.")
    options: dict[str, Any] = Field(description="Its settings by name; secrets are left out.")
    created_at: str | None = Field(description="ISO 8601 in UTC.")
    posts: dict[str, int] = Field(description="How many posts are in each state.")


class WorkspaceMade(WorkspaceOut):
    key: str = Field(description="Its first admin key; shown this once.")
    key_id: str


class WorkspacesOut(ApiModel):
    data: list[WorkspaceOut]


class AlertTriedOut(ApiModel):
    service: str
    target: str = Field(description="Its address without the secrets.")
    delivered: bool


class AlertsTriedOut(ApiModel):
    data: list[AlertTriedOut]


def read(conn: Connection, workspace_id: str) -> WorkspaceOut | None:
    row = store.find(conn, workspace_id)
    return WorkspaceOut(**_fields(conn, row)) if row else None


def _fields(conn: Connection, row: WorkspaceRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "paused": row.paused,
        "options": {k: v for k, v in row.options.items() if not k.endswith(SEALED)},
        "created_at": iso(row.created_at),
        "posts": counts(conn, row.id),
    }


def listing(conn: Connection, only: str | None = None) -> WorkspacesOut:
    """All workspaces, oldest first; or this one alone."""
    ids = store.ids(conn) if only is None else [only]
    return WorkspacesOut(data=[found for id_ in ids if (found := read(conn, id_)) is not None])


def is_first(conn: Connection, workspace_id: str) -> bool:
    """Whether this is the first workspace, whose people run the installation."""
    return store.first_id(conn) == workspace_id


def make(conn: Connection, name: str, *, actor: str, now: float) -> WorkspaceMade | Rejected:
    """A new workspace with its first admin key, which is shown now or never."""
    if wrong := name_problem(name):
        return Rejected((wrong,))
    row = WorkspaceRow(new_id("workspace", now), name, now, False, {})
    store.insert(conn, row)
    key_id, secret = create_key(conn, row.id, "first key", ["admin"], now)
    audit.note(conn, row.id, actor, "workspace.created", row.id, {"name": name, "key": key_id}, now=now)
    return WorkspaceMade(**_fields(conn, row), key=secret, key_id=key_id)


def name_problem(name: str) -> Finding | None:
    """What is wrong with a workspace's name."""
    if 1 <= len(name) <= LONGEST_NAME:
        return None
    return finding("name", "workspace_name", given=name, limit=LONGEST_NAME)


def change_problem(body: Mapping[str, Any]) -> Finding | None:
    """What is wrong with a change of ``name``, ``paused``, ``options`` and ``alert_urls``, as far as it shows here."""
    options = body.get("options") or {}
    sealed = [name for name in options if name.endswith(SEALED)]
    if sealed:
        return finding(f"options.{sealed[0]}", "not_settable")
    unkept = Findings()
    check_storable(unkept, {"options": options})
    if unkept.items:
        return unkept.items[0]
    if (refused := workspace_options.problem(options)) is not None:
        return refused.finding()
    written = len(json.dumps(options))
    if written > LONGEST_OPTIONS:
        return finding("options", "options_too_large", given=written, limit=LONGEST_OPTIONS)
    return name_problem(str(body["name"]).strip()) if "name" in body else None


def change(
    conn: Connection, app: App, workspace_id: str, body: Mapping[str, Any], *, actor: str
) -> WorkspaceOut | Rejected | None:
    """Change ``name``, ``paused``, ``options`` and ``alert_urls``; the workspace as it is now, ``None``: there is none.

    Options are merged by name, ``None`` takes one away; ``alert_urls`` replaces all recipients.
    """
    if wrong := change_problem(body):
        return Rejected((wrong,))
    now, row = app.now(), store.find(conn, workspace_id)
    if row is None:
        return None
    if (alert_urls := body.get("alert_urls")) is not None:
        refused = set_urls(conn, app.vault, workspace_id, alert_urls)
        if refused is not None:
            return Rejected((refused.finding(),))
        audit.note(conn, workspace_id, actor, "workspace.alerts", workspace_id, {"targets": len(alert_urls)}, now=now)
        row = store.find(conn, workspace_id) or row
    if "name" in body:
        store.set_name(conn, workspace_id, str(body["name"]).strip())
    if "options" in body:
        merged = {k: v for k, v in {**row.options, **body["options"]}.items() if v is not None}
        store.set_options(conn, workspace_id, merged)
    if "paused" in body:
        app.posts.pause(conn, workspace_id, paused=body["paused"], now=now)
    shown = {name: value for name, value in body.items() if name != "alert_urls"}
    audit.note(conn, workspace_id, actor, "workspace.changed", workspace_id, shown, now=now)
    return read(conn, workspace_id)


async def test_alerts(app: App, workspace_id: str, *, actor: str) -> AlertsTriedOut | Rejected:
    """Send a test to each alert recipient now, and wait for the answers."""
    tried = await alerts.send_test(app.db, app.vault, workspace_id, actor=actor, now=app.now())
    if isinstance(tried, Refusal):
        return Rejected((tried.finding(),))
    return AlertsTriedOut(
        data=[
            AlertTriedOut(service=one.target.service, target=one.target.masked, delivered=one.delivered)
            for one in tried
        ]
    )
