"""What must hold for the repository as a whole: who may import whom, what is never committed, what must be there."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import ROOT, SOURCES, modules, name_of

DIAGNOSIS = SOURCES["treadle-diagnosis"]
SERVER = SOURCES["treadle"]

# Modules that would let pure code reach a clock, the network, a database or another process.
IMPURE = {
    "aiohttp", "asyncio", "ctypes", "dbos", "fastapi", "http", "multiprocessing", "psycopg", "random", "requests",
    "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "structlog", "subprocess",
    "tempfile", "threading", "time", "uvicorn",
}  # fmt: skip
FILE_METHODS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
CLOCK_CALLS = re.compile(r"\b(?:datetime|date)\.(?:now|utcnow|today)\(")
# The command and what builds the guide's and the JavaScript's files are the parts of the diagnosis that read and write.
DIAGNOSIS_IO = {"cli", "guide", "javascript"}


def imports_of(path: Path) -> Iterator[str]:
    """Every module a file imports, anywhere in it; type-only imports count too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def test_the_import_contracts_hold() -> None:
    """The layers in pyproject.toml, by import-linter."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(command), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_part_of_the_server_has_its_layer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == "Layers of the server")
    named = {name.strip() for layer in layers for name in layer.split("|")}
    parts = {name_of(path) for path in SERVER.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    free = {"treadle", "treadle.__main__", "treadle.sandbox"}
    assert parts - free == named, "a new part of the server needs a layer in pyproject.toml"
    no_sql = next(contract["source_modules"] for contract in contracts if contract["name"] == "SQL only in the store")
    bare = {"treadle", "treadle.__main__", "treadle.store"}
    assert parts - bare == set(no_sql), "a new part of the server stands in the contract on SQL in pyproject.toml"


def test_no_modules_know_each_other_in_a_circle() -> None:
    """What two modules both need belongs into a third."""
    names = {name_of(path): path for path in modules() if path.stem != "__init__"}
    knows = {name: {known for known in imports_of(path) if known in names} for name, path in names.items()}
    free: set[str] = {""}
    while free:  # take away who knows nobody that is left, and whom nobody that is left knows
        known = set().union(*knows.values())
        free = {name for name in knows if not knows[name] or name not in known}
        knows = {name: those - free for name, those in knows.items() if name not in free}
    assert not knows, "in a circle: " + ", ".join(sorted(knows))


def pure_modules() -> list[Path]:
    diagnosis = [path for path in modules(DIAGNOSIS) if path.relative_to(DIAGNOSIS).parts[0] not in DIAGNOSIS_IO]
    return [*diagnosis, *modules(SERVER / "domain")]


def test_pure_code_reaches_no_clock_network_or_database() -> None:
    wrong = []
    for path in pure_modules():
        wrong += [f"{path.name}: {name}" for name in imports_of(path) if name.split(".")[0] in IMPURE]
        wrong += [f"{path.name}: {name}" for name in imports_of(path) if name == "treadle.settings"]
        wrong += [f"{path.name}: {call}" for call in CLOCK_CALLS.findall(path.read_text(encoding="utf-8"))]
    assert not wrong


def test_the_diagnosis_needs_nothing_but_the_standard_library() -> None:
    """The guide's pages are the extra of the package; everything else runs on a bare Python."""
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in modules(DIAGNOSIS)
        if path.relative_to(DIAGNOSIS).parts[0] != "guide"
        for name in imports_of(path)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names and top not in ("treadle_diagnosis", "_typeshed")
    ]
    assert not wrong


