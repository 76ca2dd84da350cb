"""``/v1/blockers``: open causes that hold posts, and looking whether they are gone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from treadle.domain.answers import Missing
from treadle.http import bodies, examples, reading
from treadle.http.caller import CurrentApp, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import After, Limit, known_query, link
from treadle.http.problems import Problem, not_found
from treadle.services import blockers as services
from treadle.services.blockers import BlockerRead, BlockersOut, RecheckOut, RecheckPreview

router = APIRouter(prefix="/v1/blockers", tags=["Causes"], dependencies=[Depends(known_query)])


@router.get(
    "",
    summary="What holds posts",
    response_model=BlockersOut,
    response_model_exclude_unset=True,
    responses={**good(200, "Newest first.", None, "Link"), **problems()},
)
async def list_open(
    request: Request,
    response: Response,
    caller: Reader,
    app: CurrentApp,
    repaired: Annotated[bool, Query(description="Also those that are repaired.")] = False,
    limit: Limit = 50,
    after: After = None,
) -> BlockersOut:
    """Causes of this workspace, and those of the Meta app and of Threads itself, which every workspace can read."""
    before = reading.id_cursor(after)
    found = await app.db.query(
        services.listing, caller.workspace_id, open_only=not repaired, limit=limit, before=before
    )
    if found.next is not None:
        response.headers["Link"] = link(request, found.next)
    return found


@router.get(
    "/{blocker_id}",
    summary="Read one, and what its repair would send",
    response_model=BlockerRead,
    response_model_exclude_unset=True,
    responses={
        **good(200, "With 'would' naming the posts that would go, and those that would be held as too late."),
        **problems(404),
    },
)
async def read_blocker(blocker_id: str, caller: Reader, app: CurrentApp) -> BlockerRead:
    """Its cause, since when it is open, and how many posts wait for it."""
    found = await services.read(app, caller.workspace_id, reading.an_id(blocker_id, "blocker"))
    if isinstance(found, Missing):
        raise not_found(found.what)
    return found


@router.post(
    "/{blocker_id}/recheck",
    summary="Look again",
    response_model=RecheckPreview | RecheckOut,
    responses={
        **good(
            200,
            "'repaired': its posts go; 'still': not yet; 'unknown': one post goes first to see.",
            {"verdict": "repaired", "message": "Threads answers again.", "released": [examples.POST]},
        ),
        **problems(404, "is_repaired", *BODY),
    },
    openapi_extra=takes(bodies.RecheckIn, {"preview": True}, required=False),
)
async def recheck_blocker(
    request: Request, blocker_id: str, caller: Writer, app: CurrentApp
) -> RecheckPreview | RecheckOut:
    """Asks Threads or the media host whether the cause is gone, and lets the posts go if it is: oldest first, spaced,
    and only those that are not too late. `{"preview": true}` only says what would be sent. Causes of the Meta app and
    of Threads itself concern every workspace: rechecking them takes an admin key."""
    id_ = reading.an_id(blocker_id, "blocker")
    if (await reading.take(request, bodies.RecheckIn, optional=True)).preview:
        shown = await services.preview_recheck(app, caller.workspace_id, id_)
        if isinstance(shown, Missing):
            raise not_found(shown.what)
        return shown
    done = await services.recheck(app, caller.workspace_id, id_, may_share=caller.may("admin"))
    match done:
        case Missing(what):
            raise not_found(what)
        case "is_repaired":
            raise Problem("is_repaired")
        case "shared":
            detail = "This cause concerns every workspace; it takes an admin key."
            raise Problem("scope_too_small", detail, extra={"needs": "admin"})
        case RecheckOut():
            return done
