"""What a refusal of a post with optional options is put down to: the options first, the account last. Pure.

A permission or a linked profile that only an option needs says nothing of posts without that option. Only the refusal
of a plain post shows that the account itself may not publish.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from treadle.domain.options import TABLE
from treadle_diagnosis.types import Diagnosis
from treadle_threads.options import is_chosen

REPLYING = "reply_to_id"
OF_OPTIONS = frozenset({"permission_app_review", "linked_instagram_account"})
# What every call needs, and what is said of the app as a whole.
OF_ALL_CALLS = frozenset(
    {"threads_basic_missing", "app_not_reviewed", "app_deactivated", "app_in_development", "tester_invite_pending",
     "wrong_app_id", "client_secret_wrong", "app_not_configured", "api_access_blocked_for_app"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Blame:
    """The options that a refusal is put down to, and the permissions they need, both sorted."""

    options: tuple[str, ...]
    scopes: tuple[str, ...]


def blamed(
    diagnosis: Diagnosis, options: Mapping[str, Any], *, is_reply: bool = False, granted: Collection[str] = ()
) -> Blame | None:
    """The options of a refused part to blame; ``None``: the refusal is the account's, the app's, or the post's own.

    ``granted``: the permissions that the token is known to have, empty when that is not known. Options whose permission
    it lacks come first, then those that need any, then all that were chosen.
    """
    if (
        diagnosis.lane not in OF_OPTIONS
        or diagnosis.pattern in OF_ALL_CALLS
        or diagnosis.scope not in ("account", "app")
    ):
        return None
    given = {**options, REPLYING: options.get(REPLYING) or "the part before it"} if is_reply else options
    chosen = {name: option for name, option in TABLE.items() if option.sent and is_chosen(option, given.get(name))}
    needing = {name: option.scope for name, option in chosen.items() if option.scope}
    if diagnosis.lane == "linked_instagram_account":
        needing = {name: scope for name, scope in needing.items() if scope == "threads_share_to_instagram"}
        if not needing:
            return None
    lacking = {name: scope for name, scope in needing.items() if granted and scope not in granted}
    to_blame = lacking or needing
    names = tuple(sorted(to_blame)) or tuple(sorted(chosen))
    return Blame(names, tuple(sorted(set(to_blame.values())))) if names else None


def put_down_to(blame: Blame, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis of a refusal that holds only the post, and names the options."""
    options = _listed(blame.options)
    owner = f"Reconnect the account and grant {_listed(blame.scopes)}" if blame.scopes else "Reconnect the account"
    if diagnosis.lane == "linked_instagram_account":
        owner = "Link an Instagram profile to the account"
    return replace(
        diagnosis,
        scope="post",
        matched=(*diagnosis.matched, *(f"option={name}" for name in blame.options)),
        what_happened=f"{diagnosis.what_happened} This post has {options}. Posts without it are still published.",
        next_step=f"{owner}, or remove {options} from this post.",
        treadle_does=f"Blocks only posts with {options} that Threads refuses. The account's other posts continue.",
    )


def _listed(names: Collection[str]) -> str:
    known = list(names)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
