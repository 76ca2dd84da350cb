"""Examples of the API's document. They are answers this server gives; a test makes them and compares."""

from __future__ import annotations

from typing import Any

POST = "pst_06fkx1w4n0e8v7q2m9s5t3r1zy"
ACCOUNT = "acc_06fkx1w4n0c2b5h8j1k4m7p0qs"
MEDIA = "med_06fkx1w4n0a1b2c3d4e5f6g7h8"
TIME = "2026-12-01T08:00:00.000Z"
REQUEST = "req_06fkx1w4n0a1b2c3d4e5f6g7h8"

POST_IN_EXAMPLE: dict[str, Any] = {
    "account_id": ACCOUNT,
    "text": "Good morning from the loom.",
    "publish_at": "2026-12-01T09:00:00",
    "zone": "Europe/Berlin",
    "metadata": {"campaign": "advent"},
    "labels": ["advent"],
}
POST_EXAMPLE: dict[str, Any] = {
    "id": POST,
    "account_id": ACCOUNT,
    "username": "ada",
    "state": "scheduled",
    "state_label": "Scheduled",
    "stage": "preflight",
    "why": None,
    "text": "Good morning from the loom.",
    "parts": [
        {
            "id": "prt_06fkx1w4n0y5w8v2q1m7k3h6gz",
            "position": 0,
            "state": "pending",
            "kind": "TEXT",
            "text": "Good morning from the loom.",
            "media": [],
            "options": {},
            "container_id": None,
            "container_status": None,
            "container_made_at": None,
            "sends": 0,
            "unclear": False,
            "threads_id": None,
            "permalink": None,
            "published_at": None,
            "live": {"checked": [], "differs": [], "not_checked": [], "remarks": []},
            "cause": None,
        }
    ],
    "cause": None,
    "blocker_ids": [],
    "next": {"what": "Publishes at the scheduled time.", "at": TIME},
    "publish_at": TIME,
    "publish_at_asked": "2026-12-01T09:00:00",
    "zone": "Europe/Berlin",
    "due_at": TIME,
    "max_lateness": 86400.0,
    "max_lateness_iso": "PT24H",
    "approval": None,
    "attempt": 1,
    "metadata": {"campaign": "advent"},
    "labels": ["advent"],
    "version": 1,
    "created_at": "2026-11-22T10:00:00.000Z",
    "updated_at": "2026-11-22T10:00:00.000Z",
    "published_at": None,
}

BLOCKER = "blk_06fkx1w4n0d9f3k6n2r5u8x1ac"
CAUSE: dict[str, Any] = {
    "pattern": "token_expired",
    "title": "The token has expired",
    "lane": "meta_token",
    "action": "reconnect",
    "who": "owner",
    "what_happened": "The token has run out: long-lived ones live 60 days, short ones an hour.",
    "next_step": "Reconnect the account.",
    "guide": "/guide/errors/token_expired",
}
_LIVE = {"position": 0, "threads_id": "18055555555555555", "permalink": "https://www.threads.com/@ada/post/DA1b2C3d4E5"}
_NOT_LIVE = {"position": 0, "threads_id": None, "permalink": None}
_ACCOUNT: dict[str, Any] = {"account_id": ACCOUNT, "username": "ada", "threads_user_id": "17841400000000001"}
_RELEASED = {"released": 3}
_WORKS = {"health": "active", "what": "It works.", "pattern": None, "next_step": None, "ends_at": None}
_ENDED = {**_WORKS, "health": "reconnect", "what": "Its access token no longer works.", "pattern": "token_expired"}
_NEXT = {
    "post.retrying": {"what": "Tries again.", "at": TIME},
    "post.checking": {"what": "Checks whether it was published.", "at": TIME},
}


def event_data(name: str) -> dict[str, Any]:
    """What an event of this name says, in an example."""
    group, _, what = name.partition(".")
    match group:
        case "post":
            return _post_event(name, what)
        case "account":
            return {**_ACCOUNT, **_ACCOUNT_EVENTS[what]}
        case "blocker" | "platform":
            ends = what in ("repaired", "trouble_ended")
            more = {"by": "reconnect" if group == "blocker" else "time"} if ends else {"action": "reconnect"}
            if group == "platform":
                more = more if ends else {"action": "retry_later"}
                about = {"scope": "platform", "key": "threads", "pattern": "unknown_error"}
            else:
                about = {"scope": "account", "key": ACCOUNT, "pattern": "token_expired"}
            return {"blocker_id": BLOCKER, **about, **more}
        case "webhook":
            return {
                "webhook_id": "whk_06fkx1w4n0g1h2j3k4m5n6p7qr",
                "why": "No delivery succeeded for two days.",
                "what_now": "Fix the endpoint, then resume the webhook. Waiting deliveries are sent then.",
            }
    return {"account_id": ACCOUNT, "field": what, "value": {"id": "18055555555555555"}}


_ACCOUNT_EVENTS: dict[str, dict[str, Any]] = {
    "connected": _RELEASED,
    "reconnected": _RELEASED,
    "disconnected": {},
    "recovered": {**_WORKS, "before": "reconnect"},
    "needs_reconnect": {**_ENDED, "before": "active", "next_step": "Reconnect the account."},
    "expiring": {
        **_WORKS,
        "health": "expiring",
        "before": "active",
        "what": "Its permission ends soon.",
        "next_step": "Reconnect the account.",
        "ends_at": TIME,
    },
    "troubled": {
        **_WORKS,
        "health": "checkpoint",
        "before": "active",
        "what": "Threads wants its owner to confirm a login.",
        "pattern": "account_checkpointed",
        "next_step": "Log in on Threads and confirm.",
    },
}


def _post_event(name: str, what: str) -> dict[str, Any]:
    live = what in ("published", "differs")
    wrong = what in ("blocked", "failed", "retrying", "at_risk")
    about: dict[str, Any] = {"post_id": POST, "account_id": ACCOUNT}
    if what == "differs":
        differs = [{"field": "reply_control", "asked": "everyone", "live": "mentioned_only", "part": 0}]
        about |= {"part": 0, "threads_id": _LIVE["threads_id"], "pattern": None, "differs": differs}
    elif what == "at_risk":
        about |= {"due_at": TIME, "why": CAUSE["title"], "pattern": CAUSE["pattern"], "blocker_id": BLOCKER}
    else:
        about |= {"state": what, "pattern": CAUSE["pattern"] if wrong else None, "next": _NEXT.get(name)}
    now = {"metadata": {"campaign": "advent"}, "parts": [_LIVE if live else _NOT_LIVE]}
    return {**about, **now, "cause": CAUSE if wrong and what != "at_risk" else None}
