"""From a call's result to a timeline note, and what the engine knows besides that sharpens a diagnosis."""

from __future__ import annotations

from typing import Any

from treadle.domain.scope import READING_STOPS
from treadle.domain.view import PartView
from treadle.store.timeline import Note
from treadle_diagnosis.redact import redact
from treadle_diagnosis.types import Diagnosis
from treadle_threads.evidence import diagnose_failure
from treadle_threads.results import Answer, Call, Failure, Lost, NotSent, Ok, Refused, Result

# Causes behind which even reading makes no sense, and whose end a cheap read of the own profile shows: a post that is
# being checked waits for their repair too.
NEEDED_BY_ALL = frozenset({"threads_basic_missing", "app_not_reviewed", "app_deactivated"})
ANSWER_CAP = 16_384  # bytes of one answer kept in a timeline


def answer_json(answer: Answer | None) -> dict[str, Any] | None:
    """Meta's answer as it came, secrets removed and capped."""
    if answer is None:
        return None
    kept: dict[str, Any] = redact(
        {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}, max_chars=ANSWER_CAP
    )
    return kept


def call_json(call: Call) -> dict[str, Any]:
    made: dict[str, Any] = redact(
        {"method": call.method, "path": call.path, "params": dict(call.params)}, max_chars=ANSWER_CAP
    )
    return made


def note_of(
    result: Ok[Any] | Failure,
    stage: str,
    what: str,
    part: int | None,
    *,
    started_at: float,
    diagnosis: Diagnosis | None = None,
    decision: str | None = None,
) -> Note:
    """The timeline entry of one call."""
    answer: dict[str, Any] | None
    match result:
        case Ok():
            outcome, answer = "ok", answer_json(result.answer)
        case Refused():
            outcome, answer = "refused", answer_json(result.answer)
        case NotSent():
            outcome, answer = "not_sent", {"error": f"{result.kind}: {result.detail}"}
        case Lost():
            outcome, answer = "lost", {"error": f"{result.kind}: {result.detail}", **(answer_json(result.answer) or {})}
    return Note(
        stage=stage,
        kind="call",
        what=what,
        part=part,
        started_at=started_at,
        duration_s=result.elapsed_s,
        outcome=outcome,
        request=call_json(result.call),
        answer=answer,
        diagnosis=diagnosis.to_json() if diagnosis else None,
        decision=decision,
    )


def understood(failure: Failure) -> Failure:
    """A 2xx that is empty, cut off, or holds nothing of what was asked is no refusal: its answer is lost. So is a 403
    without an error of Meta's.

    A page of a gateway's and an answer with an error in it stay what they are, and so does a container's status.
    """
    if not isinstance(failure, Refused):
        return failure
    body = failure.answer.body
    if failure.answer.status == 403 and not (isinstance(body, dict) and body.get("error")):
        # Meta refuses a permission in words of its own. This is a gateway's, and blames neither account nor app.
        page = isinstance(body, str) and body.lstrip().startswith("<")
        return failure if page else Lost("protocol", "A bare 403.", failure.call, failure.elapsed_s, failure.answer)
    if not 200 <= failure.answer.status < 300:
        return failure
    if isinstance(body, str) and body.lstrip().startswith("<"):
        return failure
    if isinstance(body, dict) and ("error" in body or (isinstance(body.get("status"), str) and body["status"])):
        return failure
    detail = "The answer is empty, cut off, or not what was asked for."
    return Lost("truncated", detail, failure.call, failure.elapsed_s, failure.answer)


def reading_stops(result: Result[Any]) -> bool:
    """Whether this answer to a read says that nothing can be read any more."""
    if isinstance(result, Ok) or not isinstance(failure := understood(result), Refused):
        return False
    found = diagnose_failure(failure, "read", {})
    return found.lane in READING_STOPS and not one_permission(found)


def one_permission(diagnosis: Diagnosis) -> bool:
    """Whether a permission is missing that other calls, publishing among them, do not need."""
    return diagnosis.lane == "permission_app_review" and diagnosis.pattern not in NEEDED_BY_ALL


def context_of(part: PartView, now: float, **more: Any) -> dict[str, Any]:
    """What the engine knows that sharpens a diagnosis."""
    context: dict[str, Any] = {
        "media_kind": part.kind.lower() if part.kind in ("IMAGE", "VIDEO") else None,
        "media_bytes": sum(int(m.get("size") or 0) for m in part.media_urls or []) or None,
        "text_bytes": len(part.text.encode()) or None,
        "after_publish": part.sends > 0 and part.unclear,
        **more,
    }
    if part.container_made_at is not None:
        context["container_age_s"] = round(max(0.0, now - part.container_made_at), 3)
        context["container_status"] = part.container_status
    if part.position > 0:
        context["reply_target"] = "own_recent"
    elif part.options.get("reply_to_id"):
        context["reply_target"] = "other"
    return {k: v for k, v in context.items() if v is not None}
