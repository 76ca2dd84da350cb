"""Deliveries of outgoing webhooks: one row for each change and address. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, cast

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import webhook_deliveries as deliveries
from treadle.store.tables import webhooks


class DeliveryRow(TypedDict):
    """``state``: due, delivered or given_up; ``payload``: the body as it is sent; ``history``: the tries."""

    id: str
    webhook_id: str
    workspace_id: str
    change_id: int
    type: str
    payload: str
    state: str
    attempts: int
    history: list[dict[str, Any]]
    next_at: float | None
    lease_until: float | None
    created_at: float
    delivered_at: float | None


class LeasedDelivery(DeliveryRow):
    """With what its address is; the secrets are ciphertext."""

    url: str
    secret_enc: bytes
    secret_previous_enc: bytes | None
    failing_since: float | None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    id: str
    webhook_id: str
    workspace_id: str
    change_id: int
    type: str
    payload: str


def insert(conn: sa.Connection, new: NewDelivery, *, now: float) -> None:
    """Due at once."""
    row = {
        "id": new.id,
        "webhook_id": new.webhook_id,
        "workspace_id": new.workspace_id,
        "change_id": new.change_id,
        "type": new.type,
        "payload": new.payload,
    }
    statements.insert(conn, deliveries, {**row, "state": "due", "next_at": now, "created_at": now})


def insert_once(conn: sa.Connection, new: NewDelivery, *, now: float) -> bool:
    """The same; false, and nothing is done, when the address has one of this change already."""
    try:
        with conn.begin_nested():
            insert(conn, new, now=now)
    except sa.exc.IntegrityError:
        return False
    return True


def find(conn: sa.Connection, workspace_id: str, delivery_id: str) -> DeliveryRow | None:
    mine = (deliveries.c.id == delivery_id, deliveries.c.workspace_id == workspace_id)
    row = conn.execute(sa.select(deliveries).where(*mine)).mappings().first()
    return cast(DeliveryRow, dict(row)) if row is not None else None


def page_of(
    conn: sa.Connection, workspace_id: str, webhook_id: str, *, limit: int, before: str | None = None
) -> list[DeliveryRow]:
    """The newest first. ``before``: id of the last one already seen."""
    mine = (deliveries.c.webhook_id == webhook_id, deliveries.c.workspace_id == workspace_id)
    query = sa.select(deliveries).where(*mine)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    rows = conn.execute(query.order_by(deliveries.c.id.desc()).limit(limit)).mappings()
    return [cast(DeliveryRow, dict(row)) for row in rows]


def workspaces_due(conn: sa.Connection, now: float) -> list[str]:
    """Workspaces with something to deliver, who waits longest first."""
    query = _due_now(now).with_only_columns(deliveries.c.workspace_id).group_by(deliveries.c.workspace_id)
    return list(conn.execute(query.order_by(sa.func.min(deliveries.c.next_at))).scalars())


def due(conn: sa.Connection, workspace_id: str, now: float, *, limit: int) -> list[str]:
    """Ids of what is to be delivered of one workspace now."""
    query = _due_now(now).where(deliveries.c.workspace_id == workspace_id)
    return list(conn.execute(query.order_by(deliveries.c.next_at, deliveries.c.id).limit(limit)).scalars())


def _due_now(now: float) -> sa.Select[str]:
    active = deliveries.join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
    return sa.select(deliveries.c.id).select_from(active).where(*_free(now), webhooks.c.state == "active")


def _free(now: float) -> tuple[sa.ColumnElement[bool], ...]:
    unleased = sa.or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)
    return deliveries.c.state == "due", deliveries.c.next_at <= now, unleased


def lease(conn: sa.Connection, delivery_id: str, *, now: float, until: float) -> LeasedDelivery | None:
    """Lease it by compare-and-set; ``None`` when it is not due or somebody else has it."""
    mine = sa.update(deliveries).where(deliveries.c.id == delivery_id, *_free(now))
    if conn.execute(mine.values(lease_until=until)).rowcount != 1:
        return None
    of_hook = (webhooks.c.url, webhooks.c.secret_enc, webhooks.c.secret_previous_enc, webhooks.c.failing_since)
    query = sa.select(deliveries, *of_hook).join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
    row = conn.execute(query.where(deliveries.c.id == delivery_id)).mappings().first()
    return cast(LeasedDelivery, dict(row)) if row is not None else None


def put_off(conn: sa.Connection, delivery_id: str, until: float, *, give_up_before: float) -> None:
    """Not before ``until``; one made before ``give_up_before`` is given up."""
    mine = deliveries.c.id == delivery_id
    conn.execute(sa.update(deliveries).where(mine).values(next_at=until, lease_until=None))
    old = sa.and_(mine, deliveries.c.created_at < give_up_before)
    conn.execute(sa.update(deliveries).where(old).values(state="given_up", next_at=None))


def set_tried(
    conn: sa.Connection,
    row: DeliveryRow,
    history: Sequence[Mapping[str, Any]],
    *,
    state: str = "due",
    next_at: float | None = None,
    delivered_at: float | None = None,
) -> None:
    """One try is over; nothing happens when somebody asked for it to be delivered again meanwhile."""
    same = {name: row[name] for name in ("id", "attempts", "created_at")}
    values = {"attempts": row["attempts"] + 1, "history": [dict(entry) for entry in history], "lease_until": None}
    ends = {"state": state, "next_at": next_at, "delivered_at": delivered_at}
    statements.update(conn, deliveries, {**values, **ends}, **same)


def resend(conn: sa.Connection, workspace_id: str, webhook_id: str, delivery_id: str, *, now: float) -> bool:
    """Due again, as if it were new; false when there is none."""
    values = {"state": "due", "attempts": 0, "next_at": now, "lease_until": None, "created_at": now}
    keys = {"id": delivery_id, "webhook_id": webhook_id, "workspace_id": workspace_id}
    return statements.update(conn, deliveries, values, **keys) == 1


def hurry(conn: sa.Connection, webhook_id: str, *, now: float) -> None:
    """What waits for this address is due now."""
    statements.update(conn, deliveries, {"next_at": now, "lease_until": None}, webhook_id=webhook_id, state="due")


def delete_of_webhook(conn: sa.Connection, webhook_id: str) -> None:
    conn.execute(sa.delete(deliveries).where(deliveries.c.webhook_id == webhook_id))


def delete_over(conn: sa.Connection, *, before: float) -> int:
    """Those made before then that are not due any more; how many."""
    over = sa.and_(deliveries.c.state != "due", deliveries.c.created_at < before)
    return conn.execute(sa.delete(deliveries).where(over)).rowcount
