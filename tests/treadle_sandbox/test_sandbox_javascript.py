"""The npm package's helper for tests, in the Node.js on the path and in the one that Playwright brings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from tools.build_js import SOURCE, build

DRIVER_NODE = str(compute_driver_executable()[0])
NODES = sorted({DRIVER_NODE, shutil.which("node") or DRIVER_NODE})


@pytest.mark.parametrize("node", NODES)
def test_a_javascript_test_runs_a_sandbox(node: str, tmp_path: Path) -> None:
    build(tmp_path / "dist")
    shutil.copyfile(SOURCE / "package.json", tmp_path / "package.json")
    shutil.copytree(SOURCE / "test", tmp_path / "test")
    done = subprocess.run(
        [node, "--test", "test/sandbox.test.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "THREADS_SANDBOX_PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert re.search(r"^(?:#|ℹ) fail 0$", done.stdout, re.M)
