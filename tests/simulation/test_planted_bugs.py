"""The list of planted bugs: each has its place in the sources, and one of them is found and told as a short history."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections import Counter

import pytest

from simulation import mutants
from simulation.mutants import Mutant
from simulation.seeds import parse
from tests.support.sources import ROOT

ALL = mutants.all_mutants()


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_its_place_is_there_once_and_what_it_makes_of_it_is_python(mutant: Mutant) -> None:
    source = mutants.source_of(mutant.module)
    changed = mutant.apply(source)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))


def test_there_are_enough_of_every_kind() -> None:
    assert len(ALL) >= 25
    assert len({mutant.name for mutant in ALL}) == len(ALL)
    assert sum(mutant.name.startswith("chance_") for mutant in ALL) == 5
    areas = Counter(mutant.area for mutant in ALL)
    assert all(areas[area] >= 3 for area in ("fence", "lease", "clarity", "matching", "settling", "scope", "lateness"))


def test_the_list_says_which_day_found_which() -> None:
    rows = tomllib.loads(mutants.LIST.read_text(encoding="utf-8"))["mutant"]
    found = [row["seed"] for row in rows if "seed" in row]
    assert len(found) >= 24
    assert set(found) <= set(parse("sound"))


def test_others_can_be_drawn_and_are_the_same_each_time() -> None:
    for number in range(1, 6):
        one = mutants.named(f"drawn_11_{number}")
        source = mutants.source_of(one.module)
        assert one == mutants.named(one.name)
        assert ast.dump(ast.parse(one.apply(source))) != ast.dump(ast.parse(source))
    with pytest.raises(ValueError, match="no planted bug"):
        mutants.named("drawn_11_6")


def test_one_that_is_not_where_it_was_is_refused() -> None:
    with pytest.raises(ValueError, match="0 times"):
        Mutant("gone", "fence", "treadle.domain.steps", "no such line", "x").apply("nothing")


def test_a_planted_bug_is_found_cut_down_and_printed() -> None:
    """A bug that is found soon on a small day."""
    command = [sys.executable, "-m", "simulation", "--mutant", "late_at_once", "--seed", "1", "--posts", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    history = done.stdout.split("Cut down to what it takes:")[1]
    assert "HELD at" in history
    assert 5 < len(history.splitlines()) < 400
