"""Whose fault a failure in the worker is: the file's, because its reader says so, or Treadle's own."""

from __future__ import annotations

import errno
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Read = TypeVar("Read")

_NO_MEMORY = (errno.ENOMEM, errno.EAGAIN)  # EAGAIN: no room for another thread
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EPERM, errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOENT)
# What Pillow's readers raise for contents that are wrong; OSError only without a number, which the system's have.
_BAD_PICTURE = (
    SyntaxError, ValueError, LookupError, TypeError, EOFError, ArithmeticError, SystemError, struct.error, zlib.error,
)  # fmt: skip


class Unreadable(ValueError):
    """A demuxer or decoder says that the contents are not what they should be: the file is damaged."""


class PictureRefused(Exception):
    """The picture cannot be used here. ``code`` is a finding's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NoCodec(Exception):
    """The file may be sound, but nothing installed here reads (or writes) it."""


def blame(error: BaseException) -> str:
    """The word for a failed job: ``media`` for a damaged file, every other one is a fault of Treadle's own.

    ``memory``, ``disk`` and ``codec`` say what was missing, ``large`` that the result met the limit of a file's size,
    ``fault`` everything else.
    """
    number = getattr(error, "errno", None)
    if isinstance(error, PictureRefused):
        return error.code
    if isinstance(error, Unreadable) or _is(error, "InvalidDataError"):
        return "media"
    if isinstance(error, MemoryError) or number in _NO_MEMORY:
        return "memory"
    if isinstance(error, NoCodec) or _is(error, "LookupError", "PatchWelcomeError", "NotImplementedError"):
        return "codec"
    if isinstance(error, OSError) and number in _FULL:
        return "disk"
    if isinstance(error, OSError) and number == errno.EFBIG:
        return "large"
    return "fault"


def _is(error: BaseException, *names: str) -> bool:
    """Whether it is one of PyAV's errors by these names. Where PyAV is not loaded, it is not: nothing may be now."""
    known = sys.modules.get("av.error")
    return known is not None and isinstance(error, tuple(getattr(known, name) for name in names))


def read_by(read: Callable[[], Iterable[Read]]) -> Iterator[Read]:
    """What a demuxer or decoder of PyAV gives. What it holds against the file is raised as :class:`Unreadable`."""
    import av.error

    try:
        pieces = iter(read())
    except av.error.FFmpegError as error:
        raise about_the_file(error) from error
    while True:
        try:
            piece = next(pieces)
        except StopIteration:
            return
        except av.error.FFmpegError as error:
            raise about_the_file(error) from error
        yield piece


def about_the_file(error: Exception) -> Exception:
    """An invalid argument, an early end or unknown trouble come from the contents while they are being read; what this
    machine lacks, and what broke in our own reading, do not."""
    import av.error

    ours = isinstance(error, av.error.BugError | av.error.PyAVCallbackError)
    refused = isinstance(error, OSError) and error.errno in _REFUSED
    if blame(error) not in ("media", "fault") or ours or refused:
        return error
    return Unreadable(f"{type(error).__name__}: {error}")


def decodable(stream: Any) -> None:
    """Raise :class:`NoCodec` for a stream that nothing installed here decodes."""
    if stream.codec_context is None:
        raise NoCodec(f"nothing here decodes the {stream.type} stream {stream.index}")


@contextmanager
def reading_a_picture() -> Iterator[None]:
    """Around calls of Pillow that open or decode: what its reader holds against the file is :class:`Unreadable`."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    except _BAD_PICTURE as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    except RuntimeError as error:
        raise _from_a_library(error) from error


def _from_a_library(error: RuntimeError) -> Exception:
    """What libavif or libheif says, which comes as a RuntimeError whatever it is about: nearly always the contents."""
    words = str(error).lower()
    if isinstance(error, NotImplementedError | RecursionError) or "thread" in words:
        return error
    if "memory" in words:
        return MemoryError(str(error))
    if "no codec" in words or "unsupported" in words:
        return NoCodec(str(error))
    return Unreadable(f"{type(error).__name__}: {error}")
