"""Admission of a post to its next step: before anything is asked of Threads, and once more just before a publish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from treadle.accounts import unreadable
from treadle.domain.admission import RESTS, Candidate, admit
from treadle.domain.cause import Cause
from treadle.domain.lateness import Timing, too_late
from treadle.domain.progress import OF_ONE_SEND
from treadle.domain.run_state import AccountView, OpenBlocker, PartUpdate, PartView, Run
from treadle.domain.scope import passing, state_behind, stops, stops_reading
from treadle.domain.steps import Check, Complete, FindId, PrepareMedia, Step, Wait
from treadle.engine import quota
from treadle.engine.ending import Blocked, Continue, Ending, Finish, Outcome, Park, Snooze
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, intents, runs
from treadle.store.runs import Change

LOOKS_LATER = "Checks whether it was published once the Threads limit allows."
POSTS_ONLY = frozenset({"quota_exhausted", "publishing_quota"})  # limits on posts, which reading does not meet


def inspect(conn: Connection, worker: WorkerContext, run: Run, now: float) -> Outcome | None:
    """Why this run must not go on, or ``None``. Costs no call and discovers nothing: it heeds what is known."""
    post, account = run.post, run.account
    if all(part.published_at is not None for part in post.parts):
        return _all_out(run, now, readable=worker.opens(account))
    standing = _stopping(run, run.blockers)
    verdict = admit(_candidate(run, blocked=bool(standing)), now)
    if verdict == "not connected":
        return _stop(Finish(*RESTS[verdict]))
    if standing:
        return _behind(standing, "Blocked by an open problem. Threads was not asked again for this post.")
    if not worker.opens(account):
        return _token_unreadable(account)
    if verdict in RESTS:
        return _stop(Finish(*RESTS[verdict]))
    if post.checking:
        until = calls_wait(account, now)
        return None if until is None else _stop(Snooze(until, "checking", LOOKS_LATER))
    return quota_wait(conn, worker, run, run.published_lately, now)


def _stopping(run: Run, open_causes: Iterable[OpenBlocker]) -> list[OpenBlocker]:
    """Those of the open causes that concern the post which stop it."""
    reach, in_doubt = run.reach, run.post.checking
    return [row for row in open_causes if stops(row.lane, row.pattern, row.probe_post_id, reach, in_doubt=in_doubt)]


def _behind(standing: list[OpenBlocker], why: str) -> Outcome:
    ids, scopes = tuple(row.id for row in standing), [passing(row.scope, row.key) for row in standing]
    return _stop(Blocked(ids, standing[0].cause, state_behind(scopes), why))


def _candidate(run: Run, *, blocked: bool) -> Candidate:
    post, account = run.post, run.account
    return Candidate(
        _timing(run),
        connected=account.disconnected_at is None and account.token_enc is not None,
        blocked=blocked,
        paused=run.workspace_paused or account.paused,
        in_doubt=post.checking,
    )


def _timing(run: Run) -> Timing:
    post = run.post
    live = [part.published_at for part in post.parts if part.published_at is not None]
    return Timing(post.due_at, post.max_lateness, post.confirmed_at, max(live, default=None))


def calls_wait(account: AccountView, now: float) -> float | None:
    """Until when nothing may be asked for the account; ``None``: it may. A quota of posts is no limit on reading."""
    until = account.quota_until
    if until is None or until <= now:
        return None
    cause = account.quota.cause
    return None if cause is not None and cause.pattern in POSTS_ONLY else until


def inside_limit(run: Run, step: Step, now: float) -> Outcome | None:
    """How a run ends whose next step would ask something before a limit that was just met is over."""
    until = calls_wait(run.account, now)
    if until is None or isinstance(step, Wait | Complete | PrepareMedia):
        return None
    if all(part.published_at is not None for part in run.post.parts):
        return _all_out(run, now)
    if isinstance(step, Check | FindId):
        return _stop(Snooze(until, "checking", LOOKS_LATER))
    return _limited(run, until, "Continues when the account's Threads limit allows.")


def _all_out(run: Run, now: float, *, readable: bool = True) -> Outcome | None:
    """Every part is live: only ids and addresses are left to read, and no cause makes such a post a stuck one."""
    account = run.account
    connected = account.disconnected_at is None and account.token_enc is not None
    unread = not connected or not readable or calls_wait(account, now) is not None
    unreadable_lists = any(stops_reading(row.lane, row.pattern) or row.scope == "platform" for row in run.blockers)
    if not (unread or unreadable_lists):
        return None
    outcome = _stop(Finish("published"))
    outcome.change.calm().post.stage = "done"
    return outcome


def _token_unreadable(account: AccountView) -> Outcome:
    """No key opens the account's token: its posts are held with that cause, and Threads is asked nothing."""
    found = unreadable.cause()
    why = "The stored access token cannot be decrypted with the server's keys."
    outcome = _stop(Park("account", account.id, found, why))
    outcome.change.post.met(Cause(found), why).stage = "preflight"
    return outcome


