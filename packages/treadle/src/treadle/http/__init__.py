"""HTTP API v1. :func:`create_api` makes the application over an open application."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from treadle.services.context import App

__all__ = ["create_api"]


def create_api(app: App) -> FastAPI:
    """The API as a FastAPI application; pages and media hosting are mounted next to it (``treadle serve``)."""
    from treadle.http.server import create_api as create

    return create(app)
