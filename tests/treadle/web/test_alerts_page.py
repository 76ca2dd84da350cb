"""The page Alerts, and the test alert: targets are kept sealed, shown without their secrets, and tried one by one."""

from __future__ import annotations

import asyncio
import socket
from functools import partial

import pytest
import sqlalchemy as sa

from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.app import DEFAULT_WORKSPACE
from treadle.notify import alerts
from treadle.notify.alert_kinds import AlertTarget, MailTarget, parse
from treadle.notify.alert_mail import Mail
from treadle.people.keys import create_key
from treadle.services import alerts as alert_targets
from treadle.store import alerts as alerts_store
from treadle.store.tables import workspaces
from treadle_threads.media.guard import Trust

SLACK = "slack://TokenA12345/TokenB12345/TokenC12345abcdefghijklm"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"


def send(site: SampleSite, do: str, **more: str) -> str:
    answer = site.client.post("/alerts", data={"csrf": CSRF, "do": do, **more}, follow_redirects=True)
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


def test_targets_are_added_shown_masked_and_removed(sample: SampleSite) -> None:
    page = send(sample, "add", url=f" {SLACK} ")
    assert "Recipient added." in page
    assert "slack://…jklm" in page
    assert "TokenA12345" not in page
    refused = sample.client.post("/alerts", data={"csrf": CSRF, "do": "add", "url": "json://10.0.0.1/x"})
    assert refused.status_code == 422
    assert "not supported" in refused.text
    with sample.app.db.read() as conn:
        options = conn.execute(sa.select(workspaces.c.options)).scalar_one()
        [target] = alert_targets.listing(conn, sample.app.vault, DEFAULT_WORKSPACE)
    assert "TokenA12345" not in str(options)
    assert "No recipients yet" in send(sample, "remove", target=target.id)
    assert "no such recipient" in send(sample, "remove", target=target.id)


def test_quiet_hours_are_set_and_ended(sample: SampleSite) -> None:
    page = send(sample, "quiet", **{"from": "21:30", "to": "06:45", "zone": "Europe/Berlin"})
    assert "No alerts between 9:30 PM and 6:45 AM (Europe/Berlin)" in page
    wrong = sample.client.post(
        "/alerts", data={"csrf": CSRF, "do": "quiet", "from": "21:30", "to": "06:45", "zone": "Nowhere/None"}
    )
    assert wrong.status_code == 422
    assert "quiet hours can&#39;t be read" in wrong.text
    assert "between 9:30 PM" in sample.client.get("/alerts").text
    assert "Quiet hours are off" in send(sample, "loud")
    with sample.app.db.read() as conn:
        assert alert_targets.quiet_hours(conn, DEFAULT_WORKSPACE) == {}


def test_a_test_goes_to_every_target_and_says_which_took_it(sample: SampleSite, told: list[str]) -> None:
    nobody = sample.client.post("/alerts/test", data={"csrf": CSRF})
    assert nobody.status_code == 422
    assert told == []
    send(sample, "add", url=SLACK)
    well = sample.client.post("/alerts/test", data={"csrf": CSRF}, follow_redirects=True).text
    assert "Test sent to 1 recipient." in well
    send(sample, "add", url=DISCORD)
    mixed = sample.client.post("/alerts/test", data={"csrf": CSRF}).text
    assert mixed.count(">Delivered<") == 1
    assert mixed.count(">Not delivered<") == 1
    assert sorted(told) == ["Discord", "Slack", "Slack"]


def test_the_api_sends_a_test_too_and_shows_no_secret(sample: SampleSite, told: list[str]) -> None:
    with sample.app.db.begin() as conn:
        _, admin = create_key(conn, DEFAULT_WORKSPACE, "a", ["admin"], sample.app.now())
        _, reader = create_key(conn, DEFAULT_WORKSPACE, "r", ["read"], sample.app.now())
    path = f"/v1/workspaces/{DEFAULT_WORKSPACE}/alerts/test"
    key = {"Authorization": f"Bearer {admin}"}
    empty = sample.client.post(path, headers=key)
    assert (empty.status_code, empty.json()["findings"][0]["field"]) == (422, "alert_urls")
    send(sample, "add", url=SLACK)
    assert sample.client.post(path, headers={"Authorization": f"Bearer {reader}"}).status_code == 403
    assert sample.client.post("/v1/workspaces/wsp_none/alerts/test", headers=key).status_code == 404
    made = sample.client.post(path, headers=key)
    assert made.json() == {"data": [{"service": "Slack", "target": "slack://…jklm", "delivered": True}]}
    assert told == ["Slack"]


def test_a_short_address_shows_nothing_of_its_end() -> None:
    assert alert_targets.shown("pover://user@short").masked == "pover://…"
    assert alert_targets.shown(SLACK).service == "Slack"


