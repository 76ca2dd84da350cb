"""Which permissions a post needs, held against those a token was granted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from treadle.domain.options import scopes_of
from treadle.store import Connection, risks

ALWAYS = ("threads_basic", "threads_content_publish")


def of_part(options: Mapping[str, Any], *, is_reply: bool = False) -> tuple[str, ...]:
    """Permissions one part needs, sorted."""
    replies = {"reply_to_id": options.get("reply_to_id") or "the part before it"} if is_reply else {}
    return tuple(sorted({*ALWAYS, *scopes_of({**options, **replies}, guessed=True)}))


def missing(needed: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Needed and not granted, sorted; nothing when what was granted is not known."""
    known = set(granted)
    return tuple(sorted(set(needed) - known)) if known else ()


@dataclass(slots=True)
class Lacking:
    """What a token was not granted although it is needed. ``post_ids``: the unfinished posts that need it."""

    scopes: set[str]
    post_ids: set[str] = field(default_factory=set)


def lacking(conn: Connection, granted: Mapping[str, Iterable[str]]) -> dict[str, Lacking]:
    """By account, with one question for all of them; only accounts that lack something.

    ``granted``: account id -> scopes of its token; none when they are not known.
    """
    found = {id_: Lacking(set(short)) for id_, scopes in granted.items() if (short := missing(ALWAYS, scopes))}
    for part in risks.options_of_unfinished(conn):
        short = missing(of_part(part.options or {}, is_reply=part.is_reply), granted.get(part.account_id, ()))
        if short:
            entry = found.setdefault(part.account_id, Lacking(set()))
            entry.scopes.update(short)
            entry.post_ids.add(part.post_id)
    return found
