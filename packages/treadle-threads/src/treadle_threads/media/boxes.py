"""The box structure of MP4 and MOV files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from treadle_threads.media.bits import Malformed


class Box(NamedTuple):
    """One box of a buffer: four-character type, where its header, its content and the next box start."""

    type: str
    header: int
    start: int
    end: int


def boxes(buffer: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes between ``start`` and ``end``. A box that reaches out of its parent is :class:`Malformed`."""
    at = start
    stop = len(buffer) if end is None else end
    while at + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", buffer, at)
        header = 8
        if size == 1:
            if at + 16 > stop:
                raise Malformed("a box header is cut off")
            size = struct.unpack_from(">Q", buffer, at + 8)[0]
            header = 16
        elif size == 0:
            size = stop - at
        if size < header or at + size > stop:
            raise Malformed(f"the box {kind!r} does not fit into its parent")
        yield Box(kind.decode("latin-1"), at, at + header, at + size)
        at += size


def boxes_leniently(buffer: bytes, start: int, end: int) -> Iterator[Box]:
    """The same, ending quietly at what is no box: QuickTime closes some lists with four zero bytes."""
    walk = boxes(buffer, start, end)
    while True:
        try:
            yield next(walk)
        except (Malformed, StopIteration):
            return


def box(kind: str, content: bytes) -> bytes:
    """A box with a 32-bit size."""
    return struct.pack(">I4s", 8 + len(content), kind.encode("latin-1")) + content
