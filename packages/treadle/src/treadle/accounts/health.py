"""How an account is: decided by diagnoses of what calls really answered, and by nothing else.

A rate limit or an outage cannot make a token look dead here, because no HTTP status, code or text is read
here: only a :class:`Diagnosis` moves the health, and only those whose lane is about the account or the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from treadle.store import Connection, feed
from treadle.store import account_health as stored
from treadle_diagnosis.types import Diagnosis

Health = Literal["active", "expiring", "reconnect", "checkpoint", "restricted", "limited", "linked_account", "app"]
Proof = Literal["read", "publish"]

WORDS: Final[Mapping[str, str]] = {
    "active": "Connected and working.",
    "expiring": "Connected, but access expires soon and couldn't be renewed yet.",
    "reconnect": "The access token no longer works. Reconnect this account to keep publishing.",
    "checkpoint": "Meta asks the owner to log in and follow its instructions. Reconnect after that.",
    "restricted": "Threads restricted this account.",
    "limited": "A permission is missing, or the Meta app's access level is too low.",
    "linked_account": "The linked Instagram account or Threads profile needs attention.",
    "app": "The Meta app's setup needs attention. This affects every account.",
}

# Restrictions that end when the owner logs in and does what Meta shows, and that stop reading too.
_CHECKPOINTS: Final = frozenset({"account_checkpointed", "account_unconfirmed"})
# Answers about one attempt to connect: they say nothing of an account that is connected already.
_ATTEMPTS: Final = frozenset({"authorization_code_used", "user_denied", "exchange_not_needed", "account_disconnected"})
# The app's own set-up is wrong, whatever the account.
_APP: Final = frozenset(
    {
        "wrong_app_id",
        "client_secret_wrong",
        "app_deactivated",
        "app_not_configured",
        "app_in_development",
        "login_unavailable",
        "invalid_platform_app",
        "app_id_missing",
        "app_disabled",
        "app_secret_invalid",
        "feature_disabled_for_app",
        "api_access_blocked_for_app",
    }
)
# What a successful call proves to be over: reading goes on behind a restriction or a missing permission to publish.
HEALED_BY: Final[Mapping[str, frozenset[str]]] = {
    "read": frozenset({"reconnect", "checkpoint", "linked_account", "app"}),
    "publish": frozenset({"reconnect", "checkpoint", "restricted", "limited", "linked_account", "app"}),
}


def health_of(diagnosis: Diagnosis) -> Health | None:
    """The health this diagnosis means for the account; ``None``: it says nothing of it."""
    if diagnosis.pattern in _ATTEMPTS or diagnosis.surface != "threads" or diagnosis.retry.kind == "later":
        return None
    if diagnosis.confidence == "guess":  # a bare 401 of some proxy is no verdict on a token
        return None
    match diagnosis.lane:
        case "meta_token":
            return "reconnect" if diagnosis.action == "reconnect" else None
        case "account_restricted":
            if diagnosis.scope == "app":
                return "app"
            return "checkpoint" if diagnosis.pattern in _CHECKPOINTS else "restricted"
        case "permission_app_review":
            if diagnosis.pattern in _APP:
                return "app"
            return "limited" if diagnosis.scope in ("account", "app") else None
        case "linked_instagram_account":
            return "linked_account" if diagnosis.scope == "account" else None
        case _:
            return None


def observe(conn: Connection, account_id: str, diagnosis: Diagnosis, now: float) -> Health | None:
    """Take in what a failed call was diagnosed as; the account's new health if it changed.

    Call it in the transaction that stores the failure. Diagnoses that are not about the account change nothing.
    """
    found = health_of(diagnosis)
    if found is None:
        return None
    return _move(conn, account_id, found, diagnosis.to_json(), now)


def worked(conn: Connection, account_id: str, proof: Proof, now: float) -> Health | None:
    """Take in that a call worked: ``read`` for any read with the account's token, ``publish`` for a publish.

    Returns ``"active"`` when that ended a trouble, else ``None``.
    """
    known = stored.health_of(conn, account_id)
    if known is None:
        return None
    stored.set_checked(conn, account_id, now)
    return _move(conn, account_id, "active", None, now) if known in HEALED_BY[proof] else None


def expiring(conn: Connection, account_id: str, *, ends_at: float, why: str, now: float) -> Health | None:
    """Note that the permission ends at ``ends_at`` and could not be renewed; only for an account that works."""
    if stored.health_of(conn, account_id) != "active":
        return None
    return _move(conn, account_id, "expiring", {"ends_at": ends_at, "why": why}, now)


def renewed(conn: Connection, account_id: str, now: float) -> Health | None:
    """The permission was renewed: an account that was expiring is active again."""
    if stored.health_of(conn, account_id) != "expiring":
        return None
    return _move(conn, account_id, "active", None, now)


def reconnected(conn: Connection, account_id: str, health: Health, cause: Any, now: float) -> None:
    """A person connected the account again: whatever was known of the old token is history."""
    _move(conn, account_id, health, cause, now)


_CHANGE: Final[Mapping[str, str]] = {
    "expiring": "account.expiring",
    "reconnect": "account.needs_reconnect",
    "active": "account.recovered",
}


def _move(conn: Connection, account_id: str, health: Health, cause: Any, now: float) -> Health | None:
    """Change the health by compare-and-set, so that two observers of one cause announce it once."""
    row = stored.find(conn, account_id)
    if row is None:
        return None
    if row.health == health:
        # The same trouble again: the newest cause is kept, nothing is announced.
        stored.set_cause(conn, account_id, cause, now=now)
        return None
    if not stored.change(conn, account_id, health, cause, was=row.health, now=now):
        return None
    payload = {
        "account_id": account_id,
        "username": row.username,
        "threads_user_id": row.threads_user_id,
        "health": health,
        "before": row.health,
        "what": WORDS[health],
        "pattern": cause.get("pattern") if isinstance(cause, Mapping) else None,
        "next_step": cause.get("next_step") if isinstance(cause, Mapping) else None,
        "ends_at": cause.get("ends_at") if isinstance(cause, Mapping) else None,
    }
    feed.announce(conn, row.workspace_id, _CHANGE.get(health, "account.troubled"), account_id, payload, now=now)
    return health
