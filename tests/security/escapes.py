"""A program that closes the cage and tries to get out: each way in a process of its own, which says how it ended.

Standard input: a JSON object with ``cage`` (false: the same attempts without one), ``without`` (parts that this kernel
is to lack), ``skip`` (ways not to try), and what there is to attack. Standard output: for each way ``worked``, the
error's name, or ``SIGSYS``.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import struct
import sys
from collections.abc import Callable
from typing import Any

from treadle_threads.media.worker import seccomp
from treadle_threads.media.worker.cage import CageState, Limits, close_cage

libc = ctypes.CDLL(None, use_errno=True)
MACHINE = platform.machine()
COLUMN = seccomp.ARCHITECTURES[MACHINE][1] if MACHINE in seccomp.ARCHITECTURES else 0

# Numbers on x86_64 and aarch64; -1: that machine has no such call.
NUMBERS = {
    "prlimit64": (302, 261), "setrlimit": (160, 164), "tkill": (200, 130), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "kcmp": (312, 272), "chmod": (90, -1), "fchmod": (91, 52), "fchmodat": (268, 53),
    "fchmodat2": (452, 452), "chown": (92, -1), "lchown": (94, -1), "fchown": (93, 55), "fchownat": (260, 54),
    "utime": (132, -1), "utimes": (235, -1), "futimesat": (261, -1), "utimensat": (280, 88), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "getxattr": (191, 8), "listxattr": (194, 11),
    "removexattr": (197, 14), "setxattrat": (463, 463), "openat2": (437, 437), "creat": (85, -1),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "pivot_root": (155, 41), "mount": (165, 40),
    "umount2": (166, 39), "open_tree": (428, 428), "fsopen": (430, 430), "move_mount": (429, 429),
    "mount_setattr": (442, 442), "inotify_init1": (294, 26), "fanotify_init": (300, 262), "io_uring_setup": (425, 425),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "mq_open": (240, 180), "memfd_create": (319, 279), "memfd_secret": (447, 447), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "unshare": (272, 97), "setns": (308, 268),
    "clone": (56, 220), "clone3": (435, 435), "vfork": (58, -1), "execveat": (322, 281), "sched_setattr": (314, 274),
    "sched_setparam": (142, 118), "ioprio_set": (251, 30), "personality": (135, 92), "seccomp": (317, 277),
    "modify_ldt": (154, -1), "iopl": (172, -1), "syslog": (103, 116), "acct": (163, 89), "init_module": (175, 105),
    "kexec_load": (246, 104), "quotactl": (179, 60), "reboot": (169, 142), "swapon": (167, 224),
    "settimeofday": (164, 170), "setuid": (105, 146), "setgroups": (116, 159), "capset": (126, 91),
    "setsid": (112, 157), "setpgid": (109, 154), "timer_create": (222, 107), "vmsplice": (278, 75),
    "fallocate": (285, 47), "flock": (73, 32), "remap_file_pages": (216, 234), "pkey_mprotect": (329, 288),
    "landlock_create_ruleset": (444, 444), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "sendto": (44, 206), "bind": (49, 200), "listen": (50, 201),
}  # fmt: skip


class NoSuchCall(Exception):
    """This machine has it under no number."""


def call(name: str, *arguments: object) -> int:
    number = NUMBERS[name][COLUMN]
    if number < 0:
        raise NoSuchCall(name)
    return raw(number, *arguments)


def raw(number: int, *arguments: object) -> int:
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = libc.syscall(ctypes.c_long(number), *given)
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def pretend_without(*parts: str) -> None:
    """From here on, for this process and its children, a kernel that lacks ``Landlock`` or ``seccomp``."""
    libc.prctl(38, 1, 0, 0, 0)
    load, equal, at_least, end, fail = 0x20, 0x15, 0x35, 0x06, 0x00050000
    steps = [(load, 0, 0, 0)]
    if "Landlock" in parts:
        steps += [(at_least, 0, 2, 444), (at_least, 1, 0, 447), (end, 0, 0, fail | errno.ENOSYS)]
    if "seccomp" in parts:
        prctl = {"x86_64": 157, "aarch64": 167}[MACHINE]
        steps += [(equal, 0, 1, NUMBERS["seccomp"][COLUMN]), (end, 0, 0, fail | errno.ENOSYS)]
        steps += [(equal, 0, 3, prctl), (load, 0, 0, 16), (equal, 0, 1, 22), (end, 0, 0, fail | errno.EINVAL)]
    assert seccomp.load(libc, [*steps, (end, 0, 0, 0x7FFF0000)])


class Attempts:
    """The ways out. What is opened here is open before the cage closes, as a leaked descriptor would be."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.victim: int = given["victim"]
        self.inside, self.outside = given["inside"], given["outside"]
        self.work: str = given["work"]
        self.given = given
        self.key = os.open(given["inside"], os.O_RDWR)
        self.source = os.open(given["inside"], os.O_RDONLY)
        self.folder = os.open(self.work, os.O_RDONLY)
        self.pipe = os.pipe()
        self.pidfd = os.pidfd_open(self.victim)
        self.sockets = {
            "inet": socket.socket(socket.AF_INET), "inet6": socket.socket(socket.AF_INET6),
            "unix": socket.socket(socket.AF_UNIX), "abstract": socket.socket(socket.AF_UNIX),
            "bound": socket.socket(socket.AF_INET), "heard": socket.socket(socket.AF_INET),
            "datagram": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        }  # fmt: skip
        self.buffer = ctypes.create_string_buffer(4096)
        self.page = mmap.mmap(-1, 4096)
        self.limit = struct.pack("QQ", 40, 40)
        self.program = ctypes.create_string_buffer(struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000), 8)

    def info(self) -> bytes:
        return struct.pack("iii", 0, 0, -1) + bytes(116)  # siginfo: from sigqueue()

    def all(self) -> dict[str, Callable[[], object]]:
        found: dict[str, Callable[[], object]] = {}
        for group in (self.limits, self.signals, self.metadata, self.files, self.network, self.scheduling, self.keys,
                      self.processes, self.kernel):  # fmt: skip
            found.update(group())
        return found

    def limits(self) -> dict[str, Callable[[], object]]:
        limit, out = self.limit, self.buffer
        return {
            "prlimit another": lambda: call("prlimit64", self.victim, resource.RLIMIT_NOFILE, limit, 0),
            "prlimit another, read": lambda: call("prlimit64", self.victim, resource.RLIMIT_NOFILE, 0, out),
            "prlimit itself": lambda: call("prlimit64", 0, resource.RLIMIT_NOFILE, limit, 0),
            "setrlimit": lambda: call("setrlimit", resource.RLIMIT_NOFILE, limit),
        }

    def signals(self) -> dict[str, Callable[[], object]]:
        victim, info = self.victim, self.info()
        return {
            "kill": lambda: os.kill(victim, 0),
            "kill the parent": lambda: os.kill(os.getppid(), 0),
            "kill its group": lambda: os.kill(0, 0),
            "kill everybody": lambda: os.kill(-1, 0),
            "tkill": lambda: call("tkill", victim, 0),
            "tgkill": lambda: call("tgkill", victim, victim, 0),
            "rt_sigqueueinfo": lambda: call("rt_sigqueueinfo", victim, 0, info),
            "rt_tgsigqueueinfo": lambda: call("rt_tgsigqueueinfo", victim, victim, 0, info),
            "pidfd_open": lambda: call("pidfd_open", victim, 0),
            "pidfd_send_signal": lambda: call("pidfd_send_signal", self.pidfd, 0, 0, 0),
            "fcntl owner": lambda: libc_call(libc.fcntl, self.pipe[0], 8, victim),
            "fcntl asynchronous": lambda: libc_call(libc.fcntl, self.pipe[0], 4, 0o20000),
            "ioctl owner": lambda: libc_call(libc.ioctl, self.sockets["inet"].fileno(), 0x8901, struct.pack("i", 1)),
            "timer": lambda: call("timer_create", 1, 0, self.buffer),
        }

    def metadata(self) -> dict[str, Callable[[], object]]:
        path, at = self.given["inside"].encode(), -100
        me, group, name, value = os.getuid(), os.getgid(), b"user.treadle", b"x"
        return {
            "chmod": lambda: call("chmod", path, 0o600),
            "fchmod": lambda: call("fchmod", self.key, 0o600),
            "fchmodat": lambda: call("fchmodat", at, path, 0o600),
            "fchmodat2": lambda: call("fchmodat2", at, path, 0o600, 0),
            "chown": lambda: call("chown", path, me, group),
            "lchown": lambda: call("lchown", path, me, group),
            "fchown": lambda: call("fchown", self.key, me, group),
            "fchownat": lambda: call("fchownat", at, path, me, group, 0),
            "utime": lambda: call("utime", path, 0),
            "utimes": lambda: call("utimes", path, 0),
            "futimesat": lambda: call("futimesat", at, path, 0),
            "utimensat": lambda: call("utimensat", at, path, 0, 0),
            "futimens": lambda: call("utimensat", self.key, 0, 0, 0),
            "setxattr": lambda: call("setxattr", path, name, value, 1, 0),
            "lsetxattr": lambda: call("lsetxattr", path, name, value, 1, 0),
            "fsetxattr": lambda: call("fsetxattr", self.key, name, value, 1, 0),
            "listxattr": lambda: call("listxattr", path, 0, 0),
            "getxattr": lambda: call("getxattr", path, b"user.there", 0, 0),
            "removexattr": lambda: call("removexattr", path, b"user.there"),
            "setxattrat": lambda: call("setxattrat", at, path, 0, name, bytes(16), 16),
        }

    def files(self) -> dict[str, Callable[[], object]]:
        inside, work = self.inside, self.work
        how = struct.pack("QQQ", os.O_RDONLY, 0, 0)
        return {
            "read a key inside": lambda: os.open(inside, os.O_RDONLY),
            "read a key outside": lambda: os.open(self.outside, os.O_RDONLY),
            "read a key by openat2": lambda: call("openat2", -100, inside.encode(), how, 24),
            "read a key beside a folder": lambda: os.open("../secret.keys", os.O_RDONLY, dir_fd=self.folder),
            "read passwd": lambda: os.open("/etc/passwd", os.O_RDONLY),
            "read its memory": lambda: os.open(f"/proc/{self.victim}/environ", os.O_RDONLY),
            "write": lambda: os.open(inside, os.O_WRONLY),
            "write by /proc": lambda: os.open(f"/proc/self/fd/{self.source}", os.O_WRONLY),
            "creat": lambda: call("creat", inside.encode(), 0o600),
            "truncate": lambda: os.truncate(inside, 4),
            "rename": lambda: os.rename(f"{work}/a", f"{work}/b"),
            "replace": lambda: os.replace(f"{work}/c", f"{work}/d"),
            "link": lambda: os.link(inside, f"{work}/link"),
            "symlink": lambda: os.symlink(inside, f"{work}/symlink"),
            "unlink": lambda: os.unlink(f"{work}/e"),
            "mkdir": lambda: os.mkdir(f"{work}/folder"),
            "rmdir": lambda: os.rmdir(f"{work}/empty"),
            "fifo": lambda: os.mkfifo(f"{work}/fifo"),
            "device": lambda: os.mknod(f"{work}/node", stat.S_IFREG | 0o600),
            "a file in its own folder": lambda: os.open(f"{work}/more", os.O_WRONLY | os.O_CREAT),
            "a file without a name": lambda: os.open(work, os.O_WRONLY | os.O_TMPFILE),
            "stat": lambda: os.stat(inside),
            "lstat": lambda: os.lstat(inside),
            "access": lambda: os.access(inside, os.R_OK) or refused(errno.EPERM),
            "readlink": lambda: os.readlink("/proc/self/exe"),
            "list": lambda: os.listdir(work),
            "list an open folder": lambda: os.listdir(self.folder),
            "getcwd": os.getcwd,
            "chdir": lambda: os.chdir("/"),
            "fchdir": lambda: os.fchdir(self.folder),
            "chroot": lambda: os.chroot(work),
            "statvfs": lambda: os.statvfs(work),
            "name_to_handle_at": lambda: call(
                "name_to_handle_at", -100, inside.encode(), struct.pack("II", 128, 0) + bytes(128), self.buffer, 0
            ),
            "open_by_handle_at": lambda: call("open_by_handle_at", -100, bytes(136), 0),
            "inotify": lambda: call("inotify_init1", 0),
            "fanotify": lambda: call("fanotify_init", 0, 0),
            "memfd_create": lambda: call("memfd_create", b"x", 0),
            "memfd_secret": lambda: call("memfd_secret", 0),
            "allocate": lambda: call("fallocate", self.key, 0, 0, 4096),
            "flock": lambda: call("flock", self.key, 2 | 4),
            "lock": lambda: libc_call(libc.fcntl, self.key, 6, struct.pack("hhqqi4x", 0, 0, 0, 0, 0)),
            "mount": lambda: call("mount", b"none", work.encode(), b"tmpfs", 0, 0),
            "umount2": lambda: call("umount2", work.encode(), 0),
            "pivot_root": lambda: call("pivot_root", work.encode(), work.encode()),
            "open_tree": lambda: call("open_tree", -100, work.encode(), 0),
            "fsopen": lambda: call("fsopen", b"tmpfs", 0),
        }

    def network(self) -> dict[str, Callable[[], object]]:
        given, opened = self.given, self.sockets
        found: dict[str, Callable[[], object]] = {
            "socket inet": lambda: socket.socket(socket.AF_INET),
            "socket datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            "socket inet6": lambda: socket.socket(socket.AF_INET6),
            "socket unix": lambda: socket.socket(socket.AF_UNIX),
            "socket netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
            "socket packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
            "socket kernel crypto": lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0),
            "socketpair": socket.socketpair,
            "connect inet": lambda: opened["inet"].connect(("127.0.0.1", given["port"])),
            "connect unix": lambda: opened["unix"].connect(given["unix"]),
            "connect abstract": lambda: opened["abstract"].connect(given["abstract"]),
            "send a datagram": lambda: opened["datagram"].sendto(b"x", ("127.0.0.1", given["port"])),
            "bind": lambda: opened["bound"].bind(("127.0.0.1", 0)),
            "listen": lambda: opened["heard"].listen(),
        }
        if given["port6"]:
            found["connect inet6"] = lambda: opened["inet6"].connect(("::1", given["port6"]))
        return found

    def scheduling(self) -> dict[str, Callable[[], object]]:
        victim = self.victim
        return {
            "setpriority another": lambda: os.setpriority(os.PRIO_PROCESS, victim, 5),
            "setpriority itself": lambda: os.setpriority(os.PRIO_PROCESS, 0, 5),
            "nice": lambda: os.nice(1),
            "sched_setscheduler": lambda: os.sched_setscheduler(victim, os.SCHED_BATCH, os.sched_param(0)),
            "sched_setparam": lambda: call("sched_setparam", victim, struct.pack("i", 0)),
            "sched_setaffinity": lambda: os.sched_setaffinity(victim, {min(os.sched_getaffinity(0))}),
            "sched_setattr": lambda: call("sched_setattr", victim, struct.pack("IIQiIQQQ", 48, 0, 0, 5, 0, 0, 0, 0), 0),
            "ioprio_set": lambda: call("ioprio_set", 1, victim, (2 << 13) | 5),
        }

    def keys(self) -> dict[str, Callable[[], object]]:
        return {
            "add_key": lambda: call("add_key", b"user", b"treadle", b"x", 1, -2),
            "request_key": lambda: call("request_key", b"user", b"treadle-none", 0, 0),
            "keyctl": lambda: call("keyctl", 0, -2, 1),
            "shmget": lambda: call("shmget", 0, 4096, 0o1600),
            "msgget": lambda: call("msgget", 0, 0o1600),
            "semget": lambda: call("semget", 0, 1, 0o1600),
            "mq_open": lambda: call("mq_open", b"treadle-escape", os.O_RDWR | os.O_CREAT, 0o600, 0),
        }

    def processes(self) -> dict[str, Callable[[], object]]:
        victim = self.victim
        local = struct.pack("QQ", ctypes.addressof(self.buffer), 8)
        return {
            "ptrace": lambda: call("ptrace", 0x4206, victim, 0, 0),
            "process_vm_readv": lambda: call("process_vm_readv", victim, local, 1, local, 1, 0),
            "process_vm_writev": lambda: call("process_vm_writev", victim, local, 1, local, 1, 0),
            "process_madvise": lambda: call("process_madvise", self.pidfd, local, 1, 20, 0),
            "process_mrelease": lambda: call("process_mrelease", self.pidfd, 0),
            "pidfd_getfd": lambda: call("pidfd_getfd", self.pidfd, 0, 0),
            "kcmp": lambda: call("kcmp", victim, victim, 1, 0, 0),
            "move_pages": lambda: call("move_pages", victim, 0, 0, 0, 0, 0),
            "fork": lambda: os.fork() or os._exit(0),
            "vfork": lambda: call("vfork") or os._exit(0),
            "clone a process": lambda: call("clone", signal.SIGCHLD, 0, 0, 0, 0) or os._exit(0),
            "clone with a namespace": lambda: call("clone", 0x10000 | 0x10000000, 0, 0, 0, 0),
            "clone3": lambda: call("clone3", struct.pack("11Q", *[0] * 4, signal.SIGCHLD, *[0] * 6), 88) or os._exit(0),
            "execve": lambda: os.execv("/bin/true", ["true"]),
            "execveat": lambda: call("execveat", -100, b"/bin/true", 0, 0, 0),
            "unshare": lambda: call("unshare", 0x10000000),
            "setns": lambda: call("setns", self.pidfd, 0x10000000),
            "setsid": lambda: call("setsid"),
            "setpgid": lambda: call("setpgid", victim, victim),
            "setuid": lambda: call("setuid", os.getuid()),
            "setgroups": lambda: call("setgroups", 0, 0),
            "capset": lambda: call("capset", struct.pack("II", 0x20080522, 0), bytes(24)),
            "prctl tracer": lambda: libc_call(libc.prctl, 0x59616D61, -1, 0, 0, 0),
            "prctl dumpable": lambda: libc_call(libc.prctl, 4, 1, 0, 0, 0),
            "prctl death signal": lambda: libc_call(libc.prctl, 1, 0, 0, 0, 0),
            "prctl subreaper": lambda: libc_call(libc.prctl, 36, 1, 0, 0, 0),
        }

    def kernel(self) -> dict[str, Callable[[], object]]:
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.page))
        filters = struct.pack("HxxxxxxQ", 1, ctypes.addressof(self.program))
        return {
            "code in new memory": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
            "code in old memory": lambda: libc_call(libc.mprotect, ctypes.c_void_p(address), 4096, 5),
            "code by a key": lambda: call("pkey_mprotect", address, 4096, 5, -1),
            "poison a page": lambda: libc_call(libc.madvise, ctypes.c_void_p(address), 4096, 101),
            "io_uring_setup": lambda: call("io_uring_setup", 1, bytes(120)),
            "bpf": lambda: call("bpf", 0, bytes(72), 72),
            "perf_event_open": lambda: call("perf_event_open", struct.pack("II", 1, 112) + bytes(104), 0, -1, -1, 0),
            "userfaultfd": lambda: call("userfaultfd", 1),
            "a filter of its own": lambda: call("seccomp", 1, 0, filters),
            "personality": lambda: call("personality", 0xFFFFFFFF),
            "landlock": lambda: call("landlock_create_ruleset", 0, 0, 1),
            "modify_ldt": lambda: call("modify_ldt", 0, self.buffer, 16),
            "iopl": lambda: call("iopl", 0),
            "syslog": lambda: call("syslog", 10, 0, 0),
            "acct": lambda: call("acct", b"/nowhere"),
            "init_module": lambda: call("init_module", 0, 0, 0),
            "kexec_load": lambda: call("kexec_load", 0, 0, 0, 1 << 31),
            "quotactl": lambda: call("quotactl", 0, 0, 0, 0),
            "reboot": lambda: call("reboot", 0, 0, 0, 0),
            "swapon": lambda: call("swapon", b"/nowhere", 0),
            "settimeofday": lambda: call("settimeofday", 0, 0),
            "terminal": lambda: libc_call(libc.ioctl, self.pipe[0], 0x5412, b"x"),
            "ioctl": lambda: libc_call(libc.ioctl, self.pipe[0], 0x541B, self.buffer),
            "vmsplice": lambda: call("vmsplice", self.pipe[1], 0, 0, 0),
            "a number of another table": lambda: raw(0x40000000 + 39) if MACHINE == "x86_64" else raw(0x7FFFFFFF),
        }


