"""Everything a server answers, on one FastAPI application: API, what Meta calls, pages, guide, media files."""

from __future__ import annotations

from fastapi import FastAPI

from treadle.app import App
from treadle.http import create_api
from treadle.media.routes import media_routes
from treadle.web import mount


def build(app: App) -> FastAPI:
    """Everything a person, a program or Meta can ask for at ``TREADLE_PUBLIC_URL``."""
    site = create_api(app)
    site.router.routes.extend(media_routes(app.media()))
    mount(site, app)
    return site
