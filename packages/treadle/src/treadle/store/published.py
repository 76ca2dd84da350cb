"""What was published, and when: counts against the publishing limits. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from treadle.store.statements import chunks
from treadle.store.tables import parts

_SINCE = sa.select(sa.func.count(), sa.func.min(parts.c.published_at)).where(
    parts.c.account_id == sa.bindparam("account"),
    parts.c.published_at > sa.bindparam("since"),
    parts.c.is_reply == sa.bindparam("reply", type_=sa.Boolean),
)


def count_since(conn: sa.Connection, account_id: str, since: float, *, replies: bool) -> tuple[int, float | None]:
    """(how many parts of this kind the account published since then, when the oldest of them was)."""
    row = conn.execute(_SINCE, {"account": account_id, "since": since, "reply": replies}).one()
    return int(row[0]), row[1]


def counts_since(conn: sa.Connection, account_ids: Sequence[str], since: float) -> Mapping[tuple[str, bool], int]:
    """How many parts each account published since then, by (account, whether they are replies)."""
    counted: dict[tuple[str, bool], int] = {}
    for some in chunks(account_ids):
        by = (parts.c.account_id, parts.c.is_reply)
        mine = parts.c.account_id.in_(some)
        query = sa.select(*by, sa.func.count()).where(mine, parts.c.published_at > since).group_by(*by)
        counted |= {(row[0], bool(row[1])): row[2] for row in conn.execute(query)}
    return counted
