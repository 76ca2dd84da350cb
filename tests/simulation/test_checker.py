"""The checker finds what it says it finds: one hand-made history for each verdict, and a sound one with none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from simulation.checker import judge
from simulation.ledger import Act, Asked, Change, Content, Disturbance, Ledger, Live, PartAsked, Sent, Version

BEGIN = 1_800_000_000.0
HOUR = 3600.0
FIRST, SECOND = Content("TEXT", "one"), Content("IMAGE", "two", ("IMAGE",))


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


class Made:
    """A thread of two parts, asked for at the first hour and live a minute later, with its requests and its export."""

    def __init__(self) -> None:
        self.ledger = Ledger(BEGIN, BEGIN + 24 * HOUR, settle_s=600.0, lease_s=30.0)
        at = BEGIN + HOUR
        parts = [PartAsked(FIRST), PartAsked(SECOND)]
        self.ledger.asked["pst_1"] = Asked("pst_1", "1000", 2 * HOUR, [Version(at, parts, at)])
        self.ledger.apps = {"1000": "app_0", "1001": "app_0"}
        self.posts: list[dict[str, Any]] = [
            {
                "id": "pst_1", "state": "published", "stage": "done", "why": None, "cause": None, "due_at": iso(at),
                "parts": [self.part(0, "one", "18a", at + 60), self.part(1, "two", "18b", at + 70)], "events": [],
            }
        ]  # fmt: skip
        self.publish("17a", "18a", FIRST, None, at + 60)
        self.publish("17b", "18b", SECOND, "18a", at + 70)
        self.snapshots: list[tuple[float, list[dict[str, Any]]]] = []
        self.feed: list[Change] = []

    @staticmethod
    def part(position: int, text: str, id_: str | None, at: float | None) -> dict[str, Any]:
        published = iso(at) if at is not None else None
        return {"position": position, "text": text, "state": "published", "threads_id": id_, "published_at": published}

    def sent(self, operation: Any, at: float, target: str, **more: Any) -> Sent:
        sent = Sent(len(self.ledger.sent), at, "1000", "w0.1", "pst_1.1", at - 1.0, operation, target, at + 0.5, **more)
        self.ledger.sent.append(sent)
        return sent

    def recorded(self, sent: Sent) -> None:
        """The product wrote its answer down."""
        self.posts[0]["events"].append({"answer": {"headers": {"x-fb-trace-id": f"T{sent.n}"}}})

    def publish(
        self, container: str, id_: str, content: Content, parent: str | None, at: float, lag: float = 0.0
    ) -> Live:
        self.ledger.made[container] = ("1000", content, parent, at - 5.0)
        self.sent("publish", at, container, answer="ok", effect=True)
        live = Live(id_, "1000", container, content, parent, at, at, at + lag, at + lag)
        self.ledger.live.append(live)
        return live

    def kinds(self) -> list[str]:
        return [each.kind for each in judge(self.ledger, self.posts, self.snapshots, self.feed).violations]

    def says(self, at: float, state: str, *, until: float | None = None, pattern: str | None = None) -> None:
        """The feed says that the post is in a state from then on."""
        following = {"what": "Goes on.", "at": iso(until) if until is not None else None}
        data = {"account_id": "acc_1", "state": state, "pattern": pattern, "next": following}
        self.feed.append(Change(at, at, f"post.{state}", "pst_1", data))

    def cause(self, at: float, end: float, scope: str, key: str) -> None:
        data = {"scope": scope, "key": key, "pattern": "account_restricted", "by": "recheck"}
        self.feed.append(Change(at, at, "blocker.opened", f"blk_{len(self.feed)}", data))
        self.feed.append(Change(end, end, "blocker.repaired", self.feed[-1].subject, data))


@pytest.fixture
def made() -> Made:
    return Made()


def test_a_sound_history_is_sound(made: Made) -> None:
    assert made.kinds() == []


def test_a_second_live_post_is_doubled_and_one_that_was_hidden_too_long_is_counted_apart(made: Made) -> None:
    made.publish("17c", "18c", FIRST, None, BEGIN + 3 * HOUR)
    assert "doubled" in made.kinds()
    made.ledger.live[0].status_from = made.ledger.live[0].list_from = made.ledger.live[0].arrival + 900.0
    verdict = judge(made.ledger, made.posts, [])
    assert verdict.hidden_doubles == 1
    assert "doubled" not in [each.kind for each in verdict.violations]


@pytest.mark.parametrize("known", ["18a", "18c"])
@pytest.mark.parametrize("hidden", [0, 2])
def test_a_double_is_laid_to_what_was_hidden_before_it_whichever_is_known(made: Made, known: str, hidden: int) -> None:
    made.publish("17c", "18c", FIRST, None, BEGIN + 3 * HOUR)
    made.posts[0]["parts"][0]["threads_id"] = known
    live = made.ledger.live[hidden]
    live.status_from = live.list_from = live.arrival + 900.0
    verdict = judge(made.ledger, made.posts, [])
    doubled = "doubled" in [each.kind for each in verdict.violations]
    assert (doubled, verdict.hidden_doubles) == (hidden == 2, int(hidden == 0))


def test_two_posts_that_say_the_same_are_no_double(made: Made) -> None:
    at = BEGIN + 2 * HOUR
    made.ledger.asked["pst_2"] = Asked("pst_2", "1000", HOUR, [Version(at, [PartAsked(FIRST)], at)])
    made.posts.append(
        {**made.posts[0], "id": "pst_2", "due_at": iso(at), "parts": [made.part(0, "one", "18c", at + 9)]}
    )
    made.publish("17c", "18c", FIRST, None, at + 9)
    assert made.kinds() == []


def test_an_equal_text_whose_id_is_not_known_takes_no_other_posts_place(made: Made) -> None:
    at = BEGIN + 2 * HOUR
    made.ledger.asked["pst_2"] = Asked("pst_2", "1000", HOUR, [Version(at, [PartAsked(FIRST)], at)])
    made.posts.append({**made.posts[0], "id": "pst_2", "due_at": iso(at), "parts": [made.part(0, "one", None, None)]})
    made.publish("17c", "18c", FIRST, None, at + 9)
    assert "early" not in made.kinds()


def test_what_is_not_live_is_lost(made: Made) -> None:
    made.posts[0]["parts"][1]["threads_id"] = None
    made.ledger.live.pop()
    assert made.kinds() == ["lost"]


def test_what_ends_unfinished_is_lost(made: Made) -> None:
    made.posts[0]["state"] = "checking"
    assert made.kinds() == ["lost"]


def test_a_post_of_the_owner_is_not_ours(made: Made) -> None:
    made.ledger.live[1].container = ""
    assert "lost" in made.kinds()


@pytest.mark.parametrize(
    ("name", "value"), [("content", Content("TEXT", "else")), ("parent", "18x"), ("parent", None), ("account", "1001")]
)
def test_what_is_live_as_something_else_is_altered(made: Made, name: str, value: Any) -> None:
    setattr(made.ledger.live[1], name, value)
    assert "altered" in made.kinds()


def test_a_post_that_is_out_after_it_was_canceled(made: Made) -> None:
    made.ledger.acts.append(Act(BEGIN + HOUR + 30, "cancel", "pst_1", "1000", done=True))
    assert "canceled" in made.kinds()


def test_what_is_said_to_be_published_is_not_said_to_be_canceled(made: Made) -> None:
    made.posts[0]["parts"][1]["threads_id"] = None
    next(sent for sent in made.ledger.sent if sent.target == "17b").answer = "no answer"
    made.ledger.acts.append(Act(BEGIN + HOUR + 300, "cancel", "pst_1", "1000", done=True))
    assert "canceled" not in made.kinds()
    made.posts[0]["parts"][1]["published_at"] = None
    assert "canceled" in made.kinds()


def test_late_without_a_yes(made: Made) -> None:
    asked = made.ledger.asked["pst_1"]
    asked.versions[0].at = asked.versions[0].due = BEGIN - 2 * HOUR
    assert made.kinds() == ["late"]
    made.ledger.acts.append(Act(BEGIN + HOUR, "confirm", "pst_1", "1000", done=True))
    assert made.kinds() == []


def test_out_before_its_time(made: Made) -> None:
    made.ledger.asked["pst_1"].versions[0].due = BEGIN + 2 * HOUR
    assert made.kinds() == ["early"]


def test_a_call_inside_a_limit_counts_once_the_limit_was_written_down(made: Made) -> None:
    at = BEGIN + 2 * HOUR
    met = made.sent("create", at, "{}", answer="613", limit_until=at + HOUR)
    made.sent("create", at + 600, "{}", answer="613", limit_until=at + HOUR)
    assert made.kinds() == []
    made.recorded(met)
    assert made.kinds() == ["hopeless"]


def test_a_call_with_a_token_that_is_known_to_be_refused(made: Made) -> None:
    at = BEGIN + 2 * HOUR
    made.recorded(made.sent("create", at, "{}", answer="190", token_dead=True))
    made.sent("create", at + 60, "{}", answer="190", token_dead=True)
    assert made.kinds() == ["hopeless"]
    made.ledger.acts.append(Act(at + 30, "reconnect", "", "1000", done=True))
    assert made.kinds() == []


def test_tries_again_and_again_at_what_is_refused_for_hours(made: Made) -> None:
    for turn in range(25):
        tried = made.sent("create", BEGIN + 2 * HOUR + turn * 100, f"{{{turn}}}", answer="368", standing=True)
        tried.run = f"pst_1.{10 + turn}"
    assert made.kinds() == ["hopeless"]
    made.ledger.acts += [Act(BEGIN + 2 * HOUR + turn * 300, "retry", "pst_1", "1000", done=True) for turn in range(8)]
    assert made.kinds() == []


def test_a_publish_of_a_container_that_is_known_to_be_published(made: Made) -> None:
    at = BEGIN + 2 * HOUR
    read = made.sent("status", at, "17a", answer="ok")
    made.ledger.status_answers.append((read.n, at, "17a", "PUBLISHED"))
    made.sent("publish", at + 60, "17a", answer="24/4279009", clear=True)
    assert "hopeless" not in made.kinds()
    made.recorded(read)
    assert "hopeless" in made.kinds()


def test_a_second_send_soon_after_an_answer_that_left_it_open(made: Made) -> None:
    at = made.ledger.sent[-1].at
    made.sent("publish", at + 120, "17b", answer="24/4279009", clear=True)
    assert made.kinds() == ["hasty"]


def test_a_publish_by_a_run_whose_worker_was_paused_for_longer_than_its_lease(made: Made) -> None:
    sent = made.ledger.sent[0]
    sent.run_began = sent.at - 100.0
    made.ledger.disturbances.append(Disturbance("pause", sent.at - 90.0, sent.at - 1.0, "w0.1"))
    assert made.kinds() == ["fenced"]
    sent.run_began = sent.at - 0.5
    assert made.kinds() == []


def test_held_for_what_another_account_met(made: Made) -> None:
    other = made.sent("create", BEGIN, "{}", answer="190")
    other.account = "1001"
    cause = {"scope": "account", "pattern": "token_expired", "raw": {"error": {"fbtrace_id": f"T{other.n}"}}}
    snapshot = {**made.posts[0], "state": "blocked", "cause": cause}
    made.snapshots.append((BEGIN + 2 * HOUR, [snapshot]))
    assert made.kinds() == ["held"]
    cause["scope"] = "app"  # which one account alone does not prove
    assert made.kinds() == ["held"]
    made.sent("create", BEGIN + 1, "{}", answer="190")
    assert made.kinds() == []


def test_held_for_what_two_accounts_of_another_app_met(made: Made) -> None:
    made.ledger.apps |= {"1001": "app_1", "1002": "app_1"}
    for account in ("1001", "1002"):
        met = made.sent("create", BEGIN, "{}", answer="10/4279067")
        met.account = account
    cause = {"scope": "app", "pattern": "access_tier_insufficient", "raw": {"error": {"fbtrace_id": f"T{met.n}"}}}
    made.snapshots.append((BEGIN + 2 * HOUR, [{**made.posts[0], "state": "blocked", "cause": cause}]))
    assert made.kinds() == ["held"]
    made.ledger.apps |= {"1001": "app_0", "1002": "app_0"}
    assert made.kinds() == []


def test_held_as_too_late_before_it_is(made: Made) -> None:
    snapshot = {**made.posts[0], "state": "held", "parts": [made.part(0, "one", None, None)]}
    made.snapshots.append((BEGIN + 1.5 * HOUR, [snapshot]))
    assert made.kinds() == ["held"]


def test_a_post_that_nothing_disturbs_and_that_is_not_out_soon(made: Made) -> None:
    asked = made.ledger.asked["pst_1"]
    asked.calm, asked.versions[0].due = True, BEGIN
    assert made.kinds() == ["slow"]
    made.ledger.disturbances.append(Disturbance("outage", BEGIN, BEGIN + 600))
    assert made.kinds() == []


# ------------------------------------------------------------------------------------- every moment of a rest


@pytest.mark.parametrize(
    ("scope", "key", "kinds"),
    [
        ("account", "acc_1", []), ("account", "acc_2", ["held"]), ("app", "app_0", []), ("app", "app_1", ["held"]),
        ("post", "pst_1", []), ("post", "pst_2", ["held"]), ("media_host", "cdn.example.com", ["held"]),
        ("platform", "threads", []), ("platform", "every media host", ["held"]),
    ],
)  # fmt: skip
def test_a_post_is_held_by_causes_that_are_about_it_and_by_no_others(
    made: Made, scope: str, key: str, kinds: list[str]
) -> None:
    at = BEGIN + HOUR
    made.cause(at, at + 20, scope, key)
    made.says(at + 1, "blocked", pattern="account_restricted")
    assert made.kinds() == kinds


def test_a_cause_of_a_media_host_holds_the_posts_with_media_from_there(made: Made) -> None:
    at = BEGIN + HOUR
    made.posts[0]["parts"][1]["media"] = [{"url": "https://cdn.example.com/a.jpg"}]
    for key in ("cdn.example.com", "every media host"):
        made.cause(at, at + 20, "media_host", key)
        made.says(at + 1, "waiting", pattern="media_download_failed")
        assert made.kinds() == []
    made.says(at + 30, "waiting", pattern="media_download_failed")  # both are over by then
    assert made.kinds() == ["held"]


def test_a_post_in_doubt_that_asks_a_person_before_it_has_looked(made: Made) -> None:
    at = made.ledger.sent[-1].at
    made.says(at + 60, "checking")
    made.feed[-1] = replace(made.feed[-1], data={**made.feed[-1].data, "next": None})
    assert made.kinds() == ["held"]
    made.ledger.acts.append(Act(at + 60, "edit", "pst_1", "1000", done=True))
    assert made.kinds() == []


def test_a_post_that_is_sent_while_what_it_waits_for_lasts(made: Made) -> None:
    at = made.ledger.sent[0].at
    made.cause(at - 100, at + HOUR, "account", "acc_1")
    made.says(at - 90, "blocked")
    made.ledger.sent[0].run_began = at - 95  # it was under way when it was stopped
    made.says(at + 5, "publishing")
    assert made.kinds() == []
    made.ledger.sent[0].run_began = at - 1
    assert made.kinds() == ["hopeless"]
    made.ledger.acts.append(Act(at - 10, "retry", "pst_1", "1000", done=True))
    assert made.kinds() == []


def test_a_post_that_is_sent_before_the_time_it_names(made: Made) -> None:
    at = made.ledger.sent[0].at
    made.says(at - 60, "retrying", until=at + 600)
    made.says(at + 5, "publishing")
    assert made.kinds() == ["hopeless"]


def test_a_post_that_does_not_go_on_when_it_could(made: Made) -> None:
    at = made.ledger.sent[0].at
    made.says(at - HOUR, "retrying", until=at - HOUR + 60)
    assert made.kinds() == ["slow"]
    made.ledger.disturbances.append(Disturbance("database", at - HOUR, at - 60))
    assert made.kinds() == []


def test_a_post_that_stays_where_it_is_after_its_cause_is_over(made: Made) -> None:
    at = made.ledger.sent[0].at
    made.cause(at - 2 * HOUR, at - HOUR, "account", "acc_1")
    made.says(at - 2 * HOUR, "blocked")
    assert made.kinds() == ["slow"]
    made.cause(at - 1.5 * HOUR, at - 60, "app", "app_0")  # another one took its place
    assert made.kinds() == []


def test_a_post_that_waits_for_hours_to_try_again(made: Made) -> None:
    at = made.ledger.sent[0].at
    made.says(at - 3 * HOUR, "retrying", until=at - 60)
    assert made.kinds() == ["slow"]
    limited = made.sent("list", at - 3 * HOUR, "threads", answer="613", limit_until=at - 60)
    limited.run = "job"
    assert made.kinds() == []


def test_a_post_that_is_taken_from_a_worker_that_lives(made: Made) -> None:
    at = made.ledger.sent[-1].at
    taken, kept = made.sent("status", at + 30, "17b"), made.sent("read", at + 60, "18b")
    taken.run, taken.worker, taken.run_began = "pst_1.2", "w1.1", at + 29
    kept.run_began = at - 1
    assert made.kinds() == ["fenced"]
    made.ledger.disturbances.append(Disturbance("pause", at, at + 55, "w0.1"))
    assert made.kinds() == []


def test_a_parent_that_lives_and_is_said_to_be_gone(made: Made) -> None:
    at = BEGIN + HOUR + 65
    made.cause(at - 1, at + 1, "post", "pst_1")
    made.says(at, "blocked", pattern="reply_target_gone")
    assert made.kinds() == ["held"]
    made.ledger.live[0].deleted = at - 2
    assert made.kinds() == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [("detached", "reply_to_id"), ("cut", "text"), ("dropped", "children"), ("story", "crossreshare_to_ig")],
)
def test_what_is_live_otherwise_than_asked_has_to_be_said(made: Made, wrong: str, field: str) -> None:
    part, live = made.posts[0]["parts"][1], made.ledger.live[1]
    live.wrong = wrong
    made.ledger.sent[1].delivered = True
    assert made.kinds() == ["unseen"]
    part["live"] = {"differs": [{"field": field}], "not_checked": []}
    assert made.kinds() == ["unseen"]  # nobody was told
    made.feed.append(Change(live.effect + 30, live.effect + 30, "post.differs", "pst_1", {"part": 1}))
    assert made.kinds() == []
    made.feed[-1] = Change(live.effect + 900, live.effect + 900, "post.differs", "pst_1", {"part": 1})
    assert made.kinds() == ["unseen"]
    part["live"] = {"differs": [], "not_checked": [field]}
    made.feed.clear()
    assert made.kinds() == ["unseen"]  # it could have been checked
    made.sent("read", live.effect + 5, live.id, answer="2").faulted = True
    assert made.kinds() == []


def test_something_else_that_is_said_to_differ_is_a_false_alarm(made: Made) -> None:
    part, live = made.posts[0]["parts"][1], made.ledger.live[1]
    part["live"] = {"differs": [{"field": "text"}], "not_checked": []}
    assert made.kinds() == ["alarm"]
    live.wrong = "cut"
    made.feed.append(Change(live.effect + 30, live.effect + 30, "post.differs", "pst_1", {"part": 1}))
    assert made.kinds() == []


def test_what_follows_a_detached_reply_may_hang_on_the_first_part(made: Made) -> None:
    at = made.ledger.live[1].effect
    third = Content("TEXT", "three")
    made.ledger.asked["pst_1"].versions[0].parts.append(PartAsked(third))
    made.posts[0]["parts"].append(made.part(2, "three", "18c", at + 100))
    made.publish("17c", "18c", third, "18a", at + 100)
    assert made.kinds() == ["altered"]
    made.ledger.live[1].wrong = "detached"
    made.posts[0]["parts"][1]["live"] = {"differs": [{"field": "reply_to_id"}], "not_checked": []}
    made.feed.append(Change(at + 30, at + 30, "post.differs", "pst_1", {"part": 1}))
    assert made.kinds() == []
