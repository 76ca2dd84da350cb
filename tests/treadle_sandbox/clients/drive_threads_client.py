"""threads-client, unmodified: it takes the sandbox's address natively. Set-up from stdin, what it saw to stdout."""

from __future__ import annotations

import asyncio
import json
import sys

from threads_client.client import ThreadsClient
from threads_client.exceptions import ThreadsAPIError, ThreadsMediaProcessingError
from threads_client.models import CarouselMediaItem


async def main(given: dict[str, str]) -> dict[str, object]:
    seen: dict[str, object] = {}
    async with ThreadsClient(access_token=given["token"], base_url=given["url"] + "/v1.0") as client:
        post = await client.post("Olá & 100% — 🚀 https://example.com/?a=1&b=2", topic_tag="#loom")
        await client.post("a picture", image_url=given["image"])
        await client.post("a film", video_url=given["video"])
        items = [CarouselMediaItem(media_type="IMAGE", url=given["image"]),
                 CarouselMediaItem(media_type="VIDEO", url=given["video"])]  # fmt: skip
        await client.post_carousel("both", items=items)
        reply = await client.post("an answer", reply_to_id=post)
        page = await client.posts.list(limit=3)
        seen["page"] = [row.media_type for row in page.data]
        seen["all"] = [row.id async for row in client.posts.iter_posts(limit=2)]
        seen["post"], seen["reply"] = post, reply
        seen["deleted"] = await client.delete_post(post)
        try:
            await client.post("too slow", video_url=given["bad_video"])
        except ThreadsMediaProcessingError as error:
            seen["failed"] = str(error)
        try:
            await client.post("x" * 501)
        except ThreadsAPIError as error:
            seen["too_long"] = str(error)
        client.access_token = given["short"]
        long = await client.tokens.exchange(given["short"], given["app_secret"])
        seen["exchanged"] = long.expires_in
        old = await client.tokens.refresh(given["old"])
        seen["refreshed"] = old.expires_in
    return seen


print(json.dumps(asyncio.run(main(json.load(sys.stdin)))))
