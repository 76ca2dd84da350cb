"""The guarded session keeps cookies in the jar it is given, and none otherwise."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session


@pytest.mark.parametrize("with_jar", [True, False])
async def test_cookies_are_kept_only_in_a_jar_that_was_given(with_jar: bool) -> None:
    seen: list[str | None] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.cookies.get("mark"))
        response = web.Response()
        response.set_cookie("mark", "1")
        return response

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    jar = aiohttp.CookieJar(unsafe=True) if with_jar else None  # unsafe: also for addresses that are numbers
    try:
        async with guarded_session(Trust.OPERATOR, cookies=jar) as session:
            for _ in "12":
                async with session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/"):
                    pass
    finally:
        await runner.cleanup()
    assert seen == [None, "1" if with_jar else None]
