"""``treadle serve`` and ``worker`` as processes: starting, answering, stopping, refusing."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from tests.support.folders import settings_in
from tests.treadle.cli import servers
from tests.treadle.cli.ready import serving, treadle
from tests.treadle.cli.servers import PATIENCE_S, environment
from treadle.app import DEFAULT_WORKSPACE, open_app
from treadle.store import feed


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# Libraries that the server uses, and that its start does not need: the first request that does imports them.
ON_DEMAND = {
    "PIL", "alembic", "av", "mako", "markdown_it", "mcp", "obstore", "opentelemetry.sdk", "pillow_heif", "zxcvbn",
    "treadle_diagnosis.guide", "treadle_sandbox", "treadle.mcp",
}  # fmt: skip


def test_a_start_imports_nothing_that_can_wait(tmp_path: Path) -> None:
    """Of a database that is up to date: an idle server carries no migrations, codecs, guide or traces."""
    env = environment(tmp_path)
    assert not treadle("migrate", "--json", env=env).returncode
    script = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from treadle.cli import main; main(['serve', '--port', '0', '--worker', '--json'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        loaded = set(process.communicate(timeout=PATIENCE_S)[1].splitlines()[-1].split())
    finally:
        process.kill()
        process.communicate()
    assert json.loads(said)["worker"] is True
    assert {"treadle.launcher", "treadle.web.pages.guide", "treadle.engine.run", "dbos"} <= loaded
    assert sorted(ON_DEMAND & loaded) == []


def test_it_starts_answers_and_stops_when_told(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with servers.serving("serve", "--port", "0", "--stop-within", "20", env=env) as (process, said):
        url = said["url"]
        assert said["public_url"] == url
        assert get(f"{url}/healthz")[0] == 200
        status, ready = get(f"{url}/readyz")
        assert (status, json.loads(ready)["checks"]) == (200, {"database": "ok", "worker": "ok"})
        assert get(f"{url}/metrics")[0] == 401
        assert said["first_user"].startswith(f"{url}/setup?token=")
        assert get(f"{url}/v1/posts")[0] == 401
        assert "/v1/posts" in get(f"{url}/docs")[1]
        assert get(f"{url}/guide")[0] == 200
        assert get(f"{url}/guide/errors/token_is_invalid")[0] == 200
        assert get(f"{url}/media/med_x/y.jpg")[0] == 404
        problem = json.loads(get(f"{url}/v1/nothing")[1])
        assert get(problem["type"])[0] == 200
        second = treadle("serve", "--port", "0", env=env)
        assert second.returncode == 1
        assert "Another Treadle server is running" in second.stderr
        assert "Traceback" not in second.stderr
        stream = urllib.request.urlopen(urllib.request.Request(f"{url}/v1/events", headers=key_header(env)), timeout=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        stream.close()
        _, errors = process.communicate()
        assert "Traceback" not in errors
    # The lock went with the process.
    assert not treadle("migrate", "--json", env=env).returncode


def test_what_never_ends_does_not_keep_the_process_from_ending(tmp_path: Path) -> None:
    stuck = "import threading; threading.Thread(target=threading.Event().wait).start()"
    program = f"from treadle.launcher import Deadline; {stuck}; d = Deadline(0.1); d.begin(); d.begin()"
    done = subprocess.run([sys.executable, "-c", program], env=environment(tmp_path), timeout=PATIENCE_S, cwd=tmp_path)
    assert done.returncode == 0


def test_a_worker_that_stopped_cleanly_is_no_loss_and_one_that_was_killed_is(tmp_path: Path) -> None:
    env = environment(tmp_path)
    for told, lost in ((signal.SIGTERM, False), (signal.SIGKILL, False), (signal.SIGTERM, True)):
        with serving("serve", "--port", "0", env=env) as (process, _):
            process.send_signal(told)
            process.wait(PATIENCE_S)
            _, errors = process.communicate()
        assert ("worker.taken_over" in errors) is lost


def test_a_listener_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    env = environment(tmp_path)
    headers = key_header(env)

    def note(*types: str) -> None:
        app = open_app(settings_in(tmp_path))
        with app.db.begin() as conn:
            for type_ in types:
                feed.announce(conn, DEFAULT_WORKSPACE, type_, "acc_x", {}, now=app.now())
        app.close()

    def lines(url: str, last: str, count: int) -> list[tuple[str, str]]:
        asked = urllib.request.Request(f"{url}/v1/events", headers={**headers, "Last-Event-ID": last})
        found: list[tuple[str, str]] = []
        with urllib.request.urlopen(asked, timeout=60) as stream:
            number = ""
            for line in stream:
                name, _, value = line.decode().strip().partition(": ")
                number = value if name == "id" else number
                if name == "event":
                    found.append((number, value))
                if len(found) == count:
                    break
        return found

    note("account.first")
    with serving("serve", "--port", "0", "--no-worker", env=env) as (process, said):
        ((last, name),) = lines(said["url"], "0", 1)
        assert name == "account.first"
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    note("account.second", "account.third")  # while nobody served
    with serving("serve", "--port", "0", "--no-worker", env=env) as (_, said):
        assert [name for _, name in lines(said["url"], last, 2)] == ["account.second", "account.third"]


def key_header(env: dict[str, str]) -> dict[str, str]:
    from treadle.people.keys import create_key

    app = open_app(settings_in(Path(env["PWD"])))
    with app.db.begin() as conn:
        _, secret = create_key(conn, DEFAULT_WORKSPACE, "test", ["read"], app.now())
    app.close()
    return {"Authorization": f"Bearer {secret}"}


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = treadle("serve", "--port", str(taken.getsockname()[1]), env=environment(tmp_path))
    assert done.returncode == 1
    assert "Cannot listen on 127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_needs_postgres(tmp_path: Path) -> None:
    done = treadle("worker", env=environment(tmp_path))
    assert (done.returncode, "needs Postgres" in done.stderr) == (1, True)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = treadle("serve", env=environment(tmp_path, TREADLE_PORT="loud"))
    assert (done.returncode, "TREADLE_PORT" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    done = treadle("serve", "--port", "0", env=environment(tmp_path, TREADLE_DATABASE_URL=away))
    assert (done.returncode, "127.0.0.1:1 cannot be opened" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


@pytest.mark.postgres
def test_a_worker_beside_a_server_on_postgres(tmp_path: Path, postgres_cluster) -> None:  # type: ignore[no-untyped-def]
    with postgres_cluster.database() as url:
        env = environment(tmp_path, TREADLE_DATABASE_URL=url)
        with (
            serving("serve", "--port", "0", "--no-worker", env=env) as (server, said),
        ):
            status, ready = get(f"{said['url']}/readyz")
            assert (status, json.loads(ready)["checks"]["worker"].startswith("no worker")) == (503, True)
            with serving("worker", env=env) as (worker, _):
                assert get(f"{said['url']}/readyz")[0] == 200
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(PATIENCE_S) == 0
            server.send_signal(signal.SIGINT)
            assert server.wait(PATIENCE_S) == 0


@pytest.mark.postgres
def test_readiness_follows_the_database_and_health_does_not(tmp_path: Path) -> None:
    from tests.support.postgres import CARELESS, NoPostgres, Server

    database = Server(CARELESS)
    try:
        url = database.start()
    except NoPostgres as why:
        pytest.skip(str(why))
    try:
        with serving("serve", "--port", "0", env=environment(tmp_path, TREADLE_DATABASE_URL=url)) as (_, said):
            assert get(f"{said['url']}/readyz")[0] == 200
            assert database._process is not None
            database._process.send_signal(signal.SIGINT)
            database._process.wait(PATIENCE_S)
            status, ready = get(f"{said['url']}/readyz")
            assert (status, json.loads(ready)["checks"]) == (503, {"database": "does not answer"})
            assert get(f"{said['url']}/healthz")[0] == 200
    finally:
        database.stop()


def test_doctor_asks_the_server_that_runs_and_not_the_port_of_the_settings(tmp_path: Path) -> None:
    env = environment(tmp_path)

    def lines(*args: str) -> dict[str, dict[str, str]]:
        return {line["name"]: line for line in json.loads(treadle("doctor", "--json", *args, env=env).stdout)["lines"]}

    assert lines("--offline")["Server"]["verdict"] == "unknown"
    with serving("serve", "--port", "0", env=env) as (process, said):
        found = lines()
        assert found["Server"]["verdict"] == "fine"
        assert found["Server"]["found"] == f"Listening at {said['url']} (process {process.pid})."
        assert found["Reachable"]["verdict"] == "fine", found["Reachable"]
        assert said["url"] in found["Reachable"]["found"]
        assert said["url"] in found["Public address"]["found"]
        process.kill()  # what it wrote down is left behind
        process.wait()
        assert lines("--offline")["Server"]["verdict"] == "unknown"


def test_a_command_beside_a_server_names_its_address(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with serving("serve", "--port", "0", env=env) as (_, said):
        picture = tmp_path / "a.png"
        Image.new("RGB", (640, 480), (9, 9, 9)).save(picture)
        kept = json.loads(treadle("media", "add", str(picture), "--json", env=env).stdout)
        assert kept["url"].startswith(said["url"])
