"""A run's writing: claiming a post, noting what is about to be asked of Threads, and what came of it.

One transaction joins the end of one call with the beginning of the next, so a post costs few commits, and a call that
reached Threads has a row in the timeline even when the process dies before its answer. Every write is bound to the
claim: a worker that lost the post writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from treadle.domain.scope import NARROWEST_FIRST, Reach
from treadle.domain.states import RUNNING
from treadle.domain.view import AccountView, PartView, PostView, View, account_view, part_view, post_view
from treadle.store import statements
from treadle.store.tables import accounts, blockers, events, parts, posts, workspaces
from treadle.store.timeline import Note, add_note, announce_post


@dataclass(frozen=True)
class Run(View):
    """A claimed post: what one worker may work on until somebody else claims it."""

    post: PostView
    account: AccountView
    workspace_paused: bool
    lease_token: str
    worker: str
    open_event: int | None = None
    blockers: tuple[Mapping[str, Any], ...] = ()

    def part(self, position: int) -> PartView:
        return self.post.parts[position]


@dataclass(slots=True)
class Change:
    """What a stage wants written: columns of the post, of its parts and of its account, and notes for the timeline."""

    post: dict[str, Any] = field(default_factory=dict)
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def calm(self) -> Change:
        """Nothing is wrong any more: the last failure's cause is history."""
        self.post.update(cause=None, cause_pattern=None, cause_lane=None, why=None)
        return self

    def on(self, position: int, **columns: Any) -> Change:
        self.parts.setdefault(position, {}).update(columns)
        return self


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
                outcome="interrupted", decision="The worker stopped here; what came of this is looked up, not guessed."
            )
        )
    taken = {"claim": row["claim"] + 1, "claimed_by": worker, "claimed_at": now}
    statements.update(conn, posts, taken, id=post_id)
    of_account = {column.name: row[_OF_ACCOUNT + column.name] for column in accounts.c}
    account = account_view(of_account)  # type: ignore[arg-type]
    post = post_view({**row, **taken}, load_parts(conn, post_id))  # type: ignore[arg-type]
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


def open_blockers(conn: sa.Connection, post: PostView, account: AccountView) -> list[Mapping[str, Any]]:
    """Open blockers that concern this post, the narrowest scope first."""
    hosts = media_hosts(post.parts)
    keys = {"post": post.id, "account": account.id, "app": account.app_id}
    rows = list(conn.execute(_BLOCKERS, keys).mappings())
    if hosts:
        b = blockers.c
        of_hosts = sa.and_(b.scope == "media_host", b.workspace_id == post.workspace_id, b.key.in_(hosts))
        rows += conn.execute(sa.select(blockers).where(b.repaired_at.is_(None), of_hosts)).mappings()
    return sorted((dict(row) for row in rows), key=lambda row: NARROWEST_FIRST[str(row["scope"])])


def reach_of(post: PostView, account: AccountView) -> Reach:
    """What the post depends on."""
    return Reach(post.id, account.id, account.app_id, post.workspace_id, frozenset(media_hosts(post.parts)))


def media_hosts(post_parts: Iterable[PartView]) -> list[str]:
    """Hosts that Threads will have to fetch from for parts that have no container yet."""
    hosts: set[str] = set()
    for part in post_parts:
        if part.published_at is None and part.container_id is None:
            for item in part.media_urls or part.media:
                if host := urlsplit(str(item.get("url") or "")).hostname:
                    hosts.add(host.lower())
    return sorted(hosts)


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


def write(conn: sa.Connection, run: Run, change: Change, *, now: float, release: bool = False) -> Run | None:
    """Write a change under the run's claim; ``None`` when the claim is no longer ours (then nothing is written).

    The first note closes the event that :func:`begin` opened; the others are added. ``release`` lets go of the post.
    """
    values = {**change.post, "updated_at": now}
    if release:
        values["claimed_by"] = None
    if statements.update(conn, posts, values, id=run.post.id, claim=run.post.claim) != 1:
        return None
    for position, columns in change.parts.items():
        if columns:
            statements.update(conn, parts, columns, id=run.part(position).id)
    if change.account:
        statements.update(conn, accounts, change.account, id=run.account.id)
    _write_notes(conn, run, change.notes, now=now)
    if change.post.get("state") not in (None, run.post.state):
        announce_post(conn, run.post.workspace_id, run.post.id, {**change.post, "account_id": run.account.id}, now=now)
    return preview(run, change).but(open_event=None)


def preview(run: Run, change: Change) -> Run:
    """The run as it will be once the change is written."""
    post_fields = {k: v for k, v in change.post.items() if k in PostView.__dataclass_fields__}
    account_fields = {k: v for k, v in change.account.items() if k in AccountView.__dataclass_fields__}
    new_parts = [
        part.but(**change.parts[part.position]) if part.position in change.parts else part for part in run.post.parts
    ]
    return run.but(
        post=run.post.but(**post_fields, parts=new_parts),
        account=run.account.but(**account_fields) if account_fields else run.account,
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
