"""Every kind of post that Threads takes goes out as it was meant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from tests.support.proof import Tally
from tests.treadle.engine.conftest import matrix_size
from tests.treadle.engine.faults import FAULTS, Fault
from tests.treadle.engine.host import Host, hosting
from tests.treadle.engine.matrix import Case, Trial, judge
from tests.treadle.engine.shop import Owner, Shop
from treadle_diagnosis import from_pattern


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosting(tmp_path_factory.mktemp("host")) as opened:
        yield opened


def bodies(host: Host, target: str) -> dict[str, dict[str, Any]]:
    """A request of each kind. ``target`` is a post to quote and to reply to."""
    pictures = [{"url": f"{host.url}/{n}.jpg", "alt_text": f"picture {n}"} for n in (1, 2, 3)]
    film = {"url": f"{host.url}/film.mp4"}
    poll = {"option_a": "yes", "option_b": "no", "option_c": "", "option_d": ""}
    styled = [{"offset": 0, "length": 4, "styling_info": ["bold"]}]
    return {
        "image": {"text": "image", "media": pictures[:1]},
        "video": {"text": "video", "media": [film]},
        "picture alone": {"media": [pictures[1]]},
        "carousel": {"text": "carousel", "media": [*pictures, film]},
        "spoilers": {
            "text": "hidden words",
            "media": [{**pictures[0], "spoiler": True}],
            "options": {"text_entities": [{"entity_type": "SPOILER", "offset": 0, "length": 6}]},
        },
        "poll": {"text": "poll", "options": {"poll_attachment": poll}},
        "gif": {"text": "gif", "options": {"gif_attachment": {"gif_id": "abc123", "provider": "GIPHY"}}},
        "link": {"text": "link", "options": {"link_attachment": "https://example.com/page"}},
        "text attachment": {
            "text": "long",
            "options": {"text_attachment": {"plaintext": "long " * 500, "text_with_styling_info": styled}},
        },
        "audience": {
            "text": "audience",
            "options": {
                "reply_control": "followers_only",
                "enable_reply_approvals": True,
                "allowlisted_country_codes": ["US", "de"],
                "topic_tag": "weaving",
                "location_id": "106078429431815",
            },
        },
        "ghost": {"text": "ghost", "options": {"is_ghost_post": True}},
        "story": {"text": "story", "options": {"crossreshare_to_ig": True}},
        "quote": {"text": "quote", "options": {"quote_post_id": target}},
        "reply": {"text": "reply", "options": {"reply_to_id": target}},
        "chain": {"text": "first", "replies": [{"text": "second", "media": pictures[:2]}, {"text": "third"}]},
    }


def test_every_kind_of_post_goes_out_as_it_was_meant(shop: Shop, host: Host) -> None:
    owner = shop.owner(geo_gating=True, linked_instagram=True)
    target = shop.control.add_post(owner.username, text="an older post")["id"]
    asked = bodies(host, target)
    ids = {name: shop.post(owner, **body) for name, body in asked.items()}
    shop.published(list(ids.values()))
    live = {post["id"]: post for post in shop.live(owner)}
    out = {name: [live[part["threads_id"]] for part in shop.read(post_id)["parts"]] for name, post_id in ids.items()}
    assert len(live) == 1 + sum(len(posts) for posts in out.values())
    assert all(part["permalink"] for post_id in ids.values() for part in shop.read(post_id)["parts"])
    kinds = {name: posts[0]["media_type"] for name, posts in out.items()}
    assert (kinds["image"], kinds["video"], kinds["carousel"]) == ("IMAGE", "VIDEO", "CAROUSEL_ALBUM")
    assert [child["media_type"] for child in out["carousel"][0]["children"]] == ["IMAGE", "IMAGE", "IMAGE", "VIDEO"]
    assert [child["params"].get("alt_text") for child in out["carousel"][0]["children"][:2]] == [
        "picture 1",
        "picture 2",
    ]
    params = {name: posts[0]["params"] for name, posts in out.items()}
    assert params["image"]["alt_text"] == "picture 1"
    assert params["spoilers"]["is_spoiler_media"] is True
    assert params["spoilers"]["text_entities"] == [{"entity_type": "SPOILER", "offset": 0, "length": 6}]
    assert params["poll"]["poll_attachment"] == {"option_a": "yes", "option_b": "no"}
    assert params["gif"]["gif_attachment"]["gif_id"] == "abc123"
    assert params["link"]["link_attachment"] == "https://example.com/page"
    assert params["text attachment"]["text_attachment"]["plaintext"] == "long " * 500
    assert params["audience"]["allowlisted_country_codes"] == ["US", "DE"]
    assert params["audience"]["reply_control"] == "followers_only"
    assert params["audience"]["enable_reply_approvals"] is True
    assert params["audience"]["topic_tag"] == "weaving"
    assert params["audience"]["location_id"] == "106078429431815"
    assert params["ghost"]["is_ghost_post"] is True
    assert params["story"]["crossreshare_to_ig"] is True
    assert params["quote"]["quote_post_id"] == target
    assert out["reply"][0]["reply_to"] == target
    first, second, third = out["chain"]
    assert (second["reply_to"], third["reply_to"]) == (first["id"], second["id"])
    assert second["media_type"] == "CAROUSEL_ALBUM"


def test_the_timeline_says_why_a_medium_was_refused_and_what_follows(lite: Shop, host: Host) -> None:
    owner, missing = lite.owner(), f"{host.url}/nothing.jpg"
    post_id = lite.post(owner, text="gone", media=[{"url": missing}])
    lite.settled([post_id])
    looks = [event for event in lite.timeline(post_id) if event["outcome"] == "refused"]
    assert looks, lite.story(post_id)
    assert all(event["decision"] and event["diagnosis"]["pattern"] for event in looks), lite.story(post_id)
    assert lite.read(post_id)["state"] == "blocked"
    assert lite.requests(owner) == [], "Threads was asked although the file cannot be fetched"


def test_a_failing_media_worker_is_tried_again_and_then_waits_for_a_person(
    lite: Shop, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = lite.owner()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        post_id = lite.post(owner, text="wrong codec", media=[{"url": f"{host.url}/wrong.mp4"}])
        lite.settled([post_id])
    post = lite.read(post_id)
    cause = post["cause"]
    assert (post["state"], cause["pattern"]) == ("blocked", "media_worker_failed"), lite.story(post_id)
    assert (cause["who"], cause["retry"]["kind"]) == ("operator", "when_repaired"), lite.story(post_id)
    looks = [event for event in lite.timeline(post_id) if event["outcome"] == "refused"]
    assert len(looks) == 1 + from_pattern("media_worker_failed").retry.max_attempts, lite.story(post_id)
    assert all("ended with code 1" in str(event["diagnosis"]["raw"]) for event in looks)
    assert lite.requests(owner) == []


def test_faults_on_posts_with_media(lite: Shop, host: Host, tally: Tally) -> None:
    """A carousel with a video: faults at its children, its containers, its publish, and when Threads fetches a file."""
    endpoints = ("create", "status", "publish", "list")
    choices = [
        Fault(endpoint, name, when, nth=nth)
        for endpoint, name, when, nth in product(endpoints, FAULTS, ("before", "after"), (1, 3))
        if (when == "before" or endpoint in ("create", "publish")) and (nth == 1 or endpoint in ("create", "status"))
    ]
    size = min(len(choices), matrix_size(12, len(choices)))
    chosen = tally.chance.sample(choices, size)
    for start in range(0, len(chosen), 24):
        judge(lite, [begin(lite, host, fault) for fault in chosen[start : start + 24]], tally)
    tally.expect(posts=size, faults=size)


def begin(shop: Shop, host: Host, fault: Fault) -> Trial:
    owner: Owner = shop.owner()
    fault.arm(shop.control, owner.username)
    text = f"{owner.username} carousel"
    media = [{"url": f"{host.url}/1.jpg"}, {"url": f"{host.url}/2.jpg"}, {"url": f"{host.url}/film.mp4"}]
    return Trial(Case((fault,), "carousel"), owner, shop.post(owner, text=text, media=media), [text])
