"""Tokens and app secrets, kept out of logs and tracebacks."""

from __future__ import annotations

import hmac
from typing import Protocol


class Secret(Protocol):
    """Whatever gives its text only when asked: :class:`SecretText` here, or Pydantic's ``SecretStr``."""

    def get_secret_value(self) -> str: ...


class SecretText:
    """A text that shows itself as stars."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "SecretText('**********')" if self._text else "SecretText('')"

    __str__ = __repr__


def secret(given: str | Secret) -> Secret:
    return SecretText(given) if isinstance(given, str) else given
