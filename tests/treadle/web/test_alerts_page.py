"""The page Alerts, and the test alert: targets are kept sealed, shown without their secrets, and tried one by one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.treadle.web.web_house import CSRF, Furnished
from treadle.app import DEFAULT_WORKSPACE
from treadle.notify import alert_targets, alerts
from treadle.notify.alert_kinds import AlertTarget
from treadle.people.keys import create_key
from treadle.store.tables import workspaces

SLACK = "slack://TokenA12345/TokenB12345/TokenC12345abcdefghijklm"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"


def send(house: Furnished, do: str, **more: str) -> str:
    answer = house.client.post("/alerts", data={"csrf": CSRF, "do": do, **more}, follow_redirects=True)
    return answer.text


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would go out to services on the web; Discord is down."""
    heard: list[str] = []

    async def deliver(target: AlertTarget, title: str, body: str) -> bool:
        heard.append(target.service)
        assert title == alert_targets.TEST_TITLE
        return target.service != "Discord"

    monkeypatch.setattr(alerts, "deliver", deliver)
    return heard


def test_targets_are_added_shown_masked_and_removed(furnished: Furnished) -> None:
    page = send(furnished, "add", url=f" {SLACK} ")
    assert "Added." in page
    assert "slack://…jklm" in page
    assert "TokenA12345" not in page
    refused = furnished.client.post("/alerts", data={"csrf": CSRF, "do": "add", "url": "json://10.0.0.1/x"})
    assert refused.status_code == 422
    assert "not offered" in refused.text
    with furnished.app.db.read() as conn:
        options = conn.execute(sa.select(workspaces.c.options)).scalar_one()
        [target] = alert_targets.listing(conn, furnished.app.vault, DEFAULT_WORKSPACE)
    assert "TokenA12345" not in str(options)
    assert "Nobody is told yet" in send(furnished, "remove", target=target.id)
    assert "no such target" in send(furnished, "remove", target=target.id)


def test_quiet_hours_are_set_and_ended(furnished: Furnished) -> None:
    page = send(furnished, "quiet", **{"from": "21:30", "to": "06:45", "zone": "Europe/Berlin"})
    assert "Between 21:30 and 06:45 (Europe/Berlin)" in page
    wrong = furnished.client.post(
        "/alerts", data={"csrf": CSRF, "do": "quiet", "from": "21:30", "to": "06:45", "zone": "Nowhere/None"}
    )
    assert wrong.status_code == 422
    assert "cannot be read" in wrong.text
    assert "Between 21:30" in furnished.client.get("/alerts").text
    assert "at any hour" in send(furnished, "loud")
    with furnished.app.db.read() as conn:
        assert alert_targets.quiet_hours(conn, DEFAULT_WORKSPACE) == {}


def test_a_test_goes_to_every_target_and_says_which_took_it(furnished: Furnished, told: list[str]) -> None:
    nobody = furnished.client.post("/alerts/test", data={"csrf": CSRF})
    assert nobody.status_code == 422
    assert told == []
    send(furnished, "add", url=SLACK)
    well = furnished.client.post("/alerts/test", data={"csrf": CSRF}, follow_redirects=True).text
    assert "1 target took the test" in well
    send(furnished, "add", url=DISCORD)
    mixed = furnished.client.post("/alerts/test", data={"csrf": CSRF}).text
    assert mixed.count(">Took the test<") == 1
    assert mixed.count(">Did not take the test<") == 1
    assert sorted(told) == ["Discord", "Slack", "Slack"]


def test_the_api_sends_a_test_too_and_shows_no_secret(furnished: Furnished, told: list[str]) -> None:
    with furnished.app.db.begin() as conn:
        _, admin = create_key(conn, DEFAULT_WORKSPACE, "a", ["admin"], furnished.app.now())
        _, reader = create_key(conn, DEFAULT_WORKSPACE, "r", ["read"], furnished.app.now())
    path = f"/v1/workspaces/{DEFAULT_WORKSPACE}/alerts/test"
    key = {"Authorization": f"Bearer {admin}"}
    empty = furnished.client.post(path, headers=key)
    assert (empty.status_code, empty.json()["findings"][0]["field"]) == (422, "alert_urls")
    send(furnished, "add", url=SLACK)
    assert furnished.client.post(path, headers={"Authorization": f"Bearer {reader}"}).status_code == 403
    assert furnished.client.post("/v1/workspaces/wsp_none/alerts/test", headers=key).status_code == 404
    made = furnished.client.post(path, headers=key)
    assert made.json() == {"data": [{"service": "Slack", "target": "slack://…jklm", "delivered": True}]}
    assert told == ["Slack"]


def test_a_short_address_shows_nothing_of_its_end() -> None:
    assert alert_targets.shown("pover://user@short").masked == "pover://…"
    assert alert_targets.shown(SLACK).service == "Slack"
