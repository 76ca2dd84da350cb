"""The filter of system calls: a list of what decoding and encoding need, with their arguments; all else is refused.

The list was taken from traces of every kind of job (copying, encoding on several threads, pictures, animations), and
widened by harmless calls that another C library or kernel makes in their place. Four answers are given:

- *allowed*: :data:`ALLOWED`, and :data:`CHECKED` for some values of their arguments;
- *absent* (``ENOSYS``): every number from 424 up, which is what came after Linux 5.0. Libraries probe these calls and
  fall back when a kernel lacks them: without ``clone3`` the C library takes ``clone``, whose flags can be looked at;
- *not permitted* (``EPERM``): :data:`REFUSED`. Libraries try these and do without them: x264 lowers a thread's
  priority, the C library looks for the number of processors, Python asks whether a file is a terminal;
- *trapped* (``SIGSYS``) for the rest. No library here makes such a call. An error might be taken for a damaged file;
  a process that ends by this signal cannot be.

No call that takes the name of a file is allowed, not even to read: what a job needs is open before. This holds on
kernels without Landlock, too.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator, Mapping

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_FLAG_TSYNC = 1

ARCHITECTURES: Mapping[str, tuple[int, int]] = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""By machine: the kernel's own number for it, and its column in the tables below."""
NEW_CALLS_FROM = 424

# Numbers on x86_64 and aarch64; -1: that machine has no such call. The most frequent come first.
ALLOWED: Mapping[str, tuple[int, int]] = {
    "futex": (202, 98), "read": (0, 63), "write": (1, 64), "lseek": (8, 62), "pread64": (17, 67),
    "pwrite64": (18, 68), "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216),
    "rt_sigprocmask": (14, 135), "rt_sigaction": (13, 134), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "set_robust_list": (273, 99), "rseq": (334, 293),
    "set_tid_address": (218, 96), "exit": (60, 93), "exit_group": (231, 94), "restart_syscall": (219, 128),
    "readv": (19, 65), "writev": (20, 66), "preadv": (295, 69), "pwritev": (296, 70),
    "close": (3, 57), "fstat": (5, 80), "dup": (32, 23), "ftruncate": (77, 46), "fsync": (74, 82),
    "fdatasync": (75, 83), "fadvise64": (221, 223), "copy_file_range": (326, 285), "sendfile": (40, 71),
    "poll": (7, -1), "ppoll": (271, 73), "select": (23, -1), "pselect6": (270, 72), "eventfd2": (290, 19),
    "mincore": (27, 232), "msync": (26, 227), "getcpu": (309, 168), "getrandom": (318, 278),
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "gettimeofday": (96, 169), "time": (201, -1), "times": (100, 153), "getrusage": (98, 165),
    "getrlimit": (97, 163), "sysinfo": (99, 179), "uname": (63, 160), "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120), "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126),
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177),
}  # fmt: skip

CHECKED: Mapping[str, tuple[int, int]] = {
    "mprotect": (10, 226), "mmap": (9, 222), "madvise": (28, 233), "clone": (56, 220), "fcntl": (72, 25),
    "prctl": (157, 167), "prlimit64": (302, 261), "tgkill": (234, 131), "ioctl": (16, 29),
}  # fmt: skip

REFUSED: Mapping[str, tuple[int, int]] = {
    # by the name of a file
    "open": (2, -1), "openat": (257, 56), "creat": (85, -1), "access": (21, -1), "faccessat": (269, 48),
    "stat": (4, -1), "lstat": (6, -1), "newfstatat": (262, 79), "statx": (332, 291), "readlink": (89, -1),
    "readlinkat": (267, 78), "getcwd": (79, 17), "statfs": (137, 43), "unlink": (87, -1), "unlinkat": (263, 35),
    "mkdir": (83, -1), "mkdirat": (258, 34), "rmdir": (84, -1), "rename": (82, -1), "renameat": (264, 38),
    "renameat2": (316, 276), "chdir": (80, 49), "chmod": (90, -1),
    # another's time on the processor
    "setpriority": (141, 140), "getpriority": (140, 141), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "sched_setaffinity": (203, 122),
    "ioprio_set": (251, 30),
    # where memory lies
    "mbind": (237, 235), "set_mempolicy": (238, 237), "get_mempolicy": (239, 236), "mlock": (149, 228),
    "mlock2": (325, 284), "mlockall": (151, 230), "munlock": (150, 229), "membarrier": (324, 283),
    # other processes and hosts
    "kill": (62, 129), "tkill": (200, 130), "fork": (57, -1), "vfork": (58, -1), "execve": (59, 221),
    "pipe": (22, -1), "pipe2": (293, 59), "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203),
}  # fmt: skip

