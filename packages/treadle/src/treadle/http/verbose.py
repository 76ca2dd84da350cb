"""A post's error in the field names of bundle.social's ``errorsVerbose``, for code that was written against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.store.posts_read import last_answer

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


def last_status(conn: sa.Connection, post_id: str) -> int | None:
    """The HTTP status of the last answer that was diagnosed."""
    status = (last_answer(conn, post_id) or {}).get("status")
    return status if isinstance(status, int) else None


def verbose_error(post: Mapping[str, Any], http_status: int | None = None) -> dict[str, Any]:
    """``{"id", "status", "errorsVerbose": {"THREADS": {...} or null}}`` of a post as the API reads it."""
    cause = post.get("cause")
    return {
        "id": post["id"],
        "status": STATUS[post["state"]],
        "errorsVerbose": {"THREADS": _error(cause, http_status) if cause else None},
    }


def _error(cause: Mapping[str, Any], http_status: int | None) -> dict[str, Any]:
    raw = cause.get("raw")
    error = raw.get("error") if isinstance(raw, Mapping) else None
    error = error if isinstance(error, Mapping) else {}
    code, subcode = error.get("code"), error.get("error_subcode")
    return {
        "code": f"TH:{code}" if code is not None else f"TREADLE:{cause['pattern']}",
        "errorMessage": _text(error.get("message")) or (raw if isinstance(raw, str) else cause["what_happened"]),
        # Their word for it: whether the same thing can work later without anybody doing anything.
        "isTransient": cause["retry"]["kind"] in ("later", "new_container"),
        "httpStatus": http_status,
        "meta": {
            "pattern": cause["pattern"],
            "lane": cause["lane"],
            "action": cause["action"],
            "who": cause["who"],
            "retry": cause["retry"],
            "guide": cause["guide"],
            "subcode": subcode,
            "fbtrace_id": error.get("fbtrace_id"),
        },
        "userFacingMessage": " ".join(s for s in (cause["what_happened"], cause["next_step"]) if s),
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
