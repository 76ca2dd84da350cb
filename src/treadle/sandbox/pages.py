"""The pages below ``/_sandbox`` and the files they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.sandbox.answers import Reply
from treadle.sandbox.world import World


def answer(world: World, method: str, parts: list[str], query: Mapping[str, str], body: Any) -> tuple[int, Any] | None:
    """The page or file at a path, or ``None`` when it is the control API's."""
    if method == "GET" and len(parts) == 2 and parts[0] == "media":
        path = world.fetcher.folder / parts[1]
        if path.parent == world.fetcher.folder and path.is_file():
            return 200, path
        return 404, Reply(404, {"error": "There is no such file."})
    return None
