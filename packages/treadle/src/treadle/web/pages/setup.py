"""The setup check: what is there, what is missing, and where to put it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from treadle.accounts.from_meta import verify_token
from treadle.accounts.service import redirect_uri
from treadle.media.selftest import failing_repair
from treadle.people import login
from treadle.services import cage_line, doctor
from treadle.services.workspaces import is_first
from treadle.settings import Settings
from treadle.store import Connection, accounts, workers
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


@router.get("/setup")
async def show(page: Anyone) -> Response:
    if page.session is None:
        if not await page.app.db.query(login.anybody):
            return await first(page)
        return page.redirect("/login?next=/setup")
    return await _page(page, ask_meta=False)


@router.post("/setup")
async def ask(page: LoggedInForm) -> Response:
    """The same, with what only Meta and the internet can tell: a few seconds."""
    return await _page(page, ask_meta=True)


async def _page(page: PageRequest, *, ask_meta: bool) -> Response:
    settings = page.app.settings
    runs_it = page.may("workspace") and await page.app.db.query(is_first, page.workspace)
    if runs_it:
        lines = [*await _examined(page, ask_meta), doctor.repairs(await failing_repair(settings))]
        heard = await page.app.db.query(doctor.last_heard, page.now)
        checks = [_shown(_without_addresses(line, settings.public_url, heard)) for line in lines]
    else:
        # What concerns the whole server, and every account on it, is for those who run it.
        facts = await page.app.db.query(_facts, page.workspace, page.now)
        checks = _checks(page, facts)
    return page.render(
        "setup.html",
        checks=checks,
        runs_it=runs_it,
        asked=ask_meta,
        addresses=_addresses(settings) if runs_it else {},
    )


def _addresses(settings: Settings) -> dict[str, str]:
    """What to enter at Meta, by the name of its field there."""
    base, secret = settings.public_url, settings.threads_app_secret
    return {
        "Redirect Callback URLs": redirect_uri(settings),
        "Uninstall Callback URL": f"{base}/threads/deauthorize",
        "Delete Callback URL": f"{base}/threads/delete-data",
        "Webhooks, Callback URL": f"{base}/threads/webhook",
        **(
            {"Webhooks, Verify token": verify_token(secret)}
            if settings.threads_app_id and secret.get_secret_value()
            else {}
        ),
    }


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


def _facts(conn: Connection, workspace: str, now: float) -> dict[str, int]:
    return {
        "workers": workers.workforce(conn, now).alive,
        "accounts": accounts.count_connected(conn, workspace),
    }


def _checks(page: PageRequest, facts: Mapping[str, int]) -> list[dict[str, str]]:
    """For the people of a workspace who do not run the server."""
    settings = page.app.settings
    ready = bool(settings.threads_app_id and settings.threads_app_secret.get_secret_value())

    def check(good: bool, name: str, found: str, todo: str) -> dict[str, str]:
        tone, label = VERDICTS["fine" if good else "look"]
        return {"tone": tone, "label": label, "name": name, "found": found, "todo": "" if good else todo}

    return [
        check(
            ready,
            "Meta app",
            "Configured." if ready else "Not configured.",
            "Ask your Treadle administrator to enter the Threads app ID and app secret.",
        ),
        check(
            facts["workers"] > 0,
            "Worker",
            "Running." if facts["workers"] else "Not running. Nothing is published.",
            "Ask your Treadle administrator to start treadle serve.",
        ),
        check(
            facts["accounts"] > 0,
            "Accounts",
            f"{facts['accounts']} connected." if facts["accounts"] else "No accounts connected yet.",
            "Connect one on the Accounts page.",
        ),
    ]
