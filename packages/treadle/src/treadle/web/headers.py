"""The headers of every page: no script or style but our own files, no frame, no cache."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from treadle.settings import Settings

# Addresses of programs: their answers are not pages, whatever they accept.
PROGRAMS = (
    "/v1",
    "/media",
    "/metrics",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/static",
    "/live",
    "/threads/webhook",
    "/threads/deauthorize",
    "/threads/delete-data",
)


def is_for_programs(path: str) -> bool:
    return any(path == start or path.startswith(f"{start}/") for start in PROGRAMS)


def content_policy(public_url: str, plain_media: bool) -> str:
    """The policy of every page. Media of posts come from anywhere by https; Connect leads to the public address."""
    public = urlsplit(public_url)
    media = "'self' blob: data: https:" + (" http:" if plain_media else "")
    parts = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src {media}",
        f"media-src {media}",
        "font-src 'self'",
        "connect-src 'self'",
        f"form-action 'self' {public.scheme}://{public.netloc}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return "; ".join(parts)


def page_headers(settings: Settings) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": content_policy(settings.public_url, settings.allow_private_media_hosts),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


class PageHeaders:
    """ASGI middleware: puts these headers on what is served to people; a header that an answer has is kept."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app, self.headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_for_programs(scope["path"]):
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                put(MutableHeaders(scope=message), self.headers)
            await send(message)

        await self.app(scope, receive, answer)


def put(headers: MutableHeaders, added: Mapping[str, str]) -> None:
    for name, value in added.items():
        headers.setdefault(name, value)
