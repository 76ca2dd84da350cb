"""Where the guide's pages live: absolute below ``/guide`` on a server, relative files in a static copy."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

ROOT = "/guide"


def location(kind: str, name: str = "") -> str:
    """The page's place below the guide's root, without an ending: ``errors/token_expired``; the index is ``""``."""
    places = {
        "index": "",
        "pattern": f"errors/{name}",
        "category": f"categories/{name}",
        "asset": f"assets/{name}",
        "page": name,
        "search": "search",
        "diagnose": "diagnose",
        "unknown": "unknown",
        "codes": "codes",
    }
    return places[kind]


@dataclass(frozen=True, slots=True)
class ServerLinks:
    """Links for pages that a server answers."""

    at: str = ""
    server: bool = True

    def href(self, kind: str, name: str = "") -> str:
        place = location(kind, name)
        return f"{ROOT}/{place}" if place else ROOT

    def feed(self) -> str:
        return ""

    def twin(self) -> str:
        """The JSON twin of the page at ``at``."""
        return f"{ROOT}/{self.at or 'index'}.json"


@dataclass(frozen=True, slots=True)
class StaticLinks:
    """Links between files, relative to the page at ``at``, so that the copy works below any address and from disk."""

    at: str = ""
    server: bool = False

    def href(self, kind: str, name: str = "") -> str:
        place = location(kind, name)
        target = place if kind == "asset" else f"{place or 'index'}.html"
        here = posixpath.dirname(self.at)
        return posixpath.relpath(target, here) if here else target

    def feed(self) -> str:
        """The feed of changed patterns, seen from the page at ``at``."""
        return posixpath.relpath("feed.xml", posixpath.dirname(self.at) or ".")

    def twin(self) -> str:
        return f"{posixpath.basename(self.at) or 'index'}.json"
