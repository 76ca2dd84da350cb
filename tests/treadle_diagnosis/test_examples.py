"""The catalogue's examples are its tests: each must lead to its own pattern, each near miss to the other one."""

from __future__ import annotations

from typing import Any

import pytest

from treadle_diagnosis import diagnose
from treadle_diagnosis.catalog import Example, load

EXAMPLES = [(p.id, e) for p in load().patterns for e in p.examples]
NEAR_MISSES = [(p.id, e) for p in load().patterns for e in p.near_misses]


def _label(value: Any) -> str:
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES, ids=_label)
def test_an_example_leads_to_its_pattern(pattern: str, example: Example) -> None:
    assert diagnose(**example.evidence).pattern == pattern


@pytest.mark.parametrize(("pattern", "example"), NEAR_MISSES, ids=_label)
def test_a_near_miss_leads_to_the_pattern_it_belongs_to(pattern: str, example: Example) -> None:
    found = diagnose(**example.evidence).pattern
    assert found != pattern
    assert found == example.belongs_to
