"""The first advice is true for somebody whose own program got the answer."""

from __future__ import annotations

import re

import pytest

from treadle_diagnosis import catalog, diagnose
from treadle_diagnosis.catalog.model import Pattern
from treadle_diagnosis.guide import render
from treadle_diagnosis.retry import plain_advice
from treadle_diagnosis.types import RetryAdvice
from treadle_diagnosis.wording import visitor_json, visitor_step

# What is only true where Treadle runs.
ONLY_TREADLE = re.compile(
    r"Treadle|Recheck|Nothing to do|Nothing is wrong|Do nothing|(?:tried|built) (?:again|anew)|goes (?:on|out)|go out"
)
# Treadle's own state: nobody else can meet it.
OURS = {"app_not_configured", "post_too_late"}


def step_of(p: Pattern) -> str:
    return visitor_step(p.who, p.owner, p.developer, plain_advice(p.retry))


@pytest.mark.parametrize("pattern", [p for p in catalog.load() if p.id not in OURS], ids=lambda p: p.id)
def test_every_pattern_says_something_that_is_true_without_treadle(pattern: Pattern) -> None:
    step = step_of(pattern)
    assert len(step) > 10
    assert not ONLY_TREADLE.search(step), step
    assert step[0].isupper() or step[0] in '`"36'
    assert "  " not in step
    if pattern.retry.kind in ("later", "new_container") and pattern.who == "nobody":
        assert step.startswith("Wait ")


def test_what_only_the_owner_can_do_stays() -> None:
    found = catalog.load().get("account_checkpointed")
    assert found is not None
    assert step_of(found).startswith("Log in to threads.com")


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        ("Let Treadle repair the file, or export it as MP4.", "Export it as MP4."),
        ("Make the file public, or upload it to Treadle.", "Make the file public."),
        ("Let Treadle repair the file; it loses nothing.", "Re-encode it."),
        ("Let Treadle repair the file.", "Re-encode it."),
        ("Confirm the account, then press Recheck.", "Confirm the account."),
        (
            "Open the app. Then press Recheck. Do not connect again before.",
            "Open the app. Do not connect again before.",
        ),
        ("Shorten the text.", "Shorten the text."),
    ],
)
def test_only_what_needs_treadle_is_left_out(owner: str, step: str) -> None:
    assert visitor_step("owner", owner, "Re-encode it.", RetryAdvice()) == step


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
    assert "it goes by itself" not in made.body


def test_the_api_and_the_command_give_both() -> None:
    found = diagnose(PASTES[0])
    given = visitor_json(found)
    assert given["next_step"].startswith("Wait 3 to 5 seconds and publish the same container again")
    assert given["owner_step"] == found.next_step
    assert given["next_step_developer"] in given["next_step"]


def test_metas_own_hint_is_in_the_advice() -> None:
    found = diagnose(http_status=429, headers={"Retry-After": "1200"}, body="Too many requests")
    assert visitor_json(found)["next_step"].startswith("Wait about 20 minutes (Meta asked for this)")


def test_with_nothing_pasted_it_says_what_to_paste() -> None:
    assert visitor_json(diagnose(""))["next_step"].startswith("Paste the error")
