"""Ids as people type them: whole, or only enough of their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.cli._print import fail

if TYPE_CHECKING:
    from treadle.cli._invocation import Invocation
    from treadle.store.id_endings import Kind

LENGTH = 30  # a prefix of three letters, an underscore, 26 characters
SHORTEST = 4


def whole_id(cmd: Invocation, given: str, kind: Kind, what: str = "") -> str:
    """The id that ``given`` is, or ends; also as tables cut it down (``…m7nny121``).

    ``what`` is the word people use for the kind. A whole id is returned unseen: whether it exists is for the caller to
    find out. The end of no id, or of several, ends the command.
    """
    from treadle.ids import PREFIXES
    from treadle.store.id_endings import ids_ending

    what = what or kind
    plain, prefix = given.strip().lstrip("…").lower(), PREFIXES[kind] + "_"
    if len(plain) == LENGTH and plain.startswith(prefix):
        return plain
    ending = plain.removeprefix(prefix)
    if len(ending) < SHORTEST or not ending.isalnum():
        fail(f"'{given}' is not the id of a {what} ({prefix}...), nor the last four characters or more of one.", code=2)
    with cmd.app.db.read() as conn:
        ids = ids_ending(conn, cmd.workspace_id, kind, ending)
    if not ids:
        fail(f"No {what} ends in '{given}'.", error="not_found")
    if len(ids) > 1:
        fail(f"Several {what}s end in '{given}': type more of the id.")
    return ids[0]
