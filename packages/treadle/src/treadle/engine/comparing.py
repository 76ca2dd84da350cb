"""The stage that compares what is live with what was asked.

It is a read of its own, after the address: one field that Threads does not know, or does not let this account read,
fails a whole read. Then fewer are asked for, and that is remembered for the account for a day. Whatever comes of it,
nothing is sent again: a difference is reported, and a reply that is no reply stops what should follow it. A read that
was refused opens no cause, unless it says that the token is refused: then a part that is still to be sent, and every
other post of the account, waits for the repair, rather than show Threads the same token once more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from treadle.domain.cause import Cause, from_pattern
from treadle.domain.live_equals import (
    AGAIN_S,
    DETACHED,
    REMEMBERED_S,
    REPLY,
    Reading,
    asked_of,
    fewer,
    fields_for,
    judge,
    nothing_readable,
    pattern_of,
    standing_alone,
    unreadable,
    weigh,
    with_unreadable,
)
from treadle.domain.progress import LiveCheck
from treadle.domain.run_state import PartUpdate, PartView, Run
from treadle.domain.steps import Compare, Detached
from treadle.engine.calling import UNKNOWN_CONTAINER, Ask, Failed, call
from treadle.engine.ending import Finish, Outcome, Park, Snooze
from treadle.engine.failing import call_failed, limit_ends, wait_for_limit
from treadle.engine.worker_context import WorkerContext
from treadle.store.runs import Change
from treadle.store.timeline import Note
from treadle_diagnosis import Evidence
from treadle_threads.results import Refused
from treadle_threads.values import Media, Page

WHAT = "Compare the published post with what you asked for"
MOST_READS = 4  # in one step: with ever fewer fields
LISTED = 100


async def compare(worker: WorkerContext, run: Run, step: Compare) -> Outcome:
    part = step.part
    threads_id = part.threads_id
    assert threads_id is not None
    asked, past, began = asked_of(part, step.parent), part.progress.live, worker.now()
    known = unreadable(run.account.learned, began)
    unread, change = set(known), Change()
    reading: Reading | None = None
    over = False  # nothing can be read, now or in a minute
    refused: Failed | None = None  # the token itself
    other = False  # a read was refused that may have been so for something else than its fields
    for _ in range(MOST_READS):
        fields = fields_for(asked, unread)
        if not fields:
            over = True
            break
        read = await call(worker, run.account, _read(threads_id, fields), part)
        change.notes.append(read.note)
        if not isinstance(read, Failed):
            reading = judge(asked, read.value.data, step.root, unread)
            break
        until = limit_ends(worker, part, read, read.diagnosis, worker.now())
        if until is not None:
            wait_for_limit(run, change, Cause(read.diagnosis), until)
        refused = read if read.stops_reading else None
        over = until is not None or refused is not None
        if over or not _for_its_fields(part, read, past):
            break
        other = other or _passes(read) or read.diagnosis.pattern in UNKNOWN_CONTAINER
        unread |= fewer(fields, str(read.failure.answer.body) if isinstance(read.failure, Refused) else "")
    if reading is not None and reading.unplaced and past is not None and past.unplaced:
        reading = await _among_posts(worker, run, part, asked, reading, change)
    now = worker.now()
    next_at = now + max(0.2, worker.scaled(AGAIN_S))
    story = part.progress.story
    check = nothing_readable(asked, story) if over else weigh(past, reading, asked, story, next_at=next_at)
    # Trouble that passes and a post that is gone say nothing of fields, unless fewer of them could be read at once.
    if unread != known and (reading is not None or not other):
        change.account.learned = with_unreadable(run.account.learned, unread, now + worker.scaled(REMEMBERED_S))
    change.on(part.position, PartUpdate(progress=replace(part.progress, live=check)))
    if not check.over:
        return Outcome(change, Snooze(next_at, "publishing", "It is live; reads once more what Threads shows of it."))
    _report(part, check, change)
    following = part.position + 1
    if refused is not None and following == len(run.post.parts):
        met = call_failed(worker, run, part, refused).ending
        change.post.stage = "done"
        return Outcome(change, Finish("published", met=met if isinstance(met, Park) else None))
    if refused is not None:
        stopped = call_failed(worker, run, run.part(following), refused)
        change.post.merge(stopped.change.post)
        change.on(following, stopped.change.part(following))
        return Outcome(change, stopped.ending)
    return Outcome(change)


def _read(threads_id: str, fields: list[str]) -> Ask[Media]:
    return Ask(
        WHAT,
        "verify",
        "read",
        lambda client: client.media(threads_id, fields=["id", *fields]),
        diagnosed_at="read",
        proves=False,
    )


def _for_its_fields(part: PartView, failed: Failed, past: LiveCheck | None) -> bool:
    """Whether fewer fields may be read where these were refused. What can be trouble that passes, or a post that is not
    known everywhere yet, is waited for once."""
    if not isinstance(failed.failure, Refused):
        return False
    unknown = failed.diagnosis.pattern in UNKNOWN_CONTAINER and part.permalink is None
    return past is not None or not (unknown or _passes(failed))


def _passes(failed: Failed) -> bool:
    """Whether Threads refused the read for trouble of its own."""
    refused = isinstance(failed.failure, Refused) and failed.failure.answer.status >= 500
    return refused and failed.diagnosis.lane == "platform_temporary"


async def _among_posts(
    worker: WorkerContext, run: Run, part: PartView, asked: dict[str, Any], reading: Reading, change: Change
) -> Reading:
    """Twice nothing said what the part replies to. The account's posts hold no replies: what is there is none."""
    ask: Ask[Page] = Ask(
        "Check whether the reply became a separate post",
        "verify",
        "read",
        lambda client: client.list_threads(fields="id", limit=LISTED),
        diagnosed_at="read",
        proves=False,
    )
    listed = await call(worker, run.account, ask, part)
    change.notes.append(listed.note)
    if isinstance(listed, Failed) or all(str(item.get("id")) != part.threads_id for item in listed.value.data):
        return reading
    rest = tuple(name for name in reading.not_checked if name != REPLY)
    return replace(reading, differs=(*reading.differs, standing_alone(asked)), not_checked=rest, unplaced=False)


