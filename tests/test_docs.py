"""What the documentation says exists: links, commands, settings, routes, states, files."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from treadle.cli import COMMANDS
from treadle.diagnosis.types import ACTION_LABELS
from treadle.posts.states import STATE_WORDS
from treadle.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READ = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """The ids of a page's headings, as MkDocs makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.M):
        plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower()))
    return found


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_internal_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in anchors(goal)):
            dead.append(target)
    assert not dead


def test_the_menu_names_every_page() -> None:
    def pages(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        if isinstance(entry, dict):
            return [page for value in entry.values() for page in pages(value)]
        return [page for value in entry for page in pages(value)]

    menu = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert sorted(menu) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"(?:^|`|bin/|\| )treadle ([a-z][a-z-]*)", text, re.M)
    assert set(shown) <= set(COMMANDS)


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_settings_exist(page: Path) -> None:
    known = {f"TREADLE_{name.upper()}" for name in Settings.model_fields} | {"TREADLE_REQUIRE_POSTGRES"}
    assert set(re.findall(r"TREADLE_[A-Z_]+[A-Z]", page.read_text(encoding="utf-8"))) <= known


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"TREADLE_[A-Z_]+[A-Z]", (DOCS / "running.md").read_text(encoding="utf-8")))
    assert {f"TREADLE_{name.upper()}" for name in Settings.model_fields} <= documented


def test_documented_defaults_are_the_defaults() -> None:
    defaults = {
        f"TREADLE_{name.upper()}": field.default
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, (int, float, str)) and not isinstance(field.default, bool) and field.default != ""
    }
    table = re.findall(r"^\| (`TREADLE.*?) \| (.*?) \|", (DOCS / "running.md").read_text(encoding="utf-8"), re.M)
    for names, shown in table:
        named, values = re.findall(r"`(\w+)`", names), re.findall(r"`([^`]+)`", shown)
        for name, value in zip(named, values, strict=False):
            if name in defaults:
                default = defaults[name]
                assert value == (f"{default:g}" if isinstance(default, float) else str(default)), name


def test_every_state_and_action_is_explained() -> None:
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    assert {state for state in STATE_WORDS if f"| `{state}` |" not in text} == set()
    for action, label in ACTION_LABELS.items():
        line = next((line for line in text.splitlines() if line.startswith("| ") and f"`{action}`" in line), "")
        assert label in line, action


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_in_the_pages_parses(page: Path) -> None:
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        ast.parse(code)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_json_in_the_pages_parses(page: Path) -> None:
    for code in re.findall(r"^```json\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        json.loads(code)


def test_the_compose_file_runs_what_exists() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in ("migrate", "server", "worker"):
        service = services[name]
        assert service["command"][0] in COMMANDS
        known = {f"TREADLE_{field.upper()}" for field in Settings.model_fields}
        assert {key for key in service["environment"] if key.startswith("TREADLE_")} <= known
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")))
    offered = set(re.findall(r"^(\w+)=", (ROOT / "deploy" / "example.env").read_text(encoding="utf-8"), re.M))
    assert asked == offered


def test_the_container_file_pins_the_uv_of_the_set_up() -> None:
    bootstrap = (ROOT / "tools" / "bootstrap.py").read_text(encoding="utf-8")
    version = re.search(r'^UV_VERSION = "([^"]+)"', bootstrap, re.M)
    assert version is not None
    assert f"uv=={version[1]}" in (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    assert all(f"uv-{version[1]}-" in wheel for wheel in re.findall(r'"(uv-[^"]+\.whl)"', bootstrap))


def test_the_board_is_made_by_its_script_and_shows_metrics_that_exist() -> None:
    from tools.grafana_board import board, text

    assert (ROOT / "deploy" / "grafana.json").read_text(encoding="utf-8") == text()
    described = (ROOT / "src" / "treadle" / "observe" / "metrics.py").read_text(encoding="utf-8")
    for panel in board()["panels"]:
        for target in panel.get("targets", ()):
            for name in re.findall(r"treadle_[a-z_]+", target["expr"]):
                assert f"\n{name.removesuffix('_bucket')} " in described, name
