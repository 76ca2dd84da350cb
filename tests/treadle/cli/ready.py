"""``treadle`` in a process of its own that need not import everything first: forked from one that has.

For tests that run many commands and whose subject is not how Python starts: imports are most of what a command costs.
The forked process has its own environment, folder, umask, standard streams and end, as the one of ``servers.treadle``.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn, TypedDict

from tests.support.sources import ROOT
from tests.treadle.cli.servers import PATIENCE_S

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


class Command(TypedDict):
    args: Sequence[str]
    env: Mapping[str, str]
    umask: int


def treadle(*args: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As ``servers.treadle``; standard input is empty."""
    umask = os.umask(0)
    os.umask(umask)
    asked: Command = {"args": args, "env": dict(env), "umask": umask}
    with _one_at_a_time, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        source = _source()
        source.settimeout(PATIENCE_S)
        streams = array.array("i", [out.fileno(), err.fileno()])
        source.sendmsg([json.dumps(asked).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        code = json.loads(source.recv(64))
        outputs = []
        for stream in (out, err):
            stream.seek(0)
            outputs.append(stream.read().decode())
    return subprocess.CompletedProcess(["treadle", *args], code, *outputs)


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
        message, streams, _, _ = socket.recv_fds(source, _LONGEST, 2)
        if not message:
            return
        child = os.fork()
        if child == 0:
            source.close()
            _run(json.loads(message), *streams)
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(BrokenPipeError):
            source.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())


def _run(asked: Command, out: int, err: int) -> NoReturn:
    for stream, name in ((out, 1), (err, 2)):
        os.dup2(stream, name)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["env"]["PWD"])
    os.umask(asked["umask"])
    sys.argv = ["treadle", *asked["args"]]
    from treadle.cli import main

    main()
    raise AssertionError("it has ended this process")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
