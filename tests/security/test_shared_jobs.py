"""Every job that works for all tenants survives any tenant: junk in one's rows, and the other's work is done.

The jobs come from the registry: a new one without a case here fails.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.support.folders import settings_in
from treadle.app import App, open_app
from treadle.domain.refusal import Refusal
from treadle.engine.housekeeping import Job, run_jobs
from treadle.engine.system import SystemRuntime
from treadle.engine.worker_context import WorkerContext
from treadle.jobs import BackgroundJobs, jobs_of
from treadle.notify import alerts
from treadle.notify.alert_kinds import AlertTarget
from treadle.notify.webhooks import new_secret
from treadle.services import workspace_options
from treadle.settings import Settings
from treadle.store import Database, feed
from treadle.store.blockers import open_blocker
from treadle.store.isolation import apart, failures
from treadle.store.release import Releaser
from treadle.store.tables import (
    accounts,
    blockers,
    changes,
    insight_accounts,
    insights,
    media,
    parts,
    posts,
    sessions,
    users,
    webhook_deliveries,
    workspaces,
)
from treadle.store.tables import alerts as alert_rows
from treadle.store.tables import jobs as job_rows
from treadle.store.tables import webhooks as hooks
from treadle_diagnosis import from_pattern
from treadle_sandbox import Sandbox
from treadle_threads import ThreadsClient
from treadle_threads.transport import open_session

BAD, GOOD = "wsp_bad", "wsp_good"  # the bad one comes first wherever ids decide
JUNK: list[Any] = [5, [None], {"from": "22:00+05:00", "to": "07:00", "options": "x", "pattern": []}]
DAY = 86_400.0


@dataclass
class World:
    app: App
    worker: WorkerContext
    sandbox: Sandbox
    now: float

    @property
    def db(self) -> Database:
        return self.app.db

    def write(self, table: sa.Table, **values: Any) -> None:
        with self.db.begin() as conn:
            conn.execute(sa.insert(table).values(**values))

    def spoil(self, table: sa.Table, column: str, value: Any, **where: Any) -> None:
        with self.db.begin() as conn:
            query = sa.update(table).values({column: value})
            conn.execute(query.where(*(table.c[name] == wanted for name, wanted in where.items())))

    def read(self, column: sa.Column[Any], **where: Any) -> Any:
        with self.db.read() as conn:
            query = sa.select(column).where(*(column.table.c[name] == wanted for name, wanted in where.items()))
            return conn.execute(query).scalar()

    def account(self, tenant: str, number: int = 0, **values: Any) -> str:
        """An account that works for the good tenant, one whose token cannot be opened for the bad one."""
        id_, name = f"acc_{tenant}_{number}", f"{tenant[4:]}{number}"
        made = self.sandbox.control.add_account(name)
        token = self.app.vault.seal(made["access_token"]) if tenant == GOOD else b"junk"
        known = {"token_issued_at": self.now - 30 * DAY, "token_expires_at": self.now + 30 * DAY, **values}
        self.write(accounts, id=id_, workspace_id=tenant, threads_user_id=str(made["id"]), token_enc=token,
                   created_at=0.0, updated_at=0.0, **known)  # fmt: skip
        return id_

    def post(self, tenant: str, account: str, state: str, number: int = 0, **part: Any) -> str:
        id_ = f"pst_{tenant}_{number}"
        self.write(posts, id=id_, workspace_id=tenant, account_id=account, state=state, due_at=self.now + 60.0,
                   max_lateness=DAY, created_at=0.0, updated_at=0.0)  # fmt: skip
        known = {"body": {"text": "x"}, "kind": "TEXT", **part}
        user = self.read(accounts.c.threads_user_id, id=account)
        self.write(parts, id=f"prt_{tenant}_{number}", post_id=id_, workspace_id=tenant, account_id=account,
                   threads_user_id=user, position=0, **known)  # fmt: skip
        return id_


@pytest.fixture
async def world(tmp_path: Path, threads_sandbox: Sandbox) -> AsyncIterator[World]:
    settings = settings_in(
        tmp_path, threads_api_url=threads_sandbox.url, allow_private_media_hosts=True, time_scale=0.05
    )
    app = open_app(settings)
    now = time.time()
    session = open_session()
    base = ThreadsClient(base_url=settings.threads_api_url, session=session)
    with app.db.begin() as conn:
        for tenant in (BAD, GOOD):
            conn.execute(sa.insert(workspaces).values(id=tenant, name=tenant, created_at=0.0, options={}))
    runtime = SystemRuntime(
        settings.time_scale, app.db, app.enqueue, clock=lambda: now,
        threads=lambda account: base.with_token(app.vault.open(account.token_enc or b"")),
    )  # fmt: skip
    worker = WorkerContext(
        settings=settings, runtime=runtime, lease=cast(Any, SimpleNamespace(worker="wrk_test")), media=None,  # type: ignore[arg-type]
        releaser=app.releaser, accounts=app.accounts(base),
    )  # fmt: skip
    failures.take()
    yield World(app, worker, threads_sandbox, now)
    await session.close()
    app.close()


async def run(world: World, name: str, forget: Callable[[list[str]], None] = lambda ids: None) -> None:
    """One turn of the job, waited for as long as it takes."""
    job = next(job for job in jobs_of(world.app.settings, world.app.vault, forget) if job.name == name)
    async with asyncio.timeout(60):
        await job.run(world.worker)
        while others := [task for task in asyncio.all_tasks() if _is_lane(task)]:
            await asyncio.wait(others)


def _is_lane(task: asyncio.Task[Any]) -> bool:
    """Whether it is the job's own: neither the test nor the server in it."""
    name = getattr(task.get_coro(), "__qualname__", "")
    return task is not asyncio.current_task() and not name.startswith("RequestHandler")


