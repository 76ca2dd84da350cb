"""Everything a workspace owns, table by table, a page at a time and without secrets."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from treadle.store.tables import (
    accounts,
    alerts,
    api_keys,
    audit,
    blockers,
    changes,
    comments,
    connect_links,
    events,
    idempotency,
    imports,
    insight_reads,
    insights,
    kept_answers,
    login_links,
    media,
    members,
    parts,
    posts,
    queues,
    sessions,
    undos,
    users,
    webhook_deliveries,
    webhooks,
)

PAGE = 200


class Exported(NamedTuple):
    """A table whose rows are exported as they are. ``left_out``: columns of no use or of nobody's business.

    ``key``: the column that is unique within a workspace, and gives the order.
    """

    kind: str
    table: sa.Table
    left_out: tuple[str, ...] = ()
    key: str = "id"


TABLES = (
    Exported("account", accounts, ("refresh_lease_token", "refresh_lease_until")),
    Exported("connect_link", connect_links),
    Exported("media", media, ("job",)),
    Exported("blocker", blockers, ("open_key",)),
    Exported("webhook", webhooks, ("cursor",)),
    Exported("webhook_delivery", webhook_deliveries, ("lease_until",)),
    Exported("key", api_keys, ("prefix",)),
    Exported("user", users),
    Exported("member", members, key="user_id"),
    Exported("login_link", login_links),
    Exported("queue", queues, key="account_id"),
    Exported("import", imports),
    Exported("comment", comments),
    Exported("idempotency_key", idempotency, key="key"),
    Exported("alert", alerts),
    Exported("audit", audit),
    Exported("change", changes),
)

# Tables with a workspace that have no line of their own, and why.
INSIDE_OTHERS = {
    posts.name: "one line a post, read as the API reads it",
    parts.name: "in the post's line, as 'parts'",
    events.name: "in the post's line, as 'events'",
    sessions.name: "a person's login, of a server and not of a workspace",
    insights.name: "in the post's line, as 'insights'",
    insight_reads.name: "when a post's figures are read next",
    kept_answers.name: "answers that are given again for a day, with the secrets that they showed once",
    undos.name: "steps that take back what was just done; gone after ten minutes",
}
EXPORTED = frozenset(exported.table.name for exported in TABLES)


class ExportedColumn(NamedTuple):
    """A column of an export, with the Python type of its values."""

    name: str
    kind: type
    nullable: bool


def columns_of(exported: Exported) -> list[ExportedColumn]:
    return [ExportedColumn(one.name, one.type.python_type, bool(one.nullable)) for one in _columns(exported)]


def _columns(exported: Exported) -> list[sa.Column[Any]]:
    """Those without ciphertext and digests."""
    return [
        column
        for column in exported.table.c
        if column.name not in exported.left_out
        and not column.name.endswith(("_enc", "_hash"))
        and not isinstance(column.type, sa.LargeBinary)
    ]


def page_of(
    conn: sa.Connection, exported: Exported, workspace_id: str, after: Any
) -> tuple[list[dict[str, Any]], Any | None]:
    """Rows without secrets in the order of their keys, and the key to go on after; ``None``: there are no more."""
    table = exported.table
    key = table.c[exported.key]
    query = sa.select(*_columns(exported)).where(_owned(table, workspace_id))
    if after is not None:
        query = query.where(key > after)
    rows = conn.execute(query.order_by(key).limit(PAGE)).mappings().all()
    following = rows[-1][key.name] if len(rows) == PAGE else None
    return [dict(row) for row in rows], following


def _owned(table: sa.Table, workspace_id: str) -> sa.ColumnElement[bool]:
    """A person belongs to every workspace that they are a member of; the column names the one they began in."""
    if table is users:
        return users.c.id.in_(sa.select(members.c.user_id).where(members.c.workspace_id == workspace_id))
    return table.c.workspace_id == workspace_id


def post_ids(conn: sa.Connection, workspace_id: str, after: str | None) -> list[str]:
    """Ids of the workspace's posts, at most :data:`PAGE`, in order."""
    query = sa.select(posts.c.id).where(posts.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(posts.c.id > after)
    return list(conn.execute(query.order_by(posts.c.id).limit(PAGE)).scalars())
