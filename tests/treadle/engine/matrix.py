"""Every endpoint of Threads failing in every way, before and after the effect: each post is out exactly once, or its
state says truly why not; and no call is made that cannot succeed.

Every case has an account of its own, so that many run at the same time. When all that happens by itself has happened, a
person does what the states ask for (recheck, retry), and then every post must be out once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from tests.support.proof import Tally
from tests.treadle.engine.conftest import matrix_size
from tests.treadle.engine.covering import pairwise_rows
from tests.treadle.engine.faults import FAULTS, REFUSALS, UNCLEAR, Fault, Heard, in_vain
from tests.treadle.engine.host import hosting
from tests.treadle.engine.shop import Owner, Shop, at_rest

READS = ("status", "list", "read")
AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Case:
    faults: tuple[Fault, ...]
    kind: str = "text"
    list_lag_s: float = 0.0

    @property
    def id(self) -> str:
        return "+".join([self.kind, *(fault.id for fault in self.faults)])

    def body(self, name: str, host: str) -> dict[str, Any]:
        body: dict[str, Any] = {"text": f"{name} one"}
        if self.kind == "picture":
            body["media"] = [{"url": f"{host}/1.jpg"}]
        if self.kind == "chain":
            body["replies"] = [{"text": f"{name} two"}, {"text": f"{name} three"}]
        return body

    @property
    def all_fire(self) -> bool:
        """Whether the run must come past every fault: after a plain refusal nothing is looked up."""
        return len(self.faults) == 1 or (bool(self.faults) and self.faults[0].name in UNCLEAR)


@dataclass(slots=True)
class Trial:
    case: Case
    owner: Owner
    post_id: str
    texts: list[str]


def run(shop: Shop, cases: Sequence[Case], tally: Tally, *, host: str = "") -> None:
    for start in range(0, len(cases), AT_ONCE):
        judge(shop, [begin(shop, case, host) for case in cases[start : start + AT_ONCE]], tally)
    tally.expect(posts=len(cases), faults=sum(case.all_fire for case in cases))


def judge(shop: Shop, trials: Sequence[Trial], tally: Tally) -> None:
    """All that happens by itself, then what a person does, then the ledger."""
    shop.settled([trial.post_id for trial in trials])
    problems = [problem for trial in trials for problem in truth(shop, trial)]
    by_hand(shop, trials)
    rules = shop.control.faults()
    for trial in trials:
        mine = [fault for fault in rules if fault["account"] == trial.owner.threads_id]
        problems += ledger(shop, trial, mine)
        tally.add("posts")
        tally.add("faults", sum(fault["fired"] for fault in mine))
        tally.add("requests", len(shop.requests(trial.owner)))
        for fault in mine:
            shop.control.end_fault(fault["id"])
    assert not problems, "\n".join(problems[:20])


def begin(shop: Shop, case: Case, host: str) -> Trial:
    owner = shop.owner(list_lag_s=case.list_lag_s)
    for fault in case.faults:
        fault.arm(shop.control, owner.username)
    body = case.body(owner.username, host)
    texts = [body["text"], *(reply["text"] for reply in body.get("replies", []))]
    return Trial(case, owner, shop.post(owner, **body), texts)


def truth(shop: Shop, trial: Trial) -> list[str]:
    """What the state says holds over there."""
    post, out = shop.read(trial.post_id), [post["text"] for post in shop.live(trial.owner)]
    if shop.read(trial.post_id) != post or not at_rest(post):
        return []  # its cause was just looked at again, and it goes on
    if any(f.endpoint == "publish" and f.when == "after" and f.name in REFUSALS for f in trial.case.faults):
        return []  # a plain refusal of what was done is a lie that no state can see through; it must not double, though
    problems = []
    for part, text in zip(post["parts"], trial.texts, strict=True):
        count = out.count(text)
        if part["state"] == "published" and count != 1:
            problems.append(f"{trial.case.id}: a published part is out {count} times")
        if post["state"] in ("failed", "blocked", "held") and part["state"] != "published" and count:
            problems.append(f"{trial.case.id}: {post['state']}, part {part['state']}, and yet it is out")
    if post["state"] != "published" and not (post["why"] and (post["cause"] or post["blocker_ids"])):
        problems.append(f"{trial.case.id}: {post['state']} without a cause")
    return [f"{problem}\n{shop.story(trial.post_id)}" for problem in problems]


def by_hand(shop: Shop, trials: Sequence[Trial]) -> None:
    """A person rechecks what is blocked and retries what failed, until everything is out."""
    open_trials, deadline = list(trials), time.monotonic() + 120
    while open_trials:
        open_trials = [t for t in open_trials if shop.read(t.post_id)["state"] != "published"]
        if time.monotonic() > deadline:
            raise AssertionError("\n\n".join(f"{t.case.id}\n{shop.story(t.post_id)}" for t in open_trials[:3]))
        for trial in open_trials:
            post = shop.read(trial.post_id)
            if not at_rest(post):
                continue
            if post["state"] == "failed":
                shop.act("retry", trial.post_id)
            for blocker_id in post["blocker_ids"]:
                shop.recheck(blocker_id)
        time.sleep(0.1)


def ledger(shop: Shop, trial: Trial, rules: Sequence[dict[str, Any]]) -> list[str]:
    live = shop.live(trial.owner)
    problems = []
    if [post["text"] for post in live] != trial.texts:
        problems.append(f"{trial.case.id}: on Threads are {[post['text'] for post in live]}")
    post = shop.read(trial.post_id)
    named = [part["threads_id"] for part in post["parts"]]
    if not problems and any(mine not in (None, theirs["id"]) for mine, theirs in zip(named, live, strict=True)):
        problems.append(f"{trial.case.id}: the ids {named} are not those on Threads")
    for before, after in pairwise(live):
        if after["reply_to"] != before["id"]:
            problems.append(f"{trial.case.id}: a part does not reply to the one before it")
    if trial.case.all_fire:
        idle = [rule["endpoint"] for rule in rules if not rule["fired"]]
        problems += [f"{trial.case.id}: nothing failed at {name}" for name in idle]
    events, requests = shop.timeline(trial.post_id), shop.requests(trial.owner)
    vain = in_vain(requests, Heard.of(events))
    problems += [f"{trial.case.id}: {why}" for why in vain]
    if any(event["outcome"] is None for event in events):
        problems.append(f"{trial.case.id}: a call in the timeline has no end")
    return [f"{problem}\n{shop.story(trial.post_id)}" for problem in problems]


def possible(fault: Fault) -> bool:
    """Reading has no effect that could come before or after."""
    return fault.when == "before" or fault.endpoint not in (*READS, "limit")


ALONE = [
    Case((fault,), kind)
    for endpoint, name, when, kind in product(
        ("create", "status", "publish", "list", "read"), FAULTS, ("before", "after"), ("text", "chain")
    )
    if possible(fault := Fault(endpoint, name, when, nth=2 if kind == "chain" else None))
]
LIMIT = [Case((Fault("publish", "rate_613"), Fault("limit", name))) for name in FAULTS]
FETCHES = [Case((Fault("media_fetch", name),), "picture") for name in FAULTS]
PAIRS = [
    Case((first, Fault(endpoint, name, nth=nth)))
    for first_name, when, endpoint, name in product(FAULTS, ("before", "after"), READS, FAULTS)
    if possible(first := Fault("publish", first_name, when))
    # The status and the list are read once each before the publish: the second reading is the one after it.
    for nth in ((2,) if endpoint in ("status", "list") else (1,))
]


POSSIBLE = {
    endpoint: [
        None,
        *(f for name, when in product(FAULTS, ("before", "after")) if possible(f := Fault(endpoint, name, when))),
    ]
    for endpoint in ("create", "status", "publish", "list", "read")
}


def covering() -> list[Case]:
    """Every pair of faults at two endpoints, with texts and chains and with lists that lag behind or do not."""
    rows = pairwise_rows({**POSSIBLE, "kind": ["text", "chain"], "lag": [0.0, 1.0]})
    endpoints = list(POSSIBLE)
    return [Case(tuple(row[e] for e in endpoints if row[e] is not None), row["kind"], row["lag"]) for row in rows]


def sample(cases: Sequence[Case], normal: int, tally: Tally) -> list[Case]:
    """Some of the cases: ``TREADLE_MATRIX`` says how many, or ``long`` for all."""
    return tally.chance.sample(list(cases), min(len(cases), matrix_size(normal, len(cases))))


def whole(cases: Sequence[Case], tally: Tally) -> list[Case]:
    """All of them, unless ``TREADLE_MATRIX`` asks for fewer."""
    return sample(cases, len(cases), tally)


@pytest.mark.long
class FaultMatrix:
    """The whole matrix; a subclass brings the database."""

    def test_each_fault_alone(self, shop: Shop, tally: Tally) -> None:
        """Every endpoint, every fault, before and after its effect, at the first part and at the second of a chain."""
        run(shop, whole([*ALONE, *LIMIT], tally), tally)

    @pytest.mark.parametrize("read", READS)
    def test_publish_faults_in_pairs_with_each_following_read(self, shop: Shop, tally: Tally, read: str) -> None:
        run(shop, whole([case for case in PAIRS if case.faults[1].endpoint == read], tally), tally)

    @pytest.mark.parametrize("half", [0, 1])
    def test_every_pair_of_faults_at_two_endpoints(self, shop: Shop, tally: Tally, half: int) -> None:
        run(shop, whole(covering()[half::2], tally), tally)

    def test_each_fault_when_threads_fetches_a_file(self, shop: Shop, tally: Tally, tmp_path: Path) -> None:
        with hosting(tmp_path / "host") as host:
            run(shop, whole(FETCHES, tally), tally, host=host.url)
