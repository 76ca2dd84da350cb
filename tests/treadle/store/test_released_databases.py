"""Databases of earlier releases: migrated by this one after a backup, whatever interrupts it, and drained, nothing lost
and nothing twice."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr

from tests.support.folders import settings_in
from tests.support.postgres import Cluster
from tests.support.proof import Tally
from tests.support.released import Released, released
from tests.treadle.cli.conftest import Terminal, treadle
from tests.treadle.engine.conftest import matrix_size
from tests.treadle.engine.shop import Shop, open_shop, shop_settings
from tests.treadle.store import migrating
from tests.treadle.store.test_migrations import ours
from treadle.domain.states import STATE_WORDS
from treadle.services.backup import restore
from treadle.services.connecting import AccountConnected, by_token
from treadle.settings import Settings
from treadle.store import Database, migrate
from treadle.store.tables import accounts, metadata
from treadle_sandbox.threaded import running

__all__ = ["treadle"]

HOUR, DAY = 3600.0, 86_400.0
OF_ALL = pytest.mark.parametrize("release", released(), ids=lambda release: release.folder.name)


@OF_ALL
def test_posts_are_kept_in_every_state(release: Released) -> None:
    kept = Counter(post["state"] for post in release.kept["posts"].values())
    assert set(kept) == set(STATE_WORDS)
    assert sum(path.stat().st_size for path in release.folder.iterdir()) < 200_000


# ------------------------------------------------------------------------------------------------------- draining


def reconnect(shop: Shop) -> None:
    """Give the account whose token was revoked a new one, as its owner would."""
    token = shop.control.token("ben")["access_token"]
    made = asyncio.run(by_token(shop.app, "wsp_default", SecretStr(token), actor="test"))
    assert isinstance(made, AccountConnected), made


def look(shop: Shop, post: dict[str, Any]) -> None:
    """What somebody does who is asked whether a part is live: they look at the profile."""
    text = next(part["text"] for part in post["parts"] if part["threads_id"] is None)
    live = [found["id"] for found in shop.control.posts() if found["text"] == text]
    if live:
        shop.act("resolve", post["id"], live_id=live[0])
    else:
        shop.act("resolve", post["id"], absent=True)


@OF_ALL
@pytest.mark.parametrize("age", [1.2 * HOUR, 3 * DAY], ids=["after an hour", "after three days"])
def test_this_release_drains_what_an_earlier_one_left(
    release: Released, age: float, tmp_path: Path, database_url: str
) -> None:
    by = time.time() - age - release.made_at
    release.put_sandbox(tmp_path / "threads", by=by)
    release.put_keys(tmp_path / "treadle-data")
    release.put(database_url, tmp_path, by=by)
    kept: dict[str, Any] = release.kept["posts"]
    never = {"canceled", "draft with a picture"}  # nobody serves the picture any more
    with running(data_dir=tmp_path / "threads") as sandbox:
        before = [post["text"] for post in sandbox.control.posts()]
        assert sorted(before) == release.kept["live"]
        with open_shop(sandbox, shop_settings(sandbox, tmp_path, database_url)) as shop:
            assert {text: shop.read(post["id"])["text"] for text, post in kept.items()} == {text: text for text in kept}
            reconnect(shop)
            ids = {text: post["id"] for text, post in kept.items() if text not in never}
            shop.act("retry", ids["failed"])
            for text in ("draft", "to be approved"):
                shop.act("confirm", ids[text])
            asked: set[str] = set()

            def out(post: dict[str, Any]) -> bool:
                if post["state"] == "held" and post["id"] not in asked:  # too late to go out unasked
                    asked.add(post["id"])
                    shop.act("confirm", post["id"])
                if post["state"] == "checking" and post["next"] is None:  # minutes are days here: a person looks
                    look(shop, post)
                return bool(post["state"] == "published")

            shop.until(ids.values(), out, within_s=120)
            assert {text: shop.read(kept[text]["id"])["state"] for text in never} == {
                text: kept[text]["state"] for text in never
            }
            live = Counter(post["text"] for post in sandbox.control.posts())
            wanted = Counter(part["text"] for text in ids for part in kept[text]["parts"])
            assert live == wanted


# ------------------------------------------------------------------------------------------------------- migrating


@pytest.fixture
def fresh_copy(
    request: pytest.FixtureRequest, release: Released, database_url: str, tmp_path: Path
) -> Iterator[Callable[[int], Settings]]:
    """Settings of a new copy of the database, in a data directory of its own."""
    made: list[str] = []
    if database_url.startswith("sqlite"):
        release.put_sqlite(tmp_path / "old.sqlite")
        with closing(sqlite3.connect(tmp_path / "old.sqlite")) as conn:
            conn.execute("PRAGMA journal_mode = DELETE")
    else:
        release.put(database_url, tmp_path)

    def copy(number: int) -> Settings:
        folder = tmp_path / f"copy{number}"
        release.put_keys(folder / "treadle-data")
        if database_url.startswith("sqlite"):
            shutil.copyfile(tmp_path / "old.sqlite", folder / "treadle-data" / "treadle.sqlite")
            return settings_in(folder)
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        made.append(cluster.create_database(template=database_url.rpartition("/")[2]))
        return settings_in(folder, database_url=made[-1])

    yield copy
    for url in made:
        request.getfixturevalue("postgres_cluster").drop_database(url)


def content(settings: Settings) -> dict[str, list[str]]:
    """Every row of our tables, in the columns that the database has."""
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as conn:
            inspector = sa.inspect(conn)
            found = {}
            for name in sorted(set(inspector.get_table_names()) & set(metadata.tables)):
                rows = conn.execute(sa.select(metadata.tables[name])).mappings()
                found[name] = sorted(json.dumps(dict(row), default=str, sort_keys=True) for row in rows)
            return found
    finally:
        database.close()


def is_whole(settings: Settings) -> None:
    database = Database(settings.resolved_database_url)
    try:
        assert migrate.current(database)
        with database.read() as conn:
            assert compare_metadata(MigrationContext.configure(conn, opts={"include_object": ours}), metadata) == []
    finally:
        database.close()


def kill_and_migrate(fresh_copy: Callable[[int], Settings], tally: Tally, count: int) -> None:
    """Migrations killed at drawn points, some twice, end in what an undisturbed one ends in, with a whole backup."""
    undisturbed = fresh_copy(0)
    points = migrating.run(undisturbed)
    assert points is not None
    is_whole(undisturbed)
    wanted = content(undisturbed)
    for number in range(1, count + 1):
        settings = fresh_copy(number)
        point = tally.chance.randint(1, points)
        assert migrating.run(settings, point) is None, point
        tally.add("kills")
        if number % 3 == 0 and migrating.run(settings, tally.chance.randint(1, points)) is None:
            tally.add("second_kills")
        migrating.run(settings)
        assert content(settings) == wanted, f"killed at point {point} of {points}"
        if number % 20 == 1:
            is_whole(settings)
        backups = sorted((settings.data_dir / "backups").glob("before-*"))
        assert backups, f"killed at point {point} of {points}: no backup"
        assert all((place / "manifest.json").is_file() for place in backups)
        shutil.rmtree(settings.data_dir)
    tally.expect(kills=count)


@OF_ALL
def test_migrations_killed_between_statements_lose_nothing(
    release: Released, fresh_copy: Callable[[int], Settings], tally: Tally
) -> None:
    kill_and_migrate(fresh_copy, tally, matrix_size(8, 200))


@pytest.mark.long
@OF_ALL
def test_two_hundred_migrations_killed_between_statements_lose_nothing(
    release: Released, fresh_copy: Callable[[int], Settings], tally: Tally
) -> None:
    kill_and_migrate(fresh_copy, tally, 200)


@OF_ALL
def test_the_command_makes_a_backup_from_which_the_release_before_goes_on(
    release: Released, fresh_copy: Callable[[int], Settings], treadle: Terminal, monkeypatch: pytest.MonkeyPatch,
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    settings = fresh_copy(1)
    monkeypatch.chdir(settings.data_dir.parent)
    if settings.database_url:
        monkeypatch.setenv("TREADLE_DATABASE_URL", settings.database_url)
    assert treadle("migrate", "--check").code == 1
    assert not (settings.data_dir / "backups").exists()
    told = treadle.json("migrate")
    assert told["done"]
    place = Path(told["backup"])
    assert place.parent == settings.data_dir / "backups"
    assert json.loads((place / "manifest.json").read_text())["revision"] == told["before"]
    again = treadle.json("migrate")
    assert (again["needed"], again["backup"]) == (False, None)
    back = {}
    if settings.database_url:
        back["database_url"] = request.getfixturevalue("postgres_cluster").create_database()
    there = settings_in(tmp_path / "back", **back)
    assert restore(there, place).sealed == 0
    database = Database(there.resolved_database_url)
    with database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(accounts)).scalar()
    database.close()
    if back:
        request.getfixturevalue("postgres_cluster").drop_database(back["database_url"])


@OF_ALL
def test_without_a_backup_nothing_is_migrated_unless_asked_for(
    release: Released, fresh_copy: Callable[[int], Settings], treadle: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = fresh_copy(1)
    monkeypatch.chdir(settings.data_dir.parent)
    if settings.database_url:
        monkeypatch.setenv("TREADLE_DATABASE_URL", settings.database_url)
        monkeypatch.setenv("PATH", str(tmp := settings.data_dir / "nothing"))
        assert not tmp.exists()
    else:
        (settings.data_dir / "backups").write_text("a file where the folder belongs")
    assert treadle("migrate").code != 0
    database = Database(settings.resolved_database_url)
    try:
        assert not migrate.current(database)
        assert treadle.json("migrate", "--no-backup")["backup"] is None
        assert migrate.current(database)
    finally:
        database.close()


def test_a_new_database_needs_no_backup(fresh_folder: Path, treadle: Terminal) -> None:
    assert treadle.json("migrate")["backup"] is None
    assert not (fresh_folder / "treadle-data" / "backups").exists()
