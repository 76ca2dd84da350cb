"""What simulated days found, each as the smallest day on which it happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulation.checker import judge
from simulation.day import Day
from simulation.ledger import Content, PartAsked
from simulation.plan import Plan, PostPlanned
from simulation.threads import answers
from simulation.threads.answers import Answer
from simulation.threads.model import Threads
from simulation.weather import CLEAR


def day_with(content: Content, intercept: Callable[[Threads, Mapping[str, str], int], Answer | None]) -> Day:
    """A clear day with one post, on which ``intercept`` may answer a create, the first one being number 1."""
    post = PostPlanned(0, 0, 60.0, None, 86_400.0, (PartAsked(content),), (), "", bad=False)
    day = Day(Plan(1, CLEAR, (post,)))
    create, turn = day.threads._create, 0

    def scripted(profile: Any, sent: Any, params: Mapping[str, str], now: float, dice: Any) -> Answer:
        nonlocal turn
        turn += 1
        answer = intercept(day.threads, params, turn)
        if answer is not None:
            sent.limit_until = profile.limited_until or None
            return answer
        return create(profile, sent, params, now, dice)

    day.threads._create = scripted  # type: ignore[method-assign]
    return day


def test_a_limit_met_by_one_of_several_media_is_heeded_although_another_failed_first() -> None:
    def intercept(threads: Threads, params: Mapping[str, str], turn: int) -> Answer | None:
        if turn == 1:
            return answers.SERVICE_2
        if turn == 2:
            threads.profiles["1000"].limited_until = threads.now() + 1500.0
            return answers.limited("613", 1500.0, hinted=True)
        return None

    day = day_with(Content("CAROUSEL", "three pictures", ("IMAGE",) * 3), intercept)
    record = day.play()
    verdict = judge(record.ledger, record.history, record.snapshots, record.feed)
    assert verdict.violations == ()
    assert [post["state"] for post in record.history] == ["published"]
    creates = sorted(sent.at for sent in record.ledger.sent if sent.operation == "create")
    assert all(at < creates[0] + 5.0 or at > creates[0] + 1500.0 for at in creates)


def test_a_post_that_becomes_too_late_during_its_run_is_not_published_unasked() -> None:
    post = PostPlanned(0, 0, 60.0, None, 30.0, (PartAsked(Content("TEXT", "slow")),), (), "", bad=False)
    day = Day(Plan(1, CLEAR, (post,)))
    end = day.threads._end

    def slowly(sent: Any, answer: Answer, delay: float) -> Any:
        return end(sent, answer, 45.0 if sent.operation == "create" else delay)

    day.threads._end = slowly  # type: ignore[method-assign]
    record = day.play()
    verdict = judge(record.ledger, record.history, record.snapshots, record.feed)
    assert verdict.violations == ()
    created, published = (next(sent.at for sent in record.ledger.sent if sent.operation == name)
                          for name in ("create", "publish"))  # fmt: skip
    assert published > created + 600.0  # when the owner approved it


def test_an_equal_post_by_hand_is_not_taken_for_a_publish_that_nothing_shows() -> None:
    """Lists closed for a day, the container unreadable until it is dead, and the owner had posted the same before."""
    content = Content("TEXT", "by hand and by us")
    day = Day(Plan(1, CLEAR, (PostPlanned(0, 0, 60.0, None, 86_400.0, (PartAsked(content),), (), "", bad=False),)))
    threads = day.threads
    begin, sends = threads.now(), 0
    asked_list, asked_status, publish = threads._list, threads._status, threads._publish

    def later(seconds: float) -> bool:
        return threads.now() - begin > seconds

    def some_list(*args: Any) -> Answer:
        return asked_list(*args) if later(25 * 3600.0) else answers.NO_PERMISSION

    def some_status(profile: Any, sent: Any, *args: Any) -> Answer:
        dark = sends == 1 and not later(25 * 3600.0)
        return answers.unknown_id(sent.target) if dark else asked_status(profile, sent, *args)

    def lost_once(*args: Any) -> Answer:
        nonlocal sends
        sends += 1
        return answers.TIMEOUT if sends == 1 else publish(*args)

    threads._list = some_list  # type: ignore[method-assign,assignment]
    threads._status = some_status  # type: ignore[method-assign,assignment]
    threads._publish = lost_once  # type: ignore[method-assign,assignment]
    by_hand = threads.by_hand("1000", content, None, begin + 1.0)
    record = day.play()
    assert judge(record.ledger, record.history, record.snapshots, record.feed).violations == ()
    (post,) = record.history
    assert post["state"] == "published"
    assert post["parts"][0]["threads_id"] != by_hand.id
    assert [act.kind for act in record.ledger.acts if act.kind == "resolve"] == ["resolve"]
    assert sends == 2
