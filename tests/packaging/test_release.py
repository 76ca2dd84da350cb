"""``make release``: what it builds, what it refuses, and the workflow that publishes it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import release

ROOT = Path(__file__).resolve().parents[2]
LOG = "# Changes\n\n## Next (0.3.0)\n\n- c\n\n## 0.2.10 (2026-12-02)\n\n- b\n\n## 0.2.1 (2026-12-01)\n\n### A\n\n- a\n"


@pytest.mark.parametrize(
    ("version", "notes"), [("0.3.0", "- c\n"), ("0.2.10", "- b\n"), ("0.2.1", "### A\n\n- a\n")], ids=str
)
def test_the_notes_are_the_section_of_the_version(version: str, notes: str) -> None:
    assert release.notes_of(version, LOG) == notes


@pytest.mark.parametrize("version", ["0.2", "2.1", "0.2.100", "1.0.2.1", "0.4.0"])
def test_a_version_without_a_section_is_not_released(version: str) -> None:
    with pytest.raises(release.NotReleasable, match="has no section"):
        release.notes_of(version, LOG)


def test_a_tag_wants_a_section_with_a_date() -> None:
    assert release.notes_of("0.2.1", LOG, final=True)
    with pytest.raises(release.NotReleasable, match="Next"):
        release.notes_of("0.3.0", LOG, final=True)


def test_one_version_everywhere_and_in_the_changelog() -> None:
    version = release.version_everywhere()
    newest = (ROOT / "CHANGELOG.md").read_text("utf-8").partition("\n## ")[2].partition("\n")[0]
    assert version in newest
    assert release.notes_of(version, (ROOT / "CHANGELOG.md").read_text("utf-8"))


def test_a_tag_of_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["--tag", "v9.9.9", "--out", str(tmp_path / "dist")]) == 1
    assert "v9.9.9" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()


def test_setting_the_version_reaches_every_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyproject.toml", "uv.lock", "js/package.json", "js/package-lock.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in release.PACKAGES:
        for file in ("pyproject.toml", f"src/{name.replace('-', '_')}/__init__.py"):
            (tmp_path / "packages" / name / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / "packages" / name / file, tmp_path / "packages" / name / file)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    before = release.version_everywhere()
    release.set_version("7.8.9")
    assert release.version_everywhere() == "7.8.9"
    left = [str(file) for file in tmp_path.rglob("pyproject.toml") if f'"{before}"' in file.read_text("utf-8")]
    assert left == []
    assert f'name = "treadle"\nversion = "{before}"' not in (tmp_path / "uv.lock").read_text("utf-8")


def test_the_list_of_parts_is_that_of_the_lock_file() -> None:
    made = release.sbom("treadle-sandbox", "0.0.0")
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    assert made["metadata"]["component"]["name"] == "treadle-sandbox"
    names = {part["name"] for part in made["components"]}
    assert {"aiohttp", "jinja2", "treadle-diagnosis", "treadle-threads"} <= names
    assert not names & {"fastapi", "pytest", "treadle", "treadle-sandbox"}
    known = {part["bom-ref"] for part in made["components"]} | {made["metadata"]["component"]["bom-ref"]}
    edges: list[dict[str, Any]] = made["dependencies"]
    assert {edge["ref"] for edge in edges} == known
    needed = {ref for edge in edges for ref in edge.get("dependsOn", [])}
    assert needed
    assert needed <= known


def test_the_workflow_publishes_what_was_proven_and_holds_no_secret() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert "secrets." not in text
    assert "password" not in text.lower()
    workflow = yaml.safe_load(text)
    assert workflow[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}  # YAML reads `on` as true
    jobs = workflow["jobs"]
    assert any(step.get("run", "").startswith("make release TAG=") for step in jobs["build"]["steps"])
    for name in ("pypi", "npm"):
        assert jobs[name]["needs"] == "build"
        assert jobs[name]["permissions"] == {"id-token": "write"}
        assert jobs[name]["environment"] == name
        assert any("sha256sum --check" in step.get("run", "") for step in jobs[name]["steps"])
    assert any("pypa/gh-action-pypi-publish" in step.get("uses", "") for step in jobs["pypi"]["steps"])
    assert any("npm publish --provenance" in step.get("run", "") for step in jobs["npm"]["steps"])
    assert set(jobs["github"]["needs"]) == {"pypi", "npm"}


@pytest.mark.long
def test_a_release_is_built_installed_and_used(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    assert release.main(["--out", str(dist)]) == 0
    for line in (dist / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest
    version = release.version_everywhere()
    with tarfile.open(dist / f"treadle-diagnosis-{version}.tgz") as tar:
        names = tar.getnames()
    assert {"package/dist/index.mjs", "package/dist/client.d.ts", "package/LICENSE", "package/NOTICE"} <= set(names)
    for path in dist.glob("*.cdx.json"):
        assert json.loads(path.read_text("utf-8"))["bomFormat"] == "CycloneDX"
