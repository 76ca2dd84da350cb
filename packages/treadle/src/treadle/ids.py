"""Ids people can tell apart: a prefix for the kind, then 26 characters that sort by time and cannot be guessed."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u

PREFIXES = {
    "post": "pst",
    "part": "prt",
    "account": "acc",
    "media": "med",
    "blocker": "blk",
    "webhook": "whk",
    "delivery": "dlv",
    "key": "key",
    "workspace": "wsp",
    "user": "usr",
    "link": "lnk",
    "invite": "inv",
    "import": "imp",
    "undo": "und",
    "request": "req",
}


def new_id(kind: str, now: float | None = None) -> str:
    """A fresh id of ``kind`` (a key of ``PREFIXES``): 48 bits of milliseconds, then 80 random bits."""
    value = (int((time.time() if now is None else now) * 1000) << 80) | int.from_bytes(os.urandom(10))
    chars = []
    for _ in range(26):
        chars.append(_ALPHABET[value & 31])
        value >>= 5
    return f"{PREFIXES[kind]}_{''.join(reversed(chars))}"
