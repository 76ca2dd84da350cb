"""What is live is what was asked for, or it is noticed within a minute: at real times, on a clock that is moved.

Nothing is ever sent again because of it, and what Threads shows late, differently or not at all is no false alarm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.simulated import Simulation, simulated
from tests.support.threads_stand_in import Fault, Profile, meta_error
from treadle.domain.live_equals import AGAIN_S, READINGS
from treadle.store.tables import changes, parts
from treadle_threads.results import Answer

Shows = Callable[[dict[str, Any], float], dict[str, Any] | Answer]
UNKNOWN_FIELD = "Tried accessing nonexisting field ({})"


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Simulation]:
    with simulated(tmp_path / "data", f"sqlite:///{tmp_path / 'treadle.sqlite'}") as made:
        yield made


def at_rest(sim: Simulation, post_id: str) -> dict[str, Any]:
    sim.until(lambda: sim.read(post_id)["state"] in ("published", "blocked", "failed", "held"), within_s=7200.0)
    return sim.read(post_id)


def with_media(sim: Simulation, post_id: str, position: int, *kinds: str) -> None:
    """As if the media of a part had been looked at and found good."""
    urls = [{"url": f"https://media.example/{n}", "kind": kind, "size": 2**20} for n, kind in enumerate(kinds)]
    shape = kinds[0] if len(kinds) == 1 else "CAROUSEL"
    where = (parts.c.post_id == post_id, parts.c.position == position)
    with sim.db.begin() as conn:
        conn.execute(sa.update(parts).where(*where).values(kind=shape, media_urls=urls))


def differences(sim: Simulation, post_id: str) -> list[tuple[float, dict[str, Any]]]:
    """(when, what) of the events that say so."""
    with sim.db.read() as conn:
        query = sa.select(changes.c.at, changes.c.payload).where(
            changes.c.type == "post.differs", changes.c.subject == post_id
        )
        return [(row.at, dict(row.payload)) for row in conn.execute(query)]


def noticed(sim: Simulation, profile: Profile, post_id: str, *fields: str) -> dict[str, Any]:
    """The post, of whose parts one differs in ``fields``: said within a minute, and nothing sent again."""
    post = at_rest(sim, post_id)
    [(when, said)] = differences(sim, post_id)
    part = post["parts"][said["part"]]
    assert [one["field"] for one in part["live"]["differs"]] == list(fields), sim.story(post_id)
    live = next(c for c in sim.threads.containers.values() if c.media_id == part["threads_id"])
    assert live.published_at is not None
    assert when - live.published_at < 60.0, sim.story(post_id)
    sent = sim.threads.published(profile)
    assert len(sent) == len(set(sent)), "nothing is sent twice"
    assert part["cause"]["pattern"] == said["pattern"]
    return post


def detach(*texts: str) -> Callable[[Mapping[str, str], float], Mapping[str, str]]:
    def publishes(params: Mapping[str, str], age_s: float) -> Mapping[str, str]:
        return {k: v for k, v in params.items() if k != "reply_to_id" or params.get("text") not in texts}

    return publishes


def young_videos_detach(params: Mapping[str, str], age_s: float) -> Mapping[str, str]:
    young = params["media_type"] == "VIDEO" and age_s < 30.0
    return {k: v for k, v in params.items() if k != "reply_to_id" or not young}


# ---------------------------------------------------------------- a reply that is no reply


def test_a_video_reply_waits_until_it_stays_where_it_belongs(lite: Simulation) -> None:
    """A reply with a video that is published within thirty seconds of its container becomes a post of its own."""
    account, profile = lite.account(publishes=young_videos_detach)
    post_id = lite.post(account, text="root", replies=[{"text": "clip"}, {"text": "third"}])
    with_media(lite, post_id, 1, "VIDEO")
    post = at_rest(lite, post_id)
    assert post["state"] == "published", lite.story(post_id)
    assert [part["live"]["differs"] for part in post["parts"]] == [[], [], []]
    clip = next(c for c in lite.threads.containers.values() if c.params.get("text") == "clip")
    assert clip.published_at is not None
    assert clip.published_at - clip.made_at >= 40.0
    assert lite.threads.live(profile) == ["root", "clip", "third"]


@pytest.mark.parametrize("says", ["all", "nothing"])
def test_a_detached_reply_stops_the_chain(sim: Simulation, says: str) -> None:
    """Whether Threads says that it is no reply, or says nothing and lists it among the posts."""
    hidden = {"all": (), "nothing": ("is_reply", "replied_to", "root_post")}[says]
    account, profile = sim.account(publishes=detach("second"), shows=_without(*hidden))
    post_id = sim.post(account, text="root", replies=[{"text": "second"}, {"text": "third"}])
    post = noticed(sim, profile, post_id, "reply_to_id")
    assert (post["state"], post["cause"]["pattern"], post["cause"]["who"]) == ("blocked", "reply_detached", "owner")
    assert sim.threads.live(profile) == ["root", "second"]
    sim.pass_time(2 * 86_400.0)
    assert sim.threads.live(profile) == ["root", "second"], "nobody decided, so nothing happens"
    sim.act("retry", post_id)
    assert at_rest(sim, post_id)["state"] == "blocked", "trying again does not hang the rest on it"
    assert sim.threads.live(profile) == ["root", "second"]


def test_a_reply_under_another_post_stops_the_chain(lite: Simulation) -> None:
    account, profile = lite.account(
        publishes=lambda params, age_s: {**params, "reply_to_id": "17999"} if params.get("reply_to_id") else params
    )
    post_id = lite.post(account, text="root", replies=[{"text": "second"}, {"text": "third"}])
    post = noticed(lite, profile, post_id, "reply_to_id")
    assert post["state"] == "blocked"
    assert post["parts"][1]["live"]["differs"][0]["live"] == "17999"


def test_the_last_reply_is_checked_as_well(lite: Simulation) -> None:
    account, profile = lite.account(publishes=detach("second"))
    post_id = lite.post(account, text="root", replies=[{"text": "second"}])
    post = noticed(lite, profile, post_id, "reply_to_id")
    assert post["state"] == "published"
    assert post["parts"][1]["cause"]["pattern"] == "reply_detached"


# ---------------------------------------------------------------- content


def test_cut_text_is_noticed(lite: Simulation) -> None:
    account, profile = lite.account(publishes=lambda params, age_s: {**params, "text": params["text"][:11]})
    post = noticed(lite, profile, lite.post(account, text="A long text about nothing"), "text")
    assert post["parts"][0]["live"]["differs"] == [
        {"field": "text", "asked": "A long text about nothing", "live": "A long text"}
    ]
    assert post["state"] == "published"


def test_a_dropped_item_is_noticed(lite: Simulation) -> None:
    def publishes(params: Mapping[str, str], age_s: float) -> Mapping[str, str]:
        return {**params, "children": params["children"].rpartition(",")[0]}

    account, profile = lite.account(publishes=publishes)
    post_id = lite.post(account, text="three")
    with_media(lite, post_id, 0, "IMAGE", "VIDEO", "IMAGE")
    noticed(lite, profile, post_id, "children")


def test_a_story_that_failed_is_in_the_event_of_the_published_post(sim: Simulation) -> None:
    account, profile = sim.account(publishes=lambda params, age_s: {**params, "story": "FAILED"})
    post_id = sim.post(account, text="a", options={"crossreshare_to_ig": True})
    post = noticed(sim, profile, post_id, "crossreshare_to_ig")
    assert post["state"] == "published"
    cause = post["parts"][0]["cause"]
    assert (cause["pattern"], cause["lane"], cause["who"], cause["retry"]["kind"]) == (
        "story_not_shared",
        "linked_instagram_account",
        "owner",
        "never",
    )
    with sim.db.read() as conn:
        said = conn.execute(sa.select(changes.c.payload).where(changes.c.type == "post.published")).scalar_one()
    assert said["differs"][0]["pattern"] == "story_not_shared"
    assert sim.open_causes() == []


POLL = {"option_a": "yes", "option_b": "no", "option_c": "maybe"}
ASKED: Mapping[str, Any] = {
    "poll_attachment": POLL,
    "quote_post_id": "17900",
    "reply_control": "mentioned_only",
    "topic_tag": "weather",
    "link_attachment": "https://site.example/a",
    "is_ghost_post": True,
    "gif_attachment": {"gif_id": "abc", "provider": "GIPHY"},
}
ALTERED: Mapping[str, Mapping[str, Any]] = {
    "poll_attachment": {"poll_attachment": {"option_a": "yes", "option_b": "no"}},
    "quote_post_id": {"quoted_post": {"id": "1"}},
    "reply_control": {"reply_audience": "EVERYONE"},
    "topic_tag": {"topic_tag": "sports"},
    "link_attachment": {"link_attachment_url": "https://elsewhere.example/"},
    "gif_attachment": {"gif_url": "https://media.giphy.com/media/other/giphy.gif"},
}


@pytest.mark.parametrize("option", ALTERED)
def test_an_option_that_is_live_otherwise_is_noticed(lite: Simulation, option: str) -> None:
    account, profile = lite.account(shows=lambda found, age_s: {**found, **ALTERED[option]})
    noticed(lite, profile, lite.post(account, text="a", options={option: ASKED[option]}), option)


@pytest.mark.parametrize("option", ["poll_attachment", "quote_post_id", "gif_attachment"])
def test_what_hangs_on_the_post_and_is_absent_twice_is_noticed(lite: Simulation, option: str) -> None:
    account, profile = lite.account(publishes=lambda params, age_s: {k: v for k, v in params.items() if k != option})
    noticed(lite, profile, lite.post(account, text="a", options={option: ASKED[option]}), option)


def test_what_heals_is_dropped(lite: Simulation) -> None:
    def shows(found: dict[str, Any], age_s: float) -> dict[str, Any]:
        return {**found, "text": ""} if age_s < 20.0 and "text" in found else found

    account, _ = lite.account(shows=shows)
    post = at_rest(lite, lite.post(account, text="late"))
    assert post["parts"][0]["live"] == {
        "checked": ["media_type", "text"],
        "differs": [],
        "not_checked": [],
        "remarks": [],
    }
    assert differences(lite, post["id"]) == []


# ---------------------------------------------------------------- no false alarm


def _without(*names: str) -> Shows:
    return lambda found, age_s: {k: v for k, v in found.items() if k not in names}


def _late_place(found: dict[str, Any], age_s: float) -> dict[str, Any]:
    return (
        found if age_s >= 20.0 else {k: v for k, v in found.items() if k not in ("replied_to", "root_post", "is_reply")}
    )


def _other_forms(found: dict[str, Any], age_s: float) -> dict[str, Any]:
    """Objects as lists or under ``data``, ids bare, text without marks and trimmed."""
    forms: dict[str, Callable[[Any], Any]] = {
        "replied_to": lambda v: [v],
        "root_post": lambda v: v["id"],
        "quoted_post": lambda v: {"data": [v]},
        "poll_attachment": lambda v: [v],
        "children": lambda v: v["data"],
        "text": lambda v: f" {v.replace('#', '')}  ".replace(" ", "\u00a0"),
        "topic_tag": lambda v: v.title(),
        "link_attachment_url": lambda v: f"https://l.threads.com/?u={v}/&e=AT1",
    }
    return {k: forms[k](v) if k in forms else v for k, v in found.items()}


SOUND: Mapping[str, Shows] = {
    "as it is": lambda found, age_s: found,
    "other forms": _other_forms,
    "place late": _late_place,
    "no place": _without("replied_to", "root_post", "is_reply"),
    "no text": _without("text", "media_type"),
    "only the id": lambda found, age_s: {k: v for k, v in found.items() if k == "permalink"},
    "no options": _without("reply_audience", "topic_tag", "link_attachment_url", "ghost_post_status"),
}


def _sound_post(chance: random.Random) -> dict[str, Any]:
    words = ["#rain", "today", "and #snow", "tomorrow ", "\u200b", "caf\u0065\u0301", "99 %", "#last", "  "]
    option = chance.choice(["", *ASKED])
    body: dict[str, Any] = {"text": " ".join(chance.choices(words, k=4)) + " end"}
    if option:
        body["options"] = {option: ASKED[option]}
    if option != "is_ghost_post" and chance.random() < 0.3:
        body["replies"] = [{"text": f"and {n}"} for n in range(chance.randint(1, 2))]
    return body


@pytest.mark.parametrize("shows", SOUND)
def test_sound_posts_give_no_alarm(lite: Simulation, shows: str) -> None:
    """A hundred and fifty posts of every kind for each way in which Threads shows a sound post: a thousand in all."""
    chance = random.Random(shows)
    account, profile = lite.account(shows=SOUND[shows])
    wanted = 0
    for _ in range(150):
        body = _sound_post(chance)
        wanted += 1 + len(body.get("replies", ()))
        post = at_rest(lite, lite.post(account, **body))
        assert post["state"] == "published", lite.story(post["id"])
        assert [part["live"]["differs"] for part in post["parts"]] == [[]] * len(post["parts"]), lite.story(post["id"])
    assert len(lite.threads.live(profile)) == wanted
    with lite.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).where(changes.c.type == "post.differs")).scalar_one() == 0
    assert lite.open_causes() == []


# ---------------------------------------------------------------- reads that are refused


def _reads(profile: Profile) -> int:
    return sum(1 for _, endpoint, _ in profile.calls if endpoint == "read")


@pytest.mark.parametrize("named", [True, False])
def test_an_unknown_field_is_left_out_for_a_day(lite: Simulation, named: bool) -> None:
    def shows(found: dict[str, Any], age_s: float) -> dict[str, Any] | Answer:
        if "reply_audience" not in found:
            return found
        message = UNKNOWN_FIELD.format("reply_audience") if named else "Unsupported get request"
        return meta_error(500, 100, None, message, type="THApiException")

    account, profile = lite.account(shows=shows)

    def reads_of_one() -> int:
        before = _reads(profile)
        post = at_rest(lite, lite.post(account, text="a", options={"reply_control": "mentioned_only"}))
        live = post["parts"][0]["live"]
        assert (live["checked"], live["not_checked"]) == (["media_type", "text"], ["reply_control"])
        return _reads(profile) - before

    assert reads_of_one() == 3, "the address, the read that is refused, one with fewer fields"
    assert reads_of_one() == 2
    lite.pass_time(86_400.0)
    assert reads_of_one() == 3
    assert lite.open_causes() == []


def test_what_threads_never_returns_is_said_not_to_be_checked(lite: Simulation) -> None:
    account, _ = lite.account()
    options = {"enable_reply_approvals": True, "allowlisted_country_codes": ["DE"], "on_too_long": "trim"}
    live = at_rest(lite, lite.post(account, text="a", options=options))["parts"][0]["live"]
    assert live["not_checked"] == ["allowlisted_country_codes", "enable_reply_approvals"], (
        "what is only ours is not sent"
    )
    assert {"media_type", "text"} <= set(live["checked"])


def test_a_permission_that_is_missing_for_reading_stops_nothing(lite: Simulation) -> None:
    denied = meta_error(403, 10, None, "Application does not have permission for this action", type="THApiException")
    account, _ = lite.account(
        shows=lambda found, age_s: found if set(found) <= {"permalink"} else denied,
    )
    post = at_rest(lite, lite.post(account, text="root", replies=[{"text": "second"}]))
    assert post["state"] == "published", lite.story(post["id"])
    assert all(part["live"]["checked"] == [] for part in post["parts"])
    assert post["parts"][1]["live"]["not_checked"] == ["media_type", "text", "reply_to_id"]
    assert lite.open_causes() == []


def test_a_token_refused_while_comparing_is_not_shown_again_for_the_next_part(sim: Simulation) -> None:
    account, profile = sim.account()
    dead = meta_error(400, 190, 463, "Error validating access token: Session has expired on Sunday.")
    profile.faults.append(Fault("read", dead, times=None))
    post_id = sim.post(account, text="root", replies=[{"text": "second"}])
    post = at_rest(sim, post_id)
    assert (post["state"], sim.open_causes()) == ("blocked", [("account", "token_expired")]), sim.story(post_id)
    assert profile.calls[-1][1] == "read", "nothing is asked after the refusal"
    profile.faults.clear()
    sim.repair(account)
    assert at_rest(sim, post_id)["state"] == "published", sim.story(post_id)
    assert sim.threads.live(profile) == ["root", "second"]


def test_a_token_refused_while_comparing_is_not_shown_again_for_the_next_post(sim: Simulation) -> None:
    dead = meta_error(400, 190, 460, "Error validating access token: the session has been invalidated.")
    account, profile = sim.account(shows=lambda found, age_s: found if set(found) <= {"permalink"} else dead)
    first = sim.post(account, text="first")
    assert at_rest(sim, first)["state"] == "published", sim.story(first)
    assert sim.open_causes() == [("account", "password_changed")]
    asked = len(profile.calls)
    second = sim.post(account, text="second")
    assert at_rest(sim, second)["state"] == "blocked", sim.story(second)
    assert profile.calls[asked:] == []
    profile.shows = lambda found, age_s: found
    sim.repair(account)
    assert at_rest(sim, second)["state"] == "published", sim.story(second)
    assert sim.threads.live(profile) == ["first", "second"]


def test_trouble_while_comparing_delays_a_chain_a_minute_at_most(lite: Simulation) -> None:
    account, profile = lite.account()
    profile.faults.append(Fault("read", meta_error(500, 2, None, "Service temporarily unavailable"), times=None))
    post_id = lite.post(account, text="root", replies=[{"text": "second"}])
    lite.until(lambda: len(lite.threads.live(profile)) == 2, within_s=3600.0)
    first, second = sorted(c.published_at for c in lite.threads.containers.values() if c.published_at is not None)
    assert second - first < 60.0, lite.story(post_id)
    assert AGAIN_S * (READINGS - 1) < 60.0


def test_trouble_of_threads_makes_no_field_unreadable_for_the_next_post(lite: Simulation) -> None:
    account, profile = lite.account()
    trouble = Fault("read", meta_error(500, 2, None, "Service temporarily unavailable"), times=None)
    profile.faults.append(trouble)
    first = at_rest(lite, lite.post(account, text="first"))
    assert first["parts"][0]["live"]["not_checked"] == ["media_type", "text"]
    profile.faults.remove(trouble)
    second = at_rest(lite, lite.post(account, text="second"))
    assert second["parts"][0]["live"]["checked"] == ["media_type", "text"], lite.story(second["id"])


def test_a_post_that_is_gone_when_it_is_compared_makes_no_field_unreadable_for_the_next_one(lite: Simulation) -> None:
    gone = meta_error(400, 100, 33, "Unsupported get request. Object with ID '1' does not exist", type="THApiException")
    account, profile = lite.account(shows=lambda found, age_s: found if set(found) <= {"permalink"} else gone)
    first = at_rest(lite, lite.post(account, text="first"))
    assert first["parts"][0]["live"]["not_checked"] == ["media_type", "text"]
    profile.shows = lambda found, age_s: found
    second = at_rest(lite, lite.post(account, text="second"))
    assert second["parts"][0]["live"]["checked"] == ["media_type", "text"], lite.story(second["id"])


def test_a_sound_post_costs_one_more_call_for_each_part(lite: Simulation) -> None:
    account, profile = lite.account()
    at_rest(lite, lite.post(account, text="root", replies=[{"text": "second"}, {"text": "third"}]))
    assert _reads(profile) == 2 * 3, "an address and a comparison each"
