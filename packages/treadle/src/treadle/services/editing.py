"""Changing what is not out yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from treadle.domain.answers import Answer, Conflict, Done, Missing, Rejected
from treadle.domain.changes import what_changed
from treadle.domain.findings import Finding, finding
from treadle.domain.lateness import TOO_LATE, too_late
from treadle.domain.post_shape import PATCHABLE, PatchIn
from treadle.domain.progress import Content, PartProgress
from treadle.domain.replacing import sent_of
from treadle.domain.run_state import PartUpdate, PartView, part_view
from treadle.domain.shapes import problems
from treadle.domain.states import EDITABLE
from treadle.domain.times import When, asked
from treadle.services.creating import part_row
from treadle.services.request import Request, read_request
from treadle.store import Connection, imports, runs
from treadle.store.moving import Mover, put_to_rest
from treadle.store.posts import delete_part, delete_parts_from, insert_part, update_part, update_post
from treadle.store.rows import body_of, locked, parts_of, timing_of, unsettled
from treadle.store.timeline import CHANGED_MEANWHILE, Note, add_note, note_cut_off

WAITS = "Waiting for approval."


def edit(
    mover: Mover,
    conn: Connection,
    workspace_id: str,
    post_id: str,
    patch: Mapping[str, Any],
    *,
    now: float,
    actor: str,
    version: int | None = None,
    approval: bool = False,
) -> Answer:
    """Change what is not out yet: text, media, options, replies, time, lateness, labels, metadata, account.

    A post that waited behind its own content is published afterwards. Published parts cannot change any more.
    ``version``: the one the change was made for; refused when the post was changed since. ``approval``: the changed
    post waits for approval, unless it is a draft that nobody was asked to approve.
    """
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    old = parts_of(conn, post_id)
    if (refusal := _refused(row, old, version)) is not None:
        return refusal
    merged = {**body_of(conn, row), **{name: value for name, value in patch.items() if name in PATCHABLE}}
    retimed = "publish_at" in patch or "zone" in patch
    if not retimed:
        merged.pop("publish_at", None)
    elif patch.get("zone") and "publish_at" not in patch and row["publish_at_text"]:
        merged["publish_at"] = asked(row["publish_at_text"])[0]
    kept = None if retimed else _kept_when(row)
    wanted = read_request(conn, workspace_id, merged, now=now, lateness=row["max_lateness"], kept=kept, post_id=post_id)
    account = wanted.account
    errors = [*wanted.errors, *(one for one in problems(PatchIn, patch) if one not in wanted.errors)]
    errors += _touches_published(old, wanted, row)
    errors += _touches_sent(old, wanted, row)
    if errors or account is None:
        return Rejected(tuple(errors))
    kinds = wanted.kinds
    _rewrite_parts(conn, row, account, old, wanted, now)
    values = {
        "account_id": account["id"],
        "publish_at": wanted.at,
        "publish_at_text": wanted.when.text if wanted.when else None,
        "due_at": wanted.at if wanted.at is not None else (row["due_at"] if row["publish_at"] is None else now),
        "max_lateness": wanted.lateness,
        "metadata": dict(merged.get("metadata") or {}),
        "labels": list(merged.get("labels") or []),
        "version": row["version"] + 1,
        "updated_at": now,
        "claim": row["claim"] + 1,
        "claimed_by": None,
    }
    note_cut_off(conn, row, CHANGED_MEANWHILE)
    update_post(conn, post_id, values)
    if account["id"] != row["account_id"]:
        mover.leave_account(conn, post_id, row["account_id"])
    changed = what_changed({**row, "parts": [dict(p["body"]) for p in old]}, {**values, "parts": wanted.parts})
    note = Note(row["stage"], "edit", f"Changed by {actor}: {', '.join(changed) or 'nothing'}.", outcome="ok")
    add_note(conn, post_id, workspace_id, row["attempt"], note, now=now)
    if approval and (row["state"] != "draft" or row["approval"]):
        update_post(conn, post_id, {"approval": "pending"})
        put_to_rest(conn, {**row, **values}, "draft", WAITS, now=now)
        return Done(post_id, f"Changed. {WAITS}")
    # A held post was too late to go unasked, and a new time is the yes it waited for; or a part of it had a warning.
    # One that is scheduled elsewhere too waits for its import.
    mended = not wanted.warnings and not too_late(timing_of(row, old), now)
    released = ("publish_at" in patch or mended) and not imports.is_waiting(conn, row["import_id"])
    stays = row["state"] in ("draft", "failed") or (row["state"] == "held" and not released)
    if not stays:
        mover.close_own_blockers(conn, post_id, by="edit", now=now)
        timing = timing_of({**row, **values}, old)
        if not unsettled(parts_of(conn, post_id)) and too_late(timing, now):
            put_to_rest(conn, {**row, **values}, "held", TOO_LATE, now=now)
            return Done(post_id, f"Changed. {TOO_LATE}")
        mover.again(conn, post_id, kinds, why=f"Changed by {actor}.", now=now)
    return Done(post_id, "Changed.")


def _refused(row: Mapping[str, Any], old: list[dict[str, Any]], version: int | None) -> Conflict | None:
    if version is not None and version != row["version"]:
        return Conflict("changed_meanwhile", "The post was changed since you read it. Read it again.")
    # Changed since it was refused, and looked for as it was: it may be changed once more.
    changed = [part for part in old if PartProgress.from_json(part["checks"]).was is not None]
    if row["state"] not in EDITABLE and not (row["state"] == "checking" and changed):
        return Conflict("not_editable", f"A post that is {row['state']} can't be changed anymore.")
    if unsettled([part for part in old if part not in changed]):
        return Conflict(
            "being_checked",
            "We're still checking whether this post was published. Change it after that.",
        )
    return None


def _kept_when(row: Mapping[str, Any]) -> When | None:
    if row["publish_at"] is None:
        return None
    return When(at=row["publish_at"], text=row["publish_at_text"], zone=None)


def _touches_published(old: Sequence[Mapping[str, Any]], wanted: Request, row: Mapping[str, Any]) -> list[Finding]:
    out = [part for part in old if part["published_at"] is not None]
    findings = []
    if out and wanted.account is not None and wanted.account["id"] != row["account_id"]:
        findings.append(finding("account_id", "parts_are_out"))
    for part in out:
        place = part["position"]
        if place < len(wanted.parts) and wanted.parts[place] == dict(part["body"]):
            continue
        path = "text" if place == 0 else f"replies[{place - 1}]"
        findings.append(finding(path, "part_is_out"))
    return findings


def _touches_sent(old: Sequence[Mapping[str, Any]], wanted: Request, row: Mapping[str, Any]) -> list[Finding]:
    """A part of which a publish was sent may be live, even when that was refused: it is neither moved nor dropped."""
    moved = wanted.account is not None and wanted.account["id"] != row["account_id"]
    findings = []
    for part in old:
        dropped = part["position"] >= len(wanted.parts)
        if part["published_at"] is not None or not (moved or dropped) or not _was_sent(part):
            continue
        findings.append(finding("account_id" if moved else "replies", "may_be_live"))
    return findings


def _was_sent(part: Mapping[str, Any]) -> bool:
    return part["container_id"] is not None and sent_of(part_view(part)).written


def _look_first(part: PartView, now: float) -> PartUpdate:
    """Of a changed part of which a publish was sent: its container is replaced once it is sure that the part is not
    live as it was; if it is, it stays as it was."""
    was = part.progress.was or Content(part.kind, part.body, part.is_reply)
    progress = replace(part.progress, wish="replace", not_before=now, was=was)
    return PartUpdate(intent="sent", state="checking", progress=progress, media_urls=None, tries={}, cause=None)


def _rewrite_parts(
    conn: Connection,
    row: Mapping[str, Any],
    account: Mapping[str, Any],
    old: Sequence[Mapping[str, Any]],
    wanted: Request,
    now: float,
) -> None:
    """Keep the parts that stayed as they were (with their containers); make the others again."""
    same_account = account["id"] == row["account_id"]
    for position, (kind, body) in enumerate(zip(wanted.kinds, wanted.parts, strict=True)):
        kept = old[position] if position < len(old) else None
        if kept is not None and same_account and dict(kept["body"]) == body:
            if kept["published_at"] is None:
                update_part(conn, kept["id"], {"tries": {}, "cause": None})
            continue
        if kept is not None and _was_sent(kept):
            fresh = part_row(row, account, position, kind, body, now)
            change = PartUpdate(kind=fresh["kind"], body=fresh["body"], is_reply=fresh["is_reply"])
            runs.update_part(conn, kept["id"], change.merge(_look_first(part_view(kept), now)))
            continue
        if kept is not None:
            delete_part(conn, kept["id"])
        insert_part(conn, part_row(row, account, position, kind, body, now))
    delete_parts_from(conn, row["id"], len(wanted.parts))
