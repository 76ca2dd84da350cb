"""Whether what is live is what was asked for. Pure: answers of Threads in, what is known of them out.

What is read back, and how it is compared, is in the table of options (``treadle_threads.options``). One reading is
judged by :func:`judge`; :func:`weigh` puts readings together: a difference is one that two readings in a row show, 20
to 60 seconds apart, because Threads shows some of a new post late. What heals is dropped, what Threads does not return
is not checked, and nothing that is found is ever sent again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from treadle.domain.options import TABLE
from treadle.domain.progress import SHOWN_MOST, Difference, LiveCheck
from treadle.domain.run_state import PartView
from treadle_threads.options import PARAMETERS, READ_TYPES, Option, Parameter, agrees, is_chosen, missing_end, one_value

REPLY: Final = "reply_to_id"
AGAIN_S: Final = 25.0  # between two readings of one part
READINGS: Final = 3  # so the last one is 50 seconds after the first: a chain waits no longer than a minute
REMEMBERED_S: Final = 86_400.0  # for how long an account's unreadable fields are not asked for
# Fields that every account should be able to read; asked for alone once the others were refused without a name.
_PLAIN: Final = frozenset({"media_type", "text"})
_PLACE: Final = frozenset({"replied_to", "root_post", "is_reply"})

# What an option that differs is diagnosed as, and what it is else.
DETACHED: Final = "reply_detached"
STORY: Final = "story_not_shared"
OTHER: Final = "published_differs"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading showed. ``unplaced``: not what the part replies to."""

    checked: tuple[str, ...]
    differs: tuple[Difference, ...]
    not_checked: tuple[str, ...]
    remarks: tuple[Difference, ...]
    unplaced: bool = False


# ---------------------------------------------------------------- what was asked, and what is read


def asked_of(part: PartView, reply_to: str | None) -> dict[str, Any]:
    """What of the part can be compared, by the name it was asked by. ``reply_to``: the id on Threads it replies to."""
    media = part.media_urls or part.media
    kinds = ["VIDEO" if str(item.get("kind") or item.get("type")).upper() == "VIDEO" else "IMAGE" for item in media]
    asked: dict[str, Any] = {"media_type": part.kind}
    if part.text:
        asked["text"] = part.text
    if part.kind == "CAROUSEL" and part.media_urls:
        asked["children"] = kinds
    given = {**part.options, REPLY: reply_to}
    if part.kind in ("IMAGE", "VIDEO") and media and media[0].get("alt_text"):
        given["alt_text"] = media[0]["alt_text"]
    for name, option in TABLE.items():
        if option.compare != "none" and is_chosen(option, given.get(name)):
            asked[name] = given[name]
    return asked


def never_compared(part: PartView) -> tuple[str, ...]:
    """The options of the part that were sent and that no reading can compare: Threads returns nothing of them."""
    return tuple(
        name
        for name, option in TABLE.items()
        if option.sent and option.compare == "none" and is_chosen(option, part.options.get(name))
    )


def fields_for(asked: Collection[str], without: Collection[str]) -> list[str]:
    """What is asked for with ``fields=`` to compare ``asked``, but not the plain names ``without``. May be empty."""
    found = [read for name in asked for read in _reads(_entry(name)) if _plain(read) not in without]
    return list(dict.fromkeys(found))


def fewer(fields: Sequence[str], message: str) -> set[str]:
    """The plain names not to be asked for any more once ``fields`` were refused with ``message``: those that it names,
    else all but those that every account can read, else all."""
    names = {_plain(read) for read in fields}
    named = {name for name in names if f"({name})" in message or f"'{name}'" in message or f'"{name}"' in message}
    if named and named != names:
        return named
    return (names - _PLAIN - _PLACE) or (names - _PLAIN) or names


def unreadable(learned: Mapping[str, Any], now: float) -> set[str]:
    """The fields that the account's reads were refused for within a day."""
    known = learned.get("unreadable_fields")
    if not isinstance(known, Mapping) or float(known.get("until", 0.0)) <= now:
        return set()
    return {str(name) for name in known.get("names", ())}


def with_unreadable(learned: Mapping[str, Any], names: Collection[str], until: float) -> dict[str, Any]:
    """``learned`` with the fields that must not be asked for before ``until`` (epoch seconds)."""
    return {**learned, "unreadable_fields": {"names": sorted(names), "until": until}}


# ---------------------------------------------------------------- one reading


def judge(asked: Mapping[str, Any], live: Mapping[str, Any], root: str | None, unread: Collection[str] = ()) -> Reading:
    """``live``: what Threads returned, not asked for the fields ``unread``. ``root``: id of the chain's first post, if
    known."""
    checked: list[str] = []
    differs: list[Difference] = []
    not_checked: list[str] = []
    remarks: list[Difference] = []
    unplaced = False
    bare = not any(live.get(name) for name in _PLAIN)  # an answer without these says nothing by what it lacks
    for name, wanted in asked.items():
        entry = _entry(name)
        if name == REPLY:
            hangs = _hangs(wanted, live, root)
            unplaced = hangs is None
            if isinstance(hangs, str):
                differs.append(Difference(name, _shown(wanted), hangs))
            else:
                (not_checked if hangs is None else checked).append(name)
            continue
        if entry.read_from_answer:
            continue
        value = one_value(entry.of, live.get(entry.reads))
        if value is None:
            absent = not live.get(entry.reads) and entry.reads not in unread
            if entry.of.compare == "absent-twice" and absent and not bare:
                differs.append(Difference(name, _shown(wanted), ""))
            else:
                not_checked.append(name)
            continue
        found = Difference(name, _shown(_as_read(name, wanted)), _shown(value))
        same = agrees(entry.of, wanted, value)
        if name == "text" and same is False and _moved(wanted, value):
            same = None
        if same is False:
            differs.append(found)
            continue
        checked.append(name)
        if same is None:
            remarks.append(found)
    return Reading(tuple(checked), tuple(differs), tuple(not_checked), tuple(remarks), unplaced)


