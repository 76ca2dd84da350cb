"""Compose: write, upload, see what Threads would say, repair, chain, schedule. Every button works without script."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa
from starlette.responses import Response

from treadle.domain.answers import Done, Missing, Refusal, Rejected
from treadle.domain.findings import Finding
from treadle.services import intake
from treadle.services.preflight import inspect_post
from treadle.services.read import post_json
from treadle.store.rows import body_of
from treadle.store.tables import parts, posts
from treadle.web import uploads
from treadle.web.clock_changes import question
from treadle.web.compose_buttons import changed_by, done_by, focus_after, two_numbers
from treadle.web.desk import Pages, Visit
from treadle.web.drafts import Draft, from_body, next_full_hour, place_of, read_form
from treadle.web.field_words import control_of, in_words, label_of, part_of
from treadle.web.pages.posts import account_names
from treadle.web.phrases import STYLES
from treadle.web.preview import shown_parts
from treadle_threads.text import TEXT_ATTACHMENT_LIMIT, TEXT_LIMIT, count_text

pages = Pages()
REPLY_CONTROLS = {
    "": "Everyone",
    "accounts_you_follow": "Profiles you follow",
    "mentioned_only": "Only who is mentioned",
    "followers_only": "Your followers",
    "parent_post_author_only": "Only who is replied to",
}


@pages.get("/compose")
async def write(visit: Visit) -> Response:
    draft: Draft | None = None
    note = ""
    if post_id := visit.asked("post"):
        draft = await visit.app.db.query(_stored, visit.workspace, post_id, visit.zone, True)
        if draft is None:
            return visit.missing("post")
    elif post_id := visit.asked("copy"):
        draft = await visit.app.db.query(_stored, visit.workspace, post_id, visit.zone, False)
        note = "This is a copy. Threads may hold back posts that repeat each other."
    if draft is None:
        draft = Draft(account_id=visit.asked("account"), zone=str(visit.zone))
        if day := visit.asked("at"):
            draft = replace(draft, when="at", at=day[:16])
    return await _form(visit, draft, note=note, look=bool(draft.post_id), opened=True)


def _stored(conn: sa.Connection, workspace: str, post_id: str, zone: ZoneInfo, same: bool) -> Draft | None:
    row = (
        conn.execute(sa.select(posts).where(posts.c.id == post_id, posts.c.workspace_id == workspace))
        .mappings()
        .first()
    )
    if row is None:
        return None
    body = body_of(conn, dict(row))
    at = row["publish_at"] if same else None
    draft = from_body(body, zone, at=at, lateness_s=row["max_lateness"])
    return replace(draft, post_id=post_id, version=row["version"]) if same else draft


async def _form(
    visit: Visit,
    draft: Draft,
    *,
    note: str = "",
    look: bool = False,
    errors: Sequence[Finding] = (),
    status: int = 200,
    focus: str = "",
    done: str = "",
    tone: str = "go",
    opened: bool = False,
    restored: bool = False,
) -> Response:
    """The form with everything that is known about its content. ``look``: also look at the media; ``focus``: the id
    one goes on from; ``done``: what a button did, of this ``tone``; ``opened``: nothing was written in it yet;
    ``restored``: it holds what the browser kept."""
    if not draft.once:
        draft = replace(draft, once=secrets.token_urlsafe(16))
    if not draft.at and draft.when == "now":
        draft = replace(draft, at=next_full_hour(visit.now, visit.zone), zone=str(visit.zone))
    names = await visit.app.db.query(account_names, visit.workspace)
    connected = [a for a in names if a["disconnected_at"] is None]
    if not draft.account_id and connected:
        draft = replace(draft, account_id=connected[0]["id"])
    stored = await visit.app.db.query(post_json, visit.workspace, draft.post_id) if draft.post_id else None
    found = await _findings(visit, draft, look=look) if _begun(draft) else _nothing()
    if errors:
        said = [{**f.to_json()} for f in errors]
        known = {(f["field"], f["rule"]) for f in found["findings"]}
        found["findings"] += [f for f in said if (f["field"], f["rule"]) not in known]
    files = await uploads.known(visit.app, visit.workspace, _ids(draft))
    return visit.page(
        "compose.html",
        status=status,
        draft=draft,
        stored=stored,
        accounts=connected,
        note=note,
        counts=[count_text(part.text) for part in draft.parts],
        limit=TEXT_LIMIT,
        long_limit=TEXT_ATTACHMENT_LIMIT,
        zones=sorted(available_timezones()),
        reply_controls=REPLY_CONTROLS,
        styles=STYLES,
        files=files,
        focus=focus or ("check" if status != 200 else ""),
        done={"text": done, "tone": tone} if done else None,
        opened=opened,
        restored=restored,
        asked_for=bool(visit.asked("copy") or visit.asked("at") or visit.asked("account")),
        **_sorted(found, draft),
    )


def _begun(draft: Draft) -> bool:
    return bool(draft.post_id or any(p.text or p.media or p.options for p in draft.parts))


def _nothing() -> dict[str, Any]:
    return {"ok": True, "findings": [], "media": []}


def _ids(draft: Draft) -> list[str]:
    return [str(item["id"]) for part in draft.parts for item in part.media if item.get("id")]


async def _findings(visit: Visit, draft: Draft, *, look: bool) -> dict[str, Any]:
    found = (await inspect_post(visit.app, visit.workspace, draft.to_body(), with_media=look)).to_json()
    return {**found, "findings": [*(f.to_json() for f in draft.troubles()), *found["findings"]]}


def _sorted(found: Mapping[str, Any], draft: Draft, refused: Sequence[tuple[int, int]] = ()) -> dict[str, Any]:
    """Findings by the place of the form they belong beside, the worst first; the rest under ``""``. With them the list
    of what is to fix, each with the id of its field, and the preview. ``refused``: files (part, place) that an earlier
    look found to be wrong; a new look says it anew."""
    beside: dict[str, list[Mapping[str, Any]]] = {}
    to_fix: list[dict[str, str]] = []
    parts = len(draft.parts)
    for finding in found["findings"]:
        said = in_words(finding)
        part, field = place_of(finding["field"])
        known = field and (part is None or part < parts)
        place = "" if not known else field if part is None else f"part-{part}-{field}"
        beside.setdefault(place, []).append(said)
        if finding["severity"] == "error":
            control = control_of(finding["field"]) if known else ""
            label = label_of(finding["field"], parts) if control else ""
            to_fix.append({"control": control, "label": label, "message": said["message"]})
    for group in beside.values():
        group.sort(key=lambda f: f["severity"] != "error")
    looked = {str(report.get("field")): uploads.looked(report) for report in found["media"]}
    wrong = [_medium(path) for path, report in looked.items() if not report["ok"]] or list(refused)
    for number, place_in in wrong:
        if number < parts and place_in < len(draft.parts[number].media):
            item = draft.parts[number].media[place_in]
            name = str(item.get("filename") or item.get("url") or "a file")
            label = label_of(f"replies[{number - 1}].media" if number else "media", parts)
            to_fix.append(
                {"control": f"part-{number}-media", "label": label, "message": f"Threads would refuse {name}."}
            )
    errors = [str(f["field"]) for f in found["findings"] if f["severity"] == "error"]
    return {
        "beside": beside,
        "to_fix": to_fix,
        "finding_count": len(found["findings"]),
        "looked": looked,
        "refused": wrong,
        "begun": _begun(draft),
        "asked_time": question(draft.at, draft.zone) if draft.when == "at" else None,
        "shown": shown_parts(draft.parts, errors, wrong),
    }


def _medium(path: str) -> tuple[int, int]:
    part, inner = part_of(path)
    return part, int(inner.removeprefix("media[").rstrip("]"))


@pages.post("/compose", files=True)
async def sent(visit: Visit) -> Response:
    draft = read_form(visit.text, visit.texts)
    draft, troubles = await _take_files(visit, draft)
    do, _, argument = visit.text("do").partition(":")
    if troubles:
        return await _form(visit, draft, errors=troubles, status=422)
    match do:
        case "send" | "draft":
            return await _accept(visit, draft, as_draft=do == "draft")
        case "repair":
            part, item = two_numbers(argument)
            draft, trouble = await _repair(visit, draft, part, item)
            if trouble:
                there = f"part-{part}-media"
                return await _form(visit, draft, look=True, focus=there, done=trouble.message, tone="stop")
            done = done_by(draft, do, argument)
            return await _form(visit, draft, look=True, focus=f"compare-{part}-{item}", done=done)
        case "restore":
            return await _form(visit, draft, look=bool(_ids(draft)), restored=True)
        case "check":
            return await _form(visit, draft, look=True, focus="check")
        case "add-media":
            return await _form(visit, draft, look=True, focus=f"part-{two_numbers(argument)[0]}-media")
        case _:
            changed = changed_by(draft, do, argument)
            focus, done = focus_after(changed, do, argument), done_by(draft, do, argument) if changed != draft else ""
            return await _form(visit, changed, look=bool(_ids(draft)), focus=focus, done=done)


async def _take_files(visit: Visit, draft: Draft) -> tuple[Draft, list[Finding]]:
    """Keep the files a form without script brought along, and put them into their parts."""
    troubles: list[Finding] = []
    for n, part in enumerate(draft.parts):
        for file in visit.files(f"part-{n}-file"):
            kept = await uploads.keep(visit.app, visit.workspace, file)
            if isinstance(kept, Finding):
                troubles.append(kept)
                continue
            part = replace(part, media=(*part.media, kept.item))
        draft = draft.with_part(n, part)
    return draft, troubles


async def _repair(visit: Visit, draft: Draft, part: int, index: int) -> tuple[Draft, Finding | None]:
    """Make one file right now and put the repaired one in its place."""
    if part >= len(draft.parts) or index >= len(draft.parts[part].media):
        return draft, None
    here = draft.parts[part]
    made = await uploads.repair(
        visit.app, visit.workspace, here.media[index], too_long=str(here.options.get("on_too_long", "")), now=visit.now
    )
    if isinstance(made, Finding):
        return draft, made
    items = tuple(made.item if i == index else item for i, item in enumerate(here.media))
    return draft.with_part(part, replace(here, media=items)), None


async def _accept(visit: Visit, draft: Draft, *, as_draft: bool) -> Response:
    if draft.troubles():
        return await _form(visit, draft, look=True, status=422)

    def store(conn: sa.Connection) -> Any:
        if draft.post_id:
            patch = _as_published(conn, visit.workspace, draft.post_id, draft.to_patch())
            return visit.app.posts.edit(
                conn, visit.workspace, draft.post_id, patch, now=visit.now, actor=visit.actor,
                version=draft.version,
            )  # fmt: skip
        body = {**draft.to_body(), **({"draft": True} if as_draft else {})}
        key = f"page-{draft.once}" if draft.once else None
        return intake.accept(
            conn, visit.app, visit.workspace, body, now=visit.now, actor=visit.actor, idempotency_key=key
        )

    answer = await visit.app.db.run(store)
    match answer:
        case intake.Accepted():
            said = "Kept as a draft." if as_draft else "Scheduled." if draft.when == "at" else "It is on its way."
            return visit.to(f"/posts/{answer.post.id}", said)
        case Done():
            return visit.to(f"/posts/{draft.post_id}", answer.message)
        case Rejected():
            return await _form(visit, draft, look=True, errors=answer.findings, status=422)
        case Missing():
            return visit.missing("post")
        case Refusal():
            trouble = Finding("", answer.code, answer.message, "")
            return await _form(visit, draft, errors=[trouble], status=409)
        case _:
            raise TypeError(type(answer))


def _as_published(conn: sa.Connection, workspace: str, post_id: str, patch: dict[str, Any]) -> dict[str, Any]:
    """The patch with the parts that are out as they are stored: the form shows them and cannot change them."""
    out = conn.execute(
        sa.select(parts.c.position, parts.c.body).where(
            parts.c.post_id == post_id, parts.c.workspace_id == workspace, parts.c.published_at.is_not(None)
        )
    ).all()
    replies = list(patch["replies"])
    for row in out:
        if row.position == 0:
            patch = {**patch, "text": "", "media": [], "options": {}, **row.body}
        elif row.position <= len(replies):
            replies[row.position - 1] = row.body
    return {**patch, "replies": replies}


# ------------------------------------------------------------ for the script


@pages.post("/compose/check", files=True)
async def check(visit: Visit) -> Response:
    """Findings as one types: the pieces of the page that show them."""
    draft = read_form(visit.text, visit.texts)
    look = visit.text("look") == "yes"
    found = await _findings(visit, draft, look=look) if _begun(draft) else _nothing()
    if not draft.at:  # a browser gives an unfinished time as none: it is missing when the form is sent
        soft = {"severity": "warning"}
        found["findings"] = [{**f, **(soft if f["rule"] == "not_a_time" else {})} for f in found["findings"]]
    refused = [
        (n, place)
        for n in range(len(draft.parts))
        for place, said in enumerate(visit.texts(f"part-{n}-media-refused"))
        if said and not look
    ]
    account = next(
        (a for a in await visit.app.db.query(account_names, visit.workspace) if a["id"] == draft.account_id), {}
    )
    return visit.fragment(
        "compose_check.html",
        draft=draft,
        account=account,
        looked_now=look,
        files=await uploads.known(visit.app, visit.workspace, _ids(draft)),
        **_sorted(found, draft, refused),
    )


@pages.post("/compose/count")
async def count(visit: Visit) -> Response:
    """The length of each text as Threads counts it: what the script's own count must agree with."""
    return visit.json({"counts": [count_text(text) for text in visit.texts("text")], "limit": TEXT_LIMIT})


@pages.post("/compose/upload", files=True)
async def upload(visit: Visit) -> Response:
    """One file for one part; answers the piece of the form that holds it."""
    part = visit.text("part", "0")
    number = int(part) if part.isdigit() else 0
    items, troubles = [], []
    for file in visit.files("file"):
        kept = await uploads.keep(visit.app, visit.workspace, file)
        if isinstance(kept, Finding):
            troubles.append(in_words(kept.to_json()))
        else:
            items.append(kept.item)
    files = await uploads.known(visit.app, visit.workspace, [str(i["id"]) for i in items])
    return visit.fragment("compose_media.html", part=number, items=items, first=0, troubles=troubles, files=files)


@pages.get("/compose/progress/{media_id}")
async def progress(visit: Visit) -> Response:
    """How far a repair is."""
    media_id = str(visit.request.path_params["media_id"])
    return visit.json(await uploads.progress_of(visit.app, visit.workspace, media_id))
