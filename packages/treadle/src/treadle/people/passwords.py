"""What a password is: hashed with Argon2id, and refused when it is among the first that anybody would guess."""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from treadle.domain.refusal import Refusal

LEAST: Final = 10
MOST: Final = 200
# Of zxcvbn's scores (0 to 4): below it are passwords that fewer than a million guesses reach, common ones first.
SCORE_LEAST: Final = 2
_SCORED: Final = 72  # characters that are scored: the time that takes grows faster than the text

# Argon2id with 19 MiB and two passes: OWASP's first choice, and little enough for many logins at once.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when there is no such person, so that the time tells nothing: a hash in form, of no password, for making one
# would take a start 20 MiB and a tenth of its time.
_NOBODY: Final = "$argon2id$v=19$m={},t={},p={}${}${}".format(
    _HASHER.memory_cost,
    _HASHER.time_cost,
    _HASHER.parallelism,
    *(b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (_HASHER.salt_len, _HASHER.hash_len)),
)


async def hashed(password: str) -> str:
    """Takes a moment of one core and a few dozen MiB, in a thread."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password behind a hash; ``None``, for nobody, takes as long."""
    return await asyncio.to_thread(_verify, kept or _NOBODY, password[:MOST]) and kept is not None


def is_dated(kept: str) -> bool:
    """Whether the hash was made with other costs than today's."""
    return _HASHER.check_needs_rehash(kept)


def _verify(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def problem(password: str, email: str) -> Refusal | None:
    """Why this cannot be the password of the person with this address."""
    if len(password) < LEAST or len(password) > MOST:
        return Refusal(
            "This password is too short or too long",
            f"Use {LEAST} to {MOST} characters. A few words make a good password.",
            field="password",
        )
    if password.strip().lower() == email or _is_guessed(password, email):
        return Refusal(
            "This password is easy to guess",
            "It is common, close to a common one, or part of the email. Use a few unrelated words.",
            field="password",
        )
    return None


def _is_guessed(password: str, email: str) -> bool:
    from zxcvbn import zxcvbn  # its word lists take a moment to load

    own = [piece for piece in email.replace("@", ".").split(".") if piece]
    return int(zxcvbn(password[:_SCORED], user_inputs=[email, *own, "treadle", "threads"])["score"]) < SCORE_LEAST
