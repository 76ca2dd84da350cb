"""What a judge says, and how exported times are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

CLOCKS_S = 180.0  # what two clocks that were stepped may differ by, with the time a call takes
RECORDED_S = 15.0  # from an answer until everybody may be expected to know it


@dataclass(frozen=True, slots=True)
class Violation:
    """``kind``: lost, doubled, altered, alarm, unseen, hopeless, hasty, fenced, late, early, canceled, held, slow."""

    kind: str
    post: str
    account: str
    at: float
    words: str


def seconds(stamp: str | None) -> float:
    """Epoch seconds of an exported time; 0.0 for none."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0
