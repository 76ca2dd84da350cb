"""Lint the API's document with Spectral and its rule set ``spectral:oas``; a warning fails.

    .venv/bin/python tools/lint_document.py

Needs npm, which fetches Spectral. Where it cannot, nothing is linted and it says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from treadle.http.server import describe

LINTER = "@stoplight/spectral-cli@6.16.3"
RULES = Path(__file__).with_name("spectral.yaml")


def _can_be_run(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    if shutil.which("npx") is None:
        print("no npm here: the API's document is not linted")
        return
    run = ["npx", "--yes", LINTER]
    if not _can_be_run([*run, "--version"]):
        print(f"npm could not fetch {LINTER}: the API's document is not linted")
        return
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "openapi.json")
        document.write_text(json.dumps(describe(), indent=1), "utf-8")
        lint = [*run, "lint", str(document), "--ruleset", str(RULES), "--fail-severity=hint"]
        sys.exit(subprocess.run(lint, timeout=300, check=False).returncode)


if __name__ == "__main__":
    main()
