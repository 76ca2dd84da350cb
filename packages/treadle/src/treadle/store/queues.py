"""The queues of accounts as they are stored, and what is due when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from treadle.domain.slots import Slot
from treadle.store.tables import accounts, posts, queues

# What a slot is not free for: all that is still to come, drafts with a time too.
_TO_COME = ("draft", "scheduled", "publishing", "waiting", "retrying", "checking", "blocked", "held")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """When an account publishes what is added to its queue."""

    zone: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class QueuedPost:
    """A post with a time of its own; ``due_at`` is epoch seconds."""

    id: str
    state: str
    due_at: float


def find(conn: sa.Connection, workspace_id: str, account_id: str) -> QueueRow | None:
    where = (queues.c.account_id == account_id, queues.c.workspace_id == workspace_id)
    row = conn.execute(sa.select(queues.c.zone, queues.c.slots).where(*where)).first()
    return QueueRow(row.zone, tuple(Slot(*slot) for slot in row.slots)) if row else None


def lock(conn: sa.Connection, workspace_id: str, account_id: str) -> bool:
    """Let nobody else give away a slot of this account until the transaction ends. False: no such account."""
    where = (accounts.c.id == account_id, accounts.c.workspace_id == workspace_id)
    return conn.execute(sa.select(accounts.c.id).where(*where).with_for_update()).first() is not None


def keep(conn: sa.Connection, workspace_id: str, account_id: str, row: QueueRow, *, now: float) -> None:
    """In place of what was there."""
    conn.execute(sa.delete(queues).where(queues.c.account_id == account_id))
    conn.execute(
        sa.insert(queues).values(
            account_id=account_id,
            workspace_id=workspace_id,
            zone=row.zone,
            slots=[[slot.weekday, slot.minute] for slot in row.slots],
            updated_at=now,
        )
    )


def to_come(conn: sa.Connection, workspace_id: str, begin: float) -> dict[str, int]:
    """How many posts of each account are still to come and have a time from ``begin`` on."""
    where = [
        posts.c.workspace_id == workspace_id,
        posts.c.state.in_(_TO_COME),
        posts.c.publish_at.is_not(None),
        posts.c.due_at >= begin,
    ]
    query = sa.select(posts.c.account_id, sa.func.count()).where(*where).group_by(posts.c.account_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def due_posts(
    conn: sa.Connection, workspace_id: str, account_id: str, begin: float, end: float | None = None
) -> Sequence[QueuedPost]:
    """Posts of the account that are still to come and have a time from ``begin`` to before ``end``, in order."""
    where = [
        posts.c.workspace_id == workspace_id,
        posts.c.account_id == account_id,
        posts.c.state.in_(_TO_COME),
        posts.c.publish_at.is_not(None),
        posts.c.due_at >= begin,
    ]
    if end is not None:
        where.append(posts.c.due_at < end)
    query = sa.select(posts.c.id, posts.c.state, posts.c.due_at).where(*where).order_by(posts.c.due_at, posts.c.id)
    return [QueuedPost(*row) for row in conn.execute(query)]
