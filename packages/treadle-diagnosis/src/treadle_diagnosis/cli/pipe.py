"""Standard output that outlives its reader, for ``treadle ... | head``."""

from __future__ import annotations

import io
import stat
import sys
from os import devnull, fstat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Pipe(io.FileIO):
    """Standard output into a pipe. Once the reader (head, less) has seen enough, the rest goes nowhere.

    So a command's exit code does not depend on how much of its output was read, nor on when the reader left.
    """

    gone = False

    def write(self, data: ReadableBuffer, /) -> int:
        if not self.gone:
            try:
                return super().write(data) or 0
            except BrokenPipeError:
                self.gone = True
        return memoryview(data).nbytes


def _nowhere() -> io.TextIOWrapper:
    """For a stream that whoever started this had closed (``>&-``): Python has none then."""
    return open(devnull, "w", encoding="utf-8")


def outlive_the_reader() -> None:
    """From now on a closed pipe loses the rest of the output and nothing else, as does one closed from the start."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    out = sys.stdout
    try:
        mode = fstat(out.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return  # closed, or a test's own
    if isinstance(out, io.TextIOWrapper) and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        out.flush()
        raw = _Pipe(out.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), out.encoding, out.errors, write_through=out.write_through
        )  # fmt: skip


def reader_gone() -> bool:
    """Whether whoever read standard output has closed it; for commands that would go on writing for long."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, _Pipe) and raw.gone


def drop_the_rest() -> None:
    """After Ctrl-C: what was not written yet stays unwritten, as with every program that a signal ends.

    A signal may come between a write and the buffer's hearing of it; the same lines would then be written twice.
    """
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Pipe):
        raw.gone = True
