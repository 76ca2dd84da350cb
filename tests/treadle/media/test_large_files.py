"""Files beyond 4 GiB: their facts are read from a few pieces, and nothing overflows on the way."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.treadle.media.conftest import Recipes
from treadle.media import probe_file
from treadle.media.service import MediaService
from treadle_threads.media import validate

HOLE = 5 << 30
HOLDERS = (b"trak", b"mdia", b"minf", b"stbl")


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + size]))
        at += size
    return found


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def moved(index: bytes, by: int) -> bytes:
    """The index with offsets of 64 bits, each larger by so many bytes."""
    parts = []
    for kind, content in boxes(index):
        if kind in HOLDERS:
            parts.append(box(kind, moved(content, by)))
        elif kind == b"stco":
            (count,) = struct.unpack_from(">I", content, 4)
            offsets = [offset + by for offset in struct.unpack_from(f">{count}I", content, 8)]
            parts.append(box(b"co64", content[:8] + struct.pack(f">{count}Q", *offsets)))
        else:
            parts.append(box(kind, content))
    return b"".join(parts)


def beyond_4_gib(source: Path, path: Path, *, index_first: bool) -> Path:
    """The film behind a hole that takes no room on the disk."""
    parts = dict(boxes(source.read_bytes()))
    data_at = source.read_bytes().index(parts[b"mdat"])
    head = box(b"ftyp", parts[b"ftyp"])
    room = len(box(b"moov", moved(parts[b"moov"], 0))) if index_first else 0
    index = box(b"moov", moved(parts[b"moov"], len(head) + room + 16 + HOLE - data_at))
    with path.open("wb") as file:
        file.write(head + (index if index_first else b""))
        file.write(struct.pack(">I4sQ", 1, b"mdat", 16 + HOLE + len(parts[b"mdat"])))
        file.seek(HOLE, 1)
        file.write(parts[b"mdat"] + (b"" if index_first else index))
    return path


@pytest.mark.parametrize("index_first", [True, False])
async def test_a_file_beyond_4_gib_is_read_like_any_other(
    index_first: bool, film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    small = film("large-small.mp4", writer={})
    large = beyond_4_gib(small, tmp_path / "large.mp4", index_first=index_first)
    known, found = probe_file(small), probe_file(large)
    assert (found.problem, found.size) == (None, large.stat().st_size)
    assert (found.duration_s, found.video, found.audio) == (known.duration_s, known.video, known.audio)
    codes = {item.code for item in validate(found)}
    assert "file_size" in codes
    assert ("index_last" in codes) is not index_first
    report = await service.check(large)
    assert not report.ok
    assert report.findings[0].code == "file_size"


@pytest.mark.parametrize("cut", [1, 1000])
def test_one_that_was_cut_off_beyond_4_gib_is_found(cut: int, film: Recipes, tmp_path: Path) -> None:
    large = beyond_4_gib(film("large-small.mp4", writer={}), tmp_path / "large.mp4", index_first=True)
    with large.open("r+b") as file:
        file.truncate(large.stat().st_size - cut)
    assert probe_file(large).problem == "truncated"
