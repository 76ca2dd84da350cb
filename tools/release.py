"""Build a release into dist/, and prove that what was built installs and works.

    make release                     # or: .venv/bin/python tools/release.py [--no-smoke] [--tag v0.2.0]
    .venv/bin/python tools/release.py --set-version 0.3.0

dist/ then holds a source distribution and a wheel of every package, the npm tarball, an SBOM of each (CycloneDX 1.5,
from the lock file), SHA256SUMS and NOTES.md (the changelog's section). Each wheel, each source distribution and the
tarball is installed into a fresh environment of its own, from dist/ and the package index, and used.

The SBOM is written by uv, which is pinned and held to its sum already: it reads uv.lock, so what is listed is what was
tested, and no further dependency is needed to write it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import bootstrap  # noqa: E402
from tools.build_js import build as build_js  # noqa: E402

DIST = ROOT / "dist"
PACKAGES = sorted(path.parent.name for path in (ROOT / "packages").glob("*/pyproject.toml"))
NPM = "treadle-diagnosis"
ERROR = '{"error": {"code": 190, "error_subcode": 463}}'
# What each is for, done once. `python` and commands are those of the fresh environment.
SMOKE: dict[str, list[list[str]]] = {
    "treadle": [["treadle", "--version"], ["treadle", "diagnose", ERROR, "--json"], ["treadle", "demo", "--exit"]],
    "treadle-client": [
        [
            "python",
            "-c",
            "from treadle_client import AsyncTreadle, Treadle, verify; Treadle('http://127.0.0.1:1', key='k')",
        ]
    ],
    "treadle-diagnosis": [
        ["treadle-diagnose", ERROR, "--json"],
        ["python", "-c", f"from treadle_diagnosis import diagnose; assert diagnose({ERROR!r}).action == 'reconnect'"],
    ],
    "treadle-sandbox": [
        [
            "python",
            "-c",
            "import json, urllib.request as u; from treadle_sandbox import running\n"
            "with running(accounts=['ada']) as sandbox:\n"
            "    token = sandbox.control.token('ada')['access_token']\n"
            "    me = json.load(u.urlopen(f'{sandbox.url}/me?fields=username&access_token={token}'))\n"
            "    assert me['username'] == 'ada', me",
        ]
    ],
    "treadle-threads": [
        ["python", "-c", "from treadle_threads import ThreadsClient; from treadle_threads.media import probe_file"]
    ],
}
NODE = (
    "const {diagnose} = require('treadle-diagnosis'); const {Treadle} = require('treadle-diagnosis/client');"
    f"if (diagnose({ERROR!r}).action !== 'reconnect' || typeof Treadle !== 'function') process.exit(1);"
    f"import('treadle-diagnosis').then(m => process.exit(m.diagnose({ERROR!r}).action === 'reconnect' ? 0 : 1));"
)


class NotReleasable(Exception):
    """Why there is no release; what to do is in the message."""


def project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "packages" / name / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def version_everywhere() -> str:
    """The version that all packages, the npm package and the sources agree on."""
    said = {f"packages/{name}": str(project(name)["version"]) for name in PACKAGES}
    said["js/package.json"] = str(json.loads((ROOT / "js" / "package.json").read_text("utf-8"))["version"])
    for name in PACKAGES:
        source = ROOT / "packages" / name / "src" / name.replace("-", "_") / "__init__.py"
        found = re.search(r'^__version__ = "([^"]+)"', source.read_text("utf-8"), re.M)
        said[str(source.relative_to(ROOT))] = found[1] if found else "none"
        for wanted in project(name)["dependencies"]:
            if pinned := re.match(r"(treadle[\w-]*)(?:\[[^]]*\])?==(\S+)", wanted):
                said[f"packages/{name} needs {pinned[1]}"] = pinned[2]
    if len(set(said.values())) != 1:
        listed = "\n  ".join(f"{place}: {version}" for place, version in said.items())
        raise NotReleasable(f"The versions differ; --set-version sets them all.\n  {listed}")
    return next(iter(said.values()))


def notes_of(version: str, changelog: str, *, final: bool = False) -> str:
    """The changelog's section of a version, without its heading: ``## 0.2.0 (2026-12-01)``, or ``## Next (0.2.0)``
    unless it has to be ``final``."""
    for heading, body in re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", changelog, re.M):
        if re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.]*\d)", heading):
            if final and not heading.startswith(version):
                raise NotReleasable(
                    f"The changelog calls {version} {heading!r}: write '## {version} (year-month-day)'."
                )
            return f"{body.strip()}\n"
    raise NotReleasable(f"CHANGELOG.md has no section for {version}. Write one: '## {version} (year-month-day)'.")


def set_version(version: str) -> None:
    """Write a version to every place that :func:`version_everywhere` reads, and to the lock files."""
    before = version_everywhere()
    old, files = re.escape(before), [ROOT / "pyproject.toml", ROOT / "js" / "package.json"]
    for name in PACKAGES:
        package = ROOT / "packages" / name
        files += [package / "pyproject.toml", package / "src" / name.replace("-", "_") / "__init__.py"]
    for file in files:
        text = file.read_text("utf-8")
        text = re.sub(rf'^((?:__)?version(?:__)? = "){old}"', rf'\g<1>{version}"', text, flags=re.M)
        text = re.sub(rf'("version": "){old}"', rf'\g<1>{version}"', text)
        text = re.sub(rf'("treadle[\w-]*(?:\[[^]"]*\])?==){old}"', rf'\g<1>{version}"', text)
        file.write_text(text, "utf-8")
    lock = ROOT / "js" / "package-lock.json"
    held = json.loads(lock.read_text("utf-8"))
    held["version"] = held["packages"][""]["version"] = version
    lock.write_text(json.dumps(held, indent=2) + "\n", "utf-8")
    pinned = ROOT / "uv.lock"
    text = re.sub(rf'(name = "treadle[\w-]*"\nversion = "){old}"', rf'\g<1>{version}"', pinned.read_text("utf-8"))
    text = re.sub(rf'(name = "treadle[\w-]*"[^}}\n]*specifier = "==){old}"', rf'\g<1>{version}"', text)
    pinned.write_text(text, "utf-8")


def run(command: Sequence[str | Path], *, cwd: Path, env: dict[str, str] | None = None) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        raise NotReleasable(f"{' '.join(words)[:300]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def uv(*words: str | Path, cwd: Path = ROOT) -> str:
    return run([bootstrap.provide_uv(), *words], cwd=cwd, env=bootstrap.environment())


def sbom(name: str, version: str) -> dict[str, Any]:
    """What installing one package brings along, with versions and sums, as the lock file has it."""
    words = ["export", "--frozen", "--quiet", "--format", "cyclonedx1.5", "--no-default-groups", "--no-dev"]
    made: dict[str, Any] = json.loads(uv(*words, "--package", name))
    itself = {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
    former = made["metadata"]["component"].get("bom-ref")
    others = [part for part in made["components"] if part["name"] != name]
    refs = {part["bom-ref"] for part in made["components"] if part["name"] == name} | {former}
    made["metadata"]["component"] = itself | {
        "bom-ref": f"{name}@{version}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    made["components"] = others
    for edge in made.get("dependencies", []):
        edge["ref"] = f"{name}@{version}" if edge["ref"] in refs else edge["ref"]
    return made


def npm_sbom(version: str) -> dict[str, Any]:
    """Of the npm package, which depends on nothing."""
    ref = f"{NPM}@{version}"
    itself = {"type": "library", "bom-ref": ref, "name": NPM, "version": version, "purl": f"pkg:npm/{ref}",
              "licenses": [{"license": {"id": "Apache-2.0"}}]}  # fmt: skip
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": itself},
            "components": [], "dependencies": [{"ref": ref, "dependsOn": []}]}  # fmt: skip


def build(version: str, dist: Path, *, final: bool) -> None:
    """Everything that is published, into an empty folder."""
    notes = notes_of(version, (ROOT / "CHANGELOG.md").read_text("utf-8"), final=final)
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    uv("build", "--quiet", "--all-packages", "--out-dir", dist)
    (dist / ".gitignore").unlink(missing_ok=True)
    if shutil.which("npm") is None:
        raise NotReleasable("npm is not installed: it packs the npm package. Install Node.js 18 or newer.")
    build_js(ROOT / "js" / "dist")
    run(["npm", "pack", "--silent", "--pack-destination", dist], cwd=ROOT / "js")
    for name in PACKAGES:
        (dist / f"{name}-{version}.cdx.json").write_text(json.dumps(sbom(name, version), indent=1) + "\n", "utf-8")
    (dist / f"npm-{NPM}-{version}.cdx.json").write_text(json.dumps(npm_sbom(version), indent=1) + "\n", "utf-8")
    (dist / "NOTES.md").write_text(notes, "utf-8")
    made = sorted(path for path in dist.iterdir() if path.name != "SHA256SUMS")
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
    (dist / "SHA256SUMS").write_text(sums, "utf-8")


def expected(version: str) -> set[str]:
    """The names of all files of a release."""
    names = {f"{NPM}-{version}.tgz", f"npm-{NPM}-{version}.cdx.json", "NOTES.md", "SHA256SUMS"}
    for name in PACKAGES:
        plain = name.replace("-", "_")
        names |= {f"{plain}-{version}.tar.gz", f"{plain}-{version}-py3-none-any.whl", f"{name}-{version}.cdx.json"}
    return names


def smoke(dist: Path, version: str) -> None:
    """Install each into a fresh environment, outside this checkout, and use it."""
    ours = ("PYTHON", "VIRTUAL_ENV", "TREADLE")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    for name in PACKAGES:
        plain = name.replace("-", "_")
        for file in (f"{plain}-{version}-py3-none-any.whl", f"{plain}-{version}.tar.gz"):
            with tempfile.TemporaryDirectory(prefix="treadle-release-") as made:
                home = Path(made)
                uv("venv", "--quiet", "--python", sys.executable, home / "env", cwd=home)
                python = home / "env" / "bin" / "python"
                own = [word for one in PACKAGES for word in ("--refresh-package", one)]
                uv("pip", "install", "--quiet", "--python", python, "--find-links", dist, *own, dist / file, cwd=home)
                told = f"from importlib.metadata import version; assert version({name!r}) == {version!r}"
                for command in [["python", "-c", told], *SMOKE[name]]:
                    run([home / "env" / "bin" / command[0], *command[1:]], cwd=home, env=clean)
            print(f"  {file}: installed, used", flush=True)
    with tempfile.TemporaryDirectory(prefix="treadle-release-") as made:
        home = Path(made)
        (home / "package.json").write_text('{"private": true}')
        run(["npm", "install", "--silent", "--offline", "--no-audit", dist / f"{NPM}-{version}.tgz"], cwd=home)
        run(["node", "-e", NODE], cwd=home)
        print(f"  {NPM}-{version}.tgz: installed, used", flush=True)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--no-smoke", action="store_true", help="only build")
    parser.add_argument("--tag", default="", help="refuse unless the version is that of this tag, such as v0.2.0")
    parser.add_argument("--set-version", metavar="VERSION", default="", help="write the version everywhere, and end")
    parser.add_argument("--out", type=Path, default=DIST)
    asked = parser.parse_args(words)
    try:
        if asked.set_version:
            set_version(asked.set_version)
            print(f"The version is {version_everywhere()} now. CHANGELOG.md is yours to write.")
            return 0
        version, dist = version_everywhere(), asked.out.resolve()
        if asked.tag and asked.tag != f"v{version}":
            raise NotReleasable(f"The tag is {asked.tag}, and the version {version}.")
        build(version, dist, final=bool(asked.tag))
        found = {path.name for path in dist.iterdir()}
        if found != expected(version):
            raise NotReleasable(f"dist/ does not hold what it should: {sorted(found ^ expected(version))}")
        if not asked.no_smoke:
            smoke(dist, version)
    except NotReleasable as why:
        print(f"No release: {why}", file=sys.stderr)
        return 1
    print(f"Release {version} is in {dist}: {len(found)} files. docs/releasing.md says how it is published.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
