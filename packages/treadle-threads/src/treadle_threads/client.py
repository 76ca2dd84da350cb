"""The typed client of the Threads API. Every call returns a value (:mod:`treadle_threads.results`); none raises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import aiohttp

from treadle_threads import values
from treadle_threads.results import Answer, Ok, Refused, Result
from treadle_threads.secret import Secret, secret
from treadle_threads.transport import Guard, open_session, request
from treadle_threads.values import (
    Acknowledged,
    ContainerStatus,
    Location,
    Media,
    Metric,
    Page,
    Profile,
    Published,
    PublishingLimit,
)

T = TypeVar("T")
Fields = str | Iterable[str]

BASE_URL = "https://graph.threads.net"
CONTAINER_FIELDS = "id,status,error_message"
MEDIA_FIELDS = "id,media_type,permalink,text,timestamp,shortcode,username"
REPLY_FIELDS = f"{MEDIA_FIELDS},replied_to,root_post"
PROFILE_FIELDS = "id,username,name,threads_profile_picture_url,threads_biography,is_verified"
LIMIT_FIELDS = "quota_usage,config,reply_quota_usage,reply_config,delete_quota_usage,delete_config"


class _Shared:
    """The session that clients of one process share, opened at the first call."""

    def __init__(self, session: aiohttp.ClientSession | None) -> None:
        self.session = session
        self.owned = session is None

    def get(self) -> aiohttp.ClientSession:
        if self.session is None or (self.owned and self.session.closed):
            self.session = open_session()
        return self.session

    async def close(self) -> None:
        if self.owned and self.session is not None:
            await self.session.close()
            self.session = None


class ThreadsClient:
    """One token's view of the Threads API; ``with_token`` makes another that shares the connections.

    ``timeout_s`` bounds each call as a whole: waiting for a connection, writing, and reading the answer;
    ``publish_timeout_s`` does for ``publish``, over which Meta has been seen to take minutes (a publish that times out
    is :class:`~treadle_threads.results.Lost`, not failed). ``version`` may be empty, which Threads accepts as well.
    Nothing is retried.

    ::

        async with ThreadsClient(token) as client:
            match await client.create_container({"media_type": "TEXT", "text": "Hello"}):
                case Ok(value=creation_id): ...
    """

    def __init__(
        self,
        token: str | Secret = "",
        *,
        base_url: str = BASE_URL,
        version: str = "v1.0",
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 60.0,
        publish_timeout_s: float | None = None,
    ) -> None:
        self._token = secret(token)
        self._base_url = base_url.rstrip("/")
        self._prefix = f"/{version.strip('/')}" if version else ""
        self._shared = _Shared(session)
        self._timeout_s = timeout_s
        self._publish_timeout_s = publish_timeout_s or timeout_s

    def with_token(self, token: str | Secret) -> ThreadsClient:
        """The same connections and settings with another token. Closing either closes both."""
        other = object.__new__(ThreadsClient)
        other._token = secret(token)
        other._base_url, other._prefix, other._shared = self._base_url, self._prefix, self._shared
        other._timeout_s, other._publish_timeout_s = self._timeout_s, self._publish_timeout_s
        return other

    async def __aenter__(self) -> ThreadsClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, unless the session was given from outside."""
        await self._shared.close()

    def __repr__(self) -> str:
        return f"ThreadsClient(base_url={self._base_url!r})"

    # ------------------------------------------------------------------------------------------------ publishing

    async def create_container(self, params: Mapping[str, str], *, user: str = "me") -> Result[str]:
        """``POST /{user}/threads``; the value is the creation id. ``params``: see :mod:`treadle_threads.params`."""
        return await self.call("POST", f"/{_node(user)}/threads", params, values.created)

    async def container(self, container_id: str) -> Result[ContainerStatus]:
        """``GET /{container}``. A container that failed is an ``Ok`` whose status is ``ERROR``."""
        return await self.call("GET", f"/{_node(container_id)}", {"fields": CONTAINER_FIELDS}, values.container)

    async def publish(self, creation_id: str, *, user: str = "me", guard: Guard | None = None) -> Result[Published]:
        """``POST /{user}/threads_publish``.

        ``guard`` is called with the connection established and nothing written, immediately before the bytes are
        handed to the socket (again if that connection turns out to be dead already); when it returns ``False`` nothing
        is written and the result is ``NotSent(kind="guard")``. The request is never repeated after a byte was written.
        """
        return await self.call(
            "POST",
            f"/{_node(user)}/threads_publish",
            {"creation_id": creation_id},
            values.published,
            guard=guard,
            timeout_s=self._publish_timeout_s,
        )

    async def repost(self, media_id: str) -> Result[str]:
        """``POST /{media}/repost``; the value is the id of the repost."""
        return await self.call("POST", f"/{_node(media_id)}/repost", {}, values.created)

    async def delete(self, media_id: str) -> Result[Acknowledged]:
        """``DELETE /{media}``; needs ``threads_delete``; 100 in 24 hours."""
        return await self.call("DELETE", f"/{_node(media_id)}", {}, values.done)

    # --------------------------------------------------------------------------------------------------- reading

    async def media(self, media_id: str, fields: Fields = MEDIA_FIELDS) -> Result[Media]:
        """``GET /{media}``. An unknown field makes Threads refuse the whole request."""
        return await self.call("GET", f"/{_node(media_id)}", {"fields": _fields(fields)}, values.media)

    async def list_threads(
        self,
        fields: Fields = MEDIA_FIELDS,
        limit: int = 25,
        since: int | str | None = None,
        until: int | str | None = None,
        after: str | None = None,
        *,
        user: str = "me",
    ) -> Result[Page]:
        """``GET /{user}/threads``: posts without replies, newest first. ``limit`` 1 to 100; ``since`` epoch seconds."""
        return await self._list(f"/{_node(user)}/threads", fields, limit, since, until, after)

    async def list_replies(
        self,
        fields: Fields = REPLY_FIELDS,
        limit: int = 25,
        since: int | str | None = None,
        until: int | str | None = None,
        after: str | None = None,
        *,
        user: str = "me",
    ) -> Result[Page]:
        """``GET /{user}/replies``: the user's own replies, newest first; needs ``threads_read_replies``."""
        return await self._list(f"/{_node(user)}/replies", fields, limit, since, until, after)

    async def list_ghost_posts(
        self,
        fields: Fields = MEDIA_FIELDS,
        limit: int = 25,
        since: int | str | None = None,
        until: int | str | None = None,
        after: str | None = None,
        *,
        user: str = "me",
    ) -> Result[Page]:
        """``GET /{user}/ghost_posts``."""
        return await self._list(f"/{_node(user)}/ghost_posts", fields, limit, since, until, after)

    async def list_mentions(
        self, fields: Fields = MEDIA_FIELDS, limit: int = 25, after: str | None = None, *, user: str = "me"
    ) -> Result[Page]:
        """``GET /{user}/mentions``; needs ``threads_manage_mentions``."""
        return await self._list(f"/{_node(user)}/mentions", fields, limit, None, None, after)

    async def me(self, fields: Fields = PROFILE_FIELDS, *, user: str = "me") -> Result[Profile]:
        """``GET /{user}``: the profile behind the token."""
        return await self.call("GET", f"/{_node(user)}", {"fields": _fields(fields)}, values.profile)

    async def publishing_limit(self, user: str = "me", fields: Fields = LIMIT_FIELDS) -> Result[PublishingLimit]:
        """``GET /{user}/threads_publishing_limit``: what of the 24-hour quotas is used."""
        path = f"/{_node(user)}/threads_publishing_limit"
        return await self.call("GET", path, {"fields": _fields(fields)}, values.publishing_limit)

    # --------------------------------------------------------------------------------------------------- replies

    async def replies(
        self, media_id: str, fields: Fields = REPLY_FIELDS, *, reverse: bool | None = None, after: str | None = None
    ) -> Result[Page]:
        """``GET /{media}/replies``: direct replies; newest first unless ``reverse`` is ``False``."""
        return await self._edge(f"/{_node(media_id)}/replies", fields, reverse, after)

    async def conversation(
        self, media_id: str, fields: Fields = REPLY_FIELDS, *, reverse: bool | None = None, after: str | None = None
    ) -> Result[Page]:
        """``GET /{media}/conversation``: replies of every depth."""
        return await self._edge(f"/{_node(media_id)}/conversation", fields, reverse, after)

    async def pending_replies(
        self,
        media_id: str,
        fields: Fields = REPLY_FIELDS,
        *,
        status: Literal["pending", "ignored"] | None = None,
        after: str | None = None,
    ) -> Result[Page]:
        """``GET /{media}/pending_replies``: replies that wait for approval."""
        params = _some(fields=_fields(fields), approval_status=status, after=after)
        return await self.call("GET", f"/{_node(media_id)}/pending_replies", params, values.page)

    async def hide_reply(self, reply_id: str, hide: bool = True) -> Result[Acknowledged]:
        """``POST /{reply}/manage_reply``: hide a top-level reply, or show it again."""
        return await self.call("POST", f"/{_node(reply_id)}/manage_reply", {"hide": _bool(hide)}, values.done)

    async def approve_reply(self, reply_id: str, approve: bool = True) -> Result[Acknowledged]:
        """``POST /{reply}/manage_pending_reply``: approve a waiting reply, or ignore it."""
        path = f"/{_node(reply_id)}/manage_pending_reply"
        return await self.call("POST", path, {"approve": _bool(approve)}, values.done)

    # -------------------------------------------------------------------------------------- insights and places

    async def media_insights(
        self, media_id: str, metrics: Fields = "views,likes,replies,reposts,quotes,shares"
    ) -> Result[tuple[Metric, ...]]:
        """``GET /{media}/insights``; needs ``threads_manage_insights``."""
        return await self.call("GET", f"/{_node(media_id)}/insights", {"metric": _fields(metrics)}, values.metrics)

    async def user_insights(
        self,
        metrics: Fields = "views,likes,replies,reposts,quotes,followers_count",
        *,
        since: int | None = None,
        until: int | None = None,
        breakdown: Literal["country", "city", "age", "gender"] | None = None,
        user: str = "me",
    ) -> Result[tuple[Metric, ...]]:
        """``GET /{user}/threads_insights``. ``since`` and ``until``: epoch seconds, not before 1712991600."""
        params = _some(metric=_fields(metrics), since=since, until=until, breakdown=breakdown)
        return await self.call("GET", f"/{_node(user)}/threads_insights", params, values.metrics)

    async def search_locations(
        self, query: str = "", *, latitude: float | None = None, longitude: float | None = None
    ) -> Result[tuple[Location, ...]]:
        """``GET /location_search`` by name, by coordinates, or both; needs ``threads_location_tagging``."""
        params = _some(q=query or None, latitude=latitude, longitude=longitude)
        return await self.call("GET", "/location_search", params, values.locations)

    # ----------------------------------------------------------------------------------------------- the one way

    async def call(
        self,
        method: Literal["GET", "POST", "DELETE"],
        path: str,
        params: Mapping[str, str],
        read: Callable[[Mapping[str, Any]], T | None],
        *,
        guard: Guard | None = None,
        timeout_s: float | None = None,
        versioned: bool = True,
        with_token: bool = True,
        clean: Callable[[Answer], Answer] | None = None,
    ) -> Result[T]:
        """Any call: ``read`` turns the answer's object into a value, or ``None`` when it is not what was asked for.

        ``clean`` is applied to the answer that goes with the result, for answers that hold secrets.
        """
        sent = {**params, "access_token": self._token.get_secret_value()} if with_token else params
        outcome = await request(
            self._shared.get(),
            method,
            self._base_url,
            self._prefix + path if versioned else path,
            sent,
            timeout_s=timeout_s or self._timeout_s,
            guard=guard,
        )
        if not isinstance(outcome, tuple):
            return outcome
        answer, call, elapsed = outcome
        shown = clean(answer) if clean else answer
        body = answer.body
        if 200 <= answer.status < 300 and isinstance(body, dict) and "error" not in body:
            value = read(body)
            if value is not None:
                return Ok(value, shown, call, elapsed)
        return Refused(shown, call, elapsed)

    async def _list(
        self,
        path: str,
        fields: Fields,
        limit: int,
        since: int | str | None,
        until: int | str | None,
        after: str | None,
    ) -> Result[Page]:
        params = _some(fields=_fields(fields), limit=limit, since=since, until=until, after=after)
        return await self.call("GET", path, params, values.page)

    async def _edge(self, path: str, fields: Fields, reverse: bool | None, after: str | None) -> Result[Page]:
        params = _some(fields=_fields(fields), reverse=None if reverse is None else _bool(reverse), after=after)
        return await self.call("GET", path, params, values.page)


def _node(value: str) -> str:
    """An id as one step of a path; whatever it holds cannot leave its step."""
    return quote(value, safe="") if value not in ("", ".", "..") else "-"


def _fields(fields: Fields) -> str:
    return fields if isinstance(fields, str) else ",".join(fields)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _some(**params: object) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if value is not None}
