"""Workers that stop, wake, end and vanish while others go on."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.postgres import Cluster
from tests.support.proof import Tally
from tests.treadle.engine.conftest import matrix_size
from tests.treadle.engine.faults import in_vain
from tests.treadle.engine.interrupter import MOMENTS, Interrupter, Moment
from tests.treadle.engine.killing import Posted, check, finish, some, write
from tests.treadle.engine.shop import PATIENCE_S, SCALE, Shop, open_shop, shop_settings
from tests.treadle.engine.worker import Worker, kill_first, workers
from treadle.app import DEFAULT_WORKSPACE
from treadle.domain.answers import Conflict, Done
from treadle.engine.lease import LEASE_S
from treadle.store.tables import workers as worker_rows
from treadle_sandbox.server import Sandbox

LEASE = max(2.0, LEASE_S * SCALE)
REQUESTS = {"create": 1, "status": 2, "list": 3, "publish": 4}


@pytest.fixture
def shared(sandbox: Sandbox, tmp_path: Path, postgres_cluster: Cluster, tally: Tally) -> Iterator[Shop]:
    """An installation on PostgreSQL that several workers share."""
    tally.database = "PostgreSQL"
    with (
        postgres_cluster.database() as url,
        open_shop(sandbox, shop_settings(sandbox, tmp_path, url), worker=False) as opened,
    ):
        yield opened


@pytest.fixture
def alone(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    """An installation on SQLite without a worker yet."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path), worker=False) as opened:
        yield opened


@pytest.mark.postgres
def test_a_worker_stopped_past_its_lease_wakes_and_sends_nothing_twice(shared: Shop, tally: Tally) -> None:
    """Stopped at each request, before and after its effect, another worker goes on; then the first one wakes."""
    places = [(name, moment) for name in REQUESTS for moment in MOMENTS]
    stop_and_wake(shared, [("publish", "before"), *some(places, matrix_size(2, len(places)), tally)], tally)


@pytest.mark.long
@pytest.mark.postgres
def test_a_worker_stopped_at_any_request_sends_nothing_twice(shared: Shop, tally: Tally) -> None:
    stop_and_wake(shared, [(name, moment) for name in REQUESTS for moment in MOMENTS], tally)


@pytest.mark.postgres
def test_a_worker_stopped_between_its_guard_and_the_wire_makes_no_second_post(shared: Shop) -> None:
    """It sends when it wakes, which nobody can prevent. The container is out by then, and Threads makes nothing new."""
    owner = shared.owner()
    with workers() as started:
        sleeper = Worker(shared.app.settings, sleeps=True)
        started.append(sleeper)
        posted = [write(shared, owner=owner)]
        _wait_until(lambda: sleeper.asleep)
        stopped_at = time.time()
        started.append(Worker(shared.app.settings))
        shared.published([posted[0][1]])
        sleeper.signal(signal.SIGCONT)
        _wait_until(lambda: sum(r["endpoint"] == "publish" for r in shared.requests(owner)) == 2)
    assert any("published again after a success" in why for why in in_vain(shared.requests(owner)))
    check(shared, posted, stopped=[(sleeper.let_publish(), stopped_at)])


def _wait_until(condition: Callable[[], bool]) -> None:
    latest = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < latest
        time.sleep(0.01)


def stop_and_wake(shop: Shop, places: list[tuple[str, Moment]], tally: Tally) -> None:
    interrupter, posted = Interrupter(shop.sandbox), []
    with workers() as started:
        for name, moment in places:
            sleeper = Worker(shop.app.settings)
            started.append(sleeper)
            owner = shop.owner()
            interrupter.plan(REQUESTS[name], moment, _stop(sleeper), token=owner.token)
            posted.append(write(shop, owner=owner))
            post_id = posted[-1][1]
            assert interrupter.done.wait(PATIENCE_S), shop.story(post_id)
            other = Worker(shop.app.settings)
            started.append(other)
            shop.published([post_id])
            sleeper.signal(signal.SIGCONT)
            # Awake again, it works on: the next post may be anybody's.
            posted += [write(shop) for _ in range(3)]
            shop.published([p for _, p, _ in posted])
            assert sleeper.alive
            tally.add("stops")
            sleeper.kill()
            other.kill()
    check(shop, posted, tally)
    tally.expect(stops=len(places), posts=4 * len(places))


def _stop(worker: Worker) -> Callable[[], None]:
    return lambda: worker.signal(signal.SIGSTOP)


def test_a_lone_worker_stopped_past_its_lease_goes_on(alone: Shop) -> None:
    interrupter, posted = Interrupter(alone.sandbox), []
    with workers() as started:
        worker = Worker(alone.app.settings)
        started.append(worker)
        moments: list[tuple[str, Moment]] = [("list", "answered"), ("publish", "before"), ("publish", "after")]
        for name, moment in moments:
            owner = alone.owner()
            interrupter.plan(REQUESTS[name], moment, _stop(worker), token=owner.token)
            posted.append(write(alone, owner=owner))
            post_id = posted[-1][1]
            assert interrupter.done.wait(PATIENCE_S), alone.story(post_id)
            time.sleep(LEASE + 0.5)
            worker.signal(signal.SIGCONT)
            alone.published([post_id])
    check(alone, posted)


@pytest.mark.postgres
def test_of_several_workers_some_are_killed(shared: Shop, tally: Tally) -> None:
    kill_some(shared, matrix_size(4, 10), tally)


@pytest.mark.long
@pytest.mark.postgres
def test_of_several_workers_many_are_killed(shared: Shop, tally: Tally) -> None:
    kill_some(shared, matrix_size(50, 200), tally)


