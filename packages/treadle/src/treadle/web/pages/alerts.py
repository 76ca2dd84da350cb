"""Alerts: recipients, quiet hours, and tests."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.domain.zones import zone_names
from treadle.plural import plural
from treadle.services import alerts as alert_targets
from treadle.services.alerts import FORMS, NAMES, PLAIN_FIELDS, PLAIN_NAMES, TITLES, URLS_MOST, line_of, post_of
from treadle.store import Connection
from treadle.store import alerts as store
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest

router = APIRouter(include_in_schema=False)
LATELY = 12
ICONS = {"email": "mail", "slack": "hash", "discord": "messages-square", "telegram": "send", "webhook": "webhook"}
# Filled in again after a refusal: everything but secrets.
KEPT = {one.name for fields in PLAIN_FIELDS.values() for one in fields if one.kind != "password"}


@router.get("/alerts")
async def show(page: LoggedIn) -> Response:
    return await _page(page)


async def _page(
    page: PageRequest, *, trouble: Refusal | None = None, tried: list[alert_targets.Tried] | None = None
) -> Response:
    found = await page.app.db.query(_read, page)
    return page.render(
        "alerts.html",
        status=trouble.status if trouble else 200,
        trouble=trouble,
        tried={t.target.id: t.delivered for t in tried or ()},
        most=URLS_MOST,
        plain_fields=PLAIN_FIELDS,
        plain_names=PLAIN_NAMES,
        plain_icons=ICONS,
        given={} if trouble is None else {name: page.text(name) for name in KEPT},
        chosen=page.text("kind") if trouble is not None else "",
        forms={f"{NAMES[kind]} ({kind}://)": FORMS[kind] for kind in NAMES},
        services=sorted(set(NAMES.values())),
        titles=[many for _, many in TITLES.values()],
        zones=zone_names(),
        **found,
    )


def _read(conn: Connection, page: PageRequest) -> dict[str, Any]:
    return {
        "targets": alert_targets.listing(conn, page.app.vault, page.workspace),
        "quiet": alert_targets.quiet_hours(conn, page.workspace),
        "digest": alert_targets.digest_time(conn, page.workspace),
        "lately": [
            {
                "title": TITLES.get(alert.kind, (alert.kind,))[0],
                "line": line_of(alert.detail),
                "post_id": post_of(alert.detail),
                "raised_at": alert.raised_at,
                "sent_at": alert.sent_at,
            }
            for alert in store.recent(conn, page.workspace, limit=LATELY)
        ],
    }


@router.post("/alerts")
async def change(page: LoggedInForm) -> Response:
    """Add or remove a target, set or end the quiet hours."""
    do = page.text("do")
    message = {"add": "Recipient added. Send a test to check that it works.", "remove": "Recipient removed."}
    message |= {"digest": "Daily digest saved.", "no-digest": "The daily digest is off."}
    message |= {"quiet": "Quiet hours saved.", "loud": "Quiet hours are off."}
    if do not in message:
        return page.not_found()
    refused = await page.app.db.run(_carry_out, page, do)
    return await _page(page, trouble=refused) if refused else page.redirect("/alerts", message[do])


def _carry_out(conn: Connection, page: PageRequest, do: str) -> Refusal | None:
    vault, workspace, who, now = page.app.vault, page.workspace, page.viewer.user_id, page.now
    match do:
        case "add":
            kind = page.text("kind")
            url: str | Refusal = page.text("url")
            if kind in PLAIN_FIELDS:
                url = alert_targets.address_of(kind, {one.name: page.text(one.name) for one in PLAIN_FIELDS[kind]})
            if isinstance(url, Refusal):
                return url
            return alert_targets.add(conn, vault, workspace, url, actor=who, now=now)
        case "remove":
            return alert_targets.remove(conn, vault, workspace, page.text("target"), actor=who, now=now)
        case "quiet":
            hours = {"from": page.text("from"), "to": page.text("to"), "zone": page.text("zone").strip() or "UTC"}
            return alert_targets.set_quiet(conn, workspace, hours, actor=who, now=now)
        case "digest":
            when = {"at": page.text("at"), "zone": page.text("zone").strip() or "UTC"}
            return alert_targets.set_digest(conn, workspace, when, actor=who, now=now)
        case "no-digest":
            return alert_targets.set_digest(conn, workspace, None, actor=who, now=now)
        case _:
            return alert_targets.set_quiet(conn, workspace, None, actor=who, now=now)


@router.post("/alerts/test")
async def test(page: LoggedInForm) -> Response:
    """Tell every target now; the page says which of them took it."""
    tried = await alert_targets.send_test(
        page.app.db, page.app.vault, page.workspace, actor=page.viewer.user_id, now=page.now
    )
    if isinstance(tried, Refusal):
        return await _page(page, trouble=tried)
    if all(t.delivered for t in tried):
        return page.redirect("/alerts", f"Test sent to {plural(len(tried), 'recipient')}. Check that it arrived.")
    return await _page(page, tried=tried)


@router.post("/alerts/digest")
async def send_digest(page: LoggedInForm) -> Response:
    """Send the digest now; the page says who took it."""
    tried = await alert_targets.send_digest(page.app, page.workspace, page.zone, actor=page.viewer.user_id)
    if isinstance(tried, Refusal):
        return await _page(page, trouble=tried)
    if all(t.delivered for t in tried):
        return page.redirect("/alerts", f"Digest sent to {plural(len(tried), 'recipient')}.")
    return await _page(page, tried=tried)
