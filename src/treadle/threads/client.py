"""A typed client for the Threads API. Every method answers with a :data:`~treadle.threads.results.Result`.

Parameters of a POST go in its urlencoded body (which keeps tokens out of address logs), those of GET and DELETE in the
query: the forms that every known client and stand-in shares. Ids in answers become text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, TypeVar

import aiohttp
from pydantic import SecretStr

from treadle.threads import reading
from treadle.threads.results import Ok, Refused, Result
from treadle.threads.transport import open_session, request
from treadle.threads.values import ContainerStatus, Done, Media, Page, Profile, Published, PublishingLimit

T = TypeVar("T")

API = "https://graph.threads.net"
PROFILE_FIELDS = "id,username,name,threads_profile_picture_url,is_verified,is_eligible_for_geo_gating"
LIMIT_FIELDS = "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage,delete_config"
PUBLISH_TIMEOUT_S = 90.0


class ThreadsClient:
    """Calls on behalf of one token. As an async context manager it owns its session; given one, it shares it.

    ``version`` is put in front of every path (``""`` for none). ``timeout_s`` is for a whole call.
    """

    def __init__(
        self,
        token: str | SecretStr = "",
        *,
        base_url: str = API,
        version: str = "v1.0",
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 60.0,
        publish_timeout_s: float = PUBLISH_TIMEOUT_S,
    ) -> None:
        self._token = token.get_secret_value() if isinstance(token, SecretStr) else token
        self._root = base_url.rstrip("/")
        self._version = version.strip("/")
        self._session = session
        self._owned = session is None
        self._timeout_s = timeout_s
        self._publish_timeout_s = publish_timeout_s

    def with_token(self, token: str | SecretStr) -> ThreadsClient:
        """The same way to Threads, on behalf of another token."""
        return ThreadsClient(
            token,
            base_url=self._root,
            version=self._version,
            session=self._http(),
            timeout_s=self._timeout_s,
            publish_timeout_s=self._publish_timeout_s,
        )

    async def __aenter__(self) -> ThreadsClient:
        self._http()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the session if this client made it."""
        if self._owned and self._session is not None:
            await self._session.close()
            self._session = None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session()
        return self._session

    # ------------------------------------------------------------ publishing

    async def create_container(self, params: Mapping[str, str], *, user: str = "me") -> Result[str]:
        """``POST /{user}/threads``: the creation id. Free: nothing is published by it."""
        return await self._call("POST", f"{user}/threads", params, reading.created)

    async def container(self, container_id: str) -> Result[ContainerStatus]:
        """A container's status; HTTP 200 even when the status is ERROR."""
        return await self._call("GET", container_id, {"fields": "id,status,error_message"}, reading.container)

    async def publish(
        self, creation_id: str, *, user: str = "me", guard: Callable[[], bool] | None = None
    ) -> Result[Published]:
        """``POST /{user}/threads_publish``. ``guard`` is asked just before the request is written; false stops it."""
        return await self._call(
            "POST",
            f"{user}/threads_publish",
            {"creation_id": creation_id},
            reading.published,
            guard=guard,
            timeout_s=self._publish_timeout_s,
        )

    async def delete(self, media_id: str) -> Result[Done]:
        """Delete a post (100 in 24 hours)."""
        return await self._call("DELETE", media_id, {}, reading.done)

    async def repost(self, media_id: str) -> Result[str]:
        return await self._call("POST", f"{media_id}/repost", {}, reading.created)

    # ------------------------------------------------------------ reading

    async def media(self, media_id: str, *, fields: str = "id,permalink") -> Result[Media]:
        return await self._call("GET", media_id, {"fields": fields}, reading.media)

    async def list_threads(self, **paging: Any) -> Result[Page]:
        """The user's own posts, newest first, replies not among them. Paging: fields, limit, since, until, after."""
        return await self._list("me/threads", paging)

    async def list_replies(self, **paging: Any) -> Result[Page]:
        """The user's own replies."""
        return await self._list("me/replies", paging)

    async def list_ghost_posts(self, **paging: Any) -> Result[Page]:
        return await self._list("me/ghost_posts", paging)

    async def replies_to(self, media_id: str, **paging: Any) -> Result[Page]:
        return await self._list(f"{media_id}/replies", paging)

    async def conversation(self, media_id: str, **paging: Any) -> Result[Page]:
        return await self._list(f"{media_id}/conversation", paging)

    async def _list(self, path: str, paging: Mapping[str, Any]) -> Result[Page]:
        params = {k: str(v) for k, v in paging.items() if v is not None}
        return await self._call("GET", path, params, reading.page)

    async def publishing_limit(self, *, user: str = "me") -> Result[PublishingLimit]:
        return await self._call(
            "GET", f"{user}/threads_publishing_limit", {"fields": LIMIT_FIELDS}, reading.publishing_limit
        )

    async def me(self, *, fields: str = PROFILE_FIELDS) -> Result[Profile]:
        return await self._call("GET", "me", {"fields": fields}, reading.profile)

    async def insights(self, media_id: str, metrics: str = "views,likes,replies,reposts,quotes,shares") -> Result[Page]:
        return await self._call("GET", f"{media_id}/insights", {"metric": metrics}, reading.page)

    async def location_search(self, query: str) -> Result[Page]:
        return await self._call("GET", "location_search", {"q": query, "fields": "id,name,address,city"}, reading.page)

    # ------------------------------------------------------------ replies

    async def hide_reply(self, reply_id: str, *, hide: bool = True) -> Result[Done]:
        return await self._call("POST", f"{reply_id}/manage_reply", {"hide": _word(hide)}, reading.done)

    async def approve_reply(self, reply_id: str, *, approve: bool = True) -> Result[Done]:
        return await self._call("POST", f"{reply_id}/manage_pending_reply", {"approve": _word(approve)}, reading.done)

    # ------------------------------------------------------------ the call itself

    async def _call(
        self,
        method: Literal["GET", "POST", "DELETE"],
        path: str,
        params: Mapping[str, str],
        read: Callable[[Any], T | None],
        *,
        guard: Callable[[], bool] | None = None,
        timeout_s: float | None = None,
    ) -> Result[T]:
        where = f"{self._version}/{path}" if self._version else path
        sent = {**params, "access_token": self._token} if self._token else dict(params)
        made = await request(
            self._http(), method, self._root, f"/{where}", sent, timeout_s=timeout_s or self._timeout_s, guard=guard
        )
        if not isinstance(made, tuple):
            return made
        answer, call, elapsed = made
        if 200 <= answer.status < 300 and not (isinstance(answer.body, dict) and "error" in answer.body):
            value = read(answer.body) if isinstance(answer.body, dict) else None
            if value is not None:
                return Ok(value, answer, call, elapsed)
        return Refused(answer, call, elapsed)


def _word(value: bool) -> str:
    return "true" if value else "false"
