"""Connecting an account as a person's browser would: the hosted link, Threads' window, the way back.

Nothing of the product is bypassed; only the click in Threads' window is made by the sandbox's own switch.
"""

from __future__ import annotations

from urllib.parse import urljoin

import aiohttp
from yarl import URL

from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session


class DemoTrouble(RuntimeError):
    """The demo cannot go on; the text says why, for people."""


async def connect(base_url: str, api_key: str, username: str, *, account_id: str | None = None) -> str:
    """Connect ``username`` (or connect ``account_id`` again); the account's id."""
    headers = {"Authorization": f"Bearer {api_key}"}
    path = f"/v1/accounts/{account_id}/reconnect" if account_id else "/v1/accounts/connect"
    async with guarded_session(Trust.OPERATOR, headers=headers) as api:
        async with api.post(f"{base_url}{path}", json={}) as response:
            made = await response.json()
            if response.status not in (200, 201):
                raise DemoTrouble(f"no connect link could be made: {made}")
        await _press(made["url"], username)
        async with api.get(f"{base_url}/v1/accounts") as response:
            listed = await response.json()
    for account in listed["data"]:
        if account["username"] == username:
            return str(account["id"])
    raise DemoTrouble(f"{username} went through Threads' window and is not connected.")


async def _press(link: str, username: str) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # the demo's addresses are numbers
    async with guarded_session(Trust.OPERATOR, cookies=jar) as browser:
        async with browser.get(link) as landing:
            if landing.status != 200:
                raise DemoTrouble(f"the connect page answered {landing.status}")
        window = await _step(browser, f"{link}/go")
        chosen = URL(window, encoded=True).update_query(sandbox_account=username, sandbox_consent="allow")
        back = await _step(browser, str(chosen))
        async with browser.get(URL(back, encoded=True)) as done:
            if done.status >= 400:
                raise DemoTrouble(
                    f"the way back from Threads' window answered {done.status}: {await done.text()}"[:500]
                )


async def _step(browser: aiohttp.ClientSession, address: str) -> str:
    """Where this address sends the browser."""
    async with browser.get(URL(address, encoded=True), allow_redirects=False) as answer:
        to = answer.headers.get("Location")
        if answer.status not in (302, 303, 307) or not to:
            raise DemoTrouble(f"{address.partition('?')[0]} answered {answer.status} instead of leading on")
        return urljoin(address, to)
