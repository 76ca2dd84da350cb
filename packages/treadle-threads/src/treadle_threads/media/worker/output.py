"""The one file a job writes, opened before the cage closes: behind it no path can be opened, not even this one's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import OutputContainer

NAME = "out"
"""The name of the result in the job's directory."""
BUFFER = 1 << 18


class Output:
    """A new file for writing and for reading again. Each object has a position of its own in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._at = descriptor, 0

    @classmethod
    def create(cls, path: str) -> Output:
        return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))

    def again(self, url: str, flags: int, options: dict[str, Any]) -> Output:
        """For :func:`av.open`: the writer of MP4 reads what it wrote, to put the index in front of it."""
        return Output(self._descriptor)

    def clear(self) -> None:
        """Begin from nothing, after a way that did not lead to a result."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._at = 0

    @property
    def empty(self) -> bool:
        return os.lseek(self._descriptor, 0, os.SEEK_END) == 0

    def read(self, size: int) -> bytes:
        piece = os.pread(self._descriptor, size, self._at)
        self._at += len(piece)
        return piece

    def write(self, content: bytes) -> int:
        """All of it: a short write at a limit would go unnoticed."""
        left = memoryview(content)
        while left:
            done = os.pwrite(self._descriptor, left, self._at)
            self._at += done
            left = left[done:]
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (os.lseek(self._descriptor, 0, os.SEEK_END) if base is None else base)
        return self._at

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        """Left to the process: several objects share the descriptor."""


def write_mp4(target: Output, options: Mapping[str, str]) -> OutputContainer:
    """Open the file as an MP4 to write, in place of what was there."""
    import av

    target.clear()
    return av.open(target, "w", format="mp4", options=dict(options), io_open=target.again, buffer_size=BUFFER)