Step = tuple[int, int, int, int]
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _END = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_ALLOW: Step = (_END, 0, 0, 0x7FFF0000)
_TRAP: Step = (_END, 0, 0, 0x00030000)
_KILL: Step = (_END, 0, 0, 0x80000000)

_THREAD, _THREAD_FLAGS = 0x10000, 0x7D0F00
"""What a thread must have, and all that the C libraries (glibc, musl) ask for; none of it is a namespace."""
_PROT_EXEC = 4
_MADVISE_HARMLESS = 100
"""From this number on, advice takes memory away from the whole machine."""
_FCNTL = (0, 1, 2, 3, 1030)
"""Copies of descriptors and reading their flags; not locks, and not who is signalled (``F_SETOWN``)."""
_PRCTL = (15, 16, 0x53564D41)
"""Names of threads and of memory areas."""


def _errno(number: int) -> Step:
    return (_END, 0, 0, 0x00050000 | number)


_EPERM = _errno(errno.EPERM)


def _argument(index: int, *, high: bool = False) -> Step:
    """Load half of an argument; both machines are little-endian."""
    return (_LOAD, 0, 0, 16 + 8 * index + 4 * high)


def _one_of(index: int, values: tuple[int, ...]) -> list[Step]:
    steps = [_argument(index)]
    for value in values:
        steps += [(_EQUAL, 0, 1, value), _ALLOW]
    return [*steps, _EPERM]


def _checks(pid: int) -> dict[str, list[Step]]:
    """For each call of :data:`CHECKED`, the steps that end in an answer."""
    no_new_code = [_argument(2), (_ANY_BIT, 0, 1, _PROT_EXEC), _EPERM, _ALLOW]
    nowhere = (_ANY_BIT, 0, 1, 0xFFFFFFFF)
    return {
        "mmap": no_new_code,
        "mprotect": no_new_code,
        "madvise": [_argument(2), (_AT_LEAST, 0, 1, _MADVISE_HARMLESS), _EPERM, _ALLOW],
        "clone": [
            _argument(0),
            (_ANY_BIT, 1, 0, _THREAD), _EPERM,
            (_ANY_BIT, 0, 1, 0xFFFFFFFF & ~_THREAD_FLAGS), _EPERM,
            _ALLOW,
        ],
        "fcntl": _one_of(1, _FCNTL),
        "prctl": _one_of(0, _PRCTL),
        # its own limits, and those for reading alone: there is no new value
        "prlimit64": [
            _argument(0), (_EQUAL, 2, 0, 0), (_EQUAL, 1, 0, pid), _EPERM,
            _argument(2), nowhere, _EPERM,
            _argument(2, high=True), nowhere, _EPERM,
            _ALLOW,
        ],
        "tgkill": _one_of(0, (pid,)),  # how abort() ends a process
        "ioctl": [_errno(errno.ENOTTY)],
    }  # fmt: skip


def program(machine: str, pid: int) -> list[Step]:
    """The filter for this machine and this process, as steps of the kernel's packet filter."""
    architecture, column = ARCHITECTURES[machine]
    steps = [(_LOAD, 0, 0, _ARCHITECTURE_AT), (_EQUAL, 1, 0, architecture), _KILL, (_LOAD, 0, 0, _NUMBER_AT)]
    # the numbers of x32 (from 0x40000000), by which a list could be passed, end here as well
    steps += [(_AT_LEAST, 0, 1, NEW_CALLS_FROM), _errno(errno.ENOSYS)]
    for number in _numbers(ALLOWED, column):
        steps += [(_EQUAL, 0, 1, number), _ALLOW]
    for name, check in _checks(pid).items():
        steps += [(_EQUAL, 0, len(check), CHECKED[name][column]), *check]
    for number in _numbers(REFUSED, column):
        steps += [(_EQUAL, 0, 1, number), _EPERM]
    return [*steps, _TRAP]


def _numbers(calls: Mapping[str, tuple[int, int]], column: int) -> Iterator[int]:
    return (numbers[column] for numbers in calls.values() if numbers[column] >= 0)


def install(libc: ctypes.CDLL) -> bool:
    """Filter the calls of every thread of this process, for good. ``False``: not possible here.

    Needs ``PR_SET_NO_NEW_PRIVS``.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES or sys.maxsize < 2**32:
        return False
    return load(libc, program(machine, os.getpid()))


def load(libc: ctypes.CDLL, steps: list[Step]) -> bool:
    """Hand a program to the kernel. ``False``: it takes none."""
    code = b"".join(struct.pack("<HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    given = Filter(len(steps), ctypes.addressof(buffer))
    seccomp = {"x86_64": 317, "aarch64": 277}[platform.machine()]
    if libc.syscall(seccomp, 1, _FLAG_TSYNC, ctypes.byref(given)) == 0:
        return True
    return alone() and libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(given), 0, 0) == 0


def alone() -> bool:
    """Whether this thread is the only one of its process."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False
