"""Small helpers of the rules: where a value stands in a request, and a collector of findings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from treadle.domain.findings import Finding, ParameterName, finding

_WORD = re.compile(r"\A[A-Za-z_][A-Za-z0-9_]*\Z")
# What other products call our fields, where no likeness of the letters leads there.
_ALSO_CALLED = {
    "timezone": "zone",
    "time_zone": "zone",
    "tz": "zone",
    "uri": "url",
    "href": "url",
    "address": "url",
    "caption": "text",
    "content": "text",
    "message": "text",
    "parts": "replies",
    "posts": "replies",
    "thread": "replies",
    "post_at": "publish_at",
    "schedule_at": "publish_at",
    "scheduled_at": "publish_at",
    "scheduled_for": "publish_at",
    "send_at": "publish_at",
}
_KINDS: dict[type, str] = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}


def at(path: str, name: str | int) -> str:
    """The path of ``name`` inside ``path``."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    if not _WORD.match(name):
        return f"{path}[{json.dumps(name[:100])}]"
    return f"{path}.{name}" if path else name


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "nothing"
    return _KINDS.get(type(value), "an object")


def near(name: str, known: Iterable[str], alike: float = 0.7) -> str:
    """A hint at the name that was probably meant, or nothing: by what others call it, else by its letters.

    Case and dashes do not matter; ``alike`` is 0 to 1.
    """
    names = sorted(known)
    plain = name.lower().replace("-", "_").replace(" ", "_")[:100]
    if plain in names:
        return plain
    if (meant := _ALSO_CALLED.get(plain, "")) in names:
        return meant
    found = get_close_matches(plain, names, 1, alike)
    return found[0] if found else ""


def url_problem(url: str) -> str:
    """What is wrong with an address that must be absolute http or https with a host; empty when it is good."""
    if any(char.isspace() or ord(char) < 32 for char in url):
        return "it has a space or a line break in it"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "it is not a URL"
    if not parts.scheme:
        return "it doesn't begin with https://"
    if parts.scheme not in ("http", "https"):
        return f"it begins with {parts.scheme[:20]}:, but Threads fetches only https and http"
    if not parts.hostname:
        return "it has no host name"
    return ""


@dataclass(slots=True)
class Findings:
    """Collects findings; each gets the pattern that belongs to its rule, else that of what is being checked."""

    items: list[Finding] = field(default_factory=list)
    _pattern: str = ""

    @contextmanager
    def explained_by(self, pattern: str) -> Iterator[None]:
        """Findings added meanwhile have this pattern, unless their rule has one of its own."""
        before, self._pattern = self._pattern, pattern
        try:
            yield
        finally:
            self._pattern = before

    def say(self, path: str, code: str, *, given: Any = None, limit: Any = None, **args: Any) -> None:
        """What the table of sentences has under ``code``."""
        made = finding(path, code, given=given, limit=limit, **args)
        # A wrong type is a program's slip: no page on Threads explains it.
        explained = made.pattern or made.rule == "wrong_type" or not self._pattern
        self.items.append(made if explained else replace(made, pattern=self._pattern))

    def wrong_type(self, path: str, value: Any, wanted: str) -> None:
        self.say(path, "wrong_type", given=value, limit=wanted, kind=kind_of(value), wanted=wanted)

    def unknown_name(
        self,
        path: str,
        name: str,
        known: Iterable[str],
        *,
        what: str,
        value: Any,
        meant: str = "",
        otherwise: str = "",
        **args: Any,
    ) -> None:
        """``meant``: the name that people mean by this one; without it the nearest of those that are known.
        ``otherwise``: the code of the sentence when no name is near."""
        args |= {"rule": f"unknown_{what}", "what": what.replace("_", " "), "name": ParameterName(name[:100])}
        meant = meant or near(name, known)
        code = "unknown_name_near" if meant else otherwise or "unknown_name"
        self.say(path, code, given=value, meant=ParameterName(meant), **args)
