"""Files that browsers, crawlers and assistants ask for by name."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter
from starlette.responses import Response

from treadle.web.page_request import Anyone

router = APIRouter(include_in_schema=False)
# Meta's crawler fetches media and obeys this file; the guide is for everybody. The rest is for people who log in.
ROBOTS = """User-agent: *
Allow: /media/
Allow: /guide
Allow: /static/
Allow: /llms.txt
Disallow: /
"""


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
async def robots(page: Anyone) -> Response:
    return Response(ROBOTS, media_type="text/plain", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/favicon.ico")
async def icon(page: Anyone) -> Response:
    body = resources.files("treadle.web").joinpath("static", "mark.svg").read_bytes()
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(body, media_type="image/svg+xml", headers=headers)


@router.get("/llms.txt")
async def llms(page: Anyone) -> Response:
    """The guide as a list of addresses, in the form of llmstxt.org."""
    from treadle_diagnosis.catalog import load
    from treadle_diagnosis.guide import prose

    base = f"{page.app.settings.public_url}/guide"
    lines = [
        "# Treadle guide",
        "",
        "> Errors of Meta's Threads, Instagram and Graph publishing APIs: cause, next step, whether a retry can work.",
        "",
        f"Every page has a JSON twin with the same address and `.json`. All patterns: {base}/index.json",
        "",
        "## Read first",
        "",
        *(f"- [{page.title}]({base}/{page.slug}.json): {page.description}" for page in prose.pages()),
    ]
    for category in load().categories:
        lines += ["", f"## {category.name}", ""]
        lines += [f"- [{p.title}]({base}/errors/{p.id}.json): {p.what_happened}" for p in category.patterns]
    return Response("\n".join([*lines, ""]), media_type="text/plain")
