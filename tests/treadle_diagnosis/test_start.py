"""What a start of the command loads, and that its own values behave as the dataclasses that they stand for."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import pytest

from treadle_diagnosis import Diagnosis, Evidence, RetryAdvice, diagnose
from treadle_diagnosis.catalog import load
from treadle_diagnosis.catalog.model import Example
from treadle_diagnosis.record import Record, replaced

ANSWER = '{"error": {"message": "Session has expired", "code": 190, "error_subcode": 463}}'
# Imports that each take milliseconds, of the ten that bare Python takes.
DEAR = {"ast", "dataclasses", "hashlib", "inspect", "pathlib", "shutil", "tomllib", "typing", "urllib", "zipfile"}


@pytest.mark.parametrize("words", [(ANSWER,), (ANSWER, "--json"), ("--version",)], ids=["text", "json", "version"])
def test_a_start_imports_nothing_dear(words: tuple[str, ...]) -> None:
    script = (
        "import sys; bare = set(sys.modules)\n"
        "from treadle_diagnosis.cli import main\n"
        f"try: main({list(words)!r})\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print(*(set(sys.modules) - bare), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert DEAR & loaded == set()
    assert "treadle_diagnosis.catalog.build" not in loaded
    assert ("treadle_diagnosis.engine" in loaded) is (words[0] == ANSWER)


def test_the_names_of_the_package_are_imported_when_asked_for() -> None:
    import treadle_diagnosis as package

    assert {"diagnose", "Diagnosis", "RetryAdvice"} <= set(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
    assert package.RetryAdvice is RetryAdvice
    with pytest.raises(AttributeError, match="no attribute 'diagnos'"):
        getattr(package, "diagnos")  # noqa: B009 (types know that there is none)


class Point(Record):
    x: int
    y: int = 2
    more: dict[str, Any] = {}  # noqa: RUF012 (a new one for each, as in the package)


@dataclasses.dataclass(frozen=True, slots=True)
class Twin:
    x: int
    y: int = 2
    more: dict[str, Any] = dataclasses.field(default_factory=dict)


def test_a_record_is_made_compared_and_shown_as_a_frozen_dataclass() -> None:
    kinds: tuple[Any, ...] = (Point, Twin)
    wrong: tuple[Any, ...]
    for kind in kinds:
        one = kind(1, more={"a": 1})
        assert one == kind(x=1, y=2, more={"a": 1}) != kind(1)
        assert one != (1, 2, {"a": 1})
        assert repr(one) == f"{kind.__qualname__}(x=1, y=2, more={{'a': 1}})"
        assert kind(1).more is not kind(1).more
        for wrong in ((), (1, 2, {}, 4)):
            with pytest.raises(TypeError):
                kind(*wrong)
        with pytest.raises(TypeError):
            kind(1, z=3)
        with pytest.raises(dataclasses.FrozenInstanceError):
            one.x = 3
        with pytest.raises(dataclasses.FrozenInstanceError):
            del one.x
        with pytest.raises(AttributeError):
            object.__setattr__(one, "z", 3)
        assert dataclasses.replace(one, y=5) == kind(1, 5, {"a": 1})
        assert dataclasses.asdict(one) == {"x": 1, "y": 2, "more": {"a": 1}}
        assert [field.name for field in dataclasses.fields(one)] == ["x", "y", "more"]
        assert kind.__match_args__ == ("x", "y", "more")
    assert not dataclasses.is_dataclass(Record)


def test_values_of_the_package_are_hashed_copied_and_pickled() -> None:
    found = diagnose(ANSWER)
    for value in (RetryAdvice("later", 1.0), found, Evidence(body="x")):
        assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == copy.copy(value) == value
    assert hash(RetryAdvice()) == hash(RetryAdvice()) != hash(RetryAdvice("later"))
    assert replaced(found, title="x") == dataclasses.replace(found, title="x") != found
    assert isinstance(found, Diagnosis)
    assert Example().headers == {}


def test_patterns_are_made_once_and_keep_their_order() -> None:
    catalog = load()
    assert [p.id for p in catalog] == [entry["id"] for entry in catalog.entries]
    assert all(catalog.get(p.public_name) is p is catalog.pattern(n) for n, p in enumerate(catalog.patterns))
