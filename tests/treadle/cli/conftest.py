"""``treadle`` in this process, in a fresh folder, with the default settings."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.treadle.http.conftest import Site, add_samples, data_dir, fresh_database
from treadle.app import open_app
from treadle.cli import main
from treadle.settings import Settings

__all__ = ["data_dir", "fresh_database"]


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Terminal:
    """Runs one command after the other; what is not a terminal gets tab-separated lines."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *args: str, types: str = "") -> Done:
        """``types`` is the standard input."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(types))
        with pytest.raises(SystemExit) as stop:
            main(list(args))
        said = self._capsys.readouterr()
        assert stop.value.code is None or isinstance(stop.value.code, int)
        return Done(stop.value.code or 0, said.out, said.err)

    def json(self, *args: str, code: int = 0, types: str = "") -> Any:
        """What a command says as JSON; it must end with ``code``."""
        done = self(*args, "--json", types=types)
        assert done.code == code, done.out + done.err
        return json.loads(done.out)


@pytest.fixture
def treadle(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def at_home(data_dir: Path) -> Iterator[Site]:
    """The sample site that the commands find; two workspaces, an account in each, nothing running."""
    app = open_app(Settings())
    yield add_samples(app)
    app.close()
