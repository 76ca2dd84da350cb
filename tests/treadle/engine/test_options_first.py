"""A refusal is put down to the options of a post first, and to the account only when a plain post is refused.

Played at real times: the product's own constants, on a clock that is moved.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.simulated import Simulation
from tests.support.threads_stand_in import NO_PERMISSION, Fault, Profile
from treadle.domain.blame import blamed, put_down_to
from treadle.store.blockers import repairable
from treadle_diagnosis import Evidence, diagnose
from treadle_diagnosis.types import Diagnosis


def refuses(profile: Profile, times: int | None = 1) -> None:
    profile.faults.append(Fault("create", NO_PERMISSION, times=times))


def test_p25_a_permission_that_one_option_needs_holds_only_posts_with_it(sim: Simulation) -> None:
    account, profile = sim.account()
    refuses(profile)
    located = sim.post(account, text="here", options={"location_id": "1"})
    sim.until(lambda: sim.read(located)["state"] == "blocked", within_s=600)
    plain, other = sim.post(account, text="plain"), sim.post(account, text="topic", options={"topic_tag": "weaving"})
    sim.pass_time(600)
    post = sim.read(located)
    assert (post["state"], post["cause"]["pattern"]) == ("blocked", "permission_not_granted"), sim.story(located)
    assert "location_id" in post["cause"]["next_step"]
    assert "threads_location_tagging" in post["cause"]["next_step"]
    assert sim.open_causes() == [("post", "permission_not_granted")]
    assert [sim.read(post_id)["state"] for post_id in (plain, other)] == ["published", "published"]


def test_connecting_the_account_again_lets_a_post_go_that_an_option_held(sim: Simulation) -> None:
    account, profile = sim.account()
    other_account, _ = sim.account()
    refuses(profile)
    located = sim.post(account, text="here", options={"location_id": "1"})
    sim.until(lambda: sim.read(located)["state"] == "blocked", within_s=600)
    with sim.queue.transaction(), sim.db.begin() as conn:
        assert repairable(conn, other_account, "app") == []
        sim.releaser.repaired(conn, repairable(conn, account, "app"), by="reconnect", now=sim.clock())
    sim.pass_time(600)
    assert sim.read(located)["state"] == "published", sim.story(located)


def test_a_plain_post_that_is_refused_speaks_of_the_account(sim: Simulation) -> None:
    account, profile = sim.account()
    refuses(profile)
    plain = sim.post(account, text="plain")
    sim.until(lambda: sim.read(plain)["state"] == "blocked", within_s=600)
    assert sim.open_causes() == [("account", "permission_not_granted")]


def test_a_reply_may_lack_what_only_replies_need(sim: Simulation) -> None:
    account, profile = sim.account()
    profile.faults.append(Fault("create", NO_PERMISSION, skip=1))
    chain = sim.post(account, text="first", replies=[{"text": "second"}])
    sim.until(lambda: sim.read(chain)["state"] == "blocked", within_s=3600)
    assert sim.threads.live(profile) == ["first"]
    assert sim.open_causes() == [("post", "permission_not_granted")]
    assert "threads_manage_replies" in sim.read(chain)["cause"]["next_step"]


def found(code: int, message: str, subcode: int | None = None) -> Diagnosis:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return diagnose(Evidence(stage="create_container", http_status=400, body={"error": error}))


LACKS = found(10, "Application does not have permission for this action")


def test_the_option_whose_permission_is_known_to_be_missing_is_named_alone() -> None:
    options = {"location_id": "1", "crossreshare_to_ig": True, "topic_tag": "weaving"}
    unknown = blamed(LACKS, options)
    assert unknown is not None
    assert unknown.options == ("crossreshare_to_ig", "location_id")
    known = blamed(LACKS, options, granted=("threads_basic", "threads_location_tagging"))
    assert known is not None
    assert (known.options, known.scopes) == (("crossreshare_to_ig",), ("threads_share_to_instagram",))
    assert put_down_to(known, LACKS).scope == "post"


def test_options_that_need_no_permission_are_blamed_before_the_account() -> None:
    named = blamed(LACKS, {"topic_tag": "weaving"})
    assert named is not None
    assert (named.options, named.scopes) == (("topic_tag",), ())


@pytest.mark.parametrize(
    "diagnosis",
    [
        found(190, "Error validating access token: The session has been invalidated", 460),
        found(368, "The action attempted has been deemed abusive or is otherwise disallowed"),
        found(100, "Param text must be at most 500 characters long."),
        found(4, "Application request limit reached"),
    ],
)
def test_tokens_restrictions_limits_and_texts_are_never_put_down_to_an_option(diagnosis: Diagnosis) -> None:
    assert blamed(diagnosis, {"location_id": "1"}) is None


def test_nothing_is_put_down_to_options_that_a_post_has_not() -> None:
    assert blamed(LACKS, {}) is None
    assert blamed(LACKS, {"on_too_long": "trim", "copy_media": True}) is None  # only this server reads them
