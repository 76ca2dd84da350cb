"""``/v1/workspaces``: the tenant, its pause and its options."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from treadle.domain.answers import Rejected
from treadle.http import bodies, examples, reading
from treadle.http.caller import Admin, Caller, CurrentApp, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query
from treadle.http.problems import Problem, invalid, not_found
from treadle.services import workspaces as services
from treadle.services.workspaces import AlertsTriedOut, WorkspaceMade, WorkspaceOut, WorkspacesOut
from treadle.store import Connection

router = APIRouter(tags=["Workspace"], dependencies=[Depends(known_query)])
_EXAMPLE = {
    "id": "wsp_default",
    "name": "Default",
    "paused": False,
    "options": {},
    "created_at": examples.TIME,
    "posts": {"published": 12, "scheduled": 3},
}


def runs_the_installation(conn: Connection, caller: Caller) -> bool:
    """Whether this is an admin key of the first workspace, whose people run the installation."""
    return caller.may("admin") and services.is_first(conn, caller.workspace_id)


@router.get(
    "/v1/workspaces",
    summary="Workspaces this key can see",
    response_model=WorkspacesOut,
    responses={
        **good(200, "The key's own; all of them for an admin key of the first.", {"data": [_EXAMPLE]}),
        **problems(),
    },
)
async def list_workspaces(caller: Reader, app: CurrentApp) -> WorkspacesOut:
    """All, with an admin key of the installation's first workspace; with any other key its own."""

    def work(conn: Connection) -> WorkspacesOut:
        return services.listing(conn, None if runs_the_installation(conn, caller) else caller.workspace_id)

    return await app.db.query(work)


@router.post(
    "/v1/workspaces",
    status_code=201,
    summary="Make a workspace for a customer",
    response_model=WorkspaceMade,
    responses={
        **good(201, "With its first admin key in 'key', shown this once.", None, "Location"),
        **problems("house_only", *BODY),
    },
    openapi_extra=takes(bodies.WorkspaceIn, {"name": "Customer 17"}),
)
async def create_workspace(request: Request, response: Response, caller: Admin, app: CurrentApp) -> WorkspaceMade:
    """Takes an admin key of the installation's first workspace. Accounts, posts and keys of the new one are its own."""
    name = (await reading.take(request, bodies.WorkspaceIn)).name

    def work(conn: Connection) -> WorkspaceMade | Rejected | None:
        if not runs_the_installation(conn, caller):
            return None
        return services.make(conn, name, actor=caller.key_id, now=app.now())

    made = await app.db.run(work)
    if made is None:
        raise Problem("house_only")
    if isinstance(made, Rejected):
        raise invalid(made.findings)
    response.headers["Location"] = f"/v1/workspaces/{made.id}"
    return made


@router.get(
    "/v1/workspaces/{workspace_id}",
    summary="Read a workspace",
    response_model=WorkspaceOut,
    responses={**good(200, "With how many posts are in each state.", _EXAMPLE), **problems(404)},
)
async def read_workspace(workspace_id: str, caller: Reader, app: CurrentApp) -> WorkspaceOut:
    """Its settings, without secrets."""
    found = await app.db.query(_visible, caller, reading.an_id(workspace_id, "workspace"))
    if found is None:
        raise not_found("workspace")
    return found


def _visible(conn: Connection, caller: Caller, workspace_id: str) -> WorkspaceOut | None:
    if workspace_id != caller.workspace_id and not runs_the_installation(conn, caller):
        return None
    return services.read(conn, workspace_id)


@router.patch(
    "/v1/workspaces/{workspace_id}",
    summary="Rename, pause, set options",
    response_model=WorkspaceOut,
    responses={**good(200, "As it is now.", _EXAMPLE), **problems(404, *BODY)},
    openapi_extra=takes(bodies.WorkspacePatch, {"paused": True}),
)
async def patch_workspace(request: Request, workspace_id: str, caller: Admin, app: CurrentApp) -> WorkspaceOut:
    """`paused: true` stops sending at once (what is being sent is finished); `false` lets what waited go. `options` are
    merged by name; `null` takes one away."""
    id_ = reading.an_id(workspace_id, "workspace")
    wanted = (await reading.take(request, bodies.WorkspacePatch)).sent()

    def work(conn: Connection) -> WorkspaceOut | Rejected | None:
        if _visible(conn, caller, id_) is None:
            return None
        return services.change(conn, app, id_, wanted, actor=caller.key_id)

    found = await app.db.run(work)
    if found is None:
        raise not_found("workspace")
    if isinstance(found, Rejected):
        raise invalid(found.findings)
    return found


@router.post(
    "/v1/workspaces/{workspace_id}/alerts/test",
    summary="Send a test alert",
    response_model=AlertsTriedOut,
    responses={
        **good(
            200,
            "Every target with whether its service took the test.",
            {"data": [{"service": "Slack", "target": "slack://…z9Qk", "delivered": True}]},
        ),
        **problems(404),
    },
)
async def test_alerts(workspace_id: str, caller: Admin, app: CurrentApp) -> AlertsTriedOut:
    """Goes to each of the workspace's `alert_urls` now, quiet hours or not, and waits for their answers: up to ten
    seconds."""
    id_ = reading.an_id(workspace_id, "workspace")
    if await app.db.query(_visible, caller, id_) is None:
        raise not_found("workspace")
    tried = await services.test_alerts(app, id_, actor=caller.key_id)
    if isinstance(tried, Rejected):
        raise invalid(tried.findings)
    return tried
