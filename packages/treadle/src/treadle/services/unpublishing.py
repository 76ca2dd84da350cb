"""Taking a post off Threads: its parts are deleted there, the last one first, and the record says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from treadle.accounts import unreadable
from treadle.domain.answers import Conflict, Missing
from treadle.domain.cause import diagnose_failure
from treadle.domain.progress import PartProgress
from treadle.domain.run_state import AccountView, PartUpdate, PartView, part_view
from treadle.engine.calling import note_of
from treadle.engine.worker_context import WorkerContext
from treadle.services.asking import ask
from treadle.services.context import App
from treadle.store import Connection, runs
from treadle.store.accounts import hold_until, view_of
from treadle.store.posts import attempt_of, parts_with_ids, post_row, stop_runs
from treadle.store.timeline import add_note, announce_post
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient
from treadle_threads.evidence import clarity_of
from treadle_threads.results import Ok


@dataclass(slots=True)
class Unpublished:
    """Ids on Threads that are deleted now; ``cause`` is why it went no further, if it did not."""

    deleted: list[str] = field(default_factory=list)
    cause: Diagnosis | None = None


async def unpublish(app: App, workspace_id: str, post_id: str, *, actor: str) -> Unpublished | Missing | Conflict:
    """Delete what is out. A part that Threads does not know any more counts as deleted."""
    found = await app.db.query(_live, workspace_id, post_id)
    if isinstance(found, Missing | Conflict):
        return found
    account, live = found
    return await ask(app, lambda worker: _delete(worker, account, post_id, workspace_id, live, actor))


def _live(
    conn: Connection, workspace_id: str, post_id: str
) -> tuple[AccountView, list[Mapping[str, Any]]] | Missing | Conflict:
    post = post_row(conn, workspace_id, post_id)
    if post is None:
        return Missing()
    live = [row for row in parts_with_ids(conn, post_id) if PartProgress.from_json(row["checks"]).removed is None]
    if not live:
        return Conflict("not_published", "No part of this post is on Threads.")
    if post["state"] not in ("published", "failed", "canceled", "blocked", "held"):
        if post["state"] == "checking":
            why = "Treadle is still checking whether all of it was published. Delete it once that is known."
            return Conflict("being_checked", why)
        return Conflict(
            "being_checked", f"The post is {post['state']}. Cancel it first, then delete what is published."
        )
    return view_of(conn, post["account_id"]), [*live]


async def _delete(
    worker: WorkerContext,
    account: AccountView,
    post_id: str,
    workspace_id: str,
    live: list[Mapping[str, Any]],
    actor: str,
) -> Unpublished:
    if not worker.opens(account):
        return Unpublished(cause=unreadable.cause())
    done = Unpublished()
    for row in reversed(live):
        cause = await delete_part(worker, account, part_view(row), actor)
        if cause is not None:
            done.cause = _by_hand(cause, live, done.deleted)
            return done
        done.deleted.append(str(row["threads_id"]))
    await worker.db.run(_all_off, workspace_id, post_id, account.id, actor, worker.now())
    return done


def _by_hand(diagnosis: Diagnosis, live: list[Mapping[str, Any]], deleted: list[str]) -> Diagnosis:
    """Where the permission to delete is missing: the addresses at which the owner deletes what is left."""
    if diagnosis.lane != "permission_app_review":
        return diagnosis
    left = [part for part in live if str(part["threads_id"]) not in deleted]
    where = ", ".join(str(part["permalink"]) for part in left if part["permalink"]) or "in the Threads app"
    step = f"Reconnect the account with the permission threads_delete, or delete it by hand: {where}"
    return replace(diagnosis, next_step=step, owner_step=step)


async def delete_part(context: WorkerContext, account: AccountView, part: PartView, actor: str) -> Diagnosis | None:
    """Delete one live part on Threads and note it; ``None``: it is gone, else why it may not be."""
    client, began = context.client(account), context.now()
    result = await client.delete(str(part.threads_id))
    diagnosis = None if isinstance(result, Ok) else diagnose_failure(result, "read", {})
    gone = diagnosis is None or (_not_there(diagnosis) and await _unreadable(client, part))
    note = note_of(
        result,
        "publish",
        f"Delete part {part.position + 1} from Threads, requested by {actor}",
        part.position,
        started_at=began,
        diagnosis=None if gone else diagnosis,
        decision="Deleted from Threads." if gone else _stays(result, diagnosis),
    )

    def write(conn: Connection) -> None:
        now = context.now()
        add_note(conn, part.post_id, part.workspace_id, attempt_of(conn, part.post_id), note, now=now)
        if gone:
            update = PartUpdate(progress=replace(part.progress, removed=now), state="canceled")
            runs.update_part(conn, part.id, update)
        if note.wait_s is not None:
            hold_until(conn, account.id, now + note.wait_s)

    await context.db.run(write)
    return None if gone else diagnosis


def _not_there(diagnosis: Diagnosis) -> bool:
    return diagnosis.lane == "resource_gone" or diagnosis.pattern == "object_not_found"


async def _unreadable(client: ThreadsClient, part: PartView) -> bool:
    """Whether Threads knows no such post any more: an earlier deletion worked, and its answer was lost.

    Threads says "not there" (100/33) of what a token may not delete as well, so the post must not be readable either.
    """
    read = await client.media(str(part.threads_id), fields="id")
    return not isinstance(read, Ok) and _not_there(diagnose_failure(read, "read", {}))


def _stays(result: Any, diagnosis: Diagnosis | None) -> str:
    """After a deletion that did not say that it worked."""
    if diagnosis is not None and clarity_of(result, unclear_before=False) == "clear":
        return "It is still on Threads."
    return "We don't know yet whether it was deleted from Threads. Deleting it again is safe."


def _all_off(conn: Connection, workspace_id: str, post_id: str, account_id: str, actor: str, now: float) -> None:
    values = {
        "state": "canceled",
        "why": f"Deleted from Threads by {actor}.",
        "next_what": None,
        "next_at": None,
        "updated_at": now,
    }
    stop_runs(conn, post_id, values)
    data = {"state": "canceled", "account_id": account_id}
    announce_post(conn, workspace_id, post_id, data, now=now)
