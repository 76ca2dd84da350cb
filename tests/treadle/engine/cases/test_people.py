"""What people do while a post is on its way."""

from __future__ import annotations

import pytest

from tests.support.simulated import Simulation
from tests.support.threads_stand_in import Fault
from treadle.app import DEFAULT_WORKSPACE
from treadle.domain.answers import Conflict, Done


def in_doubt(sim: Simulation, account: str) -> str:
    post_id = sim.post(account, text="Launch today!")
    sim.until(lambda: sim.read(post_id)["state"] == "checking")
    assert sim.read(post_id)["state"] == "checking", sim.story(post_id)
    return post_id


def test_retry_while_it_is_checked_says_so_and_sends_nothing(sim: Simulation) -> None:
    account, profile = sim.account(status_lag_s=120.0, list_lag_s=120.0)
    profile.faults.append(Fault("publish", "lost", after=True))
    post_id = in_doubt(sim, account)
    before = len(sim.threads.published(profile))
    said = sim.act("retry", post_id)
    assert isinstance(said, Done)
    assert said.message.startswith("Nothing is sent yet, because it may already be published.")
    assert sim.read(post_id)["state"] == "checking"
    sim.until(lambda: sim.read(post_id)["state"] == "published")
    assert len(sim.threads.published(profile)) == before
    assert sim.threads.live(profile) == ["Launch today!"]
    assert isinstance(sim.act("retry", post_id), Conflict)


@pytest.mark.parametrize("verb", ["cancel", "confirm"])
def test_what_cannot_be_done_while_it_is_checked_is_refused(sim: Simulation, verb: str) -> None:
    account, profile = sim.account(status_lag_s=120.0, list_lag_s=120.0)
    profile.faults.append(Fault("publish", "lost", after=True))
    post_id = in_doubt(sim, account)
    assert isinstance(sim.act(verb, post_id), Conflict)
    assert sim.read(post_id)["state"] == "checking"


def test_a_caller_gives_up_waiting_and_sends_nearly_the_same_again(sim: Simulation) -> None:
    """The first publish takes a minute; forty seconds on, the text comes again with one character more."""
    account, profile = sim.account(status_lag_s=60.0, list_lag_s=60.0)
    profile.faults.append(Fault("publish", "lost", after=True))
    first = in_doubt(sim, account)
    sim.pass_time(40.0)
    second = sim._act("create", DEFAULT_WORKSPACE, {"account_id": account, "text": "Launch today!!"})
    (remark,) = second.warnings
    assert (remark.rule, remark.severity, remark.given) == ("similar_post", "warning", first)
    sim.until(lambda: all(sim.read(post)["state"] == "published" for post in (first, second.post_id)))
    assert sorted(sim.threads.live(profile)) == ["Launch today!", "Launch today!!"]
