"""Reading server-sent events, line by line."""

from __future__ import annotations

import json
from typing import cast

from treadle_client.types import Change


class EventReader:
    """Give it lines; it gives back a change with each empty line that ends one."""

    def __init__(self) -> None:
        self._data: list[str] = []

    def line(self, line: str) -> Change | None:
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        if line or not self._data:
            return None
        text, self._data = "\n".join(self._data), []
        return cast(Change, json.loads(text))
