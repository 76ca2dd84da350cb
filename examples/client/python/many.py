"""Publish several posts side by side; one account's posts still go out one after another."""

import asyncio
import os

from treadle_client import AsyncTreadle


async def main() -> None:
    async with AsyncTreadle() as treadle:

        async def publish(number: int) -> str:
            post = await treadle.posts.create(account_id=os.environ["ACCOUNT"], text=f"Pattern of the week {number}")
            post = await treadle.posts.wait(post["id"], timeout_s=120)
            return str(post["state"])

        print(*await asyncio.gather(*[publish(number) for number in range(1, 4)]))


asyncio.run(main())