# ------------------------------------------------------------------------------------- a case for every job


async def send_alerts(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    heard: list[str] = []

    async def deliver(target: AlertTarget, title: str, body: str) -> bool:
        heard.append(body)
        return True

    monkeypatch.setattr(alerts, "deliver", deliver)
    await run(world, "send_alerts")  # begins at the present
    with world.db.begin() as conn:
        assert alerts.keep_urls(conn, world.app.vault, GOOD, ["https://app.example/x"]) is None
        feed.announce(conn, BAD, "post.failed", "pst_bad", {}, now=world.now - 60)
        feed.announce(conn, GOOD, "post.failed", "pst_good", {"why": "Good."}, now=world.now - 60)
    world.spoil(changes, "payload", junk, subject="pst_bad")
    world.write(alert_rows, workspace_id=BAD, kind="failed", key="k", detail=junk, raised_at=world.now - 60)
    sealed = base64.b64encode(world.app.vault.seal("\n".join(["nonsense", "\x00"]))).decode()
    world.spoil(workspaces, "options", junk, id=BAD)
    if isinstance(junk, dict):
        world.spoil(workspaces, "options", {"quiet_hours": junk, alerts.URLS_OPTION: sealed}, id=BAD)
    await run(world, "send_alerts")
    return lambda: any("Good." in body for body in heard)


async def deliver_webhooks(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    got: list[str] = []
    never = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await never.wait()
        got.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_post("/{rest}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setattr("treadle.notify.delivering.TIMEOUT_S", 0.5)
    for number, values in enumerate((
        {"types": junk}, {"url": "https://["}, {"url": "nonsense"}, {"secret_enc": b"junk"}, {},
        {"url": f"{here}/slow"},
    )):  # fmt: skip
        known = {"url": f"{here}/bad", "types": [], "secret_enc": world.app.vault.seal(new_secret()), "cursor": 0}
        world.write(hooks, id=f"whk_bad{number}", workspace_id=BAD, created_at=0.0, **{**known, **values})
    world.write(hooks, id="whk_good", workspace_id=GOOD, url=f"{here}/good", types=[], cursor=0, created_at=0.0,
                secret_enc=world.app.vault.seal(new_secret()))  # fmt: skip
    with world.db.begin() as conn:
        feed.announce(conn, BAD, "post.failed", "pst_bad", {}, now=world.now)
        feed.announce(conn, BAD, "post.failed", "pst_bad2", {}, now=world.now)
        feed.announce(conn, GOOD, "post.failed", "pst_good", {}, now=world.now)
    world.spoil(changes, "payload", junk, subject="pst_bad")
    for number in range(8):
        world.write(webhook_deliveries, id=f"dlv_{number}", webhook_id="whk_bad5", workspace_id=BAD,
                    change_id=-number - 1, type="x", payload="{}", state="due", next_at=0.0, created_at=world.now,
                    history=junk)  # fmt: skip
    await run(world, "deliver_webhooks")
    never.set()
    await runner.cleanup()
    return lambda: "/good" in got and world.read(webhook_deliveries.c.state, workspace_id=GOOD) == "delivered"


async def recheck(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    ids = {}
    for tenant in (BAD, GOOD):
        account = world.account(tenant)
        with world.db.begin() as conn:
            ids[tenant] = open_blocker(conn, from_pattern("token_is_invalid"), scope="account", key=account,
                                       workspace_id=tenant, now=world.now)  # fmt: skip
        world.spoil(blockers, "next_check_at", world.now - 1.0, id=ids[tenant])
    world.spoil(blockers, "cause", junk, id=ids[BAD])
    await run(world, "recheck")
    assert world.read(blockers.c.next_check_at, id=ids[BAD]) > world.now
    return lambda: world.read(blockers.c.repaired_at, id=ids[GOOD]) is not None


async def free_loose(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    for tenant in (BAD, GOOD):
        world.post(tenant, world.account(tenant), "blocked")
    for column in ("options", "metadata", "labels", "cause"):
        world.spoil(posts, column, junk, workspace_id=BAD)
    real = world.app.enqueue

    def enqueue(conn: sa.Connection, post_id: str, seq: int, **more: Any) -> None:
        if BAD in post_id:
            raise TypeError("junk")
        real(conn, post_id, seq, **more)

    world.worker.releaser = Releaser(enqueue)
    await run(world, "free_loose")
    return lambda: world.read(posts.c.state, workspace_id=GOOD) in ("publishing", "scheduled")


async def read_addresses(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    good = world.account(GOOD)
    client = world.worker.client(SimpleNamespace(token_enc=world.read(accounts.c.token_enc, id=good)))  # type: ignore[arg-type]
    made = await client.create_container({"media_type": "TEXT", "text": "x"})
    live = await client.publish(made.value)  # type: ignore[union-attr]
    known: dict[str, Any] = {"published_at": world.now}
    world.post(GOOD, good, "published", threads_id=live.value.id, **known)  # type: ignore[union-attr]
    for number in range(3):
        account = world.account(BAD, number)
        world.post(BAD, account, "published", number, threads_id=f"9{number}", **known)
    for column in ("checks", "body", "children", "seen_before"):
        world.spoil(parts, column, junk, id=f"prt_{BAD}_0")
    world.spoil(parts, "checks", {"address_tries": junk}, id=f"prt_{BAD}_1")
    await run(world, "read_addresses")
    return lambda: bool(world.read(parts.c.permalink, workspace_id=GOOD))


async def read_insights(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    good = world.account(GOOD)
    live = str(world.sandbox.control.add_post("good0", text="x")["id"])
    out: dict[str, Any] = {"published_at": world.now - 7200.0}
    world.post(GOOD, good, "published", threads_id=live, **out)
    for number in range(3):
        world.post(BAD, world.account(BAD, number), "published", number, threads_id=f"9{number}", **out)
    for column in ("scopes", "profile", "quota", "learned"):
        world.spoil(accounts, column, junk, id=f"acc_{BAD}_0")
    world.spoil(parts, "checks", junk, workspace_id=BAD)
    for tenant in (BAD, GOOD):
        world.spoil(parts, "state", "published", workspace_id=tenant)
    await run(world, "read_insights")
    assert world.read(insight_accounts.c.next_at, account_id=f"acc_{BAD}_0") > world.now, "not in line for ever"
    return lambda: world.read(insights.c.likes, workspace_id=GOOD) == 0


async def refresh_tokens(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    bad = world.account(BAD, refresh_next_at=world.now - 9.0)
    good = world.account(GOOD, refresh_next_at=world.now - 1.0)
    for column in ("scopes", "profile", "health_cause", "quota", "learned"):
        world.spoil(accounts, column, junk, id=bad)
    await run(world, "refresh_tokens")
    assert world.read(accounts.c.refresh_next_at, id=bad) > world.now, "it must not be first in line for ever"
    return lambda: world.read(accounts.c.refresh_next_at, id=good) > world.now


async def check_stored_tokens(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    bad, good = world.account(BAD), world.account(GOOD)
    for account in (bad, good):
        world.spoil(accounts, "token_enc", b"sealed with another key", id=account)
    for column in ("scopes", "profile", "health_cause", "quota"):
        world.spoil(accounts, column, junk, id=bad)
    world.spoil(accounts, "health", junk if isinstance(junk, str) else "nonsense", id=bad)
    await run(world, "check_stored_tokens")
    return lambda: world.read(blockers.c.pattern, key=good) == "token_unreadable"


async def say_at_risk(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    for tenant in (BAD, GOOD):
        world.post(tenant, world.account(tenant, health="reconnect"), "scheduled")
    for table, column in ((parts, "body"), (posts, "options")):
        world.spoil(table, column, junk, workspace_id=BAD)
    for column in ("health_cause", "scopes"):
        world.spoil(accounts, column, junk, workspace_id=BAD)
    await run(world, "say_at_risk")
    return lambda: world.read(alert_rows.c.kind, workspace_id=GOOD) == "at_risk"


async def read_quiet_accounts(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    bad, good = world.account(BAD), world.account(GOOD)
    for column in ("scopes", "profile", "health_cause", "quota"):
        world.spoil(accounts, column, junk, id=bad)
    await run(world, "read_quiet_accounts")
    assert world.read(accounts.c.checked_at, id=bad) is not None, "it must not be first in line for ever"
    return lambda: world.read(accounts.c.username, id=good) == "good0"


async def prune(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    world.write(users, id="usr_good", workspace_id=GOOD, email="a@b.example", password_hash="x", created_at=0.0)
    world.write(sessions, token_hash="t", user_id="usr_good", csrf="c", created_at=0.0, seen_at=0.0, expires_at=1.0)
    world.write(alert_rows, workspace_id=BAD, kind="failed", key="k", detail=junk, raised_at=0.0, sent_at=1.0)

    async def broken(*args: Any) -> None:
        raise TypeError("junk")

    monkeypatch.setattr("treadle.engine.retention.prune", broken)
    await run(world, "prune")
    return lambda: world.read(sessions.c.token_hash, user_id="usr_good") is None


async def clean_up_media(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    removed: list[str] = []

    class Service:
        async def remove(self, media_id: str) -> None:
            if media_id == "med_bad":
                raise OSError("junk")
            removed.append(media_id)

        async def clean_up(self, *, older_than_s: float, keep_ids: set[str]) -> int:
            return 0

    async def service() -> Any:
        return Service()

    world.worker.media = service
    known = {"content_type": "image/jpeg", "size": 1, "expires_at": 1.0}
    urls = [f"med_needed{number}" for number in range(210)]
    world.post(BAD, world.account(BAD), "blocked", media_urls=urls)
    for number, name in enumerate([*urls, "med_bad"]):
        world.write(media, id=name, workspace_id=BAD, stored=junk, created_at=float(number), **known)
    world.write(media, id="med_good", workspace_id=GOOD, stored={}, created_at=1000.0, **known)
    await run(world, "clean_up_media")
    return lambda: removed == ["med_good"]


async def heartbeat(world: World, junk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """It asks how all posts move, and nothing of one tenant's can make that answer fail."""
    world.post(GOOD, world.account(GOOD), "published")
    world.post(BAD, world.account(BAD), "scheduled")
    for column in ("options", "metadata", "cause"):
        world.spoil(posts, column, junk, workspace_id=BAD)
    pinged: list[str] = []

    async def ping(url: str) -> None:
        pinged.append(url)

    monkeypatch.setattr("treadle.engine.heartbeat.ping", ping)
    world.worker.settings = world.worker.settings.model_copy(update={"heartbeat_url": "https://watch.example/1"})
    await run(world, "heartbeat")
    return lambda: pinged == ["https://watch.example/1"]


CASES = {
    case.__name__: case
    for case in (
        send_alerts, deliver_webhooks, recheck, free_loose, read_addresses, read_insights, refresh_tokens, say_at_risk,
        read_quiet_accounts, check_stored_tokens, prune, clean_up_media, heartbeat,
    )
}  # fmt: skip


def test_every_job_has_a_case(settings: Settings) -> None:
    names = [job.name for job in jobs_of(settings, cast(Any, None), lambda ids: None)]
    assert sorted(names) == sorted(CASES)


@pytest.mark.parametrize("junk", JUNK, ids=("number", "list", "mapping"))
@pytest.mark.parametrize("name", CASES)
async def test_one_tenants_junk_leaves_the_others_work_alone(
    name: str, junk: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await CASES[name](world, junk, monkeypatch)
    assert done()


# ------------------------------------------------------------------------------------------ what the isolation does


async def test_failed_items_are_counted_for_the_metrics(world: World) -> None:
    from treadle.observe.metrics import Metrics

    stop = asyncio.Event()

    async def work(worker: WorkerContext) -> None:
        for item in ("a", "b", "c"):
            with apart("imagined", item):
                if item != "b":
                    raise KeyError(item)
        stop.set()

    await run_jobs(world.worker, [Job("imagined", 60.0, work)], stop)
    assert (world.read(job_rows.c.note, name="imagined") or {})["failed_items"] == 2
    page = Metrics(world.db, lambda: world.now).render().decode()
    assert 'treadle_job_failures_total{job="imagined"} 2.0' in page


def test_a_database_that_is_away_is_no_items_fault() -> None:
    with pytest.raises(sa.exc.OperationalError), apart("imagined", "a"):
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("server closed the connection"))


async def test_one_lane_that_hangs_holds_back_no_other() -> None:
    background, other, order = BackgroundJobs(), asyncio.Event(), []

    async def slow() -> None:
        await other.wait()
        order.append("slow")

    async def quick() -> None:
        order.append("quick")
        other.set()

    await background.run_all({"slow": slow(), "quick": quick()})
    assert order == ["quick", "slow"]


# ------------------------------------------------------------------------------------- refused where it is entered


NO_ZONES = (
    "posix/UTC",
    "right/UTC",
    "right/Europe/Berlin",
    "localtime",
    "posixrules",
    "Factory",
    "utc",
    "Europe/berlin",
)


@pytest.mark.parametrize(
    "options",
    [
        {"quiet_hours": {"from": "22:00+05:00", "to": "07:00"}},
        {"quiet_hours": {"from": "22:00", "to": "07:00Z"}},
        {"quiet_hours": {"from": "22:00", "to": "07:00", "zone": "Nowhere/At all"}},
        {"quiet_hours": {"from": "22:00", "to": "07:00", "zone": 5}},
        {"quiet_hours": {"from": "22:00", "to": "07:00", "zone": "../../etc/passwd"}},
        {"quiet_hours": {"from": "22:00", "to": "07:00", "until": "x"}},
        {"quiet_hours": {"from": "T22", "to": "07:00"}}, {"quiet_hours": {"from": "22:00", "to": "07"}},
        {"quiet_hours": {"from": "2200", "to": "0700"}}, {"quiet_hours": {"from": "22:00", "to": "24:00"}},
        {"quiet_hours": {"from": "22:00", "to": "22:00"}}, {"quiet_hours": {"from": "22:00", "to": "22:00:00"}},
        *({"quiet_hours": {"from": "22:00", "to": "07:00", "zone": zone}} for zone in NO_ZONES),
        {"limit": {"a": 1}}, {"x" * 500: 1}, {"": 1},
        {"quiet_hours": {"from": "22:00"}}, {"quiet_hours": 0}, {"quiet_hours": ""}, {"quiet_hours": []},
        {"quiet_hours": "22:00-07:00"}, {"quiet_hours": True}, {"quiet_hour": {}}, {"Return_Addresses": []},
        {"return_addresses": 5}, {"return_addresses": [1]}, {"return_addresses": [None]}, {"return_addresses": "https://a.example"},
        {"return_addresses": ["http://["]}, {"return_addresses": ["http://a.example"]}, {"return_addresses": {}},
        {"return_addresses": ["https://a:b@a.example"]}, {"return_addresses": ["https://a.example"] * 51},
        {"return_addresses": ["https://a.example:99999/"]}, {"return_addresses": ["javascript:alert(1)"]},
    ],
    ids=str,
)  # fmt: skip
def test_odd_options_are_refused(options: dict[str, Any]) -> None:
    refused = workspace_options.problem(options)
    assert isinstance(refused, Refusal)
    assert refused.field
    assert refused.detail


def test_good_options_are_taken() -> None:
    assert workspace_options.problem({
        "quiet_hours": {"from": "22:00", "to": "07:00:30", "zone": "Europe/Berlin"},
        "return_addresses": ["https://a.example/done", "http://localhost:3000"], "other": None,
    }) is None  # fmt: skip
    assert workspace_options.problem({"quiet_hours": None, "return_addresses": None}) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.just("22:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["from", "to", "zone", "x"]), inner),
    max_leaves=8,
)  # fmt: skip


@given(_JSON, _JSON)
def test_whatever_is_taken_can_be_used(hours: Any, addresses: Any) -> None:
    workspace_options.problem({"quiet_hours": hours, "return_addresses": addresses})
    alerts.quiet(hours, 1_800_000_000.0)
