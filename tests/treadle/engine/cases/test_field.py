"""What public reports of other schedulers tell, played with the product's constants: each post live once, as asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.simulated import Simulation
from tests.support.threads_stand_in import NOT_FOUND, UNKNOWN_ID, Endpoint, Fault, Profile, meta_error, page
from tests.treadle.engine.cases.stories import post_with_media
from tests.treadle.engine.cases.test_lag import until
from treadle.store.tables import accounts
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


# ---------------------------------------------------------------------------------------- time, tokens and other kinds


@pytest.mark.parametrize("endpoint", ["create", "status", "publish", "list"])
@pytest.mark.parametrize("answer", [SIGNED_OUT, DEACTIVATED])
def test_a_token_that_is_replaced_while_a_call_is_under_way_holds_nobody(
    sim: Simulation, endpoint: Endpoint, answer: Answer
) -> None:
    """The call with the old token is refused when the new one is stored already, and its repair is over."""
    account, profile = sim.account()

    def instead(asked: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        if asked != endpoint or renewed:
            return None
        renewed.append(asked)
        with sim.db.begin() as conn:
            conn.execute(sa.update(accounts).where(accounts.c.id == account).values(token_enc=b"another"))
        return answer

    renewed: list[str] = []
    profile.instead = instead
    post_id = sim.post(account, text="in flight")
    began = sim.clock()
    until(sim, post_id, "published")
    assert renewed
    assert sim.clock() - began < 60.0
    assert sim.open_causes() == []
    assert sim.threads.live(profile) == ["in flight"]


def test_a_token_that_was_refused_and_is_still_the_account_s_holds_its_posts(sim: Simulation) -> None:
    account, profile = sim.account()
    profile.faults.append(Fault("create", SIGNED_OUT, times=None))
    post_id = sim.post(account, text="one")
    sim.pass_time(60.0)
    assert sim.read(post_id)["state"] == "blocked"
    assert [scope for scope, _ in sim.open_causes()] == ["account"]


def only_ghosts(profile: Profile) -> None:
    """A ghost post is in the list of ghost posts alone."""
    nothing = Answer(200, {}, {"data": []})
    profile.instead = lambda endpoint, what, params: nothing if endpoint == "list" and what != "ghost_posts" else None


def test_a_ghost_post_whose_answer_was_lost_is_found_among_the_ghost_posts(sim: Simulation) -> None:
    account, profile = sim.account(status_lag_s=1e9)
    only_ghosts(profile)
    profile.faults.append(Fault("publish", "lost", after=True))
    post_id = sim.post(account, text="gone tomorrow", options={"is_ghost_post": True})
    post = until(sim, post_id, "published")
    assert post["parts"][0]["threads_id"]
    assert sim.threads.live(profile) == ["gone tomorrow"]
    assert len(sim.threads.published(profile)) == 1


def test_a_ghost_post_that_was_archived_before_anybody_looked_is_not_sent_again(sim: Simulation) -> None:
    """The server was off for two days: the container is gone by then, and so is what it became."""
    account, profile = sim.account()
    profile.faults.append(Fault("publish", "lost", after=True))
    post_id = sim.post(account, text="gone", options={"is_ghost_post": True}, max_lateness="P7D")
    sim.until(lambda: sim.read(post_id)["state"] == "checking")
    sim.clock.to(sim.clock() + 48 * 3600.0)
    gone = {"status": UNKNOWN_ID, "list": Answer(200, {}, {"data": []})}
    profile.instead = lambda endpoint, what, params: gone.get(endpoint)
    sim.pass_time(6 * 3600.0)
    assert sim.threads.live(profile) == ["gone"], sim.story(post_id)
    assert sim.read(post_id)["state"] == "checking"  # a person decides


@pytest.mark.parametrize("hours", [1.0, 3.0, 8.0])
def test_a_time_out_that_has_its_effect_hours_later(sim: Simulation, hours: float) -> None:
    """Longer than anything that was ever seen: the container is sent again, it alone, and is live once."""
    account, profile = sim.account()
    first: list[str] = []

    def instead(endpoint: Endpoint, what: str, params: Mapping[str, str]) -> Answer | None:
        if endpoint != "publish":
            return None
        first.append(what)
        if sim.clock() < began + hours * 3600.0:
            return page(504)
        return None

    profile.instead = instead
    began = sim.clock()
    post_id = sim.post(account, text="hours later")
    sim.until(lambda: sim.clock() >= began + hours * 3600.0)
    container = sim.threads.containers[first[0]]
    container.published_at, container.media_id, container.shown = sim.clock(), "17955555555555555", container.params
    if sim.read(post_id)["state"] != "published":
        sim.act("retry", post_id)
    until(sim, post_id, "published")
    assert sim.threads.live(profile) == ["hours later"]
    assert set(first) == {container.id}
    assert len(first) <= 12


def test_what_threads_calls_a_duplicate_for_ever_is_left_to_its_owner(sim: Simulation) -> None:
    """The owner has posted the same by hand this morning: it is not ours, and not asked for again and again."""
    account, profile = sim.account()
    refused = meta_error(400, 506, message="Duplicate status message")
    profile.faults.append(Fault("publish", refused, times=None))
    post_id = sim.post(account, text="good morning")
    post = until(sim, post_id, "failed", "blocked")
    assert sim.threads.live(profile) == []
    assert len(sim.threads.published(profile)) == 1
    assert post["cause"]["who"] == "owner", post["cause"]


POLL = {"option_a": "Tea", "option_b": "Coffee"}


def test_a_poll_that_threads_left_out_is_noticed_and_not_sent_again(sim: Simulation) -> None:
    account, profile = sim.account()
    profile.publishes = lambda params, age_s: {key: value for key, value in params.items() if key != "poll_attachment"}
    post_id = sim.post(account, text="which?", options={"poll_attachment": POLL})
    until(sim, post_id, "published")
    sim.until(lambda: bool(sim.read(post_id)["parts"][0].get("live")), within_s=3600.0)
    assert [each["field"] for each in sim.read(post_id)["parts"][0]["live"]["differs"]] == ["poll_attachment"]
    assert len(sim.threads.published(profile)) == 1


def test_a_thread_goes_on_below_a_poll_that_has_ended(sim: Simulation) -> None:
    """The second part waits for a limit of more than a day; by then the poll above it shows its result."""
    account, profile = sim.account()

    def shows(found: dict[str, Any], age_s: float) -> dict[str, Any]:
        if age_s > 86_400.0 and "poll_attachment" in found:
            found["poll_attachment"] = {**found["poll_attachment"], "total_votes": 7, "expiration_timestamp": "x"}
        return found

    profile.shows = shows
    limit = meta_error(400, 4, message="Application request limit reached", retry_after=30 * 3600)
    profile.faults.append(Fault("create", limit, skip=1))
    replies = [{"text": "the result"}]
    post_id = sim.post(account, text="which?", options={"poll_attachment": POLL}, replies=replies, max_lateness="P3D")
    until(sim, post_id, "published")
    assert sim.threads.live(profile) == ["which?", "the result"]
    assert [part["live"]["differs"] for part in sim.read(post_id)["parts"]] == [[], []]


def test_a_story_that_instagram_refused_is_told_and_the_post_is_not_sent_again(sim: Simulation) -> None:
    """Also when the answer that would have said so was lost."""
    account, profile = sim.account()
    profile.publishes = lambda params, age_s: {**params, "story": "FAILED"}
    said = sim.post(account, text="both", options={"crossreshare_to_ig": True})
    until(sim, said, "published")
    profile.faults.append(Fault("publish", "lost", after=True))
    unsaid = sim.post(account, text="both, and lost", options={"crossreshare_to_ig": True})
    until(sim, unsaid, "published")
    sim.until(lambda: bool(sim.read(unsaid)["parts"][0].get("live")), within_s=3600.0)
    first, second = (sim.read(one)["parts"][0]["live"] for one in (said, unsaid))
    assert [each["field"] for each in first["differs"]] == ["crossreshare_to_ig"]
    named = [*(each["field"] for each in second["differs"]), *second["not_checked"]]
    assert named == ["crossreshare_to_ig"]
    assert len(sim.threads.published(profile)) == 2


# In Berlin the clocks go from 2:00 to 3:00 on 28 March 2027, and from 3:00 to 2:00 on 31 October 2027.
@pytest.mark.parametrize(
    ("local", "utc"),
    [("2027-03-28T01:59:00+01:00", "2027-03-28T00:59:00"), ("2027-03-28T03:00:00+02:00", "2027-03-28T01:00:00"),
     ("2027-10-31T02:30:00+02:00", "2027-10-31T00:30:00"), ("2027-10-31T02:30:00+01:00", "2027-10-31T01:30:00")],
)  # fmt: skip
def test_a_time_around_a_change_of_clocks_is_the_moment_that_was_named(sim: Simulation, local: str, utc: str) -> None:
    account, profile = sim.account()
    sim.clock.to(datetime.fromisoformat(f"{utc}+00:00").timestamp() - 5 * 3600.0)
    post_id = sim.post(account, text="on time", publish_at=local)
    until(sim, post_id, "published")
    at = next(at for at, endpoint, _ in profile.calls if endpoint == "publish")
    assert 0.0 <= at - datetime.fromisoformat(f"{utc}+00:00").timestamp() < 5.0
