"""Icons and fonts, as the packages that bring them hold them: nothing of them is in this repository."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from lucide.jinja import lucide
from markupsafe import Markup

# Families served at /static: the name there, and the package and file that hold it.
FONTS: Final[Mapping[str, tuple[str, str]]] = {
    "inter.ttf": ("fontpkg_inter", "Inter[opsz,wght].ttf"),
    "jetbrains-mono.ttf": ("fontpkg_jetbrains_mono", "JetBrainsMono[wght].ttf"),
}
STATE_ICONS: Final[Mapping[str, str]] = {
    "draft": "circle-dashed",
    "scheduled": "calendar-clock",
    "publishing": "send",
    "waiting": "hourglass",
    "retrying": "rotate-cw",
    "checking": "scan-search",
    "blocked": "octagon-alert",
    "held": "hand",
    "published": "circle-check",
    "failed": "circle-x",
    "canceled": "circle-slash",
}
# What has a tone and is no post.
TONE_ICONS: Final[Mapping[str, str]] = {
    "plain": "circle-dashed",
    "go": "circle-check",
    "plan": "calendar-clock",
    "wait": "hourglass",
    "doubt": "scan-search",
    "act": "octagon-alert",
    "stop": "circle-x",
}


@cache
def icon(name: str, size: int = 16) -> Markup:
    """A Lucide icon as inline SVG of ``size`` pixels, hidden from screen readers: a word stands beside it."""
    return Markup(
        lucide(name, size=size, stroke_width="1.85", aria_hidden="true", focusable="false", **{"class": "icon"})
    )


def font(name: str) -> bytes | None:
    """A font file by its name at /static."""
    found = FONTS.get(name)
    return (resources.files(found[0]) / "files" / found[1]).read_bytes() if found else None
