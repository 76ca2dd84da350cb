"""The page "Build on it in ten minutes" is run from top to bottom, as a reader would: its shell and its Python."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"
# The reader's own prompt ends with the window; here the servers are ended with the script.
FRAME = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null' EXIT\n"


def blocks() -> list[tuple[str, str]]:
    return re.findall(r"^```(sh|python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(server.getsockname()[1]) for server in held]
    for server in held:
        server.close()
    return ports


@pytest.mark.long
def test_the_page_works_from_top_to_bottom(tmp_path: Path) -> None:
    missing = [name for name in ("bash", "curl", "jq") if not shutil.which(name)]
    if missing:
        pytest.skip(f"the page wants {', '.join(missing)}")
    script = [FRAME]
    for number, (language, code) in enumerate(blocks()):
        if language == "python":
            (tmp_path / f"block{number}.py").write_text(code)
            code = f'python "{tmp_path}/block{number}.py"\n'
        script.append(f'echo "--- block {number}"\n{code}')
    text = "\n".join(script)
    sandbox, server = free_ports(2)
    text = text.replace("8710", str(sandbox)).replace("8700", str(server))
    (tmp_path / "page.sh").write_text(text)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "TREADLE_PORT": str(server),
        "TREADLE_PUBLIC_URL": f"http://127.0.0.1:{server}",
        "no_proxy": "*",
    }
    with open(tmp_path / "log", "wb") as log:
        page = subprocess.Popen(
            ["bash", str(tmp_path / "page.sh")],
            cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            page.wait(timeout=180)
        except subprocess.TimeoutExpired:
            pass  # the log says below how far it came
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(page.pid, signal.SIGKILL)
            page.wait()
    said = (tmp_path / "log").read_text(encoding="utf-8", errors="replace")
    assert page.returncode == 0, said[-4000:]
    assert '"state": "published"' in said
    assert '"posts_waiting": 1' in said
    assert "event: post.published" in said
