"""What is answered, for the API's document. Answers are built by the rooms, not by these; tests compare them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from treadle.services.post_output import DiagnosisOut as DiagnosisOut


class Open(BaseModel):
    """An answer; later versions may add fields."""

    model_config = ConfigDict(extra="allow")


class Listed(Open):
    data: list[dict[str, Any]]


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
