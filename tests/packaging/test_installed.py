"""Each distribution, built and installed from its wheel into an environment of its own: what it brings, what works."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.support.set_up import uv_and_environment

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = ("treadle", "treadle-client", "treadle-diagnosis", "treadle-sandbox", "treadle-threads")
HEAVY = {"av", "dbos", "fastapi", "pillow", "pillow-heif", "sqlalchemy"}
MB = 1_000_000

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def run_uv() -> Callable[..., str]:
    uv, environment = uv_and_environment()

    def run(*words: str | Path, cwd: Path = ROOT) -> str:
        command = [str(uv), *map(str, words)]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory, run_uv: Callable[..., str]) -> Path:
    """Wheels and source distributions of all of them, made as ``make build`` makes them."""
    folder = tmp_path_factory.mktemp("dist")
    run_uv("build", "--quiet", "--all-packages", "--out-dir", folder)
    return folder


class Installed:
    """An environment with one distribution from its wheel, and its locked dependencies' newest fitting versions."""

    def __init__(self, home: Path, packages: dict[str, str]) -> None:
        self.home, self.packages = home, packages

    @property
    def megabytes(self) -> float:
        """Of everything in it but byte code, which is written at the first start."""
        files = [path for path in (self.home / "lib").rglob("*") if path.is_file() and path.suffix != ".pyc"]
        return sum(path.lstat().st_size for path in files) / MB

    def start(self, *words: str, **how: Any) -> subprocess.Popen[str]:
        # Isolated from this checkout: another folder, no PYTHONPATH, no settings of a person's.
        ours = ("PYTHON", "VIRTUAL_ENV", "TREADLE")
        env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        command = [str(self.home / "bin" / words[0]), *words[1:]]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.PIPE, **how}
        return subprocess.Popen(command, cwd=self.home, env=env, text=True, **pipes)

    def run(self, *words: str, code: int = 0, given: str = "") -> tuple[str, str]:
        process = self.start(*words)
        out, err = process.communicate(given, timeout=120)
        assert process.returncode == code, out + err
        return out, err

    def python(self, code: str) -> str:
        return self.run("python", "-c", code)[0].strip()


@pytest.fixture(scope="session")
def install(
    tmp_path_factory: pytest.TempPathFactory, dist: Path, run_uv: Callable[..., str]
) -> Callable[..., Installed]:
    made: dict[str, Installed] = {}

    def make(wanted: str, *more: str) -> Installed:
        key = " ".join((wanted, *more))
        if key not in made:
            home = tmp_path_factory.mktemp("env")
            run_uv("venv", "--quiet", "--clear", "--python", sys.executable, home)
            name = wanted.partition("[")[0]
            own = [word for one in DISTRIBUTIONS for word in ("--reinstall-package", one, "--refresh-package", one)]
            words = ["--quiet", "--python", home / "bin" / "python", "--find-links", dist, *own]
            run_uv("pip", "install", *words, wanted, *more, cwd=home)
            listed = json.loads(run_uv("pip", "list", "--format", "json", "--python", home / "bin" / "python"))
            made[key] = Installed(home, {one["name"]: one["version"] for one in listed})
            assert name in made[key].packages
        return made[key]

    return make


def test_wheels_and_source_distributions_are_whole(dist: Path) -> None:
    wheels, sources = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    assert len(wheels) == len(sources) == len(DISTRIBUTIONS)
    for wheel in wheels:
        names = zipfile.ZipFile(wheel).namelist()
        info = next(name.partition("/")[0] for name in names if name.endswith(".dist-info/METADATA"))
        assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= set(names)
        assert any(name.endswith("/py.typed") for name in names)
        assert not [name for name in names if "__pycache__" in name or "tests" in name.split("/")]
        assert len(names) == len(set(names))
    diagnosis = dist / next(wheel.name for wheel in wheels if wheel.name.startswith("treadle_diagnosis-"))
    assert diagnosis.stat().st_size < 300_000
    inside = zipfile.ZipFile(diagnosis).namelist()
    assert "treadle_diagnosis/catalog/compiled.json" in inside
    assert "treadle_diagnosis/javascript/src/index.js" in inside
    assert not [name for name in inside if name.endswith(".toml")]


def test_the_wheel_says_what_the_checkout_says(install: Callable[..., Installed]) -> None:
    from treadle_diagnosis.catalog import build

    read = (
        "from treadle_diagnosis.catalog.loading import _data; import json; print(json.dumps(_data(), sort_keys=True))"
    )
    assert json.loads(install("treadle-diagnosis").python(read)) == json.loads(json.dumps(build.compile_catalog()))


def test_the_diagnosis_alone(install: Callable[..., Installed]) -> None:
    alone = install("treadle-diagnosis")
    assert set(alone.packages) == {"treadle-diagnosis"}
    answer = '{"error": {"code": 190, "error_subcode": 463}}'
    for words in (["treadle-diagnose"], ["treadle-diagnose", "diagnose"], ["python", "-m", "treadle_diagnosis"]):
        assert json.loads(alone.run(*words, answer, "--json")[0])["action"] == "reconnect"
    assert json.loads(alone.run("treadle-diagnose", "--json", given=answer)[0])["pattern"] == "token_expired"
    assert "token_expired" in alone.run("treadle-diagnose", "explain")[0]
    assert "It looks like this" in alone.run("treadle-diagnose", "explain", "token_expired")[0]
    assert "treadle-diagnose explain" in alone.run("treadle-diagnose", answer)[0]
    err = alone.run("treadle-diagnose", "guide", "build", "pages", code=1)[1]
    assert "pip install 'treadle-diagnosis[guide]'" in err
    assert "Traceback" not in err


