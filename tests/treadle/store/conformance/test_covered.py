"""No function of the store is without a test on both databases."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tests.treadle.store import conformance
from tests.treadle.store.conformance import covering
from tests.treadle.store.conformance.covering import COVERED, covers, repository_functions
from treadle.store import Connection, users


def test_every_function_of_the_store_is_called_on_both_databases() -> None:
    for found in pkgutil.iter_modules(conformance.__path__):
        importlib.import_module(f"{conformance.__name__}.{found.name}")
    functions = set(repository_functions())
    assert functions - COVERED.keys() == set(), "give them a test here that says so with @covers"
    assert COVERED.keys() <= functions, "a test says that it covers what is no function of the store"


def test_a_test_that_calls_nothing_covers_nothing(monkeypatch: pytest.MonkeyPatch, conn: Connection) -> None:
    monkeypatch.setattr(covering, "COVERED", {})

    def idle(conn: Connection) -> None:
        """Names what it covers and does not call it."""

    def calls(conn: Connection) -> None:
        users.any_user(conn)

    with pytest.raises(AssertionError, match=r"users\.any_user"):
        covers(users.any_user)(idle)(conn)
    covers(users.any_user)(calls)(conn)
