"""What each code of a refusal means, and a refusal as version 1 of the API writes it (RFC 9457).

The API answers with it, the command line and bulk answers print it, and assistants are given its words. Codes are for
programs and stable, ``detail`` is for people. ``type`` is the guide page of the pattern that explains the refusal, else
its entry on ``/problems/<code>``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, PrivateAttr

from treadle.domain.answers import Conflict, Missing, Rejected
from treadle.domain.findings import Finding
from treadle.services.output import ApiModel


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its HTTP status, its title, and what to do about it.

    ``retryable``: whether the same request, sent again later, can work although nobody changes anything. ``who`` has to
    act: developer, owner, operator, meta or nobody."""

    status: int
    title: str
    way_out: str
    retryable: bool = False
    who: str = "developer"


KINDS: Mapping[str, Kind] = {
    # the request itself
    "bad_json": Kind(400, "The body is not JSON.", "Send one JSON document in UTF-8; 'detail' says where it breaks."),
    "invalid_request": Kind(
        422,
        "The request is not valid.",
        "Each entry of 'findings' names the field, the rule and what to do.",
    ),
    "too_large": Kind(
        413,
        "The request is too large.",
        "A file has 1 GB at most, and is uploaded with POST /v1/media. Send posts in smaller groups.",
    ),
    "unsupported_media_type": Kind(
        415,
        "This content type is not supported here.",
        "Set Content-Type to one that the API document lists for this address.",
    ),
    "method_not_allowed": Kind(
        405, "This address does not support this method.", "The Allow header lists the methods it supports."
    ),
    "wrong_host": Kind(
        421,
        "This server does not answer for this host.",
        "Use the address in TREADLE_PUBLIC_URL. If this host is right as well, add it to TREADLE_ALLOWED_HOSTS.",
        who="operator",
    ),
    "not_implemented": Kind(501, "There is no such method.", "Use one that the API document lists for this address."),
    "not_found": Kind(
        404,
        "Nothing was found here.",
        "Check the id. It must belong to the key's workspace.",
    ),
    # who asks
    "key_missing": Kind(
        401, "No key was sent.", "Send 'Authorization: Bearer <key>'. 'treadle keys create' prints a key."
    ),
    "key_wrong": Kind(
        401, "This key is not valid.", "It may be mistyped, revoked or expired. 'treadle keys create' prints a new one."
    ),
    "scope_too_small": Kind(
        403, "This key is not allowed to do this.", "Use a key with the scope that 'detail' names."
    ),
    "role_too_small": Kind(403, "This person's role does not allow this.", "Ask an editor of the workspace."),
    "import_waits": Kind(
        409, "Its import is not confirmed.", "Pause it in the other scheduler, then confirm the import."
    ),
    "own_post": Kind(409, "You can't approve your own post.", "Ask someone else to approve it."),
    "nothing_to_submit": Kind(409, "It can't be submitted for approval.", "Only drafts are submitted for approval."),
    "house_only": Kind(
        403,
        "This belongs to the whole installation.",
        "Use an admin key of the installation's first workspace.",
        who="operator",
    ),
    # the state of things
    "idempotency_key_reused": Kind(
        409, "This Idempotency-Key was used with another body.", "Use a new key for every new request."
    ),
    "idempotency_key_busy": Kind(
        409,
        "A request with this Idempotency-Key is in progress.",
        "Send it again shortly. You then get the first request's answer.",
        retryable=True,
        who="nobody",
    ),
    "idempotency_key_unfinished": Kind(
        409,
        "An earlier request with this Idempotency-Key was interrupted.",
        "Check whether it took effect. If not, send it with a new key.",
    ),
    "changed_meanwhile": Kind(
        412,
        "The post was changed since it was read.",
        "Read it again, check the change, then send your edit with the new ETag.",
    ),
    "not_editable": Kind(409, "It can't be changed anymore.", "Create a new post instead."),
    "being_checked": Kind(
        409,
        "Treadle is checking whether it was published.",
        "Wait until the check is done, or say what happened with POST /v1/posts/{id}/resolve.",
        who="nobody",
    ),
    "too_late": Kind(409, "It is too late to stop this.", "Delete it from Threads with POST /v1/posts/{id}/unpublish."),
    "no_free_slot": Kind(
        409, "The queue has no free slot.", "Set the account's slots with PUT /v1/accounts/{id}/queue."
    ),
    "not_queued": Kind(409, "It has no time yet.", "Add it to the queue with POST /v1/posts/{id}/queue."),
    "not_canceled": Kind(409, "It is not canceled.", "Check the post's state."),
    "nothing_to_undo": Kind(409, "There is nothing to undo.", "Check the post's state."),
    "nothing_to_retry": Kind(409, "There is nothing to retry.", "Check the post's state and what happens next."),
    "nothing_to_replace": Kind(
        409, "It has nothing to replace.", "Check the post: its media, texts and link are in 'parts'."
    ),
    "still_blocked": Kind(
        409,
        "An open problem still blocks it.",
        "Fix the problem, then recheck the blocker. The post is published then.",
        who="owner",
    ),
    "nothing_to_confirm": Kind(409, "It isn't waiting for approval.", "Check the post's state and what happens next."),
    "nothing_to_resolve": Kind(
        409, "There is no doubt about what happened to it.", "Check the post's state and what happens next."
    ),
    "not_an_address": Kind(
        422, "This is not the URL of a post.", "It looks like https://www.threads.com/@name/post/… on Threads."
    ),
    "not_listed": Kind(
        409,
        "Threads lists no post with this URL.",
        "Check that the URL is complete and belongs to this account.",
        who="owner",
    ),
    "not_readable": Kind(
        424,
        "Treadle couldn't look it up on Threads.",
        "Try again shortly, or send the id of the post.",
        retryable=True,
        who="meta",
    ),
    "permission_missing": Kind(
        409,
        "The account has not granted a permission that this needs.",
        "Add it to the permissions that Treadle asks for, then reconnect the account.",
        who="owner",
    ),
    "it_is_live": Kind(
        409, "Threads says that it is live.", "Say which post is live instead of resolving it as absent."
    ),
    "already_claimed": Kind(409, "Another post here already has this Threads post.", "Use a different one."),
    "was_sent": Kind(409, "It was sent, so its record is kept.", "Cancel it, or delete it from Threads (unpublish)."),
    "not_published": Kind(409, "Nothing of it is on Threads.", "Cancel it instead."),
    "in_use": Kind(409, "A post still needs it.", "Cancel or change that post first."),
    "is_repaired": Kind(409, "This problem is already fixed.", "Nothing needs to be done."),
    "busy": Kind(
        429,
        "Too many at once.",
        "Wait as long as the Retry-After header says, then try again.",
        retryable=True,
        who="nobody",
    ),
    "too_many_requests": Kind(
        429,
        "Too many requests in a minute.",
        "Wait as long as the Retry-After header says. The RateLimit header says what is left.",
        retryable=True,
        who="nobody",
    ),
    # Threads or this server
    # 424 and not 5xx: this server did its part, and trying the same again helps only if 'cause' says so.
    "threads_refused": Kind(
        424, "Threads didn't do this.", "'cause' says why and what to do. Its guide page has more.", who="owner"
    ),
    "unavailable": Kind(
        503,
        "This part is not available right now.",
        "Try again shortly; 'treadle doctor' says more.",
        retryable=True,
        who="operator",
    ),
    "internal": Kind(
        500,
        "Treadle made a mistake.",
        "Nothing was half saved. Try again. If it keeps happening, report it with the id in 'detail'.",
        retryable=True,
        who="operator",
    ),
}


