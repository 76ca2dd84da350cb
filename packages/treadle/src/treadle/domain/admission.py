"""Whether a post may go on, and what stops it. Pure: the same answer for a run, a repair and the preview of a repair.

``store/clauses.py`` says the same as SQL; a test compares the two over random rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from treadle.domain.lateness import TOO_LATE, Timing, too_late
from treadle.domain.states import PostState

Admission = Literal["go", "not connected", "blocked", "paused", "too late"]

# Posts that wait for a repair, a limit or their turn. The others are final or wait for a person's approval, which no
# repair replaces.
RELEASABLE: frozenset[str] = frozenset({"scheduled", "publishing", "waiting", "retrying", "checking", "blocked"})

# The state of a post that must not go on although nothing blocks it, and what its owner reads.
RESTS: Mapping[Admission, tuple[PostState, str]] = {
    "not connected": ("blocked", "The account is no longer connected. Reconnect it to keep publishing."),
    "paused": ("waiting", "Publishing is paused. This post continues when publishing resumes."),
    "too late": ("held", TOO_LATE),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that would go on. ``paused``: its account or its workspace is. ``blocked``: an open cause stops what it
    would do next. ``in_doubt``: a publish was sent and nobody knows what came of it, so it only reads. ``all_live``:
    only ids and addresses are left to read."""

    timing: Timing
    connected: bool = True
    blocked: bool = False
    paused: bool = False
    in_doubt: bool = False
    all_live: bool = False


def admit(post: Candidate, now: float) -> Admission:
    """``go``, or the first reason against it. Neither pause nor lateness stops a post that only reads."""
    if post.all_live:
        return "go"
    if not post.connected:
        return "not connected"
    if post.blocked:
        return "blocked"
    if post.in_doubt:
        return "go"
    if post.paused:
        return "paused"
    return "too late" if too_late(post.timing, now) else "go"
