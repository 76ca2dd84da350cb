"""What a person meets when something around the command is not as it should be: sentences and fixed exit codes."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.folders import settings_in
from tests.treadle.cli.ready import Process, treadle
from tests.treadle.cli.servers import PATIENCE_S, environment
from treadle.app import open_app
from treadle.cli._trouble import trouble_of
from treadle.store.copying import copy_sqlite

OPENING = (("posts", "list"), ("accounts", "list"), ("keys", "list"), ("migrate",), ("serve", "--port", "0"))
DEAD = "postgresql://nobody:hush@127.0.0.1:1/nothing"


def said(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "╭" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3  # what happened and why, then what to do
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("command", OPENING, ids=" ".join)
def test_postgres_that_is_away(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = treadle(*command, env=environment(tmp_path, TREADLE_DATABASE_URL=DEAD))
    said(done, 1, "The database at 127.0.0.1:1 cannot be opened", "refused", "correct TREADLE_DATABASE_URL")
    assert "hush" not in done.stderr


@pytest.mark.parametrize("url", ["mysql://a/b", "nonsense"])
def test_a_database_address_that_is_none(tmp_path: Path, url: str) -> None:
    said(
        treadle("accounts", "list", env=environment(tmp_path, TREADLE_DATABASE_URL=url)), 2, "TREADLE_DATABASE_URL"
    )  # fmt: skip


@pytest.mark.parametrize("command", OPENING, ids=" ".join)
def test_a_data_directory_that_cannot_be_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("")
    env = {**environment(tmp_path), "TREADLE_DATA_DIR": str(tmp_path / "file" / "data")}
    said(treadle(*command, env=env), 1, str(tmp_path / "file"), "cannot be used", "TREADLE_DATA_DIR")


def powerless(*args: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The command as a user whom file modes bind; root is made one by taking that power from it."""
    command = [sys.executable, "-m", "treadle", *args]
    if os.geteuid() == 0:
        if not (setpriv := shutil.which("setpriv")):
            pytest.skip("this is root, whom modes do not bind, and there is no setpriv")
        command = [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", *command]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_S, cwd=env["PWD"])


def test_a_data_directory_that_may_only_be_read(tmp_path: Path) -> None:
    open_app(settings_in(tmp_path)).close()
    env = environment(tmp_path)
    data = tmp_path / "treadle-data"
    for file in data.iterdir():
        file.chmod(0o444)
    data.chmod(0o555)
    try:
        for command in (("posts", "list"), ("keys", "list"), ("serve", "--port", "0")):
            said(powerless(*command, env=env), 1, str(data), "Let this user")
        said(powerless("backup", str(tmp_path / "backup"), env=env), 1, str(data), "Let this user")
        doctor = powerless("doctor", "--offline", env=env).stdout
        assert "BROKEN  Database" in doctor
        assert "Let this user write the file" in doctor
    finally:
        data.chmod(0o755)


def test_a_database_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "treadle-data").mkdir()
    (tmp_path / "treadle-data" / "treadle.sqlite").write_bytes(b"not a database, whatever its name says" * 100)
    said(treadle("posts", "list", env=environment(tmp_path)), 1, "file is not a database", "backup")


@pytest.mark.parametrize(
    "said_by_sqlite", ["disk I/O error", "unable to open database file", "database or disk is full"]
)
def test_a_full_disk_is_called_one_whatever_sqlite_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said_by_sqlite: str
) -> None:
    monkeypatch.setenv("TREADLE_DATA_DIR", str(tmp_path))
    error = sa.exc.OperationalError("", {}, sqlite3.OperationalError(said_by_sqlite))
    no_room = shutil.disk_usage(tmp_path)._replace(free=4096)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda folder: no_room)
        found = trouble_of(error)
        assert found is not None
        assert "the disk is full" in found.message
        assert found.todo == "Make room on that disk, then try again."
    if "full" not in said_by_sqlite:  # with room it is something else
        found = trouble_of(error)
        assert found is not None
        assert "the disk is full" not in found.message


