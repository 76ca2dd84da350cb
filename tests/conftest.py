"""Fixtures of every package: databases, settings."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support import proof
from tests.support.egress.watching import RECORD, nothing_goes_past_the_guard
from tests.support.migrated import migrated_sqlite, postgres_template
from tests.support.postgres import Cluster, NoPostgres, shared_cluster
from tests.support.proof import tally
from treadle.settings import Settings

__all__ = ["nothing_goes_past_the_guard", "tally"]

# A person's own settings must not reach the tests.
_OURS = ("TREADLE_REQUIRE_POSTGRES", "TREADLE_MATRIX", "TREADLE_SHOTS", proof.SEED)  # these steer the tests themselves
for _name in [name for name in os.environ if name.startswith("TREADLE_") and name not in _OURS]:
    del os.environ[_name]

# A program started in the background by a shell ignores Ctrl-C, and hands that on to what it starts: tests that press
# Ctrl-C for somebody would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Finding no handler, DBOS adds one that writes to what stderr is then: a file of the test that starts it first, closed
# with that test.
logging.getLogger("dbos").addHandler(logging.NullHandler())


# Nothing is judged by the clock, so neither is how long an example takes or is sought on a busy machine.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


def _required() -> bool:
    """Whether a missing PostgreSQL is a failure: always in CI, on a person's machine only when asked for."""
    asked = (os.environ.get("TREADLE_REQUIRE_POSTGRES"), os.environ.get("CI"))
    return any(value and value.lower() not in ("0", "false", "no") for value in asked)


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The session's own PostgreSQL, shared by pytest-xdist's workers."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    try:
        with shared_cluster(folder) as cluster:
            yield cluster
    except NoPostgres as why:
        if _required():
            pytest.fail(f"PostgreSQL is required here: {why}")
        pytest.skip(f"no PostgreSQL: {why}")


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: Cluster) -> str:
    """Address of the session's PostgreSQL (its maintenance database); tests make their own databases in it."""
    return postgres_cluster.url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a fresh, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'treadle.sqlite'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a fresh database that is migrated: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'treadle.sqlite'}"
        migrated_sqlite(url)
        yield url
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database(postgres_template(cluster)) as url:
        yield url


@pytest.fixture
def fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh folder as the working directory: the default settings keep everything in ``treadle-data`` in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def make_settings(fresh_folder: Path) -> Callable[..., Settings]:
    """The default settings in a fresh folder; keyword arguments override, for instance ``database_url``."""
    return Settings


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """The default settings in a fresh folder: SQLite, in ``treadle-data``."""
    return make_settings()


# What a run of the long proofs that is cut off must have done: nothing else plays kills, commits and takeovers for
# real, on the database of whoever publishes most. Files are handed out in this order (`--no-loadscope-reorder`).
PROVES_MOST = (
    "engine/test_crashes_on_postgres.py",
    "engine/test_takeover.py",
    "engine/test_faults_on_postgres.py",
    "engine/test_crashes_on_sqlite.py",
    "store/test_released_databases.py",
    "engine/test_late_refusals.py",
    "accounts/test_secrets_stay_secret.py",
    "cli/test_cli_publishing.py",
    "engine/test_faults_on_sqlite.py",
    "cli/test_webhooks_command.py",
    "tests/test_build_on_it.py",
    "tests/test_commands_of_the_pages.py",
)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    """Tests that share a browser come last: Playwright's loop goes on in their thread, and no other can run there."""
    place, found = item.path.as_posix(), len(PROVES_MOST)
    if item.get_closest_marker("long"):
        found = next((n for n, name in enumerate(PROVES_MOST) if place.endswith(name)), found)
    return "chromium_browser" in getattr(item, "fixturenames", ()), found


@pytest.hookimpl(trylast=True)  # of what is left when the marks have chosen
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


# Ten thousand tests and all modules are objects that stay: going through them again and again took a sixth of the time.
def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    RECORD.unlink(missing_ok=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the proofs of this run really did."""
    done = [report for name in ("", "passed", "failed") for report in terminalreporter.stats.get(name, [])]
    lines = list(proof.summary(done))
    if lines:
        terminalreporter.section("proofs")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Any]:
    """One Chromium for all tests: a second one in the same process would not start."""
    from tests.treadle.web.browsing import chromium, give_up

    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium()
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except sync_api.Error as error:
            give_up(f"Chromium does not start: {error}")
        yield browser
        browser.close()
