"""The stages after a publish: was it, which post is it, where is it.

After an unclear publish nothing is sent until it is known that nothing is out. What counts as knowing:

- ``PUBLISHED`` on the container: it is live. Which post it is, is looked up afterwards.
- ``EXPIRED`` on the container: it can never go out any more; a new container may be made.
- ``FINISHED`` again and again, the last time after the settle time has passed since the last send, and no post in the
  account's lists that could be it: it did not go out, and the *same* container is sent again.

Everything else is not knowing, and the post stays ``checking``, in the end for a person. This rests on one assumption:
that Meta publishes a container at most once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from treadle.diagnosis.types import Diagnosis, RetryAdvice
from treadle.posts.timeline import Note
from treadle.posts.view import PartView
from treadle.publishing.ending import Behind, Ending, GoOn, Later, Outcome, Over, Parked
from treadle.publishing.evidence import note_of, reading_stops, understood
from treadle.publishing.failing import call_failed, decided, fresh_container
from treadle.publishing.house import House
from treadle.publishing.looking import Listed, read_list
from treadle.publishing.matching import Wanted, find, nameless
from treadle.publishing.policy import Fail, RetryAt, decide
from treadle.publishing.records import Change, Hop
from treadle.publishing.sending import published
from treadle.publishing.steps import Check, FindId, LookBefore, Verify
from treadle.store.tables import parts
from treadle.threads.evidence import diagnose_failure
from treadle.threads.results import Failure, Ok

FINISHED_SEEN = 2  # readings of FINISHED after the settle time
SENDS = 4  # of one container, in all
CHECK_FIRST_S, CHECK_MOST_S = 5.0, 900.0
GIVE_TO_PERSON_S = 26 * 3600.0  # past the container's life: nothing more can be learned by looking


async def check(house: House, hop: Hop, step: Check) -> Outcome:
    """Look once. A send that a crash cut off is as unclear as one whose answer was: no later refusal is trusted."""
    outcome = await _look(house, hop, step)
    columns = outcome.change.parts.setdefault(step.part.position, {})
    if not step.part.unclear and columns.setdefault("unclear", True) and columns.get("intent") is None:
        # When that send was written is not known: the settle time begins with the first look, unless it is over.
        now = house.now()
        if now - (step.part.intent_at or now) < house.scaled(house.settings.publish_settle):
            columns["intent_at"] = now
    return outcome


async def _look(house: House, hop: Hop, step: Check) -> Outcome:
    part, client = step.part, house.client(hop.account)
    assert part.container_id is not None
    began = house.now()
    status_result = await client.container(part.container_id)
    status = status_result.value.status if isinstance(status_result, Ok) else None
    if status is not None:
        house.breaker.worked("verify")
    notes = [
        note_of(status_result, "verify", "Ask the container whether it was published", part.position, started_at=began)
    ]
    if not isinstance(status_result, Ok):
        stopped = _stopped_by(house, hop, part, status_result, notes)
        if stopped:
            return stopped
        outage = next((row for row in hop.blockers if row["scope"] == "platform"), None)
        if outage is not None and _of_the_platform(status_result):
            why = "Threads is in trouble; looks whether it went out once that is over."
            change = Change(notes=notes)
            return Outcome(change, Behind((str(outage["id"]),), dict(part.unclear_cause or {}), "checking", why))
    if status == "PUBLISHED":
        return _live(house, part, notes)
    if status == "EXPIRED":
        return _absent(house, hop, part, notes, new_container=True)
    began = house.now()
    listed = await read_list(client, part, noted=part.seen_before, since=part.intent_first_at)
    notes += _notes_of(listed, "Look for it among the account's posts", part, began)
    if listed.failure is not None:
        stopped = _stopped_by(house, hop, part, listed.failure, notes)
        if stopped:
            return stopped
    return await _weigh(house, hop, step, status, listed, notes)


def _of_the_platform(failure: Failure) -> bool:
    return diagnose_failure(understood(failure), "verify", {}).lane == "platform_temporary"


def _notes_of(listed: Listed, what: str, part: PartView, began: float) -> list[Note]:
    return [note_of(result, "verify", what, part.position, started_at=began) for result in listed.results]


async def _weigh(
    house: House,
    hop: Hop,
    step: Check,
    status: str | None,
    listed: Listed,
    notes: list[Note],
) -> Outcome:
    """Neither ``PUBLISHED`` nor ``EXPIRED``: what the lists and the time that passed say."""
    part, now = step.part, house.now()
    settle = house.scaled(house.settings.publish_settle)
    settled = now - (part.intent_at or now) >= settle
    checks = dict(part.checks)
    checks["looks"] = int(checks.get("looks", 0)) + 1
    claimed, rivals = await house.db.query(claims, part)
    sought = wanted(part, step.parent)
    found = find(listed.items, sought, seen_before=part.seen_before, claimed=claimed)
    telling = listed.whole and not nameless(listed.items, sought, seen_before=part.seen_before, claimed=claimed)
    if settled and telling:
        checks["finished"] = int(checks.get("finished", 0)) + 1 if status == "FINISHED" else 0
    if found and settled and rivals == 0 and len(found) == 1 and (part.seen_before is not None or status != "FINISHED"):
        # A new post with this very text, no other send of ours that it could be, and the container had its time.
        columns = published(now, found[0])
        return Outcome(Change(notes=notes).on(part.position, **columns, checks=checks).calm())
    if settled and telling and not found and int(checks.get("finished", 0)) >= FINISHED_SEEN:
        return _absent(house, hop, part, notes, new_container=False)
    if now - (part.intent_at or now) > house.scaled(GIVE_TO_PERSON_S):
        change = Change(notes=notes).on(part.position, checks=checks)
        change.post["why"] = (
            "Neither the container nor the account's lists say whether it went out. A person has to look."
        )
        return Outcome(change, Over("checking", change.post["why"]))
    later = _look_again(house, part, checks, settle, now)
    if status is None and listed.failure is not None and _of_the_platform(listed.failure):
        later = replace(later, trouble=True)
    return Outcome(Change(notes=notes).on(part.position, checks=checks), later)


def _look_again(house: House, part: PartView, checks: Mapping[str, Any], settle: float, now: float) -> Later:
    pause = min(CHECK_MOST_S, CHECK_FIRST_S * 1.6 ** int(checks.get("looks", 1)))
    at = now + max(0.2, house.scaled(pause))
    settled_at = (part.intent_at or now) + settle
    if now < settled_at < at:
        at = settled_at + 0.05
    elif checks.get("finished") == FINISHED_SEEN - 1:
        at = now + max(0.2, house.scaled(CHECK_FIRST_S))
    return Later(at, "checking", "Looks again whether it went out; nothing is sent until that is known.")


def _live(house: House, part: PartView, notes: list[Note]) -> Outcome:
    change = Change(notes=notes).on(part.position, **published(house.now(), None), container_status="PUBLISHED")
    change.parts[part.position]["checks"] = {**part.checks, "found_live": True}
    return Outcome(change.calm())


def _absent(house: House, hop: Hop, part: PartView, notes: list[Note], *, new_container: bool) -> Outcome:
    """It is proven that nothing went out."""
    now = house.now()
    why = (
        "The container expired: it can never go out, so a new one may."
        if new_container
        else "The settle time has passed, the container still waits to be published, and no such post is in the lists."
    )
    notes.append(Note("verify", "decision", "It did not go out.", part.position, decision=why, outcome="ok"))
    cause = diagnosis_of(part.unclear_cause)
    columns: dict[str, Any] = {"intent": "none", "checks": {}, "unclear_cause": None, "state": "ready"}
    limited = cause is not None and cause.lane == "rate_limit"
    if cause is None or limited:
        # Cut off by a worker that stopped, or met by a limit: nothing was refused for good, so it costs no send.
        columns["sends"] = max(0, part.sends - 1)
    if new_container:
        # Nothing of the old container can appear any more: the part starts anew.
        columns |= {**fresh_container(), "unclear": False, "sends": 0, "seen_before": None, "intent_first_at": None}
    decision: Any
    if cause is None or limited:
        # How long a limit holds was noted on the account when its answer came, and is heeded before the next send.
        decision = RetryAt(now, why)
    elif part.sends >= SENDS and not new_container:
        decision = Fail("It was sent several times and never went out.")
    else:
        decision = decide(cause, "publish", part.tries, now=now, random01=house.random01(), scale=house.scale)
    if cause is None or isinstance(decision, RetryAt):
        change = Change(notes=notes).on(part.position, **columns)
        if cause is not None:
            change.parts[part.position]["tries"] = {**part.tries, cause.pattern: part.tries.get(cause.pattern, 0) + 1}
        at = decision.at if isinstance(decision, RetryAt) else now
        ending: Ending = GoOn() if at <= now else Later(at, "retrying", "Sends it again.")
        return Outcome(change, ending)
    # After a Park or Fail the container may yet be sent by a person's retry; the fence is open for that.
    return decided(house, hop, part, cause, decision, stage="publish", notes=notes, columns=columns)


def _stopped_by(house: House, hop: Hop, part: PartView, failure: Any, notes: list[Note]) -> Outcome | None:
    """When reading itself is refused for a reason that must be repaired, wait for that; the post stays ``checking``."""
    outcome = call_failed(
        house,
        hop,
        part,
        failure,
        stage="read",
        situation="read",
        what=notes[-1].what,
        started_at=notes[-1].started_at or house.now(),
    )
    if isinstance(outcome.ending, Parked) and outcome.ending.scope in ("account", "app", "platform"):
        notes[-1] = outcome.change.notes[0]
        outcome.change.notes = notes
        outcome.change.parts[part.position].pop("state", None)
        return outcome
    return None


async def look_before(house: House, hop: Hop, step: LookBefore) -> Outcome:
    """After a restore: a part that was due since the backup is looked for before it is sent."""
    part, client, began = step.part, house.client(hop.account), house.now()
    what = "Look whether it went out before the backup was put back"
    if part.container_id is not None:
        asked = await client.container(part.container_id)
        if isinstance(asked, Ok) and asked.value.status == "PUBLISHED":
            return _live(house, part, [note_of(asked, "verify", what, part.position, started_at=began)])
    listed = await read_list(client, part, since=float(part.checks["restored"]))
    if listed.failure is not None:
        return call_failed(
            house, hop, part, listed.failure, stage="read", situation="read", what=what, started_at=began
        )
    claimed, _ = await house.db.query(claims, part)
    sought = Wanted(part.kind, part.text, step.parent, float(part.checks["restored"]))
    found = find(listed.items, sought, seen_before=None, claimed=claimed)
    checks = {k: v for k, v in part.checks.items() if k != "restored"}
    change = Change(notes=_notes_of(listed, what, part, began)).on(part.position, checks=checks)
    if found:
        change.on(part.position, **published(house.now(), found[0]))
    return Outcome(change.calm())


async def find_id(house: House, hop: Hop, step: FindId) -> Outcome:
    """It is live: find out which of the account's posts it is."""
    part, began = step.part, house.now()
    listed = await read_list(house.client(hop.account), part, noted=part.seen_before, since=part.intent_first_at)
    what = "Find the published post among the account's posts"
    tries = int(part.checks.get("find_tries", 0)) + 1
    checks = {**part.checks, "find_tries": tries}
    change = Change(notes=_notes_of(listed, what, part, began)).on(part.position, checks=checks)
    if listed.failure is None:
        claimed, rivals = await house.db.query(claims, part)
        found = find(listed.items, wanted(part, step.parent), seen_before=part.seen_before, claimed=claimed)
        # Two equal posts of ours, both live: the one that was sent first takes the one that appeared first.
        if found and (len(found) == 1 or rivals == 0 or tries > 2):
            change.on(part.position, threads_id=found[0])
            return Outcome(change.calm())
    else:
        stopped = _stopped_by(house, hop, part, listed.failure, change.notes)
        if stopped:
            stopped.change.on(part.position, checks=checks)
            return stopped if step.needed else _live_unread(stopped)
    pause = min(CHECK_MOST_S, 2.0 * 1.7**tries)
    at = house.now() + max(0.2, house.scaled(pause))
    if step.needed:
        if tries > 40:
            why = "It is live, but which post it is could not be found; the next part replies to it. Name the post."
            change.post["why"] = why
            return Outcome(change, Over("checking", why))
        return Outcome(change, Later(at, "checking", "Looks for the published post: the next part replies to it."))
    return Outcome(change, Later(at, "publishing", "It is live; looks for its address."))


