"""Webhooks to others, against a receiver on this machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tests.support.folders import settings_in
from tests.support.postgres import Cluster
from tests.treadle.store.conformance.rows import workspace
from treadle.domain.refusal import Refusal
from treadle.notify import delivering, webhooks
from treadle.notify.delivering import DeliveryWorker, deliver_due, retry_after
from treadle.notify.webhooks import NewWebhook
from treadle.store import Database, deliveries, feed, migrate
from treadle.store.tables import changes, webhook_deliveries
from treadle.store.tables import webhooks as hooks
from treadle.vault import open_vault
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session

ONE = "wsp_one"


@dataclass
class Receiver:
    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.seen.append((dict(request.headers), await request.text()))
        return web.Response(status=self.status, headers=self.headers, text="thanks THAAsecrettoken0123456789abcdefgh")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/hook", one.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield one
    await runner.cleanup()


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def worker(db: Database, tmp_path: Any) -> AsyncIterator[DeliveryWorker]:
    async with guarded_session(Trust.OPERATOR) as session:
        yield DeliveryWorker(db, open_vault(settings_in(tmp_path)), session, now=Clock(), random01=lambda: 0.5)


def hook(worker: DeliveryWorker, url: str, types: tuple[str, ...] = (), workspace: str = ONE) -> NewWebhook:
    with worker.db.begin() as conn:
        made = webhooks.create(
            conn, worker.vault, workspace, url=url, types=types, actor="cli", now=worker.now(), allow_http=True
        )
    assert isinstance(made, NewWebhook), made
    return made


def happen(
    worker: DeliveryWorker, type_: str, subject: str = "pst_1", workspace: str | None = ONE, **payload: Any
) -> None:
    with worker.db.begin() as conn:
        feed.announce(conn, workspace, type_, subject, payload, now=worker.now())


def later(worker: DeliveryWorker, seconds: float) -> None:
    assert isinstance(worker.now, Clock)
    worker.now.now += seconds


def rows(worker: DeliveryWorker) -> list[Any]:
    with worker.db.read() as conn:
        return list(conn.execute(sa.select(webhook_deliveries).order_by(webhook_deliveries.c.id)).all())


async def test_a_delivery_can_be_verified(worker: DeliveryWorker, receiver: Receiver) -> None:
    made = hook(worker, receiver.url)
    happen(worker, "post.published", post_id="pst_1")
    assert await deliver_due(worker) == 1
    headers, body = receiver.seen[0]
    Webhook(made.secret).verify(body, headers)
    assert json.loads(body)["type"] == "post.published"
    assert json.loads(body)["data"]["post_id"] == "pst_1"
    assert rows(worker)[0].state == "delivered"
    assert "THAA" not in str(rows(worker)[0].history)
    assert await deliver_due(worker) == 0


async def test_only_what_is_wanted_from_ones_own_workspace_and_from_now_on(
    worker: DeliveryWorker, receiver: Receiver
) -> None:
    happen(worker, "post.failed")
    hook(worker, receiver.url, ("post.failed", "platform.trouble_began"))
    happen(worker, "post.failed", "pst_mine")
    happen(worker, "post.published", "pst_unwanted")
    happen(worker, "post.failed", "pst_theirs", workspace="wsp_two")
    happen(worker, "blocker.opened", "blk_1", workspace=None, scope="platform")
    happen(worker, "blocker.opened", "blk_2", scope="account")
    await deliver_due(worker)
    assert sorted(json.loads(body)["type"] for _, body in receiver.seen) == ["platform.trouble_began", "post.failed"]


async def test_one_change_is_one_delivery_however_many_look(worker: DeliveryWorker, receiver: Receiver) -> None:
    hook(worker, receiver.url)
    for n in range(20):
        happen(worker, "post.published", f"pst_{n}")
    await asyncio.gather(*(deliver_due(worker) for _ in range(5)))
    ids = [headers["webhook-id"] for headers, _ in receiver.seen]
    assert len(ids) == len(set(ids)) == 20


async def test_a_change_that_commits_late_is_not_missed(worker: DeliveryWorker, receiver: Receiver) -> None:
    made = hook(worker, receiver.url)
    later(worker, 1.0)
    happen(worker, "post.published", "pst_early")
    with worker.db.begin() as conn:  # as Postgres does it: the higher id was seen first
        conn.execute(sa.update(hooks).where(hooks.c.id == made.id).values(cursor=hooks.c.cursor + 50))
    await deliver_due(worker)
    assert len(receiver.seen) == 1


async def test_what_nobody_wants_keeps_nothing_back(worker: DeliveryWorker, receiver: Receiver) -> None:
    """However much of it there is before what is wanted."""
    hook(worker, receiver.url, ("account.needs_reconnect",))
    later(worker, 1.0)
    for part in range(2):
        with worker.db.begin() as conn:
            for n in range(2 * webhooks.BATCH):
                feed.announce(conn, ONE, "post.published", f"pst_{part}_{n}", {}, now=worker.now())
        happen(worker, "account.needs_reconnect", f"acc_{part}")
        for _ in range(3):  # each takes a batch
            await deliver_due(worker)
        assert [json.loads(body)["subject"] for _, body in receiver.seen] == [f"acc_{n}" for n in range(part + 1)]


async def fan_out(worker: DeliveryWorker) -> int:
    return await worker.db.run(lambda conn: webhooks.fan_out(conn, now=worker.now()))


@pytest.mark.postgres
async def test_a_long_transaction_that_commits_last_is_delivered_whole(
    receiver: Receiver, postgres_cluster: Cluster, tmp_path: Any
) -> None:
    with postgres_cluster.database() as url:
        db = Database(url)
        migrate.upgrade(db)
        try:
            async with guarded_session(Trust.OPERATOR) as session:
                worker = DeliveryWorker(db, open_vault(settings_in(tmp_path)), session, now=Clock())
                with db.begin() as conn:
                    workspace(conn)
                hook(worker, receiver.url)
                later(worker, 1.0)
                with db.engine.connect() as slow, slow.begin():
                    slow.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                    feed.announce(slow, ONE, "post.failed", "pst_slow", {}, now=worker.now())
                    other = {"workspace_id": ONE, "type": "post.waiting", "payload": {}, "at": worker.now()}
                    with db.begin() as conn:
                        conn.execute(
                            changes.insert(), [{**other, "subject": f"pst_{n}"} for n in range(3 * webhooks.BATCH)]
                        )
                    newest = await db.query(feed.newest)
                    for _ in range(4):
                        assert await fan_out(worker) == 0
                    with db.read() as conn:
                        assert conn.execute(sa.select(hooks.c.cursor)).scalar() == newest
                assert [await fan_out(worker) for _ in range(2)] == [1, 0]
        finally:
            db.close()


async def test_failures_are_retried_with_growing_gaps_and_the_same_id(
    worker: DeliveryWorker, receiver: Receiver
) -> None:
    hook(worker, receiver.url)
    happen(worker, "post.published")
    receiver.status = 500
    gaps = []
    for _ in range(5):
        await deliver_due(worker)
        gap = rows(worker)[0].next_at - worker.now()
        gaps.append(round(gap))
        assert await deliver_due(worker) == 0
        later(worker, gap)
    assert gaps == [5, 30, 120, 600, 1800]
    receiver.status = 200
    await deliver_due(worker)
    assert len({headers["webhook-id"] for headers, _ in receiver.seen}) == 1
    assert len({headers["webhook-signature"] for headers, _ in receiver.seen}) > 1
    row = rows(worker)[0]
    assert (row.state, row.attempts) == ("delivered", 6)
    assert [entry["status"] for entry in row.history] == [500] * 5 + [200]


async def test_after_two_days_it_is_given_up_and_the_endpoint_paused_and_said_so(
    worker: DeliveryWorker, receiver: Receiver
) -> None:
    made = hook(worker, receiver.url)
    other = hook(worker, receiver.url.replace("/hook", "/hook?other"), ("webhook.paused",))
    happen(worker, "post.published")
    receiver.status = 503
    began = worker.now()
    while rows(worker) == [] or rows(worker)[0].state == "due":
        await deliver_due(worker)
        later(worker, max(0.0, (rows(worker)[0].next_at or 0) - worker.now()) + 1)
    assert 47 * 3600 < rows(worker)[0].history[-1]["at"] - began < 50 * 3600
    assert rows(worker)[0].attempts >= 10
    with worker.db.read() as conn:
        states = {row.id: row.state for row in conn.execute(sa.select(hooks.c.id, hooks.c.state))}
    assert states == {made.id: "failing", other.id: "active"}
    receiver.status = 200
    tried = len(receiver.seen)
    happen(worker, "post.failed", "pst_2")
    await deliver_due(worker)
    assert [json.loads(body)["type"] for _, body in receiver.seen[tried:]] == ["webhook.paused"]
    with worker.db.begin() as conn:
        webhooks.change(conn, ONE, made.id, actor="cli", now=worker.now(), paused=False, allow_http=True)
    await deliver_due(worker)
    assert json.loads(receiver.seen[-1][1])["type"] == "post.failed"


async def test_gone_pauses_at_once(worker: DeliveryWorker, receiver: Receiver) -> None:
    made = hook(worker, receiver.url)
    happen(worker, "post.published")
    receiver.status = 410
    await deliver_due(worker)
    with worker.db.read() as conn:
        assert conn.execute(sa.select(hooks.c.state).where(hooks.c.id == made.id)).scalar() == "failing"


async def test_a_redirect_is_not_followed(worker: DeliveryWorker, receiver: Receiver) -> None:
    hook(worker, receiver.url)
    happen(worker, "post.published")
    receiver.status, receiver.headers = 307, {"Location": receiver.url}
    await deliver_due(worker)
    assert len(receiver.seen) == 1
    assert "Redirects" in rows(worker)[0].history[0]["error"]


async def test_retry_after_is_kept_to(worker: DeliveryWorker, receiver: Receiver) -> None:
    hook(worker, receiver.url)
    happen(worker, "post.published")
    receiver.status, receiver.headers = 429, {"Retry-After": "900"}
    await deliver_due(worker)
    assert round(rows(worker)[0].next_at - worker.now()) == 900


async def test_addresses_of_this_machine_are_not_asked(worker: DeliveryWorker, receiver: Receiver) -> None:
    hook(worker, receiver.url)
    happen(worker, "post.published")
    async with guarded_session() as session:
        worker.session = session
        await deliver_due(worker)
    assert receiver.seen == []
    assert "not a public address" in rows(worker)[0].history[0]["error"]


async def test_a_receiver_that_is_not_there(worker: DeliveryWorker) -> None:
    hook(worker, "http://127.0.0.1:1/hook")
    happen(worker, "post.published")
    await deliver_due(worker)
    row = rows(worker)[0]
    assert (row.state, row.history[0]["status"]) == ("due", None)


async def test_redelivery_by_hand(worker: DeliveryWorker, receiver: Receiver) -> None:
    made = hook(worker, receiver.url)
    happen(worker, "post.published")
    await deliver_due(worker)
    row = rows(worker)[0]
    with worker.db.begin() as conn:
        assert not webhooks.redeliver(conn, "wsp_two", made.id, row.id, actor="cli", now=worker.now())
        assert webhooks.redeliver(conn, ONE, made.id, row.id, actor="cli", now=worker.now())
    await deliver_due(worker)
    assert [headers["webhook-id"] for headers, _ in receiver.seen] == [row.id, row.id]


async def test_a_rotated_secret_signs_beside_the_old_one(worker: DeliveryWorker, receiver: Receiver) -> None:
    made = hook(worker, receiver.url)
    with worker.db.begin() as conn:
        fresh = webhooks.rotate(conn, worker.vault, ONE, made.id, actor="cli", now=worker.now())
        assert isinstance(fresh, NewWebhook)
        assert isinstance(webhooks.ping(conn, ONE, made.id, now=worker.now()), str)
    await deliver_due(worker)
    headers, body = receiver.seen[0]
    for secret in (made.secret, fresh.secret):
        Webhook(secret).verify(body, headers)
    assert json.loads(body)["type"] == "webhook.ping"


async def test_a_dead_workers_lease_on_a_delivery_ends(worker: DeliveryWorker, receiver: Receiver) -> None:
    hook(worker, receiver.url)
    happen(worker, "post.published")
    with worker.db.begin() as conn:
        webhooks.fan_out(conn, now=worker.now())
    with worker.db.begin() as conn:
        now = worker.now()
        assert deliveries.lease(conn, rows(worker)[0].id, now=now, until=now + delivering.LEASE_S) is not None
    assert await deliver_due(worker) == 0
    later(worker, delivering.LEASE_S + 1)
    assert await deliver_due(worker) == 1


@pytest.mark.parametrize(
    ("url", "types", "field_name"),
    [
        ("http://example.com/", (), "url"),
        ("ftp://example.com/", (), "url"),
        ("https://", (), "url"),
        ("not an address", (), "url"),
        ("https://[::1", (), "url"),
        ("https://user:pass@example.com/", (), "url"),
        ("https://example.com/" + "x" * 3000, (), "url"),
        ("https://example.com/\n", (), "url"),
        ("https://example.com/", ("post.exploded",), "types"),
    ],
)
async def test_what_cannot_be_an_endpoint(
    worker: DeliveryWorker, url: str, types: tuple[str, ...], field_name: str
) -> None:
    with worker.db.begin() as conn:
        refused = webhooks.create(conn, worker.vault, ONE, url=url, types=types, actor="cli", now=1.0)
    assert isinstance(refused, Refusal)
    assert refused.field == field_name


async def test_a_workspace_has_twenty_at_most(worker: DeliveryWorker) -> None:
    for n in range(webhooks.MOST_PER_WORKSPACE):
        hook(worker, f"http://127.0.0.1:1/{n}")
    with worker.db.begin() as conn:
        refused = webhooks.create(conn, worker.vault, ONE, url="https://a.example/", actor="cli", now=1.0)
    assert isinstance(refused, Refusal)
    assert refused.status == 409


async def test_other_workspaces_webhooks_are_not_there(worker: DeliveryWorker, receiver: Receiver) -> None:
    made = hook(worker, receiver.url)
    with worker.db.begin() as conn:
        assert webhooks.find(conn, "wsp_two", made.id) is None
        for answer in (
            webhooks.change(conn, "wsp_two", made.id, actor="x", now=1.0, paused=True),
            webhooks.rotate(conn, worker.vault, "wsp_two", made.id, actor="x", now=1.0),
            webhooks.ping(conn, "wsp_two", made.id, now=1.0),
        ):
            assert isinstance(answer, Refusal)
            assert answer.status == 404
        assert not webhooks.remove(conn, "wsp_two", made.id, actor="x", now=1.0)
        assert webhooks.deliveries(conn, "wsp_two", made.id) == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("soon", None),
        ("nan", None),
        ("120", 120.0),
        ("-5", 0.0),
        ("1e300", 86_400.0),
        ("Sun, 22 Nov 2026 17:00:10 GMT", 10.0),
        ("Sun, 22 Nov 2026 16:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=1795366800.0) == seconds


@given(st.one_of(st.floats(), st.integers()).map(str))
def test_retry_after_is_never_negative_nor_endless(text: str) -> None:
    assert (found := retry_after(text, now=0.0)) is None or 0 <= found <= 86_400
