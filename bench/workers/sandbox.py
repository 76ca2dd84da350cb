"""A sandbox as a process of its own: ``python -m bench.workers.sandbox ACCOUNTS [OPTION=VALUE...]``.

Prints its address, app and accounts with tokens as JSON, then runs until it is ended. Quotas are out of the way.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from treadle_sandbox import Sandbox

PLENTY = 10**9
RECORDED = 5_000  # requests; calls a post are counted from them


async def main(count: int, options: dict[str, Any]) -> None:
    quotas = {"quota_posts": PLENTY, "quota_replies": PLENTY}
    async with Sandbox(**{"fetch_media": False, "record": RECORDED, **quotas, **options}) as sandbox:
        accounts = [sandbox.control.add_account(f"bench{number}") for number in range(count)]
        app = sandbox.app
        facts = {"url": sandbox.url, "authorize_url": sandbox.authorize_url, "app_id": app.id, "app_secret": app.secret}
        print(json.dumps({**facts, "accounts": accounts}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    given = dict(word.split("=", 1) for word in sys.argv[2:])
    asyncio.run(main(int(sys.argv[1]), {key: json.loads(value) for key, value in given.items()}))
