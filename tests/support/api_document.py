"""The document of the API as it is read, made once a process: making it costs two seconds."""

from __future__ import annotations

import functools
import json
from typing import Any

from treadle.http.server import describe


@functools.cache
def _written() -> str:
    return json.dumps(describe())


def api_document() -> dict[str, Any]:
    """A copy of one's own, to change."""
    read: dict[str, Any] = json.loads(_written())
    return read
