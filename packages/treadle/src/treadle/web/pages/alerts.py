"""Alerts: who is told when something needs somebody, when not, and whether it arrives."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

import sqlalchemy as sa
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.notify import alert_targets
from treadle.notify.alert_kinds import FORMS, NAMES
from treadle.notify.alerts import TITLES, URLS_MOST
from treadle.people import audit
from treadle.plural import plural
from treadle.store.tables import alerts
from treadle.web.desk import Pages, Visit

pages = Pages()
LATELY = 12


@pages.get("/alerts")
async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(
    visit: Visit, *, trouble: Refusal | None = None, tried: list[alert_targets.Tried] | None = None
) -> Response:
    found = await visit.app.db.query(_read, visit)
    return visit.page(
        "alerts.html",
        status=trouble.status if trouble else 200,
        trouble=trouble,
        tried={t.target.id: t.delivered for t in tried or ()},
        most=URLS_MOST,
        forms={f"{NAMES[kind]} ({kind}://)": FORMS[kind] for kind in NAMES},
        services=sorted(set(NAMES.values())),
        titles=[many for _, many in TITLES.values()],
        zones=sorted(available_timezones()),
        **found,
    )


def _read(conn: sa.Connection, visit: Visit) -> dict[str, Any]:
    rows = conn.execute(
        sa.select(alerts).where(alerts.c.workspace_id == visit.workspace).order_by(alerts.c.id.desc()).limit(LATELY)
    ).mappings()
    return {
        "targets": alert_targets.listing(conn, visit.app.vault, visit.workspace),
        "quiet": alert_targets.quiet_hours(conn, visit.workspace),
        "lately": [{**row, "title": TITLES.get(row["kind"], (row["kind"],))[0]} for row in rows],
    }


@pages.post("/alerts")
async def change(visit: Visit) -> Response:
    """Add or remove a target, set or end the quiet hours."""
    do, who = visit.text("do"), visit.viewer.user_id
    said = {"add": "Added. Send a test to see that it arrives.", "remove": "Removed: it hears of nothing any more."}
    said |= {"quiet": "Kept.", "loud": "Alerts go out at any hour."}
    if do not in said:
        return visit.missing()

    def work(conn: sa.Connection) -> Refusal | None:
        refused = _carry_out(conn, visit, do)
        if refused is None:
            audit.note(conn, visit.workspace, who, "workspace.alerts", visit.workspace, {"did": do}, now=visit.now)
        return refused

    refused = await visit.app.db.run(work)
    return await _page(visit, trouble=refused) if refused else visit.to("/alerts", said[do])


def _carry_out(conn: sa.Connection, visit: Visit, do: str) -> Refusal | None:
    vault, workspace = visit.app.vault, visit.workspace
    match do:
        case "add":
            return alert_targets.add(conn, vault, workspace, visit.text("url"))
        case "remove":
            return alert_targets.remove(conn, vault, workspace, visit.text("target"))
        case "quiet":
            hours = {"from": visit.text("from"), "to": visit.text("to"), "zone": visit.text("zone").strip() or "UTC"}
            return alert_targets.set_quiet(conn, workspace, hours)
        case _:
            return alert_targets.set_quiet(conn, workspace, None)


@pages.post("/alerts/test")
async def test(visit: Visit) -> Response:
    """Tell every target now; the page says which of them took it."""
    tried = await alert_targets.send_test(visit.app.db, visit.app.vault, visit.workspace)
    if isinstance(tried, Refusal):
        return await _page(visit, trouble=tried)
    if all(t.delivered for t in tried):
        return visit.to("/alerts", f"{plural(len(tried), 'target')} took the test: look whether it arrived.")
    return await _page(visit, tried=tried)
