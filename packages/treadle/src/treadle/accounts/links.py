"""Hosted connect links: made for an end customer, expiring, good for one connection.

The link's token is also the ``state`` of Meta's window; the database holds its hash alone. Opening a link puts a
second secret into the browser (a cookie), and only a browser that opened it can finish it: a link finished by somebody
else's authorization would connect their profile to this workspace. Mail scanners open links too, so the last few count.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from yarl import URL

from treadle.domain.refusal import Refusal, not_found
from treadle.ids import new_id
from treadle.people.digests import digest
from treadle.settings import Settings
from treadle.store import Connection, workspaces
from treadle.store import accounts as stored_accounts
from treadle.store import connect_links as store
from treadle.store.connect_links import LinkRow
from treadle_threads.oauth import BASIC, DEFAULT_SCOPES, SCOPES

LIFE_S = 24 * 3600.0
LONGEST_S = 30 * 86_400.0
# Whoever opened the link in time may finish in Meta's window afterwards.
GRACE_S = 900.0
ABANDONED_S = 120.0
BROWSERS = 5
RETURN_ADDRESSES = "return_addresses"
OWN_PAGE = "/accounts"


@dataclass(frozen=True, slots=True)
class Link:
    """``url`` is shown once: the database does not hold it."""

    id: str
    url: str
    expires_at: float


def create(
    conn: Connection,
    settings: Settings,
    workspace_id: str,
    *,
    now: float,
    return_url: str | None = None,
    account_id: str | None = None,
    scopes: Sequence[str] | None = None,
    also: Sequence[str] = (),
    life_s: float = LIFE_S,
) -> Link | Refusal:
    """A link for one connection. ``account_id``: the account to be reconnected, which no other profile may replace.

    ``scopes``: the permissions to ask for; by default the usual ones, those that the account has, and ``also``.
    """
    known = stored_accounts.find(conn, workspace_id, account_id) if account_id is not None else None
    if account_id is not None and known is None:
        return not_found("account")
    # Back to the page of this very server that made it: whatever the workspace allows others.
    if return_url is not None and return_url != f"{settings.public_url}{OWN_PAGE}":
        workspace = workspaces.find(conn, workspace_id)
        options = workspace.options if workspace else {}
        allowed = options.get(RETURN_ADDRESSES) if isinstance(options, dict) else None
        back = _return_address(return_url, allowed if isinstance(allowed, list) else [])
        if isinstance(back, str):
            return Refusal("This return address is not allowed", back, field="return_url")
        return_url = str(back)
    unknown = [scope for scope in (*(scopes or ()), *also) if scope not in SCOPES]
    if unknown:
        return Refusal(
            "There is no such permission",
            f"Threads has no permission called {unknown[0]!r}. Use: {', '.join(SCOPES)}.",
            field="scopes",
            pattern="invalid_scope",
        )
    if not 60.0 <= life_s <= LONGEST_S:
        return Refusal(
            "This link's lifetime is too short or too long",
            "A link can last from one minute to 30 days.",
            field="life_s",
        )
    had = [scope for scope in (known.scopes if known is not None else ()) if scope in SCOPES]
    token = secrets.token_urlsafe(32)
    row = LinkRow(
        id=new_id("link", now),
        workspace_id=workspace_id,
        account_id=account_id,
        return_url=return_url,
        scopes=list(dict.fromkeys([BASIC, *(scopes or [*DEFAULT_SCOPES, *had, *also])])),
        created_at=now,
        expires_at=now + life_s,
    )
    store.insert(conn, row, digest(token))
    return Link(row.id, f"{settings.public_url}/connect/{token}", now + life_s)


def find(conn: Connection, token: str) -> LinkRow | None:
    return store.with_hash(conn, digest(token))


def state_of(link: LinkRow | None, now: float) -> str:
    """``open``, ``used``, ``expired`` or ``unknown``."""
    if link is None:
        return "unknown"
    if link.used_at is not None and not _abandoned(link, now):
        return "used"
    opened, late = link.opened_at, now > link.expires_at
    if late and not (opened is not None and opened <= link.expires_at and now < opened + GRACE_S):
        return "expired"
    return "open"


def opened(conn: Connection, link_id: str, *, now: float) -> str:
    """Note that a browser opened the link; the secret for its cookie."""
    nonce = secrets.token_urlsafe(24)
    known = store.outcome_of(conn, link_id)
    nonces = [*known.get("nonces", []), digest(nonce)][-BROWSERS:]
    store.set_opened(conn, link_id, {**known, "nonces": nonces}, now=now)
    return nonce


def same_browser(link: LinkRow, nonce: str | None) -> bool:
    known = (link.outcome or {}).get("nonces", [])
    return bool(nonce) and any(hmac.compare_digest(digest(nonce or ""), str(kept)) for kept in known)


def take(conn: Connection, link_id: str, *, was: float | None, now: float) -> bool:
    """Use the link up, by compare-and-set from ``was`` (its ``used_at``); false when somebody else did."""
    return store.set_used(conn, link_id, was=was, now=now)


def _abandoned(link: LinkRow, now: float) -> bool:
    """Taken by a process that never said what came of it."""
    return "page" not in (link.outcome or {}) and link.used_at is not None and now > link.used_at + ABANDONED_S


def close(conn: Connection, link_id: str, outcome: dict[str, Any], *, again: bool) -> None:
    """Keep what came of it. ``again``: it did not connect anything, so the link may be pressed once more."""
    nonces = store.outcome_of(conn, link_id).get("nonces", [])
    store.set_outcome(conn, link_id, {**outcome, "nonces": nonces}, again=again)


def encoded(address: str) -> URL | None:
    """An address as it can be sent in a header: the host in Punycode, the rest percent-encoded. ``None``: it is none.

    The same parsed value is checked, stored and sent, so nothing else can be meant by it later.
    """
    try:
        address.encode()
        url = URL(address)
        return url if url.raw_host and str(url).isascii() else None
    except ValueError:  # also what cannot be encoded, and a port that is none
        return None


def address_problem(address: str) -> str | None:
    """Why nobody may be returned to this address, whatever is allowed."""
    url = encoded(address)
    if url is None:
        return "This is not a web address."
    if not (url.scheme == "https" or (url.scheme == "http" and url.raw_host in ("localhost", "127.0.0.1", "::1"))):
        return "It must be an https address (http is accepted for localhost only)."
    if url.raw_user or url.raw_password or "\\" in address or any(ord(c) < 33 or ord(c) == 127 for c in address):
        return "It can't contain credentials, spaces or backslashes."
    # Looked at as it was sent, because parsing already resolves plain dot segments.
    if _has_dot_segments(re.split("[?#]", address, maxsplit=1)[0]):
        return "Its path can't contain dot segments (. or ..)."
    return None


def _return_address(address: str, allowed: Sequence[str]) -> URL | str:
    """The address to return to, or why it may not be: it has to lie under an allowed one of the same origin."""
    url = encoded(address)
    wrong = address_problem(address)
    if wrong is not None or url is None:
        return wrong or "This is not a web address."
    if not allowed:
        return "This workspace allows no return addresses yet; add one to its option return_addresses."
    for entry in allowed:
        if not isinstance(entry, str) or address_problem(entry) is not None or (known := encoded(entry)) is None:
            continue  # stored before addresses were checked where they are entered
        base = known.raw_path.rstrip("/")
        same = known.origin() == url.origin()
        if same and (not base or url.raw_path == base or url.raw_path.startswith(base + "/")):
            return url
    return "It is under none of this workspace's return_addresses: " + ", ".join(map(str, allowed)) + "."


def _has_dot_segments(path: str) -> bool:
    """Whether any decoding of a path has a segment ``.`` or ``..``; servers and proxies may decode more than once, and
    some drop what follows a semicolon."""
    while True:
        if any(segment.split(";")[0] in (".", "..") for segment in re.split(r"[/\\]", path)):
            return True
        decoded = unquote(path)
        if decoded == path:
            return False
        path = decoded
