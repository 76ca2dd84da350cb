"""Whoever takes a decoder over gets nowhere: every way out is tried from inside, with real victims outside."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.security.escapes import NUMBERS
from tests.support.folders import settings_in
from tests.treadle.cli.ready import treadle
from tests.treadle.cli.servers import environment
from treadle.media import caged, jobs, samples
from treadle.media.jobs import Job, JobDone, JobFailed, MediaRunner
from treadle.media.samples import VideoRecipe
from treadle.media.service import MediaService, NotPreparable
from treadle.services import cage_line
from treadle.services.doctor import Line
from treadle_threads.media.worker import seccomp
from treadle_threads.media.worker.cage import CageState, Limits

HERE = Path(__file__).parent
WHOLE = caged.here()

needs_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not WHOLE.seccomp, reason="this machine filters no system calls"
)
needs_landlock = pytest.mark.skipif(WHOLE.landlock < 1, reason="this kernel has no Landlock")

REFUSALS = {"EPERM", "ENOSYS", "ENOTTY", "SIGSYS", "no such call"}
BY_LANDLOCK = {
    "read a key inside", "read a key outside", "read a key by openat2", "read a key beside a folder", "read passwd",
    "read its memory", "write", "write by /proc", "creat", "truncate", "rename", "replace", "link", "symlink", "unlink",
    "mkdir", "rmdir", "fifo", "device", "a file in its own folder", "a file without a name", "list",
}  # fmt: skip
"""What stays refused where the filter of system calls is missing and Landlock is there."""
PRIVILEGED = {
    "read a key by openat2", "kill everybody", "kill its group", "chroot", "mount", "umount2", "pivot_root", "fsopen",
    "open_tree", "open_by_handle_at", "name_to_handle_at", "fanotify", "memfd_secret", "socket packet",
    "socket kernel crypto", "socket netlink", "vfork", "clone with a namespace", "unshare", "setns", "setsid",
    "setpgid", "setgroups", "capset", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
    "process_mrelease", "pidfd_getfd", "kcmp", "move_pages", "prctl tracer", "add_key", "request_key", "keyctl",
    "mq_open", "msgget", "semget", "shmget", "setxattr", "lsetxattr", "fsetxattr", "getxattr", "listxattr",
    "removexattr", "setxattrat", "fchmodat2", "lock", "io_uring_setup", "bpf", "perf_event_open", "userfaultfd",
    "landlock", "modify_ldt", "iopl", "syslog", "acct", "init_module", "kexec_load", "quotactl", "reboot", "swapon",
    "settimeofday", "poison a page", "code by a key", "vmsplice", "a number of another table", "terminal", "allocate",
    "fcntl asynchronous", "ioctl owner", "sched_setattr", "sched_setaffinity", "a file without a name", "timer",
    "a filter of its own", "execveat", "clone3", "clone a process",
}  # fmt: skip
"""What not every user may do on every kernel, or what is better not tried where nothing refuses it."""


@dataclass
class Victims:
    """What there is to attack: a process of the same user, key files, sockets that listen."""

    given: dict[str, Any]
    process: subprocess.Popen[bytes]
    listening: list[socket.socket] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        """All that an attack might change."""
        keys = [Path(self.given[name]) for name in ("inside", "outside")]
        folder = sorted(path.name for path in Path(self.given["work"]).iterdir())
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return {
            "alive": self.process.poll(),
            "limits": Path(f"/proc/{self.process.pid}/limits").read_text(),
            "nice": os.getpriority(os.PRIO_PROCESS, self.process.pid),
            "processors": os.sched_getaffinity(self.process.pid),
            "scheduler": os.sched_getscheduler(self.process.pid),
            "tracer": re.findall(r"TracerPid:\s*(\d+)", status),
            "keys": [(path.read_text(), stat.filemode(path.stat().st_mode)) for path in keys],
            "inodes": [
                (path.stat().st_nlink, path.stat().st_uid, path.stat().st_mtime_ns, path.stat().st_ctime_ns)
                for path in keys
            ],
            "folder": folder,
        }

    def tried(self) -> bool:
        """Whether anybody connected, or sent anything."""
        for listener in self.listening:
            listener.settimeout(0)
            try:
                listener.accept() if listener.type == socket.SOCK_STREAM else listener.recv(1)
            except BlockingIOError:
                continue
            return True
        return False

    def attacked(self, *, cage: bool = True, without: tuple[str, ...] = (), skip: set[str] | None = None) -> Any:
        asked = {**self.given, "cage": cage, "without": without, "skip": sorted(skip or set())}
        done = subprocess.run(
            [sys.executable, "-I", str(HERE / "escapes.py")], input=json.dumps(asked), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    data, work = tmp_path / "data", tmp_path / "data" / "work"
    work.mkdir(parents=True)
    for name in "ace":
        (work / name).write_text(name)
    (work / "empty").mkdir()
    inside, outside = data / "secret.keys", tmp_path / "other.keys"
    for key in (inside, outside):
        key.write_text("a key that nobody may read")
        key.chmod(0o600)
    given: dict[str, Any] = {"inside": str(inside), "outside": str(outside), "work": str(work), "port6": 0}
    with ExitStack() as stack:
        listening = []

        def listen(family: int, address: Any, kind: int = socket.SOCK_STREAM) -> Any:
            made = stack.enter_context(socket.socket(family, kind))
            made.bind(address)
            if kind == socket.SOCK_STREAM:
                made.listen()
            listening.append(made)
            return made.getsockname()

        given["port"] = listen(socket.AF_INET, ("127.0.0.1", 0))[1]
        listen(socket.AF_INET, ("127.0.0.1", given["port"]), socket.SOCK_DGRAM)
        if socket.has_ipv6:
            try:
                given["port6"] = listen(socket.AF_INET6, ("::1", 0))[1]
            except OSError:
                given["port6"] = 0
        given["unix"] = listen(socket.AF_UNIX, str(tmp_path / "s"))
        given["abstract"] = f"\0treadle-{os.getpid()}-{tmp_path.name}"
        listen(socket.AF_UNIX, given["abstract"])
        process = stack.enter_context(
            subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        )
        stack.callback(process.kill)
        yield Victims({**given, "victim": process.pid}, process, listening)


@needs_linux
@pytest.mark.parametrize("without", [(), ("Landlock",)], ids=["whole", "without Landlock"])
def test_no_way_leads_out(without: tuple[str, ...], victims: Victims) -> None:
    before = victims.facts()
    found = victims.attacked(without=without)
    assert set(CageState(**found["state"]).missing) <= {"Landlock"}
    if without:
        assert found["state"]["landlock"] == 0
    free = {name: end for name, end in found["ways"].items() if end not in REFUSALS}
    assert not free
    assert victims.facts() == before
    assert not victims.tried()


@needs_linux
@needs_landlock
def test_landlock_keeps_files_where_the_filter_is_missing(victims: Victims) -> None:
    found = victims.attacked(without=("seccomp",), skip=PRIVILEGED - BY_LANDLOCK)
    assert CageState(**found["state"]).missing == ["seccomp"]
    free = {name: found["ways"][name] for name in BY_LANDLOCK if found["ways"][name] in ("worked", "ENOENT")}
    assert not free


@needs_linux
def test_the_same_ways_are_open_where_there_is_no_cage(victims: Victims) -> None:
    """Else the tests above would prove nothing."""
    ways = victims.attacked(cage=False, skip=PRIVILEGED)["ways"]
    assert len(ways) > 60
    assert {name: end for name, end in ways.items() if end not in ("worked", "no such call")} == {}
    assert victims.tried()


@needs_linux
def test_threads_that_run_already_are_in_the_cage_too(tmp_path: Path) -> None:
    """Landlock binds the thread that asks for it: with others about it does not count, and the filter binds them."""
    program = """