def _live_unread(stopped: Outcome) -> Outcome:
    """It is live, and what is left to read waits for the repair of what stops reading; see ``addresses``."""
    met = stopped.ending if isinstance(stopped.ending, Parked) else None
    change = Change(notes=stopped.change.notes).calm()
    change.post["stage"] = "done"
    return Outcome(change, Over("published", met=met))


async def verify(house: House, hop: Hop, step: Verify) -> Outcome:
    """Read the permalink. The post is published whatever comes of this."""
    part, began = step.part, house.now()
    assert part.threads_id is not None
    result = await house.client(hop.account).media(part.threads_id, fields="id,permalink")
    what = "Read the address of the published post"
    note = note_of(result, "verify", what, part.position, started_at=began)
    change = Change(notes=[note])
    if isinstance(result, Ok) and result.value.permalink:
        return Outcome(change.on(part.position, permalink=result.value.permalink))
    tries = int(part.checks.get("permalink_tries", 0)) + 1
    checks = {**part.checks, "permalink_tries": tries}
    if not isinstance(result, Ok) and reading_stops(result):
        # A refused token is not shown again for an address, of this post or of another.
        return _live_unread(
            call_failed(house, hop, part, result, stage="verify", situation="read", what=what, started_at=began)
        )
    if tries >= 4:
        return Outcome(change.on(part.position, checks={**checks, "permalink_given_up": True}))
    change.on(part.position, checks=checks)
    at = house.now() + max(0.2, house.scaled(3.0 * 2**tries))
    return Outcome(change, Later(at, "publishing", "It is live; reads its address."))


