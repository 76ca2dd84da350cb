"""Reads that fail after the effect, many posts in one instant, and a person beside the schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.simulated import Simulation
from tests.support.threads_stand_in import Fault, meta_error
from tests.treadle.engine.cases.test_lag import calls, until
from treadle.app import DEFAULT_WORKSPACE
from treadle.domain.answers import Conflict, Done
from treadle.domain.lateness import HAS_WARNINGS
from treadle.store.workspaces import set_options
from treadle_threads.results import Answer


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


@pytest.mark.parametrize(
    "down", [meta_error(400, 100, 33, "Authorization Error"), meta_error(500, 2), Answer(404, {}, "Not Found")]
)
def test_a_live_post_whose_address_cannot_be_read_is_published(sim: Simulation, down: Answer) -> None:
    account, profile = sim.account()
    fault = Fault("read", down, times=None)
    profile.faults.append(fault)
    post_id = sim.post(account, text="a")
    part = until(sim, post_id, "published")["parts"][0]
    assert part["threads_id"]
    assert part["permalink"] is None
    again = sim.act("retry", post_id)
    assert isinstance(again, Conflict)
    assert sim.threads.live(profile) == ["a"]
    fault.ended = True
    sim.pass_time(6 * 3600.0)
    assert sim.read(post_id)["parts"][0]["permalink"]
    assert len(calls(profile, "publish")) == 1


def test_forty_posts_of_one_instant_go_out_once_each_in_the_order_stored(sim: Simulation) -> None:
    owners = [sim.account() for _ in range(8)]
    due = sim.clock() + 600.0
    ids = [sim.post(owners[n % 8][0], text=f"number {n}", publish_at=iso(due)) for n in range(40)]
    sim.until(lambda: all(sim.read(post_id)["state"] == "published" for post_id in ids), within_s=3600.0)
    for owner, (_, profile) in enumerate(owners):
        assert sim.threads.live(profile) == [f"number {n}" for n in range(owner, 40, 8)]
        assert max(calls(profile, "publish")) - due < 120.0


@pytest.mark.parametrize("turn", range(12))
def test_a_person_presses_publish_now_while_the_schedule_fires(sim: Simulation, turn: int) -> None:
    """Around each call of the run a person asks for the same: to publish now, to try again, to approve."""
    account, profile = sim.account()
    post_id = sim.post(account, text="a", publish_at=iso(sim.clock() + 60.0))
    answers: list[Any] = []
    asked = 0

    def press(where: str) -> None:
        nonlocal asked
        asked += 1
        if asked % 12 == turn and len(answers) < 3:
            verb = ("edit", "retry", "confirm")[len(answers)]
            answers.append(sim.act(verb, post_id, *([{"publish_at": None}] if verb == "edit" else [])))

    sim.threads.struck = press
    sim.until(lambda: sim.read(post_id)["state"] == "published")
    assert sim.threads.live(profile) == ["a"], sim.story(post_id)
    assert answers, "nobody pressed"
    assert all(isinstance(answer, Done | Conflict) for answer in answers)


def test_a_long_part_is_remarked_before_the_first_goes_out_and_mended_below_the_same_root(sim: Simulation) -> None:
    """498 characters with three curly apostrophes are 504 bytes, and this Threads counts bytes."""
    account, profile = sim.account()
    long = "x" * 495 + "\u2019" * 3

    def instead(endpoint: str, what: str, params: Any) -> Answer | None:
        if endpoint == "create" and len(str(params.get("text") or "").encode()) > 500:
            return meta_error(500, 100, None, "Param text must be at most 500 characters long.", type="THApiException")
        return None

    profile.instead = instead
    parts = [{"text": long}, {"text": "three"}]
    made = sim._act("create", DEFAULT_WORKSPACE, {"account_id": account, "text": "one", "replies": parts})
    assert [(one.field, one.rule) for one in made.warnings] == [("replies[0].text", "text_may_be_too_long")]
    post = until(sim, made.post_id, "blocked")
    assert post["cause"]["action"] == "fix_content"
    assert sim.threads.live(profile) == ["one"]
    refused = len(calls(profile, "create"))
    assert refused == 2
    sim.act("edit", made.post_id, {"replies": [{"text": "two"}, {"text": "three"}]})
    until(sim, made.post_id, "published")
    assert sim.threads.live(profile) == ["one", "two", "three"]
    chain = [c.params.get("reply_to_id") for c in sim.threads.containers.values() if c.published_at]
    ids = [c.media_id for c in sim.threads.containers.values() if c.published_at]
    assert chain == [None, ids[0], ids[1]]


@pytest.mark.parametrize("where", ["post", "workspace"])
def test_a_chain_with_a_warning_is_held_whole_where_that_is_asked_for(sim: Simulation, where: str) -> None:
    account, profile = sim.account()
    long = "x" * 495 + "\u2019" * 3
    body: dict[str, Any] = {"account_id": account, "text": "one", "replies": [{"text": long}, {"text": "three"}]}
    if where == "post":
        body["hold_chain_on_warning"] = True
    else:
        with sim.db.begin() as conn:
            set_options(conn, DEFAULT_WORKSPACE, {"hold_chain_on_warning": True})
    sound = sim._act("create", DEFAULT_WORKSPACE, {**body, "text": "zero", "replies": [{"text": "four"}]})
    until(sim, sound.post_id, "published")
    made = sim._act("create", DEFAULT_WORKSPACE, body)
    post = until(sim, made.post_id, "held")
    assert post["why"] == HAS_WARNINGS
    sim.pass_time(3600.0)
    assert sim.threads.live(profile) == ["zero", "four"], "nothing of it goes out"
    sim.act("edit", made.post_id, {"labels": ["later"]})
    assert sim.read(made.post_id)["state"] == "held"
    sim.act("edit", made.post_id, {"replies": [{"text": "two"}, {"text": "three"}]})
    until(sim, made.post_id, "published")
    assert sim.threads.live(profile) == ["zero", "four", "one", "two", "three"]
    again = sim._act("create", DEFAULT_WORKSPACE, {**body, "text": "an other start"})
    assert sim.read(again.post_id)["state"] == "held"
    assert sim.act("confirm", again.post_id) == Done(again.post_id, "Confirmed.")
    until(sim, again.post_id, "published")
