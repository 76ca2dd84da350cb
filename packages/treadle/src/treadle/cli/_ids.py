"""Ids as people type them: whole, or only enough of their end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from treadle.cli._house import fail

if TYPE_CHECKING:
    import sqlalchemy as sa

    from treadle.app import App

LENGTH = 30  # a prefix of three letters, an underscore, 26 characters
SHORTEST = 4


def whole_id(app: App, workspace_id: str, given: str, kind: str, what: str, table: sa.Table) -> str:
    """The id of a row of this workspace in ``table`` that ``given`` is, or ends; see :func:`one_of`."""
    import sqlalchemy as sa

    def find(ending: str) -> list[str]:
        mine = (table.c.workspace_id == workspace_id, table.c.id.endswith(ending, autoescape=True))
        with app.db.read() as conn:
            return [str(id_) for id_ in conn.execute(sa.select(table.c.id).where(*mine).limit(2)).scalars()]

    return one_of(given, kind, what, find)


def whole_post_id(app: App, workspace_id: str, given: str) -> str:
    """The id of a post that ``given`` is, or ends."""
    from treadle.store.tables import posts

    return whole_id(app, workspace_id, given, "post", "post", posts)


def one_of(given: str, kind: str, what: str, find: Callable[[str], Sequence[str]]) -> str:
    """The id that ``given`` is, or ends; also as tables cut it down (``…m7nny121``).

    ``kind`` is a key of :data:`treadle.ids.PREFIXES`, ``what`` the word people use for it, ``find`` gives the ids with
    an ending. A whole id is given back unseen: whether it exists is said by whoever works with it. The end of none, or
    of several, ends the command.
    """
    from treadle.ids import PREFIXES

    plain, prefix = given.strip().lstrip("…").lower(), PREFIXES[kind] + "_"
    if len(plain) == LENGTH and plain.startswith(prefix):
        return plain
    ending = plain.removeprefix(prefix)
    if len(ending) < SHORTEST or not ending.isalnum():
        fail(f"'{given}' is not the id of a {what} ({prefix}...), nor the last four characters or more of one.", code=2)
    ids = find(ending)
    if len(ids) != 1:
        if not ids:
            fail(f"No {what} ends in '{given}'.", error="not_found")
        fail(f"Several {what}s end in '{given}': write more of the id.")
    return ids[0]
