"""Every call of Meta's own Postman collection, with its field lists, in the order a person would press them.

The answers are compared with the collection's own examples, field by field: ``data/collection_shapes.json`` holds the
names and kinds of the fields of each example (fbsamples/threads_api at 44df04d).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.treadle_sandbox.conftest import Caller, Files, MakeVideo, Other, image

POLL = ",".join(
    [f"option_{x}" for x in "abcd"] + [f"option_{x}_votes_percentage" for x in "abcd"] + ["expiration_timestamp"]
)
THREAD = (
    "id,media_product_type,media_type,media_url,gif_url,permalink,owner,username,text,timestamp,shortcode,thumbnail_url,"
    "children,is_quote_post,quoted_post,reposted_post,has_replies,alt_text,link_attachment_url,poll_attachment{" + POLL
    + "},location_id,topic_tag,is_verified,profile_picture_url"
)  # fmt: skip
REPLY = THREAD.replace("owner,", "") + ",is_reply,is_reply_owned_by_me,root_post,replied_to,hide_status,reply_audience"
PROFILE = (
    "id,username,name,is_verified,threads_profile_picture_url,threads_biography,recently_searched_keywords,"
    "is_eligible_for_geo_gating"
)
PLACE = "id,address,city,country,name,latitude,longitude,postal_code"
QUOTA = (
    "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage,delete_config,location_search_quota_usage,"
    "location_search_config"
)


EXAMPLES: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "data" / "collection_shapes.json").read_text(encoding="utf-8")
)
KINDS = {str: "text", bool: "truth", int: "number", float: "number"}


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from shape(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from shape(item, f"{path}[]")
    else:
        yield path, KINDS[type(value)]


def compare(name: str, body: Any, differs: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> None:
    """``differs``: fields of the example that are another kind, or absent, here; ``more``: fields it does not show."""
    example, found = EXAMPLES[name], dict(shape(body))
    assert {path for path, kind in example.items() if found.get(path) != kind} == set(differs), name
    assert {path for path in found if path not in example} == set(more), name


async def test_the_collection(ada: Caller, other: Other, files: Files, make_video: MakeVideo) -> None:
    grace = other(ada)
    picture = files.put("/a.jpg", image())
    film = files.put("/v.mp4", make_video())

    async def press(method: str, path: str, **params: str) -> Any:
        """The collection puts everything into the query, the token too."""
        answer = await ada.raw(method, path, params={**params, "access_token": ada.token})
        assert answer.status == 200, (path, answer.body)
        return answer.body

    async def container(**params: str) -> str:
        made = (await press("POST", "/me/threads", **params))["id"]
        for _ in range(400):
            status = await press("GET", f"/{made}/", fields="id,status,error_message")
            if status["status"] == "FINISHED":
                return made
            ada.sandbox.control.advance(0.5)
        raise AssertionError(status)

    async def publish(made: str) -> str:
        return (await press("POST", "/me/threads_publish", creation_id=made))["id"]

    made = await press("POST", "/me/threads", text="This is a test post.", media_type="TEXT", auto_publish_text="true")
    compare("1.1 Create Text Container", made)
    first = made["id"]
    await publish(
        await container(text="This is an image.", media_type="IMAGE", image_url=picture, alt_text="An image.")
    )
    await publish(await container(text="This is a video.", media_type="VIDEO", video_url=film, alt_text="A video."))
    item = {"is_carousel_item": "true", "alt_text": "One of two."}
    children = [await container(media_type="IMAGE", image_url=picture, **item),
                await container(media_type="VIDEO", video_url=film, **item)]  # fmt: skip
    album = await publish(
        await container(media_type="CAROUSEL", children=",".join(children), text="This is a carousel.")
    )
    await publish(await container(text="This is a quoted post.", media_type="TEXT", quote_post_id=first))
    await press("POST", f"/{first}/repost")
    places = await press("GET", "/location_search", q="Menlo Park", fields=PLACE)
    assert (await press("GET", f"/{places['data'][0]['id']}", fields=PLACE))["name"] == "Menlo Park"
    ada.sandbox.control.account("ada", biography="Weaves.")
    profile = await press("GET", "/me", fields=PROFILE)
    assert profile["username"] == "ada"
    compare("Get App-Scoped User's Profile Information", profile, more=("is_verified", "is_eligible_for_geo_gating"))
    assert (await press("GET", "/profile_lookup", username="threads"))["follower_count"] > 0
    assert (await press("GET", f"/{first}", fields=THREAD))["text"] == "This is a test post."
    read = await press("GET", f"/{album}", fields=THREAD)
    assert len(read["children"]["data"]) == 2
    listed = await press("GET", "/me/threads", fields=THREAD, limit="50")
    assert [row["media_type"] for row in listed["data"]] == [
        "REPOST_FACADE", "TEXT_POST", "CAROUSEL_ALBUM", "VIDEO", "IMAGE", "TEXT_POST",
    ]  # fmt: skip
    await press("GET", "/profile_posts", username="threads", fields=THREAD)
    reply = await grace.text("a reply", reply_to_id=first)
    for edge in ("replies", "conversation"):
        rows = (await press("GET", f"/{first}/{edge}", fields=REPLY, reverse="false"))["data"]
        assert [row["id"] for row in rows] == [reply]
        assert rows[0]["is_reply_owned_by_me"] is False
        assert "owner" not in rows[0]
        later = tuple(f"data[].{name}" for name in ("hide_status", "reply_audience", "is_verified",
                                                    "profile_picture_url"))  # fmt: skip
        name = "Get Threads Replies" if edge == "replies" else "Get Threads Conversations"
        compare(name, {"data": rows, "paging": {"cursors": {"before": "a", "after": "b"}}}, more=later)
    assert await press("POST", f"/{reply}/manage_reply", hide="true") == {"success": True}
    await publish(await container(media_type="TEXT", text="Text", reply_to_id=reply))
    for control in ("everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"):
        await container(media_type="TEXT", text="Text", reply_control=control)
    assert len((await press("GET", "/me/replies", fields=REPLY, limit="50"))["data"]) == 1
    metrics = "views,likes,replies,reposts,quotes,shares"
    numbers = await press("GET", f"/{first}/insights", metric=metrics)
    assert len(numbers["data"]) == 6
    compare("Get Post Insights", numbers)
    account = "views,likes,replies,reposts,quotes,clicks,followers_count,follower_demographics"
    whole = await press("GET", "/me/threads_insights", metric=account)
    assert [row["name"] for row in whole["data"]] == account.split(",")[:7], "its example has no demographics either"
    compare("Get Account Insights", whole)
    assert len((await press("GET", "/me/threads_insights", metric=account, breakdown="country"))["data"]) == 8
    card = await press("GET", "/oembed", url=read["permalink"])
    compare("Embed a Threads Post", card)
    await press("GET", "/keyword_search", q="ThreadsAPI", search_type="TOP", fields=THREAD)
    await press("GET", "/me/mentions", fields=THREAD, limit="50")
    used = (await press("GET", "/me/threads_publishing_limit", fields=QUOTA))["data"][0]
    assert (used["quota_usage"], used["reply_quota_usage"], used["location_search_quota_usage"]) == (6, 1, 1)
    assert (await press("GET", "/debug_token", input_token=ada.token))["data"]["is_valid"] is True
    pollster = await ada.text("a poll", poll_attachment='{"option_a":"1","option_b":"2","option_c":"3","option_d":"4"}')
    newer = ("is_verified", "profile_picture_url")
    compare("Get Threads Post Details", await press("GET", f"/{pollster}", fields=THREAD), more=newer)
    waiting = await container(media_type="TEXT", text="a")
    container_now = await press("GET", f"/{waiting}/", fields="id,status,error_message")
    compare("Check Container's Publishing Status", container_now)
    limits = await press("GET", "/me/threads_publishing_limit", fields=QUOTA)
    compare("Retrieve Publishing Quota Limit", limits, more=(
        "data[].delete_quota_usage", "data[].delete_config.quota_total", "data[].delete_config.quota_duration",
        "data[].location_search_quota_usage", "data[].location_search_config.quota_total",
        "data[].location_search_config.quota_duration",
    ))  # fmt: skip
    app = ada.sandbox.app
    keys = {"client_id": app.id, "client_secret": app.secret}
    compare("Get App Access Token", await press("GET", "/oauth/access_token", grant_type="client_credentials", **keys))
    short = ada.sandbox.control.token("ada", kind="short")["access_token"]
    traded = await ada.raw("GET", "/access_token", params={"grant_type": "th_exchange_token", "access_token": short,
                                                           "client_secret": app.secret})  # fmt: skip
    compare("Get Long-Lived Access Token", traded.body)
    gone = await press("DELETE", f"/{first}")
    assert gone["deleted_id"] == first
    compare("Delete Threads Post", gone)
