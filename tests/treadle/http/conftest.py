"""A server's parts with samples, its API, and callers with keys of every scope, without a worker."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from treadle.app import App, open_app
from treadle.http import create_api
from treadle.ids import new_id
from treadle.people.keys import create_key
from treadle.settings import Settings
from treadle.store.tables import accounts, workspaces


@dataclass
class Site:
    """``client`` speaks with the key of ``scope``; ``account`` is connected."""

    app: App
    api: Any
    workspace: str
    account: str
    other_workspace: str
    other_account: str
    keys: dict[str, str]

    def client(self, scope: str = "admin") -> TestClient:
        made = TestClient(self.api, raise_server_exceptions=False, base_url="http://127.0.0.1:8700")
        if scope:
            made.headers["Authorization"] = f"Bearer {self.keys[scope]}"
        return made


def add_account(app: App, workspace_id: str, username: str, **columns: Any) -> str:
    now = app.now()
    account_id = new_id("account", now)
    row = {
        "id": account_id,
        "workspace_id": workspace_id,
        "threads_user_id": f"1784{abs(hash(account_id)) % 10**12}",
        "username": username,
        "app_id": "1234567890",
        "token_enc": app.vault.seal(f"THAA{username}" + "x" * 40),
        "token_expires_at": now + 50 * 86_400,
        "scopes": ["threads_basic", "threads_content_publish"],
        "created_at": now,
        "updated_at": now,
        **columns,
    }
    with app.db.begin() as conn:
        conn.execute(sa.insert(accounts).values(**row))
    return account_id


def add_samples(app: App) -> Site:
    now = app.now()
    other = new_id("workspace", now)
    with app.db.begin() as conn:
        first = conn.execute(sa.select(workspaces.c.id)).scalar_one()
        conn.execute(sa.insert(workspaces).values(id=other, name="Other", created_at=now + 1, options={}))
        keys = {scope: create_key(conn, first, scope, [scope], now)[1] for scope in ("read", "write", "admin")}
        keys["other"] = create_key(conn, other, "other", ["admin"], now)[1]
    return Site(
        app, create_api(app), first, add_account(app, first, "ada"), other, add_account(app, other, "eve"), keys
    )


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("fresh")
    settings = settings_in(folder)
    open_app(settings).close()
    with sqlite3.connect(settings.data_dir / "treadle.sqlite") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return settings.data_dir


@pytest.fixture
def data_dir(fresh_database: Path, fresh_folder: Path) -> Path:
    """The default data directory of a fresh folder, with a migrated database."""
    made = fresh_folder / "treadle-data"
    shutil.copytree(fresh_database, made)
    return made


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    """On SQLite, nothing running."""
    app = open_app(Settings())
    yield add_samples(app)
    app.close()


@pytest.fixture
def any_site(make_settings: Callable[..., Settings], migrated_url: str) -> Iterator[Site]:
    """Once on SQLite, once on PostgreSQL."""
    app = open_app(make_settings(database_url=migrated_url))
    yield add_samples(app)
    app.close()
