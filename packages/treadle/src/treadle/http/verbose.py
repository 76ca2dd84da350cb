"""A post's error in the field names of bundle.social's ``errorsVerbose``, for code that was written against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from treadle.services.output import ApiModel
from treadle.services.post_output import DiagnosisOut, PostOut, RetryOut
from treadle.store import Connection
from treadle.store.posts_read import last_answer
from treadle_diagnosis.types import REPEATS

# Their states, as far as ours have a counterpart.
STATUS: Mapping[str, str] = {
    "draft": "DRAFT",
    "scheduled": "SCHEDULED",
    "publishing": "PROCESSING",
    "waiting": "PROCESSING",
    "retrying": "RETRYING",
    "checking": "PROCESSING",
    "blocked": "ERROR",
    "held": "REVIEW",
    "published": "POSTED",
    "failed": "ERROR",
    "canceled": "DELETED",
}


def last_status(conn: Connection, post_id: str) -> int | None:
    """The HTTP status of the last answer that was diagnosed."""
    status = (last_answer(conn, post_id) or {}).get("status")
    return status if isinstance(status, int) else None


class VerboseMeta(ApiModel):
    """The diagnosis, in few words."""

    pattern: str
    lane: str
    action: str
    who: str
    retry: RetryOut
    guide: str
    subcode: Any = Field(description="Meta's error_subcode.")
    fbtrace_id: Any = Field(description="Meta's own id of the failure.")


class VerboseError(ApiModel):
    """The fields of bundle.social's error; ``meta`` is the diagnosis."""

    code: str | None = Field(description="'TH:' with Meta's code, or 'TREADLE:' with the pattern's id.")
    errorMessage: str | None
    isTransient: bool | None = Field(description="Whether the same can work later without anybody doing anything.")
    httpStatus: int | None = Field(description="HTTP status of Meta's last answer.")
    meta: VerboseMeta | None
    userFacingMessage: str | None


class VerboseOut(ApiModel):
    id: str
    status: str = Field(description="The state in their words.")
    errorsVerbose: dict[str, VerboseError | None] = Field(description="The error under 'THREADS', or null.")


def verbose_error(post: PostOut, http_status: int | None = None) -> VerboseOut:
    """A post's error as that service gives it."""
    error = _error(post.cause, http_status) if post.cause else None
    return VerboseOut(id=post.id, status=STATUS[post.state], errorsVerbose={"THREADS": error})


def _error(cause: DiagnosisOut, http_status: int | None) -> VerboseError:
    raw = cause.raw
    error = raw.get("error") if isinstance(raw, Mapping) else None
    error = error if isinstance(error, Mapping) else {}
    code, subcode = error.get("code"), error.get("error_subcode")
    return VerboseError(
        code=f"TH:{code}" if code is not None else f"TREADLE:{cause.pattern}",
        errorMessage=_text(error.get("message")) or (raw if isinstance(raw, str) else cause.what_happened),
        isTransient=cause.retry.kind in REPEATS,
        httpStatus=http_status,
        meta=VerboseMeta(
            pattern=cause.pattern,
            lane=cause.lane,
            action=cause.action,
            who=cause.who,
            retry=cause.retry,
            guide=cause.guide,
            subcode=subcode,
            fbtrace_id=error.get("fbtrace_id"),
        ),
        userFacingMessage=" ".join(s for s in (cause.what_happened, cause.next_step) if s),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
