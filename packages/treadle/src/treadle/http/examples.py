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
    "next": {"what": "Goes out.", "at": TIME},
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
# What an event is about, by the first word of its name.
EVENT_DATA: dict[str, dict[str, Any]] = {
    "post": {
        "post_id": POST,
        "account_id": ACCOUNT,
        "state": "published",
        "metadata": {"campaign": "advent"},
        "parts": [
            {
                "position": 0,
                "threads_id": "18055555555555555",
                "permalink": "https://www.threads.com/@ada/post/DA1b2C3d4E5",
            }
        ],
        "cause": None,
    },
    "account": {"account_id": ACCOUNT, "username": "ada", "threads_user_id": "17841400000000001"},
    "blocker": {"blocker_id": BLOCKER, "scope": "account", "key": ACCOUNT, "pattern": "token_expired"},
    "platform": {"blocker_id": BLOCKER, "scope": "platform", "key": "threads", "pattern": "unknown_error"},
    "webhook": {
        "webhook_id": "whk_06fkx1w4n0g1h2j3k4m5n6p7qr",
        "why": "Nothing was taken for two days.",
        "what_now": "Repair it, then start it again: what waits goes.",
    },
    "threads": {"account_id": ACCOUNT, "field": "replies", "value": {"id": "18055555555555555"}},
}
