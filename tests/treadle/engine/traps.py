"""Places in the product at which a worker kills itself: at the n-th call of a function, before or after it."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Trap:
    """``target`` is ``module:name`` or ``module:Class.method``, looked up where it is called from.

    ``only`` (a function of a module, so that it reaches the other process) says which calls count.
    """

    target: str
    nth: int = 1
    when: Literal["before", "after"] = "before"
    only: Callable[..., bool] | None = None

    def __str__(self) -> str:
        return f"{self.when} call {self.nth} of {self.target}"

    def place(self) -> tuple[Any, str]:
        """The module or class that holds the target, and its name there. Raises AttributeError when it is not there."""
        module, _, path = self.target.partition(":")
        *holders, last = path.split(".")
        holder: Any = importlib.import_module(module)
        for name in holders:
            holder = getattr(holder, name)
        getattr(holder, last)
        return holder, last

    def set(self) -> None:
        """From now on this process dies there, as by a kill -9."""
        holder, last = self.place()
        real = getattr(holder, last)
        count, guard = 0, threading.Lock()

        def caught(args: tuple[Any, ...]) -> bool:
            nonlocal count
            if self.only is not None and not self.only(*args):
                return False
            with guard:
                count += 1
                return count == self.nth

        @functools.wraps(real)
        def around(*args: Any, **kwargs: Any) -> Any:
            here = caught(args)
            if here and self.when == "before":
                die()
            result = real(*args, **kwargs)
            if here:
                die()
            return result

        @functools.wraps(real)
        async def around_async(*args: Any, **kwargs: Any) -> Any:
            here = caught(args)
            if here and self.when == "before":
                die()
            result = await real(*args, **kwargs)
            if here:
                die()
            return result

        setattr(holder, last, around_async if inspect.iscoroutinefunction(real) else around)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def several(*of_writer: Any) -> bool:
    """A commit that joins the work of several posts; the last argument is what it joins."""
    return len(of_writer[-1]) > 1


COMMIT = "sqlalchemy.engine.default:DefaultDialect.do_commit"  # every commit of the process, DBOS's own ones included
