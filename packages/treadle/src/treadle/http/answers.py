"""What is answered, for the API's document. Answers are built by the rooms, not by these; tests compare them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

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
