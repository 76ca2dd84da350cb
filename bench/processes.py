"""Running programs beside the benchmark: in the project's environment, or in the rivals' own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.measure import ROOT, Unavailable

RIVALS = ROOT / ".venv-bench" / "bin" / "python"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(extra or {})}


def ask(*command: object, rival: bool = False, timeout: float = 600.0) -> Any:
    """Run a program to its end and read the JSON of its last line."""
    python = RIVALS if rival else Path(sys.executable)
    if rival and not RIVALS.exists():
        raise Unavailable("the rivals' environment is missing; `make bench` sets it up")
    done = subprocess.run(
        [str(python), *map(str, command)],
        capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT, env=environment(),
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


@contextlib.contextmanager
def running(*command: object, extra: Mapping[str, str] | None = None, log: Path | None = None) -> Iterator[Any]:
    """A program of the project's environment that runs until the block ends; yields it after its first line of JSON."""
    with open(log or os.devnull, "ab") as errors:
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, env=environment(extra),
        )  # fmt: skip
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{command} ended at once" + (f": {log.read_text()[-2000:]}" if log else ""))
            yield process, json.loads(line)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
