"""Refusals after the effect, with a status and lists that lag: never two live posts, and nothing is left lying.

Played at real times: the product's own constants, on a clock that is moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.simulated import Simulation, simulated
from tests.support.threads_stand_in import NOT_FOUND, UNKNOWN_ID, Fault, Profile, meta_error, page
from treadle_threads.results import Answer


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Simulation]:
    """On SQLite alone, where the database makes no difference."""
    with simulated(tmp_path / "data", f"sqlite:///{tmp_path / 'treadle.sqlite'}") as made:
        yield made


def published(sim: Simulation, post_id: str) -> None:
    sim.until(lambda: sim.read(post_id)["state"] == "published")
    assert sim.read(post_id)["state"] == "published", sim.story(post_id)


def once(sim: Simulation, profile: Profile, *texts: str) -> None:
    assert sim.threads.live(profile) == list(texts)
    assert sim.threads.in_a_limit == []


@pytest.mark.parametrize("times", range(4))
def test_p18_a_known_refusal_after_the_effect_while_the_status_lags(sim: Simulation, times: int) -> None:
    """The container says FINISHED for a minute more, the list shows the post after 45 s, and each further publish of it
    is refused like the first one."""
    sim.chance.seed(times)
    account, profile = sim.account(status_lag_s=60.0, list_lag_s=45.0)
    profile.faults.append(Fault("publish", NOT_FOUND, after=True))
    post_id = sim.post(account, text="once")
    published(sim, post_id)
    once(sim, profile, "once")
    assert len(set(sim.threads.published(profile))) == 1, "no second container is published"
    assert sim.read(post_id)["parts"][0]["threads_id"]


def test_p14_a_success_without_an_id(sim: Simulation) -> None:
    account, profile = sim.account()
    profile.faults.append(Fault("publish", Answer(200, {}, {"success": True}), after=True))
    post_id = sim.post(account, text="once")
    sim.until(lambda: sim.read(post_id)["state"] == "checking")
    assert sim.read(post_id)["state"] == "checking"
    published(sim, post_id)
    once(sim, profile, "once")
    live = next(iter(sim.threads.containers.values()))
    assert sim.read(post_id)["parts"][0]["threads_id"] == live.media_id


def test_p02_the_status_of_containers_cannot_be_read_for_hours(lite: Simulation) -> None:
    account, profile = lite.account()
    down = meta_error(400, 100, 33, "Authorization Error")
    fault = Fault("status", down, times=None)
    profile.faults.append(fault)
    post_id = lite.post(account, text="once")
    lite.pass_time(6 * 3600)
    polls = [call for call in profile.calls if call[1] == "status"]
    assert len(polls) <= 60
    lite.pass_time(16 * 3600)
    assert lite.read(post_id)["state"] not in ("failed", "blocked"), lite.story(post_id)
    assert all(scope == "platform" for scope, _ in lite.open_causes())
    fault.ended = True
    published(lite, post_id)
    once(lite, profile, "once")


def test_p03_the_address_can_never_be_read(lite: Simulation) -> None:
    account, profile = lite.account()
    profile.faults.append(Fault("read", meta_error(400, 100, 33, "Authorization Error"), times=None))
    post_id = lite.post(account, text="once")
    published(lite, post_id)
    part = lite.read(post_id)["parts"][0]
    assert part["threads_id"]
    assert part["permalink"] is None
    assert type(lite.act("retry", post_id)).__name__ == "Conflict"
    lite.pass_time(3600)
    once(lite, profile, "once")


AFTER_THE_EFFECT = {
    "24/4279009": NOT_FOUND,
    "100/33": UNKNOWN_ID,
    "613": meta_error(429, 613, None, "Calls to this api have exceeded the rate limit."),
    "613 with a hint": meta_error(429, 613, 4279002, "Threads API Rate Limit Exceeded", retry_after=300),
    "429 page": page(429, 120),
    "429 page without a hint": page(429),
    "400 page": page(400),
    "403 page": page(403),
    "403 page with a hint": page(403, 90),
    "503 page with a hint": page(503, 90),
    "506": meta_error(400, 506, None, "Duplicate Post"),
    "20/1772107": meta_error(400, 20, 1772107, "Something was refused"),
    "4/2207051": meta_error(400, 4, 2207051, "We restrict certain activity to protect our community"),
    "10": meta_error(500, 10, None, "Application does not have permission for this action"),
    "2": meta_error(500, 2, None, "An unexpected error has occurred. Please retry your request later."),
    "unknown subcode": meta_error(400, 100, 9_999_999, "Invalid parameter"),
    "unknown code": meta_error(400, 987_654, None, "never seen"),
}


@pytest.mark.parametrize("lag", [0.0, 45.0, 590.0])
@pytest.mark.parametrize("name", AFTER_THE_EFFECT)
def test_any_answer_after_the_effect_leaves_one_post(lite: Simulation, name: str, lag: float) -> None:
    account, profile = lite.account(status_lag_s=lag, list_lag_s=lag)
    profile.faults.append(Fault("publish", AFTER_THE_EFFECT[name], after=True))
    post_id = lite.post(account, text="once")
    published(lite, post_id)
    once(lite, profile, "once")


RECOVERED_BEFORE = ["24/4279009", "613", "613 with a hint", "429 page", "400 page", "403 page", "10", "2"]


@pytest.mark.parametrize("name", RECOVERED_BEFORE)
def test_a_refusal_before_the_effect_is_overcome(lite: Simulation, name: str) -> None:
    account, profile = lite.account()
    profile.faults.append(Fault("publish", AFTER_THE_EFFECT[name]))
    post_id = lite.post(account, text="once")
    published(lite, post_id)
    once(lite, profile, "once")


def test_the_first_retry_of_a_container_not_found_yet_stays_within_seconds(lite: Simulation) -> None:
    account, profile = lite.account()
    profile.faults.append(Fault("publish", NOT_FOUND))
    post_id = lite.post(account, text="once")
    published(lite, post_id)
    first, second = [at for at, endpoint, _ in profile.calls if endpoint == "publish"]
    assert second - first <= 15
    between = [endpoint for at, endpoint, _ in profile.calls if first < at <= second]
    assert "list" in between, "one list read precedes each repeated send"


def test_a_container_that_stays_unknown_is_replaced_after_the_settle_time(lite: Simulation) -> None:
    """Publishing it is refused for ever although it says FINISHED: a new one, once it is sure that it is not live."""
    account, profile = lite.account()
    profile.faults.append(Fault("publish", NOT_FOUND, times=4))
    post_id = lite.post(account, text="once")
    published(lite, post_id)
    once(lite, profile, "once")
    sends = [(at, what) for at, endpoint, what in profile.calls if endpoint == "publish"]
    first_of_new = next(at for at, what in sends if what != sends[0][1])
    last_of_old = max(at for at, what in sends if what == sends[0][1])
    assert first_of_new - last_of_old >= lite.settings.publish_settle


def test_a_container_that_is_lost_after_a_refusal_is_replaced_after_the_settle_time(lite: Simulation) -> None:
    account, profile = lite.account()
    profile.faults += [Fault("publish", NOT_FOUND), Fault("status", UNKNOWN_ID, times=None, skip=1)]
    post_id = lite.post(account, text="once")
    lite.until(lambda: len(lite.threads.containers) == 2, within_s=3600)
    assert len(lite.threads.containers) == 2, lite.story(post_id)
    profile.faults[1].ended = True
    published(lite, post_id)
    once(lite, profile, "once")


def test_a_container_that_expired_is_replaced_at_once(lite: Simulation) -> None:
    account, profile = lite.account()
    profile.faults.append(Fault("publish", NOT_FOUND))
    post_id = lite.post(account, text="once")
    lite.until(lambda: len(lite.threads.published(profile)) == 1)
    next(iter(lite.threads.containers.values())).state = "EXPIRED"
    began = lite.clock()
    published(lite, post_id)
    once(lite, profile, "once")
    assert lite.clock() - began < 120
    assert len(lite.threads.containers) == 2


def test_a_container_that_failed_after_a_refusal_is_replaced_by_a_persons_retry(lite: Simulation) -> None:
    account, profile = lite.account()
    profile.faults.append(Fault("publish", NOT_FOUND))
    post_id = lite.post(account, text="once")
    lite.until(lambda: len(lite.threads.published(profile)) == 1)
    next(iter(lite.threads.containers.values())).state = "ERROR"
    lite.until(lambda: lite.read(post_id)["state"] == "blocked")
    lite.act("retry", post_id)
    began = lite.clock()
    published(lite, post_id)
    once(lite, profile, "once")
    assert lite.clock() - began < 120


@pytest.mark.parametrize("name", ["24/4279009", "100/33", "506", "unknown code"])
def test_six_accounts_that_meet_a_refusal_of_their_own_are_no_outage(lite: Simulation, name: str) -> None:
    posts = []
    for _ in range(6):
        account, profile = lite.account()
        profile.faults.append(Fault("publish", AFTER_THE_EFFECT[name], times=4, after=True))
        posts.append((lite.post(account, text="once"), profile))
    scopes = set()
    for _ in range(120):
        lite.pass_time(1.0)
        scopes |= {scope for scope, _ in lite.open_causes()}
    assert scopes == set()
    for post_id, profile in posts:
        published(lite, post_id)
        once(lite, profile, "once")


@pytest.mark.parametrize("when", ["first", "later"])
def test_a_list_refused_for_want_of_a_permission_stops_no_send(lite: Simulation, when: str) -> None:
    account, profile = lite.account()
    denied = meta_error(500, 10, None, "Application does not have permission for this action")
    profile.faults.append(Fault("list", denied, times=None, skip=1 if when == "later" else 0))
    if when == "later":
        profile.faults.append(Fault("publish", NOT_FOUND))
    post_id = lite.post(account, text="once")
    published(lite, post_id)
    assert lite.open_causes() == []
    once(lite, profile, "once")


def test_a_look_never_comes_before_a_limit_is_over(lite: Simulation) -> None:
    """The limit is met by a publish, by the look after it, and by another post of the account in between."""
    account, profile = lite.account(status_lag_s=300.0, list_lag_s=300.0)
    profile.faults += [
        Fault("publish", page(429, 120), after=True),
        Fault("status", page(429, 400), skip=1),
        Fault("list", meta_error(400, 613, None, "limit", retry_after=200), skip=1),
        Fault("read", page(429, 60), times=2),
    ]
    first = lite.post(account, text="once")
    lite.until(lambda: len(lite.threads.published(profile)) == 1)
    second = lite.post(account, text="another")
    published(lite, first)
    published(lite, second)
    lite.pass_time(7200)
    assert sorted(lite.threads.live(profile)) == ["another", "once"]
    assert lite.threads.in_a_limit == []


def test_a_request_that_was_never_written_is_no_send(lite: Simulation) -> None:
    """The line to Threads was down; what is changed meanwhile needs no look and no wait."""
    account, profile = lite.account()
    profile.faults.append(Fault("publish", "unreachable", times=2))
    post_id = lite.post(account, text="once")
    lite.until(lambda: lite.read(post_id)["state"] == "retrying")
    assert lite.read(post_id)["parts"][0]["sends"] == 0
    began = lite.clock()
    lite.act("edit", post_id, {"text": "changed"})
    published(lite, post_id)
    once(lite, profile, "changed")
    assert lite.clock() - began < 60


LINK_REFUSED = meta_error(400, -1, 4279047, "Fatal", error_user_title="Invalid Link Attachment")


@pytest.mark.parametrize("after", [False, True], ids=["refused", "refused after the effect"])
def test_an_edit_after_a_refusal_is_a_second_send(sim: Simulation, after: bool) -> None:
    account, profile = sim.account(status_lag_s=200.0, list_lag_s=400.0)
    profile.faults.append(Fault("publish", LINK_REFUSED, after=after))
    post_id = sim.post(account, text="with a link")
    sim.until(lambda: sim.read(post_id)["state"] == "blocked")
    assert sim.read(post_id)["state"] == "blocked", sim.story(post_id)
    changed = sim.act("edit", post_id, {"text": "without it"})
    assert type(changed).__name__ == "Done", changed
    assert sim.read(post_id)["state"] == "checking"
    assert type(sim.act("edit", post_id, {"text": "without it!"})).__name__ == "Done", "it may be changed once more"
    published(sim, post_id)
    once(sim, profile, "with a link" if after else "without it!")
    shown = sim.read(post_id)["parts"][0]["text"]
    assert shown == ("with a link" if after else "without it!")


def test_a_post_that_may_be_live_is_not_moved_to_another_account(lite: Simulation) -> None:
    account, profile = lite.account()
    other, elsewhere = lite.account()
    profile.faults.append(Fault("publish", meta_error(400, 190, 463, "Session has expired"), after=True))
    post_id = lite.post(account, text="once")
    lite.until(lambda: lite.read(post_id)["state"] == "blocked")
    refused = lite.act("edit", post_id, {"account_id": other})
    assert [finding.rule for finding in refused.findings] == ["may_be_live"]
    assert type(lite.act("resolve", post_id, absent=True)).__name__ == "Done", "a person's word allows it"
    assert type(lite.act("edit", post_id, {"account_id": other})).__name__ == "Done"
    published(lite, post_id)
    assert lite.threads.live(elsewhere) == ["once"]


@pytest.mark.parametrize("after", [False, True], ids=["refused", "refused after the effect"])
def test_a_persons_retry_is_a_second_send(lite: Simulation, after: bool) -> None:
    account, profile = lite.account(status_lag_s=300.0, list_lag_s=300.0)
    profile.faults.append(Fault("publish", LINK_REFUSED, after=after))
    post_id = lite.post(account, text="once")
    for _ in range(4):
        lite.until(lambda: lite.read(post_id)["state"] in ("blocked", "failed", "published"), within_s=20)
        lite.act("retry", post_id)
    published(lite, post_id)
    once(lite, profile, "once")


def test_a_container_that_grew_old_after_a_refusal_is_looked_at_before_it_is_replaced(lite: Simulation) -> None:
    account, profile = lite.account(list_lag_s=300.0)
    profile.faults.append(Fault("publish", meta_error(400, 190, 463, "Session has expired"), after=True))
    post_id = lite.post(account, text="once")
    lite.until(lambda: lite.read(post_id)["state"] == "blocked")
    lite.pass_time(23.5 * 3600)
    lite.repair(account)
    published(lite, post_id)
    once(lite, profile, "once")
    assert len(lite.threads.containers) == 1


def test_a_duplicate_is_said_only_once_it_is_proven_that_nothing_is_live(lite: Simulation) -> None:
    account, profile = lite.account()
    profile.faults.append(Fault("publish", AFTER_THE_EFFECT["506"], times=None))
    post_id = lite.post(account, text="once")
    lite.pass_time(300)
    assert lite.read(post_id)["state"] == "checking"
    lite.until(lambda: lite.read(post_id)["state"] in ("blocked", "failed"))
    assert lite.read(post_id)["cause"]["pattern"] == "duplicate_content", lite.story(post_id)
    assert lite.threads.live(profile) == []


@pytest.mark.parametrize("lists", [True, False], ids=["lists can be read", "nothing can be read"])
def test_what_can_never_be_read_ends_with_a_new_container_or_a_person(lite: Simulation, lists: bool) -> None:
    """Past its life an unreadable container counts as expired, if the lists can be read."""
    account, profile = lite.account()
    unreadable = Fault("status", UNKNOWN_ID, times=None, skip=1)
    profile.faults += [Fault("publish", "lost"), unreadable]
    if not lists:
        profile.faults.append(Fault("list", page(502), times=None, skip=1))
    post_id = lite.post(account, text="once")
    lite.pass_time(25 * 3600)
    assert lite.read(post_id)["state"] == "checking", lite.story(post_id)
    assert len(lite.threads.containers) == 1
    lite.pass_time(4 * 3600)
    if lists:
        assert lite.read(post_id)["state"] == "held", "a day late, so it is sent again only on a yes"
        lite.act("confirm", post_id)
        unreadable.ended = True
        published(lite, post_id)
        once(lite, profile, "once")
    else:
        assert lite.read(post_id)["state"] == "checking"
        assert lite.read(post_id)["next"] is None, "a person is asked"
