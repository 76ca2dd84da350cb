"""From the command line to a Threads: publish, look, repair; with the sandbox and a server as processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from tests.treadle.cli.conftest import Terminal
from tests.treadle.cli.ready import serving, treadle
from tests.treadle.cli.servers import environment
from tests.treadle.http.conftest import Site
from treadle.cli import main
from treadle_sandbox.server import Sandbox
from treadle_sandbox.threaded import running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running(processing="fast") as made:
        yield made


@pytest.fixture(scope="module")
def env(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(
        tmp_path_factory.mktemp("cli"),
        TREADLE_THREADS_API_URL=sandbox.url,
        TREADLE_THREADS_AUTHORIZE_URL=sandbox.authorize_url,
        TREADLE_THREADS_APP_ID="1234567890",
        TREADLE_THREADS_APP_SECRET="a-secret-for-the-sandbox",
        TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS="1",
        TREADLE_TIME_SCALE="0.1",
    )


@pytest.fixture(scope="module")
def server(env: dict[str, str]) -> Iterator[str]:
    with serving("serve", "--port", "0", env=env) as (_, said):
        # What is kept by a command is fetched from the server: it has to know where that is.
        env["TREADLE_PUBLIC_URL"] = said["url"]
        yield said["url"]


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def here(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """``treadle`` in this process, in a folder of its own: starting Python takes longer than most commands."""
    for name, value in env.items():
        if name.startswith("TREADLE_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def call(*args: str) -> Done:
        with pytest.raises(SystemExit) as stop:
            main(list(args))
        said = capsys.readouterr()
        return Done(stop.value.code if isinstance(stop.value.code, int) else 1, said.out, said.err)

    return call


def run(env: dict[str, str], *args: str, code: int = 0) -> Any:
    done = treadle(*args, "--json", env=env)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.long
def test_from_nothing_to_a_repaired_cause(server: str, env: dict[str, str], sandbox: Sandbox, tmp_path: Path) -> None:
    ada = sandbox.control.add_account("ada")
    account = run(env, "accounts", "add", "--token", ada["access_token"])
    picture = tmp_path / "loom.jpg"
    Image.new("RGB", (640, 480), (120, 60, 30)).save(picture, "JPEG")
    post = run(env, "publish", "With a picture", "--media", str(picture), "--alt", "A loom", "--wait", "120")
    assert post["state"] == "published"
    [live] = sandbox.control.posts("ada")
    assert live["text"] == "With a picture"
    assert post["parts"][0]["threads_id"] == str(live["id"])
    assert run(env, "posts", "list", "--state", "published")["data"][0]["id"] == post["id"]
    shown = run(env, "posts", "show", post["id"][-8:])
    assert {event["stage"] for event in shown["events"]} >= {"create_container", "publish"}

    sandbox.control.revoke("ada")
    parked = run(env, "publish", "Waits", "--account", "@ada", "--wait", "120", code=1)
    assert parked["state"] == "blocked"
    [blocker] = run(env, "blockers")["data"]
    assert run(env, "blockers", "recheck", blocker["id"], "--preview") == {"sends": [parked["id"]], "holds": []}
    assert run(env, "blockers", "recheck", blocker["id"], code=1)["verdict"] == "still"
    run(env, "accounts", "add", "--token", sandbox.control.token("ada")["access_token"])
    assert run(env, "posts", "wait", parked["id"])["state"] == "published"
    assert [p["text"] for p in sandbox.control.posts("ada")] == ["With a picture", "Waits"]
    assert run(env, "posts", "unpublish", parked["id"], "--yes")["deleted"] == [
        p["parts"][0]["threads_id"] for p in run(env, "posts")["data"] if p["id"] == parked["id"]
    ]
    assert [p["text"] for p in sandbox.control.posts("ada")] == ["With a picture"]
    assert run(env, "posts", "unpublish", parked["id"], "--yes", code=1)["error"] == "not_published"
    assert account["username"] == "ada"


def test_without_a_server(env: dict[str, str], sandbox: Sandbox, tmp_path: Path, here: Callable[..., Done]) -> None:
    def run(*args: str, code: int = 0) -> Any:
        done = here(*args, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    none = here("publish", "hello")
    assert (none.returncode, "treadle accounts add" in none.stderr) == (1, True)
    bea = sandbox.control.add_account("bea")
    run("accounts", "add", "--token", bea["access_token"])
    long = run("publish", "x" * 600, code=1)
    assert long["findings"][0]["field"] == "text"
    missing = here("publish", "hello", "--media", str(tmp_path / "none.jpg"))
    assert (missing.returncode, "There is no file" in missing.stderr) == (1, True)
    assert run("publish", "hello", "--check")["ok"] is True
    (tmp_path / "fake.jpg").write_text("no picture")
    assert run("publish", "hello", "--media", str(tmp_path / "fake.jpg"), code=1)["findings"]
    at = ("--at", "2040-01-01T09:00", "--zone", "Europe/Berlin")
    kept = here("publish", "hello", *at, "--label", "x", "--json")
    assert "No worker is running" in kept.stderr
    post = json.loads(kept.stdout)
    assert (post["state"], post["publish_at"]) == ("scheduled", "2040-01-01T08:00:00.000Z")
    assert post["zone"] == "Europe/Berlin"
    assert run("posts", "edit", post["id"], "--text", "better")["message"]
    plain = here("posts")
    assert plain.returncode == 0
    assert post["id"] in plain.stdout
    assert "better" in plain.stdout
    assert run("posts", "cancel", post["id"])["post_id"] == post["id"]
    assert run("posts", "cancel", "pst_" + "0" * 26, code=1)["error"] == "not_found"
    assert here("posts", "resolve", post["id"]).returncode == 2
    assert here("posts", "resolve", post["id"], "--detached", "sideways").returncode == 2
    assert run("posts", "resolve", post["id"], "--detached", "stop", code=1)["error"] == "nothing_to_resolve"
    assert here("posts", "--state", "lost").returncode == 2
    assert here("posts", "show", "xx").returncode == 2
    assert run("blockers") == {"data": []}
    out = tmp_path / "all.jsonl"
    assert here("posts", "export", "--out", str(out)).returncode == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert {"workspace", "account", "post", "end"} <= {line["type"] for line in lines}
    assert bea["access_token"] not in out.read_text()
    assert run("migrate", "--check")["needed"] is False


def test_what_goes_along_with_a_post(treadle: Terminal, at_home: Site) -> None:
    post = treadle.json(
        "publish", "asks first", "--approval", "--metadata", "order=17", "--metadata", "by=shop", "--reply", "second",
        "--option", "reply_control=mentioned_only", "--label", "autumn",
    )  # fmt: skip
    assert (post["state"], post["approval"], post["labels"]) == ("draft", "pending", ["autumn"])
    assert post["metadata"] == {"order": "17", "by": "shop"}
    assert [part["text"] for part in post["parts"]] == ["asks first", "second"]
    assert treadle.json("posts", "confirm", post["id"])["post_id"] == post["id"]
    assert treadle.json("posts", "show", post["id"])["approval"] == "approved"
    wrong = treadle("publish", "x", "--metadata", "order")
    assert (wrong.code, "NAME=VALUE" in wrong.err) == (2, True)
