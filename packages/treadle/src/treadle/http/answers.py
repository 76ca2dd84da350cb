"""What is answered, for the API's document. Answers are built by the rooms, not by these; tests compare them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from treadle.domain.states import PartState, PostState


class Open(BaseModel):
    """An answer; later versions may add fields."""

    model_config = ConfigDict(extra="allow")


class FindingOut(Open):
    field: str
    rule: str
    severity: str
    message: str
    way_out: str
    given: Any = None
    limit: Any = None
    pattern: str = ""
    guide: str | None = None


class ProblemOut(Open):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    way_out: str
    instance: str | None = None
    findings: list[FindingOut] | None = None


class RetryOut(Open):
    kind: str
    after_s: float | None
    max_attempts: int
    max_delay_s: float | None = None
    then: str | None
    hinted: bool = False


class DiagnosisOut(Open):
    id: str | None = None
    pattern: str
    title: str
    category: str
    lane: str
    action: str
    action_label: str
    retry: RetryOut
    who: str
    confidence: str
    what_happened: str
    next_step: str
    owner_step: str | None = None
    treadle_does: str
    guide: str
    matched: list[str]
    raw: Any = None


class NextOut(Open):
    what: str
    at: str | None


class PartOut(Open):
    id: str
    position: int
    state: PartState
    kind: str
    text: str
    media: list[dict[str, Any]]
    options: dict[str, Any]
    container_id: str | None
    container_status: str | None
    threads_id: str | None
    permalink: str | None
    published_at: str | None
    cause: DiagnosisOut | None


class PostOut(Open):
    id: str
    account_id: str
    username: str
    state: PostState
    state_label: str
    stage: str
    why: str | None
    text: str
    parts: list[PartOut]
    cause: DiagnosisOut | None
    blocker_ids: list[str]
    next: NextOut | None
    publish_at: str | None = Field(description="In UTC.")
    publish_at_asked: str | None = Field(description="As it was sent.")
    zone: str | None = Field(None, description="As it was sent.")
    due_at: str
    max_lateness: float
    max_lateness_iso: str
    metadata: dict[str, Any]
    labels: list[str]
    version: int
    created_at: str
    updated_at: str
    published_at: str | None
    warnings: list[FindingOut] | None = None


class PostPage(Open):
    data: list[PostOut]
    next: str | None = Field(description="Send it as 'after' for the next page; null: this was the last.")


class BulkItem(Open):
    index: int
    status: int
    post: PostOut | None = None
    problem: ProblemOut | None = None


class BulkOut(Open):
    data: list[BulkItem]
    accepted: int
    refused: int


class ActedOn(Open):
    id: str
    status: int = Field(description="200, or that of 'problem'; 0 in a preview.")
    message: str | None = None
    post: PostOut | None = None
    problem: ProblemOut | None = None


class ActionsOut(Open):
    action: str
    chosen: int
    done: int
    refused: int
    next: str | None
    data: list[ActedOn]


class ActionOut(Open):
    message: str
    post: PostOut


class EventOut(Open):
    id: int
    part: int | None
    attempt: int
    stage: str
    kind: str
    what: str
    started_at: str
    duration_s: float | None
    outcome: str | None
    request: Any = None
    answer: Any = None
    diagnosis: DiagnosisOut | None = None
    decision: str | None = None


class Listed(Open):
    data: list[dict[str, Any]]


class EventsOut(Open):
    data: list[EventOut]


class VerboseError(Open):
    code: str | None
    errorMessage: str | None
    isTransient: bool | None
    httpStatus: int | None
    meta: dict[str, Any] | None
    userFacingMessage: str | None


class VerboseOut(Open):
    id: str
    status: str
    errorsVerbose: dict[str, VerboseError | None]


class BlockerOut(Open):
    id: str
    scope: str
    key: str
    pattern: str
    lane: str
    action: str
    cause: DiagnosisOut
    opened_at: str
    repaired_at: str | None
    posts_waiting: int
    oldest_due_at: str | None


class BlockersOut(Open):
    data: list[BlockerOut]
    next: str | None


class RecheckOut(Open):
    verdict: str | None = None
    message: str
    released: list[str] = []
    sends: list[str] = []
    holds: list[str] = []


class PatternOut(Open):
    id: str
    public_name: str
    title: str
    category: str
    lane: str
    action: str
    guide: str


class PatternsOut(Open):
    data: list[PatternOut]
    checked: str


class MediaOut(Open):
    id: str
    filename: str
    content_type: str
    size: int
    created_at: str


class MediaPage(Open):
    data: list[MediaOut]
    next: str | None


class PreflightOut(Open):
    ok: bool
    findings: list[FindingOut]
    media: list[dict[str, Any]]
    account: dict[str, Any] | None
    scopes: dict[str, Any]


class WorkspaceOut(Open):
    id: str
    name: str
    paused: bool
    created_at: str


class WorkspacesOut(Open):
    data: list[WorkspaceOut]


class AlertTriedOut(Open):
    service: str
    target: str = Field(description="Its address without the secrets.")
    delivered: bool


class AlertsTriedOut(Open):
    data: list[AlertTriedOut]


class AccountOut(Open):
    id: str
    username: str
    health: str


class AccountsOut(Open):
    data: list[AccountOut]


class KeyOut(Open):
    id: str
    name: str
    scopes: list[str]


class KeysOut(Open):
    data: list[KeyOut]
