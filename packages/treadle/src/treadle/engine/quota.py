"""The publishing quota of one account: 250 posts and 1,000 replies in 24 moving hours, as Threads counts them.

Nothing is asked ahead of need: our own count is enough until it comes near the limit or Threads refuses. Then
``threads_publishing_limit`` tells, and posts wait until the oldest of the window leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from treadle.domain.cause import Cause, from_pattern
from treadle.domain.quota import WINDOW_S, Bucket, Quota
from treadle.domain.run_state import UNSET, AccountView, PartView, Run
from treadle.engine.calling import Ask, Failed, call
from treadle.engine.ending import Continue, Outcome, Snooze
from treadle.engine.failing import call_failed
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, published
from treadle.store.runs import Change
from treadle_diagnosis import Evidence
from treadle_diagnosis.types import Diagnosis
from treadle_threads.values import PublishingLimit

TOTALS: Mapping[str, int] = {"posts": 250, "replies": 1000}
ASK_AGAIN_S = 900.0
RAISED_S = 3600.0


def bucket(part: PartView) -> Bucket:
    return "replies" if part.is_reply else "posts"


def total(account: AccountView, name: Bucket) -> int:
    return int(account.quota.total(name) or TOTALS[name])


def used_here(conn: Connection, account_id: str, name: str, now: float) -> tuple[int, float | None]:
    """(how many of this account's parts were published in the window, when the oldest of them was)."""
    return published.count_since(conn, account_id, now - WINDOW_S, replies=name == "replies")


def full_until(conn: Connection, account: AccountView, part: PartView, count: int, now: float) -> float | None:
    """When the next slot opens, if our own ``count`` says that there is none; ``None``: there is room."""
    name = bucket(part)
    if count < total(account, name):
        return None
    count, oldest = used_here(conn, account.id, name, now)
    if count < total(account, name) or oldest is None:
        return None
    return oldest + WINDOW_S


def read_again_at(account: AccountView, worker: WorkerContext) -> float:
    """When a limit that our own count has used up is read again: it may have been raised. Epoch seconds."""
    return (account.quota.at or 0.0) + max(1.0, worker.scaled(RAISED_S))


def taken_for_full(account: AccountView, part: PartView, now: float) -> Quota:
    """``account.quota`` that says: full as far as we know, to be read before anything is published."""
    used = total(account, bucket(part))
    if bucket(part) == "posts":
        return replace(account.quota, posts_used=used, at=now)
    return replace(account.quota, replies_used=used, at=now)


def exhausted(part: PartView) -> Diagnosis:
    """The diagnosis of a quota that is used up by our own count."""
    evidence = Evidence(stage="preflight", context={"finding": "quota_exhausted", "bucket": bucket(part)})
    return from_pattern("quota_exhausted", evidence)


def doubtful(account: AccountView, part: PartView, now: float) -> bool:
    """Whether the last reading said that the bucket is full: then it is read again before anything is published."""
    name, quota = bucket(part), account.quota
    used = quota.used(name)
    return used is not None and int(used) >= total(account, name) and now - (quota.at or 0.0) < WINDOW_S


async def read_limit(worker: WorkerContext, run: Run, part: PartView) -> Outcome:
    """Read the limit before publishing; goes on when there is room, waits when there is none."""
    outcome = Outcome(Change())
    outcome.ending = Snooze(worker.now() + worker.scaled(ASK_AGAIN_S), "waiting", "Checks the limit again.")
    room = await ask(worker, run, part, outcome)
    if room is None:
        # Threads did not tell: publishing itself will.
        outcome.change.account.quota = Quota(at=worker.now())
    if room is not False:
        outcome.ending = Continue()
    return outcome


_LIMIT: Ask[PublishingLimit] = Ask(
    "Read the publishing limit", "read", "read", lambda client: client.publishing_limit(), proves=False
)


async def ask(worker: WorkerContext, run: Run, part: PartView, outcome: Outcome) -> bool | None:
    """Read the limit into ``outcome``: is there room (``None``: no answer)? Sets when to go on if there is none."""
    change = outcome.change
    asked = await call(worker, run.account, _LIMIT, part)
    change.notes.append(asked.note)
    if isinstance(asked, Failed):
        if asked.stops_reading:
            # The token is refused: publishing would be too, so the post waits for the repair of that instead.
            failed = call_failed(worker, run, part, asked)
            outcome.ending = failed.ending
            change.post.merge(failed.change.post)
            change.on(part.position, failed.change.part(part.position))
            return False
        return None
    limit, now, name = asked.value, worker.now(), bucket(part)
    # Why the account waits stays known, for the posts that wait with it.
    known = run.account.quota if change.account.quota is UNSET else change.account.quota
    quota = Quota(
        limit.posts_used, limit.posts_total, limit.replies_used, limit.replies_total, at=now, cause=known.cause
    )
    change.account.quota = quota
    used, whole = quota.used(name), quota.total(name) or TOTALS[name]
    if used is None or used < whole:
        return True
    _, oldest = await worker.db.query(used_here, run.account.id, name, now)
    # When the window is full of posts that are not ours, nobody can say when it opens; and posts may be deleted.
    again = now + max(1.0, worker.scaled(ASK_AGAIN_S))
    opens = oldest + WINDOW_S if oldest else None
    until = min(opens + 1.0, again) if opens else again
    change.account.quota_until = until
    if change.post.met_now is None:
        cause = Cause(exhausted(part))
        change.account.quota, change.post.cause = replace(quota, cause=cause), cause
    change.post.why = f"{used:g} of {whole:g} {name} in 24 hours are used."
    if isinstance(outcome.ending, Snooze):
        what = "Checks the limit again." if opens is None or opens > again else "Publishes when the limit allows."
        outcome.ending = Snooze(until, "waiting", what)
    return False
