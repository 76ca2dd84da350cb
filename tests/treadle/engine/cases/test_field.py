"""What public reports of other schedulers tell, played with the product's constants: each post live once, as asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.simulated import Simulation
from tests.support.threads_stand_in import NOT_FOUND, UNKNOWN_ID, Endpoint, Fault, meta_error, page
from tests.treadle.engine.cases.stories import post_with_media
from tests.treadle.engine.cases.test_lag import until
from treadle_threads.results import Answer

DEACTIVATED = meta_error(400, 190, message="Error validating access token: The user account has been deactivated.")
SIGNED_OUT = meta_error(400, 190, 460, "Error validating access token: The session has been invalidated.")
UNCONFIRMED = meta_error(400, 190, 464, "Error validating access token: The user is not a confirmed user.")


@pytest.mark.parametrize("gone", [DEACTIVATED, SIGNED_OUT, UNCONFIRMED])
def test_an_account_deactivated_in_the_middle_of_a_thread_goes_on_below_its_root(sim: Simulation, gone: Answer) -> None:
    """Every call is refused from the first part on; when the owner is back, only what is missing is sent."""
    account, profile = sim.account()
    away = True

    def instead(endpoint: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        return gone if away and sim.threads.live(profile) else None

    profile.instead = instead
    post_id = sim.post(account, text="root", replies=[{"text": "1"}, {"text": "2"}])
    post = until(sim, post_id, "blocked")
    assert post["cause"]["who"] == "owner"
    assert sim.threads.live(profile) == ["root"]
    tries = len([1 for _, endpoint, _ in profile.calls if endpoint in ("create", "publish")])
    assert tries < 6
    away = False
    sim.repair(account)
    until(sim, post_id, "published")
    assert sim.threads.live(profile) == ["root", "1", "2"]


def test_a_post_whose_answer_was_lost_just_before_the_account_went_is_not_sent_again(sim: Simulation) -> None:
    """It is live; nothing can be read for six hours. When reading works again it is found, not repeated."""
    account, profile = sim.account()
    profile.faults.append(Fault("publish", "lost", after=True))
    back = sim.clock() + 6 * 3600.0

    def instead(endpoint: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        return DEACTIVATED if sim.threads.live(profile) and sim.clock() < back else None

    profile.instead = instead
    post_id = sim.post(account, text="once")
    sim.until(lambda: sim.clock() >= back)
    sim.repair(account)
    if sim.read(post_id)["state"] != "published":
        sim.act("retry", post_id)
    until(sim, post_id, "published")
    assert sim.threads.live(profile) == ["once"]
    assert len(sim.threads.published(profile)) == 1


@pytest.mark.parametrize("hours", [1.0, 5.0])
def test_a_time_out_whose_post_appears_hours_later(sim: Simulation, hours: float) -> None:
    """Only its container says that it was published; the lists show it long after."""
    account, profile = sim.account(list_lag_s=hours * 3600.0)
    profile.faults.append(Fault("publish", page(504), after=True))
    post_id = sim.post(account, text="late to be seen")
    until(sim, post_id, "published")
    assert sim.threads.live(profile) == ["late to be seen"]
    assert len(sim.threads.published(profile)) == 1


def test_an_item_of_a_carousel_that_expired_is_made_again_and_the_carousel_is_live_once(sim: Simulation) -> None:
    account, profile = sim.account()
    refused = meta_error(
        400,
        100,
        4279004,
        "Invalid parameter",
        error_user_msg="The children with IDs 1 are invalid, nonexistent, or expired.",
    )
    strikes = iter([refused, refused])

    def instead(endpoint: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        return next(strikes, None) if endpoint == "create" and params.get("children") else None

    profile.instead = instead
    post_id = post_with_media(sim, account, ["IMAGE", "IMAGE"], text="two")
    until(sim, post_id, "published")
    assert [text for text in sim.threads.live(profile) if text] == ["two"]
    assert len(sim.threads.published(profile)) == 1


@pytest.mark.parametrize("usage", [250, 9999, -1])
def test_a_quota_that_says_full_while_publishing_works_does_not_hold_a_post_for_a_day(
    sim: Simulation, usage: int
) -> None:
    account, profile = sim.account()
    config = {"quota_total": 250, "quota_duration": 86_400}
    lies = Answer(200, {}, {"data": [{"quota_usage": usage, "config": config}]})
    profile.instead = lambda endpoint, what, params: lies if endpoint == "limit" else None
    began = sim.clock()
    post_id = sim.post(account, text="asked at noon")
    until(sim, post_id, "published")
    assert sim.threads.live(profile) == ["asked at noon"]
    assert sim.clock() - began < 3600.0


@pytest.mark.parametrize("answer", [meta_error(400, 506, message="Duplicate status message"), meta_error(400, 1)])
def test_said_to_be_a_duplicate_because_it_is_already_there(sim: Simulation, answer: Answer) -> None:
    """The first try went through and its answer was lost; the next one is refused as a repetition of it."""
    account, profile = sim.account(status_lag_s=200.0, list_lag_s=200.0)
    profile.faults.append(Fault("publish", answer, after=True))
    post_id = sim.post(account, text="said once")
    until(sim, post_id, "published")
    assert sim.threads.live(profile) == ["said once"]


@pytest.mark.parametrize(
    "options",
    [{"topic_tag": "news"}, {"reply_control": "mentioned_only"}, {"link_attachment": "https://example.com/a"}],
)
def test_an_option_that_threads_refuses_is_never_left_out_unasked(sim: Simulation, options: dict[str, str]) -> None:
    account, profile = sim.account()
    (name,) = options
    refused = meta_error(400, 100, message=f"Param {name} is invalid")
    profile.instead = lambda endpoint, what, params: refused if endpoint == "create" and name in params else None
    post_id = sim.post(account, text="with it", options=options)
    until(sim, post_id, "blocked", "failed")
    assert sim.threads.live(profile) == []
    others = sim.post(account, text="without it")
    until(sim, others, "published")
    assert sim.threads.live(profile) == ["without it"]


def test_a_post_that_was_quoted_and_deleted_ends_as_the_quoted_post_s_trouble(sim: Simulation) -> None:
    account, profile = sim.account()

    def instead(endpoint: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        if endpoint == "create" and "quote_post_id" in params:
            return NOT_FOUND
        return UNKNOWN_ID if endpoint == "read" and what == "17999999999999999" else None

    profile.instead = instead
    post_id = sim.post(account, text="look at this", options={"quote_post_id": "17999999999999999"})
    until(sim, post_id, "blocked")
    assert sim.threads.live(profile) == []
    assert [scope for scope, _ in sim.open_causes()] in ([], ["post"])


def test_a_picture_that_lost_its_description_is_noticed_and_not_sent_again(sim: Simulation) -> None:
    account, profile = sim.account()
    profile.publishes = lambda params, age_s: {name: value for name, value in params.items() if name != "alt_text"}
    post_id = post_with_media(sim, account, ["IMAGE"], text="a picture", options={"alt_text": "A cat on a wall"})
    until(sim, post_id, "published")
    sim.until(lambda: bool(sim.read(post_id)["parts"][0].get("live")))
    live = sim.read(post_id)["parts"][0]["live"]
    assert "alt_text" in [*(each["field"] for each in live["differs"]), *live["not_checked"]]
    assert sim.threads.live(profile) == ["a picture"]
    assert len(sim.threads.published(profile)) == 1
