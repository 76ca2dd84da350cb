"""Locking this process down before it touches a stranger's file: limits, no new files, no network, no new programs.

Linux: resource limits, Landlock for files and TCP, seccomp for everything else, all through :mod:`ctypes`. Each part
is best effort, because containers and older kernels lack some; :func:`close_cage` reports what is active. Call it
after everything that must be imported has been imported.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_FS_WRITE, _FS_READ, _FS_READ_DIR = 1 << 1, 1 << 2, 1 << 3
_FS_REMOVE_FILE, _FS_MAKE_FILE, _FS_TRUNCATE = 1 << 5, 1 << 8, 1 << 14


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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def close_cage(limits: Limits, writable: Sequence[str] = (), readable: Sequence[str] = ()) -> CageState:
    """Lock this process down for good. Open files stay usable; only ``writable`` and ``readable`` can be opened."""
    set_limits(limits)
    if not sys.platform.startswith("linux"):
        return CageState(0, False, True)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return CageState(0, False, True)
    try:
        landlock = _landlock(libc, readable, writable)
    except OSError:
        landlock = 0
    try:
        seccomp = _seccomp(libc)
    except OSError:
        seccomp = False
    return CageState(landlock, seccomp, True)


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


def _failed(what: str) -> OSError:
    return OSError(ctypes.get_errno(), what)


def _landlock(libc: ctypes.CDLL, readable: Sequence[str], writable: Sequence[str]) -> int:
    """Restrict files (and TCP, signals, abstract sockets where the kernel can). Returns the ABI version."""
    abi: int = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return 0
    files = (1 << 13) - 1
    files |= (1 << 13 if abi >= 2 else 0) | (_FS_TRUNCATE if abi >= 3 else 0) | (1 << 15 if abi >= 5 else 0)
    attributes = struct.pack("<QQQ", files, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    attributes = attributes[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = libc.syscall(_LANDLOCK_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise _failed("landlock_create_ruleset")
    reading = _FS_READ | _FS_READ_DIR
    writing = reading | _FS_WRITE | _FS_REMOVE_FILE | _FS_MAKE_FILE | (_FS_TRUNCATE if abi >= 3 else 0)
    for paths, access in ((readable, reading), (writable, writing)):
        for path in paths:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = access if os.path.isdir(path) else access & (_FS_READ | _FS_WRITE | _FS_TRUNCATE)
            rule = ctypes.c_char_p(struct.pack("<Qi", allowed, handle))
            if libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0):
                raise _failed("landlock_add_rule")
            os.close(handle)
    if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0):
        raise _failed("landlock_restrict_self")
    os.close(ruleset)
    return abi


# System calls that end in EPERM, by machine: x86_64 and aarch64 number them differently.
_CALLS = {
    "x86_64": (0xC000003E, {
        "socket": 41, "connect": 42, "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62,
        "ptrace": 101, "mount": 165, "tkill": 200, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
        "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321,
        "execveat": 322, "userfaultfd": 323, "io_uring_setup": 425, "clone3": 435,
    }),
    "aarch64": (0xC00000B7, {
        "mount": 40, "unshare": 97, "ptrace": 117, "kill": 129, "tkill": 130, "socket": 198, "socketpair": 199,
        "connect": 203, "keyctl": 219, "clone": 220, "execve": 221, "perf_event_open": 241, "open_by_handle_at": 265,
        "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "execveat": 281,
        "userfaultfd": 282, "io_uring_setup": 425, "clone3": 435,
    }),
}  # fmt: skip


def _seccomp(libc: ctypes.CDLL) -> bool:
    """Filter system calls. ``False``: this machine's numbers are not known here."""
    machine = platform.machine()
    if machine not in _CALLS:
        return False
    architecture, calls = _CALLS[machine]
    load, equal, bits_set, at_least, end = 0x20, 0x15, 0x45, 0x35, 0x06
    refuse, absent = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
    allow, kill = 0x7FFF0000, 0x80000000
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (end, 0, 0, kill), (load, 0, 0, 0)]
    if machine == "x86_64":  # the x32 numbers would pass by the list
        program += [(at_least, 0, 1, 0x40000000), (end, 0, 0, refuse)]
    for name, number in calls.items():
        if name == "clone":  # threads yes (CLONE_THREAD), processes no
            program += [(equal, 0, 4, number), (load, 0, 0, 16), (bits_set, 1, 0, 0x10000), (end, 0, 0, refuse)]
            program += [(end, 0, 0, allow)]
        else:  # without clone3 the C library falls back to clone, whose flags can be looked at
            program += [(equal, 0, 1, number), (end, 0, 0, absent if name == "clone3" else refuse)]
    program.append((end, 0, 0, allow))
    code = b"".join(struct.pack("<HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    argument = Filter(len(program), ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(argument), 0, 0):
        raise _failed("seccomp")
    return True
