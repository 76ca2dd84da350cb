"""Killing workers with SIGKILL: at each request to Threads, at chosen places of the product, at random moments."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from tests.support.proof import Tally
from tests.treadle.engine.faults import in_vain, read_log
from tests.treadle.engine.interrupter import MOMENTS, Interrupter, Moment
from tests.treadle.engine.shop import PATIENCE_S, Owner, Shop
from tests.treadle.engine.traps import COMMIT, Trap
from tests.treadle.engine.worker import Worker, workers
from treadle.domain.states import FINAL
from treadle.store.tables import events, posts

Posted = tuple[Owner, str, list[str]]
# What one text post asks of Threads: create, status, list, publish, read.
REQUESTS_OF_A_TEXT = 5
CLOCKS_S = 0.1  # between one process noting a time and another doing what follows


def write(shop: Shop, parts: int = 1, owner: Owner | None = None) -> Posted:
    owner = owner or shop.owner()
    texts = [f"{owner.username} {number}" for number in range(parts)]
    replies = [{"text": text} for text in texts[1:]]
    return owner, shop.post(owner, text=texts[0], **({"replies": replies} if replies else {})), texts


def check(
    shop: Shop,
    posted: Sequence[Posted],
    tally: Tally | None = None,
    *,
    stopped: Sequence[tuple[Mapping[str, float], float]] = (),
) -> None:
    """Everything is out once, in order, and the timeline tells of every request that reached Threads.

    ``stopped``: of each worker that was put to sleep, when its guard let which container be published, and when it was
    stopped (epoch seconds). One that was stopped between its guard and the wire sends when it wakes, whatever has
    happened meanwhile: nobody can prevent that, and what a container that is out answers to it makes no second post.
    """
    problems = []
    for owner, post_id, texts in posted:
        live = [post["text"] for post in shop.live(owner)]
        if live != texts:
            problems.append(f"on Threads are {live}, not {texts}\n{shop.story(post_id)}")
        requests = shop.requests(owner)
        sent = {str(r["params"].get("creation_id")) for r in requests if r["endpoint"] == "publish"}
        late = {container for container in sent if _was_on_its_way(container, requests, stopped)}
        wrong = [why for why in in_vain(requests) if why.partition(" ")[0] not in late]
        problems += [f"{why}\n{shop.story(post_id)}" for why in wrong]
        if tally is not None and late:
            tally.add("stopped_on_the_wire", len(late))
        timeline = shop.timeline(post_id)
        told_of = [event for event in timeline if event["request"] or event["outcome"] == "interrupted"]
        for endpoint, what in (("create", "Create the container"), ("publish", "Publish")):
            reached = sum(request["endpoint"] == endpoint for request in requests)
            told = sum(event["what"].startswith(what) for event in told_of)
            if reached > told and "carousel" not in texts[0]:
                problems.append(f"{reached} {endpoint} requests, {told} in the timeline\n{shop.story(post_id)}")
        if any(event["outcome"] is None for event in timeline):
            problems.append(f"a call in the timeline has no end\n{shop.story(post_id)}")
    if tally is not None:
        tally.add("posts", len(posted))
        tally.add("requests", sum(len(shop.requests(owner)) for owner, _, _ in posted))
        tally.add("calls_cut_off", cut_off(shop))
    assert not problems, "\n".join(problems[:10])


def _was_on_its_way(
    container: str, requests: Sequence[dict[str, Any]], stopped: Sequence[tuple[Mapping[str, float], float]]
) -> bool:
    """Whether a worker's guard had let it be published, and the request had not arrived when the worker was stopped."""
    arrived = [call.at for call in read_log(list(requests)) if call.params.get("creation_id") == container]
    return any(
        (let := guards.get(container)) is not None
        and let < at
        and not any(let - CLOCKS_S <= one <= at + CLOCKS_S for one in arrived)
        for guards, at in stopped
    )


def cut_off(shop: Shop) -> int:
    """How many calls a kill left without an answer, so far as the next worker noted."""
    with shop.app.db.read() as conn:
        query = sa.select(sa.func.count()).select_from(events).where(events.c.outcome == "interrupted")
        return int(conn.execute(query).scalar_one())


def under_way(shop: Shop) -> int:
    """How many posts are not finished."""
    with shop.app.db.read() as conn:
        query = sa.select(sa.func.count()).select_from(posts).where(posts.c.state.not_in(FINAL))
        return int(conn.execute(query).scalar_one())


