"""What people and programs do with posts, in one place; each verb lives in a module of its own.

Every verb works on a connection of the caller's transaction and answers with a value of :mod:`treadle.domain.answers`;
none raises for what a caller may get wrong. ``now`` is epoch seconds; ``actor`` is named in the timeline.
"""

from __future__ import annotations

from dataclasses import dataclass

from treadle.services import creating, deciding, editing, stopping
from treadle.store.moving import Mover


@dataclass(frozen=True, slots=True)
class Posts(Mover):
    """The verbs over a way to let posts go."""

    create = creating.create
    edit = editing.edit
    cancel = staticmethod(stopping.cancel)
    delete = staticmethod(stopping.delete)
    pause = stopping.pause
    restore = stopping.restore
    retry = deciding.retry
    confirm = deciding.confirm
    resolve = deciding.resolve
