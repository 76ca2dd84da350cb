"""Posts and parts as runs see them, for the tests of what is pure."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from treadle.domain.progress import NONE_YET
from treadle.domain.quota import Quota
from treadle.domain.run_state import AccountView, PartView, PostView


def part(position: int = 0, **changes: Any) -> PartView:
    """A text part that nothing has happened to yet."""
    values: dict[str, Any] = {f.name: None for f in fields(PartView)}
    values |= {
        "id": f"prt_{position}",
        "post_id": "pst_1",
        "position": position,
        "state": "pending",
        "kind": "TEXT",
        "is_reply": position > 0,
        "body": {"text": f"part {position}"},
        "children": [],
        "intent": "none",
        "sends": 0,
        "polls": 0,
        "unclear": False,
        "progress": NONE_YET,
        "tries": {},
    }
    return PartView(**{**values, **changes})


def post(*parts: PartView, **changes: Any) -> PostView:
    values: dict[str, Any] = {f.name: None for f in fields(PostView)}
    values |= {
        "id": "pst_1",
        "state": "publishing",
        "stage": "preflight",
        "created_at": 0.0,
        "due_at": 0.0,
        "max_lateness": 86_400.0,
        "options": {},
        "metadata": {},
        "seq": 1,
        "claim": 1,
        "attempt": 1,
        "version": 1,
        "parts": list(parts),
    }
    return PostView(**{**values, **changes})


def account(**changes: Any) -> AccountView:
    values: dict[str, Any] = {f.name: None for f in fields(AccountView)}
    values |= {
        "id": "acc_1",
        "workspace_id": "wsp_1",
        "threads_user_id": "1",
        "username": "one",
        "app_id": "app_1",
        "scopes": [],
        "health": "active",
        "paused": False,
        "quota": Quota(),
        "learned": {},
    }
    return AccountView(**{**values, **changes})
