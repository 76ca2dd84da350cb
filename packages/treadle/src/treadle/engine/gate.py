"""What stops a post before anything is asked of Threads, and the last look before a publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.domain.steps import Check, Done, FindId, PrepareMedia, Step, Wait
from treadle.domain.view import AccountView, PartView
from treadle.engine import quota, records
from treadle.engine.blockers import state_behind
from treadle.engine.ending import Blocked as Behind
from treadle.engine.ending import Continue as GoOn
from treadle.engine.ending import Finish as Over
from treadle.engine.ending import Outcome
from treadle.engine.ending import Snooze as Later
from treadle.engine.evidence import READING_STOPS
from treadle.engine.records import Change
from treadle.engine.records import Run as Hop
from treadle.engine.worker_context import WorkerContext as House
from treadle.store import statements
from treadle.store.moving import TOO_LATE
from treadle.store.tables import accounts, parts, posts, workspaces

LOOKS_LATER = "Looks whether it is live once Threads' limit allows."
POSTS_ONLY = frozenset({"quota_exhausted", "publishing_quota"})  # limits on posts, which reading does not meet
# What was learned about an earlier send, and says nothing of the next one.
OF_ONE_SEND = frozenset(
    {"looks", "finished", "misses", "missed_at", "wish", "not_before", "listed_after", "found_live"}
)


def look(conn: sa.Connection, house: House, hop: Hop, now: float) -> Outcome | None:
    """Why this hop must not go on, or ``None``. Costs no call and discovers nothing: it heeds what is known."""
    post, account = hop.post, hop.account
    if all(part.published_at is not None for part in post.parts):
        return _all_out(hop, now)
    if account.disconnected_at is not None or account.token_enc is None:
        return _stop(Over("blocked", "The account is not connected any more. Connect it again."))
    standing = [row for row in hop.blockers if row["probe_post_id"] != post.id]
    if post.checking:
        standing = [row for row in standing if row["lane"] in READING_STOPS]
    if standing:
        first = standing[0]
        why = "Waits behind an open cause; Threads was not asked again for this post."
        return _stop(
            Behind(tuple(str(row["id"]) for row in standing), dict(first["cause"]), state_behind(standing), why)
        )
    if post.checking:
        until = calls_wait(account, now)
        return None if until is None else _stop(Later(until, "checking", LOOKS_LATER))
    if hop.workspace_paused or account.paused:
        who = "The workspace is" if hop.workspace_paused else "The account is"
        return _stop(Over("waiting", f"{who} paused. It goes on when the pause ends."))
    started = any(p.published_at is not None or p.intent != "none" for p in post.parts)
    if now > post.due_at + post.max_lateness and post.confirmed_at is None and not started:
        return _stop(Over("held", TOO_LATE))
    return quota_wait(conn, house, hop, now)


def calls_wait(account: AccountView, now: float) -> float | None:
    """Until when nothing may be asked for the account; ``None``: it may. A quota of posts is no limit on reading."""
    until = account.quota_until
    of_posts = ((account.quota or {}).get("cause") or {}).get("pattern") in POSTS_ONLY
    return until if until is not None and until > now and not of_posts else None


def inside_limit(hop: Hop, step: Step, now: float) -> Outcome | None:
    """How a run ends whose next step would ask something before a limit that was just met is over."""
    until = calls_wait(hop.account, now)
    if until is None or isinstance(step, Wait | Done | PrepareMedia):
        return None
    if all(part.published_at is not None for part in hop.post.parts):
        return _all_out(hop, now)
    if isinstance(step, Check | FindId):
        return _stop(Later(until, "checking", LOOKS_LATER))
    return _limited(hop, until, "Goes on when Threads' limit for this account allows.")


def _all_out(hop: Hop, now: float) -> Outcome | None:
    """Every part is live: only ids and addresses are left to read, and no cause makes such a post a stuck one."""
    account = hop.account
    unread = account.disconnected_at is not None or account.token_enc is None or calls_wait(account, now) is not None
    stops = any(row["lane"] in READING_STOPS or row["scope"] == "platform" for row in hop.blockers)
    if not (unread or stops):
        return None
    outcome = _stop(Over("published"))
    outcome.change.calm().post["stage"] = "done"
    return outcome


def quota_wait(conn: sa.Connection, house: House, hop: Hop, now: float) -> Outcome | None:
    part = next((p for p in hop.post.parts if p.published_at is None), None)
    if part is None:
        return None
    until = hop.account.quota_until
    if until is not None and until > now:
        return _limited(hop, until, "Goes on when Threads' limit for this account allows.")
    until = quota.full_until(conn, hop.account, part, now)
    if until is None:
        return None
    look_at = quota.read_again_at(hop.account, house)
    if look_at <= now:
        # A limit can be raised: one post goes as far as reading it, and goes on from there if there is room.
        outcome = Outcome(Change())
        outcome.change.account["quota"] = quota.taken_for_full(hop.account, part, now)
        return outcome
    whole = quota.total(hop.account, quota.bucket(part))
    what = "Goes out: a slot is free then." if until < look_at else "Looks again whether there is room."
    outcome = _limited(hop, min(until + 1.0, look_at), what, quota.exhausted(part).to_json())
    outcome.change.post["why"] = f"All {whole} {quota.bucket(part)} of 24 hours are used up."
    return outcome


def _limited(hop: Hop, until: float, what: str, cause: dict[str, Any] | None = None) -> Outcome:
    """Waits for a limit, and says which; what the post met before that is not why it waits now."""
    cause = cause or hop.account.quota.get("cause")
    outcome = _stop(Later(until, "waiting", what))
    outcome.change.post.update(
        cause=cause,
        cause_pattern=cause.get("pattern") if cause else None,
        cause_lane=cause.get("lane") if cause else None,
        why="Threads' limit for this account, or for its app, was met.",
    )
    return outcome


def intend(
    conn: sa.Connection, house: House, hop: Hop, part: PartView, columns: Mapping[str, Any], now: float
) -> Outcome | None:
    """The last look, in the transaction that records the intent; ``None``: go ahead.

    By compare-and-set from none to sent, under the worker's lease: whoever finds it sent checks instead of sending.
    ``columns`` are written with it: :func:`intent_columns`, and what else is new about the part.
    """
    if statements.update(conn, posts, {"claimed_at": now}, id=hop.post.id, claim=hop.post.claim) != 1:
        return _stop(Later(now, "publishing", "Somebody else works on it now."))
    if not house.lease.held(conn, hop.lease_token):
        return _stop(Later(now, "publishing", "Another worker goes on with it."))
    fresh = records.open_blockers(conn, hop.post, hop.account)
    standing = [row for row in fresh if row["probe_post_id"] != hop.post.id and row["scope"] != "media_host"]
    if standing:
        ids = tuple(str(row["id"]) for row in standing)
        return _stop(Behind(ids, dict(standing[0]["cause"]), state_behind(standing), "Waits behind an open cause."))
    row = conn.execute(_PAUSED, {"id": hop.account.id}).one()
    if row.paused or row.all:
        return _stop(Over("waiting", "Paused just before it was sent. It goes on when the pause ends."))
    waits = quota_wait(conn, house, hop, now)
    if waits is not None and isinstance(waits.ending, GoOn):
        return _stop(Later(now, "publishing", "Reads the limit first."))
    if waits is not None:
        return waits
    if statements.update(conn, parts, columns, id=part.id, intent="none") != 1:
        return _stop(Later(now, "publishing", "Somebody else has sent it; looks at what came of that."))
    return None


_PAUSED = (
    sa.select(accounts.c.paused, workspaces.c.paused.label("all"), accounts.c.disconnected_at)
    .join(workspaces, workspaces.c.id == accounts.c.workspace_id)
    .where(accounts.c.id == sa.bindparam("id"))
)


def intent_columns(part: PartView, worker: str, now: float) -> dict[str, Any]:
    """What is written with the intent."""
    return {
        "intent": "sent",
        "intent_at": now,
        "intent_first_at": part.intent_first_at or now,
        "intent_worker": worker,
        "sends": part.sends + 1,
        "checks": {name: value for name, value in part.checks.items() if name not in OF_ONE_SEND},
        "state": "publishing",
    }


def _stop(ending: Any) -> Outcome:
    return Outcome(Change(), ending)
