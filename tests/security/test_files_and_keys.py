"""What Treadle writes is for its own user alone, and a key is never half there, never made again beside secrets."""

from __future__ import annotations

import ast
import io
import json
import os
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from PIL import Image
from starlette.testclient import TestClient

from tests.support.sources import modules, place_of
from tests.treadle.cli import servers
from tests.treadle.cli.ready import serving, treadle
from tests.treadle.http.conftest import add_account
from treadle import private
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.http import create_api
from treadle.media.hosting import DiskStore
from treadle.notify import webhooks
from treadle.people import keys
from treadle.settings import Settings
from treadle.store.tables import accounts, workspaces
from treadle.store.tables import webhooks as webhook_table
from treadle.vault import KEY_FILE, VaultError, open_vault


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 640), "teal").save(out, "jpeg")
    return out.getvalue()


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Of a process with this data directory: that it makes it, and what for, is the subject here."""
    return servers.environment(data_dir.parent, **{"TREADLE_DATA_DIR": str(data_dir), **more})


def admin_key(settings: Settings) -> str:
    app = open_app(settings)
    with app.db.begin() as conn:
        _, secret = keys.create_key(conn, DEFAULT_WORKSPACE, "test", ["admin"], app.now())
    app.close()
    return secret


def upload(url: str, key: str) -> str:
    asked = urllib.request.Request(
        f"{url}/v1/media?filename=a.jpg",
        data=jpeg(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "image/jpeg"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return str(json.load(answer)["id"])


# ------------------------------------------------------------------------------------------------ permissions


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_a_real_run_leaves_nothing_that_others_may_touch(tmp_path: Path, mask: int) -> None:
    data = tmp_path / "deep" / "data"
    env = environment(tmp_path, TREADLE_DATA_DIR=str(data))
    with umask(mask):
        assert servers.treadle("migrate", env=env).returncode == 0
        secret = servers.treadle("keys", "create", "--scope", "admin", env=env).stdout.split()[0]
        with serving("serve", "--port", "0", env=env) as (_, said):
            media = upload(said["url"], secret)
            names = {path.name for path in data.rglob("*")}
            wide = private.open_to_others(tmp_path / "deep")
    assert {"treadle.sqlite", "treadle.sqlite-wal", KEY_FILE, "address.key", "note.json", media} <= names
    assert wide == []


def test_what_an_older_release_left_open_is_closed_at_the_next_start(tmp_path: Path) -> None:
    secret = admin_key(Settings(data_dir=tmp_path))
    env = environment(tmp_path)
    with serving("serve", "--port", "0", env=env) as (_, said):
        upload(said["url"], secret)
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    with serving("serve", "--port", "0", env=env):
        assert private.open_to_others(tmp_path) == []


def test_a_program_that_opens_the_app_makes_private_files_too(tmp_path: Path) -> None:
    with umask(0):
        app = open_app(Settings(data_dir=tmp_path / "deep" / "data"))
        with app.db.begin() as conn:
            conn.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))
        found = private.open_to_others(tmp_path / "deep")
        app.close()
    assert found == []


def test_a_folder_that_others_use_keeps_its_permissions(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "ours").write_text("")
    (shared / "ours").chmod(0o644)
    private.tighten_tree(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert stat.S_IMODE((shared / "ours").stat().st_mode) == 0o600


def test_files_a_person_asks_for_follow_their_umask(tmp_path: Path) -> None:
    source, repaired, exported = tmp_path / "a.png", tmp_path / "b.jpg", tmp_path / "c.jsonl"
    Image.new("RGB", (640, 640), "teal").save(source)
    env = environment(tmp_path / "data")
    with umask(0o027):
        assert treadle("repair", str(source), "-o", str(repaired), env=env).returncode == 0
        assert treadle("export", "-o", str(exported), env=env).returncode == 0
    assert [stat.S_IMODE(path.stat().st_mode) for path in (repaired, exported)] == [0o640, 0o640]


def test_the_doctor_names_what_others_may_read(tmp_path: Path) -> None:
    open_app(Settings(data_dir=tmp_path)).close()
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "note").write_text("")
    env = environment(tmp_path)

    def line() -> dict[str, str]:
        lines = json.loads(treadle("doctor", "--offline", "--json", env=env).stdout)["lines"]
        return next(line for line in lines if line["name"] == "Files")

    (tmp_path / "media").chmod(0o700)
    (tmp_path / "media" / "note").chmod(0o644)
    assert line()["verdict"] == "broken"
    assert str(tmp_path / "media" / "note") in line()["found"]
    private.tighten_tree(tmp_path)
    assert line()["verdict"] == "fine"


# ------------------------------------------------------------------------------------------------ writing keys

KILLED = """
import os, signal, sys
from pathlib import Path
from treadle import private
point, way, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
count = 0
def counted(real):
    def call(*args, **kwargs):
        global count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call
