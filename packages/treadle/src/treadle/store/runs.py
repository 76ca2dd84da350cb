"""A post's run in the tables: claiming it, what is asked of Threads, what came of it, the intent to publish.

One transaction joins the end of one call with the beginning of the next, so a post costs few commits. The post's own
row says what is being asked, and the timeline gets an entry when that has ended: with the answer, or as interrupted
when the process died before it. Every write is bound to the claim: a worker that lost the post writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import sqlalchemy as sa

from treadle.domain.cause import Cause
from treadle.domain.quota import WINDOW_S
from treadle.domain.run_state import (
    AccountUpdate,
    Asking,
    OpenBlocker,
    PartUpdate,
    PartView,
    PostUpdate,
    PostView,
    Run,
    account_view,
    fetches,
    media_hosts,
    part_view,
    post_view,
)
from treadle.domain.scope import FETCH_KEY, NARROWEST_FIRST
from treadle.domain.states import RUNNING
from treadle.store import statements
from treadle.store.tables import accounts, blockers, parts, posts, workspaces
from treadle.store.timeline import Note, add_notes, announce_difference, announce_post, differences, note_cut_off


@dataclass(slots=True)
class Change:
    """What a stage wants written: of the post, of its parts, of its account, and notes for the timeline.

    ``outage_at``: the stage of a call that failed for reasons of Threads' own; enough of them open the breaker.
    ``unfetched``: hosts of sound files that Meta did not fetch; enough of them are an outage of fetching.
    ``differs``: positions of the parts that turned out to be live otherwise than asked.
    """

    notes: list[Note] = field(default_factory=list)
    post: PostUpdate = field(default_factory=PostUpdate)
    parts: dict[int, PartUpdate] = field(default_factory=dict)
    account: AccountUpdate = field(default_factory=AccountUpdate)
    outage_at: str | None = None
    unfetched: frozenset[str] | None = None
    differs: tuple[int, ...] = ()

    def copy(self) -> Self:
        """The same, to be changed further without changing this."""
        copied = {position: PartUpdate().merge(update) for position, update in self.parts.items()}
        of_post, of_account = PostUpdate().merge(self.post), AccountUpdate().merge(self.account)
        return replace(self, notes=list(self.notes), post=of_post, parts=copied, account=of_account)

    def part(self, position: int) -> PartUpdate:
        """What changes of the part at this position."""
        return self.parts.setdefault(position, PartUpdate())

    def on(self, position: int, update: PartUpdate) -> Self:
        """Change this as well of the part at this position."""
        self.part(position).merge(update)
        return self

    def calm(self) -> Self:
        """Nothing is wrong any more."""
        self.post.calm()
        return self

    def then(self, later: Change) -> Self:
        """Change also what ``later`` changes, which came after this."""
        self.notes += later.notes
        self.post.merge(later.post)
        for position, update in later.parts.items():
            self.on(position, update)
        self.account.merge(later.account)
        self.outage_at = later.outage_at or self.outage_at
        self.unfetched = later.unfetched or self.unfetched
        self.differs += later.differs
        return self


# ---------------------------------------------------------------- updates as columns


def post_columns(update: PostUpdate) -> dict[str, Any]:
    """By column; the cause in the three columns that lists, filters and metrics read."""
    columns = update.changes()
    if "cause" in columns:
        cause: Cause | None = columns["cause"]
        columns["cause"] = cause.to_json() if cause is not None else None
        columns["cause_pattern"] = cause.pattern if cause is not None else None
        columns["cause_lane"] = cause.lane if cause is not None else None
    return columns


def part_columns(update: PartUpdate) -> dict[str, Any]:
    columns = update.changes()
    for name in ("cause", "unclear_cause"):
        if columns.get(name) is not None:
            columns[name] = columns[name].to_json()
    if "progress" in columns:
        columns["checks"] = columns.pop("progress").to_json()
    return columns


def account_columns(update: AccountUpdate) -> dict[str, Any]:
    columns = update.changes()
    if "quota" in columns:
        columns["quota"] = columns["quota"].to_json()
    return columns


# ---------------------------------------------------------------- claiming

_OF_ACCOUNT, _OF_BLOCKER = "account_row_", "blocker_row_"
_ACCOUNT_LABELS = tuple((column.name, _OF_ACCOUNT + column.name) for column in accounts.c)
# treadle.domain.scope.concerns, but for media hosts: those are found in addresses, which are no columns.
CONCERNS = sa.and_(
    blockers.c.repaired_at.is_(None),
    sa.or_(
        sa.and_(blockers.c.scope == "post", blockers.c.key == posts.c.id),
        sa.and_(blockers.c.scope == "account", blockers.c.key == posts.c.account_id),
        sa.and_(blockers.c.scope == "app", blockers.c.key == accounts.c.app_id),
        blockers.c.scope == "platform",
    ),
)
BLOCKER = tuple(column.label(_OF_BLOCKER + column.name) for column in blockers.c)
# The post with all that admission reads: one row for each open cause, or one without.
_POST = (
    sa.select(
        posts,
        *(column.label(_OF_ACCOUNT + column.name) for column in accounts.c),
        workspaces.c.paused.label("workspace_paused"),
        *BLOCKER,
    )
    .join(accounts, accounts.c.id == posts.c.account_id)
    .join(workspaces, workspaces.c.id == accounts.c.workspace_id)
    .outerjoin(blockers, CONCERNS)
    .where(posts.c.id == sa.bindparam("id"))
    .with_for_update(of=posts, key_share=True)
)
_PARTS = sa.select(parts).where(parts.c.post_id == sa.bindparam("post_id")).order_by(parts.c.position)
_OTHERS = parts.alias("others")
_PARTS_COUNTED = _PARTS.add_columns(
    sa.case(
        (
            parts.c.published_at.is_(None),
            sa.select(sa.func.count())
            .select_from(_OTHERS)
            .where(
                _OTHERS.c.account_id == parts.c.account_id,
                _OTHERS.c.published_at > sa.bindparam("since"),
                _OTHERS.c.is_reply == parts.c.is_reply,
            )
            .scalar_subquery(),
        )
    ).label("published_lately")
)
_OF_HOSTS = sa.select(blockers).where(
    blockers.c.repaired_at.is_(None),
    blockers.c.scope == "media_host",
    blockers.c.workspace_id == sa.bindparam("workspace"),
    blockers.c.key.in_(sa.bindparam("hosts", expanding=True)),
)


def claim(conn: sa.Connection, post_id: str, seq: int, *, worker: str, lease_token: str, now: float) -> Run | None:
    """Take the post for this run; ``None`` when the run is out of date or the post is not to be run.

    The post is locked until the transaction ends, and the claim stored with the first :func:`write`, which the same
    transaction must make.
    """
    found = statements.dicts(conn.execute(_POST, {"id": post_id}))
    row = found[0] if found else None
    if row is None or row["seq"] != seq or row["state"] not in RUNNING:
        return None
    if row["claimed_by"] is not None:
        # The last hand on this post never let go: what it was asking has no answer that anybody knows.
        note_cut_off(conn, row, "The worker stopped here. Treadle checks the result before it continues.")
    account = account_view({name: row[label] for name, label in _ACCOUNT_LABELS})
    of_parts = statements.dicts(conn.execute(_PARTS_COUNTED, {"post_id": post_id, "since": now - WINDOW_S}))
    taken = {"claim": row["claim"] + 1, "claimed_by": worker, "claimed_at": now}
    post = post_view({**row, **taken}, [part_view(each) for each in of_parts])
    return Run(
        post=post,
        account=account,
        workspace_paused=row["workspace_paused"],
        lease_token=lease_token,
        worker=worker,
        blockers=tuple(that_concern(conn, post, found, hosts=True)),
        published_lately=next((n for each in of_parts if (n := each["published_lately"]) is not None), 0),
        stored_claim=row["claim"],
    )


def load_parts(conn: sa.Connection, post_id: str) -> list[PartView]:
    return [part_view(row) for row in statements.dicts(conn.execute(_PARTS, {"post_id": post_id}))]


def that_concern(
    conn: sa.Connection, post: PostView, found: Sequence[Mapping[Any, Any]], *, hosts: bool
) -> list[OpenBlocker]:
    """Open blockers that concern this post, the narrowest scope first: of the rows that were joined by
    :data:`CONCERNS`, and with ``hosts`` those of hosts that its files are on."""
    must_fetch = fetches(post.parts)
    open_ones = [
        _blocker(row, _OF_BLOCKER)
        for row in found
        if row[_OF_BLOCKER + "id"] is not None and (row[_OF_BLOCKER + "key"] != FETCH_KEY or must_fetch)
    ]
    if hosts and (names := media_hosts(post.parts) + ([FETCH_KEY] if must_fetch else [])):
        rows = statements.dicts(conn.execute(_OF_HOSTS, {"workspace": post.workspace_id, "hosts": names}))
        open_ones += [_blocker(row, "") for row in rows]
    return sorted(open_ones, key=lambda blocker: NARROWEST_FIRST[blocker.scope])


def _blocker(row: Mapping[Any, Any], prefix: str) -> OpenBlocker:
    names = ("id", "scope", "key", "lane", "pattern", "cause", "probe_post_id")
    id_, scope, key, lane, pattern, cause, probe = (row[prefix + name] for name in names)
    return OpenBlocker(id_, scope, key, lane, pattern, Cause.from_json(cause), probe)


# ---------------------------------------------------------------- writing


def begin(run: Run, stage: str, what: str, part: int | None, *, now: float) -> Run:
    """The run while this is asked. The post says so too (``stage``, ``next_what``): see :func:`being_asked`."""
    return run.but(asking=Asking(stage, what, part, now))


def update_part(conn: sa.Connection, part_id: str, update: PartUpdate) -> None:
    """Change a part outside a run."""
    statements.update(conn, parts, part_columns(update), id=part_id)


def set_next_what(conn: sa.Connection, run: Run, what: str) -> None:
    """Say what is being done just now, while the claim holds."""
    statements.update(conn, posts, {"next_what": what}, id=run.post.id, claim=run.post.claim)


def write(conn: sa.Connection, run: Run, change: Change, *, now: float, release: bool = False) -> Run | None:
    """Write a change under the run's claim; ``None`` when the claim is no longer ours (then nothing is written).

    ``release`` lets go of the post. Of a step without notes the timeline says that it was done.
    """
    post = run.post
    values = {**post_columns(change.post), "updated_at": now}
    stored = run.stored_claim
    if stored is not None:
        values |= {"claim": post.claim, "claimed_by": run.worker, "claimed_at": now}
    if release:
        values["claimed_by"] = None
    if statements.update(conn, posts, values, id=post.id, claim=post.claim if stored is None else stored) != 1:
        return None
    for position, update in change.parts.items():
        if columns := part_columns(update):
            statements.update(conn, parts, columns, id=run.part(position).id)
    if columns := account_columns(change.account):
        statements.update(conn, accounts, columns, id=run.account.id)
    notes = _notes(run, change.notes)
    add_notes(conn, post.id, post.workspace_id, post.attempt, notes, now=now, worker=run.worker)
    ahead = preview(run, change).but(asking=None, stored_claim=None)
    for position in change.differs:
        announce_difference(conn, ahead.post, ahead.part(position), now=now)
    if values.get("state") not in (None, post.state):
        data = {**values, "account_id": run.account.id, "differs": differences(ahead.post.parts)}
        announce_post(conn, post.workspace_id, post.id, data, now=now)
    return ahead


def preview(run: Run, change: Change) -> Run:
    """The run as it will be once the change is written."""
    of_post = change.post.changes()
    of_post.pop("why", None)  # for people: no decision reads it
    new_parts = [
        part.but(**change.parts[part.position].changes()) if part.position in change.parts else part
        for part in run.post.parts
    ]
    of_account = change.account.changes()
    return run.but(
        post=run.post.but(**of_post, parts=new_parts),
        account=run.account.but(**of_account) if of_account else run.account,
    )


def _notes(run: Run, notes: Sequence[Note]) -> list[Note]:
    """What to add to the timeline: the first that is no state is what was being asked."""
    asked = run.asking
    if asked is None:
        return list(notes)
    if not notes:
        return [Note(asked.stage, "call", asked.what, asked.part, asked.at, 0.0, "ok")]
    found: list[Note] = []
    for note in notes:
        if asked is not None and note.kind != "state":
            part = asked.part if note.part is None else note.part
            at = asked.at if note.started_at is None else note.started_at
            note, asked = replace(note, part=part, started_at=at), None
        found.append(note)
    return found


# ---------------------------------------------------------------- whose a listed post can be


@dataclass(frozen=True, slots=True)
class SentPart:
    """A part that was sent and has no id on Threads yet."""

    kind: str
    body: Mapping[str, Any] | None


def claimed_ids(conn: sa.Connection, threads_user_id: str, but: str) -> set[str]:
    """Ids on Threads that belong to parts of this profile, the part ``but`` apart."""
    return {str(id_) for id_ in conn.execute(_CLAIMED, {"user": threads_user_id, "but": but}).scalars()}


_OF_USER = (parts.c.threads_user_id == sa.bindparam("user"), parts.c.id != sa.bindparam("but"))
_CLAIMED = sa.select(parts.c.threads_id).where(*_OF_USER, parts.c.threads_id.is_not(None))
_SENT_WITHOUT_ID = sa.select(parts.c.kind, parts.c.body).where(
    *_OF_USER,
    parts.c.threads_id.is_(None),
    parts.c.sends > 0,
    parts.c.state.in_(("checking", "published", "publishing")),
)


def sent_without_id(conn: sa.Connection, threads_user_id: str, but: str) -> list[SentPart]:
    """Parts of this profile that were sent and have no id on Threads yet, the part ``but`` apart."""
    return [SentPart(*row) for row in conn.execute(_SENT_WITHOUT_ID, {"user": threads_user_id, "but": but})]


# ---------------------------------------------------------------- the queue's own table, as far as we read it
# DBOS promises none of these names, and ``test_queue.py`` holds them.


def _queued(conn: sa.Connection) -> str:
    return "workflow_status" if conn.dialect.name == "sqlite" else "dbos.workflow_status"


def finished(conn: sa.Connection, before: float, *, limit: int) -> list[str]:
    """Ids of runs that ended before then (epoch seconds)."""
    query = (
        f"SELECT workflow_uuid FROM {_queued(conn)} WHERE status IN ('SUCCESS', 'ERROR', 'CANCELLED')"
        " AND completed_at < :before LIMIT :many"
    )
    return list(conn.execute(sa.text(query), {"before": int(before * 1000), "many": limit}).scalars())


def left_behind(conn: sa.Connection) -> list[str]:
    """Ids of executors with runs under way that are no workers of ours, or whose runs were taken over before."""
    query = (
        f"SELECT DISTINCT executor_id FROM {_queued(conn)} WHERE status = 'PENDING' AND executor_id IS NOT NULL"
        " AND executor_id NOT IN (SELECT id FROM workers WHERE state <> 'gone')"
    )
    return [str(worker) for worker in conn.execute(sa.text(query)).scalars()]


def end(conn: sa.Connection, run_id: str, executor: str, *, now: float) -> None:
    """Note that a run has ended which this executor has taken; nothing when it is not, or no more, in its hands."""
    statements.at_the_end(conn, _end, [{"run": run_id, "me": executor, "now": int(now * 1000)}])


def _end(conn: sa.Connection, ends: Sequence[Mapping[str, Any]]) -> None:
    query = (
        f"UPDATE {_queued(conn)} SET status = 'SUCCESS', owner_xid = NULL, deduplication_id = NULL,"
        " updated_at = :now, completed_at = :now"
        " WHERE workflow_uuid = :run AND status = 'PENDING' AND executor_id = :me"
    )
    conn.execute(sa.text(query), ends)


def under_way(conn: sa.Connection, executor: str) -> set[str]:
    """Ids of the runs that this executor has taken and not ended."""
    query = f"SELECT workflow_uuid FROM {_queued(conn)} WHERE status = 'PENDING' AND executor_id = :me"
    return set(conn.execute(sa.text(query), {"me": executor}).scalars())