class FindingOut(ApiModel):
    """One rule that one field breaks."""

    field: str = Field(description="Path into the request, such as 'media[2].alt_text'; empty: the request itself.")
    rule: str = Field(description="Stable name of the rule.")
    severity: str = Field(description="'error' stops the post; 'warning' and 'repair' do not.")
    message: str = Field(description="What is wrong.")
    way_out: str = Field(description="What to do.")
    given: Any = Field(None, description="The value that was sent, shortened to 300 characters.")
    limit: Any = Field(None, description="What it was compared with, in the unit that 'message' names.")
    pattern: str = Field("", description="Id of the catalogue's pattern that explains it; empty: none.")
    guide: str | None = Field(None, description="Address of that pattern's guide page.")
    _finding: Finding | None = PrivateAttr(None)

    @property
    def finding(self) -> Finding:
        """What it was made of, for a face that has words of its own."""
        assert self._finding is not None
        return self._finding


def finding_out(finding: Finding, public_url: str) -> FindingOut:
    guide = f"{public_url}/guide/errors/{finding.pattern}" if finding.pattern else None
    made = FindingOut(**finding.to_json(), guide=guide)
    made._finding = finding
    return made


class ProblemOut(ApiModel):
    """A refusal (RFC 9457), with what belongs to its code as further fields."""

    type: str = Field(description="Address of the page that explains it.")
    title: str = Field(description="The kind of the problem, for people; the same for each 'code'.")
    status: int = Field(description="The HTTP status; of one of many, as if it had been sent alone.")
    detail: str = Field(description="What is wrong here, for people.")
    code: str = Field(description="Stable, for programs.")
    way_out: str = Field(description="What to do.")
    retryable: bool = Field(
        description="Whether the same request, sent again later, can work although nobody changes anything."
    )
    who: str = Field(description="Who has to act: developer, owner, operator, meta or nobody.")
    request_id: str | None = Field(None, description="The answer's Request-Id: quote it when you ask for help.")
    instance: str | None = Field(None, description="The address that was asked.")
    findings: list[FindingOut] | None = Field(None, description="Everything that is wrong with the request, at once.")


