"""The model of Threads: what is documented of it holds whatever its chance decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulation.ledger import Ledger
from simulation.threads.model import LONGEST_LAG_S, Caller, Reply, Threads
from simulation.weather import CLEAR, Weather

BEGIN = 1_800_000_000.0
CALLER = Caller("w0.1", "pst_1.1", BEGIN)


class Place:
    def __init__(self, weather: Weather = CLEAR, seed: int = 1) -> None:
        self.at = BEGIN
        self.ledger = Ledger(BEGIN, BEGIN + 86_400.0, settle_s=600.0, lease_s=30.0)
        self.threads = Threads(seed, weather, self.ledger, lambda: self.at, accounts=3, calm=0)
        self.token = next(iter(self.threads.profiles["1000"].tokens))

    def call(self, method: str, path: str, **params: str) -> Reply:
        return self.threads.call(CALLER, method, f"/v1.0{path}", {"access_token": self.token, **params})

    def container(self, text: str = "Hello", **params: str) -> str:
        body = self.call("POST", "/me/threads", media_type="TEXT", text=text, **params).answer.body
        self.at += 30.0
        return str(body["id"])

    def status(self, container: str) -> Any:
        return self.call("GET", f"/{container}", fields="id,status").answer.body


def test_create_poll_publish_list_read() -> None:
    place = Place()
    container = place.container()
    assert place.status(container)["status"] == "FINISHED"
    media = place.call("POST", "/me/threads_publish", creation_id=container).answer.body["id"]
    assert place.status(container)["status"] == "PUBLISHED"
    place.at += 5.0
    listed = place.call("GET", "/me/threads", fields="id,text,media_type,timestamp").answer.body["data"]
    assert listed[0] == {**listed[0], "id": media, "text": "Hello", "media_type": "TEXT_POST"}
    read = place.call("GET", f"/{media}", fields="id,permalink").answer.body
    assert read == {"id": media, "permalink": f"https://www.threads.com/@user1000/post/{media}"}
    assert [live.container for live in place.ledger.live if live.container] == [container]


def test_a_container_is_published_at_most_once_whatever_is_answered() -> None:
    place = Place(replace(CLEAR, before=0.2, after=0.3, slow=0.3))
    containers = [place.container(f"text {turn}") for turn in range(40)]
    for _ in range(10):
        for container in containers:
            place.call("POST", "/me/threads_publish", creation_id=container)
            place.at += 7.0
    ours = [live.container for live in place.ledger.live if live.container]
    assert sorted(ours) == sorted(containers)
    assert any(sent.effect and sent.answer != "ok" for sent in place.ledger.sent if sent.operation == "publish")


def test_a_clear_refusal_has_no_effect_but_the_one_that_may_follow_it() -> None:
    place = Place(replace(CLEAR, before=0.3, after=0.3, limits=0.2, quota=1.0))
    for turn in range(60):
        made = place.call("POST", "/me/threads", media_type="TEXT", text=f"text {turn}").answer.body
        container = made.get("id")
        place.at += 4000.0
        if container:
            place.call("POST", "/me/threads_publish", creation_id=str(container))
    clear = {s.answer for s in place.ledger.sent if s.operation == "publish" and s.clear and s.effect}
    assert clear <= {"24/4279009"}


def test_something_shows_a_post_within_the_settle_time_unless_it_is_hidden() -> None:
    lagging = Place(replace(CLEAR, lag=1.0, slow=0.5, unreadable=0.5, closed_lists=0.5), seed=4)
    for turn in range(60):
        lagging.call("POST", "/me/threads_publish", creation_id=lagging.container(f"text {turn}"))
    ours = [live for live in lagging.ledger.live if live.container]
    assert max(live.shown_after() for live in ours) < lagging.ledger.settle_s - 15.0
    assert max(live.list_from - live.effect for live in ours) > 300.0
    assert max(live.list_from - live.effect for live in ours) <= LONGEST_LAG_S
    hidden = Place(replace(CLEAR, hidden=1.0))
    hidden.call("POST", "/me/threads_publish", creation_id=hidden.container())
    assert hidden.ledger.live[-1].shown_after() > hidden.ledger.settle_s


def test_a_container_expires_after_a_day_and_a_dead_token_is_refused() -> None:
    place = Place()
    container = place.container()
    place.at += 86_500.0
    assert place.status(container)["status"] == "EXPIRED"
    assert place.call("POST", "/me/threads_publish", creation_id=container).answer.name == "24/4279009"
    place.threads.profiles["1000"].tokens[place.token] = place.at
    assert place.call("GET", "/me").answer.body["error"]["code"] == 190
    place.token = place.threads.new_token("1000")
    assert place.call("GET", "/me").answer.body["id"] == "1000"


def test_a_small_page_names_the_next_one_until_all_was_shown() -> None:
    place = Place()
    place.threads.profiles["1000"].page = 2
    seen: list[str] = []
    after = ""
    while True:
        params = {"fields": "id,timestamp", "limit": "100", **({"after": after} if after else {})}
        body = place.call("GET", "/me/threads", **params).answer.body
        seen += [row["id"] for row in body["data"]]
        after = body.get("paging", {}).get("cursors", {}).get("after", "")
        if not after:
            break
    assert len(seen) == len(set(seen)) == len(place.threads.profiles["1000"].posts)


@pytest.mark.parametrize("field", ["status", "id,status"])
def test_a_post_has_no_status(field: str) -> None:
    place = Place()
    media = place.call("POST", "/me/threads_publish", creation_id=place.container()).answer.body["id"]
    place.at += 5.0
    assert place.call("GET", f"/{media}", fields=field).answer.status == 500