def _hangs(parent: str, live: Mapping[str, Any], root: str | None) -> Literal[True] | str | None:
    """``True``: under its parent; the id it hangs on instead, or empty; ``None``: the answer does not say."""
    above, top = _id(live.get("replied_to")), _id(live.get("root_post"))
    if above is not None and above != parent:
        return above
    if live.get("is_reply") is False:
        return ""
    if above is not None:
        return True
    if top is not None and root is not None and top != root:
        return top
    if live.get("is_reply") is True or (top is not None and top == root):
        return True
    return None


def _id(value: Any) -> str | None:
    one = one_value(TABLE[REPLY], value)
    found = one.get("id") if isinstance(one, Mapping) else None
    return str(found) if found else None


def _moved(asked: str, live: str) -> bool:
    """Whether the end that is missing is one topic tag: Threads takes it out of the text and shows it above."""
    end = missing_end(asked, live)
    return bool(live.strip()) and end.startswith("#") and len(end.split()) == 1


def standing_alone(asked: Mapping[str, Any]) -> Difference:
    """Of a reply that is among the account's posts, where no reply is."""
    return Difference(REPLY, _shown(asked[REPLY]), "")


# ---------------------------------------------------------------- readings together


def weigh(
    before: LiveCheck | None, reading: Reading | None, asked: Mapping[str, Any], story: str | None, *, next_at: float
) -> LiveCheck:
    """What is known after one more reading. ``reading`` ``None``: it failed. ``story``: what the answer to create or
    publish said of sharing. ``next_at``: when the next reading would be."""
    past = before or LiveCheck()
    count = past.readings + 1
    if reading is None:
        if count < READINGS:
            return replace(past, readings=count, next_at=next_at)
        return _finished(count, None, (), asked, story)
    known = {one.field for one in past.suspected} | ({REPLY} if past.unplaced else set())
    fresh = [one for one in reading.differs if one.field not in known]
    again = reading.unplaced and not past.unplaced
    if (fresh or again) and count < READINGS:
        return LiveCheck(count, next_at, suspected=reading.differs, unplaced=reading.unplaced)
    return _finished(count, reading, known, asked, story)


def nothing_readable(asked: Mapping[str, Any], story: str | None) -> LiveCheck:
    """Of a part that cannot be read."""
    return _finished(0, None, (), asked, story)


def _finished(
    count: int, reading: Reading | None, known: Collection[str], asked: Mapping[str, Any], story: str | None
) -> LiveCheck:
    seen = reading or Reading((), (), tuple(name for name in asked if not _entry(name).read_from_answer), ())
    shared = [name for name in asked if _entry(name).read_from_answer]
    failed = tuple(Difference(name, "SUCCESS", "FAILED") for name in shared if story == "FAILED")
    once = tuple(one.field for one in seen.differs if one.field not in known)
    reported = tuple(shared) if story in ("FAILED", "SUCCESS") else ()
    return LiveCheck(
        readings=count,
        over=True,
        checked=(*seen.checked, *(one.field for one in seen.differs if one.field in known), *reported),
        differs=(*(one for one in seen.differs if one.field in known), *failed),
        not_checked=(*seen.not_checked, *once, *(name for name in shared if name not in reported)),
        remarks=seen.remarks,
    )


def is_detached(check: LiveCheck | None) -> bool:
    """Whether the part is live as a post of its own, or under another post, instead of its parent."""
    return check is not None and check.over and any(one.field == REPLY for one in check.differs)


def pattern_of(check: LiveCheck) -> str | None:
    """The catalogue's page on the gravest difference; ``None``: there is none."""
    if not check.differs:
        return None
    if is_detached(check):
        return DETACHED
    shared = all(_entry(one.field).read_from_answer for one in check.differs)
    return STORY if shared else OTHER


# ---------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class _Entry:
    of: Option | Parameter
    reads: str
    read_from_answer: bool


def _entry(name: str) -> _Entry:
    entry: Option | Parameter = PARAMETERS[name] if name in PARAMETERS else TABLE[name]
    read_from_answer = isinstance(entry, Option) and entry.read_from == "answer"
    return _Entry(entry, _plain(entry.read_as[0]) if entry.read_as else "", read_from_answer)


def _reads(entry: _Entry) -> tuple[str, ...]:
    return () if entry.read_from_answer else entry.of.read_as


def _plain(read: str) -> str:
    return read.partition("{")[0]


def _as_read(name: str, wanted: Any) -> Any:
    return READ_TYPES.get(wanted, wanted) if name == "media_type" else wanted


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_MOST else f"{text[:SHOWN_MOST]}…"
