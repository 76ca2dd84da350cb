"""A post's run in the tables: claiming it, what is asked of Threads, what came of it, the intent to publish.

One transaction joins the end of one call with the beginning of the next, so a post costs few commits, and a call that
reached Threads has a row in the timeline even when the process dies before its answer. Every write is bound to the
claim: a worker that lost the post writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import sqlalchemy as sa

from treadle.domain.cause import Cause
from treadle.domain.scope import FETCH_KEY, NARROWEST_FIRST
from treadle.domain.states import RUNNING
from treadle.domain.updates import AccountUpdate, PartUpdate, PostUpdate
from treadle.domain.view import (
    AccountView,
    OpenBlocker,
    PartView,
    PostView,
    Run,
    account_view,
    fetches,
    media_hosts,
    part_view,
    post_view,
)
from treadle.store import statements
from treadle.store.tables import accounts, blockers, events, parts, posts, workspaces
from treadle.store.timeline import Note, add_note, announce_difference, announce_post, differences


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

_OF_ACCOUNT = "account_row_"
_POST = (
    sa.select(
        posts,
        *(column.label(_OF_ACCOUNT + column.name) for column in accounts.c),
        workspaces.c.paused.label("workspace_paused"),
    )
    .join(accounts, accounts.c.id == posts.c.account_id)
    .join(workspaces, workspaces.c.id == accounts.c.workspace_id)
    .where(posts.c.id == sa.bindparam("id"))
    .with_for_update(of=posts)
)
_PARTS = sa.select(parts).where(parts.c.post_id == sa.bindparam("post_id")).order_by(parts.c.position)
# treadle.domain.scope.concerns, of one post.
_BLOCKERS = sa.select(blockers).where(
    blockers.c.repaired_at.is_(None),
    sa.or_(
        sa.and_(blockers.c.scope == "post", blockers.c.key == sa.bindparam("post")),
        sa.and_(blockers.c.scope == "account", blockers.c.key == sa.bindparam("account")),
        sa.and_(blockers.c.scope == "app", blockers.c.key == sa.bindparam("app")),
        blockers.c.scope == "platform",
    ),
)


def claim(conn: sa.Connection, post_id: str, seq: int, *, worker: str, lease_token: str, now: float) -> Run | None:
    """Take the post for this run; ``None`` when the run is out of date or the post is not to be run."""
    row = conn.execute(_POST, {"id": post_id}).mappings().first()
    if row is None or row["seq"] != seq or row["state"] not in RUNNING:
        return None
    if row["claimed_by"] is not None:
        # The last hand on this post never let go: what it was asking has no answer that anybody knows.
        conn.execute(
            sa.update(events)
            .where(events.c.post_id == post_id, events.c.outcome.is_(None), events.c.kind == "call")
            .values(
                outcome="interrupted",
                decision="The worker stopped here. Treadle checks the result before it continues.",
            )
        )
    taken = {"claim": row["claim"] + 1, "claimed_by": worker, "claimed_at": now}
    statements.update(conn, posts, taken, id=post_id)
    account = account_view({column.name: row[_OF_ACCOUNT + column.name] for column in accounts.c})
    post = post_view({**row, **taken}, load_parts(conn, post_id))
    return Run(
        post=post,
        account=account,
        workspace_paused=row["workspace_paused"],
        lease_token=lease_token,
        worker=worker,
        blockers=tuple(open_blockers(conn, post, account)),
    )


def load_parts(conn: sa.Connection, post_id: str) -> list[PartView]:
    return [part_view(row) for row in conn.execute(_PARTS, {"post_id": post_id}).mappings()]


def open_blockers(conn: sa.Connection, post: PostView, account: AccountView) -> list[OpenBlocker]:
    """Open blockers that concern this post, the narrowest scope first."""
    hosts = media_hosts(post.parts)
    keys = {"post": post.id, "account": account.id, "app": account.app_id}
    must_fetch = fetches(post.parts)
    rows = [row for row in conn.execute(_BLOCKERS, keys).mappings() if row["key"] != FETCH_KEY or must_fetch]
    hosts += [FETCH_KEY] if must_fetch else []
    if hosts:
        b = blockers.c
        of_hosts = sa.and_(b.scope == "media_host", b.workspace_id == post.workspace_id, b.key.in_(hosts))
        rows += conn.execute(sa.select(blockers).where(b.repaired_at.is_(None), of_hosts)).mappings()
    found = [
        OpenBlocker(
            row["id"],
            row["scope"],
            row["key"],
            row["lane"],
            row["pattern"],
            Cause.from_json(row["cause"]),
            row["probe_post_id"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda blocker: NARROWEST_FIRST[blocker.scope])


# ---------------------------------------------------------------- writing


def begin(
    conn: sa.Connection, run: Run, stage: str, what: str, part: int | None, *, now: float, kind: str = "call"
) -> Run:
    """Note that something is about to be asked, before it is."""
    row = {
        "post_id": run.post.id,
        "workspace_id": run.post.workspace_id,
        "part": part,
        "attempt": run.post.attempt,
        "stage": stage,
        "kind": kind,
        "what": what,
        "started_at": now,
        "worker": run.worker,
    }
    event_id = statements.insert_returning(conn, events, row)
    return run.but(open_event=event_id)


def update_part(conn: sa.Connection, part_id: str, update: PartUpdate) -> None:
    """Change a part outside a run."""
    statements.update(conn, parts, part_columns(update), id=part_id)


def set_next_what(conn: sa.Connection, run: Run, what: str) -> None:
    """Say what is being done just now, while the claim holds."""
    statements.update(conn, posts, {"next_what": what}, id=run.post.id, claim=run.post.claim)


def write(conn: sa.Connection, run: Run, change: Change, *, now: float, release: bool = False) -> Run | None:
    """Write a change under the run's claim; ``None`` when the claim is no longer ours (then nothing is written).

    The first note closes the event that :func:`begin` opened; the others are added. ``release`` lets go of the post.
    """
    values = {**post_columns(change.post), "updated_at": now}
    if release:
        values["claimed_by"] = None
    if statements.update(conn, posts, values, id=run.post.id, claim=run.post.claim) != 1:
        return None
    for position, update in change.parts.items():
        if columns := part_columns(update):
            statements.update(conn, parts, columns, id=run.part(position).id)
    if columns := account_columns(change.account):
        statements.update(conn, accounts, columns, id=run.account.id)
    _write_notes(conn, run, change.notes, now=now)
    ahead = preview(run, change).but(open_event=None)
    for position in change.differs:
        announce_difference(conn, ahead.post, ahead.part(position), now=now)
    if values.get("state") not in (None, run.post.state):
        said = {**values, "account_id": run.account.id, "differs": differences(ahead.post.parts)}
        announce_post(conn, run.post.workspace_id, run.post.id, said, now=now)
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


def _write_notes(conn: sa.Connection, run: Run, notes: list[Note], *, now: float) -> None:
    open_event = run.open_event
    for note in notes:
        columns = {
            "outcome": note.outcome,
            "duration_s": note.duration_s,
            "request": note.request,
            "answer": note.answer,
            "diagnosis": note.diagnosis,
            "decision": note.decision,
        }
        if open_event is not None and note.kind != "state":
            statements.update(
                conn, events, {**columns, "what": note.what, "stage": note.stage, "kind": note.kind}, id=open_event
            )
            open_event = None
            continue
        add_note(conn, run.post.id, run.post.workspace_id, run.post.attempt, note, now=now, worker=run.worker)
    if open_event is not None and notes == []:
        statements.update(conn, events, {"outcome": "ok", "duration_s": 0.0}, id=open_event)