@dataclass
class ProblemDetails:
    """A refusal with everything that is shown of it. ``pattern`` makes ``type`` the pattern's guide page."""

    code: str
    detail: str = ""
    findings: Sequence[Finding] = ()
    pattern: str = ""
    status: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def out(self, public_url: str, instance: str = "") -> ProblemOut:
        kind = KINDS[self.code]
        page = f"/guide/errors/{self.pattern}" if self.pattern else f"/problems/{self.code}"
        more: dict[str, Any] = {"instance": instance} if instance else {}
        if self.findings:
            more["findings"] = [finding_out(f, public_url) for f in self.findings]
        return ProblemOut(
            type=public_url + page,
            title=kind.title,
            status=self.status or kind.status,
            detail=self.detail or kind.way_out,
            code=self.code,
            way_out=kind.way_out,
            **{"retryable": kind.retryable, "who": kind.who, **more, **self.extra},
        )

    def body(self, public_url: str, instance: str = "") -> dict[str, Any]:
        """The same as plain JSON."""
        return self.out(public_url, instance).model_dump(exclude_unset=True)


def details_of(answer: Rejected | Missing | Conflict) -> ProblemDetails:
    """A refusal of a use case with its words."""
    match answer:
        case Rejected(findings):
            return invalid_details(findings)
        case Missing(what):
            return missing_details(what)
        case Conflict(code, message, detail):
            return ProblemDetails(code, message, extra=dict(detail))


def invalid_details(findings: Sequence[Finding]) -> ProblemDetails:
    """The request breaks rules; every one of them is in the answer."""
    first = findings[0]
    more = f" And {len(findings) - 1} more." if len(findings) > 1 else ""
    where = f"{first.field}: " if first.field else ""
    detail = f"{where}{first.message} {first.way_out}{more}"
    return ProblemDetails("invalid_request", detail, findings, pattern=_common(findings))


def missing_details(what: str = "post") -> ProblemDetails:
    return ProblemDetails("not_found", f"There is no such {what} in this workspace.")


def _common(findings: Sequence[Finding]) -> str:
    """The pattern that explains all of them, if there is one."""
    patterns = {f.pattern for f in findings}
    return patterns.pop() if len(patterns) == 1 else ""


def finding_json(finding: Finding, public_url: str = "") -> dict[str, Any]:
    """A finding as plain JSON."""
    return finding_out(finding, public_url).model_dump()