import os, threading
from treadle_threads.media.worker.cage import Limits, close_cage
closed, tried = threading.Event(), []
def late():
    closed.wait()
    try:
        tried.append(os.open("/etc/passwd", os.O_RDONLY))
    except PermissionError:
        tried.append("refused")
thread = threading.Thread(target=late)
thread.start()
state = close_cage(Limits())
closed.set()
thread.join()
print(tried, state.missing, flush=True)
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['refused'] ['Landlock']"


# ------------------------------------------------------------------------------------------------ work goes on


@needs_linux
@pytest.mark.parametrize("without", [(), ("Landlock",), ("seccomp",)], ids=["whole", "no Landlock", "no seccomp"])
def test_every_kind_of_job_is_done_inside(without: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.caged_jobs", str(tmp_path), *without],
        capture_output=True, text=True, timeout=300, check=False, cwd=HERE.parent.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert {"patch", "remux", "audio", "full", "image"} <= {entry["kind"] for entry in found.values()}
    for name, entry in found.items():
        assert entry["outcome"] == "done", (name, entry)
        assert set(without) <= set(entry["missing"]), name


@needs_linux
@pytest.mark.parametrize(
    ("cage", "without", "outcome"),
    [("require", ("Landlock",), "cage_missing"), ("require", ("seccomp",), "cage_missing"),
     ("auto", ("Landlock",), "prepared")],
)  # fmt: skip
def test_a_whole_cage_can_be_required(cage: str, without: tuple[str, ...], outcome: str, tmp_path: Path) -> None:
    program = """
import asyncio, json, sys
from pathlib import Path
from tests.security.escapes import pretend_without
from tests.support.folders import settings_in
from treadle.media import samples
from treadle.media.samples import VideoRecipe
from treadle.media.service import MediaService, Prepared
folder, without = Path(sys.argv[1]), sys.argv[2:]
film = samples.video(folder / "x.mp4", VideoRecipe(seconds=1.0, width=128, height=72, audio_codec="libmp3lame"))
pretend_without(*without)
async def main():
    service = MediaService(settings_in(folder, public_url="http://127.0.0.1:1"), workers=1)
    made = await service.prepare(film)
    await service.close()
    first = {} if isinstance(made, Prepared) else made.findings[0].to_json()
    print(json.dumps(first or {"code": "prepared"}))
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *without], capture_output=True, text=True, check=False,
        env={**os.environ, "TREADLE_MEDIA_CAGE": cage}, cwd=HERE.parent.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["code"] == outcome
    if outcome == "cage_missing":
        assert found["pattern"] == "media_cage"
        assert without[0] in found["message"]
        assert "Nothing is known to be wrong with the file" in found["message"]


# ------------------------------------------------------------------------------------- a decoder that is taken over


@pytest.fixture
def taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the worker run a stranger's code where it would read the file."""

    def become(code: str) -> None:
        program = tmp_path / "python"
        body = "\n    ".join(code.strip().splitlines())
        program.write_text(
            f"#!{sys.executable} -I\n"
            "import ctypes, json, os, sys\n"
            "import treadle_threads.media.worker.__main__ as worker\n"
            f"def hostile(*_, **__):\n    {body}\n"
            "worker.read_media = hostile\nsys.exit(worker.main())\n"
        )
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))

    return become


