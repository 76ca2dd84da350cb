"""Letting posts go once their cause is repaired: by themselves, oldest first, spaced, and only if not too old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.store import feed
from treadle.store.isolation import apart
from treadle.store.tables import accounts, blockers, parts, post_blockers, posts, workspaces
from treadle.store.timeline import Note, add_note, announce_post

# What ends a cause, in the words of timelines and pages.
REPAIRED: Mapping[str, str] = {
    "reconnect": "the account was connected again",
    "recheck": "a recheck found it repaired",
    "edit": "the post was changed",
    "retry": "somebody had it tried again",
    "canceled": "the post was canceled",
    "time": "its time was over",
    "person": "somebody said so",
}


# What a post has to do next, from being let go until its turn.
GOES_ON = "Goes on."
_LOOSE = sa.select(posts.c.id).where(posts.c.id.not_in(sa.select(post_blockers.c.post_id)))  # behind no blocker


class Enqueue(Protocol):
    """Stores the next hop of a post in the caller's transaction; ``delay_s`` 0 means at once."""

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
        hanging: sa.ColumnElement[bool] = post_blockers.c.blocker_id.in_(blocker_ids)
        waiting = self._oldest(
            conn,
            sa.select(posts.c.id)
            .where(posts.c.id.in_(sa.select(post_blockers.c.post_id).where(hanging)), posts.c.state.not_in(FINAL))
            .where(posts.c.id.not_in(held_up())),
        )
        if len(waiting) == self.at_once:
            hanging = sa.and_(hanging, post_blockers.c.post_id.in_(waiting))
        conn.execute(sa.delete(post_blockers).where(hanging))
        why = f"The cause is gone: {REPAIRED.get(by, by)}." if by else "The cause is gone."
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
        return released + self.let_go(conn, [p for p in loose if p not in released], why=f"Repaired ({by}).", now=now)

    def resume(
        self, conn: sa.Connection, *, account_id: str | None = None, workspace_id: str | None = None, now: float
    ) -> list[str]:
        """After a pause: let go of the posts that waited for its end."""
        where = posts.c.account_id == account_id if account_id else posts.c.workspace_id == workspace_id
        ids = self._oldest(conn, _LOOSE.where(where, posts.c.state == "waiting", posts.c.next_at.is_(None)))
        return self.let_go(conn, ids, why="The pause ended.", now=now)

    def free_loose(self, conn: sa.Connection, *, now: float) -> list[str]:
        """Let go of the oldest posts that rest although nothing holds them any more; returns the ids of those that go.

        They are what :meth:`resume` and :meth:`repaired_for_account` left for later, and what two workers make: one saw
        a pause, or an account that was not connected, and parks a post; the other ends the pause, or connects the
        account, in the same moment and does not see that post yet.
        """
        unpaused = sa.and_(accounts.c.paused.is_(False), workspaces.c.paused.is_(False))
        ids = self._oldest(
            conn,
            _LOOSE.join(accounts, accounts.c.id == posts.c.account_id)
            .join(workspaces, workspaces.c.id == posts.c.workspace_id)
            .where(
                sa.or_(posts.c.state == "blocked", sa.and_(posts.c.state == "waiting", unpaused)),
                posts.c.next_at.is_(None),
                accounts.c.disconnected_at.is_(None),
                accounts.c.token_enc.is_not(None),
            ),
        )
        return self.let_go(conn, ids, why="What held it is gone.", now=now)

    def _oldest(self, conn: sa.Connection, query: sa.Select[str]) -> list[str]:
        """Ids of the posts to let go in this transaction: the oldest of the query's."""
        return list(conn.execute(query.order_by(posts.c.due_at, posts.c.id).limit(self.at_once)).scalars())

    def let_go(
        self, conn: sa.Connection, post_ids: Sequence[str], *, why: str, now: float, unasked: bool = True
    ) -> list[str]:
        """Enqueue posts that wait for no open blocker any more, oldest first and spaced per account.

        ``unasked``: nobody asked for these very posts, so those that are too late become ``held``.
        """
        rows = ready(conn, post_ids)
        turn = {account: max(at, now) + self.spacing_s for account, at in _last_turns(conn, rows).items()}
        gone = []
        for row in rows:
            with apart("free_loose", row["id"], conn):
                started = row["started"]
                late = now > row["due_at"] + row["max_lateness"] and row["confirmed_at"] is None and not started
                if unasked and late:
                    _hold(conn, row, now)
                    continue
                at = turn.get(row["account_id"], now)
                turn[row["account_id"]] = at + self.spacing_s
                self.enqueue_again(conn, row, delay_s=at - now, why=why, now=now)
                gone.append(row["id"])
        return gone

    def enqueue_again(
        self, conn: sa.Connection, row: Mapping[str, Any], *, delay_s: float, why: str, now: float
    ) -> None:
        """One more hop for a post that rests; invalidates every older hop and claim."""
        at = max(now + delay_s, row["publish_at"] or 0.0) if not row["started"] else now + delay_s
        scheduled = at > now + max(1.0, delay_s)
        state = "checking" if row["checking"] else ("scheduled" if scheduled else "publishing")
        seq = row["seq"] + 1
        values = {
            "state": state,
            "seq": seq,
            "claim": row["claim"] + 1,
            "claimed_by": None,
            "next_what": "Goes out at its time." if scheduled else GOES_ON,
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
        note = Note(row["stage"], "state", why, decision="Goes on by itself.", outcome="ok")
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


def ready(conn: sa.Connection, post_ids: Sequence[str], *, although_blocked: bool = False) -> list[dict[str, Any]]:
    """Those of the posts that wait for no open blocker, oldest due first, with what a hop needs to know.

    ``although_blocked`` takes them whatever they wait for: for the one that goes first to see whether a cause is gone.
    """
    found: list[dict[str, Any]] = []
    unsettled = sa.and_(parts.c.intent == "sent", parts.c.published_at.is_(None))
    for start in range(0, len(post_ids), 500):
        chunk = list(post_ids[start : start + 500])
        waits = held_up().where(post_blockers.c.post_id.in_(chunk))
        rows = conn.execute(
            sa.select(
                posts,
                sa.func.max(parts.c.threads_user_id).label("threads_user_id"),
                sa.func.max(sa.case((unsettled, 1), else_=0)).label("checking"),
                sa.func.max(
                    sa.case((sa.or_(parts.c.published_at.is_not(None), parts.c.intent == "sent"), 1), else_=0)
                ).label("started"),
            )
            .join(parts, parts.c.post_id == posts.c.id)
            .where(posts.c.id.in_(chunk), posts.c.state.not_in(FINAL))
            .where(sa.true() if although_blocked else posts.c.id.not_in(waits))
            .group_by(posts.c.id)
        ).mappings()
        found.extend(dict(row) for row in rows)
    return sorted(found, key=lambda row: (row["due_at"], row["id"]))


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


def _hold(conn: sa.Connection, row: Mapping[str, Any], now: float) -> None:
    values = {
        "state": "held",
        "seq": row["seq"] + 1,
        "claim": row["claim"] + 1,
        "claimed_by": None,
        "next_what": None,
        "next_at": None,
        "why": "The cause was repaired, but it is too late to send this unasked. Confirm it, or change its time.",
        "updated_at": now,
    }
    conn.execute(sa.update(posts).where(posts.c.id == row["id"]).values(**values))
    announce_post(conn, row["workspace_id"], row["id"], {**values, "account_id": row["account_id"]}, now=now)


def preview(conn: sa.Connection, blocker_ids: Sequence[str], *, workspace_id: str, now: float) -> dict[str, list[str]]:
    """Which of a workspace's posts a repair of these blockers would send, and which it would hold for a yes."""
    behind = sa.select(post_blockers.c.post_id).where(post_blockers.c.blocker_id.in_(blocker_ids))
    others = held_up().where(blockers.c.id.not_in(blocker_ids))
    rows = conn.execute(
        sa.select(posts.c.id, posts.c.due_at, posts.c.max_lateness, posts.c.confirmed_at)
        .where(posts.c.workspace_id == workspace_id, posts.c.id.in_(behind))
        .where(posts.c.state.not_in(FINAL), posts.c.id.not_in(others))
        .order_by(posts.c.due_at)
    ).all()
    late = [r.id for r in rows if now > r.due_at + r.max_lateness and r.confirmed_at is None]
    return {"sends": [r.id for r in rows if r.id not in late], "holds": late}
