"""The npm package's client against a real server, in the Node.js on the path and in the one that Playwright brings."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from playwright._impl._driver import compute_driver_executable
from tools.build_js import SOURCE, build

from tests.treadle_client.conftest import Line, Running

DRIVER_NODE = str(compute_driver_executable()[0])
NODES = sorted({DRIVER_NODE, shutil.which("node") or DRIVER_NODE})


@pytest.mark.parametrize("node", NODES)
def test_it_works_with_a_server(node: str, server: Running, line: Line, tmp_path: Path) -> None:
    build(tmp_path / "dist")
    shutil.copyfile(SOURCE / "package.json", tmp_path / "package.json")
    shutil.copytree(SOURCE / "test", tmp_path / "test")
    picture = io.BytesIO()
    Image.new("RGB", (400, 400)).save(picture, "JPEG")
    line.faults = ["lost", None, "lost"]
    env = {
        **os.environ,
        "TREADLE_URL": server.url,
        "TREADLE_KEY": server.key,
        "ACCOUNT": server.account,
        "LINE": line.url,
        "PICTURE": base64.b64encode(picture.getvalue()).decode(),
    }
    done = subprocess.run(
        [node, "--test", "test/server.test.mjs"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert re.search(r"^(?:#|ℹ) fail 0$", done.stdout, re.M)
