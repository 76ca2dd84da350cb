"""A faithful local Threads, with failures on demand.

``Sandbox`` runs on the current event loop, :func:`running` in a thread of its own; :class:`Control` drives either,
or one that runs elsewhere (``Control.connect("http://127.0.0.1:8710")``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.sandbox.helper import Control
    from treadle.sandbox.options import Options
    from treadle.sandbox.server import Sandbox
    from treadle.sandbox.threaded import running

__all__ = ["Control", "Options", "Sandbox", "running"]

_HOMES = {"Control": "helper", "Options": "options", "Sandbox": "server", "running": "threaded"}


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        from importlib import import_module

        return getattr(import_module(f"treadle.sandbox.{home}"), name)
    raise AttributeError(f"module 'treadle.sandbox' has no attribute {name!r}")
