"""The model of Threads: what is documented of it holds whatever its chance decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from simulation.ledger import Ledger
from simulation.threads.answers import CONTRARY
from simulation.threads.model import LONGEST_LAG_S, Caller, Reply, Threads
from simulation.weather import CLEAR, FIRST_LATER, FIRST_LATEST, LATER, LATEST, Weather, weather_of

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
        body = self.call("POST", "/me/threads", **{"media_type": "TEXT", "text": text, **params}).answer.body
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


def test_ids_do_not_tell_which_post_came_first() -> None:
    place = Place()
    by_time = [live.id for live in sorted(place.ledger.live, key=lambda live: live.effect) if live.account == "1000"]
    assert len(by_time) == len(set(by_time)) > 2
    assert by_time not in (sorted(by_time), sorted(by_time, reverse=True))


def test_a_last_page_may_name_a_next_one_which_is_empty() -> None:
    place = Place(replace(CLEAR, last_cursor=1.0))
    first = place.call("GET", "/me/threads", fields="id", limit="100").answer.body
    after = first["paging"]["cursors"]["after"]
    assert place.call("GET", "/me/threads", fields="id", limit="100", after=after).answer.body == {"data": []}


def test_a_post_that_lists_show_late_may_be_there_before_without_its_words() -> None:
    place = Place(replace(CLEAR, lag=1.0, glimpses=1.0))
    for turn in range(20):
        place.call("POST", "/me/threads_publish", creation_id=place.container(f"text {turn}"))
    late = [live for live in place.ledger.live if live.container and live.list_from > place.at]
    assert late
    rows = place.call("GET", "/me/threads", fields="id,text,timestamp,media_type", limit="100").answer.body["data"]
    assert all({"id": live.id} == {k: v for k, v in row.items() if k != "timestamp"}
               for live in late for row in rows if row["id"] == live.id)  # fmt: skip
    assert {live.id for live in late} <= {row["id"] for row in rows}
    place.at += LONGEST_LAG_S
    rows = place.call("GET", "/me/threads", fields="id,text", limit="100").answer.body["data"]
    assert all(row["text"] for row in rows)


def test_replies_have_a_quota_of_their_own() -> None:
    place = Place(replace(CLEAR, replies=1.0))
    root = place.call("POST", "/me/threads_publish", creation_id=place.container()).answer.body["id"]
    limit = place.call("GET", "/me/threads_publishing_limit").answer.body["data"][0]
    whole = limit["reply_config"]["quota_total"]
    assert whole < 10 < limit["config"]["quota_total"]
    for turn in range(whole + 1):
        container = place.container(f"reply {turn}", reply_to_id=root)
        answer = place.call("POST", "/me/threads_publish", creation_id=container).answer
        assert (answer.status == 200) == (turn < whole)


def test_the_clock_of_threads_may_be_off_by_some_seconds() -> None:
    place = Place(replace(CLEAR, skew=15.0))
    media = place.call("POST", "/me/threads_publish", creation_id=place.container()).answer.body["id"]
    stamp = place.call("GET", f"/{media}", fields="timestamp").answer.body["timestamp"]
    off = datetime.fromisoformat(stamp).timestamp() - place.threads.live[media].effect
    assert 1.0 < abs(off) <= 16.0


def test_a_fault_may_come_in_the_words_of_a_clear_refusal_and_is_none() -> None:
    place = Place(replace(CLEAR, after=1.0, contrary=1.0))
    for turn in range(20):
        place.call("POST", "/me/threads_publish", creation_id=place.container(f"text {turn}"))
    contrary = [sent for sent in place.ledger.sent if sent.answer in {each.name for each in CONTRARY}]
    assert contrary
    assert all(sent.effect and not sent.clear for sent in contrary)
    assert all(each.status >= 500 for each in CONTRARY)


def test_a_known_day_has_the_weather_it_always_had() -> None:
    later = {name for name in Weather.names() if getattr(LATER, name) != getattr(Weather(), name)}
    assert later == {"last_cursor", "glimpses", "replies", "slow_names", "skew", "contrary"}
    assert weather_of(FIRST_LATER - 1) == Weather()
    assert weather_of(FIRST_LATER) == weather_of(FIRST_LATEST - 1) == LATER
    latest = {name for name in Weather.names() if getattr(LATEST, name) != getattr(LATER, name)}
    assert latest == {
        "untiered", "detached", "cut", "dropped", "stories", "withdrawn", "apps", "late_containers", "brittle",
        "closer", "deleted", "renamed", "expiring", "watchful", "unconnected",
    }  # fmt: skip
    assert weather_of(FIRST_LATEST) == LATEST


@pytest.mark.parametrize("field", ["status", "id,status"])
def test_a_post_has_no_status(field: str) -> None:
    place = Place()
    media = place.call("POST", "/me/threads_publish", creation_id=place.container()).answer.body["id"]
    place.at += 5.0
    assert place.call("GET", f"/{media}", fields=field).answer.status == 500


# -------------------------------------------------------------------------------------- what the latest days know


def published(place: Place, **params: str) -> tuple[str, dict[str, Any]]:
    """A post's id, and the answer to its publish."""
    body = place.call("POST", "/me/threads_publish", creation_id=place.container(**params)).answer.body
    place.at += 5.0
    return body["id"], body


