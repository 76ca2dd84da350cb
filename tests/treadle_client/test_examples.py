"""Every example of the clients, run as its README says, against a real server that publishes to the sandbox."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tools.build_js import SOURCE

from tests.treadle_client.conftest import Running
from tests.treadle_client.test_javascript_client import NODES

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "client"
# What each prints, whole.
PRINTED = {
    "publish": r"published https://\S+\n",
    "thread": r"(published https://\S+\n){2}",
    "schedule": r"scheduled \S+\nThe shop opens at ten\.\ncanceled\n",
    "once": r"one post: [Tt]rue\n409 idempotency_key_reused\n",
    "diagnose": r"token_expired owner when_repaired\ninvalid_request developer [Ff]alse text_too_long req_\w+\n"
    r"(pst_.*\n)*",
    "changes": r"(post\.\w+\n)*post\.published\n",
    "webhooks": r"verified: webhook\.ping\n",
    "many": r"published published published\n",
}
PYTHON = sorted(path.stem for path in (FOLDER / "python").glob("*.py"))
JAVASCRIPT = sorted(path.stem for path in (FOLDER / "javascript").glob("*.mjs"))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "loom.jpg"
    Image.new("RGB", (600, 600), "teal").save(path)
    return path


@pytest.fixture(scope="module")
def javascript(built_js: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the package installed and the examples beside it."""
    folder = tmp_path_factory.mktemp("project")
    package = folder / "node_modules" / "treadle-diagnosis"
    shutil.copytree(built_js, package / "dist")
    shutil.copyfile(SOURCE / "package.json", package / "package.json")
    shutil.copytree(FOLDER / "javascript", folder / "examples")
    return folder / "examples"


def printed(server: Running, words: list[str]) -> str:
    env = {**os.environ, "TREADLE_URL": server.url, "TREADLE_KEY": server.key, "ACCOUNT": server.account}
    env.update(no_proxy="*", NO_PROXY="*")
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("name", PYTHON)
def test_an_example_in_python(name: str, server: Running, picture: Path) -> None:
    program = [sys.executable, str(FOLDER / "python" / f"{name}.py")]
    found = printed(server, program + [str(picture)] * (name == "thread"))
    assert re.fullmatch(PRINTED[name], found), found


@pytest.mark.parametrize("name", JAVASCRIPT)
def test_an_example_in_javascript(name: str, server: Running, picture: Path, javascript: Path) -> None:
    found = printed(server, [NODES[-1], str(javascript / f"{name}.mjs"), *[str(picture)] * (name == "thread")])
    assert re.fullmatch(PRINTED[name], found), found


def test_the_readme_names_each() -> None:
    named = set(re.findall(r"`(\w+\.(?:py|mjs))`", (FOLDER / "README.md").read_text(encoding="utf-8")))
    assert named == {f"{name}.py" for name in PYTHON} | {f"{name}.mjs" for name in JAVASCRIPT}
    assert set(PYTHON) == set(PRINTED)
    assert set(JAVASCRIPT) == set(PRINTED) - {"many"}
