"""The hook in pytest: installed once, and a test in whose time something went past the guard fails."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.egress import sitecustomize


def _begin() -> Path:
    """Hear of connections here and in every Python started from here."""
    handle, name = tempfile.mkstemp(prefix="treadle-egress-")
    os.close(handle)
    os.environ[sitecustomize.RECORD] = name
    here = str(Path(sitecustomize.__file__).parent)
    path = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *filter(None, path.split(os.pathsep))])
    sys.addaudithook(sitecustomize.hook)
    return Path(name)


RECORD = _begin()


def unguarded() -> list[str]:
    """What went past the guard since the last call, here and in processes that tests started."""
    sitecustomize.seen.clear()  # the same, of this process, stands in the file
    if not RECORD.stat().st_size:
        return []
    said = RECORD.read_text(encoding="utf-8").splitlines()
    RECORD.write_text("", encoding="utf-8")
    return said


@pytest.fixture(autouse=True)
def nothing_goes_past_the_guard() -> Iterator[None]:
    """Fails the test in whose time a connection was made that the guard did not make."""
    yield
    said = unguarded()
    assert not said, "connections past the guard: " + "; ".join(said)
