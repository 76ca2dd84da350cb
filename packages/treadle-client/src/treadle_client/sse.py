"""Reading server-sent events, line by line."""

from __future__ import annotations

import json
from typing import cast

from treadle_client.types import Change


class EventReader:
    """Give it lines; it gives back a change with each empty line that ends one.

    ``mark``: the id after which a stream may begin again and misses nothing. It says one before its first change, and
    one with each: that change's own, or a smaller one while an earlier change may still come.
    """

    def __init__(self) -> None:
        self._data: list[str] = []
        self._id = ""
        self.mark: int | None = None

    def line(self, line: str) -> Change | None:
        if line.startswith("id:"):
            self._id = line[3:].strip()
        if not line and self._id.isdecimal():
            self.mark = int(self._id)
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        if line or not self._data:
            return None
        text, self._data = "\n".join(self._data), []
        return cast(Change, json.loads(text))


class Place:
    """Where a stream goes on when it breaks off: after ``after``, and without what came already of what follows it."""

    def __init__(self, after: int | None) -> None:
        self.after = after
        self._came: set[int] = set()

    def begin(self, mark: int | None) -> None:
        """A stream that was to begin at the present said where that is."""
        if self.after is None:
            self.after = mark

    def move(self, change_id: int, mark: int | None) -> bool:
        """A change came, and with it this mark; false when it had come before."""
        new = change_id not in self._came
        self.after = change_id if mark is None else mark
        self._came = {id_ for id_ in (*self._came, change_id) if id_ > self.after}
        return new
