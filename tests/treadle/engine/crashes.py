"""The whole crash matrix, once for each database: ``test_crashes_on_sqlite.py``, ``test_crashes_on_postgres.py``.

Two files, so that two test processes share the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from tests.support.proof import Tally
from tests.treadle.engine.conftest import matrix_size
from tests.treadle.engine.faults import in_vain
from tests.treadle.engine.host import Host, hosting
from tests.treadle.engine.interrupter import Interrupter
from tests.treadle.engine.killing import (
    REQUESTS_OF_A_TEXT,
    Posted,
    finish,
    kill_at,
    kill_at_random,
    kill_in_traps,
    places_of,
    texts,
    write,
)
from tests.treadle.engine.shop import PATIENCE_S, Owner, Shop, open_shop, shop_settings
from tests.treadle.engine.traps import COMMIT, Trap, several
from tests.treadle.engine.worker import Worker, kill_first, workers
from treadle.media.hosting import DiskStore
from treadle_sandbox.server import Sandbox

RANDOM_KILLS, QUARTERS = 200, 4
CAROUSEL_REQUESTS = 7  # two children and their states, the carousel and its state, the list, the publish: at least
COMMITS = range(1, 121, 4)  # of a process: its start, its lease, taking and ending runs, the steps of posts

RECOVERY = [
    Trap("treadle.engine.lease:Lease.take", 1, "before"),
    Trap("treadle.engine.lease:Lease.take", 1, "after"),
    Trap("treadle.engine.engine:Engine._launch", 1, "before"),
    Trap("treadle.engine.engine:Engine._launch", 1, "after"),
    Trap("treadle.engine.lease:bury", 1, "after"),
    Trap("treadle.engine.dbos_queue:_take_over", 1, "before"),
    Trap("treadle.engine.dbos_queue:_take_over", 1, "after"),
    Trap("dbos._sys_db:SystemDatabase.reenqueue_for_recovery", 1, "before"),
    Trap("dbos._sys_db:SystemDatabase.reenqueue_for_recovery", 1, "after"),
    Trap("dbos._sys_db:SystemDatabase.reenqueue_for_recovery", 2, "after"),
    Trap("treadle.engine.lease:gone", 1, "before"),
    Trap("treadle.engine.lease:gone", 1, "after"),
    Trap("treadle.store.runs:claim", 1, "after"),
    Trap("treadle.engine.checking:check", 1, "before"),
]
RECOVERY_ALONE = [Trap("treadle.engine.lease:end_all", 1, when) for when in ("before", "after")]
GATHERED = [  # what those that share a commit append is written between their own changes and the commit
    *(Trap("treadle.store.timeline:_insert", nth, "before") for nth in (1, 3)),
    *(Trap("treadle.store.timeline:_insert", nth, "after") for nth in (1, 2)),
]
SHARED = [
    *(Trap("treadle.store.writers:SharingWriters._commit", nth, "before", several) for nth in (1, 3)),
    *(Trap("treadle.store.writers:SharingWriters._commit", nth, "after", several) for nth in (1, 2, 4)),
    *GATHERED,
]
GROUPS = [
    *(Trap("treadle.store.writers:GroupWriter._commit", nth, "before", several) for nth in (1, 3)),
    *(Trap("treadle.store.writers:GroupWriter._commit", nth, "after", several) for nth in (1, 2, 4)),
    *GATHERED,
]
MEDIA = [
    Trap("treadle.media.service:MediaService.prepare", 1, "before"),
    Trap("treadle.media.jobs:MediaRunner._follow", 1, "before"),  # a child is at work
    Trap("treadle.media.jobs:MediaRunner._follow", 1, "after"),
    Trap("treadle.media.hosting:DiskStore.put", 1, "before"),
    Trap("treadle.media.hosting:DiskStore.put", 1, "after"),
    Trap("treadle.engine.preparing:_ready", 1, "after"),
    Trap("treadle.engine.preparing:prepare", 1, "after"),
]
RELEASE = [
    Trap("treadle.store.release:Releaser.repaired", 1, "before"),
    Trap("treadle.store.release:Releaser.enqueue_again", 1, "before"),
    Trap("treadle.store.release:Releaser.enqueue_again", 3, "after"),
    Trap("treadle.store.release:Releaser.repaired", 1, "after"),  # not committed yet
    Trap("treadle.engine.rechecking:_let_go", 1, "after"),
]
PROBED = [
    Trap("treadle.engine.rechecking:_probe_post", 1, "after"),
    Trap("treadle.engine.rechecking:close_probed", 1, "before"),
    Trap("treadle.store.release:Releaser.let_go", 1, "after"),
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosting(tmp_path_factory.mktemp("host")) as opened:
        yield opened


@pytest.fixture
def gallery(sandbox: Sandbox, tmp_path: Path, migrated_url: str, host: Host) -> Iterator[Shop]:
    """An installation without a worker whose own files the media host serves."""
    settings = shop_settings(sandbox, tmp_path, migrated_url, public_url=host.url)
    host.kept, host.down = DiskStore(settings.data_dir / "media", host.url), False
    with open_shop(sandbox, settings, worker=False) as opened:
        yield opened


@pytest.mark.long
class Crashes:
    """The proofs; a subclass brings the database."""

    def test_killed_at_every_stage_boundary_of_a_text(self, workerless: Shop, tally: Tally) -> None:
        kill_at(workerless, places_of(REQUESTS_OF_A_TEXT), texts(1), tally)

    def test_killed_at_every_stage_boundary_of_a_chain(self, workerless: Shop, tally: Tally) -> None:
        kill_at(workerless, places_of(2 * REQUESTS_OF_A_TEXT - 1), texts(2), tally)

    def test_killed_at_every_stage_boundary_of_a_carousel(self, gallery: Shop, host: Host, tally: Tally) -> None:
        def carousel(shop: Shop, owner: Owner) -> Posted:
            text = f"{owner.username} carousel"
            media = [{"url": f"{host.url}/{n}.jpg"} for n in (1, 2)]
            return owner, shop.post(owner, text=text, media=media), [text]

        kill_at(gallery, places_of(CAROUSEL_REQUESTS), carousel, tally)

    @pytest.mark.parametrize("quarter", range(1, QUARTERS + 1))
    def test_killed_at_random_moments(self, workerless: Shop, tally: Tally, quarter: int) -> None:
        """In four installations one after the other: two hundred kills."""
        kill_at_random(workerless, matrix_size(RANDOM_KILLS, 2 * RANDOM_KILLS) // QUARTERS, tally)

    def test_killed_at_commits(self, workerless: Shop, tally: Tally) -> None:
        traps = [Trap(COMMIT, nth, when) for nth in COMMITS for when in ("before", "after")]
        kill_in_traps(workerless, traps, tally, lambda: [write(workerless, 2)])
        tally.expect(calls_cut_off=5)

    def test_killed_while_it_takes_over_what_a_killed_one_left(self, workerless: Shop, tally: Tally) -> None:
        """A worker dies with posts in its hands; the next one dies in the middle of taking them up; and so on."""
        traps = [*RECOVERY, *(RECOVERY_ALONE if workerless.app.db.is_sqlite else [])]
        interrupter = Interrupter(workerless.sandbox)

        def leave() -> Sequence[Posted]:
            posted = [write(workerless) for _ in range(6)]
            with workers() as started:
                # At a publish whose answer never leaves, so that there is one to look for.
                interrupter.plan(tally.chance.randint(1, 3), "after", kill_first(started), edge="threads_publish")
                started.append(Worker(workerless.app.settings))
                assert interrupter.done.wait(PATIENCE_S), workerless.story(posted[0][1])
            tally.add("kills")
            return posted

        kill_in_traps(workerless, traps, tally, leave)
        tally.expect(kills=2 * len(traps), calls_cut_off=len(traps))

    def test_killed_while_it_prepares_media(self, gallery: Shop, host: Host, tally: Tally) -> None:
        def film() -> Sequence[Posted]:
            owner = gallery.owner()
            text = f"{owner.username} film"
            return [(owner, gallery.post(owner, text=text, media=[{"url": f"{host.url}/wrong.mp4"}]), [text])]

        kill_in_traps(gallery, MEDIA, tally, film)
        left = [
            p.pid for p in psutil.process_iter(["cwd"]) if str(gallery.app.settings.data_dir) in (p.info["cwd"] or "")
        ]
        assert left == [], "children of killed workers still run"

    def test_killed_during_the_release_after_a_checkpoint(self, workerless: Shop, tally: Tally) -> None:
        owner = workerless.owner()
        workerless.control.account(owner.username, checkpoint=True)
        ids = [workerless.post(owner, text=f"{n}") for n in range(8)]
        with workers() as started:
            started.append(Worker(workerless.app.settings))
            workerless.until(ids, lambda post: post["state"] == "blocked" and bool(post["blocker_ids"]))
        workerless.control.account(owner.username, checkpoint=False)
        _released(workerless, RELEASE, tally, {owner: ids})

    def test_killed_during_the_release_after_a_host_is_back(self, gallery: Shop, host: Host, tally: Tally) -> None:
        """One post goes first, and takes the others with it."""
        host.down = True
        media = [{"url": f"{host.url}/1.jpg"}]
        posted = {owner: [gallery.post(owner, text="0", media=media)] for owner in [gallery.owner() for _ in range(8)]}
        ids = [post_id for mine in posted.values() for post_id in mine]
        with workers() as started:
            started.append(Worker(gallery.app.settings))
            gallery.until(ids, lambda post: post["state"] == "blocked" and bool(post["blocker_ids"]))
        with workers() as started:
            # A probe may be under way already: it finds the host down, until a worker has died at one of its own.
            _die_in(PROBED[0], started, gallery, tally, posted)
        host.down = False
        _released(gallery, PROBED[1:], tally, posted)


def _told(shop: Shop, posted: dict[Owner, list[str]]) -> str:
    return "\n".join(shop.story(post_id) for ids in posted.values() for post_id in ids)


def _die_in(trap: Trap, started: list[Worker], shop: Shop, tally: Tally, posted: dict[Owner, list[str]]) -> None:
    """One more worker, until it dies there."""
    started.append(Worker(shop.app.settings, trap))
    assert started[-1].trapped(PATIENCE_S), f"never came to the place: {trap}\n{_told(shop, posted)}"
    tally.add("kills")


def _released(shop: Shop, traps: Sequence[Trap], tally: Tally, posted: dict[Owner, list[str]]) -> None:
    """One worker after the other dies while it lets these posts go; the last brings each of them out once."""
    with workers() as started:
        for trap in traps:
            _die_in(trap, started, shop, tally, posted)
        finish(shop, [(owner, post_id, []) for owner, ids in posted.items() for post_id in ids], started)
    stories = _told(shop, posted)
    for owner, ids in posted.items():
        # Let go oldest first; on a busy machine one that is held up may be overtaken.
        assert sorted(post["text"] for post in shop.live(owner)) == [f"{n}" for n in range(len(ids))], stories
        assert in_vain(shop.requests(owner)) == [], stories
        tally.add("posts", len(ids))
        tally.add("requests", len(shop.requests(owner)))
    tally.expect(kills=len(traps), posts=8)
