"""The pages for people who change Treadle name what is there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.sources import ROOT, SOURCES

DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = [DOCS / "architecture.md", DOCS / "glossary.md", ROOT / "CONTRIBUTING.md", *DECISIONS]
# A path on these pages begins at the repository, at a package, or in the server.
BEGINNINGS = [ROOT, *(source.parent for source in SOURCES.values()), SOURCES["treadle"]]
HEADINGS = (r"\*\*(?:Problem|Why)\.\*\*", r"\*\*(?:Decision|Decided)\.\*\*")


def paths_of(page: Path) -> set[str]:
    """What a page gives in code as a path: a folder, or a file by its ending."""
    code = re.findall(r"`([\w.\-]+(?:/[\w.\-]+)*/?)`", page.read_text(encoding="utf-8"))
    ending = re.compile(r"(?:/|\.(?:py|toml|md|ts|yml|yaml|css|html))$")
    return {text for text in code if ending.search(text)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_named_exists(page: Path) -> None:
    missing = [path for path in sorted(paths_of(page)) if not any((start / path).exists() for start in BEGINNINGS)]
    assert not missing


def test_paths_are_found_on_the_pages() -> None:
    assert {"engine/run.py", "treadle_threads/media/guard.py", "services/"} <= paths_of(DOCS / "architecture.md")


def test_the_architecture_page_names_every_layer() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    parts = {path.name for path in SOURCES["treadle"].iterdir() if (path / "__init__.py").is_file()}
    assert not [part for part in parts if f"`{part}/`" not in text]


def test_the_index_names_every_decision() -> None:
    index = (DOCS / "decisions" / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\(([^)]+\.md)\) \|", index) == [page.name for page in DECISIONS]
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert len(set(numbers)) == len(numbers), "one number each"


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_a_decision_says_what_and_why(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert [heading for heading in HEADINGS if not re.search(heading, text)] == []


def test_the_hooks_run_what_is_installed() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    installed = Path(sys.executable).parent
    assert [hook["id"] for hook in hooks] == ["ruff-check", "ruff-format", "lint-imports", "mypy"]
    for hook in hooks:
        command = hook["entry"].split()[0]
        assert (installed / command.removeprefix(".venv/bin/")).is_file(), command


def test_the_forms_for_issues_are_complete() -> None:
    folder = ROOT / ".github" / "ISSUE_TEMPLATE"
    forms = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder.glob("*.yml") if path.stem != "config"]
    assert len(forms) == 3
    for form in forms:
        assert {"name", "description", "body"} <= form.keys()
        asked = [entry["id"] for entry in form["body"] if entry["type"] != "markdown"]
        assert len(asked) == len(set(asked)) > 0
        assert all(entry["attributes"].get("label") for entry in form["body"] if entry["type"] != "markdown")
