"""Setup: the way to the first published post as a checklist, what to enter at Meta, and every check of the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.media.selftest import failing_repair
from treadle.people import login
from treadle.services import cage_line, doctor, setup_guide
from treadle.services.setup_guide import Step
from treadle.services.workspaces import is_first
from treadle.store import workers
from treadle.web.page_request import Anyone, LoggedInForm, PageRequest
from treadle.web.pages.login import first
from treadle_threads import ThreadsClient
from treadle_threads.transport import open_session

router = APIRouter(include_in_schema=False)
VERDICTS = {
    "fine": ("go", "Good"),
    "look": ("act", "Check"),
    "broken": ("stop", "Failed"),
    "unknown": ("plain", "Unknown"),
}
STEP_STATES = {
    "done": ("go", "circle-check", "Done"),
    "todo": ("plain", "circle", "To do"),
    "wrong": ("act", "octagon-alert", "Fix this"),
    "unknown": ("plain", "circle-dashed", "Not checked"),
}


@router.get("/setup")
async def show(page: Anyone) -> Response:
    if page.session is None:
        if not await page.app.db.query(login.anybody):
            return await first(page)
        return page.redirect("/login?next=/setup")
    return await _page(page, ask_meta=False)


@router.post("/setup")
async def ask(page: LoggedInForm) -> Response:
    """The same, with what only Meta, the internet and a real repair can tell: a few seconds."""
    return await _page(page, ask_meta=True)


async def _page(page: PageRequest, *, ask_meta: bool) -> Response:
    settings = page.app.settings
    runs_it = await _runs_it(page)
    lines: list[doctor.Line] = []
    if runs_it:
        lines = await _examined(page, ask_meta)
        if ask_meta:
            lines.append(doctor.repairs(await failing_repair(settings)))
            # Kept until the server ends: Home and the next look at this page show what was found.
            page.context.checked[page.workspace] = {line.name: line for line in lines}
    heard = await page.app.db.query(doctor.last_heard, page.now) if runs_it else ""
    made = await checklist(page, lines, runs_it=runs_it)
    return page.render(
        "setup.html",
        steps=made,
        checks=[_shown(_without_addresses(line, settings.public_url, heard)) for line in lines],
        runs_it=runs_it,
        asked=ask_meta,
        fields=setup_guide.meta_fields(settings) if runs_it else [],
        **shown(made),
    )


async def _runs_it(page: PageRequest) -> bool:
    return page.may("workspace") and await page.app.db.query(is_first, page.workspace)


async def checklist(page: PageRequest, lines: Sequence[doctor.Line] = (), *, runs_it: bool | None = None) -> list[Step]:
    """The steps of this workspace. ``lines``: what was examined just now, which counts more than what was before."""
    if runs_it is None:
        runs_it = await _runs_it(page)
    known = page.context.checked.get(page.workspace, {}) if runs_it else {}
    found = {**known, **{line.name: line for line in lines}}
    if runs_it and not lines:
        found |= {line.name: line for line in doctor.configured(page.app.settings, page.app.vault)}
    if not runs_it:
        alive = await page.app.db.query(workers.count_alive, page.now)
        found["Worker"] = doctor.Line("Worker", "fine" if alive else "look", "")
    so_far = await page.app.db.query(setup_guide.progress, page.app.vault, page.workspace)
    return setup_guide.steps(page.app.settings, list(found.values()), so_far, runs_it=runs_it)


def shown(made: Sequence[Step]) -> dict[str, Any]:
    """What the templates show of the steps: how many are done, and which is next."""
    return {"steps_done": setup_guide.done(made), "next_step": setup_guide.following(made), "STEP_STATES": STEP_STATES}


def _without_addresses(line: doctor.Line, public_url: str, heard: str) -> doctor.Line:
    """The page says what to enter at Meta once, in a list of its own; a terminal has it in these lines."""
    if line.verdict != "fine" or line.name not in ("Callbacks", "Public address"):
        return line
    return replace(line, found=heard if line.name == "Callbacks" else f"{public_url} is https.")


async def _examined(page: PageRequest, ask_meta: bool) -> list[doctor.Line]:
    """Whoever runs the server sees the accounts of their own workspace only, too."""
    async with (
        open_session() as session,
        ThreadsClient(
            base_url=page.app.settings.threads_api_url, timeout_s=page.app.settings.threads_timeout
        ) as client,
    ):
        service = page.app.accounts(client)
        return await doctor.examine(
            service, session, network=ask_meta, workspace=page.workspace, more=await cage_line.lines(page.app.settings)
        )


def _shown(line: doctor.Line) -> dict[str, str]:
    tone, label = VERDICTS[line.verdict]
    return {"tone": tone, "label": label, "name": line.name, "found": line.found, "todo": line.todo}
