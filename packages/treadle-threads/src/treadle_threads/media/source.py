"""Where a probe's bytes come from.

The parsers do no input or output themselves: each is a generator that yields the range it wants and is sent the bytes.
So the same parser reads a file, bytes in memory or, a request at a time, an address.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Want:
    """``length`` bytes from ``offset``; an answer may be shorter only where the file ends."""

    offset: int
    length: int


Reading: TypeAlias = Generator[Want, bytes, T]
"""A parser: yields what it wants to read, is sent the bytes, returns what it learned."""


class Unreachable(Exception):
    """The source cannot give that range (a server without ranges, or the budget is spent): not the file's fault."""


class ByteSource(Protocol):
    """Random access to bytes. ``size`` is ``None`` when it is not known."""

    size: int | None
    bytes_read: int
    reads: int

    def read(self, offset: int, length: int) -> bytes: ...


class BytesSource:
    """A file that is in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size: int | None = len(data)
        self.bytes_read = 0
        self.reads = 0

    def read(self, offset: int, length: int) -> bytes:
        piece = self._data[offset : offset + length]
        self.bytes_read += len(piece)
        self.reads += 1
        return piece


class OpenFile:
    """A file somebody else opened and will close."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size: int | None = file.seek(0, 2)
        self.bytes_read = 0
        self.reads = 0

    def read(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        piece = self._file.read(length)
        self.bytes_read += len(piece)
        self.reads += 1
        return piece


class FileSource(OpenFile):
    """A regular file. Use as a context manager."""

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__(Path(path).open("rb"))  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._file.close()


def drive(reading: Reading[T], source: ByteSource) -> T:
    """Run a parser over a source and return what it learned."""
    try:
        want = next(reading)
        while True:
            try:
                piece = source.read(want.offset, want.length)
            except Unreachable as why:
                want = reading.throw(why)
            else:
                want = reading.send(piece)
    except StopIteration as stop:
        result: T = stop.value
        return result
