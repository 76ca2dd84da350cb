"""The accounts service with a database, a sandbox as its Threads, and the product's own rules for letting posts go."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.folders import settings_in
from treadle.accounts.service import Accounts
from treadle.store import Database, open_database
from treadle.store.blockers import open_blocker
from treadle.store.release import Releaser
from treadle.store.tables import accounts, changes, metadata, workspaces
from treadle.vault import open_vault
from treadle_sandbox import Sandbox
from treadle_threads import ThreadsClient


class Enqueued:
    """Stands where the durable queue does: remembers what was let go."""

    def __init__(self) -> None:
        self.posts: list[str] = []

    def __call__(self, conn: sa.Connection, post_id: str, seq: int, **_: Any) -> None:
        self.posts.append(post_id)


def make_tables(database: Database) -> None:
    with database.engine.begin() as conn:
        metadata.create_all(conn)
        conn.execute(sa.text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
        for name in ("wsp_one", "wsp_two"):
            conn.execute(sa.insert(workspaces).values(id=name, name=name, created_at=0.0, options={}))


@pytest.fixture
def any_db(database_url: str) -> Iterator[Database]:
    """A database with tables and two workspaces: once SQLite, once PostgreSQL."""
    url = sa.make_url(database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    one = Database(url.render_as_string(hide_password=False))
    make_tables(one)
    yield one
    one.close()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with tables and two workspaces."""
    one = open_database(settings_in(tmp_path))
    make_tables(one)
    yield one
    one.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    app = {"id": "1234567890", "secret": secrets.token_hex(16)}
    async with Sandbox(app=app, accounts=["ada", "bob"]) as one:
        one.control.freeze()
        yield one


@pytest.fixture
def enqueued() -> Enqueued:
    return Enqueued()


ServiceMaker = Callable[[Database], Accounts]


@pytest.fixture
async def make_service(sandbox: Sandbox, enqueued: Enqueued, tmp_path: Path) -> AsyncIterator[ServiceMaker]:
    opened: list[ThreadsClient] = []

    def make(database: Database) -> Accounts:
        settings = settings_in(
            tmp_path,
            threads_api_url=sandbox.url,
            threads_authorize_url=sandbox.authorize_url,
            threads_app_id=sandbox.app.id,
            threads_app_secret=sandbox.app.secret,
            public_url="https://treadle.example",
            time_scale=0.01,
        )
        client = ThreadsClient(base_url=sandbox.url)
        opened.append(client)
        return Accounts(
            settings=settings,
            db=database,
            vault=open_vault(settings),
            client=client,
            repairs=Releaser(enqueued),
            block=open_blocker,
            now=sandbox.control.now,
            random01=lambda: 0.5,
        )

    yield make
    await asyncio.gather(*(client.close() for client in opened))


@pytest.fixture
async def service(make_service: ServiceMaker, db: Database) -> Accounts:
    return make_service(db)


def row_of(service: Accounts, account_id: str) -> Any:
    with service.db.read() as conn:
        return conn.execute(sa.select(accounts).where(accounts.c.id == account_id)).one()


def change_types(service: Accounts) -> list[str]:
    with service.db.read() as conn:
        return list(conn.execute(sa.select(changes.c.type).order_by(changes.c.id)).scalars())
