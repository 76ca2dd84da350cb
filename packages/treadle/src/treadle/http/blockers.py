"""``/v1/blockers``: open causes that hold posts, and looking whether they are gone."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from treadle.engine.rechecking import recheck
from treadle.http import answers, bodies, examples, reading
from treadle.http.caller import Caller, House, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import After, Limit, known_query, page
from treadle.http.problems import Problem, not_found
from treadle.services.asking import ask
from treadle.services.context import App
from treadle.services.read import get_blocker, list_blockers
from treadle.store.repair_preview import preview
from treadle.store.tables import blockers, posts

router = APIRouter(prefix="/v1/blockers", tags=["Causes"], dependencies=[Depends(known_query)])


@router.get(
    "",
    summary="What holds posts",
    response_model=answers.BlockersOut,
    responses={**good(200, "Newest first.", None, "Link"), **problems()},
)
async def list_open(
    request: Request,
    caller: Reader,
    app: House,
    repaired: Annotated[bool, Query(description="Also those that are repaired.")] = False,
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """Causes of this workspace, and those of the Meta app and of Threads itself, which every workspace can read."""
    before = reading.id_cursor(after)
    found = await app.db.query(
        list_blockers, caller.workspace_id, open_only=not repaired, limit=limit + 1, before=before
    )
    following = str(found[limit - 1]["id"]) if len(found) > limit else None
    return page(request, found[:limit], following)


@router.get(
    "/{blocker_id}",
    summary="Read one, and what its repair would send",
    response_model=answers.BlockerOut,
    responses={
        **good(200, "With 'would' naming the posts that would go, and those that would be held as too late."),
        **problems(404),
    },
)
async def read_blocker(blocker_id: str, caller: Reader, app: House) -> Response:
    id_ = reading.an_id(blocker_id, "blocker")
    found = await app.db.query(get_blocker, caller.workspace_id, id_)
    if found is None:
        raise not_found("blocker")
    return JSONResponse({**found, "would": await _would(app, caller, id_)})


async def _would(app: App, caller: Caller, blocker_id: str) -> dict[str, list[str]]:
    return await app.db.query(preview, [blocker_id], workspace_id=caller.workspace_id, now=app.now())


@router.post(
    "/{blocker_id}/recheck",
    summary="Look again",
    response_model=answers.RecheckOut,
    responses={
        **good(
            200,
            "'repaired': its posts go; 'still': not yet; 'unknown': one post goes first to see.",
            {"verdict": "repaired", "message": "Threads answers again.", "released": [examples.POST]},
        ),
        **problems(404, 409, *BODY),
    },
    openapi_extra=takes(bodies.RecheckIn, {"preview": True}, required=False),
)
async def recheck_blocker(request: Request, blocker_id: str, caller: Writer, app: House) -> Response:
    """Asks Threads or the media host whether the cause is gone, and lets the posts go if it is: oldest first, spaced,
    and only those that are not too late. `{"preview": true}` only says what would be sent. Causes of the Meta app and
    of Threads itself concern every workspace: rechecking them takes an admin key."""
    id_ = reading.an_id(blocker_id, "blocker")
    body = reading.only(reading.mapping(await reading.read_json(request, optional=True)), {"preview": bool})
    found = await app.db.query(get_blocker, caller.workspace_id, id_)
    if found is None:
        raise not_found("blocker")
    if body.get("preview"):
        shown = await _would(app, caller, id_)
        said = f"{len(shown['sends'])} would go, {len(shown['holds'])} would be held as too late."
        return JSONResponse({"verdict": None, "message": said, "released": [], **shown})
    if found["repaired_at"] is not None:
        raise Problem("is_repaired")
    return JSONResponse(await recheck_one(app, caller, id_))


async def recheck_one(app: App, caller: Caller, blocker_id: str) -> dict[str, Any]:
    shared = await app.db.query(_is_shared, blocker_id)
    if shared and not caller.may("admin"):
        raise Problem(
            "scope_too_small", "This cause concerns every workspace; it takes an admin key.", extra={"needs": "admin"}
        )
    result = await ask(app, lambda house: recheck(house, app.releaser, blocker_id, asked=True))
    mine = await app.db.query(_of_workspace, caller.workspace_id, list(result.released))
    return {"verdict": result.verdict, "message": result.message, "released": mine}


def _is_shared(conn: sa.Connection, blocker_id: str) -> bool:
    row = conn.execute(sa.select(blockers.c.workspace_id).where(blockers.c.id == blocker_id)).first()
    return row is not None and row.workspace_id is None


def _of_workspace(conn: sa.Connection, workspace_id: str, ids: list[str]) -> list[str]:
    mine: set[str] = set()
    for start in range(0, len(ids), 500):
        where = (posts.c.workspace_id == workspace_id, posts.c.id.in_(ids[start : start + 500]))
        mine |= set(conn.execute(sa.select(posts.c.id).where(*where)).scalars())
    return [id_ for id_ in ids if id_ in mine]
