"""``/v1/keys``: bearer keys of this workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from treadle.domain.findings import Finding
from treadle.http import answers, bodies, examples, reading
from treadle.http.caller import Admin, House
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query, moment
from treadle.http.problems import Problem, invalid, not_found
from treadle.people import audit
from treadle.people.keys import SCOPES, create_key
from treadle.people.keys import revoke as revoke_key
from treadle.services.read import iso
from treadle.store.tables import api_keys

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


def key_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "prefix": row["prefix"],
        "scopes": row["scopes"],
        "created_at": iso(row["created_at"]),
        "expires_at": iso(row["expires_at"]),
        "last_used_at": iso(row["last_used_at"]),
        "revoked_at": iso(row["revoked_at"]),
    }


@router.get(
    "",
    summary="List keys",
    response_model=answers.KeysOut,
    responses={**good(200, "Never the keys themselves.", {"data": [EXAMPLE]}), **problems()},
)
async def list_keys(caller: Admin, app: House) -> Response:
    rows = await app.db.query(_all, caller.workspace_id)
    return JSONResponse({"data": [key_json(row) for row in rows]})


def _all(conn: sa.Connection, workspace_id: str) -> list[Mapping[str, Any]]:
    query = sa.select(api_keys).where(api_keys.c.workspace_id == workspace_id).order_by(api_keys.c.created_at)
    return [dict(row) for row in conn.execute(query).mappings()]


@router.post(
    "",
    status_code=201,
    summary="Make a key",
    response_model=answers.KeyOut,
    responses={**good(201, "'key' is shown this once.", {**EXAMPLE, "key": "trd_..."}), **problems(*BODY)},
    openapi_extra=takes(bodies.KeyIn, {"name": "publisher", "scopes": ["write"]}, required=False),
)
async def make_key(request: Request, caller: Admin, app: House) -> Response:
    """Scopes: `read`, `write` (includes read), `admin` (includes both); `write` unless said."""
    body = reading.only(
        reading.mapping(await reading.read_json(request, optional=True)),
        {"name": str, "scopes": list, "expires_at": str},
    )
    scopes = body.get("scopes", ["write"])
    now = app.now()
    expires = moment(body.get("expires_at"), "expires_at")
    findings = []
    if not scopes or any(not isinstance(s, str) or s not in SCOPES for s in scopes):
        said = "A key has one or more of these scopes."
        findings.append(
            Finding("scopes", "scopes", said, f"Write {', '.join(SCOPES)}.", given=scopes, limit=list(SCOPES))
        )
    if len(str(body.get("name", ""))) > 200:
        findings.append(Finding("name", "too_long", "The name is too long.", "Shorten it.", limit=200))
    if expires is not None and not now < expires < 1e11:
        said = "It would be expired already, or never."
        findings.append(Finding("expires_at", "in_the_past", said, "Send a time ahead.", given=body["expires_at"]))
    if findings:
        raise invalid(findings)

    def work(conn: sa.Connection) -> dict[str, Any]:
        name = str(body.get("name", ""))
        key_id, secret = create_key(conn, caller.workspace_id, name, list(dict.fromkeys(scopes)), now, expires)
        detail = {"name": name, "scopes": scopes}
        audit.note(conn, caller.workspace_id, caller.key_id, "key.created", key_id, detail, now=now)
        row = conn.execute(sa.select(api_keys).where(api_keys.c.id == key_id)).mappings().one()
        return {**key_json(dict(row)), "key": secret}

    return JSONResponse(await app.db.run(work), 201)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke a key",
    responses={204: {"description": "It opens nothing any more, from this moment."}, **problems(404, 409)},
)
async def revoke(key_id: str, caller: Admin, app: House) -> Response:
    id_ = reading.an_id(key_id, "key")

    def work(conn: sa.Connection) -> str:
        now = app.now()
        mine = (api_keys.c.id == id_, api_keys.c.workspace_id == caller.workspace_id)
        row = conn.execute(sa.select(api_keys.c.revoked_at).where(*mine)).first()
        if row is None:
            return "none"
        if id_ == caller.key_id:
            return "own"
        revoke_key(conn, caller.workspace_id, id_, actor=caller.key_id, now=now)
        return "done"

    done = await app.db.run(work)
    if done == "none":
        raise not_found("key")
    if done == "own":
        raise Problem("in_use", "This request came with that very key. Revoke it with another admin key.")
    return Response(status_code=204)