def wanted(part: PartView, parent: str | None) -> Wanted:
    return Wanted(part.kind, part.text, parent, part.intent_first_at or part.intent_at or 0.0)


def claims(conn: sa.Connection, part: PartView) -> tuple[set[str], int]:
    """(ids of the user's posts that belong to other parts, how many other parts with this content are unsettled)."""
    mine = sa.and_(parts.c.threads_user_id == part.threads_user_id, parts.c.id != part.id)
    ids = conn.execute(sa.select(parts.c.threads_id).where(mine, parts.c.threads_id.is_not(None)))
    claimed = {row.threads_id for row in ids}
    unsettled = conn.execute(
        sa.select(parts.c.kind, parts.c.body).where(
            mine,
            parts.c.threads_id.is_(None),
            parts.c.sends > 0,
            parts.c.state.in_(("checking", "published", "publishing")),
        )
    )
    rivals = sum(
        1 for row in unsettled if row.kind == part.kind and str((row.body or {}).get("text") or "") == part.text
    )
    return claimed, rivals


def diagnosis_of(cause: Mapping[str, Any] | None) -> Diagnosis | None:
    """The diagnosis kept with the unclear publish; ``None`` when there was no answer at all (a worker that stopped)."""
    if not cause or not cause.get("pattern"):
        return None
    retry = {k: v for k, v in (cause.get("retry") or {}).items() if k in RetryAdvice.__dataclass_fields__}
    names = {k: v for k, v in cause.items() if k in Diagnosis.__dataclass_fields__ and k != "retry"}
    for name in ("matched", "plan", "decides"):
        names[name] = tuple(names.get(name) or ())
    return Diagnosis(**names, retry=RetryAdvice(**retry))
