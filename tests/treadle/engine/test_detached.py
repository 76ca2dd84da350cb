"""A reply that is live, but not as a reply: what its owner decides is done, through API, page and command line, and
nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.treadle.engine.shop import Owner, Shop, open_shop, shop_settings
from tests.treadle.web.sample_data import CSRF, SESSION, open_session
from treadle.app import DEFAULT_WORKSPACE
from treadle.people.keys import create_key
from treadle.site import build
from treadle.web.page_request import SESSION_COOKIE
from treadle_sandbox.server import Sandbox

PARTS = ["root", "second", "third"]


class Detached:
    """A chain of three whose second part became a post of its own; Threads behaves from then on."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.owner: Owner = shop.owner()
        shop.control.options(detach_reply="all")
        self.post_id = shop.post(self.owner, text="root", replies=[{"text": "second"}, {"text": "third"}])
        shop.until([self.post_id], lambda post: post["state"] == "blocked")
        shop.control.options(detach_reply="never")
        assert self.texts() == ["root", "second"], shop.story(self.post_id)
        with shop.app.db.begin() as conn:
            _, self.secret = create_key(conn, DEFAULT_WORKSPACE, "test", ["write"], shop.app.now())
        open_session(shop.app)
        self.client = TestClient(
            build(shop.app),
            base_url="http://127.0.0.1:8700",
            cookies={SESSION_COOKIE: SESSION},
            headers={"Origin": "http://127.0.0.1:8700"},
            follow_redirects=True,
        )

    def texts(self) -> list[str]:
        return sorted((str(live["text"]) for live in self.shop.live(self.owner)), key=PARTS.index)

    def parents(self) -> dict[str, str | None]:
        return {str(live["text"]): live["reply_to"] for live in self.shop.live(self.owner)}

    def say(self, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return self.client.post(f"/v1/posts/{self.post_id}/resolve", json=body, headers=headers)

    def choose(self, **form: str) -> str:
        answer = self.client.post(f"/posts/{self.post_id}/detached", data={"csrf": CSRF, **form})
        assert answer.status_code == 200
        return answer.text


@pytest.fixture
def detached(sandbox: Sandbox, tmp_path: Path) -> Iterator[Detached]:
    with open_shop(sandbox, shop_settings(sandbox, tmp_path)) as shop:
        yield Detached(shop)


def test_continue_below_the_first_part(detached: Detached) -> None:
    assert detached.say(detached="below_root", absent=True).status_code == 422
    assert detached.say(detached="sideways").status_code == 422
    answer = detached.say(detached="below_root")
    assert answer.status_code == 200, answer.text
    detached.shop.published([detached.post_id])
    assert detached.texts() == PARTS
    ids = {part["text"]: part["threads_id"] for part in detached.shop.read(detached.post_id)["parts"]}
    assert detached.parents() == {"root": None, "second": None, "third": ids["root"]}
    assert detached.say(detached="below_root").json()["code"] == "nothing_to_resolve"


def test_stop_here(detached: Detached) -> None:
    page = detached.client.get(f"/posts/{detached.post_id}").text
    assert "Continue below the first part" in page
    assert "Post it replies to" in page
    detached.choose(choice="stop")
    assert detached.shop.read(detached.post_id)["state"] == "canceled"
    assert detached.texts() == ["root", "second"]


def test_delete_and_publish_again(detached: Detached) -> None:
    assert "confirm" in detached.choose(choice="send_again")
    assert detached.texts() == ["root", "second"]
    before = detached.shop.read(detached.post_id)["parts"][1]["threads_id"]
    detached.choose(choice="send_again", sure="yes")
    detached.shop.published([detached.post_id])
    assert detached.texts() == PARTS
    parts = detached.shop.read(detached.post_id)["parts"]
    assert parts[1]["threads_id"] != before
    assert detached.parents() == {"root": None, "second": parts[0]["threads_id"], "third": parts[1]["threads_id"]}
    assert [part["live"]["differs"] for part in parts] == [[], [], []]


def test_nothing_is_published_again_when_the_reply_could_not_be_deleted(detached: Detached) -> None:
    error = {"message": "Application does not have permission for this action", "type": "THApiException", "code": 10}
    detached.shop.control.fault("delete", {"status": 403, "body": {"error": error}}, times=1)
    answer = detached.say(detached="send_again")
    assert (answer.status_code, answer.json()["code"]) == (424, "threads_refused")
    assert detached.shop.read(detached.post_id)["state"] == "blocked"
    assert detached.texts() == ["root", "second"]
    assert detached.say(detached="send_again").status_code == 200
    detached.shop.published([detached.post_id])
    assert detached.texts() == PARTS
