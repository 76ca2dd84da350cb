"""Running ``treadle`` as a person does: as processes with an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

PATIENCE_S = 240.0  # a busy machine may take long to start Python; nothing is judged by it


class Started(Protocol):
    """A running command with its outputs, as ``subprocess.Popen`` has it."""

    stdout: IO[str] | None
    stderr: IO[str] | None

    def kill(self) -> None: ...
    def communicate(self) -> tuple[str, str]: ...


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment without anybody's own settings, and with these, of somebody who works in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TREADLE_", "OTEL_"))}
    return {**kept, "PWD": str(folder), "PYTHONUNBUFFERED": "1", **more}


def treadle(*args: str, env: Mapping[str, str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "treadle", *args],
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        input=stdin,
        cwd=env["PWD"],
    )


@contextmanager
def serving(*args: str, env: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """``treadle serve`` or ``worker`` in a process, with what it printed when it was ready; killed in the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle", *args, "--json"],
        env=dict(env),
        cwd=env["PWD"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with announced(process) as ready:
        yield process, ready


@contextmanager
def announced(process: Started) -> Iterator[dict[str, Any]]:
    """What a process with ``--json`` printed when it was ready; it is killed in the end."""
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            assert process.stderr is not None
            raise AssertionError(f"it did not start: {process.stderr.read()}")
        yield json.loads(line)
    finally:
        process.kill()
        process.communicate()