def test_a_backup_names_the_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "live" / "treadle.sqlite", tmp_path / "elsewhere" / "copy.sqlite"
    for file in (source, target):
        file.parent.mkdir()
    with closing(sqlite3.connect(source)) as live:
        live.execute("CREATE TABLE t (filler TEXT)")
        live.execute("INSERT INTO t VALUES (?)", ("x" * 200_000,))
        live.commit()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    room = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda at: room._replace(free=0 if at == target.parent else 10**9))
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))  # writing more fails, as on a disk without room
    try:
        with pytest.raises(OSError, match="No space left") as refused:
            copy_sqlite(source, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert refused.value.filename == str(target)
    found = trouble_of(refused.value)
    assert found is not None
    assert found.todo == "Make room on that disk, then try again."


def test_what_is_open_already_and_finds_no_room(tmp_path: Path) -> None:
    found = trouble_of(OSError(errno.ENOSPC, "No space left on device"))  # as tar and a full standard output have it
    assert str(found) == "The disk is full.\nMake room on it, then try again."
    assert trouble_of(OSError(errno.EBADF, "Bad file descriptor")) is None


@pytest.mark.parametrize(
    "command",
    [("--help",), ("posts", "--help"), ("posts", "list", "--json"), ("posts", "export"),
     ("export",), ("webhooks", "events"), ("workspace",), ("media", "--json"), ("unknown", "--json"),
     ("explain", "token_is_invalid"), ("diagnose", '{"error": {"code": 190}}'), ("keys", "--json"),
     ("accounts", "--json")],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_leaves_early_changes_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    open_app(settings_in(tmp_path)).close()
    reading, writing = os.pipe()
    os.close(reading)
    process: Process | subprocess.Popen[str]
    try:
        if command in (("--help",), ("posts", "list", "--json")):  # one of each kind as Python starts it
            process = subprocess.Popen(
                [sys.executable, "-m", "treadle", *command],
                env=environment(tmp_path), cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        else:
            process = Process(*command, env=environment(tmp_path), stdout=writing)
        os.close(writing)
        errors = process.communicate(timeout=PATIENCE_S)[1]
    finally:
        if process.poll() is None:
            process.kill()
    assert (process.returncode, errors) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "command",
    [("posts", "list", "--json"), ("posts", "csv"), ("diagnose", '{"error": {"code": 190}}'), ("--version",)],
    ids=" ".join,
)
def test_output_into_a_file_on_a_full_disk(tmp_path: Path, command: tuple[str, ...]) -> None:
    open_app(settings_in(tmp_path)).close()
    with open("/dev/full", "wb") as full:
        if command == ("--version",):  # as Python starts it
            done = subprocess.run(
                [sys.executable, "-m", "treadle", *command],
                env=environment(tmp_path), cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True,
                timeout=PATIENCE_S,
            )  # fmt: skip
        else:
            process = Process(*command, env=environment(tmp_path), stdout=full)
            errors = process.communicate(timeout=PATIENCE_S)[1]
            done = subprocess.CompletedProcess(process.args, process.wait(), "", errors)
    said(done, 1, "disk is full", "Make room on it")


def test_ctrl_c_ends_quietly_with_130(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle", "diagnose", "--jsonl", "-"],
        stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path), cwd=tmp_path,
        text=True, bufsize=1,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        os.write(
            writing, b'{"id": 1, "body": {"error": {"code": 190}}}\n' * 200
        )  # more than is buffered: it is at work
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert (process.wait(PATIENCE_S), process.stderr and process.stderr.read()) == (130, "")
    finally:
        process.kill()
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize(
    ("file", "of_the_data"), [("data/treadle.sqlite", True), ("data", True), ("", True), ("elsewhere/out.json", False)]
)
def test_a_file_elsewhere_is_not_put_down_to_the_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, of_the_data: bool
) -> None:
    monkeypatch.setenv("TREADLE_DATA_DIR", str(tmp_path / "data"))
    found = trouble_of(FileNotFoundError(errno.ENOENT, "No such file or directory", str(tmp_path / file)))
    assert found is not None
    assert found.message == f"{tmp_path / file} cannot be used: no such file or directory."
    assert ("TREADLE_DATA_DIR" in found.todo) is of_the_data


@pytest.mark.parametrize("line", ["--version", "posts list --json", "diagnose 190", "explain token_expired", "export"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_an_output_that_was_closed_from_the_start_is_no_trouble(line: str, closed: str, fresh_folder: Path) -> None:
    """As some supervisors and cron jobs start a program."""
    if line == "--version":  # as Python starts it
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "treadle", *line.split()],
            env=environment(fresh_folder), cwd=fresh_folder, capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        code, errors = done.returncode, done.stderr
    else:
        out, err = (None if stream in closed.split() else subprocess.PIPE for stream in (">&-", "2>&-"))
        process = Process(*line.split(), env=environment(fresh_folder), stdout=out, stderr=err)
        _, errors = process.communicate(timeout=PATIENCE_S)
        code = process.wait()
    assert code == 0
    assert "Error" not in errors, errors
