"""``treadle serve`` as a process of its own: how long until it is ready, how much memory it takes."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.measure import Unavailable
from bench.processes import environment

COMMAND = [str(Path(sys.executable).with_name("treadle"))]
READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Serving:
    url: str
    pid: int
    started_s: float
    started_cpu_s: float

    def memory_mb(self) -> float:
        return tree_memory(self.pid)


@contextlib.contextmanager
def serving(settings: Mapping[str, str]) -> Iterator[Serving]:
    """A server with these settings, from its first answer on ``/readyz`` on; ended at the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    process = subprocess.Popen(
        [*COMMAND, "serve"],
        env=environment({"TREADLE_PORT": str(port), "TREADLE_PUBLIC_URL": url, **settings}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _ready(process, url, began)
        took = time.perf_counter() - began
        yield Serving(url, process.pid, took, sum(psutil.Process(process.pid).cpu_times()[:4]))
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], url: str, began: float) -> None:
    while True:
        if process.poll() is not None:
            raise Unavailable(f"treadle serve ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.perf_counter() - began > READY_WITHIN_S:
                raise Unavailable("treadle serve was not ready within a minute") from None
        time.sleep(0.02)


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
