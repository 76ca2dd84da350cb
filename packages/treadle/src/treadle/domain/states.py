"""The states of posts and parts, and what may be done in each."""

from __future__ import annotations

from typing import Literal

PostState = Literal[
    "draft",
    "scheduled",
    "publishing",
    "waiting",
    "retrying",
    "checking",
    "blocked",
    "held",
    "published",
    "failed",
    "canceled",
]
PartState = Literal[
    "pending", "preparing", "creating", "waiting", "ready", "publishing", "checking", "published", "failed", "canceled"
]

FINAL: frozenset[str] = frozenset({"published", "failed", "canceled"})
# States in which a run is asked for or under way.
RUNNING: frozenset[str] = frozenset({"scheduled", "publishing", "waiting", "retrying", "checking"})
# Nothing has been sent that could be changed behind Meta's back, unless a part is being checked (asked separately).
EDITABLE: frozenset[str] = frozenset(
    {"draft", "scheduled", "publishing", "waiting", "retrying", "blocked", "held", "failed"}
)
CANCELABLE: frozenset[str] = frozenset({"draft", "scheduled", "publishing", "waiting", "retrying", "blocked", "held"})

STATE_WORDS: dict[str, str] = {
    "draft": "Draft",
    "scheduled": "Scheduled",
    "publishing": "Publishing",
    "waiting": "Waiting",
    "retrying": "Retrying",
    "checking": "Checking",
    "blocked": "Blocked",
    "held": "Held",
    "published": "Published",
    "failed": "Failed",
    "canceled": "Canceled",
}
