"""Public clients from the package index run against the sandbox, unmodified, in an environment of their own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.support.set_up import uv_and_environment
from tests.treadle_sandbox.conftest import image
from treadle_sandbox import Sandbox, running

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = Path(__file__).parent / "clients"
HOME = ROOT / ".venv-clients"
ENVIRONMENT = HOME / "env"

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def client_python() -> Path:
    """The interpreter of ``.venv-clients``, made on demand from the pinned list; skips when it cannot be."""
    wanted = hashlib.sha256((CLIENTS / "requirements.txt").read_bytes()).hexdigest()
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "made-from"
    HOME.mkdir(exist_ok=True)
    with FileLock(HOME / "lock"):
        if stamp.exists() and stamp.read_text() == wanted and python.exists():
            return python
        try:
            uv, environment = uv_and_environment()
        except Exception as why:
            pytest.skip(f"the public clients cannot be installed without uv: {why}")
        steps = [
            [str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENT)],
            [str(uv), "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:",
             "--python", str(python), "-r", str(CLIENTS / "requirements.txt")],
        ]  # fmt: skip
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, timeout=300, cwd=CLIENTS, env=environment)
            if done.returncode != 0:
                pytest.skip(f"the public clients cannot be installed here: {done.stderr.strip()[-300:]}")
        stamp.write_text(wanted)
    return python


@pytest.fixture
def set_up(files_thread: str) -> Iterator[tuple[Sandbox, dict[str, str]]]:
    """A sandbox with an account, media that are good and bad, and the values a driver asks for."""
    with running(processing=0.0, app={"id": "246813579", "secret": "shh"}) as sandbox:
        account = sandbox.control.add_account("ada")
        yield (
            sandbox,
            {
                "url": sandbox.url,
                "token": account["access_token"],
                "username": "ada",
                "app_id": "246813579",
                "app_secret": "shh",
                "short": sandbox.control.token("ada", kind="short")["access_token"],
                "old": sandbox.control.token("ada", age_s=90_000)["access_token"],
                "image": files_thread + "/a.jpg?x=1&y=2",
                "video": files_thread + "/v.mp4",
                "bad_video": files_thread + "/slow.mp4",
            },
        )


@pytest.fixture
def files_thread(make_video: Callable[..., bytes], tmp_path: Path) -> Iterator[str]:
    """A plain web server in a thread: the drivers are processes of their own."""
    import threading
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: the tests' output stays readable."""

    (tmp_path / "a.jpg").write_bytes(image())
    (tmp_path / "v.mp4").write_bytes(make_video(sound=("aac", "stereo", 48_000)))
    (tmp_path / "slow.mp4").write_bytes(make_video(fps=12))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def drive(python: Path, script: str, given: dict[str, str]) -> dict[str, Any]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("THREADS_", "TREADLE_", "PYTHON"))}
    done = subprocess.run(
        [str(python), str(CLIENTS / script)], input=json.dumps(given), capture_output=True, text=True, timeout=120,
        env={**clean, "NO_PROXY": "127.0.0.1"}, cwd=CLIENTS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("version", ["", "v1.0/"])
def test_pythreads(client_python: Path, set_up: Any, version: str) -> None:
    sandbox, given = set_up
    seen = drive(client_python, "drive_pythreads.py", {**given, "version": version})
    posts = sandbox.control.posts("ada")
    assert [p["media_type"] for p in posts] == ["TEXT_POST", "CAROUSEL_ALBUM", "TEXT_POST"]
    assert seen["short"] is False
    assert seen["user_id"] == posts[0]["account"]
    assert seen["account"]["username"] == "ada"
    assert seen["post"]["text"] == "Olá & 100% — #tag 🚀 https://example.com/?a=1&b=2"
    assert len(seen["carousel"]["children"]["data"]) == 2
    assert seen["failed"] == ["ERROR", "INVALID_FRAME_RATE"]
    assert seen["replies"] == seen["conversation"] == [seen["reply"]]
    assert seen["managed"] == {"success": True}
    assert posts[2]["hide_status"] == "HIDDEN"
    assert seen["threads"] == 2
    assert seen["limit"]["data"][0]["quota_usage"] == 2
    assert seen["limit"]["data"][0]["reply_quota_usage"] == 1
    assert seen["insights"] == ["likes", "quotes", "replies", "reposts", "views"]
    assert seen["second_publish"] == 4279009


def test_threads_client(client_python: Path, set_up: Any) -> None:
    sandbox, given = set_up
    seen = drive(client_python, "drive_threads_client.py", given)
    posts = sandbox.control.posts("ada", deleted="true")
    kinds = [p["media_type"] for p in posts]
    assert kinds == ["TEXT_POST", "IMAGE", "VIDEO", "CAROUSEL_ALBUM", "TEXT_POST"]
    assert posts[0]["text"] == "Olá & 100% — 🚀 https://example.com/?a=1&b=2"
    assert posts[0]["params"]["topic_tag"] == "loom"
    assert posts[4]["reply_to"] == seen["post"]
    assert seen["page"] == ["CAROUSEL_ALBUM", "VIDEO", "IMAGE"]
    assert seen["all"] == [p["id"] for p in reversed(posts[:4])]
    assert seen["deleted"] is True
    assert posts[0]["deleted"] is True
    assert "INVALID_FRAME_RATE" in seen["failed"]
    assert "at most 500 characters" in seen["too_long"]
    assert seen["exchanged"] > 5_183_000
    assert seen["refreshed"] > 5_183_000
