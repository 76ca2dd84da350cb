"""What people wait for and what an idle server costs: starts of the command line, start-up and memory of the server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil

from bench.measure import Bench, Outcome, Row, Samples, Unavailable, interleave, seconds
from bench.processes import environment

ANSWER = '{"error": {"message": "Error validating access token", "code": 190, "error_subcode": 463}}'
WAIT_LIMIT_S = 0.3
SERVER_START_S = 3.0
SERVER_MEMORY_MB = 200.0
COMMAND = [str(Path(sys.executable).with_name("treadle"))]


def run(bench: Bench) -> Outcome:
    found = interleave(
        {
            "Treadle": lambda: _command("diagnose", "--json", ANSWER, proof=b'"pattern"'),
            "version": lambda: _command("--version", proof=b"treadle"),
            "bare Python": lambda: seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)),
        },
        max(5, bench.rounds),
        "s",
    )
    diagnose, python = found["Treadle"], found["bare Python"]
    outcome = Outcome(
        rows=[
            Row(
                "treadle diagnose, wall",
                diagnose,
                python,
                f"under {WAIT_LIMIT_S} s",
                diagnose.median < WAIT_LIMIT_S,
                for_scale=True,
            ),
            Row("treadle --version, wall", found["version"], python, "", None, for_scale=True),
        ]
    )
    started, memory = [], []
    try:
        for number in range(bench.pick(3, 1)):
            took, used = serve_idle(bench.folder / f"idle-{number}")
            started.append(took)
            memory.append(used)
    except Unavailable as why:
        outcome.notes.append(f"the server was not measured: {why}")
        return outcome
    start = Samples("Treadle", "s", tuple(started))
    mb = Samples("Treadle", "MB", tuple(memory))
    python_mb = Samples("bare Python", "MB", tuple(_bare_memory() for _ in memory))
    quick_enough, small_enough = start.median < SERVER_START_S, mb.median < SERVER_MEMORY_MB
    outcome.rows += [
        Row("treadle serve, start to ready", start, None, f"under {SERVER_START_S:.0f} s", quick_enough),
        Row(
            "treadle serve, memory idle",
            mb,
            python_mb,
            f"under {SERVER_MEMORY_MB:.0f} MB",
            small_enough,
            for_scale=True,
        ),
    ]
    return outcome


def _command(*arguments: str, proof: bytes) -> float:
    def work() -> None:
        done = subprocess.run([*COMMAND, *arguments], capture_output=True, check=False, env=environment())
        if proof not in done.stdout:
            raise Unavailable(f"treadle {arguments[0]} ended with {done.returncode}: {done.stderr.decode()[-300:]}")

    return seconds(work)


def serve_idle(folder: Path) -> tuple[float, float]:
    """(seconds from start to /readyz, megabytes after five idle seconds) of a server on a fresh SQLite."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    extra = {
        "TREADLE_DATA_DIR": str(folder),
        "TREADLE_PORT": str(port),
        "TREADLE_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [*COMMAND, "serve"], env=environment(extra), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        while True:
            if process.poll() is not None:
                raise Unavailable(f"treadle serve ended: {process.communicate()[1].decode()[-300:]}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                if time.perf_counter() - began > 60:
                    raise Unavailable("treadle serve was not ready within a minute") from None
            time.sleep(0.02)
        took = time.perf_counter() - began
        time.sleep(5)
        return took, tree_memory(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tree_memory(pid: int) -> float:
    """Megabytes of a process and its children; what they share is counted once (PSS) where the system tells."""
    total = 0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            info = process.memory_full_info()
            total += getattr(info, "pss", 0) or info.rss
        except psutil.Error:
            continue
    return total / 1e6


def _bare_memory() -> float:
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    used = tree_memory(process.pid)
    process.communicate(b"\n")
    return used
