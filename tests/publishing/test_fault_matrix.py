"""Every endpoint of Threads failing in every way, before and after the effect: each post is out exactly once, or its
state says truly why not; and no call is made that cannot succeed.

Every case has an account of its own, so that many run at the same time. When all that happens by itself has happened, a
person does what the states ask for (recheck, retry), and then every post must be out once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import pytest

from tests.publishing.conftest import matrix_size
from tests.publishing.covering import pairwise_rows
from tests.publishing.faults import FAULTS, REFUSALS, UNCLEAR, Fault, in_vain
from tests.publishing.shop import SETTLE_S, Owner, Shop, at_rest

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

    def body(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = {"text": f"{name} one"}
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


def run(shop: Shop, cases: Sequence[Case]) -> None:
    for start in range(0, len(cases), AT_ONCE):
        trials = [begin(shop, case) for case in cases[start : start + AT_ONCE]]
        ids = [trial.post_id for trial in trials]
        shop.settled(ids, within_s=120)
        problems = [problem for trial in trials for problem in truth(shop, trial)]
        by_hand(shop, trials)
        problems += [problem for trial in trials for problem in ledger(shop, trial)]
        assert not problems, "\n".join(problems[:20])


def begin(shop: Shop, case: Case) -> Trial:
    owner = shop.owner(list_lag_s=case.list_lag_s)
    for fault in case.faults:
        fault.arm(shop.control, owner.username)
    body = case.body(owner.username)
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


def ledger(shop: Shop, trial: Trial) -> list[str]:
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
        fired = {
            fault["endpoint"]: fault["fired"]
            for fault in shop.control.faults()
            if fault["account"] == trial.owner.threads_id
        }
        problems += [f"{trial.case.id}: nothing failed at {name}" for name, times in fired.items() if not times]
    problems += [f"{trial.case.id}: {why}" for why in in_vain(shop.requests(trial.owner))]
    if any(event["outcome"] is None for event in shop.timeline(trial.post_id)):
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


def sample(cases: Sequence[Case], normal: int) -> list[Case]:
    """A different few every day; ``TREADLE_MATRIX`` says how many, or ``long`` for all."""
    size = min(len(cases), matrix_size(normal, len(cases)))
    return random.Random(time.strftime("%Y-%m-%d")).sample(list(cases), size)


TEXTS, CHAINS = ([case for case in ALONE if case.kind == kind] for kind in ("text", "chain"))
FEW = 12


def test_some_faults_alone(shop: Shop) -> None:
    run(shop, [*sample(TEXTS, FEW), *sample(CHAINS, FEW), *sample(LIMIT, 2)])


def test_some_publish_faults_with_a_fault_of_a_following_read(lite: Shop) -> None:
    run(lite, sample(PAIRS, 2 * FEW))


def test_some_faults_at_several_endpoints_together(lite: Shop) -> None:
    run(lite, sample(covering(), 2 * FEW))


@pytest.mark.long
def test_each_fault_alone(shop: Shop) -> None:
    """Every endpoint, every fault, before and after its effect, at the first part and at the second of a chain."""
    run(shop, sample([*ALONE, *LIMIT], len(ALONE) + len(LIMIT)))


@pytest.mark.long
def test_publish_faults_in_pairs_with_each_following_read(lite: Shop) -> None:
    run(lite, sample(PAIRS, len(PAIRS)))


@pytest.mark.long
def test_every_pair_of_faults_at_two_endpoints(lite: Shop) -> None:
    cases = covering()
    run(lite, sample(cases, len(cases)))


def test_a_publish_that_works_later_than_the_settle_time_is_out_once(shop: Shop) -> None:
    """The settle time is a promise about Threads; where it is broken, a container can still be published only once."""
    owners = [shop.owner() for _ in range(5)]
    for place, owner in enumerate(owners):
        shop.control.fault("publish", {"delay_s": SETTLE_S * (0.9 + 0.2 * place)}, account=owner.username)
    ids = [shop.post(owner, text="late") for owner in owners]
    shop.published(ids)
    for post_id, owner in zip(ids, owners, strict=True):
        assert [post["text"] for post in shop.live(owner)] == ["late"], shop.story(post_id)
        assert shop.read(post_id)["parts"][0]["threads_id"] == shop.live(owner)[0]["id"]


def test_two_equal_posts_on_purpose_are_two_posts(shop: Shop) -> None:
    """Both lose their answers, and the lists lag behind: each must find its own."""
    for when, lag in product(("before", "after"), (0.0, 1.5)):
        owner = shop.owner(list_lag_s=lag)
        shop.control.fault("publish", {"drop": True}, account=owner.username, times=2, when=when)
        ids = [shop.post(owner, text="Again!", replies=[{"text": "And again!"}]) for _ in range(2)]
        shop.published(ids)
        live = shop.live(owner)
        assert sorted(post["text"] for post in live) == ["Again!", "Again!", "And again!", "And again!"]
        named = [part["threads_id"] for post_id in ids for part in shop.read(post_id)["parts"]]
        assert sorted(named) == sorted(post["id"] for post in live), "\n".join(map(shop.story, ids))
        by_id = {post["id"]: post for post in live}
        for post_id in ids:
            first, second = shop.read(post_id)["parts"]
            assert by_id[second["threads_id"]]["reply_to"] == first["threads_id"]