for name in ("open", "write", "fsync", "link", "replace", "unlink", "close"):
    setattr(os, name, counted(getattr(os, name)))
getattr(private, way)(folder / "a.key", b"new" * 9)
"""


@pytest.mark.parametrize("way", ["create_secret", "replace_secret"])
def test_killed_anywhere_a_key_file_is_whole_or_not_there(tmp_path: Path, way: str) -> None:
    """Killed before each call to the system in turn, until one run comes through."""
    path, before = tmp_path / "a.key", b"old" * 9
    outcomes = set()
    for point in range(1, 40):
        path.unlink(missing_ok=True)
        if way == "replace_secret":
            path.write_bytes(before)
        done = subprocess.run([sys.executable, "-c", KILLED, str(point), way, str(tmp_path)])
        outcomes.add(path.read_bytes() if path.exists() else b"")
        private.clear_leftovers(path)
        assert [left.name for left in tmp_path.iterdir()] in ([], ["a.key"])
        if done.returncode == 0:
            break
    else:
        raise AssertionError("it never came through")
    assert point > 6
    assert outcomes == {b"new" * 9, before if way == "replace_secret" else b""}


def test_what_is_being_written_is_no_leftover(tmp_path: Path) -> None:
    with private._aside(tmp_path / "a.key", b"x") as made:
        private.clear_leftovers(tmp_path / "a.key")
        assert made.read_bytes() == b"x"
    assert list(tmp_path.iterdir()) == []


def test_leftovers_are_gone_after_the_next_start(tmp_path: Path) -> None:
    left = tmp_path / f".{KEY_FILE}.deadbeef"
    left.write_text("half a k")
    open_app(Settings(data_dir=tmp_path)).close()
    assert not left.exists()


def writers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that write or make a file, with their line."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("write_text", "write_bytes", "touch", "symlink_to", "hardlink_to"):
            yield node.lineno, name
        if name == "open":
            modes = [
                arg.value for arg in (*node.args, *(k.value for k in node.keywords)) if isinstance(arg, ast.Constant)
            ]
            flags = "O_WRONLY" in ast.dump(node) or "O_RDWR" in ast.dump(node)
            if flags or any(
                isinstance(mode, str) and mode in ("w", "wb", "a", "ab", "x", "xb", "r+", "r+b") for mode in modes
            ):
                yield node.lineno, name


# Everything in Treadle that writes a file without treadle.private, and why it may: none of it is a secret.
OTHER_WRITERS = {
    "treadle_diagnosis/catalog/loading.py": "the catalogue as it was read, beside the byte code of a checkout",
    "treadle_diagnosis/cli/diagnose.py": "/dev/null",
    "treadle_diagnosis/cli/pipe.py": "/dev/null",
    "treadle/cli/__init__.py": "/dev/null",
    "treadle/cli/export.py": "the file a person asked for",
    "treadle/cli/posts.py": "the scenario a person asked for, without texts, names and ids",
    "treadle/media/fetch_log.py": "lines added to a file that treadle.private made",
    "treadle/media/samples.py": "sample media for tests and the demo",
    "treadle_threads/media/worker/output.py": "media, the one file that a job may write",
    "treadle_sandbox/disk.py": "the sandbox's own state; its tokens are pretended",
    "treadle_sandbox/tls.py": "the certificate of its own throw-away authority, whose key is not written",
    "treadle_sandbox/verify.py": "the redacted report that a person asked for",
    "treadle_diagnosis/guide/static.py": "the guide as pages, where a person asked for them",
}


def test_every_other_file_is_written_by_one_module() -> None:
    found = {place_of(path) for path in modules() if list(writers(ast.parse(path.read_text(encoding="utf-8"))))}
    assert found == {"treadle/private.py", *OTHER_WRITERS}


def test_the_list_of_writers_sees_every_way_to_write() -> None:
    for code in (
        "p.write_text('')",
        "open(p, 'w')",
        "p.open('wb')",
        "os.open(p, os.O_WRONLY | os.O_CREAT)",
        "p.touch()",
    ):
        assert list(writers(ast.parse(code))), code
    assert not list(writers(ast.parse("open(p, 'rb'); p.open(encoding='utf-8'); vault.open(sealed)")))


# ------------------------------------------------------------------------------------------------ broken keys


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"short", Fernet.generate_key()[:20], Fernet.generate_key() + b"\n" + Fernet.generate_key()[:30],
     b"\x00" * 44, os.urandom(44), b"\xff\xfe"],
    ids=["empty", "blank", "short", "half", "half of two", "zeros", "noise", "binary"],
)  # fmt: skip
def test_a_damaged_key_file_stops_every_start_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    done = treadle("serve", "--port", "0", env=environment(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / KEY_FILE) in done.stderr
    assert "estore it" in done.stderr
    assert (tmp_path / KEY_FILE).read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(31), os.urandom(33)], ids=["empty", "1", "31", "33"])
def test_a_damaged_address_key_stops_the_start(tmp_path: Path, content: bytes) -> None:
    open_app(Settings(data_dir=tmp_path)).close()
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "address.key").write_bytes(content)
    done = treadle("serve", "--port", "0", env=environment(tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "address.key" in done.stderr
    assert "start-over" in done.stderr
    with pytest.raises(private.KeyFileError):
        DiskStore(tmp_path / "media", "http://treadle.test")._token("med_x")


def test_a_lost_address_key_is_not_replaced_beside_files(tmp_path: Path) -> None:
    secret = admin_key(Settings(data_dir=tmp_path))
    env = environment(tmp_path)
    with serving("serve", "--port", "0", env=env) as (_, said):
        media = upload(said["url"], secret)
    path = tmp_path / "media" / "address.key"
    before = path.read_bytes()
    path.unlink()
    done = treadle("serve", "--port", "0", env=env)
    assert (done.returncode, str(path) in done.stderr, path.exists()) == (1, True, False)
    store = DiskStore(tmp_path / "media", "http://treadle.test")
    with pytest.raises(private.KeyFileError):
        store.find(media)
    assert treadle("keys", "start-over", "--yes", env=env).returncode == 0
    assert len(path.read_bytes()) == 32
    assert path.read_bytes() != before
    with serving("serve", "--port", "0", env=env):
        pass


# ------------------------------------------------------------------------------------------------ lost keys


def sample(settings: Settings) -> str:
    """A database with something sealed in it: an account; returns its id."""
    app = open_app(settings)
    account = add_account(app, DEFAULT_WORKSPACE, "ada")
    app.close()
    return account


def lose_file(settings: Settings) -> Settings:
    (settings.data_dir / KEY_FILE).unlink()
    return settings


def other_file(settings: Settings) -> Settings:
    (settings.data_dir / KEY_FILE).write_bytes(Fernet.generate_key() + b"\n")
    return settings


def other_setting(settings: Settings) -> Settings:
    return settings.model_copy(update={"secret_keys": Settings(secret_keys=Fernet.generate_key().decode()).secret_keys})


LOSSES = (lose_file, other_file, other_setting)


def setting(settings: Settings) -> dict[str, str]:
    given = {
        "TREADLE_DATABASE_URL": settings.database_url,
        "TREADLE_SECRET_KEYS": settings.secret_keys.get_secret_value(),
    }
    return environment(settings.data_dir, **{name: value for name, value in given.items() if value})


@pytest.mark.parametrize("lose", LOSSES, ids=lambda f: f.__name__)
def test_lost_keys_beside_sealed_data_stop_the_start(tmp_path: Path, database_url: str, lose: object) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    sample(settings)
    assert callable(lose)
    settings = lose(settings)
    before = sorted(path.name for path in settings.data_dir.iterdir())
    commands = [("serve", "--port", "0"), ("serve", "--port", "0", "--no-worker"), ("keys", "rotate")]
    if not database_url.startswith("sqlite"):
        commands.append(("worker",))
    for command in commands:
        done = treadle(*command, env=setting(settings))
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "start-over" in done.stderr
    assert [name for name in sorted(p.name for p in settings.data_dir.iterdir()) if name == KEY_FILE] == [
        name for name in before if name == KEY_FILE
    ]
    doctor = json.loads(treadle("doctor", "--offline", "--json", env=setting(settings)).stdout)
    assert doctor["verdict"] == "broken"


@pytest.mark.parametrize("lose", LOSSES, ids=lambda f: f.__name__)
def test_what_needs_no_secret_works_without_the_keys_and_nothing_is_sealed(tmp_path: Path, lose: object) -> None:
    settings = Settings(data_dir=tmp_path)
    sample(settings)
    assert callable(lose)
    app = open_app(lose(settings))
    try:
        with pytest.raises(VaultError, match="start-over"):
            app.vault.seal("x")
        with pytest.raises(VaultError, match="start-over"):
            app.start_worker()
        listed = TestClient(create_api(app), base_url="http://127.0.0.1:8700").get("/healthz")
        assert listed.status_code == 200
    finally:
        app.close()
    assert (tmp_path / KEY_FILE).exists() is (lose is not lose_file)


def test_one_secret_that_opens_is_enough(tmp_path: Path) -> None:
    """A key that was dropped too early loses some accounts, not all of them."""
    settings = Settings(data_dir=tmp_path)
    sample(settings)
    (tmp_path / KEY_FILE).write_bytes(Fernet.generate_key() + b"\n")
    app = open_app(Settings(data_dir=tmp_path, secret_keys=(tmp_path / KEY_FILE).read_text().strip()))
    vault = open_vault(settings)
    add_account_with(app, vault.seal("token"))
    app.close()
    app = open_app(settings)
    app.vault.check()
    app.close()


def add_account_with(app: App, sealed: bytes) -> None:
    with app.db.begin() as conn:
        conn.execute(
            sa.insert(accounts).values(
                id="acc_second", workspace_id=DEFAULT_WORKSPACE, threads_user_id="2", created_at=0.0, updated_at=0.0,
                token_enc=sealed,
            )
        )  # fmt: skip


@pytest.mark.parametrize("lose", LOSSES, ids=lambda f: f.__name__)
def test_starting_over_gives_up_what_is_lost_and_nothing_else(tmp_path: Path, lose: object) -> None:
    settings = Settings(data_dir=tmp_path)
    account = sample(settings)
    app = open_app(settings)
    with app.db.begin() as conn:
        hook = webhooks.create(
            conn, app.vault, DEFAULT_WORKSPACE, url="https://hooks.example/x", actor="test", now=app.now()
        )
        assert isinstance(hook, webhooks.NewWebhook)
        options = {"alert_urls_enc": "bm90IG9wZW5lZA==", "copy_media": True}
        conn.execute(sa.update(workspaces).where(workspaces.c.id == DEFAULT_WORKSPACE).values(options=options))
    app.close()
    assert callable(lose)
    settings = lose(settings)
    env = setting(settings)
    refused = treadle("keys", "start-over", env=env)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    done = treadle("keys", "start-over", "--yes", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"accounts": [account], "webhooks": [hook.id], "workspaces": [DEFAULT_WORKSPACE]}
    app = open_app(settings)
    try:
        app.check_keys()
        with app.db.read() as conn:
            row = conn.execute(sa.select(accounts).where(accounts.c.id == account)).one()
            assert (row.token_enc, row.disconnected_at is not None) == (None, True)
            kept = conn.execute(sa.select(webhook_table)).one()
            assert kept.state == "paused"
            assert app.vault.open(kept.secret_enc).startswith("whsec_")
            assert conn.execute(sa.select(workspaces.c.options)).scalar_one() == {"copy_media": True}
    finally:
        app.close()


def test_a_damaged_key_file_is_set_aside_by_starting_over(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    account = sample(settings)
    (tmp_path / KEY_FILE).write_text("half a key")
    done = treadle("keys", "start-over", "--yes", "--json", env=environment(tmp_path))
    assert json.loads(done.stdout)["accounts"] == [account]
    assert [path.read_text() for path in tmp_path.glob(f"{KEY_FILE}.damaged-*")] == ["half a key"]


# ------------------------------------------------------------------------------------------------ one database, once


def spellings(folder: Path) -> list[str]:
    (folder / "link").symlink_to(folder)
    plain = folder / "treadle.sqlite"
    return [
        f"sqlite:///{plain}",
        f"sqlite:///{folder}/./treadle.sqlite",
        f"sqlite:///{folder}/link/../{folder.name}/treadle.sqlite",
        f"sqlite+pysqlite:///{folder / 'link' / 'treadle.sqlite'}",
        f"sqlite:///file:{plain}?uri=true",
    ]


def test_one_sqlite_under_every_spelling_is_served_once(tmp_path: Path) -> None:
    with serving("serve", "--port", "0", env=environment(tmp_path)):
        for url in spellings(tmp_path):
            env = environment(tmp_path / "other", TREADLE_DATABASE_URL=url)
            done = treadle("serve", "--port", "0", env=env)
            assert (done.returncode, "Another Treadle server is running" in done.stderr) == (1, True), url
            assert "Traceback" not in done.stderr


def test_a_database_under_two_hard_links_is_refused(tmp_path: Path) -> None:
    """SQLite names its log after the name it was given: two names, two logs, one destroyed file."""
    assert treadle("migrate", env=environment(tmp_path)).returncode == 0
    (tmp_path / "other.sqlite").hardlink_to(tmp_path / "treadle.sqlite")
    done = treadle("posts", "list", env=environment(tmp_path))
    assert done.returncode == 1
    assert "several names" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_worker_in_a_program_is_refused_in_words(tmp_path: Path) -> None:
    code = (
        "import contextlib, treadle.cli.serve as serve; from treadle.cli import main\n"
        "serve._alone = lambda settings: contextlib.nullcontext()\n"
        "main(['serve', '--port', '0'])"
    )
    with serving("serve", "--port", "0", env=environment(tmp_path)):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, timeout=240
        )
    assert done.returncode == 1
    assert "Another Treadle works on the database" in done.stderr
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------ ready to write


def test_ready_means_that_writes_work(tmp_path: Path, database_url: str) -> None:
    app = open_app(Settings(data_dir=tmp_path, database_url=database_url))
    clock = [0.0]
    api = create_api(app)
    api.state.write_check._clock = lambda: clock[0]
    client = TestClient(api, base_url="http://127.0.0.1:8700")

    def database() -> tuple[int, str]:
        answer = client.get("/readyz")
        return answer.status_code, answer.json()["checks"]["database"]

    assert database() == (503, "ok")  # 503: no worker runs here
    refuse_writes(app)
    assert database()[1] == "ok"  # what was found a moment ago
    clock[0] += 11
    assert "takes no writes" in database()[1]
    app.close()


def refuse_writes(app: App) -> None:
    """As a full disk or a read-only file system does."""
    if app.db.is_sqlite:
        sa.event.listen(app.db.engine, "begin", lambda conn: conn.exec_driver_sql("PRAGMA query_only=ON"))
        return
    with app.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        name = conn.execute(sa.text("SELECT current_database()")).scalar_one()
        conn.execute(sa.text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    app.db.engine.dispose()
