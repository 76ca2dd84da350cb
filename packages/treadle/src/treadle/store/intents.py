"""The intent to publish, written before the call, and what is looked at in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.domain.quota import WINDOW_S
from treadle.domain.run_state import OpenBlocker, Run
from treadle.store import runs, statements
from treadle.store.tables import accounts, blockers, parts, posts, workers, workspaces
from treadle.store.workers import Clock


@dataclass(frozen=True, slots=True)
class LastLook:
    """``lease_held``: by the worker of this run, in the clock that all workers share. ``blockers``: open causes that
    concern the post, those of media hosts apart. ``published``: by the account in 24 hours, of the part's kind."""

    lease_held: bool
    paused: bool
    blockers: tuple[OpenBlocker, ...]
    published: int


_PUBLISHED = (
    sa.select(sa.func.count())
    .select_from(parts)
    .where(
        parts.c.account_id == posts.c.account_id,
        parts.c.published_at > sa.bindparam("since"),
        parts.c.is_reply == sa.bindparam("reply", type_=sa.Boolean),
    )
    .scalar_subquery()
)
_LOOK = (
    sa.select(
        workers.c.state,
        workers.c.expires_at,
        sa.or_(accounts.c.paused, workspaces.c.paused).label("paused"),
        _PUBLISHED.label("published"),
        *runs.BLOCKER,
    )
    .select_from(posts)
    .join(accounts, accounts.c.id == posts.c.account_id)
    .join(workspaces, workspaces.c.id == accounts.c.workspace_id)
    .outerjoin(workers, sa.and_(workers.c.id == sa.bindparam("worker"), workers.c.token == sa.bindparam("token")))
    .outerjoin(blockers, runs.CONCERNS)
    .where(posts.c.id == sa.bindparam("id"), posts.c.claim == sa.bindparam("claim"))
    .with_for_update(of=posts, key_share=True)
)
_LOOK_AND_NOW = _LOOK.add_columns(sa.text("extract(epoch FROM clock_timestamp()) AS now"))


def last_look(conn: sa.Connection, run: Run, *, reply: bool, now: float, here: Clock) -> LastLook | None:
    """What may speak against a publish, at this moment; ``None`` when somebody else has claimed the post.

    The post is locked until the transaction ends. ``here``: the clock where the database is a file.
    """
    shared = conn.dialect.name == "postgresql"
    bound = {
        "id": run.post.id,
        "claim": run.post.claim if run.stored_claim is None else run.stored_claim,
        "worker": run.worker,
        "token": run.lease_token,
        "since": now - WINDOW_S,
        "reply": reply,
    }
    rows = conn.execute(_LOOK_AND_NOW if shared else _LOOK, bound).mappings().all()
    if not rows:
        return None
    row = rows[0]
    held = row["state"] == "alive" and row["expires_at"] > (float(row["now"]) if shared else here())
    found = runs.that_concern(conn, run.post, rows, hosts=False)
    return LastLook(held, bool(row["paused"]), tuple(found), int(row["published"]))


def record(conn: sa.Connection, part_id: str, columns: Mapping[str, Any]) -> bool:
    """Write the intent by compare-and-set; false when there is one already."""
    return statements.update(conn, parts, columns, id=part_id, intent="none") == 1