def test_the_guide_with_its_extra(install: Callable[..., Installed]) -> None:
    guide = install("treadle-diagnosis[guide]")
    guide.run("treadle-diagnose", "guide", "build", "pages")
    assert (guide.home / "pages" / "index.html").is_file()


def test_the_client_alone(install: Callable[..., Installed]) -> None:
    client = install("treadle-threads")
    assert not HEAVY & set(client.packages)
    assert "pydantic" not in client.packages
    every = (
        "import importlib, pkgutil, treadle_threads as package\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    if '.worker' not in found.name: importlib.import_module(found.name)\n"
        "from treadle_threads import ThreadsClient\n"
        "from treadle_threads.media import probe_file, validate\n"
        "print('all')"
    )
    assert client.python(every) == "all"
    call = (
        "import asyncio; from treadle_threads import ThreadsClient, NotSent\n"
        "async def main():\n"
        "    async with ThreadsClient('token', base_url='http://127.0.0.1:1') as client:\n"
        "        answer = await client.create_container({'media_type': 'TEXT', 'text': 'Hello'})\n"
        "        print(type(answer).__name__, isinstance(answer, NotSent))\n"
        "asyncio.run(main())"
    )
    assert client.python(call) == "NotSent True"


def test_the_client_of_the_api_alone(install: Callable[..., Installed]) -> None:
    client = install("treadle-client")
    assert not {name for name in client.packages if name.startswith("treadle")} - {"treadle-client"}
    assert not (HEAVY | {"pydantic"}) & set(client.packages)
    assert client.python("from treadle_client import AsyncTreadle, Treadle, verify; print('all')") == "all"


def test_the_sandbox_alone(install: Callable[..., Installed]) -> None:
    sandbox = install("treadle-sandbox")
    assert not HEAVY & set(sandbox.packages)
    assert not {"typer", "rich", "pydantic", "pytest"} & set(sandbox.packages)
    assert sandbox.megabytes < 30
    process = sandbox.start("threads-sandbox", "--port", "0", "--json", "--processing", "fast")
    try:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        token = where["accounts"][0]["access_token"]
        with urlopen(f"{where['url']}/me?fields=username&access_token={token}") as answer:
            assert json.load(answer)["username"] == "ada"
        with urlopen(where["page"]) as page:
            assert page.status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 0


FIXTURE_TEST = """
import json, sys
from urllib.request import urlopen

EARLY = [name for name in sys.modules if name.startswith("treadle_sandbox.") or name == "aiohttp"]

def test_nothing_is_imported_before_it_is_asked_for():
    assert EARLY == ["treadle_sandbox.pytest_plugin"]

def test_the_fixture(threads_sandbox):
    account = threads_sandbox.control.add_account("ada")
    with urlopen(f"{threads_sandbox.url}/me?fields=username&access_token={account['access_token']}") as answer:
        assert json.load(answer)["username"] == "ada"
"""


@pytest.mark.parametrize("wanted", [("treadle-sandbox", "pytest"), ("treadle[sandbox]",)], ids=" ".join)
def test_the_pytest_fixture(install: Callable[..., Installed], wanted: tuple[str, ...]) -> None:
    installed = install(*wanted)
    (installed.home / "test_mine.py").write_text(FIXTURE_TEST)
    out, _ = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py")
    assert "2 passed" in out


def test_the_whole_and_what_version_1_documented(install: Callable[..., Installed]) -> None:
    whole = install("treadle[sandbox]")
    assert (set(DISTRIBUTIONS) - {"treadle-client"}) | HEAVY <= set(whole.packages)
    documented = (
        "from treadle import ThreadsClient, diagnose\n"
        "from treadle.sandbox import Control, Options, Sandbox, running\n"
        "from treadle.media import probe_file, validate\n"
        "from treadle.media.service import MediaService\n"
        "import pillow_heif\n"
        "print(diagnose({'error': {'code': 190, 'error_subcode': 463}}).action)"
    )
    assert whole.python(documented) == "reconnect"
    for words in (["treadle"], ["treadle-diagnose"], ["threads-sandbox"], ["python", "-m", "treadle"]):
        assert whole.run(*words, "--version")[0].split()[-1] == whole.packages["treadle"]
    listed = whole.python("from treadle.cli import COMMANDS; print(*COMMANDS)").split()
    assert len(listed) > 20
    for command in listed:
        out, err = whole.run("treadle", command, "--help")
        assert "usage" in (out + err).lower(), command


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_source_distribution_makes_the_same_wheel(
    name: str, dist: Path, tmp_path: Path, run_uv: Callable[..., str]
) -> None:
    """`uv build` makes wheels from source distributions; straight from the checkout the same files come out."""
    made = next(dist.glob(f"{name.replace('-', '_')}-*.whl"))
    copied = tmp_path / "packages" / name
    shutil.copytree(ROOT / "js" / "src", tmp_path / "js" / "src")  # what the diagnosis takes from beside it
    shutil.copytree(ROOT / "packages" / name, copied, ignore=shutil.ignore_patterns("__pycache__"))
    if name == "treadle-diagnosis":  # what an older version left there must not get in
        (copied / "src" / "treadle_diagnosis" / "catalog" / "compiled.json").write_text("{}")
    run_uv("build", "--quiet", "--wheel", "--out-dir", tmp_path, copied, cwd=tmp_path)
    direct = next(tmp_path.glob("*.whl"))
    contents = [
        {
            entry.filename: entry.CRC
            for entry in zipfile.ZipFile(wheel).infolist()
            if not entry.filename.endswith("RECORD")
        }
        for wheel in (made, direct)
    ]
    assert contents[0] == contents[1]
