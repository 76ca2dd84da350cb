"""A PostgreSQL cluster of one's own: in a temporary directory, on a free port of loopback, gone afterwards.

The machine's own cluster is never touched. Processes that want the same cluster (pytest-xdist's workers) name the same
``shared`` folder. The cluster runs under a small supervisor process; each user holds a shared file lock, and when the
last one has let go, killed ones included, the supervisor stops the server and removes its files.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
USER = "treadle"
# Not for keeping anything: a crash may lose it all, and tests are quicker for it.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "on"}
CAREFUL = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}
COMMON = {
    "max_connections": "400",
    "shared_buffers": "128MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_min_messages": "warning",
}


class NoPostgres(Exception):
    """Why no cluster can be started here, in a sentence."""


def binaries() -> Path:
    """The folder of ``initdb`` and ``postgres``: the newest of Debian's, else the one on PATH."""
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if debian:
        return max(debian, key=lambda path: float(path.parent.name))
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise NoPostgres("PostgreSQL's initdb was found neither in /usr/lib/postgresql nor on PATH (Debian: postgresql)")


def _account() -> dict[str, str]:
    """Arguments for ``subprocess`` that leave root behind, which initdb refuses to run as."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": name, "group": str(entry.pw_gid)}
    raise NoPostgres("this is root, which PostgreSQL refuses to run as, and there is no user 'postgres' or 'nobody'")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One cluster, started and stopped by this process."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = {**COMMON, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None

    def start(self) -> str:
        """Start it; returns its address, with the maintenance database."""
        bin_dir, account = binaries(), _account()
        self._home = home = Path(tempfile.mkdtemp(prefix="treadle-pg-"))
        password = secrets.token_hex(16)
        (home / "password").write_text(password)
        kwargs: dict[str, object] = {}
        if account:
            gid = int(account["group"])
            shutil.chown(home, account["user"], gid)
            shutil.chown(home / "password", account["user"], gid)
            kwargs = {"user": account["user"], "group": gid, "extra_groups": []}
        data = home / "data"
        initdb = [bin_dir / "initdb", "-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={home / 'password'}"]
        done = subprocess.run(
            [*map(str, initdb), "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd=home, capture_output=True, text=True, check=False, **kwargs,  # type: ignore[call-overload]
        )  # fmt: skip
        if done.returncode != 0:
            raise NoPostgres(f"initdb refused: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
        for _ in range(5):  # somebody else may take the port between looking and listening
            port = _free_port()
            options = [f"-c{name}={value}" for name, value in {**self._settings, "port": str(port)}.items()]
            with open(home / "log", "ab") as log:
                self._process = subprocess.Popen(
                    [str(bin_dir / "postgres"), "-D", str(data), *options],
                    cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **kwargs,  # type: ignore[call-overload]
                )  # fmt: skip
            url = f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"
            if self._answers(url):
                return url
        raise NoPostgres(f"postgres did not start: {(home / 'log').read_text()[-400:]}")

    def _answers(self, url: str) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                psycopg.connect(url, connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        self._end(signal.SIGQUIT)
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def stop(self) -> None:
        """Stop it, clients or not, and remove its files."""
        self._end(signal.SIGINT)
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)


@dataclass(frozen=True)
class Cluster:
    """A running cluster and the databases in it. ``url`` is the maintenance database's."""

    url: str

    def create_database(self, name: str = "", template: str = "template1") -> str:
        """A new database (a copy of ``template``); returns its address in SQLAlchemy's form."""
        name = name or "t_" + secrets.token_hex(8)
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url.replace("postgresql://", "postgresql+psycopg://").rpartition("/")[0] + "/" + name

    def drop_database(self, url: str) -> None:
        name = url.rpartition("/")[2]
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A fresh database, empty or a copy of ``template``, for as long as the block lasts."""
        url = self.create_database(template=template)
        try:
            yield url
        finally:
            self.drop_database(url)


@contextlib.contextmanager
def shared_cluster(shared: Path, *, careful: bool = False) -> Iterator[Cluster]:
    """The cluster of everybody who names the folder ``shared``; the first one starts it, the last one ends it."""
    shared.mkdir(parents=True, exist_ok=True)
    address = shared / "postgres-address"
    with open(shared / "postgres-users.lock", "w") as using:
        with open(shared / "postgres-start.lock", "w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(using, fcntl.LOCK_SH)
            if not address.exists():
                _supervise(shared, careful)
            url = address.read_text()
        yield Cluster(url)


@contextlib.contextmanager
def own_cluster(*, careful: bool = False) -> Iterator[Cluster]:
    """A cluster for this process alone."""
    with (
        tempfile.TemporaryDirectory(prefix="treadle-pg-use-") as folder,
        shared_cluster(Path(folder), careful=careful) as cluster,
    ):
        yield cluster


def _supervise(shared: Path, careful: bool) -> None:
    binaries()  # say so here, not in the supervisor, when there are none
    _account()
    command = [sys.executable, "-m", "tests.support.postgres", str(shared), "careful" if careful else "careless"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd="/", env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        _, errors = process.communicate()
        raise NoPostgres("\n".join(errors.strip().splitlines()[-1:]) or "the cluster's supervisor ended")


def _supervisor(shared: Path, careful: bool) -> int:
    server = Server(CAREFUL if careful else CARELESS)
    address = shared / "postgres-address"
    try:
        try:
            url = server.start()
        except NoPostgres as why:
            print(why, file=sys.stderr)
            return 1
        unfinished = address.with_suffix(".part")
        unfinished.write_text(url)
        unfinished.rename(address)
        with open(shared / "postgres-users.lock") as users:
            print("ready", flush=True)
            fcntl.flock(users, fcntl.LOCK_EX)  # until the last user has let go
            address.unlink(missing_ok=True)
            server.stop()
        return 0
    finally:
        server.stop()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the users; this ends when they have
    sys.exit(_supervisor(Path(sys.argv[1]), sys.argv[2] == "careful"))
