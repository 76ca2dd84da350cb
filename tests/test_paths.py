"""Paths are absolute from where they are read: a process with another working directory finds the same files."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.settings import Settings
from treadle_diagnosis.paths import absolute


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_default_data_directory_is_absolute_and_stays_where_it_was(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert settings.data_dir == here / "treadle-data"
    assert settings.resolved_database_url == f"sqlite:///{here}/treadle-data/treadle.sqlite"


@pytest.mark.parametrize("written", ["data", "./data", "inner/../data"])
def test_a_relative_data_directory_from_the_environment_and_from_the_file(
    written: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("treadle.toml").write_text(f'data_dir = "{written}"\n')
    assert Settings().data_dir == here / written
    monkeypatch.setenv("TREADLE_DATA_DIR", written + "2")
    assert Settings().data_dir == here / (written + "2")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("sqlite:///posts.sqlite", "sqlite:///{here}/posts.sqlite"),
        ("sqlite+pysqlite:///in/posts.sqlite?timeout=5", "sqlite+pysqlite:///{here}/in/posts.sqlite?timeout=5"),
        ("sqlite:////var/posts.sqlite", "sqlite:////var/posts.sqlite"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://me@host/name", "postgresql+psycopg://me@host/name"),
    ],
)
def test_a_database_file_is_absolute(given: str, wanted: str, here: Path) -> None:
    assert Settings(database_url=given).resolved_database_url == wanted.format(here=here)


def test_home_and_links(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert absolute("~/x") == here / "x"
    (here / "link").symlink_to(here / "target")
    assert absolute("link") == here / "link"
    assert absolute("/a/b") == Path("/a/b")
