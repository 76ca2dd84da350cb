"""The sandbox under the name it had before it became a package of its own: see :mod:`treadle_sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle_sandbox import Control, Options, Sandbox, running

__all__ = ["Control", "Options", "Sandbox", "running"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        import treadle_sandbox

        return getattr(treadle_sandbox, name)
    raise AttributeError(f"module 'treadle.sandbox' has no attribute {name!r}")
