"""Which posts an open cause concerns, and which of them it stops. Pure. ``store/clauses.py`` says the same as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from treadle_diagnosis.catalog.words import BlockerScope

NARROWEST_FIRST: Mapping[str, int] = {"post": 0, "media_host": 1, "account": 2, "app": 3, "platform": 4}
SHARED = frozenset({"app", "platform"})  # every workspace reads them
PLATFORM_KEY = "threads"
FETCH_KEY = "every media host"  # of a cause that stops only posts whose files Meta still has to fetch
# Causes that stop reading as well as publishing: of these lanes, and restrictions that refuse every call.
READING_STOPS = frozenset({"meta_token", "permission_app_review", "linked_instagram_account"})
REFUSE_EVERY_CALL = frozenset({"account_checkpointed", "account_unconfirmed", "account_disabled", "api_access_blocked"})
# Evidence about the app itself, whoever met it: no second account is needed.
APP_EVIDENCE = frozenset(
    {"app_deactivated", "app_not_configured", "wrong_app_id", "client_secret_wrong", "api_access_blocked_for_app"}
)
APP_WITNESSES = 2
# What a new, working token repairs. A restriction is not among it: reading goes on behind one.
CONNECTING_REPAIRS_LANES = ("meta_token", "permission_app_review", "linked_instagram_account")
CONNECTING_REPAIRS_PATTERNS = ("account_checkpointed", "account_unconfirmed")
# Causes of the app that are over when anybody connects with it.
CONNECTING_PROVES = ("wrong_app_id", "client_secret_wrong", "redirect_uri_not_allowed", "app_not_configured")
WITNESS_WINDOW_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Reach:
    """What a post depends on.

    ``hosts``: those that Threads still has to fetch its media from, as far as they are known; ``fetches``: whether it
    has to fetch any, from here or elsewhere.
    """

    post_id: str
    account_id: str
    app_id: str
    workspace_id: str
    hosts: frozenset[str] = frozenset()
    fetches: bool = False


def key_of(scope: BlockerScope, reach: Reach, host: str = "") -> str:
    """What a cause of this scope that the post met is about; empty for a media host that nobody knows."""
    keys = {"account": reach.account_id, "app": reach.app_id, "media_host": host, "platform": PLATFORM_KEY}
    return keys.get(scope, reach.post_id)


def concerns(scope: str, key: str, workspace_id: str | None, reach: Reach) -> bool:
    """Whether an open cause is about something the post depends on. A media host is blocked within its workspace."""
    if key == FETCH_KEY:
        return reach.fetches and (scope == "platform" or workspace_id == reach.workspace_id)
    if scope == "media_host":
        return workspace_id == reach.workspace_id and key in reach.hosts
    keys = {"post": reach.post_id, "account": reach.account_id, "app": reach.app_id, "platform": key}
    return keys.get(scope) == key


def stops_reading(lane: str, pattern: str) -> bool:
    """Whether nothing can be read while this cause lasts; that reading works again shows its end."""
    return lane in READING_STOPS or pattern in REFUSE_EVERY_CALL


def stops(lane: str, pattern: str, probe_post_id: str | None, reach: Reach, *, in_doubt: bool) -> bool:
    """Whether a cause that concerns the post stops it: not the post that goes first to test the cause, and one whose
    publish is in doubt only when it stops reading."""
    return probe_post_id != reach.post_id and (not in_doubt or stops_reading(lane, pattern))


def is_apps(pattern: str, witnesses: int) -> bool:
    """Whether a cause that accounts met is the app's: by its own evidence, or because enough of them met it."""
    return pattern in APP_EVIDENCE or witnesses >= APP_WITNESSES


def passing(scope: str, key: str) -> str:
    """``platform`` for every cause that passes by itself, else the scope it has."""
    return "platform" if key == FETCH_KEY else scope


def state_behind(scopes: list[str]) -> str:
    """``waiting`` when only trouble of the platform stops a post (it passes), else ``blocked``."""
    return "waiting" if all(scope == "platform" for scope in scopes) else "blocked"
