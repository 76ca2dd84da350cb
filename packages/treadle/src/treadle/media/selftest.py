"""Repairing a tiny file for real, the way a user's file goes, to see whether this machine can: worker, cage, codecs."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from pathlib import Path

from treadle.media.service import MediaService, NotPreparable
from treadle.settings import Settings

# Two pictures of 64x64 in turn. Made a film, it needs Pillow, the encoder and the MP4 writer; the worker itself encodes
# and decodes picture and sound before it begins.
GIF = base64.b64decode(
    "R0lGODlhQABAAIEAAMgoKBQ8yAAAAAAAACH/C05FVFNDQVBFMi4wAwEAAAAh+QQAKAAAACwAAAAAQABAAAAIaQABCBxIsKDBgwgTKlzIsKHDhxAj"
    "SpxIsaLFixgzatzIsaPHjyBDihxJsqTJkyhTqlzJsqXLlzBjypxJs6bNmzhz6tzJs6fPn0CDCh1KtKjRo0iTKl3KtKnTp1CjSp1KtarVq1izagUQ"
    "EAAh+QQBKAABACwAAAAAQABAAIEUPMgAAAAAAAAAAAAIaQABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFixgzatzIsaPHjyBDihxJsqTJkyhTqlzJ"
    "sqXLlzBjypxJs6bNmzhz6tzJs6fPn0CDCh1KtKjRo0iTKl3KtKnTp1CjSp1KtarVq1izagUQEAA7"
)


async def failing_repair(settings: Settings) -> str | None:
    """Why a tiny file cannot be repaired here; ``None`` when it was. Works in the data directory and leaves nothing."""
    there = settings.data_dir if settings.data_dir.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(prefix=".treadle-test-", dir=there) as folder:
            changes = {"data_dir": Path(folder), "media_store_url": ""}
            return await _failing(settings.model_copy(update=changes))
    except OSError as error:
        return str(error)


async def _failing(settings: Settings) -> str | None:
    source = settings.data_dir / "tiny.gif"
    await asyncio.to_thread(source.write_bytes, GIF)
    service = MediaService(settings, workers=1)
    try:
        made = await service.prepare(source)
    finally:
        await service.close()
    if not isinstance(made, NotPreparable):
        return None
    return str(made.findings[0].got or made.findings[0].message)
