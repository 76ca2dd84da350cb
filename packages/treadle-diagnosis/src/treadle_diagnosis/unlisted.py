"""A subcode that no pattern names: its code is no longer sure of anything.

Subcodes have turned a rate limit into a block and a passing fault into a dead file. So what is concluded from the code
beside an unlisted subcode is a guess, and is tried again three times at most.
"""

from __future__ import annotations

from treadle_diagnosis.facts import Facts
from treadle_diagnosis.record import replaced
from treadle_diagnosis.rules import Rule
from treadle_diagnosis.types import REPEATS, Diagnosis

TRIES = 3


def decides(rule: Rule, facts: Facts) -> bool:
    """Whether the subcode is unlisted and the rule holds for the code (or for words) beside it alone."""
    match = rule.match
    return facts.unlisted and not (match.constant or match.container or match.unlisted_subcode)


def nothing_but_a_number(rule: Rule, facts: Facts) -> bool:
    """Whether one unlisted number is all there is, beside words that go with many faults ("try again later")."""
    alone = facts.code is not None and facts.code == facts.subcode and not rule.match.subcode
    return alone and rule.pattern.retry.kind in REPEATS


def less_sure(diagnosis: Diagnosis, rule: Rule) -> Diagnosis:
    """``diagnosis`` as far as it can be trusted: a guess where the code alone, or a retry, was concluded."""
    repeats = diagnosis.retry.kind in REPEATS
    if rule.match.words and not repeats:
        return diagnosis if diagnosis.confidence != "exact" else replaced(diagnosis, confidence="likely")
    if not repeats:
        return replaced(diagnosis, confidence="guess")
    tries = min(diagnosis.retry.max_attempts, TRIES)
    return replaced(diagnosis, confidence="guess", retry=replaced(diagnosis.retry, max_attempts=tries))
