"""Reading server-sent events, line by line."""

from __future__ import annotations

import json
from typing import cast

from treadle_client.types import Change


class EventReader:
    """Give it lines; it gives back a change with each empty line that ends one.

    ``mark``: the id that a stream begins after, which it says before its first change.
    """

    def __init__(self) -> None:
        self._data: list[str] = []
        self._id = ""
        self.mark: int | None = None

    def line(self, line: str) -> Change | None:
        if line.startswith("id:"):
            self._id = line[3:].strip()
        if not line and not self._data and self._id.isdecimal():
            self.mark = int(self._id)
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        if line or not self._data:
            return None
        text, self._data = "\n".join(self._data), []
        return cast(Change, json.loads(text))