MAIL = {
    "kind": "email",
    "to": "mara@example.org",
    "host": "smtp.example.org",
    "port": "587",
    "user": "mara@example.org",
}


@pytest.mark.parametrize(
    ("fields", "service"),
    [
        ({**MAIL, "password": "a+b&c=d/e f%g"}, "Email"),
        ({"kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/abc"}, "Slack"),
        ({"kind": "discord", "url": "https://discord.com/api/webhooks/41742/JHM-_x"}, "Discord"),
        ({"kind": "telegram", "token": "123456:ABC-def", "chat": "@weavers"}, "Telegram"),
        ({"kind": "webhook", "url": "https://hooks.example.org/x"}, "Webhook"),
    ],
)
def test_recipients_are_entered_field_by_field(sample: SampleSite, fields: dict[str, str], service: str) -> None:
    assert "Recipient added." in send(sample, "add", **fields)
    with sample.app.db.read() as conn:
        [target] = alert_targets.listing(conn, sample.app.vault, DEFAULT_WORKSPACE)
    assert target.usable
    # Apprise's way to write it and the service's own name the same receiver.
    assert target.service in (service, "Webhook")
    page = sample.client.get("/alerts").text
    secret = [value for name, value in fields.items() if name in ("password", "token", "url")]
    assert secret
    assert not [value for value in secret if value in page]


def test_a_mail_is_read_back_as_it_was_entered() -> None:
    address = alert_targets.address_of("email", {**MAIL, "password": "a+b&c=d/e f%g"})
    assert isinstance(address, str)
    made = parse(address, Trust.STRANGER)
    assert isinstance(made, MailTarget)
    mail = made.mail
    assert (mail.host, mail.port, mail.mode) == ("smtp.example.org", 587, "starttls")
    assert (mail.user, mail.password) == ("mara@example.org", "a+b&c=d/e f%g")
    assert (mail.sender, mail.to, mail.trust) == ("mara@example.org", "mara@example.org", Trust.STRANGER)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({**MAIL, "port": "25"}, "encrypted connection"),
        ({**MAIL, "port": "6379"}, "encrypted connection"),
        ({**MAIL, "host": ""}, "Mail server (SMTP) is missing"),
        ({**MAIL, "to": "nobody"}, "This address can&#39;t be read"),
        ({**MAIL, "password": "a,b"}, "comma"),
        ({"kind": "slack", "url": "https://example.org/"}, "not a Slack URL"),
        ({"kind": "webhook", "url": "https://127.0.0.1/x"}, "This address can&#39;t be used"),
        ({"kind": "telegram", "token": "no", "chat": "x"}, "This address can&#39;t be read"),
    ],
)
def test_what_is_wrong_with_a_recipient_is_said(sample: SampleSite, fields: dict[str, str], said: str) -> None:
    answer = sample.client.post("/alerts", data={"csrf": CSRF, "do": "add", **fields})
    assert answer.status_code == 422
    assert said in answer.text


def test_a_mail_server_named_on_the_page_is_not_inside() -> None:
    """It is asked after its name was resolved, so a name that leads inside is refused as well."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    port = listener.getsockname()[1]
    mail = Mail("127.0.0.1", port, "starttls", "", "", "a@example.org", "b@example.org", Trust.STRANGER)
    with listener:
        assert not asyncio.run(mail.send("A title", "A body", within_s=5.0))
        with pytest.raises(TimeoutError):
            listener.accept()


def test_recent_alerts_say_what_happened_and_lead_to_the_post(sample: SampleSite) -> None:
    """In the words of the guide, not with the names of patterns and events."""
    with sample.app.db.begin() as conn:
        raised = partial(alerts.raise_alert, conn, DEFAULT_WORKSPACE, now=sample.app.now())
        raised("blocked", "1", {"pattern": "app_removed_by_owner", "event": "blocker.opened"})
        raised("failed", "2", {"pattern": "unknown", "event": "post.failed", "post_id": sample.ids["failed"]})
        raised("held", "3", {"pattern": None, "event": "post.held", "post_id": sample.ids["failed"]})
        rows = alerts_store.unsent(conn, DEFAULT_WORKSPACE, limit=9)
    page = sample.client.get("/alerts").text
    assert "The owner removed the app." in page
    assert f'href="/posts/{sample.ids["failed"]}"' in page
    body = alerts.compose(DEFAULT_WORKSPACE, rows, "https://treadle.example.org").body
    assert f"explain yet. https://treadle.example.org/posts/{sample.ids['failed']}" in body.replace("\n", " ")
    for raw in ("app_removed_by_owner", "blocker.opened", "post.failed", "post.held"):
        assert raw not in page
        assert raw not in body
