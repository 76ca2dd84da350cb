"""The sign of life: given while posts are worked, withheld when they lie."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from tests.support.folders import settings_in
from tests.treadle.cli.ready import serving
from tests.treadle.cli.servers import environment
from tests.treadle.http.conftest import add_account
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.engine.heartbeat import OVERDUE_S, is_working, ping
from treadle.settings import Settings
from treadle.store.tables import posts

NOW = 1_800_000_000.0


class Listener:
    """An address that notes who asks."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[str] = []
        self.heard = threading.Event()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.asked.append(self.path)
                self.send_response(status)
                self.end_headers()
                listener.heard.set()

            def log_message(self, *_: object) -> None:
                """Silence."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/check/secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = open_app(settings_in(tmp_path))
    add_account(app, DEFAULT_WORKSPACE, "ada", id="acc_ada")
    yield app
    app.close()


def add(app: App, post_id: str, state: str, *, due: float, updated: float = 0.0, approval: str | None = None) -> None:
    with app.db.begin() as conn:
        conn.execute(
            sa.insert(posts).values(
                id=post_id, workspace_id=DEFAULT_WORKSPACE, account_id="acc_ada", state=state, due_at=NOW + due,
                max_lateness=86_400.0, created_at=0.0, updated_at=NOW + updated, approval=approval,
            )
        )  # fmt: skip


def working(app: App) -> bool:
    with app.db.read() as conn:
        return is_working(conn, now=NOW, overdue_s=OVERDUE_S)


def test_an_installation_without_overdue_posts_works(app: App) -> None:
    assert working(app)
    add(app, "pst_1", "scheduled", due=60)
    add(app, "pst_2", "scheduled", due=-OVERDUE_S + 1)
    add(app, "pst_3", "scheduled", due=-10 * OVERDUE_S, approval="pending")
    add(app, "pst_4", "blocked", due=-10 * OVERDUE_S, updated=-10 * OVERDUE_S)
    assert working(app)


def test_overdue_posts_are_no_trouble_while_others_move(app: App) -> None:
    add(app, "pst_1", "scheduled", due=-OVERDUE_S - 1)
    assert not working(app)
    add(app, "pst_2", "published", due=-OVERDUE_S - 1, updated=-OVERDUE_S - 1)
    assert not working(app)
    add(app, "pst_3", "published", due=-OVERDUE_S - 1, updated=-1)
    assert working(app)


def test_a_worker_gives_signs_and_a_server_without_one_does_not(tmp_path: Path, listener: Listener) -> None:
    env = environment(tmp_path, TREADLE_HEARTBEAT_URL=listener.url, TREADLE_TIME_SCALE="0.05")
    with serving("serve", "--port", "0", "--no-worker", env=env):
        assert listener.asked == []
    with serving("serve", "--port", "0", env=env):
        assert listener.heard.wait(240)
    assert set(listener.asked) == {"/check/secret"}


def test_a_service_that_is_away_or_refuses_is_named_without_its_address() -> None:
    refusing = Listener(500)
    try:
        assert asyncio.run(ping(refusing.url)) == "HTTP 500"
    finally:
        refusing.server.shutdown()
    for url in ("http://127.0.0.1:1/check/secret", "http://"):
        said = asyncio.run(ping(url))
        assert said
        assert "secret" not in said


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="https://"):
        Settings(heartbeat_url="healthchecks.example")
