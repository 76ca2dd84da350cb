"""pythreads, unmodified, through everything it can do, OAuth included: set-up from stdin, what it saw to stdout."""

from __future__ import annotations

import asyncio
import json
import os
import sys

os.environ.update(CI="1", OAUTHLIB_INSECURE_TRANSPORT="1")  # else it wants certificate files and HTTPS

import pythreads.threads as threads
import requests
from pythreads.api import API, ContainerStatus, Media, MediaType, PublishingStatus, ThreadsResponseError
from pythreads.configuration import Configuration
from pythreads.credentials import Credentials


def connect(given: dict[str, str]) -> Credentials:
    """The whole OAuth way: its authorize address on our host, its own code for the rest."""
    config = Configuration(
        scopes=["threads_basic", "threads_content_publish", "threads_manage_insights", "threads_manage_replies",
                "threads_read_replies"],
        app_id=given["app_id"], api_secret=given["app_secret"], redirect_uri="https://app.example/callback",
    )  # fmt: skip
    url, state = threads.Threads.authorization_url(config)
    local = url.replace("https://threads.net", given["url"]) + "&sandbox_account=" + given["username"]
    location = requests.get(local, allow_redirects=False, timeout=120).headers["Location"]
    return threads.Threads.complete_authorization(location, state, config=config)


async def until_ready(api: API, container: str) -> ContainerStatus:
    for _ in range(200):
        status = await api.container_status(container)
        if status.status is not PublishingStatus.IN_PROGRESS:
            return status
        await asyncio.sleep(0.02)
    raise SystemExit("never ready")


async def main(given: dict[str, str]) -> dict[str, object]:
    threads.GRAPH_API_BASE_URL = given["url"] + "/" + given.get("version", "")
    threads.SSL_CREDENTIALS = None
    credentials = connect(given)
    seen: dict[str, object] = {"user_id": str(credentials.user_id), "short": credentials.short_lived}
    async with API(credentials) as api:
        seen["account"] = await api.account()
        text = await api.create_container("Olá & 100% — #tag 🚀 https://example.com/?a=1&b=2")
        await until_ready(api, text)
        post = await api.publish_container(text)
        seen["post"] = await api.thread(post)
        picture = await api.create_container(media=Media(MediaType.IMAGE, given["image"]), is_carousel_item=True)
        film = await api.create_container(media=Media(MediaType.VIDEO, given["video"]), is_carousel_item=True)
        ready = [await until_ready(api, picture), await until_ready(api, film)]
        carousel = await api.create_carousel_container(ready, "both")
        await until_ready(api, carousel)
        seen["carousel"] = await api.thread(await api.publish_container(carousel))
        wrong = await api.create_container(media=Media(MediaType.VIDEO, given["bad_video"]))
        failed = await until_ready(api, wrong)
        seen["failed"] = [failed.status.value, failed.error.value if failed.error else None]
        reply = await api.create_container("an answer", reply_to_id=post)
        await until_ready(api, reply)
        answer = await api.publish_container(reply)
        seen["replies"] = [row["id"] for row in (await api.replies(post))["data"]]
        seen["conversation"] = [row["id"] for row in (await api.conversation(post))["data"]]
        seen["reply"] = answer
        seen["managed"] = await api.manage_reply(answer, hide=True)
        seen["threads"] = len((await api.threads(limit=10, since="2024-05-01"))["data"])
        seen["limit"] = await api.publishing_limit()
        seen["insights"] = sorted(row["name"] for row in (await api.insights(post))["data"])
        try:
            await api.publish_container(text)
        except ThreadsResponseError as error:
            seen["second_publish"] = error.response["error"]["error_subcode"]
    return seen


print(json.dumps(asyncio.run(main(json.load(sys.stdin)))))
