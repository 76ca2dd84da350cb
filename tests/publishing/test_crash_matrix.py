"""Kill -9 at any moment, any number of times: nothing lost, nothing doubled, the timeline complete."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.publishing.conftest import matrix_size
from tests.publishing.faults import in_vain
from tests.publishing.hangman import MOMENTS, Hangman, Moment
from tests.publishing.shop import Owner, Shop, open_shop, shop_settings
from tests.publishing.worker import Worker, workers
from treadle.sandbox.server import Sandbox

Posted = tuple[Owner, str, list[str]]
# What one text post asks of Threads: create, status, list, publish, read.
REQUESTS_OF_A_TEXT = 5


def write(shop: Shop, parts: int = 1, owner: Owner | None = None) -> Posted:
    owner = owner or shop.owner()
    texts = [f"{owner.username} {number}" for number in range(parts)]
    replies = [{"text": text} for text in texts[1:]]
    return owner, shop.post(owner, text=texts[0], **({"replies": replies} if replies else {})), texts


def check(shop: Shop, posted: Sequence[Posted]) -> None:
    """Everything is out once, in order, and the timeline tells of every request that reached Threads."""
    problems = []
    for owner, post_id, texts in posted:
        live = [post["text"] for post in shop.live(owner)]
        if live != texts:
            problems.append(f"on Threads are {live}, not {texts}\n{shop.story(post_id)}")
        requests = shop.requests(owner)
        problems += [f"{why}\n{shop.story(post_id)}" for why in in_vain(requests)]
        events = [event for event in shop.timeline(post_id) if event["request"] or event["outcome"] == "interrupted"]
        for endpoint, what in (("create", "Create the container"), ("publish", "Publish")):
            reached = sum(request["endpoint"] == endpoint for request in requests)
            told = sum(event["what"] == what for event in events)
            if reached > told:
                problems.append(f"{reached} {endpoint} requests, {told} in the timeline\n{shop.story(post_id)}")
        if any(event["outcome"] is None for event in shop.timeline(post_id)):
            problems.append(f"a call in the timeline has no end\n{shop.story(post_id)}")
    assert not problems, "\n".join(problems[:10])


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, database_url: str) -> Any:
    """A house without a worker: posts are accepted and read here, workers are other processes."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path / "data", database_url), worker=False) as shop:
        yield shop


def test_killed_at_every_stage_boundary(desk: Shop) -> None:
    """Each request of a text post, before its effect, after it, and after its answer: the worker dies there."""
    places = [(nth, moment) for nth in range(1, REQUESTS_OF_A_TEXT + 1) for moment in MOMENTS]
    chosen = random.Random(time.strftime("%Y-%m-%d")).sample(places, min(len(places), matrix_size(5, len(places))))
    kill_at(desk, chosen, parts=1)


@pytest.mark.long
def test_killed_at_every_stage_boundary_of_a_chain(desk: Shop) -> None:
    kill_at(desk, [(nth, moment) for nth in range(1, 2 * REQUESTS_OF_A_TEXT + 1) for moment in MOMENTS], parts=2)


def kill_at(desk: Shop, places: Sequence[tuple[int, Moment]], *, parts: int) -> None:
    hangman, posted = Hangman(desk.sandbox), []
    with workers() as started:
        for nth, moment in places:
            worker = Worker(desk.app.settings)
            started.append(worker)
            # Planned before the post exists: a worker that is quick must not have asked anything uncounted.
            owner = desk.owner()
            hangman.plan(nth, moment, lambda pid=worker.pid: os.kill(pid, signal.SIGKILL), token=owner.token)
            posted.append(write(desk, parts, owner))
            assert hangman.done.wait(30), f"request {nth} never came\n{desk.story(posted[-1][1])}"
            worker.kill()
        started.append(Worker(desk.app.settings))
        desk.published([post_id for _, post_id, _ in posted], within_s=90)
    check(desk, posted)


def test_killed_at_random_moments(desk: Shop) -> None:
    kill_at_random(desk, matrix_size(5, 5), seed=int(time.time()))


@pytest.mark.long
def test_killed_a_hundred_times_at_random_moments(desk: Shop) -> None:
    """Once on each database: two hundred kills."""
    kill_at_random(desk, matrix_size(100, 100), seed=int(time.time()))


def kill_at_random(desk: Shop, kills: int, *, seed: int) -> None:
    print(f"seed {seed}")
    chance, hangman, posted = random.Random(seed), Hangman(desk.sandbox), []
    with workers() as started:
        for _ in range(kills):
            posted += [write(desk, chance.choice((1, 1, 2, 3))) for _ in range(chance.randint(1, 3))]
            worker = Worker(desk.app.settings)
            started.append(worker)

            def kill(pid: int = worker.pid) -> None:
                os.kill(pid, signal.SIGKILL)

            if chance.random() < 0.75:
                pause = chance.choice((0.0, 0.0, 0.003, 0.01, 0.03))
                hangman.plan(chance.randint(1, 25), chance.choice(MOMENTS), kill, pause_s=pause)
                hangman.done.wait(4)
            else:
                time.sleep(chance.uniform(0.0, 1.5))
            hangman.forget()
            worker.kill()
        started.append(Worker(desk.app.settings))
        desk.published([post_id for _, post_id, _ in posted], within_s=120)
    check(desk, posted)
