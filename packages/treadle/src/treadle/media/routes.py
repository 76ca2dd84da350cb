"""Serving kept files: what Meta, browsers and players ask of a media address, and nothing else.

The addresses take no cookies, set none, and answer with headers under which no file can act as a page: its bytes
decided its type, ``nosniff`` keeps browsers to it, and the content policy gives whatever is opened an origin
of its own.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from treadle.media.fetch_log import NotedFile
from treadle.media.service import MediaService

HEADERS = {
    "Cache-Control": "public, max-age=86400, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


def media_routes(service: MediaService) -> list[Route]:
    """Routes for GET and HEAD of ``/media/{id}/{name}``, to be mounted at the root of an ASGI application."""

    async def serve(request: Request) -> Response:
        found = await asyncio.to_thread(
            service.store_room.serve, request.path_params["media_id"], request.path_params["name"]
        )
        if found is None:
            return PlainTextResponse("There is no such file, or no longer.\n", 404, {"Cache-Control": "no-store"})
        tag = f'"{found.sha256[:32]}"'
        headers = {**HEADERS, "ETag": tag, "Accept-Ranges": "bytes"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = f'inline; filename="{found.id}.{found.ending}"'
        return NotedFile(found.path, media_type=found.content_type, headers=headers)

    return [Route("/media/{media_id}/{name}", serve, methods=["GET", "HEAD"], name="media")]
