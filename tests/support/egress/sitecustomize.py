"""The socket hook. Standard library only: it runs at the start of every Python that a test starts.

``sys.addaudithook`` hears of every connection that Python's sockets make, in whatever library. One is let through when
the socket is the guard's own, or when a test (not the product on behalf of a test) makes it: the innermost frame that
is either the product's or the tests' own decides. Drivers in C and Rust (libpq, obstore) do not use Python's sockets;
their addresses come from the operator's settings alone, which a test of its own holds.
"""

from __future__ import annotations

import os
import sys
from types import FrameType

RECORD = "EGRESS_RECORD"
_HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(_HERE)) + os.sep
_ROOT = os.path.dirname(os.path.dirname(TESTS))
# Programs of the repository that play a client, as tests do, and the client itself: it runs in its user's program.
_CLIENTS = tuple(os.path.join(_ROOT, name) + os.sep for name in ("tools", "bench", "packages/treadle-client"))
PRODUCT = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(_HERE))), "packages") + os.sep
_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
# A test's own client may connect in a task of asyncio's, where no frame of the test is left: its libraries alone.
_OF_TESTS = ("/playwright/", "/execnet/", "/xdist/")


class Unguarded(RuntimeError):
    """A connection that the guard did not make."""


def _who(frame: FrameType | None) -> str | None:
    """Where the product made this connection; ``None`` when a test did."""
    outermost = "nobody's code"
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PRODUCT) and not name.startswith(_CLIENTS):
            return f"{name[len(PRODUCT) :]}:{frame.f_lineno} {frame.f_code.co_name}"
        if (name.startswith((TESTS, *_CLIENTS)) and not name.startswith(_HERE)) or any(
            part in name for part in _OF_TESTS
        ):
            return None
        outermost = f"{name}:{frame.f_lineno} {frame.f_code.co_name}"
        if frame.f_back is None and frame.f_code.co_name == "<module>":
            return None  # a program of a test or of the documentation, in which the product had no part
        frame = frame.f_back
    return outermost


def hook(event: str, args: tuple[object, ...]) -> None:
    if event not in _EVENTS:
        return
    made = type(args[0])
    address = args[1]
    if address is None or (made.__module__ == "treadle_threads.media.guard" and made.__name__ == "GuardedSocket"):
        return
    where = _who(sys._getframe(1))
    if where is None:
        return
    said = f"{event} to {address!r} from {where}"
    seen.append(said)
    if path := os.environ.get(RECORD):
        try:
            with open(path, "a", encoding="utf-8") as record:
                record.write(said.replace("\n", " ") + "\n")
        except OSError:
            pass
    raise Unguarded(said)


seen: list[str] = []
if os.environ.get(RECORD):
    sys.addaudithook(hook)
