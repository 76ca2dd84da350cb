"""What is wrong with a value, in our words instead of those of the library that noticed it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_RULES: Final[Sequence[tuple[re.Pattern[str], str]]] = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r"exceeded maximum size", "This number is too large"),
        (r"^Input should be a valid integer, got a number with a fractional part", "Enter a whole number"),
        (r"^(Input should be|Value is not) a valid integer", "Enter a whole number"),
        (r"^(Input should be|Value is not) a valid (number|decimal|float)", "Enter a number"),
        (r"^Input should be a finite number", "Enter a number that is not infinite"),
        (r"^Input should be greater than or equal to (\S+)", r"Enter \1 or more"),
        (r"^Input should be less than or equal to (\S+)", r"Enter \1 or less"),
        (r"^Input should be greater than (\S+)", r"Enter more than \1"),
        (r"^Input should be less than (\S+)", r"Enter less than \1"),
        (r"^(Input should be|Value is not) a valid bool", "Enter true or false"),
        (r"^Input should be a valid string", "Enter text"),
        (r"^Input should be a valid (list|tuple|array)", "Enter a list"),
        (r"^Input should be a valid (dictionary|object)", "Enter an object"),
        (r"^Input should be a valid (datetime|date|time)\b", r"Enter a \1 such as 2026-12-01T09:00:00+01:00"),
        (r"^Input should be a valid timedelta", "Enter a length of time such as PT1H"),
        (r"^Input should be a valid URL", "Enter a URL that begins with https://"),
        (r"^Input is not a valid path|^Path does not", "Enter a path"),
        (r"^(String|Value|Data) should have at least (\d+)", r"Enter at least \2 characters"),
        (r"^(String|Value|Data) should have at most (\d+)", r"Enter at most \2 characters"),
        (r"^(List|Tuple|Dictionary) should have at least (\d+)", r"Enter at least \2 of them"),
        (r"^(List|Tuple|Dictionary) should have at most (\d+)", r"Enter at most \2 of them"),
        (r"^Field required", "This is missing"),
        (r"^Extra inputs are not permitted", "There is no such field"),
    )
]
_CHOICES: Final = re.compile(r"^Input should be ('.*)$")
_OTHER: Final = re.compile(r"^(?:Input|Value|String|Data) should\b")


def plain_error(message: str) -> str:
    """Pydantic's message as a native sentence, without a full stop at the end; any other message as it is."""
    message = message.removeprefix("Value error, ").rstrip(".")
    for pattern, words in _RULES:
        if found := pattern.search(message):
            return found.expand(words)
    if found := _CHOICES.match(message):
        return f"Enter {found[1].replace(chr(39), '')}"
    return _OTHER.sub("This should", message)
