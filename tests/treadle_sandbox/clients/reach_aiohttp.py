"""A client with Meta's host in its code, by aiohttp; its only hook is ``trust_env``."""

import asyncio
import sys

import aiohttp


async def main() -> None:
    form = {"media_type": "TEXT", "text": "from aiohttp", "auto_publish_text": "true", "access_token": sys.argv[1]}
    async with (
        aiohttp.ClientSession(trust_env=True) as session,
        session.post("https://graph.threads.net/v1.0/me/threads", data=form) as answer,
    ):
        print(await answer.text())


asyncio.run(main())
