"""Judging a fetched file by Threads' rules. The only place that knows how files are probed."""

from __future__ import annotations

from pathlib import Path

from treadle.sandbox.fetcher import Fetched
from treadle.sandbox.options import Options


def _sniff(head: bytes) -> str:
    """Content type by the first bytes, never by what the host said."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    return ""


def _head(path: Path | None) -> bytes:
    if path is None:
        return b""
    with path.open("rb") as file:
        return file.read(64)


async def judge_image(options: Options, fetched: Fetched) -> str | None:
    """The named answer (or ``UNKNOWN``) a wrong image gets, ``None`` for a good one."""
    fetched.content_type = _sniff(_head(fetched.path))
    if fetched.truncated or fetched.size > options.max_image_bytes:
        return "image_too_large"
    if fetched.content_type == "image/webp":
        return None if options.webp == "accept" else "UNKNOWN"
    if fetched.content_type not in ("image/jpeg", "image/png"):
        return "image_format"
    return None


async def judge_video(options: Options, fetched: Fetched) -> str | None:
    """The ``error_message`` a wrong video ends with, ``None`` for a good one."""
    fetched.content_type = _sniff(_head(fetched.path))
    if fetched.truncated:
        return "UNKNOWN"
    return None if fetched.content_type.startswith("video/") else "FAILED_PROCESSING_VIDEO"
