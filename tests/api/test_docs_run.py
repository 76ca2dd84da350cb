"""``docs/api.md`` says that everything on it is run as a test, from top to bottom. This is that test."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.M | re.S)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    taken = [socket.socket() for _ in range(count)]
    try:
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in taken]
    finally:
        for one in taken:
            one.close()


def script(sandbox: int, server: int) -> str:
    """The page as one program; other ports, so that it runs beside anything else."""
    parts = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for kind, code in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        parts.append(code if kind == "sh" else f"python - <<'END_OF_PYTHON'\n{code}END_OF_PYTHON")
    whole = "\n".join(parts) + '\necho "the page ends here"\n'
    return whole.replace("8710", str(sandbox)).replace("8700", str(server))


@pytest.mark.long
def test_the_page_runs_from_top_to_bottom(tmp_path: Path) -> None:
    if not shutil.which("jq") or not shutil.which("curl"):
        pytest.skip("the page wants curl and jq")
    sandbox, server = free_ports(2)
    env = {k: v for k, v in os.environ.items() if not k.startswith("TREADLE_")}
    env |= {"TREADLE_PORT": str(server), "TMPDIR": str(tmp_path), "PWD": str(ROOT)}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    out, errors = tmp_path / "out.txt", tmp_path / "errors.txt"
    with out.open("w") as o, errors.open("w") as e:
        code = subprocess.run(
            ["bash", "-c", script(sandbox, server)], cwd=ROOT, env=env, stdout=o, stderr=e, timeout=500
        ).returncode
    said = out.read_text()
    assert code == 0, said[-3000:] + errors.read_text()[-3000:]
    assert said.endswith("the page ends here\n")
    assert said.count("published") >= 4
