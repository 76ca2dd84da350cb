"""What one look at a container and at the account's lists says of a part, as evidence for the rule that decides."""

from __future__ import annotations

from treadle.domain.matching import Wanted, find, nameless
from treadle.domain.replacing import COUNTS_AS_EXPIRED_S, MISSES_APART_S, Container, Evidence, as_sent
from treadle.domain.view import PartView
from treadle.engine.looking import Listed
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, posts
from treadle_diagnosis.objects import CONTAINER_STATES


def evidence(
    worker: WorkerContext,
    part: PartView,
    parent: str | None,
    status: str | None,
    listed: Listed,
    now: float,
    *,
    claimed: set[str],
    rivals: int,
) -> tuple[Evidence, list[str]]:
    """What one look saw, and the ids of the entries that can be this part, oldest first."""
    sought, before = wanted(part, parent), part.seen_before
    found = find(listed.items, sought, seen_before=before, claimed=claimed)
    telling = listed.whole and not nameless(listed.items, sought, seen_before=before, claimed=claimed)
    container: Container = status if status in CONTAINER_STATES else "unreadable"  # type: ignore[assignment]
    settle = worker.scaled(worker.settings.publish_settle)
    missed = telling and not found and part.intent_at is not None and now - part.intent_at >= settle
    finished = int(part.checks.get("finished") or 0)
    if missed:
        finished = finished + 1 if container in ("FINISHED", "IN_PROGRESS") else 0
    misses = int(part.checks.get("misses") or 0)
    if found or missed:
        misses = misses + 1 if missed else 0
    since = part.checks.get("missed_at")
    return Evidence(
        now=now,
        settle_s=settle,
        container=container,
        lists="match" if found else "no match" if telling else "unreadable",
        candidates=len(found),
        rivals=rivals,
        finished=0 if found else finished,
        misses=misses,
        misses_span_s=now - float(since) if since is not None and misses > 1 else 0.0,
        noted=before is not None,
        apart_s=worker.scaled(MISSES_APART_S),
        life_s=worker.scaled(COUNTS_AS_EXPIRED_S),
    ), found


def wanted(part: PartView, parent: str | None) -> Wanted:
    """What was sent, which is not what the part says now when it was changed after a refusal."""
    sent, since = as_sent(part), part.intent_first_at or part.intent_at or 0.0
    return Wanted(sent.kind, sent.text, parent, since)


def claims(conn: Connection, part: PartView) -> tuple[set[str], int]:
    """(ids of the user's posts that belong to other parts, how many other parts with this content are unsettled)."""
    unsettled = posts.sent_without_id(conn, part.threads_user_id, but=part.id)
    same = (part.kind, part.text)
    rivals = [row for row in unsettled if (row.kind, str((row.body or {}).get("text") or "")) == same]
    return posts.claimed_ids(conn, part.threads_user_id, but=part.id), len(rivals)
