"""Judges every moment at which a post rested, by the product's change feed: why, until when, what was sent meanwhile.

The feed says of each post what state it is in from when on, and when it goes on; and of each cause when it was opened
and closed, and what it is about. Everything else is what really happened: the ledger, and what the posts are made of.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulation.ledger import Asked, Change, Ledger, Sent
from simulation.verdict import CLOCKS_S, RECORDED_S, Violation, seconds

IDLE_S = 1500.0  # after the moment at which a post was to go on; a dead worker's work is taken up within minutes
LONGEST_RETRY_S = 2400.0  # from one try to the next, while nothing but a fault is in the way
PATIENCE_S = 7200.0  # in which containers and lists show what is live, before somebody is asked to look
LIMIT_S = 3600.0  # a limit that does not say how long it lasts
DAY_S = 86_400.0
OF_EVERYBODY = ("pause", "disk", "database", "outage")  # the work of a paused worker is not done by others at once
FINAL = ("published", "canceled", "failed")
EVERY_HOST = "every media host"


@dataclass(slots=True)
class Cause:
    """An entry of the feed that says that something stops posts, until it says that it is over."""

    opened: float
    closed: float
    scope: str
    key: str
    pattern: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """A post is in a state from ``at`` on. ``until``: when it says that it goes on; ``None``: it names no time."""

    at: float
    state: str
    until: float | None
    what: str
    pattern: str


class RestJudge:
    def __init__(self, ledger: Ledger, history: Sequence[Mapping[str, Any]], feed: Sequence[Change]) -> None:
        self.ledger = ledger
        self.causes = _causes(feed)
        self.hosts = {str(post["id"]): _hosts(post) for post in history}
        self.rests: dict[str, list[Rest]] = defaultdict(list)
        self.account_of: dict[str, str] = {}  # by the product's name of it
        for change in feed:
            asked = ledger.asked.get(change.subject)
            if asked is None or "state" not in change.data:
                continue
            self.account_of[str(change.data["account_id"])] = asked.account
            self.rests[asked.post].append(_rest(change))
        self.sent: dict[str, list[Sent]] = defaultdict(list)
        for sent in ledger.sent:
            self.sent[sent.run.split(".")[0]].append(sent)
        self.acts: dict[str, list[float]] = defaultdict(list)
        for act in ledger.acts:
            self.acts[act.post].append(act.at)
        self.limits: dict[str, list[tuple[float, float]]] = {}

    def all(self) -> Iterator[Violation]:
        for post, rests in self.rests.items():
            asked = self.ledger.asked[post]
            times = sorted([*(r.at for r in rests), *(s.at for s in self.sent[post]), *self.acts[post]])
            for rest in rests:
                if rest.state in FINAL:
                    continue
                yield from self.without_cause(asked, rest)
                yield from self.asks_too_soon(asked, rest)
                yield from self.sent_meanwhile(asked, rest, times)
                yield from self.idle(asked, rest, times)
        yield from self.beside_a_living_worker()

    def _violation(self, kind: str, asked: Asked, at: float, words: str) -> Violation:
        return Violation(kind, asked.post, asked.account, at, words)

    # ------------------------------------------------------------------------------------------------- causes

    def _concerns(self, cause: Cause, asked: Asked) -> bool:
        match cause.scope:
            case "post":
                return cause.key == asked.post
            case "account":
                return self.account_of.get(cause.key) == asked.account
            case "app":
                return cause.key == self.ledger.apps.get(asked.account)
            case "platform" if cause.key != EVERY_HOST:
                return True
        hosts = self.hosts.get(asked.post, frozenset())
        return cause.key in hosts or (cause.key == EVERY_HOST and bool(hosts))

    def _stopped_until(self, asked: Asked, at: float) -> float | None:
        """When the last of the causes is over that stop the post one after the other from ``at`` on; or none does."""
        mine = sorted((each.opened, each.closed) for each in self.causes if self._concerns(each, asked))
        end: float | None = None
        for opened, closed in mine:
            if opened <= (at if end is None else end) < closed:
                end = closed
        return end

    def without_cause(self, asked: Asked, rest: Rest) -> Iterator[Violation]:
        """A post is blocked although no cause was open that is about it; or the one it names is not open."""
        if rest.state not in ("blocked", "waiting") or rest.until is not None:
            return
        open_then = [
            each.pattern for each in self.causes if each.opened <= rest.at < each.closed and self._concerns(each, asked)
        ]  # fmt: skip
        if not open_then:
            words = f"{rest.state} for {rest.pattern or 'nothing'}, and no cause was open that is about it"
            yield self._violation("held", asked, rest.at, words)

    def asks_too_soon(self, asked: Asked, rest: Rest) -> Iterator[Violation]:
        """A post whose publish is in doubt waits for a person, although looking on for a while would tell."""
        if rest.state != "checking" or rest.until is not None or rest.what:
            return
        if any(abs(at - rest.at) < RECORDED_S for at in self.acts[asked.post]):
            return  # somebody changed it, and is shown it
        sends = [sent.at for sent in self.sent[asked.post] if sent.operation == "publish" and sent.at < rest.at]
        if sends and rest.at - sends[-1] < PATIENCE_S:
            words = f"asks a person {rest.at - sends[-1]:.0f} s after its last publish"
            yield self._violation("held", asked, rest.at, words)

    # ------------------------------------------------------------------------------------------- sent meanwhile

    def sent_meanwhile(self, asked: Asked, rest: Rest, times: Sequence[float]) -> Iterator[Violation]:
        """A create or publish by a run that began while the post said that it waits: before the time that it named, or
        while what it waits for was still open; and nobody had done anything about it."""
        end = rest.until
        if end is None and rest.state in ("blocked", "waiting"):
            end = self._stopped_until(asked, rest.at)
        if end is None or end - rest.at <= CLOCKS_S:
            return
        others = [each.at for each in self.rests[asked.post]]
        for sent in self.sent[asked.post]:
            if sent.at <= rest.at + RECORDED_S or sent.operation not in ("create", "publish"):
                continue
            if sent.at >= end - CLOCKS_S or any(rest.at < at <= sent.at for at in (*others, *self.acts[asked.post])):
                break
            if sent.run_began > rest.at:
                words = f"{sent.operation} {end - sent.at:.0f} s before the end of what it waits for ({rest.state})"
                yield self._violation("hopeless", asked, sent.at, words)

    # --------------------------------------------------------------------------------------------------- idle

    def idle(self, asked: Asked, rest: Rest, times: Sequence[float]) -> Iterator[Violation]:
        """Nothing happened to a post long after it was to go on, and nothing was in the way; or it set itself a time
        that no fault explains."""
        if rest.until is not None and rest.state == "retrying" and rest.until - rest.at > LONGEST_RETRY_S:
            explained = _covered(self._in_the_way(asked), rest.at, rest.until)
            if rest.until - rest.at - explained > LONGEST_RETRY_S:
                words = f"waits {rest.until - rest.at:.0f} s to try again ({rest.pattern})"
                yield self._violation("slow", asked, rest.at, words)
        begin = self._goes_on(asked, rest)
        if begin is None:
            return
        place = bisect_right(times, rest.at)
        after = times[place] if place < len(times) else self.ledger.end + DAY_S
        if after - begin <= IDLE_S:
            return
        idle = after - begin - _covered(self._in_the_way(asked), begin, after)
        if idle > IDLE_S:
            words = f"{rest.state}, and nothing happened for {idle:.0f} s after it was to go on ({rest.what})"
            yield self._violation("slow", asked, begin, words)

    def _goes_on(self, asked: Asked, rest: Rest) -> float | None:
        if rest.until is not None:
            return max(rest.until, rest.at)
        if rest.state in ("blocked", "waiting"):
            return self._stopped_until(asked, rest.at)
        return rest.at if rest.state in ("publishing", "scheduled") else None

    def _in_the_way(self, asked: Asked) -> list[tuple[float, float]]:
        """What explains that nothing happens, whoever it met: times at which everything stood still, and limits of the
        account, from when they were met on; a new one that is found when the last is over is not announced again."""
        if asked.account not in self.limits:
            spans = [(each.begin, each.end) for each in self.ledger.disturbances if each.kind in OF_EVERYBODY]
            app = self.ledger.apps.get(asked.account)
            spans += [
                (each.begin, each.end + LIMIT_S) for each in self.ledger.disturbances
                if each.kind == "app limit" and each.whom == app
            ]  # fmt: skip
            spans += [
                (sent.at, max(sent.limit_until, sent.at) + LIMIT_S) for sent in self.ledger.sent
                if sent.limit_until is not None and sent.account == asked.account
            ]  # fmt: skip
            spans += self._full(asked.account)
            spans += [
                (each.opened, each.closed) for each in self.causes
                if each.scope in ("account", "app", "platform") and self._concerns(each, asked)
            ]  # fmt: skip
            self.limits[asked.account] = _union(spans)
        return self.limits[asked.account]

    def _full(self, account: str) -> Iterator[tuple[float, float]]:
        """When as many posts of the last day are live as the account may have."""
        for reply, quota in enumerate(self.ledger.quotas.get(account, ())):
            times = sorted(
                live.effect for live in self.ledger.live
                if live.account == account and live.container and (live.parent is not None) == bool(reply)
            )  # fmt: skip
            for place in range(quota - 1, len(times)):
                # The product counts from when it learned of each, and looks now and then.
                yield times[place], times[place - quota + 1] + DAY_S + LIMIT_S

    # ------------------------------------------------------------------------------------------------ the living

    def beside_a_living_worker(self) -> Iterator[Violation]:
        """A worker took up a post while another one, which was neither dead nor paused, still worked on it."""
        pauses: dict[str, list[tuple[float, float]]] = defaultdict(list)
        standstill = []
        for each in self.ledger.disturbances:
            if each.kind == "pause":
                pauses[each.whom].append((each.begin, each.end))
            elif each.kind in ("disk", "database"):
                standstill.append((each.begin, each.end))
        for post, sents in self.sent.items():
            if post not in self.ledger.asked:
                continue
            newest: Sent | None = None
            for sent in sents:
                if newest is None or sent.run_began > newest.run_began:
                    newest = sent
                if sent.worker == newest.worker or sent.run_began >= newest.run_began:
                    continue
                began = sent.run_began
                stood = [*pauses[sent.worker], *standstill]
                if not any(begin < sent.at + CLOCKS_S and began - CLOCKS_S < end for begin, end in stood):
                    words = f"{sent.operation} by a run that another worker had taken over, and nothing stopped its own"
                    yield self._violation("fenced", self.ledger.asked[post], sent.at, words)


def _causes(feed: Sequence[Change]) -> list[Cause]:
    found: dict[str, Cause] = {}
    for change in feed:
        data = change.data
        if change.kind == "blocker.opened":
            found[change.subject] = Cause(
                change.at, float("inf"), str(data["scope"]), str(data["key"]), str(data["pattern"])
            )
        elif change.kind == "blocker.repaired" and change.subject in found:
            found[change.subject].closed, found[change.subject].by = change.at, str(data["by"])
    return list(found.values())


def _rest(change: Change) -> Rest:
    following = change.data.get("next") or {}
    named = following.get("at")
    # The clock of the worker that named the time may be off; how far away it is, is not.
    until = change.at + max(0.0, seconds(named) - change.claimed) if named else None
    pattern, what = str(change.data.get("pattern") or ""), str(following.get("what") or "")
    return Rest(change.at, str(change.data["state"]), until, what, pattern)


def _hosts(post: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(item["url"]).split("/")[2] for part in post["parts"] for item in part.get("media") or ())


def _union(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    whole: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if whole and begin <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((begin, end))
    return whole


def _covered(spans: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """Seconds of a time that spans cover, which do not overlap."""
    return sum(max(0.0, min(end, last) - max(begin, first)) for first, last in spans)
