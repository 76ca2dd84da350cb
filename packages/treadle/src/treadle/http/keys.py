"""``/v1/keys``: bearer keys of this workspace."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from treadle.domain.answers import Missing, Rejected
from treadle.http import bodies, examples, reading
from treadle.http.caller import Admin, CurrentApp
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query, moment
from treadle.http.problems import Problem, invalid, not_found
from treadle.services import api_keys as services
from treadle.services.api_keys import KeyMade, KeysOut

router = APIRouter(prefix="/v1/keys", tags=["Workspace"], dependencies=[Depends(known_query)])
EXAMPLE = {
    "id": "key_06fkx1w4n0a1b2c3d4e5f6g7h8",
    "name": "publisher",
    "scopes": ["write"],
    "created_at": examples.TIME,
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
}


@router.get(
    "",
    summary="List keys",
    response_model=KeysOut,
    responses={**good(200, "Never the keys themselves.", {"data": [EXAMPLE]}), **problems()},
)
async def list_keys(caller: Admin, app: CurrentApp) -> KeysOut:
    """Also those that ended. A key itself is shown once, when it is made."""
    return await app.db.query(services.listing, caller.workspace_id)


@router.post(
    "",
    status_code=201,
    summary="Make a key",
    response_model=KeyMade,
    responses={**good(201, "'key' is shown this once.", {**EXAMPLE, "key": "trd_..."}), **problems(*BODY)},
    openapi_extra=takes(bodies.KeyIn, {"name": "publisher", "scopes": ["write"]}, required=False),
)
async def make_key(request: Request, caller: Admin, app: CurrentApp) -> KeyMade:
    """Scopes: `read`, `write` (includes read), `admin` (includes both); `write` by default."""
    wanted = await reading.take(request, bodies.KeyIn, optional=True)
    expires_at = moment(wanted.expires_at, "expires_at")
    made = await app.db.run(
        lambda conn: services.create(
            conn,
            caller.workspace_id,
            name=wanted.name or "",
            scopes=["write"] if wanted.scopes is None else wanted.scopes,
            expires_at=expires_at,
            expires_given=wanted.expires_at,
            actor=caller.key_id,
            now=app.now(),
        )
    )
    if isinstance(made, Rejected):
        raise invalid(made.findings)
    return made


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke a key",
    responses={204: {"description": "It opens nothing any more, from this moment."}, **problems(404, "in_use")},
)
async def revoke(key_id: str, caller: Admin, app: CurrentApp) -> Response:
    """It ends at once, and every stream that was opened with it. The key of this very request stays (409)."""
    id_ = reading.an_id(key_id, "key")

    done = await app.db.run(
        lambda conn: services.revoke(conn, caller.workspace_id, id_, actor=caller.key_id, now=app.now())
    )
    if isinstance(done, Missing):
        raise not_found(done.what)
    if done == "own":
        raise Problem("in_use", "This request came with that very key. Revoke it with another admin key.")
    return Response(status_code=204)
