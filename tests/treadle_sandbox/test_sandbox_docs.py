"""The page about the sandbox names everything there is, and nothing that is not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from treadle_sandbox import Sandbox, running
from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES
from treadle_sandbox.faults import ENDPOINTS
from treadle_sandbox.options import DEFAULTS
from treadle_sandbox.scenarios import SCENARIOS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_every_switch_scenario_endpoint_and_path_is_named() -> None:
    paths = {name for _, name in Sandbox().panel._paths}
    for name in (*DEFAULTS.as_json(), *SCENARIOS, *ENDPOINTS, *CONTAINER_NAMES, *EFFECT_NAMES):
        assert f"`{name}`" in PAGE, name
    assert len(paths) > 10
    for path in paths:
        assert f"/_sandbox/{path}" in PAGE, path


def test_every_switch_in_brackets_exists() -> None:
    rows = PAGE.split("## Faithful, and guessed")[1].split("## Switches")[0]
    named = {name for group in re.findall(r"\((?:[^()]*?)((?:`[a-z_]+`(?:, )?)+)[^()]*\)", rows)
             for name in re.findall(r"`([a-z_]+)`", group)}  # fmt: skip
    assert {"count", "republish", "usage_headers", "children_finished"} <= named, "the brackets are not found"
    assert named <= set(DEFAULTS.as_json())


def test_the_documented_count_is_the_default() -> None:
    assert DEFAULTS.count == "docs"
    assert "| `count` | `docs` |" in PAGE


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_the_curl_examples_are_true() -> None:
    """Each is run as it is printed, against a sandbox of its own, and does what the page says."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]
    create, publish, consent, lose_the_answer = lines
    with running() as sandbox:
        ada = sandbox.control.add_account("ada")
        known = {"TOKEN": ada["access_token"], "APP": sandbox.control.app()["id"]}
        ids = [json.loads(curl(sandbox.url, create, known))["id"] for _ in range(2)]
        sandbox.control.advance(60)
        assert json.loads(curl(sandbox.url, publish, {**known, "ID": ids[0]}))["id"]
        assert [post["text"] for post in sandbox.control.posts("ada")] == ["Hello from the loom"]

        code = re.search(
            r"^location: https://app\.example/cb\?code=[^&\s]+", curl(sandbox.url, consent, known), re.M | re.I
        )
        assert code, "the window sends a code without being clicked"

        assert json.loads(curl(sandbox.url, lose_the_answer, known))["id"]
        assert curl(sandbox.url, publish, {**known, "ID": ids[1]}) == "", "the connection is closed"
        assert len(sandbox.control.posts("ada")) == 2, "and the post is live"


def curl(url: str, line: str, known: dict[str, str]) -> str:
    command = line.replace("http://127.0.0.1:8710", url)
    done = subprocess.run(
        ["sh", "-c", command], env={**os.environ, **known}, capture_output=True, text=True, check=False
    )
    return done.stdout
