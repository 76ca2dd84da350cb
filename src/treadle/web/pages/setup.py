"""The set-up check: what is there, what is missing, and where to put it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from starlette.responses import Response

from treadle.accounts import login
from treadle.accounts.service import redirect_uri
from treadle.settings import THREADS_API
from treadle.store import Database, migrate
from treadle.store.tables import accounts, workers
from treadle.web.desk import Pages, Visit
from treadle.web.pages.door import first

pages = Pages()


@pages.get("/setup", public=True)
async def show(visit: Visit) -> Response:
    if visit.known is None:
        if not await visit.app.db.query(login.anybody):
            return await first(visit)
        return visit.to("/login?next=/setup")
    facts = await visit.app.db.query(_facts, visit.now)
    current = await visit.app.db.query(lambda _: _up_to_date(visit.app.db))
    settings = visit.app.settings
    return visit.page(
        "setup.html",
        checks=_checks(visit, facts, current),
        redirect=redirect_uri(settings),
        addresses={
            "Redirect Callback URLs": redirect_uri(settings),
            "Uninstall Callback URL": f"{settings.public_url}/threads/deauthorize",
            "Delete Callback URL": f"{settings.public_url}/threads/delete-data",
            "Webhooks callback": f"{settings.public_url}/threads/webhook",
        },
    )


def _facts(conn: sa.Connection, now: float) -> dict[str, Any]:
    alive = conn.execute(
        sa.select(sa.func.count()).where(workers.c.state == "alive", workers.c.expires_at > now)
    ).scalar_one()
    connected = conn.execute(
        sa.select(sa.func.count()).where(accounts.c.disconnected_at.is_(None), accounts.c.token_enc.is_not(None))
    ).scalar_one()
    return {"workers": alive, "accounts": connected}


def _up_to_date(db: Database) -> bool:
    at, newest = migrate.versions(db)
    return at == newest


def _checks(visit: Visit, facts: dict[str, Any], current: bool) -> list[dict[str, str]]:
    """Each with a tone (go, act, wait), what is, and what to do."""
    settings = visit.app.settings
    public = urlsplit(settings.public_url)
    sandbox = settings.threads_api_url != THREADS_API
    checks: list[dict[str, str]] = []

    def say(good: bool, name: str, said: str, todo: str = "", *, tone: str = "act") -> None:
        checks.append({"tone": "go" if good else tone, "name": name, "said": said, "todo": "" if good else todo})

    app_id, secret = settings.threads_app_id, settings.threads_app_secret.get_secret_value()
    say(
        bool(app_id and secret),
        "Meta app",
        f"Threads App ID {app_id} and a secret are set." if app_id and secret else "No Meta app is set.",
        "Set TREADLE_THREADS_APP_ID and TREADLE_THREADS_APP_SECRET to the Threads App ID and secret (not those of the "
        "app itself) from developers.facebook.com, under Use cases, Threads API, Settings. Then start Treadle again.",
    )
    say(
        public.scheme == "https" or sandbox,
        "Public address",
        f"This server is known as {settings.public_url}.",
        "Meta reaches only https addresses on the internet. Put a proxy with a certificate before Treadle and set "
        "TREADLE_PUBLIC_URL to its address; uploaded media cannot be published before that.",
    )
    database = "SQLite, one process" if visit.app.db.is_sqlite else "Postgres"
    say(current, "Database", f"{database}.", "It is older than this release: run treadle migrate.")
    number = facts["workers"]
    say(
        number > 0,
        "Worker",
        f"{number} running." if number else "None is running: nothing is sent.",
        "Start treadle serve, or treadle worker beside it.",
    )
    connected = facts["accounts"]
    say(
        connected > 0,
        "Accounts",
        f"{connected} connected." if connected else "None is connected yet.",
        "Connect one on the page Accounts.",
    )
    if sandbox:
        checks.append(
            {
                "tone": "wait",
                "name": "Threads",
                "said": f"Posts go to {settings.threads_api_url}, not to Threads.",
                "todo": "Right for trying things out. For the real Threads, leave TREADLE_THREADS_API_URL unset.",
            }
        )
    return checks