def test_diagnosis_reads_no_files() -> None:
    """Only the catalogue reads its own."""
    wrong = []
    for path in modules(DIAGNOSIS):
        if path.relative_to(DIAGNOSIS).parts[0] in DIAGNOSIS_IO | {"catalog"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                opened = isinstance(function, ast.Name) and function.id == "open"
                method = isinstance(function, ast.Attribute) and function.attr in FILE_METHODS
                if opened or method:
                    wrong.append(f"{path.name}:{node.lineno}")
    assert not wrong


def test_diagnosing_loads_no_server() -> None:
    """`from treadle import diagnose` is for any program: it must not drag the server, the engine or codecs in."""
    code = (
        "import sys; from treadle import diagnose; "
        "print(*sorted({'dbos','sqlalchemy','fastapi','uvicorn','av','PIL','aiohttp','mcp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# --- what is committed ----------------------------------------------------------------------------------------------


def committed() -> list[Path]:
    """The files of the repository: git's list, or everything when this is an unpacked archive."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z", "--cached"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git work tree")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_nothing_that_is_committed_is_a_link() -> None:
    """A link to an environment of somebody's machine is a file to git, and ignore rules for folders let it pass."""
    try:
        done = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git work tree")
    assert not [line for line in done.stdout.splitlines() if line.startswith("120000")]


FORBIDDEN = {
    "a path of somebody's machine": re.compile(
        rb"(?<![\w.])/(?:work|home|Users)/(?!runner\b|treadle\b|me\b|YOU\b)[\w-]+/"
    ),
    "a live-looking access token": re.compile(rb"\bTHQ[A-Za-z0-9_-]{60,}"),
    "a private key": re.compile(rb"-----BEGIN (?:RSA |EC |OPENSSH |)PRIVATE KEY-----"),
    "a mention of how the code was written": re.compile(rb"(?i)\b(?:claude|chatgpt|copilot|as an ai|language model)\b"),
}
NOT_TEXT = {".png", ".jpg", ".mp4", ".heic", ".webp", ".gif", ".woff2", ".ico", ".gz"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_is_committed_that_must_not_be(what: str) -> None:
    pattern = FORBIDDEN[what]
    hits = [
        f"{path.relative_to(ROOT)}: {match.group()[:60]!r}"
        for path in committed()
        if path.suffix not in NOT_TEXT and path != Path(__file__)
        for match in [pattern.search(path.read_bytes())]
        if match
    ]
    assert not hits


def test_the_lock_file_names_the_public_index_alone() -> None:
    sources = set(re.findall(r'registry = "([^"]+)"', (ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert sources == {"https://pypi.org/simple"}


def test_no_file_is_large() -> None:
    large = [str(path.relative_to(ROOT)) for path in committed() if path.stat().st_size > 1_500_000]
    assert not large, "media are made at run time, pictures for the docs are kept small"


def test_test_modules_have_names_of_their_own() -> None:
    """Where a folder's tests are no package, two modules of one name would hide each other."""
    names = Counter(
        path.name
        for path in (ROOT / "tests").rglob("*.py")
        if path.name != "conftest.py" and not (path.parent / "__init__.py").exists()
    )
    assert not [name for name, count in names.items() if count > 1]


def test_no_stub_pretends() -> None:
    stub = re.compile(r"raise NotImplementedError|\b(?:TODO|FIXME|XXX)\b")
    hits = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if stub.search(line)
    ]
    assert not hits


def test_every_command_and_rule_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = page.read_text(encoding="utf-8")
        shown = re.findall(r"^(?:\$ )?make ([a-z][a-z -]*)", "\n".join(code_blocks(text)), re.M)
        shown += re.findall(r"`make ([a-z][a-z-]*)", text)
        named = {word for words in shown for word in words.split()}
        assert named <= targets, f"{page.name} names make targets that do not exist"


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^ *```[a-z]*[^\n]*\n(.*?)^ *```", text, re.M | re.S)


def test_the_version_is_one() -> None:
    from treadle import __version__

    projects = [ROOT / "pyproject.toml", *(ROOT / "packages").glob("*/pyproject.toml")]
    versions = {tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"] for path in projects}
    said = {importlib.import_module(name.replace("-", "_")).__version__ for name in SOURCES}
    assert versions | said == {__version__}
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"({__version__})" in changelog or f"## {__version__}" in changelog


def test_every_page_says_which_role_it_needs() -> None:
    from treadle.web import router
    from treadle.web.permissions import unnamed

    routes = [(method, route.path) for route in router.routes() for method in route.methods or ()]
    assert unnamed(routes) == [], "add what they need to treadle/web/permissions.py"
