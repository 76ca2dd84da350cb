"""Publishing: once, only what is finished, within the quota; and what can be read afterwards."""

from __future__ import annotations

import asyncio

import pytest

from tests.treadle_sandbox.conftest import Caller, Other, Start


async def test_create_wait_publish_read(ada: Caller) -> None:
    container = (await ada.create(text="hello")).id
    assert await ada.done(container) == {"status": "FINISHED", "id": container}
    post = (await ada.publish(container)).id
    assert post != container
    assert await ada.status(container) == {"status": "PUBLISHED", "id": container}
    read = (await ada.get(f"/{post}", fields="id,text,media_type,permalink,username,owner,timestamp,shortcode")).body
    assert read["media_type"] == "TEXT_POST"
    assert read["permalink"] == f"https://www.threads.com/@ada/post/{read['shortcode']}"
    assert read["owner"] == {"id": ada.id}
    assert read["timestamp"].endswith("+0000")


async def test_a_second_publish_finds_nothing_unless_switched(ada: Caller) -> None:
    container = (await ada.create(text="hello")).id
    post = (await ada.publish(container)).id
    again = await ada.publish(container)
    assert (again.status, again.error["code"], again.error["error_subcode"]) == (400, 24, 4279009)
    assert again.error["is_transient"] is False
    ada.sandbox.control.options(republish="same_id")
    assert (await ada.publish(container)).id == post
    assert len(ada.sandbox.control.posts()) == 1


async def test_many_at_once_publish_once(ada: Caller) -> None:
    container = (await ada.create(text="hello")).id
    answers = await asyncio.gather(*[ada.publish(container) for _ in range(20)])
    assert sorted(a.status for a in answers) == [200] + [400] * 19
    assert len(ada.sandbox.control.posts()) == 1


@pytest.mark.parametrize("switch", ["4279009", "9007"])
async def test_too_early(start: Start, switch: str) -> None:
    ada = await start(processing=10, early_publish=switch)
    container = (await ada.create(text="hello")).id
    assert (await ada.status(container))["status"] == "IN_PROGRESS"
    assert (await ada.publish(container)).error["error_subcode"] == {"4279009": 4279009, "9007": 2207027}[switch]
    ada.sandbox.control.advance(10)
    assert (await ada.publish(container)).status == 200


async def test_a_container_expires_after_a_day(ada: Caller) -> None:
    container = (await ada.create(text="hello")).id
    ada.sandbox.control.advance(86_399)
    assert (await ada.status(container))["status"] == "FINISHED"
    ada.sandbox.control.advance(2)
    assert await ada.status(container) == {"status": "EXPIRED", "id": container}
    assert (await ada.publish(container)).error["error_subcode"] == 4279009


async def test_published_stays_published(ada: Caller) -> None:
    container = (await ada.create(text="hello")).id
    await ada.publish(container)
    ada.sandbox.control.advance(200_000)
    assert (await ada.status(container))["status"] == "PUBLISHED"


async def test_only_its_maker_publishes_a_container(ada: Caller, other: Other) -> None:
    grace = other(ada)
    container = (await ada.create(text="hello")).id
    assert (await grace.publish(container)).error["error_subcode"] == 4279009
    assert (await grace.get(f"/{container}", fields="status")).error["error_subcode"] == 33


@pytest.mark.parametrize("kind", ["posts", "replies"])
async def test_quota_is_a_moving_day(start: Start, kind: str) -> None:
    ada = await start(quota_posts=3, quota_replies=2)
    root = await ada.text("root")
    more = {"reply_to_id": root} if kind == "replies" else {}
    for n in range(2):
        await ada.text(f"number {n}", **more)
    container = (await ada.create(text="one too many", **more)).id
    refused = await ada.publish(container)
    assert (refused.status, refused.error["code"], refused.error["error_subcode"]) == (400, 613, 4279002)
    fields = "quota_usage,config{quota_total},reply_quota_usage,reply_config,delete_quota_usage"
    used = (await ada.get("/me/threads_publishing_limit", fields=fields)).body["data"][0]
    assert used == {
        "quota_usage": 1 if kind == "replies" else 3,
        "config": {"quota_total": 3},
        "reply_quota_usage": 2 if kind == "replies" else 0,
        "reply_config": {"quota_total": 2, "quota_duration": 86400},
        "delete_quota_usage": 0,
    }
    assert (await ada.get("/me/threads_publishing_limit")).body == {"data": [{"quota_usage": used["quota_usage"]}]}
    ada.sandbox.control.advance(86_401)
    assert (await ada.publish((await ada.create(text="a day later", **more)).id)).status == 200


