"""One word for one thing: names that were given up stay away, and a class's name means one class.

``SHARED`` is a debt. It only gets shorter: whoever renames lowers the number, and nobody raises it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.sources import ROOT, modules

# Word: what it is called now. Each means nothing else in this code base; what a name is made of counts (`make_house`).
GIVEN_UP = {
    "house": "worker context, app, accounts service, installation: what it is there",
    "hop": "run",
    "desk": "router",
    "visit": "page request",
    "astray": "error pages",
    "roster": "account list",
    "gauges": "usage",
    "thrift": "poll budget",
    "hangman": "interrupter",
    "postman": "delivery worker",
    "furnish": "wire, fill",
}
# In names of the product: each says only that somebody spoke, and stood for a dozen things.
NOT_IN_THE_PRODUCT = {
    "anew": "again",
    "brake": "rate limiter",
    "gate": "admission",
    "said": "message, answer, content, args: what it is there",
    "told": "answer, known, recipients: what it is there",
}
# Names that are not ours to choose: what `ast` calls a method.
NOT_OURS = {("visit", "simulation/mutants.py")}
# Names that several classes still share, and how many do.
SHARED = {
    "App": 2,
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
    rest = [
        path for folder in ("bench", "simulation", "tests", "tools") for path in sorted((ROOT / folder).rglob("*.py"))
    ]
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


def prose_of(path: Path) -> str:
    """The comments and docstrings of a file."""
    text = path.read_text(encoding="utf-8")
    said = [
        each.string for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type == tokenize.COMMENT
    ]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            said.append(ast.get_docstring(node) or "")
    return "\n".join(said)


def words_of(name: str) -> set[str]:
    """``_HouseMaker`` and ``house_maker``: house, maker."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_a_name_is_taken_to_pieces() -> None:
    assert words_of("_HouseMaker") == words_of("house_maker") == {"house", "maker"}
    assert words_of("HTTPRoster2") == {"http", "roster"}
    assert words_of("warehouse") == {"warehouse"}


def mentions(path: Path, words: Iterable[str]) -> bool:
    """Whether one of the words is in the file or its name at all, if only as part of a longer one.

    Only such a file is taken to pieces: of all of them that took twenty seconds in every process that runs tests."""
    text = f"{path.stem}\n{path.read_text(encoding='utf-8')}".lower()
    return any(word in text for word in words)


def test_a_file_that_mentions_no_word_is_passed_over() -> None:
    assert mentions(Path(__file__), GIVEN_UP)
    assert mentions(Path(__file__), {"vocabulary"})
    assert not mentions(Path(__file__), {"zqx" * 2})


@pytest.fixture(scope="module")
def holding() -> dict[str, list[str]]:
    """Given up word: the files that still have it in a name."""
    found = defaultdict(list)
    for path in python_files():
        if not mentions(path, GIVEN_UP):
            continue
        words = set().union(*map(words_of, set(names_in(path))))
        for word in words & GIVEN_UP.keys():
            found[word].append(str(path.relative_to(ROOT)))
    return found


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """Given up word: the files whose comments or docstrings have it, or its plural."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in python_files():
        if not mentions(path, GIVEN_UP):
            continue
        words = set(re.findall(r"[a-z]+", prose_of(path).lower()))
        for word in GIVEN_UP:
            if words & {word, f"{word}s"}:
                found[word].append(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("word", GIVEN_UP)
def test_a_name_that_was_given_up_stays_away(word: str, holding: dict[str, list[str]]) -> None:
    files = [file for file in holding[word] if (word, file) not in NOT_OURS]
    assert not files, f"{word!r} is now {GIVEN_UP[word]}"


def test_no_name_of_the_product_says_only_that_somebody_spoke() -> None:
    """Tests may: their names are sentences."""
    found = defaultdict(list)
    for path in (*modules(), *sorted((ROOT / "integrations").rglob("*.py"))):
        for word in set().union(*map(words_of, set(names_in(path)))) & NOT_IN_THE_PRODUCT.keys():
            found[f"{word}: {NOT_IN_THE_PRODUCT[word]}"].append(str(path.relative_to(ROOT)))
    assert not found


# Postman is a product, and the other a plain word.
@pytest.mark.parametrize("word", [word for word in GIVEN_UP if word not in ("postman", "visit")])
def test_no_comment_and_no_docstring_says_it(word: str, told: dict[str, list[str]]) -> None:
    assert not told[word], f"{word!r} is now {GIVEN_UP[word]}"


def test_nobody_reads_anew() -> None:
    """In docs, pages and patterns: it is "again", or the verb with "re" before it."""
    kinds = ("*.toml", "*.md", "*.html", "*.js")
    files = [path for kind in kinds for path in (ROOT / "packages").rglob(kind)] + sorted((ROOT / "docs").rglob("*.md"))
    files = [path for path in files if path != ROOT / "docs" / "glossary.md" and "node_modules" not in path.parts]
    assert len(files) > 100
    found = [str(path.relative_to(ROOT)) for path in files if re.search(r"\banew\b", path.read_text(encoding="utf-8"))]
    assert not found


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
    assert {word for word, _ in NOT_OURS} <= set(GIVEN_UP)
    assert all((ROOT / file).is_file() for _, file in NOT_OURS)
    assert all(number > 1 for number in SHARED.values())
