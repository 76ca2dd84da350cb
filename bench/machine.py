"""What the figures were taken on: without it they mean little."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("treadle", "dbos", "sqlalchemy", "aiohttp", "psycopg", "av", "pillow")


def describe() -> dict[str, str]:
    """Processor, cores, memory, kernel, Python, file system's speed of a durable write, load from others."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": f"{_memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": _sqlite(),
        "load": f"{os.getloadavg()[0]:.1f} before the run",
    }


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def tool_version(name: str) -> str:
    """First line of ``name -version``, shortened; empty when the tool is not there."""
    path = shutil.which(name)
    if not path:
        return ""
    done = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split()[:3])


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _sqlite() -> str:
    import sqlite3

    return sqlite3.sqlite_version
