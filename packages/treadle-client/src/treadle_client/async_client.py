"""The client, awaited: :class:`AsyncTreadle`. ``client.py`` is made of this file by tools/build_clients.py."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx2

from treadle_client import async_operations, types, waiting
from treadle_client.calls import Call, Retries, Value, answer, prepare
from treadle_client.errors import ApiError, ConnectionFailed
from treadle_client.setting_up import Server, upload
from treadle_client.sse import EventReader, Place
from treadle_client.types import Change


class AsyncTreadle:
    """A Treadle server, for one workspace.

    ``url`` and ``key``: taken from ``TREADLE_URL`` (else http://127.0.0.1:8700) and ``TREADLE_KEY`` when left out.
    ``timeout_s``: for each try of a call. ``retries``: tries after the first, only of what may be tried again.
    ``http``: a client of your own (proxies, certificates); it is not closed here.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: int = 4,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._server = Server.of(url, key)
        self._retries = Retries(retries)
        self._timeout_s = timeout_s
        self._own = http is None
        self._http = http or httpx2.AsyncClient()
        self.posts = Posts(self.send)
        self.media = Media(self.send)
        self.accounts = async_operations.AsyncAccountsOperations(self.send)
        self.answers = async_operations.AsyncAnswersOperations(self.send)
        self.patterns = async_operations.AsyncPatternsOperations(self.send)
        self.blockers = async_operations.AsyncBlockersOperations(self.send)
        self.webhooks = async_operations.AsyncWebhooksOperations(self.send)
        self.imports = async_operations.AsyncImportsOperations(self.send)
        self.people = async_operations.AsyncPeopleOperations(self.send)
        self.audit = async_operations.AsyncAuditOperations(self.send)
        self.keys = async_operations.AsyncKeysOperations(self.send)
        self.workspaces = async_operations.AsyncWorkspacesOperations(self.send)
        self.events = Events(self, retries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._own:
            await self._http.aclose()

    async def send(self, call: Call) -> Any:
        """Make a call, again where that may be done; for routes that have no method here."""
        sent, tried = prepare(call), 0
        while True:
            tried += 1
            try:
                came = await self._http.request(
                    sent.method,
                    self._server.address(sent.url),
                    params=tuple(sent.params),
                    headers={**sent.headers, **self._server.headers},
                    content=sent.content,
                    timeout=self._timeout_s,
                )
                return answer(came.status_code, came.headers, came.content)
            except ApiError as error:
                wait_s = self._retries.wait_s(call, tried, error, random.random())
                if wait_s is None:
                    raise
            except httpx2.TransportError as lost:
                wait_s = self._retries.wait_s(call, tried, None, random.random())
                if wait_s is None:
                    raise ConnectionFailed(f"{sent.method} {sent.url}: {lost or type(lost).__name__}") from lost
            await asyncio.sleep(wait_s)

    async def lines(self, call: Call) -> AsyncIterator[str]:
        """The lines of a long answer as they come; :class:`ConnectionFailed` where it breaks off."""
        sent = prepare(call)
        try:
            async with self._http.stream(
                sent.method,
                self._server.address(sent.url),
                params=tuple(sent.params),
                headers={**sent.headers, **self._server.headers},
                timeout=max(60.0, self._timeout_s),  # quiet streams say something every 15 seconds
            ) as came:
                if came.status_code >= 300:
                    answer(came.status_code, came.headers, await came.aread())
                async for line in came.aiter_lines():
                    yield line
        except httpx2.TransportError as lost:
            raise ConnectionFailed(f"{sent.method} {sent.url}: {lost or type(lost).__name__}") from lost


class Posts(async_operations.AsyncPostsOperations):
    async def wait(self, post_id: str, *, timeout_s: float = 300.0) -> types.Post:
        """The post once it is published, failed or canceled, or waits for a person (blocked, held, draft).

        Raises :class:`~treadle_client.NotSettled` after ``timeout_s``; the post goes on.
        """
        until, asked = time.monotonic() + timeout_s, 0
        while True:
            post = await self.get(post_id)
            if post["state"] in waiting.SETTLED:
                return post
            left = until - time.monotonic()
            if left <= 0:
                raise waiting.NotSettled(post_id, post["state"], timeout_s)
            await asyncio.sleep(min(left, waiting.pause_s(asked)))
            asked += 1


class Media(async_operations.AsyncMediaOperations):
    async def upload(
        self, file: str | Path | bytes, *, filename: str | None = None, content_type: str | None = None
    ) -> types.Media:
        """Upload a picture or a video; the whole file is read into memory."""
        return cast(types.Media, await self._send(upload(file, filename, content_type)))


class Events(async_operations.AsyncEventsOperations):
    def __init__(self, client: AsyncTreadle, retries: int) -> None:
        super().__init__(client.send)
        self._client, self._retries = client, retries

    async def stream(
        self, *, types: Sequence[str] = (), after: int | None = None, follow: bool = True
    ) -> AsyncIterator[Change]:
        """Changes as they come, from ``after`` on (else from now on); resumes where the connection broke.

        ``types``: only these, such as ``post.published`` or ``post.*``. ``follow=False`` ends after what is there.
        """
        lost, place = 0, Place(after)
        while True:
            query: dict[str, Value] = {"types": types, "after": place.after, "follow": follow}
            call, reader = Call("GET", "/v1/events", query, headers={"Accept": "text/event-stream"}), EventReader()
            try:
                async for line in self._client.lines(call):
                    change = reader.line(line)
                    if change is None:
                        place.begin(reader.mark)
                        continue
                    lost = 0
                    if place.move(change["id"], reader.mark):
                        yield change
                if not follow:
                    return
            except ConnectionFailed:
                lost += 1
                if lost > self._retries:
                    raise
                await asyncio.sleep(waiting.pause_s(lost))
