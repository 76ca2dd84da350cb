"""The guide on this server: open to everybody, without a log-in."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from treadle.web.desk import Pages, Visit
from treadle_diagnosis.guide import render

pages = Pages()


async def _show(visit: Visit, form: dict[str, str] | None = None) -> Response:
    url = visit.request.url
    made = render(url.path + (f"?{url.query}" if url.query else ""), form, signed_in=visit.known is not None)
    if made is None:
        return visit.missing("page in the guide")
    if made.location:
        return visit.dressed(RedirectResponse(made.location, made.status))
    return visit.dressed(Response(made.body, made.status, media_type=made.content_type))


@pages.get("/guide", public=True)
async def start(visit: Visit) -> Response:
    return await _show(visit)


@pages.get("/guide/{place:path}", public=True)
async def page(visit: Visit) -> Response:
    return await _show(visit)


@pages.post("/guide/diagnose", public=True, harmless=True)
async def diagnose(visit: Visit) -> Response:
    return await _show(visit, {name: visit.text(name) for name in ("error", "stage", "surface")})
