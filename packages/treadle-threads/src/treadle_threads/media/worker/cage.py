"""Locking this process down before it touches a stranger's file: limits, no files, no network, no other processes.

Linux: resource limits, Landlock for files, TCP and signals, a filter of system calls (:mod:`.seccomp`), all through
:mod:`ctypes`. Containers and older kernels lack some, so :func:`close_cage` reports what is in force; whether that is
enough is for its caller to decide. Call it after everything that must be imported has been imported, and every file
has been opened: no path can be looked up afterwards, with or without Landlock.

``python -m treadle_threads.media.worker.cage`` closes the cage around itself and prints what is in force here.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import resource
import signal
import struct
import sys
from dataclasses import asdict, dataclass
from typing import Any

from treadle_threads.media.worker import seccomp

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. Megabytes are 2**20 bytes, times are seconds.

    ``threads`` bounds the encoder: with more of them the memory limit would have to grow. ``wall_s`` is kept by the
    parent, the rest by the kernel.
    """

    memory_mb: int = 2048
    cpu_s: int = 3600
    wall_s: float = 3600.0
    file_mb: int = 1200
    open_files: int = 64
    threads: int = 2

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CageState:
    """What is in force: Landlock's ABI version (0: none), whether system calls are filtered, whether limits are set."""

    landlock: int
    seccomp: bool
    limits: bool

    @property
    def missing(self) -> list[str]:
        """What a whole cage has and this one lacks, by name."""
        parts = {"Landlock": self.landlock > 0, "seccomp": self.seccomp, "limits": self.limits}
        return [name for name, there in parts.items() if not there]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def close_cage(limits: Limits) -> CageState:
    """Lock this process down for good. Files that are open stay usable; no other can be opened."""
    set_limits(limits)
    if not sys.platform.startswith("linux"):
        return CageState(0, False, True)
    libc = ctypes.CDLL(None, use_errno=True)
    die_with_parent()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return CageState(0, False, True)
    # A call that nothing here should make ends the process; before that, the line that made it is written down.
    faulthandler.register(signal.SIGSYS, file=2, all_threads=False, chain=True)
    return CageState(_landlock(libc), seccomp.install(libc), True)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def set_limits(limits: Limits) -> None:
    """Resource limits, never above what this process was given."""
    mebi = 1 << 20
    wanted = [
        (resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 5),
        (resource.RLIMIT_FSIZE, limits.file_mb * mebi, limits.file_mb * mebi),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_CORE, 0, 0),
    ]
    if sys.platform.startswith("linux"):  # elsewhere the address space cannot be bounded
        wanted.append((resource.RLIMIT_AS, limits.memory_mb * mebi, limits.memory_mb * mebi))
    for name, soft, hard in wanted:
        _, most = resource.getrlimit(name)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(name, (soft, hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # too large a file is then an error to report, not a death


def _landlock(libc: ctypes.CDLL) -> int:
    """Refuse every file (and TCP, signals, abstract sockets where the kernel can). Returns the ABI version."""
    abi: int = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 1 or not seccomp.alone():  # it binds this thread alone
        return 0
    files = (1 << 13) - 1
    files |= (1 << 13 if abi >= 2 else 0) | (1 << 14 if abi >= 3 else 0) | (1 << 15 if abi >= 5 else 0)
    attributes = struct.pack("<QQQ", files, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    attributes = attributes[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = libc.syscall(_LANDLOCK_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return 0
    try:
        return 0 if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) else abi
    finally:
        os.close(ruleset)


def main() -> None:
    """Close the cage here, try its walls, and print what is in force."""
    state = close_cage(Limits())
    for attempt in (lambda: os.open("/", os.O_RDONLY), lambda: os.kill(os.getppid(), 0)):
        with contextlib.suppress(PermissionError):
            attempt()
            state = CageState(state.landlock, False, state.limits)
    os.write(1, json.dumps(state.to_json()).encode())


if __name__ == "__main__":
    main()
