"""``/v1/diagnose``, ``/v1/patterns``, ``/v1/unknown-answers``: what errors mean."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from treadle.domain.findings import finding
from treadle.http import bodies, reading
from treadle.http.caller import CurrentApp, Reader
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import PLAIN, known_query, words
from treadle.http.problems import Problem, invalid, not_found
from treadle.services import causes as services
from treadle.services.causes import PatternOut, PatternsOut, UnknownAnswersOut, storable
from treadle.services.post_output import DiagnosisOut
from treadle_diagnosis import NOTHING, diagnose
from treadle_diagnosis.catalog.words import CATEGORIES, LANES
from treadle_diagnosis.context import wrong_facts
from treadle_diagnosis.engine import is_evidence_row
from treadle_diagnosis.limits import ANSWER_BYTES

router = APIRouter(tags=["Causes"], dependencies=[Depends(known_query)])

_EXAMPLE = {"http_status": 400, "body": {"error": {"message": "Error validating access token", "code": 190}}}


@router.post(
    "/v1/diagnose",
    summary="What does this error mean",
    response_model=DiagnosisOut,
    response_model_exclude_unset=True,
    responses={
        **good(200, "Cause, next step, and whether a retry can work.", diagnose(_EXAMPLE).to_json()),
        **problems(*BODY),
    },
    openapi_extra=takes(
        bodies.DiagnoseIn,
        {"id": "1", "stage": "publish", **_EXAMPLE},
        anything=True,
        more={"text/plain": {"schema": {"type": "string"}, "example": "HTTP 500 from graph.threads.net"}},
    ),
)
async def diagnose_answer(request: Request, _: Reader) -> DiagnosisOut:
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
            _refuse_wrong_facts(given)
    found = diagnose(given)
    if found.pattern == NOTHING:
        raise Problem(
            "invalid_request",
            f"{found.title}. {found.next_step}" if found.next_step else "There is nothing to diagnose in this.",
            extra={"findings": [], "diagnosis": storable(found.to_json())},
        )
    return DiagnosisOut(id=echo, **storable(found.to_json()))


def _refuse_wrong_facts(given: dict[str, Any]) -> None:
    """Refuse a fact of ``context`` that nobody knows: dropped, the advice would be that for another situation.

    Only of evidence; an answer of another program may have a context of its own, and is diagnosed as it came.
    """
    context = given.get("context")
    if not context or not is_evidence_row(given) or not given.keys() <= bodies.DiagnoseIn.model_fields.keys():
        return
    if not isinstance(context, dict):
        raise invalid([finding("context", "unknown_value", given=context, known="an object of facts")])
    findings = []
    for fact in wrong_facts(context):
        code = "unknown_value" if not fact.unknown else "unknown_field_near" if fact.nearest else "unknown_field"
        known = f"{fact.known} ({fact.nearest})" if fact.nearest and not fact.unknown else fact.known
        where = f"context.{fact.key[:100]}"
        given_ = context.get(fact.key)
        findings.append(finding(where, code, given=given_, name=fact.key[:100], meant=fact.nearest, known=known))
    if findings:
        raise invalid(findings)


@router.get(
    "/v1/patterns",
    summary="The catalogue of causes",
    response_model=PatternsOut,
    responses={**good(200, "Every pattern, in the order of the guide."), **problems()},
)
async def list_patterns(
    _: Reader,
    lane: Annotated[list[str] | None, Query()] = None,
    category: Annotated[list[str] | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=200, pattern=PLAIN, description="Words of name or title.")] = None,
) -> PatternsOut:
    """The catalogue of errors: what each means, whose it is, and whether a retry can work."""
    lanes = words(lane, frozenset(LANES), "lane")
    categories = words(category, frozenset(CATEGORIES), "category")
    return services.patterns(lanes=lanes, categories=categories, wanted=q or "")


@router.get(
    "/v1/patterns/{pattern}",
    summary="One cause, whole",
    response_model=PatternOut,
    responses={**good(200, "By id or by public name."), **problems(404)},
)
async def read_pattern(pattern: str, _: Reader) -> PatternOut:
    """What it means, what each side does, its look-alikes and examples."""
    found = services.pattern(pattern)
    if found is None:
        raise not_found("pattern")
    return found


@router.get(
    "/v1/unknown-answers",
    summary="Answers no pattern knows",
    response_model=UnknownAnswersOut,
    responses={**good(200, "Most frequent first."), **problems()},
)
async def list_unknown(caller: Reader, app: CurrentApp) -> UnknownAnswersOut:
    """Kept so that they can be catalogued: the shape, how often it came, and one sample with its secrets removed. Only
    those that this workspace's posts met."""
    return await app.db.query(services.unknown_answers, caller.workspace_id)
