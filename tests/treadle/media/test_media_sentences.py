"""What findings about media say: one table, whole, and kept with its arguments on the way between processes."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path
from typing import Any

import pytest

import treadle.media
import treadle_threads.media
from treadle_threads.media.fetch import parse_address
from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import PATTERN_OF, finding, only_reported
from treadle_threads.media.sentences import SENTENCES

PACKAGES = [Path(next(iter(package.__path__))) for package in (treadle_threads.media, treadle.media)]


def calls() -> list[tuple[str, ast.Call]]:
    """Every call of ``finding`` in the product, and where it is."""
    found = []
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "finding":
                    found.append((f"{path.name}:{node.lineno}", node))
    return found


def test_every_code_has_a_sentence_and_a_pattern() -> None:
    assert {said.code or name for name, said in SENTENCES.items()} == set(PATTERN_OF)


def test_what_is_said_by_name_is_in_the_table_and_given_all_its_arguments() -> None:
    """A call with an unknown name or an argument too few fails only when its file comes along."""
    assert len(calls()) > 60
    for where, call in calls():
        assert len(call.args) == 1, f"{where}: the sentence belongs into the table"
        names = [str(part.value) for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant)]
        given = {word.arg for word in call.keywords} | {"got", "limit"}
        for name in names:
            if name not in SENTENCES or None in given:  # the name is put together, or the arguments are
                continue
            wanted = {field for _, field, _, _ in string.Formatter().parse(SENTENCES[name].message) if field}
            assert wanted <= given, f"{where}: {name} lacks {wanted - given}"


def test_a_finding_goes_whole_from_one_process_to_another_and_public_answers_stay() -> None:
    made = finding("aspect", got=12.0, limit=[0.01, 10], width=1200, height=100, shape=12.0, least=0.01, most=10)
    there = Finding.from_json(json.loads(json.dumps(made.to_wire())))
    assert (there, there.says, there.args) == (made, made.says, made.args)
    assert (made.says, made.args["width"]) == ("aspect", 1200)
    assert set(made.to_json()) == {
        "code", "severity", "field", "message", "got", "limit", "pattern", "fix", "basis"
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(name for name, said in SENTENCES.items() if said.done))
def test_what_is_only_reported_does_not_promise_a_copy(name: str) -> None:
    args: dict[str, Any] = {"host": "h", "until": "then", "sure": "", "kind": "video"}
    made = finding(name, got="x", **args)
    reported = only_reported(made)
    assert made.message.endswith(SENTENCES[name].done)
    assert (reported.severity, reported.fix, reported.code) == ("remark", "none", made.code)
    assert reported.message == made.message.removesuffix(" " + SENTENCES[name].done)


@pytest.mark.parametrize("address", ["{host}", "https://{0}/x", "https://a/{x}y z", "ftp://{}"])
def test_braces_in_what_is_given_are_only_shown(address: str) -> None:
    made = parse_address(address)
    assert not isinstance(made, Finding) or made.got == address
