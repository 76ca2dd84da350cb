"""Every call of Meta's own Postman collection, with its field lists, in the order a person would press them."""

from __future__ import annotations

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

    first = (
        await press("POST", "/me/threads", text="This is a test post.", media_type="TEXT", auto_publish_text="true")
    )["id"]
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
    assert (await press("GET", "/me", fields=PROFILE))["username"] == "ada"
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
    assert await press("POST", f"/{reply}/manage_reply", hide="true") == {"success": True}
    await publish(await container(media_type="TEXT", text="Text", reply_to_id=reply))
    for control in ("everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"):
        await container(media_type="TEXT", text="Text", reply_control=control)
    assert len((await press("GET", "/me/replies", fields=REPLY, limit="50"))["data"]) == 1
    metrics = "views,likes,replies,reposts,quotes,shares"
    assert len((await press("GET", f"/{first}/insights", metric=metrics))["data"]) == 6
    account = "views,likes,replies,reposts,quotes,clicks,followers_count,follower_demographics"
    assert len((await press("GET", "/me/threads_insights", metric=account, breakdown="country"))["data"]) == 8
    await press("GET", "/keyword_search", q="ThreadsAPI", search_type="TOP", fields=THREAD)
    await press("GET", "/me/mentions", fields=THREAD, limit="50")
    used = (await press("GET", "/me/threads_publishing_limit", fields=QUOTA))["data"][0]
    assert (used["quota_usage"], used["reply_quota_usage"], used["location_search_quota_usage"]) == (6, 1, 1)
    assert (await press("GET", "/debug_token", input_token=ada.token))["data"]["is_valid"] is True
    assert (await press("DELETE", f"/{first}"))["deleted_id"] == first
