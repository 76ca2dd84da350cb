"""Once the retries are used up, waiting is no advice any more: somebody has to do something."""

from __future__ import annotations

import pytest

from treadle_diagnosis import diagnose
from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.catalog.model import Example, Pattern
from treadle_diagnosis.spent import after_budget, what_follows
from treadle_diagnosis.types import AUTOMATIC, REPEATS

WAITING = [p for p in load().patterns if p.retry.kind in REPEATS]
LATER = [(p, e) for p in WAITING if p.retry.kind == "later" for e in p.examples[:1]]


@pytest.mark.parametrize("pattern", WAITING, ids=lambda p: p.id)
def test_what_follows_a_budget_is_never_to_wait(pattern: Pattern) -> None:
    assert what_follows(pattern) != "retry_later"


@pytest.mark.parametrize(("pattern", "example"), LATER, ids=[p.id for p, _ in LATER])
def test_a_spent_budget_changes_action_retry_and_who(pattern: Pattern, example: Example) -> None:
    seen = {**example.context, "seen_on_container": pattern.retry.max_attempts + 1}
    spent = diagnose(**{**example.evidence, "context": seen})
    if spent.pattern != pattern.id:
        pytest.skip("with this context the answer is that of another pattern")
    assert spent.action != "retry_later"
    assert spent.retry.kind == (pattern.retry.then or "never")
    assert "The tries are used up" in spent.next_step
    assert "Treadle" not in spent.next_step
    if spent.retry.kind not in AUTOMATIC:
        assert spent.who != "nobody"


@pytest.mark.parametrize("pattern", [p for p in load().patterns if p.retry.kind in AUTOMATIC], ids=lambda p: p.id)
def test_a_post_that_is_given_up_names_somebody(pattern: Pattern) -> None:
    given_up = after_budget(diagnose(context={"finding": pattern.id}))
    assert given_up.action != "retry_later"
    assert (given_up.retry.kind, given_up.retry.max_attempts) == ("when_repaired", 0)
    assert given_up.who != "nobody"


def test_an_open_outcome_is_still_checked_first_once_the_tries_are_used_up() -> None:
    open_ = diagnose(stage="publish", http_status=502, body="<html>Bad gateway</html>")
    given_up = after_budget(open_)
    assert (open_.action, given_up.action, given_up.who) == ("verify_first", "verify_first", "owner")
    assert "Check on Threads" in given_up.owner_step


def test_a_budget_that_is_not_spent_changes_nothing() -> None:
    body = {"error": {"code": 2, "message": "An unexpected error has occurred."}}
    first = diagnose(body, stage="read")
    assert diagnose(body, stage="read", context={"seen_on_container": first.retry.max_attempts}).action == "retry_later"
    spent = diagnose(body, stage="read", context={"seen_on_container": first.retry.max_attempts + 1})
    assert (spent.action, spent.who) == ("contact_support", "developer")
