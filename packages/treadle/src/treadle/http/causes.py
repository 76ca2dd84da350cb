"""``/v1/diagnose``, ``/v1/patterns``, ``/v1/unknown-answers``: what errors mean."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from treadle.http import answers, bodies, reading
from treadle.http.caller import House, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import PLAIN, known_query, words
from treadle.http.problems import Problem, not_found
from treadle.services.read import iso
from treadle.store.tables import posts, unknown_answers
from treadle_diagnosis import NOTHING, catalog, diagnose
from treadle_diagnosis.catalog import Pattern
from treadle_diagnosis.catalog.words import CATEGORIES, LANES
from treadle_diagnosis.limits import ANSWER_BYTES
from treadle_diagnosis.types import ACTION_LABELS
from treadle_diagnosis.wording import visitor_json

router = APIRouter(tags=["Causes"], dependencies=[Depends(known_query)])

_EXAMPLE = {"http_status": 400, "body": {"error": {"message": "Error validating access token", "code": 190}}}


@router.post(
    "/v1/diagnose",
    summary="What does this error mean",
    response_model=answers.DiagnosisOut,
    responses={
        **good(200, "Cause, next step, and whether a retry can work.", visitor_json(diagnose(_EXAMPLE))),
        **problems(*BODY),
    },
    openapi_extra=takes(
        bodies.DiagnoseIn,
        {"id": "1", "stage": "publish", **_EXAMPLE},
        anything=True,
        more={"text/plain": {"schema": {"type": "string"}, "example": "HTTP 500 from graph.threads.net"}},
    ),
)
async def diagnose_answer(request: Request, _: Reader) -> Response:
    """JSON with the fields of evidence, an answer of Meta's as it came, or text (`Content-Type: text/plain`) as people
    paste it. Nothing is stored. Secrets in it are removed from what is given back."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    echo: Any = None
    given: Any
    if kind.startswith("text/"):
        given = (await reading.read_bytes(request, ANSWER_BYTES)).decode("utf-8", "replace")
    else:
        given = await reading.read_json(request, ANSWER_BYTES)
        if isinstance(given, dict):
            echo = given.get("id") if isinstance(given.get("id"), str) else None
    found = diagnose(given)
    if found.pattern == NOTHING:
        raise Problem(
            "invalid_request",
            found.next_step or "There is nothing to diagnose in this.",
            title=found.title,
            extra={"findings": [], "diagnosis": clean_json(found.to_json())},
        )
    return JSONResponse({"id": echo, **clean_json(visitor_json(found))})


def clean_json(value: Any) -> Any:
    """Without what UTF-8 or JSON cannot hold, which pasted answers may contain."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {clean_json(k): clean_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


def pattern_json(p: Pattern, *, whole: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": p.id,
        "public_name": p.public_name,
        "title": p.title,
        "category": p.category,
        "lane": p.lane,
        "action": p.action,
        "action_label": ACTION_LABELS[p.action],
        "scope": p.scope,
        "who": p.who,
        "retry": {
            "kind": p.retry.kind,
            "after_s": p.retry.after_s,
            "max_attempts": p.retry.max_attempts,
            "max_delay_s": p.retry.max_delay_s,
            "then": p.retry.then,
        },
        "guide": p.guide,
    }
    if whole:
        made |= {
            "what_happened": p.what_happened,
            "owner": p.owner,
            "developer": p.developer,
            "treadle": p.treadle,
            "repaired": p.repaired,
            "repaired_by": list(p.repaired_by),
            "look_alikes": dict(p.look_alikes),
            "examples": [{k: v for k, v in e.evidence.items() if v not in (None, {}, "")} for e in p.examples],
            "plan": list(p.plan),
            "checked": p.checked,
        }
    return made


@router.get(
    "/v1/patterns",
    summary="The catalogue of causes",
    response_model=answers.PatternsOut,
    responses={**good(200, "Every pattern, in the order of the guide."), **problems()},
)
async def list_patterns(
    _: Reader,
    lane: Annotated[list[str] | None, Query()] = None,
    category: Annotated[list[str] | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=200, pattern=PLAIN, description="Words of name or title.")] = None,
) -> Response:
    found = catalog.load()
    lanes = words(lane, frozenset(LANES), "lane")
    categories = words(category, frozenset(CATEGORIES), "category")
    wanted = (q or "").lower()
    data = [
        pattern_json(p)
        for p in found
        if (not lanes or p.lane in lanes)
        and (not categories or p.category in categories)
        and (not wanted or wanted in f"{p.id} {p.public_name} {p.title} {p.what_happened}".lower())
    ]
    return JSONResponse({"data": data, "checked": found.checked})


@router.get(
    "/v1/patterns/{pattern}",
    summary="One cause, whole",
    response_model=answers.PatternOut,
    responses={**good(200, "By id or by public name."), **problems(404)},
)
async def read_pattern(pattern: str, _: Reader) -> Response:
    found = catalog.load().get(pattern[:100])
    if found is None:
        raise not_found("pattern")
    return JSONResponse(pattern_json(found, whole=True))


@router.get(
    "/v1/unknown-answers",
    summary="Answers no pattern knows",
    response_model=answers.Listed,
    responses={**good(200, "Most frequent first."), **problems()},
)
async def list_unknown(caller: Reader, app: House) -> Response:
    """Kept so that they can be catalogued: the shape, how often it came, and one sample with its secrets removed. Only
    those that this workspace's posts met."""
    return JSONResponse({"data": await app.db.query(unknown_of, caller.workspace_id)})


def unknown_of(conn: sa.Connection, workspace_id: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        sa.select(unknown_answers)
        .join(posts, posts.c.id == unknown_answers.c.post_id)
        .where(posts.c.workspace_id == workspace_id)
        .order_by(unknown_answers.c.count.desc(), unknown_answers.c.shape)
        .limit(200)
    ).mappings()
    return [
        {
            "shape": row["shape"],
            "count": row["count"],
            "first_at": iso(row["first_at"]),
            "last_at": iso(row["last_at"]),
            "sample": row["sample"],
            "post_id": row["post_id"],
        }
        for row in rows
    ]
