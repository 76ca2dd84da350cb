"""The Threads API: a typed async client, OAuth, the parameters of containers, and how text is counted.

This is the only package that speaks to Meta. It knows neither posts nor the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle_threads.client import ThreadsClient
    from treadle_threads.results import Answer, Call, Failure, Lost, NotSent, Ok, Refused, Result

__version__ = "0.2.0"

__all__ = ["Answer", "Call", "Failure", "Lost", "NotSent", "Ok", "Refused", "Result", "ThreadsClient"]


def __getattr__(name: str) -> Any:
    # Loaded when touched: counting text or naming a result must not pay for the HTTP client.
    if name in __all__:
        from importlib import import_module

        home = "client" if name == "ThreadsClient" else "results"
        return getattr(import_module(f"treadle_threads.{home}"), name)
    raise AttributeError(f"module 'treadle_threads' has no attribute {name!r}")
