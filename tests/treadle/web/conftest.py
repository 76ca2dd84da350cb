"""Fixtures of the pages' tests: a site with sample data, a server beside a sandbox, a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from tests.support.migrated import migrated_sqlite
from tests.treadle.web.browsing import Served, free_socket, serving
from tests.treadle.web.sample_data import SESSION, SampleSite, add_samples, open_session, settings_for
from treadle.app import open_app
from treadle.site import build
from treadle.web.page_request import SESSION_COOKIE
from treadle_sandbox.server import Sandbox
from treadle_sandbox.threaded import running


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[SampleSite]:
    settings = settings_for(tmp_path / "data", "http://testserver")
    migrated_sqlite(settings.resolved_database_url)
    app = open_app(settings)
    open_session(app)
    ids = add_samples(app)
    site = build(app)
    with TestClient(site, cookies={SESSION_COOKIE: SESSION}, follow_redirects=False) as client:
        yield SampleSite(app, site, client, ids)
    app.close()


@pytest.fixture
def threads() -> Iterator[Sandbox]:
    """A Threads to publish to, with one app and one profile."""
    with running(seed=1, accounts=["loom.and.shuttle"]) as sandbox:
        yield sandbox


@pytest.fixture
def served(threads: Sandbox, tmp_path: Path) -> Iterator[Served]:
    """The real server with a worker, beside the sandbox; nobody can log in yet."""
    listener = free_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    threads.control.app(redirect_uris=[f"{url}/threads/callback"])
    settings = settings_in(
        tmp_path / "served",
        public_url=url,
        threads_api_url=threads.url,
        threads_authorize_url=threads.authorize_url,
        threads_app_id=threads.app.id,
        threads_app_secret=threads.app.secret,  # type: ignore[arg-type]
        allow_private_media_hosts=True,
        time_scale=0.02,
        publish_settle=10,
    )
    with serving(settings, listener, worker=True) as running_server:
        yield running_server


@pytest.fixture
def sample_server(tmp_path: Path) -> Iterator[tuple[Served, dict[str, str]]]:
    """The real server with sample data, without a worker: for looking at every page."""
    listener = free_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with serving(settings_for(tmp_path / "sample", url), listener, worker=False) as running_server:
        open_session(running_server.app)
        yield running_server, add_samples(running_server.app)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: TREADLE_SHOTS, else the tests' temporary folder."""
    folder = Path(os.environ.get("TREADLE_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def asked_pictures(pictures: Path) -> Path | None:
    """The same where somebody asked for them; a picture of each page takes a fifth of the time of looking at it."""
    return pictures if os.environ.get("TREADLE_SHOTS") else None
