"""A backup made while posts go out, put back: nothing is lost, nothing goes out twice, nothing is overwritten."""

from __future__ import annotations

import json
import stat
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.folders import settings_in
from tests.support.postgres import Cluster
from tests.treadle.cli.conftest import Terminal, treadle
from tests.treadle.engine.shop import SETTLE_S, open_shop, shop_settings
from tests.treadle.engine.test_disturbances import flow
from tests.treadle.http.conftest import add_account
from treadle import private
from treadle.app import open_app
from treadle.services.backup import BackupRefused, back_up, restore
from treadle.settings import Settings
from treadle.store import copying
from treadle.store.tables import parts, posts
from treadle.vault import KEY_FILE
from treadle_sandbox.server import Sandbox

__all__ = ["treadle"]


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, database_url: str) -> Iterator[str]:
    """Where the backup is put back: an empty database of the same kind; empty: the default."""
    if database_url.startswith("sqlite"):
        yield ""
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database() as url:
        yield url


@pytest.mark.parametrize("name", ["backup", "backup.tar.gz"])
def test_made_while_posts_go_out_and_put_back_on_another_machine(
    name: str, sandbox: Sandbox, tmp_path: Path, database_url: str, elsewhere: str
) -> None:
    first = shop_settings(sandbox, tmp_path / "one", database_url)
    with open_shop(sandbox, first, worker=False) as shop:
        posted = flow(shop, 4)
        pair = shop.owner()
        chain = shop.post(pair, text="one", replies=[{"text": "two"}])
    with open_shop(sandbox, first) as shop:
        made = back_up(first, tmp_path / name, keys=True, media=True, now=time.time())
        shop.published([*posted, chain])
    assert made.manifest.keys
    second = shop_settings(sandbox, tmp_path / "two", elsewhere)
    done = restore(second, tmp_path / name)
    assert done.sealed == 0
    with open_shop(sandbox, second) as shop:
        shop.published([*posted, chain])
        time.sleep(SETTLE_S)
        for post_id, owner in posted.items():
            assert [post["text"] for post in shop.live(owner)] == ["once"], shop.story(post_id)
        assert [post["text"] for post in shop.live(pair)] == ["one", "two"], shop.story(chain)


def test_what_was_published_earlier_than_the_backup_knew_is_not_published_again(
    sandbox: Sandbox, tmp_path: Path, database_url: str, elsewhere: str
) -> None:
    """It was due in an hour when the backup was made, and sent off before that by a person."""
    first = shop_settings(sandbox, tmp_path / "one", database_url)
    with open_shop(sandbox, first, worker=False) as shop:
        owner = shop.owner()
        later = shop.post(owner, text="once", publish_at=_in_an_hour())
        back_up(first, tmp_path / "backup", keys=True, media=True, now=time.time())
        with shop.app.db.begin() as conn:
            shop.app.posts.edit(conn, "wsp_default", later, {"publish_at": None}, now=shop.app.now(), actor="test")
    with open_shop(sandbox, first) as shop:
        shop.published([later])
    second = shop_settings(sandbox, tmp_path / "two", elsewhere)
    assert restore(second, tmp_path / "backup").parts == 1
    with open_shop(sandbox, second, worker=False) as shop, shop.app.db.begin() as conn:
        shop.app.posts.edit(conn, "wsp_default", later, {"publish_at": None}, now=shop.app.now(), actor="test")
    with open_shop(sandbox, second) as shop:
        shop.published([later])
        assert [post["text"] for post in shop.live(owner)] == ["once"], shop.story(later)


def _in_an_hour() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))


# --------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def full(fresh_folder: Path, treadle: Terminal) -> Path:
    """A folder with a database, keys and a kept file; the working directory."""
    from PIL import Image

    Image.new("RGB", (640, 480), "teal").save("a.png")
    assert treadle("media", "add", "a.png").code == 0
    return fresh_folder


