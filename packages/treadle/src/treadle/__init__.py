"""Treadle publishes to Meta's Threads exactly once and says what went wrong when it cannot.

The public surface is small: :func:`diagnose` turns any error answer into a cause and a next step and needs no
set-up; :class:`ThreadsClient` is a typed async client for the Threads API. Both are loaded when first touched,
so that ``import treadle`` stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle_diagnosis import diagnose
    from treadle_threads import ThreadsClient

__version__ = "0.2.0"
__all__ = ["ThreadsClient", "__version__", "diagnose"]

_HOMES = {"diagnose": "treadle_diagnosis", "ThreadsClient": "treadle_threads"}


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        from importlib import import_module

        return getattr(import_module(home), name)
    raise AttributeError(f"module 'treadle' has no attribute {name!r}")
