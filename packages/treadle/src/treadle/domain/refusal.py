"""A no, as a value: what was wrong, in which field, which pattern of the guide explains it, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from treadle.domain.findings import Finding, finding


@dataclass(frozen=True, slots=True)
class Refusal:
    """``status`` is the HTTP status it would have; ``field`` names the input that is wrong, if one is."""

    title: str
    detail: str
    status: int = 422
    field: str | None = None
    pattern: str | None = None

    def finding(self) -> Finding:
        """The same as a finding about the input that is wrong."""
        return finding(self.field or "", "refused", pattern=self.pattern or "", title=self.title, detail=self.detail)


def not_found(what: str) -> Refusal:
    """Also the answer to ids of another workspace: whether they exist is none of the asker's business."""
    return Refusal(f"There is no such {what}", f"No {what} with this id exists in this workspace.", 404)