def _report(part: PartView, check: LiveCheck, change: Change) -> None:
    """Say in the timeline what was not as asked, and set it down as the part's cause."""
    remarks = [
        f"{title}: {', '.join(names)}."
        for title, names in (
            ("Not as asked", [one.field for one in check.differs]),
            ("Reads differently", [one.field for one in check.remarks]),
            ("Not checked", check.not_checked),
        )
        if names
    ]
    if remarks and change.notes:
        change.notes[-1] = replace(change.notes[-1], decision=" ".join(remarks))
    pattern = pattern_of(check)
    if pattern is None:
        return
    body = {"differs": [one.to_json() for one in check.differs]}
    found = from_pattern(pattern, Evidence(stage="verify", body=body))
    what = "The live post differs from what you asked for."
    change.notes.append(
        Note("verify", "decision", what, part.position, decision="Nothing is sent again.", diagnosis=found.to_json())
    )
    change.part(part.position).cause = Cause(found)
    change.differs = (*change.differs, part.position)


def detached(run: Run, change: Change, step: Detached) -> Park:
    """How a run ends whose next part would reply to a part that is no reply."""
    part = step.part
    cause = part.cause or Cause(from_pattern(DETACHED, Evidence(stage="verify")))
    why = (
        f"Part {part.position + 1} is live, but not as a reply to the part before it. Nothing more is published until "
        "you decide: continue below the first part, stop here, or delete it and publish it again."
    )
    change.post.met(cause, why).stage = "verify"
    return Park("post", run.post.id, cause.diagnosis, why)