async def test_a_carousel_counts_as_one_and_reads_back(start: Start) -> None:
    ada = await start(fetch_media=False, processing=0)
    item = {"media_type": "IMAGE", "image_url": "https://cdn.example.com/a.jpg", "is_carousel_item": "true"}
    ids = [(await ada.create(**item, alt_text=f"picture {n}", text="not kept")).id for n in range(2)]
    both = {"media_type": "CAROUSEL", "children": ",".join(ids), "text": "both", "is_spoiler_media": "true"}
    assert (await ada.publish(ids[0])).error["error_subcode"] == 4279009
    post = (await ada.publish((await ada.create(**both)).id)).id
    read = (await ada.get(f"/{post}", fields="media_type,text,children{id,alt_text,is_spoiler_media}")).body
    assert all(child["is_spoiler_media"] is True for child in read["children"]["data"])
    assert read["media_type"] == "CAROUSEL_ALBUM"
    assert [child["alt_text"] for child in read["children"]["data"]] == ["picture 0", "picture 1"]
    limit = await ada.get("/me/threads_publishing_limit")
    assert limit.body["data"][0]["quota_usage"] == 1
    assert (await ada.get("/me/threads", fields="id")).body["data"] == [{"id": post}]


async def test_an_expired_child_spoils_the_parent(start: Start) -> None:
    ada = await start(fetch_media=False, processing=0)
    item = {"media_type": "IMAGE", "image_url": "https://cdn.example.com/a.jpg", "is_carousel_item": "true"}
    ids = [(await ada.create(**item)).id for _ in range(2)]
    ada.sandbox.control.advance(50_000)
    parent = (await ada.create(media_type="CAROUSEL", children=",".join(ids))).id
    ada.sandbox.control.advance(50_000)
    assert (await ada.publish(parent)).error["error_subcode"] == 4279004


@pytest.mark.parametrize(("linked", "outcome"), [(True, "SUCCESS"), (False, "FAILED")])
async def test_sharing_to_instagram_is_told_with_the_publish(
    ada: Caller, other: Other, linked: bool, outcome: str
) -> None:
    grace = other(ada, linked_instagram=linked)
    container = (await grace.create(text="x", crossreshare_to_ig="true")).id
    assert (await grace.publish(container)).body["crossreshare_to_ig_status"] == outcome


async def test_a_restricted_account_can_do_neither(ada: Caller) -> None:
    container = (await ada.create(text="x")).id
    ada.sandbox.control.account("ada", restricted=True)
    for answer in (await ada.create(text="x"), await ada.publish(container)):
        assert answer.error["error_subcode"] == 4279013
        assert answer.error["message"] == "User restricted"


async def test_duplicate_text_is_refused_only_by_switch(ada: Caller) -> None:
    await ada.text("again")
    await ada.text("again")
    ada.sandbox.control.options(duplicate_text="refuse")
    assert (await ada.publish((await ada.create(text="again")).id)).error["code"] == 506


async def test_deleting(ada: Caller, other: Other) -> None:
    grace = other(ada)
    post = await ada.text("x")
    assert (await grace.call("DELETE", f"/{post}")).error["error_subcode"] == 33
    assert (await ada.call("DELETE", f"/{post}")).body == {"success": True, "deleted_id": post}
    assert (await ada.call("DELETE", f"/{post}")).error["error_subcode"] == 33
    assert (await ada.get(f"/{post}", fields="id")).error["error_subcode"] == 33
    assert (await ada.get("/me/threads")).body == {"data": []}
    ada.sandbox.control.options(quota_deletes=1)
    assert (await ada.call("DELETE", f"/{await ada.text('y')}")).error["code"] == 613
