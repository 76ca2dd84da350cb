"""The examples of ``examples/sandbox`` pass in their own languages, where these are on the machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from playwright._impl._driver import compute_driver_executable
from tools.build_js import build

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "sandbox"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}  # they are other programs
ENV = {**CLEAN, "THREADS_SANDBOX": f"{sys.executable} -m treadle_sandbox"}


def passes(*command: str, where: Path, **more: str) -> None:
    done = subprocess.run(
        command, cwd=where, env={**ENV, **more}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_python(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / "python", tmp_path / "python")
    passes(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", where=folder)


def test_typescript(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / "typescript", tmp_path / "typescript")
    package = folder / "node_modules" / "treadle-diagnosis"
    build(package / "dist")
    shutil.copyfile(ROOT / "js" / "package.json", package / "package.json")
    command = tmp_path / "threads-sandbox"
    command.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m treadle_sandbox \"$@\"\n")
    command.chmod(0o755)
    passes(str(compute_driver_executable()[0]), "--test", where=folder, THREADS_SANDBOX=str(command))


def test_go(tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not on this machine")
    folder = shutil.copytree(EXAMPLES / "go", tmp_path / "go")
    wanted = re.search(r"(?m)^go 1\.(\d+)", (folder / "go.mod").read_text(encoding="utf-8"))
    here = re.search(r"go1\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True, check=True).stdout)
    assert wanted is not None
    assert here is not None
    if int(here[1]) < int(wanted[1]):
        pytest.skip(f"Go 1.{here[1]} is older than the example's 1.{wanted[1]}")
    passes(go, "test", "./...", where=folder, GOFLAGS="-mod=mod", GOTOOLCHAIN="local")


def test_the_ci_recipe_runs_what_the_page_says() -> None:
    recipe = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert recipe["jobs"].keys() == folders
    for name, job in recipe["jobs"].items():
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert any("treadle-sandbox" in run for run in runs)
        assert f"`{name}`" in page
        assert runs[-1].split("&&")[-1].strip() in page


def test_the_image_installs_from_its_wheels_alone() -> None:
    lines = (ROOT / "deploy" / "sandbox.Containerfile").read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if "pip install" in line]
    assert installs
    assert all("--no-index" in line for line in installs)
    assert not any(urlsplit(word).scheme.startswith("http") for line in lines for word in line.split())
