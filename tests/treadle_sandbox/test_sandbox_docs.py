"""The page about the sandbox names everything there is, and nothing that is not."""

from __future__ import annotations

import re
from pathlib import Path

from treadle_sandbox import Sandbox
from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES
from treadle_sandbox.faults import ENDPOINTS
from treadle_sandbox.options import DEFAULTS
from treadle_sandbox.scenarios import SCENARIOS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_every_switch_scenario_endpoint_and_path_is_named() -> None:
    paths = {name for _, name in Sandbox().panel._paths}
    for name in (*DEFAULTS.as_json(), *SCENARIOS, *ENDPOINTS, *CONTAINER_NAMES, *EFFECT_NAMES):
        assert f"`{name}`" in PAGE, name
    for path in paths:
        assert f"/_sandbox/{path}" in PAGE, path


def test_every_switch_in_brackets_exists() -> None:
    rows = PAGE.split("## Faithful, and guessed")[1].split("## Switches")[0]
    named = {name for group in re.findall(r"\((?:[^()]*?)((?:`[a-z_]+`(?:, )?)+)[^()]*\)", rows)
             for name in re.findall(r"`([a-z_]+)`", group)}  # fmt: skip
    known = set(DEFAULTS.as_json())
    assert {name for name in named if name not in known} <= {"undefined", "next", "previous", "fast"}


def test_the_curl_examples_are_true() -> None:
    assert '{"endpoint": "publish", "when": "after", "answer": {"drop": true}}' in PAGE
    assert DEFAULTS.count == "docs"
    assert "| `count` | `docs` |" in PAGE
