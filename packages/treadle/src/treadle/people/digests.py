"""How secrets that only have to be recognized are kept."""

from __future__ import annotations

import hashlib


def digest(secret: str) -> str:
    """SHA-256 in hex of any text. Enough for random secrets, which nobody can guess; passwords are hashed otherwise."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