def kill_some(shop: Shop, losses: int, tally: Tally) -> None:
    """Three workers share the posts; again and again one is killed or put to sleep, and a new one comes."""
    chance, posted, asleep = tally.chance, list[Posted](), list[Worker]()
    stopped: list[tuple[Worker, float]] = []
    with workers() as started:
        team = [Worker(shop.app.settings) for _ in range(3)]
        started += team
        for _ in range(losses):
            posted += [write(shop, chance.choice((1, 2))) for _ in range(6)]
            time.sleep(chance.uniform(0.02, 0.8))
            victim = team.pop(chance.randrange(len(team)))
            if chance.random() < 0.3:
                stopped.append((victim, time.time()))
                victim.signal(signal.SIGSTOP)
                tally.add("stops")
                asleep.append(victim)
            else:
                victim.kill()
                assert victim.process.exitcode == -signal.SIGKILL
                tally.add("kills")
            if asleep and chance.random() < 0.5:
                asleep.pop(0).signal(signal.SIGCONT)
            team.append(Worker(shop.app.settings))
            started.append(team[-1])
        for sleeper in asleep:
            sleeper.signal(signal.SIGCONT)
        shop.published([post_id for _, post_id, _ in posted])
    check(shop, posted, tally, stopped=[(worker.let_publish(), at) for worker, at in stopped])
    assert tally["kills"] + tally["stops"] == losses
    tally.expect(kills=1, posts=6 * losses)


PRESSED = 50


@pytest.mark.postgres
def test_fifty_times_people_press_publish_now_while_the_schedule_fires(shared: Shop, tally: Tally) -> None:
    """Two workers, and around the moment that a post is due, three people ask at once: now, again, approved."""
    chance, verbs = tally.chance, ("edit", "retry", "confirm")
    owners = [shared.owner() for _ in range(PRESSED)]
    due = datetime.fromtimestamp(int(time.time()) + 4, UTC)
    posts = {shared.post(owner, text="a", publish_at=due.isoformat()): owner for owner in owners}
    asks = [(due.timestamp() + chance.uniform(-0.3, 2.0), post_id, verb) for post_id in posts for verb in verbs]

    def press(at: float, post_id: str, verb: str) -> Any:
        more: list[dict[str, Any]] = [{"publish_at": None}] if verb == "edit" else []
        time.sleep(max(0.0, at - time.time()))
        return shared.app.db.write(
            lambda conn: getattr(shared.app.posts, verb)(
                conn, DEFAULT_WORKSPACE, post_id, *more, now=time.time(), actor="test"
            )
        )

    with workers() as started, ThreadPoolExecutor(6) as people:
        started += [Worker(shared.app.settings) for _ in range(2)]
        answers = list(people.map(lambda ask: press(*ask), sorted(asks)))
        shared.published(list(posts))
    assert all(isinstance(answer, Done | Conflict) for answer in answers)
    for post_id, owner in posts.items():
        assert [post["text"] for post in shared.live(owner)] == ["a"], shared.story(post_id)
        assert in_vain(shared.requests(owner)) == [], shared.story(post_id)
    tally.add("posts", len(posts))
    tally.add("presses", len(answers))
    tally.add("accepted", sum(isinstance(answer, Done) for answer in answers))
    tally.expect(posts=PRESSED, presses=3 * PRESSED, accepted=1)


@pytest.mark.postgres
def test_a_worker_stopped_in_the_middle_of_a_transaction_does_not_stop_the_others(shared: Shop) -> None:
    """Its row stays locked; a dead worker's posts are taken over all the same."""
    interrupter, posted = Interrupter(shared.sandbox), [write(shared)]
    with workers() as started:
        interrupter.plan(1, "before", kill_first(started), token=posted[0][0].token)
        started.append(Worker(shared.app.settings))
        assert interrupter.done.wait(PATIENCE_S)
        sleeper = Worker(shared.app.settings)
        started.append(sleeper)
        with shared.app.db.engine.connect() as conn:
            # As if the sleeper had been stopped while it renewed its lease.
            conn.execute(sa.text("SELECT id FROM workers WHERE id = :id FOR UPDATE"), {"id": sleeper.id})
            sleeper.kill()
            started.append(Worker(shared.app.settings))
            shared.published([post_id for _, post_id, _ in posted])
            conn.rollback()
    check(shared, posted)


def test_a_clean_stop_finishes_or_hands_over_within_its_time(alone: Shop) -> None:
    posted = [write(alone, 2) for _ in range(8)]
    with workers() as started:
        for _ in range(3):
            started.append(Worker(alone.app.settings))
            posted += [write(alone, 2) for _ in range(4)]
            time.sleep(0.7)
            began = time.monotonic()
            assert started[-1].stop() == 0
            assert time.monotonic() - began < 20
        started.append(Worker(alone.app.settings))
        alone.published([post_id for _, post_id, _ in posted])
    check(alone, posted)
    # Nothing was cut off in the middle: no call of any post was left without its answer.
    ends = [event["outcome"] for _, post_id, _ in posted for event in alone.timeline(post_id)]
    assert "interrupted" not in ends


def test_what_a_takeover_left_behind_is_found_by_the_next_one(workerless: Shop, tally: Tally) -> None:
    """A takeover that is refused half-way (a full disk) must not be the last word on a dead worker's posts."""
    interrupter, posted = Interrupter(workerless.sandbox), [write(workerless)]
    with workers() as started:
        interrupter.plan(1, "before", kill_first(started), token=posted[0][0].token)
        started.append(Worker(workerless.app.settings))
        assert interrupter.done.wait(PATIENCE_S)
        started[0].kill()
        with workerless.app.db.begin() as conn:
            conn.execute(sa.update(worker_rows).values(state="gone", expires_at=0.0))
        finish(workerless, posted, started)
    check(workerless, posted, tally)
