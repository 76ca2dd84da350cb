"""What a person sees at the end of connecting: content as data, for any page, command or API to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from treadle.accounts.storing import Stored
from treadle.plural import plural
from treadle.store.account_pages import Namesake
from treadle_diagnosis.types import Diagnosis


@dataclass(frozen=True, slots=True)
class ConnectPage:
    """``todo``: what to do, in order. ``pattern`` names how it ended: an entry of the catalogue, which then has its
    address in ``guide``, or one of connecting's own (``different_profile``, ``link_...``), without one. ``retry_url``:
    where the same link can be pressed again. ``return_url``: the address of whoever made the link, with the outcome in
    its query."""

    ok: bool
    title: str
    happened: str
    todo: tuple[str, ...] = ()
    status: int = 200
    pattern: str | None = None
    guide: str | None = None
    account_id: str | None = None
    retry_url: str | None = None
    return_url: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "title": self.title,
            "happened": self.happened,
            "todo": list(self.todo),
            "pattern": self.pattern,
            "guide": self.guide,
            "account_id": self.account_id,
            **dict(self.facts),
        }


def connected(stored: Stored, *, return_url: str | None, link_id: str, held: int = 0) -> ConnectPage:
    who = f"@{stored.username}" if stored.username else "The account"
    words = {"new": "is connected", "reconnected": "is reconnected", "returned": "is reconnected"}
    todo: list[str] = []
    if stored.missing:
        todo.append(
            f"Publishing won't work yet: {', '.join(stored.missing)} was not granted. Reconnect and leave every "
            "permission selected."
        )
    if not stored.can_delete:
        todo.append(
            "Treadle can't delete posts from Threads: threads_delete was not granted. Reconnect with it, or delete "
            "them in the Threads app."
        )
    for other in stored.namesakes:
        todo.append(_namesake(stored, other))
    if stored.released:
        todo.append(f"Publishing {plural(len(stored.released), 'waiting post')} now.")
    if held:
        todo.append(f"{plural(held, 'post')} held: too late to publish automatically. Approve or reschedule.")
    return ConnectPage(
        ok=True,
        title=f"{who} {words[stored.kind]}",
        happened="Treadle renews access automatically and tells you if it can't.",
        todo=tuple(todo),
        account_id=stored.account_id,
        return_url=_back(return_url, status="connected", account_id=stored.account_id, link_id=link_id),
        facts={"released": list(stored.released), "missing": list(stored.missing), "kind": stored.kind},
    )


def _namesake(stored: Stored, other: Namesake) -> str:
    """Two profiles with one name are two: nothing of one is ever taken for the other's."""
    reason = (
        f"This is a different profile than the @{stored.username} that was here before. That one's ID on Threads is "
        f"{other.threads_user_id}, this one's is {stored.threads_user_id}."
    )
    if not other.waiting:
        return reason
    return (
        f"{reason} {plural(other.waiting, 'post is', 'posts are')} still waiting for the other profile. To publish "
        "them here, open each under Posts and choose this account, or send PATCH /v1/posts/{id} with account_id "
        f"{stored.account_id}."
    )


def failed(
    diagnosis: Diagnosis, *, retry_url: str | None, return_url: str | None, link_id: str | None, status: int = 400
) -> ConnectPage:
    """A refusal of Meta's, in the catalogue's words."""
    todo = [diagnosis.next_step]
    if diagnosis.who == "developer" and diagnosis.next_step_developer:
        todo.append(f"For the administrator of this server: {diagnosis.next_step_developer}")
    todo.extend(diagnosis.plan)
    return ConnectPage(
        ok=False,
        title=diagnosis.title,
        happened=diagnosis.what_happened,
        todo=tuple(step for step in todo if step),
        status=status,
        pattern=diagnosis.pattern,
        guide=diagnosis.guide,
        retry_url=retry_url,
        return_url=_back(return_url, status="failed", reason=diagnosis.pattern, link_id=link_id),
    )


def other_profile(
    wanted: str, got: str, *, retry_url: str | None, return_url: str | None, link_id: str | None
) -> ConnectPage:
    return ConnectPage(
        ok=False,
        title="That is a different profile",
        happened=f"This link reconnects @{wanted}, but @{got} gave the permission. Nothing was changed.",
        todo=(
            f"Log out of threads.com (or open a private window), log in as @{wanted}, and open the link again.",
            f"To add @{got} as well, connect it as a new account.",
        ),
        status=409,
        pattern="different_profile",
        retry_url=retry_url,
        return_url=_back(return_url, status="failed", reason="different_profile", link_id=link_id),
    )


def token_of_other_profile(wanted: str, got: str) -> ConnectPage:
    return ConnectPage(
        ok=False,
        title="That is a different profile",
        happened=f"You are reconnecting @{wanted}, but this token belongs to @{got}. Nothing was changed.",
        todo=(
            f"Create a token for @{wanted} in the Meta app dashboard (User Token Generator), and add that one.",
            f"To add @{got} as well, add this token without naming an account.",
        ),
        status=409,
        pattern="different_profile",
    )


def link_trouble(kind: str) -> ConnectPage:
    """``unknown``, ``expired``, ``used``, ``other_browser``."""
    title, happened, todo, status = _LINK[kind]
    return ConnectPage(ok=False, title=title, happened=happened, todo=(todo,), status=status, pattern=f"link_{kind}")


_LINK: Mapping[str, tuple[str, str, str, int]] = {
    "unknown": (
        "This link doesn't work here",
        "The link is incomplete, or another server created it.",
        "Copy the whole link again, or ask for a new one.",
        404,
    ),
    "expired": (
        "This link has expired",
        "Connection links only work for a limited time.",
        "Ask whoever sent it for a new one.",
        410,
    ),
    "used": (
        "This link was already used",
        "A connection link works once.",
        "If the account still has problems, ask for a new link.",
        410,
    ),
    "other_browser": (
        "Finish in the same browser",
        "You came back in a different browser than the one that opened the link, or cookies are blocked.",
        "Open the link again in this browser, allow cookies for this site, and press Continue once.",
        400,
    ),
}


def _back(address: str | None, **facts: str | None) -> str | None:
    """The return address with the outcome in its query; what it held before stays."""
    if address is None:
        return None
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *((k, v) for k, v in facts.items() if v)]
    return urlunsplit(parts._replace(query=urlencode(query)))
