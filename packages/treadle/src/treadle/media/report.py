"""What came of looking at a medium, and of preparing it: the values the engine, the API and the command line share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from treadle.media.hosting import StoredMedia
from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding, RepairKind
from treadle_threads.media.plan import RepairPlan


@dataclass(frozen=True, slots=True)
class MediaReport:
    """Facts, findings and what would be done, for one file or address. JSON-able, so that the store can keep it.

    ``probe`` is ``None`` when no file was reached. ``fetch`` holds the facts of the address (empty for a local file);
    query strings are left out of it, because signatures in them are secrets.
    """

    source: str
    probe: MediaProbe | None
    findings: list[Finding]
    plan: RepairPlan
    fetch: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it can be published, as it is or after a repair Treadle does by itself."""
        return self.plan.kind is not RepairKind.REJECT

    @property
    def kind(self) -> str:
        """``"image"`` or ``"video"`` as Threads will see it; ``"unknown"`` when no file was reached."""
        if self.probe is None:
            return "unknown"
        return "video" if self.plan.animate else self.probe.kind

    @property
    def size(self) -> int | None:
        """Bytes, ``None`` when the host does not say."""
        return self.probe.size if self.probe is not None else None

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "ok": self.ok,
            "kind": self.kind,
            "size": self.size,
            "findings": [item.to_json() for item in self.findings],
            "plan": self.plan.to_json(),
            "probe": self.probe.to_json() if self.probe is not None else None,
            "fetch": self.fetch,
        }


@dataclass(frozen=True, slots=True)
class Prepared:
    """Ready for Threads.

    ``url`` is the address to give to Meta, ``None`` for an unchanged local file not kept here. ``stored`` is the
    repaired file (or the copy), ``summary`` one sentence of what was done. ``report`` is of the file as it came;
    ``result`` the facts of the file as it is now.
    """

    report: MediaReport
    repaired: bool
    url: str | None = None
    stored: StoredMedia | None = None
    summary: str = ""
    result: MediaProbe | None = None


@dataclass(frozen=True, slots=True)
class NotPreparable:
    """Threads would refuse it and Treadle may not or cannot change that. ``findings`` begins with the reason."""

    findings: list[Finding]
    report: MediaReport


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Errors, then repairs, then remarks; otherwise as they were."""
    order = {"error": 0, "repair": 1, "remark": 2}
    return sorted(findings, key=lambda item: order[item.severity])
