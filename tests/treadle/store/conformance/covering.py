"""What a test covers: the store's functions that it names, each of which it must really call."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType, FunctionType
from typing import Any, ParamSpec

import treadle.store

P = ParamSpec("P")
# What every module of store stands on; they have tests of their own.
FOUNDATIONS = frozenset(
    {
        "clauses",
        "database",
        "isolation",
        "migrate",
        "migrations",
        "paging",
        "positions",
        "statements",
        "tables",
        "writers",
    }
)
COVERED: dict[str, str] = {}


def name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__.removeprefix('treadle.store.')}.{function.__name__}"


def covers(*functions: Callable[..., Any]) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """The test calls all of these; it fails when it does not. It takes the fixture ``conn``, so it runs on both."""

    def wrap(test: Callable[P, None]) -> Callable[P, None]:
        assert "conn" in inspect.signature(test).parameters, f"{test.__name__} takes a connection to either database"
        COVERED.update({name_of(function): test.__name__ for function in functions})
        codes: dict[CodeType, str] = {}
        for function in functions:
            assert isinstance(function, FunctionType)
            codes[function.__code__] = name_of(function)

        @functools.wraps(test)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            called: set[CodeType] = set()

            def watch(frame: FrameType, event: str, argument: object) -> None:
                if event == "call":
                    called.add(frame.f_code)

            before = sys.getprofile()
            sys.setprofile(watch)
            try:
                test(*args, **kwargs)
            finally:
                sys.setprofile(before)
            missed = sorted(name for code, name in codes.items() if code not in called)
            assert not missed, f"{test.__name__} says that it covers {missed}, and calls none of them"

        return run

    return wrap


def repository_functions() -> Iterator[str]:
    """``module.function`` of every public function of store that takes a connection."""
    for found in pkgutil.iter_modules(treadle.store.__path__):
        if found.name in FOUNDATIONS:
            continue
        module = importlib.import_module(f"treadle.store.{found.name}")
        for name, made in vars(module).items():
            mine = inspect.isfunction(made) and made.__module__ == module.__name__ and not name.startswith("_")
            if mine and "conn" in inspect.signature(made).parameters:
                yield f"{found.name}.{name}"