def libc_call(function: Any, *arguments: object) -> int:
    result: int = function(*arguments)
    return refused(ctypes.get_errno()) if result == -1 else result


def refused(number: int) -> int:
    raise OSError(number, os.strerror(number))


def ended(attempt: Callable[[], object], cage: bool) -> str:
    """How an attempt ended, in a process made for it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            if cage:
                close_cage(Limits())
            attempt()
            word = "worked"
        except NoSuchCall:
            word = "no such call"
        except OSError as error:
            word = errno.errorcode.get(error.errno or 0, str(error.errno))
        except BaseException as error:
            word = repr(error)
        os.write(writing, word.encode())
        os._exit(0)
    os.close(writing)
    said = os.read(reading, 1000).decode()
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return said or "worked"  # it became another program


def main() -> None:
    given = json.loads(sys.stdin.read())
    if given["without"]:
        pretend_without(*given["without"])
    attempts = Attempts(given)
    found: dict[str, Any] = {}
    if given["cage"]:
        found["state"] = state_of_a_cage()
    found["ways"] = {
        name: ended(way, given["cage"]) for name, way in attempts.all().items() if name not in given["skip"]
    }
    sys.stdout.write(json.dumps(found))


def state_of_a_cage() -> dict[str, Any]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, json.dumps(close_cage(Limits()).to_json()).encode())
        os._exit(0)
    os.wait()
    state: dict[str, Any] = CageState(**json.loads(os.read(reading, 1000))).to_json()
    return state


if __name__ == "__main__":
    main()
