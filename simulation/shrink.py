"""From a day that fails to a short history: fewer posts, less that goes wrong, and still the same kind of failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulation.checker import Verdict, judge
from simulation.day import Day, DayRecord
from simulation.plan import Plan, PostPlanned
from simulation.verdict import Violation
from simulation.weather import Weather


@dataclass(frozen=True, slots=True)
class Played:
    record: DayRecord
    verdict: Verdict


def play(plan: Plan, *, keep_lines: bool = False) -> Played:
    record = Day(plan, keep_lines=keep_lines).play()
    return Played(record, judge(record.ledger, record.history, record.snapshots, record.feed))


def shrink(plan: Plan, kind: str, *, within_s: float = 120.0) -> Plan:
    """The smallest day found in ``within_s`` seconds on which a violation of ``kind`` still happens."""
    end = time.monotonic() + within_s

    def fails(smaller: Plan) -> bool:
        if time.monotonic() > end:
            return False
        return any(each.kind == kind for each in play(smaller).verdict.violations)

    first = play(plan)
    accounts = {each.account for each in first.verdict.violations if each.kind == kind}
    for account in sorted(accounts):
        mine = plan.with_posts(tuple(post for post in plan.posts if str(1000 + post.account) == account))
        if mine.posts and fails(mine):
            plan = mine
            break
    plan = plan.with_posts(_fewer(plan, plan.posts, fails))
    for name in Weather.names():
        smaller = plan.with_weather(plan.weather.without(name))
        if smaller.weather != plan.weather and fails(smaller):
            plan = smaller
    return plan.with_posts(_fewer(plan, plan.posts, fails))


def _fewer(plan: Plan, posts: Sequence[PostPlanned], fails: Callable[[Plan], bool]) -> tuple[PostPlanned, ...]:
    """Halves, then quarters, then one by one: what can be left out is."""
    kept, size = list(posts), max(1, len(posts) // 2)
    while size >= 1:
        place = 0
        while place < len(kept) and len(kept) > 1:
            fewer = kept[:place] + kept[place + size :]
            if fewer and fails(plan.with_posts(tuple(fewer))):
                kept = fewer
            else:
                place += size
        size //= 2
    return tuple(kept)


def story(plan: Plan, violation: Violation | None = None) -> str:
    """What happened, by the minute: requests and answers, crashes, what people did."""
    played = play(plan, keep_lines=True)
    lines = [f"seed {plan.seed}: {len(plan.posts)} of the day's posts; what goes wrong: {_weather(plan.weather)}"]
    last = -1
    for at, words in played.record.lines:
        minute = int(at // 60)
        stamp = f"{minute // 60:3d}:{minute % 60:02d}" if minute != last else " " * 6
        lines.append(f"{stamp} {at % 60:05.2f}  {words}")
        last = minute
    lines += [""] + [_words(each, played.record) for each in played.verdict.violations]
    return "\n".join(lines)


def _weather(weather: Weather) -> str:
    given = [f"{name} {getattr(weather, name):g}" for name in Weather.names() if getattr(weather, name)]
    return ", ".join(given) or "nothing"


def _words(each: Violation, record: DayRecord) -> str:
    at = each.at - record.ledger.begin
    return f"{each.kind.upper()} at {int(at // 3600):d}:{int(at // 60) % 60:02d}, account {each.account}: {each.words}"
