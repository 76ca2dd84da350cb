"""Events can be read again, and have one shape in the stream, by their number and in webhooks."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from tests.treadle.http.conftest import Site
from treadle.notify.webhooks import create, fan_out
from treadle.store import feed
from treadle.store.tables import webhook_deliveries


def stream(site: Site, scope: str = "read", **query: Any) -> list[dict[str, Any]]:
    text = site.client(scope).get("/v1/events", params={"follow": False, "after": 0, **query}).text
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def test_an_event_is_the_same_wherever_it_is_read(site: Site) -> None:
    with site.app.db.begin() as conn:
        create(conn, site.app.vault, site.workspace, url="https://hooks.example.com/in", actor="cli", now=1.0)
    body = {"account_id": site.account, "text": "x", "metadata": {"order": "4711"}, "replies": [{"text": "y"}]}
    post = site.client("write").post("/v1/posts", json=body).json()
    with site.app.db.begin() as conn:
        change = {
            "post_id": post["id"],
            "account_id": site.account,
            "state": "published",
            "pattern": None,
            "next": None,
        }
        feed.announce(conn, site.workspace, "post.published", post["id"], change, now=site.app.now())
        risk = {"post_id": post["id"], "account_id": site.account, "due_at": 1796112000.0, "why": "w", "pattern": "p"}
        feed.announce(conn, site.workspace, "post.at_risk", post["id"], risk, now=site.app.now())
        fan_out(conn, now=site.app.now())
        sent = [json.loads(body) for body in conn.execute(sa.select(webhook_deliveries.c.payload)).scalars()]
    seen = {event["id"]: event for event in stream(site)}
    assert {event["type"] for event in sent} == {"post.published", "post.at_risk"}
    for event in sent:
        again = site.client("read").get(f"/v1/events/{event['id']}")
        assert again.status_code == 200
        assert again.json() == seen[event["id"]] == event
        assert event.keys() == {"id", "type", "subject", "at", "timestamp", "data"}
        assert event["at"] == event["timestamp"]
        assert event["data"]["metadata"] == {"order": "4711"}
        assert [part["position"] for part in event["data"]["parts"]] == [0, 1]
    risky = next(event for event in sent if event["type"] == "post.at_risk")
    assert risky["data"]["due_at"] == "2026-12-01T08:00:00.000Z"


def test_trouble_of_the_platform_has_its_name_everywhere(site: Site) -> None:
    data = {"blocker_id": "blk_1", "scope": "platform", "key": "threads", "pattern": "unknown_error", "action": "wait"}
    with site.app.db.begin() as conn:
        feed.announce(conn, None, "blocker.opened", "blk_1", data, now=site.app.now())
    for types in ("platform.*", "platform.trouble_began", "blocker.*", "blocker.opened"):
        (event,) = stream(site, types=types)
        assert event["type"] == "platform.trouble_began"
    assert stream(site, types="blocker.repaired") == []
    for scope in ("read", "other"):
        assert site.client(scope).get(f"/v1/events/{event['id']}").json()["type"] == "platform.trouble_began"


def test_events_of_others_and_old_ones_are_not_found(site: Site) -> None:
    post = site.client("write").post("/v1/posts", json={"account_id": site.account, "text": "x"}).json()
    number = next(event["id"] for event in stream(site) if event["subject"] == post["id"])
    assert site.client("read").get(f"/v1/events/{number}").status_code == 200
    for scope, address in (("other", number), ("read", number + 1000)):
        gone = site.client(scope).get(f"/v1/events/{address}")
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert site.client("").get(f"/v1/events/{number}").status_code == 401
    for wrong in ("nonsense", "0", "-1", "9" * 30):
        assert site.client("read").get(f"/v1/events/{wrong}").status_code == 422
    with site.app.db.begin() as conn:
        feed.delete(conn, before=site.app.now() + 1)
    assert site.client("read").get(f"/v1/events/{number}").status_code == 404