def kill(worker: Worker, shop: Shop, tally: Tally) -> None:
    """Kill -9, now at the latest; counts if it was alive until a kill, and had something to do."""
    worker.kill()
    assert worker.process.exitcode == -signal.SIGKILL, f"it ended by itself: {worker.process.exitcode}"
    tally.add("kills" if under_way(shop) else "kills_of_idle_workers")


def finish(shop: Shop, posted: Sequence[Posted], started: list[Worker], within_s: float = PATIENCE_S) -> None:
    """A last worker brings everything to its end."""
    started.append(Worker(shop.app.settings))
    shop.published([post_id for _, post_id, _ in posted], within_s=within_s)


Writer = Callable[[Shop, Owner], Posted]


def texts(parts: int) -> Writer:
    return lambda shop, owner: write(shop, parts, owner)


def kill_at(workerless: Shop, places: Sequence[tuple[int, Moment]], make: Writer, tally: Tally) -> None:
    """A worker dies at each of these requests of a post of its own."""
    interrupter, posted = Interrupter(workerless.sandbox), []
    with workers() as started:
        for nth, moment in places:
            worker = Worker(workerless.app.settings)
            started.append(worker)
            # Planned before the post exists: a worker that is quick must not have asked anything uncounted.
            owner = workerless.owner()
            interrupter.plan(nth, moment, partial(os.kill, worker.pid, signal.SIGKILL), token=owner.token)
            posted.append(make(workerless, owner))
            assert interrupter.done.wait(PATIENCE_S), f"request {nth} never came\n{workerless.story(posted[-1][1])}"
            worker.kill()
            assert worker.process.exitcode == -signal.SIGKILL
            tally.add("kills")
        finish(workerless, posted, started)
    check(workerless, posted, tally)
    tally.expect(kills=len(places), posts=len(places))


def kill_in_traps(workerless: Shop, traps: Sequence[Trap], tally: Tally, make: Callable[[], Sequence[Posted]]) -> None:
    """A worker dies at each of these places, with new posts each time; the next one finds what it left."""
    posted: list[Posted] = []
    with workers() as started:
        for trap in traps:
            posted += make()
            worker = Worker(workerless.app.settings, trap)
            started.append(worker)
            assert worker.trapped(), f"never came to the place: {trap}"
            tally.add("kills")
        finish(workerless, posted, started)
    check(workerless, posted, tally)
    tally.expect(kills=len(traps), posts=1)


def kill_at_random(workerless: Shop, kills: int, tally: Tally) -> None:
    """At requests, at commits and by the clock; a kill counts when posts were under way."""
    chance, interrupter, posted = tally.chance, Interrupter(workerless.sandbox), []
    with workers() as started:
        while tally["kills"] < kills:
            posted += [write(workerless, chance.choice((1, 1, 2, 3))) for _ in range(chance.randint(1, 3))]
            way = chance.random()
            worker = Worker(workerless.app.settings, _some_commit(chance) if way < 0.3 else None)
            started.append(worker)
            if way < 0.3:
                worker.trapped(chance.uniform(0.5, 2.0))
            elif way < 0.8:
                pause = chance.choice((0.0, 0.0, 0.003, 0.01, 0.03))

                def deed(pid: int = worker.pid) -> None:
                    os.kill(pid, signal.SIGKILL)

                interrupter.plan(chance.randint(1, 20), chance.choice(MOMENTS), deed, pause_s=pause)
                interrupter.done.wait(chance.uniform(0.5, 2.0))
                interrupter.forget()
            else:
                worker.process.join(chance.uniform(0.0, 1.2))
            kill(worker, workerless, tally)
        finish(workerless, posted, started)
    check(workerless, posted, tally)
    tally.expect(kills=kills, posts=kills, calls_cut_off=kills // 5)


def _some_commit(chance: random.Random) -> Trap:
    return Trap(COMMIT, chance.randint(1, 60), chance.choice(("before", "after")))


def places_of(requests: int) -> list[tuple[int, Moment]]:
    """Each of so many requests: before its effect, after it, and after its answer."""
    return [(nth, moment) for nth in range(1, requests + 1) for moment in MOMENTS]


def some(choices: Sequence[Any], count: int, tally: Tally) -> list[Any]:
    return tally.chance.sample(list(choices), min(len(choices), count))
