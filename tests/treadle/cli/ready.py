"""``treadle`` in a process of its own that need not import everything first: forked from one that has.

For tests that run many commands or servers and whose subject is not how Python starts: imports are most of what a
command costs. The forked process has its own environment, folder, umask, standard streams and end, as the one of
``servers.treadle``.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import IO, Any, NoReturn, TypedDict

from tests.support.sources import ROOT
from tests.treadle.cli.servers import PATIENCE_S, announced

# What most commands import, early or late; they import the rest themselves, as always.
IMPORTED = (
    "alembic.command",
    "dbos",
    "psycopg",
    "treadle.cli._groups",
    "treadle.cli.doctor",
    "treadle.cli.keys",
    "treadle.cli.serve",
    "treadle.engine.dbos_queue",
    "treadle.services",
    "treadle.site",
)
_LONGEST = 1 << 20
_one_at_a_time = threading.Lock()

# A standard stream: a file, or None for one that is closed from the start.
Stream = IO[Any] | int | None


class Command(TypedDict):
    args: Sequence[str]
    env: Mapping[str, str]
    umask: int
    closed: Sequence[int]


class Process:
    """A running command, as ``subprocess.Popen`` has it: as much of it as tests ask for."""

    def __init__(
        self, *args: str, env: Mapping[str, str], stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = subprocess.PIPE, stderr: Stream = subprocess.PIPE,
    ) -> None:  # fmt: skip
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        self.returncode: int | None = None
        self.args = ["treadle", *args]
        umask = os.umask(0)
        os.umask(umask)
        with contextlib.ExitStack() as stack:
            nothing = os.open(os.devnull, os.O_RDWR)
            stack.callback(os.close, nothing)
            theirs, closed = [], []
            for number, (name, stream) in enumerate((("stdin", stdin), ("stdout", stdout), ("stderr", stderr))):
                if stream == subprocess.PIPE:
                    reading, writing = os.pipe()
                    ours, passed = (writing, reading) if number == 0 else (reading, writing)
                    setattr(self, name, open(ours, "w" if number == 0 else "r"))  # noqa: SIM115 - the caller's
                    stack.callback(os.close, passed)
                    theirs.append(passed)
                elif stream is None or stream == subprocess.DEVNULL:
                    theirs.append(nothing)
                    if stream is None:
                        closed.append(number)
                else:
                    theirs.append(stream if isinstance(stream, int) else stream.fileno())
            self._end, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(end)
            asked: Command = {"args": args, "env": dict(env), "umask": umask, "closed": closed}
            handed = array.array("i", [*theirs, end.fileno()])
            with _one_at_a_time:
                _source().sendmsg([json.dumps(asked).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
        self._end.settimeout(PATIENCE_S)
        self.pid = int(self._end.recv(64))

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._end], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._end.settimeout(timeout)
            try:
                self.returncode = int(self._end.recv(64))
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self._end.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """The rest of what it writes, read from both at once, when it has ended."""
        until = None if timeout is None else time.monotonic() + timeout
        read = {"stdout": "", "stderr": ""}

        def rest(name: str, stream: IO[str]) -> None:
            read[name] = stream.read()
            stream.close()

        streams = [(name, getattr(self, name)) for name in read]
        threads = [threading.Thread(target=rest, args=one) for one in streams if one[1] and not one[1].closed]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
            if thread.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        if self.stdin and not self.stdin.closed:
            self.stdin.close()
        self.wait(None if until is None else max(0.0, until - time.monotonic()))
        return read["stdout"], read["stderr"]


def treadle(*args: str, env: Mapping[str, str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """As ``servers.treadle``; without ``stdin`` standard input is empty."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
        given.write((stdin or "").encode())
        given.seek(0)
        code = Process(*args, env=env, stdin=given, stdout=out, stderr=err).wait(PATIENCE_S)
        outputs = []
        for stream in (out, err):
            stream.seek(0)
            outputs.append(stream.read().decode())
    return subprocess.CompletedProcess(["treadle", *args], code, *outputs)


@contextlib.contextmanager
def serving(*args: str, env: Mapping[str, str]) -> Iterator[tuple[Process, dict[str, Any]]]:
    """As ``servers.serving``."""
    process = Process(*args, "--json", env=env)
    with announced(process) as ready:
        yield process, ready


@functools.cache
def _source() -> socket.socket:
    """The process that is forked. It ends with this one, a killed one included: its socket is closed then."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            env={name: value for name, value in os.environ.items() if not name.startswith(("TREADLE_", "OTEL_"))}
            | {"PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    atexit.register(process.wait)
    atexit.register(process.kill)  # called before the wait
    return ours


def _serve(source: socket.socket) -> None:
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # the end of each forked process went through all that was imported: ten times what it does itself
    assert threading.active_count() == 1, "a process with threads cannot be forked safely"
    while True:
        message, handed, _, _ = socket.recv_fds(source, _LONGEST, 4)
        if not message:
            return
        keeper = os.fork()
        if keeper == 0:
            source.close()
            _keep(json.loads(message), *handed)
        for one in handed:
            os.close(one)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _keep(asked: Command, stdin: int, out: int, err: int, end: int) -> None:
    """Fork the command, say which process it is, and how it ended; returns only in that process, which never does."""
    child = os.fork()
    if child == 0:
        os.close(end)
        _run(asked, stdin, out, err)
    for stream in (stdin, out, err, 0, 1):  # else a pipe would stay open when the command has ended
        with contextlib.suppress(OSError):
            os.close(stream)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(end, str(child).encode())
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(asked: Command, *streams: int) -> NoReturn:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    for number in asked["closed"]:  # as Python has it when it is started without them
        os.close(number)
        setattr(sys, ("stdin", "stdout", "stderr")[number], None)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["env"]["PWD"])
    os.umask(asked["umask"])
    sys.argv = ["treadle", *asked["args"]]
    from treadle.cli import main

    main()
    raise AssertionError("it has ended this process")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
