"""``treadle workspace``: what PATCH takes, alerts, and a workspace for a customer."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from treadle.notify import alerts
from treadle.notify.alert_kinds import AlertTarget
from treadle.store.tables import audit

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def test_a_workspace_is_shown_and_changed(treadle: Terminal, at_home: Site) -> None:
    create(at_home, "waits")
    shown = treadle.json("workspace")
    assert (shown["id"], shown["name"], shown["posts"]) == (at_home.workspace, "Default", {"publishing": 1})
    changed = treadle.json(
        "workspace", "set", "--name", " Looms ", "--quiet", "22:00-07:00", "--zone", "Europe/Berlin",
        "--option", 'return_addresses=["https://shop.example"]',
    )  # fmt: skip
    assert changed["name"] == "Looms"
    assert changed["options"] == {
        "quiet_hours": {"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"},
        "return_addresses": ["https://shop.example"],
    }
    said = treadle("workspace", "show").out
    assert "22:00 to 07:00, Europe/Berlin" in said
    assert 'return_addresses = ["https://shop.example"]' in said
    gone = treadle.json("workspace", "set", "--option", "return_addresses=", "--option", "colour=")["options"]
    assert set(gone) == {"quiet_hours"}
    rest = treadle.json("workspace", "set", "--no-quiet", "--return-address", "https://shop.example")["options"]
    assert rest == {"return_addresses": ["https://shop.example"]}
    assert at_home.client().get(f"/v1/workspaces/{at_home.workspace}").json()["options"] == rest
    with at_home.app.db.read() as conn:
        did = conn.execute(sa.select(audit.c.action, audit.c.actor).where(audit.c.actor == "cli")).all()
    assert {tuple(row) for row in did} == {("workspace.changed", "cli")}


def test_a_pause_holds_posts_and_ends(treadle: Terminal, at_home: Site) -> None:
    assert treadle.json("workspace", "pause")["paused"] is True
    assert "paused" in treadle("workspace").out
    assert treadle("workspace", "list").out.split("\t")[2] == "paused"
    assert treadle.json("workspace", "resume")["paused"] is False


def test_alert_targets_are_kept_without_being_shown(
    treadle: Terminal, at_home: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def deliver(target: AlertTarget, title: str, body: str) -> bool:
        told.append(target.service)
        return target.service == "Slack"

    monkeypatch.setattr(alerts, "deliver", deliver)
    assert treadle.json("workspace", "test-alert", code=1)["error"] == "invalid_request"
    added = treadle("workspace", "add-alert", types=SLACK + "\n")
    assert (added.code, SLACK in added.out + added.err) == (0, False)
    assert treadle.json("workspace", "test-alert") == {
        "data": [{"service": "Slack", "target": "slack://…i7FQ", "delivered": True}]
    }
    two = treadle.json(
        "workspace", "set", "--alert", "-", types=f"{SLACK}\n\ndiscord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js\n"
    )
    assert [target["service"] for target in two["alert_targets"]] == ["Slack", "Discord"]
    tried = treadle("workspace", "test-alert")
    assert tried.code == 1
    assert [line.split("\t")[2] for line in tried.out.splitlines()] == ["yes", "no"]
    assert told[0] == "Slack"
    assert sorted(told[1:]) == ["Discord", "Slack"]
    left = treadle.json("workspace", "remove-alert", two["alert_targets"][1]["id"])
    assert [target["service"] for target in left["alert_targets"]] == ["Slack"]
    assert treadle.json("workspace", "remove-alert", "none", code=1)["error"] == "not_found"
    assert treadle.json("workspace", "set", "--no-alerts")["alert_targets"] == []


def test_a_workspace_for_a_customer(treadle: Terminal, at_home: Site) -> None:
    made = treadle("workspace", "add", "Customer 17")
    key = made.out.strip()
    assert (made.code, len(made.out.splitlines())) == (0, 1)
    client = at_home.client("")
    client.headers["Authorization"] = f"Bearer {key}"
    [mine] = client.get("/v1/workspaces").json()["data"]
    assert mine["name"] == "Customer 17"
    assert {w["name"] for w in treadle.json("workspace", "list")["data"]} == {"Default", "Other", "Customer 17"}
    assert treadle.json("workspace", "show", "--workspace", mine["id"])["id"] == mine["id"]


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (("set",), 2, "nothing to change"),
        (("set", "--name", ""), 1, "1 to 200"),
        (("set", "--quiet", "late"), 2, "22:00-07:00"),
        (("set", "--quiet", "25:00-07:00"), 1, "quiet hours"),
        (("set", "--quiet", "22:00-07:00", "--zone", "Mars"), 1, "quiet hours"),
        (("set", "--quiet", "22:00-07:00", "--no-quiet"), 2, "not both"),
        (("set", "--quiet", "T22-07:00"), 1, "quiet hours"),
        (("set", "--quiet", "22:00-22:00"), 1, "quiet hours"),
        (("set", "--quiet", "22:00-07:00", "--zone", "posix/UTC"), 1, "quiet hours"),
        (("set", "--option", "x"), 2, "NAME=VALUE"),
        (("set", "--option", "return_adresses=[]"), 1, "'return_addresses'"),
        (("set", "--option", "alert_urls_enc=x"), 1, "Only Treadle sets"),
        (("set", "--alert", "json://10.0.0.1"), 1, "not supported"),
        (("set", "--alert", "slack://x", "--no-alerts"), 2, "not both"),
        (("add", " "), 1, "1 to 200"),
        (("add-alert",), 2, "it is empty"),
        (("pause", "--workspace", "wsp_none"), 2, "wsp_none"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_changed(
    treadle: Terminal, at_home: Site, args: tuple[str, ...], code: int, word: str
) -> None:
    before = treadle.json("workspace", "list")
    done = treadle("workspace", *args)
    assert (done.code, done.out) == (code, "")
    assert word in done.err
    assert treadle.json("workspace", "list") == before