@pytest.mark.parametrize("name", ["kept", "kept.tar", "kept.tar.gz"])
def test_a_backup_is_private_whole_and_comes_back(
    name: str, full: Path, treadle: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = treadle.json("backup", name)
    assert (told["keys"], told["media"], told["left_out"]) == (True, True, [])
    assert private.open_to_others(full / name) == []
    assert [path for path in full.iterdir() if path.name.startswith(".treadle")] == []
    there = full / "there"
    there.mkdir()
    monkeypatch.chdir(there)
    back = treadle.json("restore", f"../{name}")
    assert back["unreadable_secrets"] == 0
    assert private.open_to_others(there / "treadle-data") == []
    files = {p.relative_to(full): p.read_bytes() for p in (full / "treadle-data" / "media" / "files").rglob("*.*")}
    assert files
    assert {p: (there / p).read_bytes() for p in files} == files
    key = f"treadle-data/{KEY_FILE}"
    assert (there / key).read_bytes() == (full / key).read_bytes()
    assert len(treadle.json("media", "list")["data"]) == 1
    before = (there / "treadle-data" / "treadle.sqlite").read_bytes()
    again = treadle.json("restore", f"../{name}", code=1)
    assert "already" in again["message"]
    assert (there / "treadle-data" / "treadle.sqlite").read_bytes() == before


def test_nothing_that_is_there_is_overwritten(full: Path, treadle: Terminal) -> None:
    (full / "kept").mkdir()
    (full / "kept" / "mine").write_text("x")
    assert "already" in treadle.json("backup", "kept", code=1)["message"]
    assert [path.name for path in (full / "kept").iterdir()] == ["mine"]


def test_what_is_left_out_is_said(full: Path, treadle: Terminal) -> None:
    told = treadle.json("backup", "kept", "--no-keys", "--no-media")
    assert (told["keys"], told["media"]) == (False, False)
    assert [line.partition(":")[0] for line in told["left_out"]] == ["keys", "files of media"]
    assert sorted(path.name for path in (full / "kept").iterdir()) == ["manifest.json", "treadle.sqlite"]


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def from_a_newer_release(path: Path) -> None:
    manifest = path / "manifest.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "revision": "9999"}))


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda p: change(p / "treadle.sqlite"), "treadle.sqlite"),
        (lambda p: (p / KEY_FILE).unlink(), KEY_FILE),
        (lambda p: (p / "manifest.json").unlink(), "is not a backup"),
        (lambda p: (p / "manifest.json").write_text("{}"), "cannot be read"),
        (from_a_newer_release, "newer release"),
    ],
)
def test_a_backup_that_is_not_whole_is_refused(
    spoil: Callable[[Path], None], word: str, full: Path, treadle: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    treadle("backup", "kept")
    spoil(full / "kept")
    (full / "there").mkdir()
    monkeypatch.chdir(full / "there")
    assert word in treadle.json("restore", "../kept", code=1)["message"]
    assert not list((full / "there" / "treadle-data").rglob("*.*"))


def test_an_archive_cannot_write_outside(full: Path, treadle: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    treadle("backup", "kept.tar")
    with tarfile.open("kept.tar", "a") as tar:
        tar.add("a.png", "../outside.png")
    (full / "there").mkdir()
    monkeypatch.chdir(full / "there")
    assert treadle.json("restore", "../kept.tar", code=1)["error"]
    assert not list(full.rglob("outside.png"))


def test_without_postgres_programs_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = settings_in(tmp_path, database_url="postgresql://me:a-secret@db.example:5433/treadle")
    with pytest.raises(copying.DatabaseNotCopied) as stop:
        back_up(settings, tmp_path / "kept", keys=True, media=True, now=0.0)
    said = str(stop.value)
    assert "pg_dump --dbname=postgresql://me@db.example:5433/treadle --format=custom" in said
    assert "a-secret" not in said
    assert not (tmp_path / "kept").exists()


@pytest.mark.postgres
def test_a_postgres_database_that_is_used_is_not_restored_into(
    tmp_path: Path, postgres_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_cluster.database() as url:
        settings = settings_in(tmp_path, database_url=url)
        open_app(settings).close()
        back_up(settings, tmp_path / "kept", keys=True, media=True, now=time.time())
        with pytest.raises(BackupRefused, match="not empty"):
            restore(settings_in(tmp_path / "two", database_url=url), tmp_path / "kept")


def test_a_sqlite_backup_does_not_go_into_postgres(full: Path, treadle: Terminal) -> None:
    treadle("backup", "kept")
    settings = settings_in(full / "two", database_url="postgresql://me@127.0.0.1:1/x")
    with pytest.raises(BackupRefused, match="holds SQLite"):
        restore(settings, full / "kept")


def test_every_post_that_is_not_finished_is_distrusted(full: Path, treadle: Terminal) -> None:
    app = open_app(Settings())
    now, account = app.now(), add_account(app, "wsp_default", "ada")
    with app.db.begin() as conn:
        for state in ("draft", "scheduled", "held", "published"):
            post: dict[str, Any] = {"id": f"pst_{state}", "workspace_id": "wsp_default", "account_id": account,
                    "state": state, "due_at": now + 86_400, "max_lateness": 1.0, "options": {}, "metadata": {},
                    "labels": [], "created_at": now, "updated_at": now}  # fmt: skip
            conn.execute(sa.insert(posts).values(**post))
            part = {"id": f"prt_{state}", "post_id": post["id"], "workspace_id": "wsp_default", "account_id": account,
                    "threads_user_id": "1", "position": 0, "kind": "TEXT", "is_reply": False, "body": {},
                    "children": [], "state": "pending"}  # fmt: skip
            conn.execute(sa.insert(parts).values(**part))
    app.close()
    back_up(Settings(), full / "kept", keys=True, media=True, now=now)
    second = settings_in(full / "two")
    assert restore(second, full / "kept").parts == 3
    app = open_app(second)
    with app.db.read() as conn:
        found = {row.id: row.checks for row in conn.execute(sa.select(parts.c.id, parts.c.checks))}
    app.close()
    assert {name for name, checks in found.items() if "restored" in checks} == {
        "prt_draft",
        "prt_scheduled",
        "prt_held",
    }
    assert stat.S_IMODE((second.data_dir / "treadle.sqlite").stat().st_mode) == 0o600
