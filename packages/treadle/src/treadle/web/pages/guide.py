"""The guide on this server: open to everybody, without logging in."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from treadle.web.page_request import Anyone, HarmlessForm, PageRequest

router = APIRouter(include_in_schema=False)


async def _show(page: PageRequest, form: dict[str, str] | None = None) -> Response:
    from treadle_diagnosis.guide import render  # with its reader of Markdown, which a server starts without

    path, query = page.request.url.path, page.request.url.query.replace("%00", "")
    made = render(f"{path}?{query}" if query else path, form, signed_in=page.session is not None)
    if made is None:
        return page.not_found("page in the guide")
    if made.location:
        return RedirectResponse(made.location, made.status)
    return Response(made.body, made.status, media_type=made.content_type)


@router.get("/guide")
async def start(page: Anyone) -> Response:
    return await _show(page)


@router.get("/guide/{place:path}")
async def article(page: Anyone) -> Response:
    return await _show(page)


@router.post("/guide/diagnose")
async def diagnose(page: HarmlessForm) -> Response:
    return await _show(page, {name: page.text(name) for name in ("error", "stage", "surface")})
