"""Releasing posts once their cause is repaired: the oldest first, spaced, and only what ``domain.admission`` lets go.

``store/repair_preview.py`` says beforehand what :class:`Releaser` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from treadle.domain.admission import RESTS, Candidate, admit
from treadle.domain.cause import Cause
from treadle.domain.fetch_outage import FAILURES
from treadle.domain.lateness import Timing
from treadle.domain.release_order import Turns, oldest_first
from treadle.domain.run_state import PostUpdate
from treadle.domain.scope import NARROWEST_FIRST, passing, state_behind
from treadle.domain.states import FINAL
from treadle.store import clauses, feed
from treadle.store.isolation import apart
from treadle.store.resting import put_to_rest
from treadle.store.runs import post_columns
from treadle.store.statements import chunks
from treadle.store.tables import accounts, blockers, parts, post_blockers, posts, workspaces
from treadle.store.timeline import CHANGED_MEANWHILE, Note, add_note, announce_post, note_cut_off
from treadle_diagnosis.types import Diagnosis

# What ends a cause, in the words of timelines and pages.
REPAIRED: Mapping[str, str] = {
    "reconnect": "the account was reconnected",
    "recheck": "a check found it fixed",
    "edit": "the post was edited",
    "retry": "someone retried it",
    "canceled": "the post was canceled",
    "time": "it expired",
    "person": "someone marked it as fixed",
}


# What a post has to do next, from being let go until its turn.
GOES_ON = "Continues."
UNBLOCKED = posts.c.id.not_in(sa.select(post_blockers.c.post_id))
_LOOSE = sa.select(posts.c.id).where(UNBLOCKED)


class Enqueue(Protocol):
    """Stores the next run of a post in the caller's transaction; ``delay_s`` 0 means at once."""

    def __call__(
        self, conn: sa.Connection, post_id: str, seq: int, *, account_id: str, delay_s: float, due_at: float, queue: str
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Releaser:
    """What letting go needs: a way to enqueue, and the spacing between two posts of one account.

    ``at_once``: most posts in one transaction, for it keeps every other writer waiting (1.5 ms a post on SQLite). What
    is beyond stays where it is, the oldest first in line, and goes with the next rounds of the jobs that call
    :meth:`free_behind` and :meth:`free_loose`.
    """

    enqueue: Enqueue
    spacing_s: float = 2.0
    at_once: int = 200

    def repaired(self, conn: sa.Connection, blocker_ids: Sequence[str], *, by: str, now: float) -> list[str]:
        """Close these blockers and let go of the posts that wait for nothing else; returns the ids of those that go.

        ``by``: what repaired it (``reconnect``, ``recheck``, ``edit``, ``time``, ``person``), for the timeline.
        """
        rows = (
            conn.execute(
                sa.update(blockers)
                .where(blockers.c.id.in_(blocker_ids), blockers.c.repaired_at.is_(None))
                .values(repaired_at=now, repaired_by=by, open_key=None, next_check_at=None)
                .returning(blockers.c.id, blockers.c.workspace_id, blockers.c.scope, blockers.c.key, blockers.c.pattern)
            )
            .mappings()
            .all()
        )
        for row in rows:
            feed.announce(
                conn,
                row["workspace_id"],
                "blocker.repaired",
                row["id"],
                {
                    "blocker_id": row["id"],
                    "scope": row["scope"],
                    "key": row["key"],
                    "pattern": row["pattern"],
                    "by": by,
                },
                now=now,
            )
        return self.free_behind(conn, [row["id"] for row in rows], by=by, now=now)

    def free_behind(self, conn: sa.Connection, blocker_ids: Sequence[str], *, by: str | None, now: float) -> list[str]:
        """Let go of the oldest posts behind these blockers, which are closed; returns the ids of those that go.

        Call it again while posts hang behind them. ``by``: as for :meth:`repaired`; ``None`` when nobody knows.
        """
        # One at a time: two that took the same posts would give them, and those behind them, turns of each other's.
        these = sa.select(blockers.c.id).where(blockers.c.id.in_(blocker_ids)).order_by(blockers.c.id)
        conn.execute(these.with_for_update(key_share=True)).all()
        hanging: sa.ColumnElement[bool] = post_blockers.c.blocker_id.in_(blocker_ids)
        waiting = self._oldest(
            conn,
            sa.select(posts.c.id)
            .where(posts.c.id.in_(sa.select(post_blockers.c.post_id).where(hanging)), clauses.releasable)
            .where(posts.c.id.not_in(held_up())),
        )
        if len(waiting) == self.at_once:
            hanging = sa.and_(hanging, post_blockers.c.post_id.in_(waiting))
        conn.execute(sa.delete(post_blockers).where(hanging))
        why = f"Fixed: {REPAIRED.get(by, by)}." if by else "Fixed."
        return self.let_go(conn, waiting, why=why, now=now)

    def repaired_for_account(
        self, conn: sa.Connection, account_id: str, *, lanes: Iterable[str] | None = None, by: str, now: float
    ) -> list[str]:
        """Close the account's open blockers (of these lanes, or all) and let its posts go."""
        query = sa.select(blockers.c.id).where(
            blockers.c.scope == "account", blockers.c.key == account_id, blockers.c.repaired_at.is_(None)
        )
        if lanes is not None:
            query = query.where(blockers.c.lane.in_(list(lanes)))
        released = self.repaired(conn, list(conn.execute(query).scalars()), by=by, now=now)
        loose = self._oldest(conn, _LOOSE.where(posts.c.account_id == account_id, posts.c.state == "blocked"))
        return released + self.let_go(conn, [p for p in loose if p not in released], why=f"Fixed ({by}).", now=now)

    def resume(
        self, conn: sa.Connection, *, account_id: str | None = None, workspace_id: str | None = None, now: float
    ) -> list[str]:
        """After a pause: let go of the posts that waited for its end."""
        where = posts.c.account_id == account_id if account_id else posts.c.workspace_id == workspace_id
        ids = self._oldest(conn, _LOOSE.where(where, posts.c.state == "waiting", posts.c.next_at.is_(None)))
        return self.let_go(conn, ids, why="Publishing resumed.", now=now)

    def free_loose(self, conn: sa.Connection, *, now: float) -> list[str]:
        """Let go of the oldest posts that rest although nothing holds them any more; returns the ids of those that go.

        They are what :meth:`resume` and :meth:`repaired_for_account` left for later, and what two workers make: one saw
        a pause, or an account that was not connected, and parks a post; the other ends the pause, or connects the
        account, in the same moment and does not see that post yet.
        """
        ids = self._oldest(
            conn,
            sa.select(posts.c.id)
            .select_from(clauses.WITH_OWNERS)
            .where(
                UNBLOCKED,
                sa.or_(posts.c.state == "blocked", sa.and_(posts.c.state == "waiting", sa.not_(clauses.paused))),
                posts.c.next_at.is_(None),
                clauses.connected,
            ),
        )
        return self.let_go(conn, ids, why="What held it is resolved.", now=now)

    def _oldest(self, conn: sa.Connection, query: sa.Select[str]) -> list[str]:
        """Ids of the posts to let go in this transaction: the oldest of the query's."""
        return list(conn.execute(query.order_by(*clauses.oldest_first).limit(self.at_once)).scalars())

    def let_go(self, conn: sa.Connection, post_ids: Sequence[str], *, why: str, now: float) -> list[str]:
        """Enqueue those of the posts that nothing stops any more, oldest first and spaced per account.

        The others come to rest as :func:`~treadle.domain.admission.admit` says: held when they are too late, waiting
        when they are paused, blocked when their account is not connected.
        """
        rows = ready(conn, post_ids)
        stopping = _stopping(conn, [row["id"] for row in rows])
        turns = Turns(_last_turns(conn, rows), spacing_s=self.spacing_s, now=now)
        gone = []
        for row in rows:
            with apart("free_loose", row["id"], conn):
                stops = stopping.get(row["id"], [])
                admission = admit(candidate(row, blocked=bool(stops)), now)
                if admission == "go":
                    self.enqueue_again(conn, row, delay_s=turns.take(row["account_id"]) - now, why=why, now=now)
                    gone.append(row["id"])
                elif admission == "blocked":
                    _put_behind(conn, row, stops, now)
                elif (row["state"], row["next_at"]) != (RESTS[admission][0], None):
                    put_to_rest(conn, row, *RESTS[admission], now=now)
        return gone

    def enqueue_again(
        self, conn: sa.Connection, row: Mapping[str, Any], *, delay_s: float, why: str, now: float
    ) -> None:
        """One more run for a post that rests; invalidates every older run and claim."""
        # What is in doubt is looked at soon; everything else keeps to the time that a person chose.
        at = now + delay_s if row["checking"] else max(now + delay_s, row["publish_at"] or 0.0)
        scheduled = at > now + max(1.0, delay_s)
        state = "checking" if row["checking"] else ("scheduled" if scheduled else "publishing")
        seq = row["seq"] + 1
        note_cut_off(conn, row, CHANGED_MEANWHILE)
        values = {
            "state": state,
            "seq": seq,
            "claim": row["claim"] + 1,
            "claimed_by": None,
            "next_what": "Publishes at the scheduled time." if scheduled else GOES_ON,
            "next_at": at,
            "why": why,
            "updated_at": now,
        }
        conn.execute(sa.update(posts).where(posts.c.id == row["id"]).values(**values))
        conn.execute(
            sa.update(parts)
            .where(parts.c.post_id == row["id"], parts.c.state == "failed", parts.c.published_at.is_(None))
            .values(state="pending")
        )
        note = Note(row["stage"], "state", why, decision="Continues automatically.", outcome="ok")
        add_note(conn, row["id"], row["workspace_id"], row["attempt"], note, now=now)
        announce_post(conn, row["workspace_id"], row["id"], {**values, "account_id": row["account_id"]}, now=now)
        self.enqueue(
            conn,
            row["id"],
            seq,
            account_id=row["threads_user_id"],
            delay_s=max(0.0, at - now),
            due_at=row["due_at"],
            queue="posts",
        )


def posts_behind(conn: sa.Connection, blocker_ids: Sequence[str]) -> list[str]:
    """Ids of the posts that wait for any of these blockers."""
    return list(
        conn.execute(
            sa.select(post_blockers.c.post_id).where(post_blockers.c.blocker_id.in_(blocker_ids)).distinct()
        ).scalars()
    )


def ready(conn: sa.Connection, post_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Those of the posts that are not final and wait for no open blocker, oldest due first, with what a run needs to
    know and what :func:`candidate` reads."""
    found: list[dict[str, Any]] = []
    for some in chunks(post_ids):
        waits = held_up().where(post_blockers.c.post_id.in_(some))
        query = _READY.where(posts.c.id.in_(some), posts.c.state.not_in(FINAL), posts.c.id.not_in(waits))
        found.extend(dict(row) for row in conn.execute(query).mappings())
    return oldest_first(found)


def ready_behind(conn: sa.Connection, blocker_id: str) -> list[dict[str, Any]]:
    """Posts that could be released and wait behind this blocker and no other, oldest due first, as :func:`ready`."""
    behind = sa.select(post_blockers.c.post_id).where(post_blockers.c.blocker_id == blocker_id)
    others = held_up().where(blockers.c.id != blocker_id, post_blockers.c.post_id.in_(behind))
    query = _READY.where(posts.c.id.in_(behind), clauses.releasable, posts.c.id.not_in(others))
    return oldest_first(dict(row) for row in conn.execute(query).mappings())


_SENT = parts.c.intent == "sent"
_READY = (
    sa.select(
        posts,
        sa.func.max(parts.c.threads_user_id).label("threads_user_id"),
        sa.func.max(sa.case((sa.and_(_SENT, parts.c.published_at.is_(None)), 1), else_=0)).label("checking"),
        sa.func.max(sa.case((sa.or_(parts.c.published_at.is_not(None), _SENT), 1), else_=0)).label("started"),
        sa.func.min(sa.case((parts.c.published_at.is_not(None), 1), else_=0)).label("all_live"),
        sa.func.max(parts.c.published_at).label("last_live_at"),
        clauses.connected.label("connected"),
        clauses.paused.label("paused"),
    )
    .select_from(clauses.WITH_OWNERS.join(parts, parts.c.post_id == posts.c.id))
    .group_by(posts.c.id, accounts.c.id, workspaces.c.id)
)


def candidate(row: Mapping[str, Any], *, blocked: bool = False) -> Candidate:
    """A row of :func:`ready`, as the rules see it."""
    return Candidate(
        Timing(row["due_at"], row["max_lateness"], row["confirmed_at"], row["last_live_at"]),
        connected=bool(row["connected"]),
        blocked=blocked,
        paused=bool(row["paused"]),
        in_doubt=bool(row["checking"]),
        all_live=bool(row["all_live"]),
    )


def _stopping(conn: sa.Connection, post_ids: Sequence[str]) -> dict[str, list[Any]]:
    """By post, the open causes that stop it although it was never put behind them, the narrowest scope first."""
    found: dict[str, list[Any]] = {}
    for some in chunks(post_ids):
        query = (
            sa.select(posts.c.id.label("post_id"), blockers.c.id, blockers.c.scope, blockers.c.key, blockers.c.cause)
            .select_from(clauses.WITH_OWNERS.join(blockers, sa.and_(clauses.is_open, clauses.concerns)))
            .where(posts.c.id.in_(some), clauses.stops)
        )
        for row in conn.execute(query):
            found.setdefault(row.post_id, []).append(row)
    return {post_id: sorted(rows, key=lambda row: NARROWEST_FIRST[row.scope]) for post_id, rows in found.items()}


def _put_behind(conn: sa.Connection, row: Mapping[str, Any], stops: Sequence[Any], now: float) -> None:
    """The next cause holds the post; without a run that would only find this out."""
    links = [{"post_id": row["id"], "blocker_id": blocker.id} for blocker in stops]
    conn.execute(sa.insert(post_blockers), links)
    shown = post_columns(PostUpdate(cause=Cause.from_json(stops[0].cause)))
    conn.execute(sa.update(posts).where(posts.c.id == row["id"]).values(**shown))
    state = "checking" if row["checking"] else state_behind([passing(blocker.scope, blocker.key) for blocker in stops])
    put_to_rest(conn, {**row, **shown}, state, "Another open problem blocks this post.", now=now)


def held_up() -> sa.Select[str]:
    """Ids of the posts that wait for an open blocker."""
    return (
        sa.select(post_blockers.c.post_id)
        .join(blockers, blockers.c.id == post_blockers.c.blocker_id)
        .where(blockers.c.repaired_at.is_(None))
    )


def _last_turns(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """By account of ``rows``: the turn of the last post that was let go before and that no worker has taken yet."""
    those = {row["account_id"] for row in rows}
    if not those:
        return {}
    found = conn.execute(
        sa.select(posts.c.account_id, sa.func.max(posts.c.next_at))
        .where(posts.c.account_id.in_(those), posts.c.state.in_(("publishing", "checking")))
        .where(posts.c.next_what == GOES_ON, posts.c.next_at.is_not(None), posts.c.claimed_by.is_(None))
        .group_by(posts.c.account_id)
    ).all()
    return {row[0]: row[1] for row in found}


def adopt(
    conn: sa.Connection, post_ids: Sequence[str], blocker_id: str, diagnosis: Diagnosis, why: str, *, now: float
) -> None:
    """Put posts that were parked for a file of their own behind the outage that it was; their own cause is over."""
    for some in chunks(post_ids):
        b = blockers.c
        own = (b.scope == "post", b.key.in_(some), b.pattern.in_(FAILURES), b.repaired_at.is_(None))
        over = sa.update(blockers).where(*own).values(repaired_at=now, repaired_by="time", open_key=None)
        for row in conn.execute(over.returning(b.id, b.key)).all():
            conn.execute(sa.delete(post_blockers).where(post_blockers.c.blocker_id == row.id))
            conn.execute(sa.insert(post_blockers).values(post_id=row.key, blocker_id=blocker_id))
            update = PostUpdate(state="waiting").met(Cause(diagnosis), why)
            conn.execute(sa.update(posts).where(posts.c.id == row.key).values(post_columns(update)))
