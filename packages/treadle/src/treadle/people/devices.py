"""A browser that has logged in before has its own count of wrong passwords.

So a stranger who guesses at a known address locks out strangers, and never the person, who goes on in a browser that
proved itself once (OWASP's device cookies). The cookie is sealed, names one person, and opens nothing.
"""

from __future__ import annotations

import json
import secrets
from typing import Final

from treadle.people.digests import digest
from treadle.vault import Vault, VaultError

COOKIE: Final = "treadle_device"
LIVES_S: Final = 365 * 86_400
_LONGEST: Final = 1_000


def issue(vault: Vault, user_id: str) -> str:
    """The cookie for a browser in which this person has just logged in."""
    return vault.seal(json.dumps({"device": secrets.token_urlsafe(16), "user": user_id})).decode("ascii")


def counter(vault: Vault, cookie: str, user_id: str | None) -> str:
    """The count that this browser's wrong passwords for this person go to; empty without a cookie of theirs."""
    if not cookie or not cookie.isascii() or len(cookie) > _LONGEST or user_id is None:
        return ""
    try:
        kept = json.loads(vault.open(cookie.encode("ascii")))
    except (VaultError, ValueError):
        return ""
    if not isinstance(kept, dict) or kept.get("user") != user_id or not isinstance(kept.get("device"), str):
        return ""
    return f"device:{digest(kept['device'])[:40]}"
