"""The pages people live in: server-rendered, usable without script.

:func:`mount` puts them on a FastAPI application beside the HTTP API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from treadle.services.context import App

__all__ = ["mount"]


def mount(fastapi_app: FastAPI, app: App) -> None:
    """Serve the pages (``/``, ``/posts``, ``/compose``, ...), their files at ``/static``, the guide at ``/guide``.

    While there are no users, the set-up page makes the first one with the token that ``fastapi_app.state.first_token``
    holds, which whoever starts the server should print.
    """
    from treadle.web.router import mount_pages

    mount_pages(fastapi_app, app)