@pytest.fixture
def film(tmp_path: Path) -> Path:
    recipe = VideoRecipe(seconds=1.0, width=128, height=72, audio_codec="libmp3lame")
    return samples.video(tmp_path / "film.mp4", recipe)


async def run(film: Path, tmp_path: Path) -> JobDone | JobFailed:
    work = tmp_path / "work"
    work.mkdir()
    return await MediaRunner(1).run(Job(film, work, limits=Limits(wall_s=60)))


@needs_linux
@pytest.mark.parametrize(
    "code", [f"ctypes.CDLL(None).syscall({NUMBERS['ptrace'][seccomp.ARCHITECTURES[os.uname().machine][1]]}, 0, 0, 0, 0)"
             if WHOLE.seccomp else "", "os.open('/etc/passwd', os.O_RDONLY)"], ids=["trapped", "refused"],
)  # fmt: skip
async def test_a_refusal_is_never_a_damaged_file(
    code: str, taken_over: Callable[[str], None], film: Path, tmp_path: Path
) -> None:
    taken_over(code)
    result = await run(film, tmp_path)
    assert isinstance(result, JobFailed)
    assert result.ours
    assert "hostile" in result.stderr
    service = MediaService(settings_in(tmp_path, public_url="http://127.0.0.1:1"), workers=1)
    made = await service.prepare(film)
    await service.close()
    assert isinstance(made, NotPreparable)
    assert (made.findings[0].code, made.findings[0].pattern) == ("worker_failed", "media_worker_failed")


