"""What Threads answers when it does not do what it was asked, in the forms that have been seen or are documented.

``clear`` is this model's own judgment of a publish that got the answer: nothing can have been published.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

How = Literal["whole", "timeout", "reset", "cut"]


@dataclass(frozen=True, slots=True)
class Answer:
    """``how`` it ends: a whole answer, none within the caller's patience, a broken connection, a cut body."""

    name: str
    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    how: How = "whole"
    clear: bool = False

    def with_headers(self, *headers: tuple[str, str]) -> Answer:
        return Answer(self.name, self.status, self.body, (*self.headers, *headers), self.how, self.clear)

    def text(self, trace: str) -> bytes:
        """The body as bytes; Meta's own error objects carry the request's trace id."""
        if self.body is None:
            return b""
        if isinstance(self.body, str):
            return self.body.encode()
        body = self.body
        if isinstance(body, dict) and isinstance(body.get("error"), dict):
            body = {"error": {**body["error"], "fbtrace_id": trace}}
        whole = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return whole[: max(1, len(whole) * 2 // 3)] if self.how == "cut" else whole


@dataclass(frozen=True, slots=True)
class Details:
    """Members of an error object beside code and message."""

    subcode: int | None = None
    kind: str = "OAuthException"
    transient: bool | None = None
    title: str = ""
    message: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def error(
    name: str, status: int, code: int, message: str, details: Details | None = None, *, clear: bool = False
) -> Answer:
    details = details or Details()
    body: dict[str, Any] = {"message": message, "type": details.kind, "code": code}
    if details.subcode is not None:
        body["error_subcode"] = details.subcode
    if details.transient is not None:
        body["is_transient"] = details.transient
    if details.title:
        body |= {"error_user_title": details.title, "error_user_msg": details.message or details.title}
    return Answer(name, status, {"error": body}, clear=clear)


def web_page(status: int, *headers: tuple[str, str]) -> Answer:
    page = f"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>{status}</h1></body></html>"
    return Answer(f"page {status}", status, page, (("Content-Type", "text/html"), *headers))


THREADS = "THApiException"
TIMEOUT = Answer("no answer", how="timeout")
RESET = Answer("connection reset", how="reset")
EMPTY_500 = Answer("empty 500", 500)
NO_PERMISSION = error("10", 500, 10, "Application does not have permission for this action", Details(kind=THREADS))
UNKNOWN_1 = error("1", 500, 1, "An unknown error has occurred.")
SERVICE_2 = error(
    "2", 500, 2, "An unexpected error has occurred. Please retry your request later.", Details(transient=True)
)
FATAL = error("-1", 400, -1, "Fatal", Details(transient=False))
TOO_SLOW = error("-2", 400, -2, "The operation took too long.", Details(transient=True))
SPAM = error(
    "4/2207051", 400, 4, "Application request limit reached",
    Details(2207051, title="Action is blocked", message="We restrict certain activity to protect our community."),
)  # fmt: skip
DUPLICATE = error("506", 400, 506, "Duplicate status message")
COMMENT = error("20/1772107", 400, 20, "An error occurred", Details(1772107))
NEW_SUBCODE = error("100/4279999", 400, 100, "Invalid parameter", Details(4279999))

# What Meta would say when it refuses, from a server in trouble: its status outranks its words.
CONTRARY: Sequence[Answer] = (
    error("613/4279002 at 503", 503, 613, "Calls to this api have exceeded the rate limit.", Details(4279002)),
    error("100 at 500", 500, 100, "Param creation_id is not valid", Details(kind=THREADS)),
    error("190 at 500", 500, 190, "Error validating access token"),
)

# After these a publish may be live.
UNCLEAR: Sequence[tuple[Answer, float]] = (
    (TIMEOUT, 6), (RESET, 5), (NO_PERMISSION, 3), (UNKNOWN_1, 4), (SERVICE_2, 5), (FATAL, 2), (TOO_SLOW, 2),
    (DUPLICATE, 2), (COMMENT, 1), (NEW_SUBCODE, 1), (EMPTY_500, 2), (web_page(502), 4), (web_page(503), 2),
    (web_page(408), 1), (web_page(429, ("Retry-After", "90")), 2),
    (Answer("cut answer", 200, {"id": "1800000000000000"}, how="cut"), 3),
)  # fmt: skip
SLOW: Sequence[tuple[Answer, float]] = ((TIMEOUT, 5), (RESET, 2), (SERVICE_2, 2), (UNKNOWN_1, 1), (web_page(502), 3))
# Of a call that changes nothing, or that was not looked at.
INFRASTRUCTURE: Sequence[tuple[Answer, float]] = (
    (TIMEOUT, 2), (RESET, 3), (UNKNOWN_1, 2), (SERVICE_2, 5), (EMPTY_500, 1), (web_page(502), 4), (web_page(503), 2),
)  # fmt: skip


def not_found(target: str) -> Answer:
    details = Details(4279009, title="Media Not Found", message=f"The media with id {target} cannot be found.")
    details = Details(details.subcode, transient=False, title=details.title, message=details.message)
    return error("24/4279009", 400, 24, "The requested resource does not exist", details, clear=True)


def unknown_id(target: str, method: str = "get") -> Answer:
    message = (
        f"Unsupported {method} request. Object with ID '{target}' does not exist, cannot be loaded due to missing"
        " permissions, or does not support this operation"
    )
    return error("100/33", 400, 100, message, Details(33, THREADS), clear=True)


def usage(wait_s: float) -> tuple[str, str]:
    """The header of a limit that is used up for so long."""
    minutes = max(1, int(-(-wait_s // 60)))
    row = {"call_count": 100, "total_cputime": 20, "total_time": 20, "type": "threads"}
    return "X-Business-Use-Case-Usage", json.dumps({"123": [{**row, "estimated_time_to_regain_access": minutes}]})


def limited(name: str, wait_s: float, *, hinted: bool) -> Answer:
    """A limit on calls, for ``wait_s`` more seconds."""
    after = ("Retry-After", str(int(wait_s) + 1))
    answers = {
        "613": error("613/4279002", 400, 613, "Calls to this api have exceeded the rate limit.",
                     Details(4279002, title="Threads API Rate Limit Exceeded"), clear=True),
        "17": error("17", 400, 17, "User request limit reached", clear=True),
        "4": error("4", 403, 4, "Application request limit reached", clear=True),
    }  # fmt: skip
    answer = answers[name]
    if not hinted:
        return answer
    return answer.with_headers(usage(wait_s) if int(wait_s) % 2 else after)


DAY_FULL = error(
    "613/4279002 full", 400, 613, "Calls to this api have exceeded the rate limit.",
    Details(4279002, title="Threads API Rate Limit Exceeded"), clear=True,
)  # fmt: skip
DEAD_TOKENS: Sequence[tuple[int | None, str]] = (
    (463, "Error validating access token: Session has expired on Monday, 18-Jan-27 00:00:00 PST."),
    (460, "Error validating access token: The session has been invalidated because the user changed their password."),
    (458, "Error validating access token: The user has not authorized application 123."),
    (None, "Invalid OAuth access token - Cannot parse access token"),
)
CHECKPOINT = error(
    "190/459", 400, 190, "You cannot access the app till you log in to www.threads.net", Details(459), clear=True
)
NO_TIER = error(
    "10/4279067", 400, 10, "Application does not have permission for this action",
    Details(4279067, title="App Does Not Have Sufficient Access Tier"), clear=True,
)  # fmt: skip
RESTRICTED = error("25/2207050", 400, 25, "The account is restricted.", Details(2207050), clear=True)
BLOCKED = error("368", 400, 368, "The action attempted has been deemed abusive or is otherwise disallowed", clear=True)
WITHDRAWN = error(
    "10 withdrawn", 403, 10, "(#10) Application does not have permission for this action. Requires"
    " threads_content_publish permission to manage the object.",
)  # fmt: skip
NO_FETCH = error(
    "9004/2207052", 400, 9004, "Only photo or video can be accepted as media type.",
    Details(2207052, transient=False, title="Media download has failed.",
         message="The media could not be fetched from this URI."),
)  # fmt: skip
BAD_LINK = error(
    "-1/4279047", 400, -1, "Fatal", Details(4279047, transient=False, title="Invalid Link Attachment"), clear=True
)
NOT_READY = error("9007/2207027", 400, 9007, "Media ID is not available", Details(2207027, title="Not ready"))
BAD_FIELD = error("100 field", 500, 100, "Tried accessing nonexisting field", Details(kind=THREADS))


def dead_token(which: int) -> Answer:
    subcode, message = DEAD_TOKENS[which % len(DEAD_TOKENS)]
    return error(f"190/{subcode}", 400, 190, message, Details(subcode), clear=True)


def bad_children(children: str) -> Answer:
    details = Details(4279004, title="Invalid Carousel Children",
                message=f"The children with IDs {children} are invalid, nonexistent, or expired.")  # fmt: skip
    return error("100/4279004", 400, 100, "Invalid parameter", details, clear=True)
