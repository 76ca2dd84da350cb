"""The next step is true for somebody whose own program got the answer, and says what to do."""

from __future__ import annotations

import re

import pytest

from treadle_diagnosis import catalog, diagnose
from treadle_diagnosis.catalog.model import Pattern
from treadle_diagnosis.guide import render

# What is only true where Treadle runs, and promises that something happens automatically.
ONLY_TREADLE = re.compile(
    r"\bTreadle\b(?!/)|Recheck|Nothing to do|Nothing is wrong|Do nothing|(?:tried|built|made|sent) (?:again|anew)"
    r"|goes (?:on|out|by)|go out|by (?:itself|themselves)|automatic|is retried|will be retried"
)
# Treadle's own state, or its own server: nobody else can meet it.
OURS = {
    "app_not_configured",
    "public_url_unreachable",
    "post_too_late",
    "media_worker_failed",
    "media_cage",
    "token_unreadable",
}
# What a step has to name to be acted on: a call, a parameter, a time, a place, a thing to change.
VERB = re.compile(
    r"\b(?:ask|add|allow|authorize|authorization|change|check|choose|compare|convert|correct|create|crop|cut|downmix|draw|enter"
    r"|export|fetch|have|leave|look|make|move|offer|open|pass|publish|put|re-?encode|read|reduce|remove|repeat|reply|rewrite|run"
    r"|save|say|scale|send|serve|set|shorten|sign|skip|stop|take|treat|upload|use|wait|write|accept|do not)\b",
    re.I,
)
PATTERNS = list(catalog.load())


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if p.id not in OURS], ids=lambda p: p.id)
def test_every_next_step_is_true_without_treadle(pattern: Pattern) -> None:
    step = pattern.next_step
    assert not ONLY_TREADLE.search(step), step
    if pattern.retry.kind in ("later", "new_container") and pattern.who == "nobody":
        assert step.startswith("Wait ")


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.id)
def test_every_next_step_says_what_to_do(pattern: Pattern) -> None:
    step = pattern.next_step
    assert VERB.search(step.split(". ")[0]), step
    assert 40 <= len(step) <= 420, len(step)
    assert step[0].isupper() or step[0] == "`"
    assert step[-1] in ".`"
    assert "  " not in step
    assert step not in (pattern.owner, pattern.what_happened)


def test_no_two_patterns_give_the_same_next_step() -> None:
    steps = [p.next_step for p in PATTERNS]
    assert len(set(steps)) == len(steps)


def test_the_wait_agrees_with_the_schedule() -> None:
    """A time that the step names is that of the retry advice."""
    unit = {"second": 1, "seconds": 1, "minute": 60, "minutes": 60, "hour": 3600, "hours": 3600}
    words = {"a": 1, "one": 1, "five": 5, "half an": 0.5}
    checked = 0
    for p in PATTERNS:
        hit = re.match(r"Wait (?:about |at least )?(half an|\w+)(?: to \d+)? (\w+)", p.next_step)
        if hit is None or hit[2] not in unit or p.retry.after_s is None:
            continue
        told = float(words.get(hit[1]) or hit[1]) * unit[hit[2]]
        assert told / 2 <= p.retry.after_s <= told * 2, (p.id, told, p.retry.after_s)
        checked += 1
    assert checked >= 20


PASTES = [
    '{"error": {"code": 24, "error_subcode": 4279009}}',
    '{"error": {"code": 613}}',
    "please try again later",
    '{"error": {"message": "Media download has failed", "code": 9004, "error_subcode": 2207052}}',
    "HTTP 503 from graph.threads.net",
]


@pytest.mark.parametrize("paste", PASTES)
def test_the_guide_leads_with_it(paste: str) -> None:
    made = render("/guide/diagnose", {"error": paste, "stage": "", "surface": ""})
    assert made is not None
    first = made.body.split("What to do.</strong>")[1].split("</p>")[0]
    assert not ONLY_TREADLE.search(first), first
    assert "it resolves automatically" not in made.body


def test_a_page_marks_what_is_inferred_and_how_old_its_facts_are() -> None:
    for id_, inferred in (("action_blocked", False), ("wrong_user_id", True)):
        made = render(f"/guide/errors/{id_}", {})
        pattern = catalog.load().get(id_)
        assert made is not None
        assert pattern is not None
        assert ("Inferred." in made.body) is inferred
        assert f'Facts last checked <time datetime="{pattern.checked}"' in made.body


def test_a_diagnosis_has_both_voices() -> None:
    found = diagnose(PASTES[0])
    given = found.to_json()
    assert given["next_step"].startswith("Wait 3 to 5 seconds and publish the same container again")
    assert "retries automatically" in given["owner_step"]


def test_what_only_the_owner_can_do_stays() -> None:
    found = catalog.load().get("account_checkpointed")
    assert found is not None
    assert "log in to threads.com" in found.next_step


def test_metas_own_hint_is_in_the_advice() -> None:
    found = diagnose(http_status=429, headers={"Retry-After": "1200"}, body="Too many requests")
    assert found.next_step.startswith("Wait about 20 minutes (Meta asked for this)")


def test_once_the_tries_are_used_up_the_next_step_is_another() -> None:
    body = {"error": {"code": 9007, "error_subcode": 2207027}}
    first = diagnose(body, stage="publish", http_status=400)
    spent = diagnose(body, stage="publish", http_status=400, context={"seen_on_container": 9})
    assert (first.retry.kind, spent.retry.kind) == ("later", "new_container")
    assert "create a new container" in spent.next_step.split(".")[0]


def test_with_nothing_pasted_it_says_what_to_paste() -> None:
    assert diagnose("").next_step.startswith("Paste the error")


def test_an_unknown_answer_is_never_repeated_on_a_timer() -> None:
    assert "Do not repeat" in diagnose("zyx wvu").next_step
