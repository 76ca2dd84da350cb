"""One word for one thing: names that were given up stay away, and a class's name means one class.

Both lists below are debts. They only get shorter: whoever renames lowers the number, and nobody raises it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import ROOT, modules

# Word: what it is called now. Each means nothing else in this code base; what a name is made of counts (`make_house`).
GIVEN_UP = {
    "house": "worker context, app, accounts: what it is there",
    "hop": "run",
    "desk": "router",
    "visit": "page request",
    "astray": "error pages",
    "roster": "account list",
    "gauges": "usage",
    "thrift": "poll budget",
    "hangman": "killer process",
    "postman": "delivery worker",
    "furnish": "wire, fill",
}
# In how many files each may still be.
LEFT = {
    "house": 20,
    "hop": 3,
    "desk": 7,
    "hangman": 5,
    "furnish": 1,
}
# Names that several classes still share, and how many do.
SHARED = {
    "App": 2,
    "Beside": 2,
    "Call": 2,
    "Draft": 2,
    "Evidence": 2,
    "Finding": 2,
    "Job": 2,
    "Lane": 2,
    "Outcome": 2,
    "Page": 2,
    "Refusal": 2,
    "Server": 2,
    "Token": 2,
}


def python_files() -> list[Path]:
    rest = [path for folder in ("bench", "tests", "tools") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in (*modules(), *rest) if path != Path(__file__).resolve()]


def names_in(path: Path) -> Iterator[str]:
    """Every identifier of a file: what it defines, takes, uses and imports, and its own name."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield from (*name.split("."), other or "")
            case ast.ImportFrom(module=module):
                yield from (module or "").split(".")
            case ast.keyword(arg=str(name)):
                yield name


def words_of(name: str) -> set[str]:
    """``_HouseMaker`` and ``house_maker``: house, maker."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_a_name_is_taken_to_pieces() -> None:
    assert words_of("_HouseMaker") == words_of("house_maker") == {"house", "maker"}
    assert words_of("HTTPRoster2") == {"http", "roster"}
    assert words_of("warehouse") == {"warehouse"}


@pytest.fixture(scope="module")
def holding() -> dict[str, list[str]]:
    """Given up word: the files that still have it in a name."""
    found = defaultdict(list)
    for path in python_files():
        words = set().union(*map(words_of, set(names_in(path))))
        for word in words & GIVEN_UP.keys():
            found[word].append(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("word", GIVEN_UP)
def test_a_name_that_was_given_up_stays_away(word: str, holding: dict[str, list[str]]) -> None:
    most, files = LEFT.get(word, 0), holding[word]
    assert len(files) <= most, f"{word!r} is now {GIVEN_UP[word]}; {len(files)} files have it, {most} did: {files}"


def test_a_class_name_means_one_class() -> None:
    """In the whole product: a reader who searches for it finds it. Names with an underscore are a file's own.

    Not in the client: it is part of other programs, names what the document does, and has two of each."""
    places = defaultdict(list)
    for path in modules():
        if "treadle_client" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    shared = {name: files for name, files in places.items() if len(files) > SHARED.get(name, 1)}
    assert not shared, "give all but one of them the name of what it is"


def test_the_lists_name_what_there_is() -> None:
    assert set(LEFT) <= set(GIVEN_UP)
    assert all(number > 1 for number in SHARED.values())
