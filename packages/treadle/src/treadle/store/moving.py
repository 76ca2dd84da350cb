"""Moving a post: on its way again, or to rest. Either way every older run and claim of it becomes invalid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from treadle.domain.run_state import start_of
from treadle.domain.states import FINAL
from treadle.store.release import Releaser, ready
from treadle.store.resting import put_to_rest as put_to_rest
from treadle.store.rows import parts_of, unsettled
from treadle.store.tables import blockers, post_blockers, posts


@dataclass(frozen=True, slots=True)
class Mover:
    """``releaser`` stores the runs; ``max_lateness_s`` (seconds) holds for posts that name none."""

    releaser: Releaser
    max_lateness_s: float = 86_400.0

    def again(
        self, conn: sa.Connection, post_id: str, kinds: Sequence[str] | None = None, *, why: str, now: float
    ) -> bool:
        """A fresh run, unless open blockers still hold the post (then it goes with their repair).

        ``kinds`` of its parts, when they may have changed: a scheduled video begins earlier than a text.
        """
        rows = ready(conn, [post_id])
        if not rows:
            self._rest_behind(conn, post_id, now)
            return False
        row = rows[0]
        if kinds and row["publish_at"] and not row["started"]:
            row["publish_at"] = first_run(row["publish_at"], kinds[0], now)
        self.releaser.enqueue_again(conn, row, delay_s=0.0, why=why, now=now)
        return True

    def _rest_behind(self, conn: sa.Connection, post_id: str, now: float) -> None:
        """Only an open cause keeps the post; a repair releases it from here."""
        query = sa.select(posts).where(posts.c.id == post_id, posts.c.state.not_in(FINAL))
        if (row := conn.execute(query).mappings().first()) is not None:
            state = "checking" if unsettled(parts_of(conn, post_id)) else "blocked"
            put_to_rest(conn, dict(row), state, "Still blocked by an open problem.", now=now)

    def leave_account(self, conn: sa.Connection, post_id: str, account_id: str) -> None:
        """The post belongs to another account now: what holds the old one holds it no longer."""
        of_account = sa.select(blockers.c.id).where(blockers.c.scope == "account", blockers.c.key == account_id)
        behind = sa.and_(post_blockers.c.post_id == post_id, post_blockers.c.blocker_id.in_(of_account))
        conn.execute(sa.delete(post_blockers).where(behind))

    def close_own_blockers(self, conn: sa.Connection, post_id: str, *, by: str, now: float) -> None:
        """Close the blockers that hold this post for its own content; the post itself is not let go here."""
        own = sa.select(blockers.c.id).where(
            blockers.c.scope == "post", blockers.c.key == post_id, blockers.c.repaired_at.is_(None)
        )
        ids = list(conn.execute(own).scalars())
        if ids:
            conn.execute(sa.delete(post_blockers).where(post_blockers.c.blocker_id.in_(ids)))
            self.releaser.repaired(conn, ids, by=by, now=now)


def first_run(at: float | None, kind: str, now: float) -> float:
    """When the first run is due (epoch seconds): early enough that containers are ready at the time asked for."""
    if at is None or at <= now:
        return now
    return max(now, start_of(at, kind, now))
