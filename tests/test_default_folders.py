"""Tests run in the default set-up: none sets a data directory, unless the directory is its subject."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SUBJECT = {
    "test_paths.py": "where the data directory is, however it is named",
    "test_default_folders.py": "this rule",
    "security/test_files_and_keys.py": "who may read the directory and its keys, and how it is made",
    "treadle/cli/test_trouble.py": "a data directory that cannot be made",
    "treadle/store/test_released_databases.py": "the sandbox of an earlier release, kept with its data",
}
# The sandbox's own option, of a program that has no settings.
OF_THE_SANDBOX = "treadle_sandbox/"
SET_BY = ("TREADLE_DATA_DIR",)


def set_in(source: str) -> Iterator[int]:
    """Lines that set Treadle's data directory: as a setting, in a copy of settings, in an environment or a file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from (node.lineno for keyword in node.keywords if keyword.arg in ("data_dir", *SET_BY))
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("setenv", "setitem") and any(_says(a, ("TREADLE_DATA_DIR", "DATA_DIR")) for a in node.args):
                yield node.lineno
        elif isinstance(node, ast.Dict):
            yield from (k.lineno for k in node.keys if k is not None and _says(k, ("data_dir", *SET_BY)))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and _says(target.slice, ("data_dir", *SET_BY)):
                    yield node.lineno
        elif (isinstance(node, ast.Tuple) and node.elts and _says(node.elts[0], ("DATA_DIR", "data_dir", *SET_BY))) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and "data_dir =" in node.value
        ):
            yield node.lineno


def _says(node: ast.expr, words: tuple[str, ...]) -> bool:
    return isinstance(node, ast.Constant) and node.value in words


def test_no_test_sets_a_data_directory_that_is_not_its_subject() -> None:
    found = {
        f"{place}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        if (place := path.relative_to(TESTS).as_posix()) not in SUBJECT and not place.startswith(OF_THE_SANDBOX)
        for line in set_in(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "use the fixture fresh_folder, or settings_in of tests/support/folders.py"


@pytest.mark.parametrize("place", sorted(SUBJECT))
def test_every_exception_is_one(place: str) -> None:
    assert list(set_in((TESTS / place).read_text(encoding="utf-8"))), f"{place} needs no exception any more"


@pytest.mark.parametrize(
    "source",
    [
        "Settings(data_dir=tmp_path)", 'settings.model_copy(update={"data_dir": tmp_path})',
        'monkeypatch.setenv("TREADLE_DATA_DIR", "x")', 'env = {**os.environ, "TREADLE_DATA_DIR": "x"}',
        'os.environ["TREADLE_DATA_DIR"] = "x"', 'environment(tmp_path, TREADLE_DATA_DIR="x")',
        'for name, value in (("DATA_DIR", "x"),): pass', "path.write_text('data_dir = \"x\"')",
    ],
)  # fmt: skip
def test_each_way_to_set_one_is_seen(source: str) -> None:
    assert list(set_in(source)) == [1]