def quota_wait(conn: Connection, worker: WorkerContext, run: Run, published: int, now: float) -> Outcome | None:
    """``published``: by the account in 24 hours, of the next part's kind."""
    part = next((p for p in run.post.parts if p.published_at is None), None)
    if part is None:
        return None
    until = run.account.quota_until
    if until is not None and until > now:
        return _limited(run, until, "Continues when the account's Threads limit allows.")
    until = quota.full_until(conn, run.account, part, published, now)
    if until is None:
        return None
    look_at = quota.read_again_at(run.account, worker)
    if look_at <= now:
        # A limit can be raised: one post goes as far as reading it, and goes on from there if there is room.
        outcome = Outcome(Change())
        outcome.change.account.quota = quota.taken_for_full(run.account, part, now)
        return outcome
    whole = quota.total(run.account, quota.bucket(part))
    what = "Publishes when the limit allows." if until < look_at else "Checks the limit again."
    outcome = _limited(run, min(until + 1.0, look_at), what, Cause(quota.exhausted(part)))
    outcome.change.post.why = f"All {whole} {quota.bucket(part)} allowed in 24 hours are used."
    return outcome


def _limited(run: Run, until: float, what: str, cause: Cause | None = None) -> Outcome:
    """Waits for a limit, and says which; what the post met before that is not why it waits now."""
    outcome = _stop(Snooze(until, "waiting", what))
    why = "This account, or its Meta app, reached a Threads limit."
    outcome.change.post.met(cause or run.account.quota.cause, why)
    return outcome


def intend(
    conn: Connection, worker: WorkerContext, run: Run, part: PartView, update: PartUpdate, now: float
) -> Outcome | None:
    """The last look, in the transaction that records the intent; ``None``: go ahead.

    By compare-and-set from none to sent, under the worker's lease: whoever finds it sent checks instead of sending.
    ``update`` is written with it: :func:`intent_of`, and what else is new about the part.
    """
    seen = intents.last_look(conn, run, reply=part.is_reply, now=now, here=worker.lease.process.now)
    if seen is None:
        return _stop(Snooze(now, "publishing", "Another worker is processing it."))
    if not seen.lease_held:
        return _stop(Snooze(now, "publishing", "Another worker continues."))
    standing = _stopping(run, seen.blockers)
    if standing:
        return _behind(standing, "Blocked by an open problem.")
    if seen.paused:
        return _stop(Finish("waiting", "Paused before it was sent. Continues when publishing resumes."))
    if too_late(_timing(run), now):  # a post that was in doubt for hours was let in to be looked for, not to be sent
        return _stop(Finish(*RESTS["too late"]))
    waits = quota_wait(conn, worker, run, seen.published, now)
    if waits is not None and isinstance(waits.ending, Continue):
        return _stop(Snooze(now, "publishing", "Checks the limit first."))
    if waits is not None:
        return waits
    if not intents.record(conn, part.id, runs.part_columns(update)):
        return _stop(Snooze(now, "publishing", "Another worker sent it. Checking the result."))
    return None


def intent_of(part: PartView, worker: str, now: float) -> PartUpdate:
    """What is written with the intent."""
    return PartUpdate(
        intent="sent",
        intent_at=now,
        intent_first_at=part.intent_first_at or now,
        intent_worker=worker,
        sends=part.sends + 1,
        progress=replace(part.progress, **OF_ONE_SEND),
        state="publishing",
    )


def _stop(ending: Ending) -> Outcome:
    return Outcome(Change(), ending)
