"""A faithful local Threads, with failures on demand.

``Sandbox`` runs on the current event loop, :func:`running` in a thread of its own; :class:`Control` drives either,
or one that runs elsewhere (``Control.connect("http://127.0.0.1:8710")``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle_sandbox.helper import Control
    from treadle_sandbox.options import Options
    from treadle_sandbox.server import Sandbox
    from treadle_sandbox.threaded import running

__version__ = "0.2.0"

__all__ = ["Control", "Options", "Sandbox", "running"]

_HOMES = {"Control": "helper", "Options": "options", "Sandbox": "server", "running": "threaded"}


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        from importlib import import_module

        return getattr(import_module(f"treadle_sandbox.{home}"), name)
    raise AttributeError(f"module 'treadle_sandbox' has no attribute {name!r}")
