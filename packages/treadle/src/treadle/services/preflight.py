"""What would become of a post, without storing it or asking Threads to publish it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from treadle.accounts.health import WORDS
from treadle.domain.findings import Finding, finding
from treadle.domain.rules import scopes_needed, scopes_wanted
from treadle.media.reach import set_up_fault
from treadle.services import files
from treadle.services.blocker_output import BlockerOut, blocker_out
from treadle.services.context import App
from treadle.services.files import MediumOut, MediumReport, inspect_medium
from treadle.services.intake import check
from treadle.services.output import ApiModel
from treadle.services.refusals import FindingOut, finding_out
from treadle.services.request import Request
from treadle.store import Connection
from treadle.store.visible_blockers import open_causes_of

AT_ONCE = 3
MOST_MEDIA = 40


class ScopesOut(ApiModel):
    """Permissions of Meta."""

    needed: list[str] = Field(description="Without these Threads refuses the post.")
    missing: list[str] = Field(description="Of these, what the account did not grant.")
    wanted: list[str] = Field(description="What would make it safer, and was not granted.")


class AccountAhead(ApiModel):
    """The account of a post, and the open causes that its posts wait for now."""

    id: str
    username: str = Field(description="Without '@'.")
    health: str
    health_words: str = Field(description="Its health in plain words.")
    paused: bool
    blockers: list[BlockerOut] = Field(description="As GET /v1/blockers gives them.")


class PreflightOut(ApiModel):
    """Everything that is known of a post before it is sent."""

    ok: bool = Field(
        description="Whether it can be published: no finding is an error, of the post or of a medium, and no medium is "
        "refused."
    )
    findings: list[FindingOut] = Field(
        description="Of the request and the account; where media were not looked at, of this server's set-up for them."
    )
    media: list[MediumOut] = Field(description="Of each medium that could be checked, at most 40.")
    account: AccountAhead | None = Field(description="Null: the request names none of this workspace.")
    scopes: ScopesOut


async def inspect_post(
    app: App, workspace_id: str, body: Any, *, with_media: bool = True, post_id: str | None = None
) -> PreflightOut:
    """Check every rule of the post, its account and the causes ahead of it, and its media if ``with_media``.

    ``post_id``: the post that is being changed, if it is stored already.
    """

    def read(conn: Connection) -> tuple[Request, tuple[BlockerOut, ...]]:
        request = check(conn, app, workspace_id, body, post_id=post_id)
        account = request.account
        rows = open_causes_of(conn, workspace_id, account["id"], account["app_id"]) if account else []
        return request, tuple(blocker_out(row) for row in rows)

    request, causes = await app.db.query(read)
    plain: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    scopes = _scopes(plain, request.account)
    findings = (*request.findings, *_about_account(request.account, causes, scopes))
    media: tuple[MediumReport, ...] = ()
    if with_media and not any(f.rule in ("wrong_type", "too_deep") for f in findings):
        media = await _inspect_media(app, workspace_id, plain, request.at)
    elif not with_media:
        findings = (*findings, *_set_up(app, plain))
    url = app.settings.public_url
    return PreflightOut(
        ok=all(f.severity != "error" for f in findings) and all(m.ok for m in media),
        findings=[finding_out(f, url) for f in findings],
        media=[m.out(url) for m in media],
        account=_ahead(request.account, causes),
        scopes=scopes,
    )


def _ahead(account: Mapping[str, Any] | None, causes: tuple[BlockerOut, ...]) -> AccountAhead | None:
    if account is None:
        return None
    return AccountAhead(
        id=account["id"],
        username=account["username"],
        health=account["health"],
        health_words=WORDS[account["health"]],
        paused=account["paused"],
        blockers=list(causes),
    )


def _scopes(body: Mapping[str, Any], account: Mapping[str, Any] | None) -> ScopesOut:
    try:
        needed, wanted = scopes_needed(body), scopes_wanted(body)
    except (TypeError, AttributeError, ValueError):  # the body has not the shape of a post
        return ScopesOut(needed=[], missing=[], wanted=[])
    granted = set(account["scopes"] or ()) if account else set()
    missing = needed - granted if granted else set()
    return ScopesOut(needed=sorted(needed), missing=sorted(missing), wanted=sorted(wanted - granted))


def _about_account(
    account: Mapping[str, Any] | None, causes: tuple[BlockerOut, ...], scopes: ScopesOut
) -> list[Finding]:
    if account is None:
        return []
    found = []

    def warn(code: str, pattern: str, given: Any = None, **args: Any) -> None:
        found.append(finding("account_id", code, given=given, pattern=pattern, **args))

    if account["token_enc"] is None or account["disconnected_at"] is not None:
        warn("not_connected", "account_disconnected", account["id"])
    elif account["health"] not in ("active", "expiring"):
        pattern = str((account["health_cause"] or {}).get("pattern") or "")
        warn("account_health", pattern, health=WORDS[account["health"]])
    for missing in scopes.missing:
        warn("scope_missing", "permission_not_granted", scope=missing)
    for blocker in causes:
        cause = blocker.cause
        warn("blocked", blocker.pattern, blocker.id, title=cause.title, next_step=cause.next_step)
    return found


def _set_up(app: App, body: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with this server for a post with kept files, said without looking at them."""
    fault = set_up_fault(app.settings)
    kept = next((path for path, item, _ in _media_of(body) if isinstance(item.get("id"), str)), None)
    if fault is None or kept is None:
        return []
    fault_finding = files.finding_out(fault, kept)
    return [
        finding(
            kept,
            "set_up_fault",
            pattern=fault.pattern,
            rule=fault.code,
            problem=fault_finding.message,
            way_out=fault_finding.way_out,
        )
    ]


async def _inspect_media(
    app: App, workspace_id: str, body: Mapping[str, Any], due: float | None
) -> tuple[MediumReport, ...]:
    wanted = _media_of(body)
    few = asyncio.Semaphore(AT_ONCE)

    async def one(path: str, item: Mapping[str, Any], part: Mapping[str, Any]) -> MediumReport | None:
        async with few:
            return await inspect_medium(app, workspace_id, path, item, part, due)

    made = await asyncio.gather(*(one(*entry) for entry in wanted[:MOST_MEDIA]))
    return tuple(report for report in made if report is not None)


def _media_of(body: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """The media of a request: the path of each, what it is, and the part that it belongs to."""
    wanted: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
    replies = body.get("replies")
    for index, part in enumerate([body, *(replies if isinstance(replies, list) else [])]):
        if isinstance(part, Mapping):
            items = part.get("media")
            prefix = f"replies[{index - 1}]." if index else ""
            for place, item in enumerate(items if isinstance(items, list) else []):
                if isinstance(item, Mapping):
                    wanted.append((f"{prefix}media[{place}]", item, part))
    return wanted
