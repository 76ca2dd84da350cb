"""Text from strangers costs linear time: every expression and every reader, on repetitions of n, 2n and 4n.

The texts are made (`tests.support.repetitions`, `tests.security.readers`), not collected: the next slow text is not
known beforehand. Costs are CPU time, compared with a plain search at the same moment and confirmed three times.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security import compiled_patterns, readers
from tests.support.growth import Judge, Shape, Stuck
from tests.support.repetitions import shapes_of
from tests.support.sources import modules, place_of
from treadle_diagnosis import diagnose
from treadle_diagnosis.redact import redact_text
from treadle_diagnosis.shape import shape_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def looked_at() -> dict[str, Any]:
    """Every expression of the package with its cost, from a process in which the hook came before the package."""
    command = [sys.executable, "-m", "tests.security.compiled_patterns"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_expression_is_known(looked_at: dict[str, Any]) -> None:
    assert looked_at["loose"] == []
    assert len(looked_at["found"]) > 60
    written = {place_of(path) for path in modules() if re.search(r"\b(?:re|regex)\.compile\(", path.read_text("utf-8"))}
    written.discard("treadle_diagnosis/late.py")  # it compiles what others hand it, and the hook sees whose that is
    assert written <= {one["where"].partition(":")[0] for one in looked_at["found"]}


def test_every_expression_is_linear(looked_at: dict[str, Any]) -> None:
    assert looked_at["dear"] == []


SLOW = {
    "a look-ahead tried at every word": re.compile(r"\bTH(?=[A-Za-z0-9_\-]*[0-9])[A-Za-z0-9_\-]{24,}"),
    "an optional look-ahead": re.compile(r"\b(?=[\w-]*\d)[\w-]{12,}\b"),
    "a run before what is missing": re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"),
    "blank lines": re.compile(r"^\s*%", re.M),
    "two runs of the same": re.compile(r"a+a+b"),
    "nested": re.compile(r"(?:a+)+b"),
    "bounded, but long": re.compile(r"/[^\s?]{1,2000}\?"),
    "a lazy block": re.compile(r"<(?:script|style)\b.{0,4000}?</(?:script|style)>", re.S),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_expression_is_found(name: str) -> None:
    slow = SLOW[name]
    found = compiled_patterns.Found("here:1", "re", slow.pattern, slow.flags, ways=("finditer",))
    assert compiled_patterns.measure([found], lambda one: shapes_of(one.pattern, one.flags))


def test_grapheme_clusters_alone_are_slow_on_flags() -> None:
    """Why `treadle_threads.text` reads flags pair by pair; when this fails, that is no longer needed."""
    judge = Judge(2_000)
    assert judge.judge(regex.compile(r"\X").findall, Shape("", "\U0001f1e9", "")).why


def test_reading_by_slices_is_found() -> None:
    def eaten(text: str) -> str:
        while text:
            text = text[1:]
        return text

    # So long that copying outweighs a step's fixed cost, whatever the machine does beside it.
    assert Judge(50_000, dear=3000).judge(eaten, Shape("", "a", "")).why


def _quiet(name: str, text: str) -> object:
    """The reader's answer; that it refuses a text is fine."""
    try:
        return ALL[name](text)
    except Stuck:
        raise
    except Exception:
        return None


ALL = readers.readers()


def test_no_reader_is_forgotten() -> None:
    assert readers.forgotten() == []
    assert len(ALL) > 150


@pytest.mark.parametrize("name", readers.MORE)
def test_a_reader_that_is_written_out_reads(name: str) -> None:
    """One that fails before it reads would cost nothing on every text."""
    readers.MORE[name]("abc")


def _check(names: list[str], shapes: list[Shape], n: int) -> list[str]:
    judge = Judge(n, cheap=100, dear=3000)
    found = []
    for name in names:
        for shape in shapes:
            verdict = judge.judge(lambda text, name=name: _quiet(name, text), shape)  # type: ignore[misc]
            if verdict.why:
                found.append(f"{name} {verdict.why} on {shape}: {verdict.seconds}")
                break
    return found


def test_every_reader_is_linear() -> None:
    """Each on every sixth text, its neighbours on the others; all of them on all in the long test."""
    shapes = list(readers.shapes())
    found = []
    for number, name in enumerate(sorted(ALL)):
        found += _check([name], shapes[number % 6 :: 6], 8_000)
    assert found == []


@pytest.mark.long
def test_every_reader_is_linear_on_every_text() -> None:
    assert _check(sorted(ALL), list(readers.shapes()), 16_000) == []


TOKENS = st.sampled_from(readers._UNITS) | st.text(max_size=4)
SHAPES = st.builds(
    Shape,
    st.lists(TOKENS, max_size=3).map("".join),
    st.lists(TOKENS, min_size=1, max_size=4).map("".join).filter(bool),
    st.lists(TOKENS, max_size=2).map("".join),
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(8_000, cheap=100, dear=1500)


@given(shape=SHAPES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_repetition_is_diagnosed_in_linear_time(judge: Judge, shape: Shape) -> None:
    def read(text: str) -> None:
        redact_text(text)
        diagnose(text)
        shape_of(text)

    verdict = judge.judge(read, shape)
    assert not verdict.why, f"{verdict.why}: {verdict.seconds}"


def test_the_text_that_stopped_the_server_is_cheap() -> None:
    """60,000 characters of it took 91 seconds. A plain loop over as many characters is the measure here."""
    text = "TH-" * 20_000
    began = time.thread_time()
    for _ in range(30):
        sum(map(ord, text))
    thirty = time.thread_time() - began
    began = time.thread_time()
    diagnose(text)
    redact_text(text)
    assert time.thread_time() - began < thirty + 0.5