def read(place: Place, media: str) -> Any:
    fields = "id,text,replied_to,is_reply,children,username"
    return place.call("GET", f"/{media}", fields=fields).answer.body


def listed(place: Place, name: str) -> list[str]:
    return [row["id"] for row in place.call("GET", f"/me/{name}", fields="id", limit="100").answer.body["data"]]


def test_a_reply_may_go_live_as_a_post_of_its_own() -> None:
    place = Place(replace(CLEAR, detached=1.0))
    parent, _ = published(place)
    reply, _ = published(place, text="A reply", reply_to_id=parent)
    assert "replied_to" not in read(place, reply)
    assert reply in listed(place, "threads")
    assert reply not in listed(place, "replies")
    assert [live.wrong for live in place.ledger.live if live.container] == ["", "detached"]


def test_a_post_may_lose_the_end_of_its_text_and_its_story_may_fail() -> None:
    place = Place(replace(CLEAR, cut=1.0))
    cut, _ = published(place, text="three words and more")
    assert read(place, cut)["text"] == "three words"
    place = Place(CLEAR)
    answers = [
        published(place, text=f"{turn}", crossreshare_to_ig="true")[1]["crossreshare_to_ig_status"]
        for turn in range(30)
    ]
    assert set(answers) == {"SUCCESS", "FAILED"}
    wrong = [live.wrong for live in place.ledger.live if live.container]
    assert [each == "story" for each in wrong] == [each == "FAILED" for each in answers]


def test_a_carousel_may_lose_its_last_item() -> None:
    place = Place(replace(CLEAR, dropped=1.0))
    items = [
        place.container(media_type="IMAGE", image_url=f"https://a.example/{turn}.jpg", is_carousel_item="true")
        for turn in range(3)
    ]
    carousel, _ = published(place, media_type="CAROUSEL", children=",".join(items))
    assert len(read(place, carousel)["children"]["data"]) == 2


def test_what_its_owner_deleted_is_not_shown_and_takes_no_reply() -> None:
    place = Place(replace(CLEAR, deleted=1.0))
    media, _ = published(place)
    assert media in listed(place, "threads")
    (live,) = [each for each in place.ledger.live if each.id == media]
    place.at = live.deleted
    assert media not in listed(place, "threads")
    assert read(place, media)["error"]["code"] == 100
    refused = place.call("POST", "/me/threads", media_type="TEXT", text="A reply", reply_to_id=media)
    assert refused.answer.body["error"]["code"] == 24
    assert place.status(live.container)["status"] == "PUBLISHED"


def test_a_permission_that_was_taken_back_is_there_again_with_the_next_token() -> None:
    place = Place(replace(CLEAR, withdrawn=1.0))
    place.at = place.ledger.end - 1.0
    assert place.threads.may_not_publish("1000", place.at)
    assert place.call("POST", "/me/threads", media_type="TEXT", text="No").answer.body["error"]["code"] == 10
    assert place.call("GET", "/me", fields="id").answer.name == "ok"
    place.token = place.threads.new_token("1000")
    assert not place.threads.may_not_publish("1000", place.at)
    assert place.call("POST", "/me/threads", media_type="TEXT", text="Yes").answer.name == "ok"


def test_media_that_expired_are_not_fetched_and_a_renamed_account_has_its_new_name() -> None:
    place = Place(replace(CLEAR, renamed=1.0))
    place.threads.expires["a.example/7"] = BEGIN + 60.0
    first = place.call("POST", "/me/threads", media_type="IMAGE", image_url="https://a.example/7/0.jpg")
    place.at = place.ledger.end
    later = place.call("POST", "/me/threads", media_type="IMAGE", image_url="https://a.example/7/0.jpg")
    other = place.call("POST", "/me/threads", media_type="IMAGE", image_url="https://a.example/new7/0.jpg")
    assert [each.answer.name for each in (first, later, other)] == ["ok", "9004/2207052", "ok"]
    assert read(place, published(place)[0])["username"] == "renamed1000"
