"""The pages of webhooks: everything told is listed page by page, and test and redelivery reach a real receiver."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from tests.treadle.web.browsing import PATIENCE_S, Served, browser_page
from tests.treadle.web.sample_data import CSRF, SESSION, SampleSite, open_session, settings_for
from treadle.app import DEFAULT_WORKSPACE, open_app
from treadle.ids import new_id
from treadle.services.webhooks import WebhookOut
from treadle.site import build
from treadle.store.tables import webhook_deliveries, webhooks
from treadle.web.page_request import SESSION_COOKIE
from treadle.web.pages.webhooks import PAGE, state_of


@dataclass
class Receiver:
    """Somebody's program: keeps what it is told, answers with ``status``."""

    url: str = ""
    status: int = 204
    told: Queue[tuple[dict[str, str], str]] = field(default_factory=Queue)

    def next(self) -> tuple[dict[str, str], str]:
        return self.told.get(timeout=PATIENCE_S)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            one.told.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(one.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    one.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield one
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def page(chromium_browser: Any, served: Served) -> Iterator[Any]:
    open_session(served.app)
    with browser_page(chromium_browser, served) as made:
        yield made


@pytest.mark.browser
def test_a_test_and_a_redelivery_reach_a_receiver(page: Any, receiver: Receiver) -> None:
    page.goto("/webhooks")
    page.get_by_label("URL (https)").fill(receiver.url)
    page.get_by_role("button", name="Add webhook").click()
    secret = page.locator("#secret").inner_text()
    page.goto("/webhooks")
    page.get_by_role("button", name="Send test").click()
    page.get_by_text("Test sent.").wait_for()
    headers, body = receiver.next()
    assert Webhook(secret).verify(body, headers)["type"] == "webhook.ping"
    page.get_by_role("link", name="All deliveries").click()
    row = page.locator("li.row", has_text="webhook.ping")
    row.locator(".state", has_text="Delivered").wait_for()
    assert "HTTP 204" in row.inner_text()
    row.get_by_role("button", name="Resend").click()
    page.get_by_text("Sending again.").wait_for()
    again, same = receiver.next()
    assert again["webhook-id"] == headers["webhook-id"]
    assert same == body
    assert Webhook(secret).verify(same, again)
    page.locator("li.row .state", has_text="Delivered").wait_for()  # the page looks again by itself
    page.locator("li.row summary").click()
    assert page.locator("li.row details p", has_text="HTTP 204").count() == 2


@pytest.mark.browser
def test_one_that_says_gone_is_paused_and_told_what_was_kept(page: Any, served: Served, receiver: Receiver) -> None:
    receiver.status = 410
    page.goto("/webhooks")
    page.get_by_label("URL (https)").fill(receiver.url)
    page.get_by_role("button", name="Add webhook").click()
    page.get_by_role("button", name="Send test").click()
    first, _ = receiver.next()
    page.locator(".state", has_text="Paused after failures").wait_for()
    page.get_by_role("button", name="Resend").click()
    page.get_by_text("It will be sent when you resume the webhook.").wait_for()
    receiver.status = 204
    page.get_by_role("button", name="Resume").click()
    again, _ = receiver.next()
    assert again["webhook-id"] == first["webhook-id"]
    page.locator("article .state", has_text="Active").wait_for()
    with served.app.db.read() as conn:
        assert conn.execute(sa.select(webhooks.c.failing_since)).scalar_one() is None


def deliver(site: SampleSite, count: int) -> list[str]:
    """So many deliveries to the sample endpoint, oldest first; their ids."""
    now, hook = site.app.now(), site.ids["webhook"]
    made = []
    with site.app.db.begin() as conn:
        conn.execute(sa.delete(webhook_deliveries))
        for n in range(count):
            body = {
                "type": "post.failed",
                "timestamp": "2026-11-20T09:00:00Z",
                "data": {"post_id": site.ids["failed"]},
            }
            made.append(new_id("delivery", now + n))
            conn.execute(
                sa.insert(webhook_deliveries).values(
                    id=made[-1], webhook_id=hook, workspace_id=DEFAULT_WORKSPACE, change_id=n, type="post.failed",
                    payload=json.dumps(body), state="given_up", attempts=12, created_at=now + n,
                    history=[{"at": now + n, "status": 302, "took_s": 0.1, "error": "Redirects are not followed."}],
                )
            )  # fmt: skip
    return made


def test_everything_it_was_told_is_listed_page_by_page(sample: SampleSite) -> None:
    made, hook = deliver(sample, 2 * PAGE + 5), sample.ids["webhook"]
    assert f'href="/webhooks/{hook}"' in sample.client.get("/webhooks").text
    seen: list[str] = []
    address = f"/webhooks/{hook}"
    while address:
        text = sample.client.get(address).text
        seen += re.findall(r'<li class="row" id="(dlv_\w+)"', text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        address = older.group(1) if older else ""
    assert seen == list(reversed(made))
    assert f'href="/posts/{sample.ids["failed"]}"' in text
    assert "HTTP 302 in 100 ms: Redirects are not followed." in text
    assert "Nov 20, 10:00 AM" in text  # when it happened, in the zone of the person
    assert sample.client.get("/webhooks/whk_none").status_code == 404
    assert sample.client.get(f"/webhooks/{hook}?before=nonsense").status_code == 200


def test_sending_again_stays_on_its_page(sample: SampleSite) -> None:
    made, hook = deliver(sample, PAGE + 3), sample.ids["webhook"]
    here = f"/webhooks/{hook}?before={made[3]}"
    text = sample.client.get(here).text
    assert f'name="back" value="{here}"' in text
    form = {"csrf": CSRF, "delivery": made[1], "back": here}
    answer = sample.client.post(f"/webhooks/{hook}/redeliver", data=form)
    assert answer.headers["location"] == here
    with sample.app.db.read() as conn:
        state = conn.execute(sa.select(webhook_deliveries.c.state).where(webhook_deliveries.c.id == made[1])).scalar()
    assert state == "due"
    elsewhere = {**form, "back": "https://evil.example/"}
    answer = sample.client.post(f"/webhooks/{hook}/redeliver", data=elsewhere)
    assert answer.headers["location"] == "/webhooks"
    nothing = sample.client.post(f"/webhooks/{hook}/redeliver", data={**form, "delivery": "dlv_none"})
    assert nothing.status_code == 404


@pytest.mark.parametrize(
    ("state", "failing_since", "label"),
    [
        ("active", None, "Active"),
        ("active", "2026-11-30T00:00:00.000Z", "Failing"),
        ("paused", None, "Paused"),
        ("failing", "2026-11-30T00:00:00.000Z", "Paused after failures"),
    ],
)
def test_an_endpoint_that_does_not_respond_is_failing(state: str, failing_since: str | None, label: str) -> None:
    hook = WebhookOut(
        id="whk_1", url="https://shop.example", types=[], state=state, failing_since=failing_since, two_secrets=False,
        created_at=None,
    )  # fmt: skip
    assert state_of(hook)[1] == label


def test_an_address_in_a_private_network_is_refused_at_once(tmp_path: Path) -> None:
    app = open_app(settings_for(tmp_path / "data", "http://testserver", allow_private_media_hosts=False))
    open_session(app)
    with TestClient(build(app), cookies={SESSION_COOKIE: SESSION}, follow_redirects=False) as client:
        answer = client.post("/webhooks", data={"csrf": CSRF, "url": "https://10.0.0.7/hook"})
    app.close()
    assert answer.status_code == 422
    assert "This address is inside a private network." in answer.text
    assert 'value="https://10.0.0.7/hook"' in answer.text
