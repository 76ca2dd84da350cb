"""The least that publishes: an aiohttp loop that makes the calls a post needs and keeps nothing.

``python -m bench.workers.bare_loop FILE`` with JSON in FILE: ``url``, ``accounts`` (id, access_token), ``count``,
``at_once`` and ``calls``: how many calls of each kind Treadle made for one post, so that both make the same. Prints
posts a second, and milliseconds of a core a post.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp


class Loop:
    def __init__(self, session: aiohttp.ClientSession, plan: dict[str, Any]) -> None:
        self.session, self.plan = session, plan
        self.owed: dict[str, float] = dict.fromkeys(plan["calls"], 0.0)
        self.todo = iter(range(plan["count"]))

    def times(self, kind: str) -> int:
        """How often this post makes a call of ``kind``: shares of a call add up over the posts."""
        self.owed[kind] = self.owed.get(kind, 0.0) + self.plan["calls"].get(kind, 0.0)
        whole = int(self.owed[kind] + 1e-9)
        self.owed[kind] -= whole
        return whole

    async def get(self, path: str, token: str, **query: str) -> dict[str, Any]:
        async with self.session.get(
            f"{self.plan['url']}/v1.0/{path}", params={**query, "access_token": token}
        ) as answer:
            data: dict[str, Any] = await answer.json(content_type=None)
            assert answer.status == 200, data
            return data

    async def post(self, path: str, token: str, **form: str) -> str:
        async with self.session.post(f"{self.plan['url']}/v1.0/{path}", data={**form, "access_token": token}) as answer:
            data = await answer.json(content_type=None)
            assert answer.status == 200, data
            return str(data["id"])

    async def work(self, account: dict[str, Any]) -> None:
        user, token = account["id"], account["access_token"]
        for number in self.todo:
            for _ in range(self.times("limit")):
                await self.get(f"{user}/threads_publishing_limit", token, fields="quota_usage")
            made = await self.post(f"{user}/threads", token, media_type="TEXT", text=f"Bench {number}")
            for _ in range(self.times("status")):
                await self.get(made, token, fields="status")
            for _ in range(self.times("list")):
                await self.get(f"{user}/threads", token, fields="id,timestamp", limit="25")
            out = await self.post(f"{user}/threads_publish", token, creation_id=made)
            for _ in range(self.times("read")):
                await self.get(out, token, fields="id,permalink")


async def main(plan: dict[str, Any]) -> None:
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(connector=connector) as session:
        loop = Loop(session, plan)
        accounts = plan["accounts"]
        began, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*(loop.work(accounts[n % len(accounts)]) for n in range(plan["at_once"])))
        took, spent = time.perf_counter() - began, time.process_time() - spent
    print(json.dumps({"posts_a_second": plan["count"] / took, "cpu_ms_a_post": spent / plan["count"] * 1e3}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