@pytest.mark.parametrize(
    "said",
    [
        {"event": "done", "path": "/etc/passwd", "plan": {}}, {"event": 5}, ["done"], "done", {"no": "event"},
        {"event": "failed"}, {"event": ["done"]}, {"event": "progress"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_a_hostile_worker_says_is_not_believed(
    said: object, taken_over: Callable[[str], None], film: Path, tmp_path: Path
) -> None:
    """It can make up facts about its own file; it cannot name another, nor stop the server that listens."""
    taken_over(f"os.write(1, json.dumps({said!r}).encode() + b'\\n')\nos._exit(0)")
    assert isinstance(await run(film, tmp_path), JobFailed)


async def test_the_result_is_the_jobs_own_file_whatever_the_worker_names(film: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    honest = await MediaRunner(1).run(Job(film, work))
    assert isinstance(honest, JobDone)
    planned = {"probe": honest.probe.to_json(), "findings": [], "plan": honest.plan.to_json()}
    named = {"planned": planned, "done": {"path": "/etc/passwd", "plan": honest.plan.to_json()}}
    assert jobs._done(named, Job(film, work)).path == work / "out"


@needs_linux
async def test_what_a_job_may_write_is_bounded(taken_over: Callable[[str], None], film: Path, tmp_path: Path) -> None:
    """One file, up to its limit: the number of files and the bytes of the directory."""
    taken_over(
        "for fd in range(3, 64):\n"
        "    try:\n"
        "        os.lseek(fd, 0, os.SEEK_END)\n"
        "        while True:\n"
        "            os.write(fd, bytes(1 << 20))\n"
        "    except OSError:\n"
        "        pass\n"
        "os._exit(0)"
    )
    work = tmp_path / "work"
    work.mkdir()
    await MediaRunner(1).run(Job(film, work, limits=Limits(wall_s=60, file_mb=5)))
    sizes = {path.name: path.stat().st_size for path in work.iterdir()}
    assert sizes == {"out": 5 << 20}


# ------------------------------------------------------------------------------------------------ it is said


STATES = [
    (CageState(7, True, True), "auto", "fine", "Whole"),
    (CageState(0, True, True), "auto", "look", "Landlock is missing"),
    (CageState(7, False, True), "auto", "look", "seccomp"),
    (CageState(0, False, True), "auto", "look", "read the key file"),
    (CageState(0, True, True), "require", "broken", "nothing is repaired"),
    (CageState(7, True, True), "require", "fine", "Whole"),
]


@pytest.mark.parametrize(("state", "wish", "verdict", "said"), STATES)
def test_what_is_missing_is_said(
    state: CageState, wish: str, verdict: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(caged, "here", lambda: state)
    settings = settings_in(tmp_path, media_cage=wish)  # type: ignore[arg-type]
    line = cage_line.line(settings)
    assert isinstance(line, Line)
    assert line.verdict == verdict
    assert said in line.found
    assert bool(line.todo) == (verdict != "fine")
    with structlog.testing.capture_logs() as log:
        cage_line.note(settings).join()
    told = [entry for entry in log if entry["event"] == "media.cage"]
    assert len(told) == (verdict != "fine")


def test_the_doctor_has_the_line(tmp_path: Path) -> None:
    done = treadle("doctor", "--offline", "--json", env=environment(tmp_path))
    lines = {entry["name"]: entry for entry in json.loads(done.stdout)["lines"]}
    assert lines["Media cage"]["verdict"] == ("look" if WHOLE.missing else "fine")


def test_what_is_here_is_tried_by_a_child() -> None:
    """Without a child that answers nothing counts as being in force."""
    caged.here.cache_clear()
    executable = sys.executable
    try:
        sys.executable = "/nowhere"
        assert caged.here() == CageState(0, False, False)
    finally:
        sys.executable = executable
        caged.here.cache_clear()
    assert caged.here() == WHOLE


# ------------------------------------------------------------------------------------------------ the list itself


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_the_filter_is_sound_on_every_machine(machine: str) -> None:
    """Run by hand on each machine's numbers: all that is listed is answered as listed, the rest is trapped."""
    steps = seccomp.program(machine, 4711)
    architecture, column = seccomp.ARCHITECTURES[machine]
    allow, trap = 0x7FFF0000, 0x00030000

    def answer(number: int, *arguments: int, arch: int = architecture) -> int:
        return run_filter(steps, number, arch, [*arguments, 0, 0, 0, 0, 0, 0][:6])

    listed = [*seccomp.ALLOWED.values(), *seccomp.CHECKED.values(), *seccomp.REFUSED.values()]
    numbers = [entry[column] for entry in listed if entry[column] >= 0]
    assert len(numbers) == len(set(numbers)), "a number stands in two tables"
    for name, entry in seccomp.ALLOWED.items():
        if entry[column] >= 0:
            assert answer(entry[column]) == allow, name
    for name, entry in seccomp.REFUSED.items():
        if entry[column] >= 0:
            assert answer(entry[column]) == 0x00050001, name
    for number in range(seccomp.NEW_CALLS_FROM):
        if number not in numbers:
            assert answer(number) == trap, number
    for number in (424, 435, 452, 0x40000000, 0x40000001, 0xFFFFFFFF):
        assert answer(number) == 0x00050026, number
    assert answer(numbers[0], arch=0x40000003) == 0x80000000, "calls of the 32-bit table"
    clone, tgkill, limit, memory = (seccomp.CHECKED[name][column] for name in ("clone", "tgkill", "prlimit64", "mmap"))
    for flags in (0x3D0F00, 0x7D0F00):
        assert answer(clone, flags) == allow
    for flags in (0x11, 0x3D0F00 | 0x10000000, 0x3D0F00 | 0x2000, 0x3D0F00 & ~0x10000, 0x3D0F00 | 17):
        assert answer(clone, flags) != allow, hex(flags)
    assert answer(tgkill, 4711, 5, 6) == allow
    assert answer(tgkill, 4712, 5, 6) != allow
    assert answer(limit, 0, 7, 0, 1) == answer(limit, 4711, 7, 0, 1) == allow
    for arguments in ((1, 7, 0, 1), (0, 7, 1, 0), (0, 7, 1 << 32, 0)):
        assert answer(limit, *arguments) != allow, arguments
    assert answer(memory, 0, 0, 3) == allow
    assert answer(memory, 0, 0, 5) != allow


def run_filter(steps: list[seccomp.Step], number: int, architecture: int, arguments: list[int]) -> int:
    """The kernel's packet filter, as far as it is used."""
    words = {0: number, 4: architecture}
    for index, value in enumerate(arguments):
        words[16 + 8 * index], words[20 + 8 * index] = value & 0xFFFFFFFF, value >> 32
    held = at = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == 0x20:
            held = words[value]
        elif code == 0x06:
            return value
        else:
            true = {0x15: held == value, 0x45: bool(held & value), 0x35: held >= value}[code]
            at += yes if true else no


@needs_linux
@pytest.mark.skipif(not Path("/usr/include/asm-generic/unistd.h").exists(), reason="the kernel's headers are not here")
def test_the_numbers_are_the_kernels() -> None:
    generic = re.findall(
        r"#define __NR(?:3264)?_(\w+) (\d+)", Path("/usr/include/asm-generic/unistd.h").read_text(encoding="utf-8")
    )
    known = {name: int(number) for name, number in reversed(generic)}
    known["newfstatat"] = known["fstatat"]
    for name, (_, number) in {**seccomp.ALLOWED, **seccomp.CHECKED, **seccomp.REFUSED}.items():
        assert number == known.get(name, -1), name
