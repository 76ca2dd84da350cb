"""What the project files of the distributions say, held to their sources."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))
# pytest loads its plugins, so whoever runs this one has pytest.
PLUGINS = {"treadle_sandbox/pytest_plugin.py": "pytest"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def project(package: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def imported(package: Path) -> Iterator[tuple[str, str]]:
    """Top-level names that are imported from elsewhere, with the file that does."""
    for path in (package / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for top in {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"_typeshed"}:
                yield top, path.relative_to(package / "src").as_posix()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_distribution_declares_what_it_imports(package: Path) -> None:
    """What another distribution happens to bring along may be gone with its next version."""
    said = project(package)
    wanted = [
        *said.get("dependencies", []),
        *(one for extra in said.get("optional-dependencies", {}).values() for one in extra),
    ]
    declared = {normal(re.match(r"[\w.-]+", one)[0]) for one in wanted} | {normal(said["name"])}  # type: ignore[index]
    homes = packages_distributions()
    undeclared = {
        f"{path} imports {top}"
        for top, path in imported(package)
        if PLUGINS.get(path) != top and not {normal(home) for home in homes.get(top, [top])} & declared
    }
    assert not undeclared


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_distribution_has_its_licence_and_its_own_readme(package: Path) -> None:
    for name in ("LICENSE", "NOTICE"):
        assert (package / name).read_bytes() == (ROOT / name).read_bytes(), f"copy {name} to {package.name}"
    said = project(package)
    assert said["license-files"] == ["LICENSE", "NOTICE"]
    assert (package / said["readme"]).read_text(encoding="utf-8").startswith(f"# {said['name']}\n")


def test_there_is_one_pytest_plugin() -> None:
    plugins = {path.name: project(path).get("entry-points", {}).get("pytest11") for path in PACKAGES}
    assert {name: found for name, found in plugins.items() if found} == {
        "treadle-sandbox": {"treadle_sandbox": "treadle_sandbox.pytest_plugin"}
    }


def test_nothing_made_of_the_catalogue_is_in_git() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"compiled.json", "__pycache__/"} <= set(ignored)


def test_no_name_given_out_on_demand_is_that_of_a_module() -> None:
    """Importing the module would put it in the name's place, and the name would mean one thing or the other."""
    hidden = []
    for package in PACKAGES:
        for init in (package / "src").rglob("__init__.py"):
            tree = ast.parse(init.read_text(encoding="utf-8"))
            if not any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body):
                continue
            offered = {
                element.value
                for node in tree.body
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
                for element in getattr(node.value, "elts", ())
                if isinstance(element, ast.Constant)
            }
            assert offered
            modules = {path.stem for path in init.parent.glob("*.py")} | {path.name for path in init.parent.iterdir()}
            hidden += [f"{init.parent.name}.{name}" for name in modules & offered]
    assert not hidden
