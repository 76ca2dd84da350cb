"""Where the server is, with which key, and what both clients send alike."""

from __future__ import annotations

import mimetypes
import os
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Self

from treadle_client.calls import Call, fits_header

DEFAULT_URL = "http://127.0.0.1:8700"


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    key: str = field(repr=False)

    @classmethod
    def of(cls, url: str | None, key: str | None) -> Self:
        """From the arguments, else from the environment. Raises :class:`ValueError` without a key that can be sent."""
        where = url or os.environ.get("TREADLE_URL") or DEFAULT_URL
        if not where.startswith(("http://", "https://")):
            raise ValueError(f"{where}: an address begins with http:// or https://")
        secret = (key or os.environ.get("TREADLE_KEY") or "").strip()
        if not secret:
            raise ValueError("No key: pass one, or set TREADLE_KEY. 'treadle keys create' makes one.")
        if not fits_header(secret):  # said here, where the key is not shown
            raise ValueError("The key holds characters that no key has: pass what 'treadle keys create' prints.")
        return cls(where.rstrip("/"), secret)

    def address(self, path: str) -> str:
        return self.url + path

    @property
    def headers(self) -> dict[str, str]:
        agent = f"treadle-client/{version('treadle-client')} python"
        return {"Authorization": f"Bearer {self.key}", "User-Agent": agent}


def upload(file: str | Path | bytes, filename: str | None, content_type: str | None) -> Call:
    """The call that uploads a file. The server looks at its bytes; the type only helps it."""
    if not isinstance(file, bytes):
        filename = filename or Path(file).name
        file = Path(file).read_bytes()
    kind = content_type or mimetypes.guess_type(filename or "")[0] or "application/octet-stream"
    return Call("POST", "/v1/media", {"filename": filename}, content=file, headers={"Content-Type": kind})
