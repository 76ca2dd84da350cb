"""Alerts for people and posts at risk: grouped, once, and not at night."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.folders import settings_in
from treadle.accounts import risk
from treadle.domain.refusal import Refusal
from treadle.notify import alerts
from treadle.notify.alert_kinds import AlertTarget
from treadle.notify.alerts import Message, send_due
from treadle.settings import Settings
from treadle.store import Database, feed
from treadle.store.blockers import open_blocker
from treadle.store.tables import accounts, parts, posts, workspaces
from treadle.vault import Vault, open_vault
from treadle_diagnosis import from_pattern

DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"


class Told:
    def __init__(self) -> None:
        self.messages: list[tuple[str, str, str]] = []
        self.good = True

    async def __call__(self, target: AlertTarget, title: str, body: str) -> bool:
        self.messages.append((target.service, title, body))
        return self.good


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, alert_urls="json://operator.example", public_url="https://t.example")


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return open_vault(settings)


@pytest.fixture
def told() -> Told:
    return Told()


class Alerting:
    def __init__(self, db: Database, vault: Vault, settings: Settings, told: Told) -> None:
        self.db, self.vault, self.settings, self.told = db, vault, settings, told

    async def send(self, now: float) -> list[Message]:
        return await send_due(self.db, self.vault, self.settings, now=now, send=self.told)

    def happen(self, type_: str, subject: str, now: float, workspace: str | None = "wsp_one", **payload: Any) -> None:
        with self.db.begin() as conn:
            feed.announce(conn, workspace, type_, subject, payload, now=now)


@pytest.fixture
async def alerting(db: Database, vault: Vault, settings: Settings, told: Told) -> Alerting:
    one = Alerting(db, vault, settings, told)
    await one.send(0.0)
    return one


async def test_many_troubles_are_one_message(alerting: Alerting, told: Told) -> None:
    for n in range(8):
        alerting.happen("account.needs_reconnect", f"acc_{n}", 100.0, username=f"user{n}", what="Dead.")
    alerting.happen("post.held", "pst_1", 101.0, post_id="pst_1")
    alerting.happen("post.published", "pst_2", 101.0)
    assert await alerting.send(110.0) == []
    assert len(await alerting.send(170.0)) == 1
    service, title, body = told.messages[0]
    assert service == "Webhook"
    assert title == "Treadle: 8 accounts must be reconnected, 1 more alert"
    assert "@user0: Dead." in body
    assert "and 3 more" in body
    assert "1 post is held and needs a decision" in body
    assert await alerting.send(300.0) == []


async def test_the_same_trouble_is_not_repeated_within_hours(alerting: Alerting, told: Told) -> None:
    for at in (100.0, 200.0, 3000.0, 30_000.0):
        alerting.happen("account.troubled", "acc_1", at)
        await alerting.send(at + 61)
    assert len(told.messages) == 2


async def test_quiet_hours_hold_back_until_they_end(alerting: Alerting, told: Told) -> None:
    hours = {"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"}
    with alerting.db.begin() as conn:
        conn.execute(sa.update(workspaces).values(options={"quiet_hours": hours}))
    night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC).timestamp()
    alerting.happen("post.failed", "pst_1", night)
    assert await alerting.send(night + 3600) == []
    morning = datetime(2026, 11, 23, 6, 0, tzinfo=UTC).timestamp()
    assert len(await alerting.send(morning - 60)) == 0
    assert len(await alerting.send(morning)) == 1


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ({"from": "22:00", "to": "07:00"}, "21:59", False),
        ({"from": "22:00", "to": "07:00"}, "22:00", True),
        ({"from": "22:00", "to": "07:00"}, "06:59", True),
        ({"from": "12:00", "to": "13:00"}, "12:30", True),
        ({"from": "12:00", "to": "13:00"}, "13:00", False),
        ({"from": "nope", "to": "13:00"}, "12:30", False),
        ({"from": "12:00", "to": "13:00", "zone": "Nowhere/At all"}, "12:30", False),
        ("rubbish", "12:30", False),
        (None, "12:30", False),
    ],
)
def test_quiet(hours: Any, at: str, quiet: bool) -> None:
    now = datetime.fromisoformat(f"2026-11-22T{at}:00+00:00").timestamp()
    assert alerts.quiet(hours, now) is quiet


async def test_a_target_that_fails_is_tried_five_times(alerting: Alerting, told: Told) -> None:
    told.good = False
    alerting.happen("post.failed", "pst_1", 100.0)
    for turn in range(8):
        await alerting.send(200.0 + turn)
    assert len(told.messages) == 5


async def test_a_workspaces_targets_hear_of_it_alone_and_are_sealed(alerting: Alerting, told: Told) -> None:
    with alerting.db.begin() as conn:
        assert alerts.set_urls(conn, alerting.vault, "wsp_two", [DISCORD]) is None
        options = conn.execute(sa.select(workspaces.c.options).where(workspaces.c.id == "wsp_two")).scalar()
    assert "JHMHI8" not in str(options)
    alerting.happen("post.failed", "pst_1", 100.0, workspace="wsp_one", why="One.")
    alerting.happen("post.failed", "pst_2", 100.0, workspace="wsp_two", why="Two.")
    await alerting.send(200.0)
    heard = [(service, "One" in body, "Two" in body) for service, _, body in told.messages]
    assert sorted(heard) == [("Discord", False, True), ("Webhook", False, True), ("Webhook", True, False)]


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1/x", "xml://a", "mailto://a:b@localhost", "file:///etc/passwd", "nonsense", "discord://"]
)
def test_targets_that_reach_inside_are_for_the_operator(alerting: Alerting, url: str) -> None:
    with alerting.db.begin() as conn:
        refused = alerts.set_urls(conn, alerting.vault, "wsp_one", [url])
    assert isinstance(refused, Refusal)
    assert refused.field == "alert_urls"


# --------------------------------------------------------------------------------------------------------- at risk


def scheduled(db: Database, post_id: str, due_at: float, **options: Any) -> None:
    with db.begin() as conn:
        conn.execute(
            sa.insert(posts).values(
                id=post_id, workspace_id="wsp_one", account_id="acc_1", state="scheduled", due_at=due_at,
                max_lateness=1.0, created_at=0.0, updated_at=0.0,
            )
        )  # fmt: skip
        conn.execute(
            sa.insert(parts).values(
                id=f"prt_{post_id}", post_id=post_id, workspace_id="wsp_one", account_id="acc_1", threads_user_id="1",
                position=0, kind="TEXT", body={"text": "x", "options": options},
            )
        )  # fmt: skip


@pytest.fixture
def account(db: Database) -> None:
    with db.begin() as conn:
        conn.execute(
            sa.insert(accounts).values(
                id="acc_1", workspace_id="wsp_one", threads_user_id="1", username="ada", app_id="77", created_at=0.0,
                updated_at=0.0, token_enc=b"x", scopes=["threads_basic", "threads_content_publish"],
                token_expires_at=5_000_000.0,
            )
        )  # fmt: skip


def look(db: Database, now: float = 1000.0) -> list[tuple[str, str]]:
    with db.read() as conn:
        return [(r.post_id, r.pattern) for r in risk.at_risk(conn, now=now)]


@pytest.mark.usefixtures("account")
def test_a_healthy_account_puts_nothing_at_risk(db: Database) -> None:
    scheduled(db, "pst_1", 2000.0)
    assert look(db) == []


@pytest.mark.usefixtures("account")
def test_what_a_post_would_meet(db: Database) -> None:
    scheduled(db, "pst_near", 2000.0)
    scheduled(db, "pst_place", 3000.0, location_id="9")
    scheduled(db, "pst_far", 200_000.0)
    assert look(db) == [("pst_place", "permission_not_granted")]
    with db.begin() as conn:
        conn.execute(sa.update(accounts).values(token_expires_at=2500.0))
    assert look(db) == [("pst_place", "token_expired")]
    with db.begin() as conn:
        conn.execute(
            sa.update(accounts).values(token_expires_at=5e6, health="checkpoint", health_cause={"pattern": "p"})
        )
    assert look(db) == [("pst_near", "p"), ("pst_place", "p")]
    with db.begin() as conn:
        open_blocker(conn, from_pattern("app_in_development"), scope="app", key="77", workspace_id="wsp_one", now=1.0)
    assert look(db) == [("pst_near", "app_in_development"), ("pst_place", "app_in_development")]
    with db.begin() as conn:
        conn.execute(sa.update(accounts).values(token_enc=None))
    assert look(db)[0] == ("pst_near", "account_disconnected")


@pytest.mark.usefixtures("account")
async def test_a_risk_is_said_once(alerting: Alerting, db: Database, told: Told) -> None:
    scheduled(db, "pst_1", 2000.0)
    with db.begin() as conn:
        conn.execute(sa.update(accounts).values(health="reconnect"))
    for now in (1000.0, 1100.0, 1900.0):
        with db.begin() as conn:
            risk.warn(conn, now=now)
    await alerting.send(1990.0)
    assert [title for _, title, _ in told.messages] == ["Treadle: 1 post due within a day is at risk"]
