"""``/v1/preflight``: what would become of a post, without storing it or asking Threads to publish."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from treadle.http import bodies, reading
from treadle.http.caller import CurrentApp, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.examples import POST_IN_EXAMPLE
from treadle.http.lists import known_query
from treadle.services.preflight import PreflightOut, inspect_post

router = APIRouter(tags=["Posts"], dependencies=[Depends(known_query)])


@router.post(
    "/v1/preflight",
    summary="Look at a post before it is sent",
    response_model_exclude_unset=True,
    responses={
        **good(
            200,
            "'ok' false: at least one finding is an error.",
            {
                "ok": True,
                "findings": [],
                "media": [],
                "account": None,
                "scopes": {"needed": ["threads_basic"], "missing": []},
            },
        ),
        **problems(*BODY),
    },
    openapi_extra=takes(bodies.PostIn, POST_IN_EXAMPLE, anything=True),
)
async def preflight(
    request: Request,
    caller: Reader,
    app: CurrentApp,
    look_at_media: Annotated[bool, Query(alias="media", description="false: do not look at the media.")] = True,
) -> PreflightOut:
    """Every rule of the post, permissions and health of the account, open causes in its way, and each medium looked at
    as Threads will: address, robots.txt, format, codecs, and what Treadle would repair."""
    body = await reading.read_json(request)
    return await inspect_post(app, caller.workspace_id, body, with_media=look_at_media)
