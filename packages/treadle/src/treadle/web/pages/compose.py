"""Compose: write, upload, see what Threads would say, repair, chain, schedule. Every button works without script."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Conflict, Done, Missing, Rejected
from treadle.domain.clocks import clock
from treadle.domain.findings import Finding
from treadle.domain.states import STATE_WORDS
from treadle.domain.zones import zone_named, zone_names
from treadle.plural import plural
from treadle.services import approving, intake
from treadle.services.files import is_operators
from treadle.services.naming import NamedPost, post_at
from treadle.services.preflight import inspect_post
from treadle.services.read import post_json
from treadle.services.slots import free_slot
from treadle.store import Connection, accounts
from treadle.store.accounts import AccountName
from treadle.store.files import FileFilters, media_with_ids, page_of
from treadle.store.pages_posts import published_parts
from treadle.store.posts_read import posts_of
from treadle.store.rows import body_of
from treadle.web import uploads
from treadle.web.clock_changes import question
from treadle.web.compose_buttons import Unsplit, changed_by, done_by, focus_after, split_made, two_numbers
from treadle.web.draft_options import field_groups, offered
from treadle.web.drafts import Draft, from_body, next_full_hour, place_of, read_form, read_own, say_own
from treadle.web.field_words import control_of, in_words, label_of, part_of
from treadle.web.labels import zone_of
from treadle.web.page_request import LoggedIn, LoggedInForm, LoggedInUpload, PageRequest
from treadle.web.preview import shown_parts
from treadle_threads.options import Id
from treadle_threads.text import TEXT_LIMIT, count_text

router = APIRouter(include_in_schema=False)
MOST_FILES = 20  # of a carousel
POSTS_NAMED = tuple(option.name for option in offered() if isinstance(option.kind, Id) and option.kind.post)
PICKED_FROM = 24  # files that the library shows in this form at once
ACCEPTED = {"draft": "Draft saved.", "publishing": "Publishing…"}  # other states are called what they are


@router.get("/compose")
async def write(page: LoggedIn) -> Response:
    draft: Draft | None = None
    note = ""
    if post_id := page.query("post"):
        draft = await page.app.db.query(_stored, page.workspace, post_id, page.zone, True)
        if draft is None:
            return page.not_found("post")
    elif post_id := page.query("copy"):
        draft = await page.app.db.query(_stored, page.workspace, post_id, page.zone, False)
        note = "This is a copy. Threads may limit posts that repeat each other."
    if draft is None:
        files = [id_[:40] for id_ in page.query_params.getlist("media")[:MOST_FILES]]
        draft = Draft(account_id=page.query("account"), zone=str(page.zone))
        draft = await _with_files(page, draft, 0, files)
        if day := page.query("at"):
            zone = page.query("zone") if zone_named(page.query("zone")) else str(page.zone)
            draft = replace(draft, when="at", at=day[:16], zone=zone)
        elif page.query("queue"):
            draft = replace(draft, when="queue")
    return await _form(page, draft, note=note, look=bool(draft.post_id or _ids(draft)), opened=True)


async def _with_files(page: PageRequest, draft: Draft, part: int, ids: Sequence[str]) -> Draft:
    """The draft with these stored files at the end of a part's; what is not stored is left out."""
    if part >= len(draft.parts) or not ids:
        return draft
    rows = {row["id"]: row for row in await page.app.db.query(media_with_ids, page.workspace, list(ids))}
    here = draft.parts[part]
    more = [uploads.item_of(rows[id_]) for id_ in dict.fromkeys(ids) if id_ in rows]
    return draft.with_part(part, replace(here, media=(*here.media, *more)))


@dataclass(frozen=True, slots=True)
class Picker:
    """The files of the library that one part can take; ``asked``: the words that were searched for."""

    part: int
    asked: str
    files: Sequence[Mapping[str, Any]]
    more: bool


async def _picker(page: PageRequest, part: int) -> Picker:
    asked = page.text("library-q").strip()[:200]
    filters = FileFilters(tuple(asked.split()), uploads=True)
    rows, more = await page.app.db.query(page_of, page.workspace, PICKED_FROM, None, filters)
    return Picker(part, asked, [uploads.shown(page.app, row) for row in rows], more is not None)


def _stored(conn: Connection, workspace: str, post_id: str, zone: ZoneInfo, same: bool) -> Draft | None:
    found = posts_of(conn, workspace, [post_id])
    if not found:
        return None
    row = found[0].row
    body = body_of(conn, dict(row))
    at = row["publish_at"] if same else None
    draft = from_body(body, zone, at=at, lateness_s=row["max_lateness"])
    return replace(draft, post_id=post_id, version=row["version"]) if same else draft


async def _form(
    page: PageRequest,
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
    picker: Picker | None = None,
    unsplit: Unsplit | None = None,
    before: Draft | None = None,
) -> Response:
    """The form with everything that is known about its content. ``look``: also look at the media; ``focus``: the id
    one goes on from; ``done``: what a button did, of this ``tone``; ``opened``: nothing was written in it yet;
    ``restored``: it holds what the browser kept; ``picker``: the library, opened in a part;
    ``unsplit``: what undoes the split that was just made; ``before``: the posts of each account, which were just made
    the same."""
    if not draft.once:
        draft = replace(draft, once=secrets.token_urlsafe(16))
    if not draft.at and draft.when in ("now", "queue"):
        draft = replace(draft, at=next_full_hour(page.now, page.zone), zone=str(page.zone))
    names = await page.app.db.query(accounts.names, page.workspace)
    connected = [account for account in names if account.disconnected_at is None]
    if not draft.account_id and connected:
        draft = replace(draft, account_id=connected[0].id).settled()
    stored = await page.app.db.query(post_json, page.workspace, draft.post_id) if draft.post_id else None
    slot = await page.app.db.query(free_slot, page.workspace, draft.account_id, now=page.now)
    found = await _findings(page, draft, look=look) if _begun(draft) else _nothing()
    if errors:
        known = {(f["field"], f["rule"]) for f in found["findings"]}
        found["findings"] += [in_words(f) for f in errors if (f.field, f.rule) not in known]
    files = await uploads.known(page.app, page.workspace, _ids(draft))
    return page.render(
        "compose.html",
        status=status,
        draft=draft,
        stored=stored,
        accounts=connected,
        note=note,
        counts=[count_text(part.text) for part in draft.parts],
        limit=TEXT_LIMIT,
        slot=slot,
        slot_of=_name(page, draft.account_id),
        slot_zone=(slot.zone or "").split("/")[-1].replace("_", " ") if slot else "",
        slot_clock=clock(slot.at, zone_of(slot.zone or "UTC"), page.now) if slot else "",
        zones=zone_names(),
        option_groups=field_groups(),
        files=files,
        focus=focus or ("check" if status != 200 else ""),
        done={"text": done, "tone": tone} if done else None,
        opened=opened,
        restored=restored,
        picker=picker,
        unsplit=unsplit,
        before=before,
        own=[say_own(id_, parts) for id_, parts in (before or draft).own.items()],
        asked_for=any(page.query(name) for name in ("copy", "at", "account", "queue", "media")),
        tabs=await _tabs(page, draft, connected),
        **_sorted(found, draft),
    )


@dataclass(frozen=True, slots=True)
class Tab:
    """An account whose post is its own. ``adjusted``: differs from what all began with; ``wrong``: messages of what
    stops it."""

    account: AccountName
    shown: bool
    adjusted: bool
    wrong: Sequence[str]


async def _tabs(page: PageRequest, draft: Draft, among: Sequence[AccountName]) -> list[Tab]:
    """The tabs of a draft that each account has its own of; none for any other. The files of those that are not shown
    are not looked at."""
    if not (draft.each and draft.also):
        return []
    names = {account.id: account for account in among}
    tabs = []
    for account_id in draft.accounts:
        if account_id not in names:
            continue
        wrong: list[str] = []
        if account_id != draft.shown:
            found = await _findings(page, draft.of(account_id), look=False)
            wrong = [str(one["message"]) for one in found["findings"] if one["severity"] == "error"]
        adjusted = draft.parts_of(account_id) != draft.own.get("", draft.parts)
        tabs.append(Tab(names[account_id], account_id == draft.shown, adjusted, wrong))
    return tabs


def _begun(draft: Draft) -> bool:
    return bool(draft.post_id or any(p.text or p.media or p.options for p in draft.parts))


def _nothing() -> dict[str, Any]:
    return {"ok": True, "findings": [], "media": []}


def _ids(draft: Draft) -> list[str]:
    return [str(item["id"]) for part in draft.parts for item in part.media if item.get("id")]


async def _findings(page: PageRequest, draft: Draft, *, look: bool) -> dict[str, Any]:
    draft, unnamed = await _addressed(page, draft.of(draft.shown), asking=False)
    found = await inspect_post(
        page.app, page.workspace, draft.to_body(), with_media=look, post_id=draft.post_id or None
    )
    findings = [*draft.troubles(), *unnamed, *(_kindly(draft, one.finding) for one in found.findings)]
    return {**found.to_json(), "findings": [in_words(one) for one in findings]}


async def _addressed(page: PageRequest, draft: Draft, *, asking: bool) -> tuple[Draft, list[Finding]]:
    """The draft with the ids of posts that were named by their addresses. What is not found is left out, with a finding
    that says why: an error once Threads was asked (``asking``)."""
    unnamed: list[Finding] = []
    for n, part in enumerate(draft.parts):
        for name in POSTS_NAMED:
            reference = str(part.options.get(name) or "").strip()
            if "/" not in reference:
                continue
            found = await post_at(page.app, page.workspace, draft.shown, reference, asking=asking)
            options = {key: value for key, value in part.options.items() if key != name}
            if isinstance(found, NamedPost):
                options[name] = found.id
            else:
                path = f"options.{name}" if n == 0 else f"replies[{n - 1}].options.{name}"
                if not asking and found.code == "not_listed":
                    unnamed.append(
                        Finding(path, "looked_up_later", found.message, "", severity="warning", given=reference)
                    )
                else:
                    unnamed.append(Finding(path, found.code, found.message, "", given=reference))
            part = replace(part, options=options)
        draft = draft.with_part(n, part)
    return draft, unnamed


def _kindly(draft: Draft, found: Finding) -> Finding:
    """A person who picks a time that has passed made a mistake; a program may mean it."""
    if found.rule != "past_time" or draft.post_id:
        return found
    return replace(found, severity="error", message="This time is in the past.", way_out="Pick a later one.", code="")


def _sorted(found: Mapping[str, Any], draft: Draft, refused: Sequence[tuple[int, int]] = ()) -> dict[str, Any]:
    """Findings by the place of the form they belong beside, the worst first; the rest under ``""``. With them the list
    of what is to fix, each with the id of its field, and the preview. ``refused``: files (part, place) that an earlier
    look found to be wrong; a new check reports it again."""
    beside: dict[str, list[Mapping[str, Any]]] = {}
    to_fix: list[dict[str, str]] = []
    parts = len(draft.parts)
    for finding in found["findings"]:
        part, field = place_of(finding["field"])
        known = field and (part is None or part < parts)
        place = "" if not known else field if part is None else f"part-{part}-{field}"
        beside.setdefault(place, []).append(finding)
        if finding["severity"] == "error":
            control = control_of(finding["field"]) if known else ""
            label = label_of(finding["field"], parts) if control else ""
            to_fix.append({"control": control, "label": label, "message": finding["message"]})
    for group in beside.values():
        group.sort(key=lambda f: f["severity"] != "error")
    looked = {str(report.get("field")): uploads.looked(report) for report in found["media"]}
    faults = {path: report["fault"] for path, report in looked.items() if report["fault"]}
    refusing = [path for path, report in looked.items() if not report["ok"] and path not in faults]
    wrong = [_medium(path) for path in refusing] or list(refused)
    for path, fault in faults.items():
        number = _medium(path)[0]
        message = f"{fault['message']} {fault['way_out']}"
        if number < parts and message not in {item["message"] for item in to_fix}:
            to_fix.append({"control": f"part-{number}-media", "label": _media_label(number, parts), "message": message})
    for number, place_in in wrong:
        if number < parts and place_in < len(draft.parts[number].media):
            item = draft.parts[number].media[place_in]
            name = str(item.get("filename") or item.get("url") or "a file")
            message = f"Threads won't accept {name}."
            to_fix.append({"control": f"part-{number}-media", "label": _media_label(number, parts), "message": message})
    errors = [
        str(f["field"]) for f in found["findings"] if f["severity"] == "error" and not is_operators(str(f["pattern"]))
    ]
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


def _media_label(number: int, parts: int) -> str:
    return label_of(f"replies[{number - 1}].media" if number else "media", parts)


def _medium(path: str) -> tuple[int, int]:
    part, inner = part_of(path)
    return part, int(inner.removeprefix("media[").rstrip("]"))


@router.post("/compose")
async def sent(page: LoggedInUpload) -> Response:
    draft = read_form(page.text, page.texts)
    draft, troubles = await _take_files(page, draft)
    do, _, argument = page.text("do").partition(":")
    if troubles:
        return await _form(page, draft, errors=troubles, status=uploads.status_of(troubles, 422))
    match do:
        case "send" | "draft":
            return await _accept(page, draft, as_draft=do == "draft")
        case "repair":
            part, item = two_numbers(argument)
            draft, trouble = await _repair(page, draft, part, item)
            if trouble:
                there = f"part-{part}-media"
                status = uploads.status_of([trouble], 200)
                return await _form(
                    page, draft, look=True, focus=there, done=trouble.message, tone="stop", status=status
                )
            done = done_by(draft, do, argument)
            return await _form(page, draft, look=True, focus=f"compare-{part}-{item}", done=done)
        case "restore":
            return await _form(page, draft, look=bool(_ids(draft)), restored=True)
        case "check":
            return await _form(page, draft, look=True, focus="check")
        case "split":
            changed = changed_by(draft, do, argument)
            undo = split_made(draft, changed, argument)
            done, focus = done_by(draft, do, argument) if undo else "", focus_after(changed, do, argument)
            return await _form(page, changed, look=bool(_ids(draft)), focus=focus, done=done, unsplit=undo)
        case "unsplit":
            first, count = two_numbers(argument)
            changed = draft.joined(first, count, page.text("split-text"))
            done = "The text is one part again." if changed != draft else ""
            return await _form(page, changed, look=bool(_ids(draft)), focus=f"part-{first}-text", done=done)
        case "adjust" if not draft.also:
            return await _form(page, draft, focus="account_id", done="Choose at least two accounts first.", tone="act")
        case "same" if draft.each:
            done = f"All accounts now publish the same post as @{_name(page, draft.shown)}."
            shown = draft.same()
            return await _form(page, shown, look=bool(_ids(shown)), focus="same", done=done, before=draft)
        case "adjust-again":
            again = draft.adjusted_again(argument, read_own(page.texts("own-before")))
            return await _form(page, again, look=bool(_ids(again)), focus="adjust")
        case "library":
            part = two_numbers(argument)[0]
            return await _form(page, draft, look=bool(_ids(draft)), focus="library-q", picker=await _picker(page, part))
        case "take":
            part = two_numbers(argument)[0]
            taken = await _with_files(page, draft, part, [id_[:40] for id_ in page.texts("pick")[:MOST_FILES]])
            added = len(_ids(taken)) - len(_ids(draft))
            if not added:
                picker = await _picker(page, part)
                return await _form(
                    page, draft, focus="library-q", picker=picker, done="Select a file first.", tone="act"
                )
            done = f"{plural(added, 'file')} added."
            return await _form(page, taken, look=True, focus=f"part-{part}-media", done=done)
        case "add-media":
            return await _form(page, draft, look=True, focus=f"part-{two_numbers(argument)[0]}-media")
        case _:
            changed = changed_by(draft, do, argument)
            focus, done = focus_after(changed, do, argument), done_by(draft, do, argument) if changed != draft else ""
            return await _form(page, changed, look=bool(_ids(draft)), focus=focus, done=done)


async def _take_files(page: PageRequest, draft: Draft) -> tuple[Draft, list[Finding]]:
    """Keep the files a form without script brought along, and put them into their parts."""
    troubles: list[Finding] = []
    for n, part in enumerate(draft.parts):
        for file in page.files(f"part-{n}-file"):
            kept = await uploads.keep(page.app, page.workspace, file)
            if isinstance(kept, Finding):
                troubles.append(kept)
                continue
            part = replace(part, media=(*part.media, kept.item))
        draft = draft.with_part(n, part)
    return draft, troubles


async def _repair(page: PageRequest, draft: Draft, part: int, index: int) -> tuple[Draft, Finding | None]:
    """Make one file right now and put the repaired one in its place."""
    if part >= len(draft.parts) or index >= len(draft.parts[part].media):
        return draft, None
    here = draft.parts[part]
    made = await uploads.repair(
        page.app, page.workspace, here.media[index], too_long=str(here.options.get("on_too_long", "")), now=page.now
    )
    if isinstance(made, Finding):
        return draft, made
    items = tuple(made.item if i == index else item for i, item in enumerate(here.media))
    return draft.with_part(part, replace(here, media=items)), None


async def _accept(page: PageRequest, draft: Draft, *, as_draft: bool) -> Response:
    past = [] if as_draft else await _past(page, draft)
    if past:
        return await _form(page, draft, look=True, status=422)
    if draft.also and not draft.post_id:
        return await _accept_for_all(page, draft, as_draft=as_draft)
    as_written, draft = draft, draft.of(draft.account_id)
    if draft.troubles():
        return await _form(page, draft, look=True, status=422)
    draft, unnamed = await _addressed(page, draft, asking=True)
    if unnamed:
        return await _form(page, as_written, look=True, errors=unnamed, status=422)

    def store(conn: Connection) -> Any:
        if draft.post_id:
            patch = _as_published(conn, page.workspace, draft.post_id, draft.to_patch())
            no = approving.refused(conn, page.workspace, draft.post_id, "edit", page.member)
            return no or page.app.posts.edit(
                conn, page.workspace, draft.post_id, patch, now=page.now, actor=page.actor,
                version=draft.version, approval=not page.may("publish"),
            )  # fmt: skip
        body = {**draft.to_body(), **({"draft": True} if as_draft else {})}
        body = approving.body_of_author(body, page.member)
        key = f"page-{draft.once}" if draft.once else None
        return intake.accept(conn, page.app, page.workspace, body, now=page.now, actor=page.actor, idempotency_key=key)

    answer = await page.app.db.run(store)
    match answer:
        case intake.Accepted():
            state = answer.post.state  # what became of it, not what was asked for: it may be too late, or blocked
            message = ACCEPTED.get(state, f"{STATE_WORDS[state]}.")
            if state == "draft" and answer.post.approval == "pending":
                message = "Waiting for approval."
            message += "".join(f" {one.message}" for one in answer.warnings if one.rule == "similar_post")
            return page.redirect(f"/posts/{answer.post.id}", message)
        case Done():
            return page.redirect(f"/posts/{draft.post_id}", answer.message)
        case Rejected():
            return await _form(page, draft, look=True, errors=answer.findings, status=422)
        case Missing():
            return page.not_found("post")
        case Conflict():
            trouble = Finding("", answer.code, answer.message, "")
            if answer.code == "changed_meanwhile":
                newest = await page.app.db.query(_version, page.workspace, draft.post_id)
                draft, trouble = replace(draft, version=newest), replace(trouble, message=CHANGED_MEANWHILE)
            return await _form(page, draft, errors=[trouble], status=409)
        case _:
            raise TypeError(type(answer))


def _version(conn: Connection, workspace: str, post_id: str | None) -> int | None:
    found = posts_of(conn, workspace, [post_id]) if post_id else []
    return int(found[0].row["version"]) if found else None


async def _past(page: PageRequest, draft: Draft) -> list[Finding]:
    """What there is to say of a time that has passed."""
    if draft.when != "at" or draft.post_id:
        return []
    found = await inspect_post(page.app, page.workspace, draft.to_body(), with_media=False, post_id=None)
    return [one.finding for one in found.findings if one.finding.rule == "past_time"]


CHANGED_MEANWHILE = (
    "Someone else changed this post while you were editing. Your text is still here: save again to replace their "
    "changes with yours, or open the post in another tab to see them first."
)


class _OneRefused(Exception):
    """One of several posts was not accepted, so none is."""

    def __init__(self, account_id: str, answer: Any) -> None:
        self.account_id, self.answer = account_id, answer


async def _accept_for_all(page: PageRequest, draft: Draft, *, as_draft: bool) -> Response:
    """One post for each of the accounts, or none: in one transaction. What is wrong with one is shown in its own."""
    ready: dict[str, Draft] = {}
    for account_id in draft.accounts:
        one = draft.of(account_id)
        ready[account_id], unnamed = (one, []) if one.troubles() else await _addressed(page, one, asking=True)
        if unnamed or one.troubles():
            return await _form(page, draft.turned(account_id), look=True, errors=unnamed, status=422)

    def store(conn: Connection) -> list[str]:
        made = []
        for account_id, one in ready.items():
            body = {**one.to_body(), **({"draft": True} if as_draft else {})}
            body = approving.body_of_author(body, page.member)
            key = f"page-{draft.once}-{account_id}"[:200] if draft.once else None
            answer = intake.accept(
                conn, page.app, page.workspace, body, now=page.now, actor=page.actor, idempotency_key=key
            )
            if not isinstance(answer, intake.Accepted):
                raise _OneRefused(account_id, answer)
            made.append(answer.post.id)
        return made

    try:
        made = await page.app.db.run(store)
    except _OneRefused as refused:
        if isinstance(refused.answer, Rejected):
            errors: Sequence[Finding] = refused.answer.findings
        else:
            message = getattr(refused.answer, "message", "This account can't be used.")
            errors = [Finding("account_id", "refused", f"@{_name(page, refused.account_id)}: {message}", "")]
        return await _form(page, draft.turned(refused.account_id), look=True, errors=errors, status=422)
    done = "saved as drafts" if as_draft else "scheduled" if draft.when != "now" else "publishing"
    return page.redirect("/posts", f"{plural(len(made), 'post')} {done}, one for each account.")


def _name(page: PageRequest, account_id: str) -> str:
    return next((one.username for one in page.frame.accounts if one.id == account_id), account_id)


def _as_published(conn: Connection, workspace: str, post_id: str, patch: dict[str, Any]) -> dict[str, Any]:
    """The patch with the published parts as they are stored: the form shows them and cannot change them."""
    replies = list(patch["replies"])
    for part in published_parts(conn, workspace, post_id):
        if part.position == 0:
            patch = {**patch, "text": "", "media": [], "options": {}, **part.body}
        elif part.position <= len(replies):
            replies[part.position - 1] = part.body
    return {**patch, "replies": replies}


# ------------------------------------------------------------ for the script


@router.post("/compose/check")
async def check(page: LoggedInUpload) -> Response:
    """Findings as one types: the pieces of the page that show them."""
    draft = read_form(page.text, page.texts)
    look = page.text("look") == "yes"
    found = await _findings(page, draft, look=look) if _begun(draft) else _nothing()
    if not draft.at:  # a browser gives an unfinished time as none: it is missing when the form is sent
        soft = {"severity": "warning"}
        found["findings"] = [{**f, **(soft if f["rule"] == "not_a_time" else {})} for f in found["findings"]]
    refused = [
        (n, place)
        for n in range(len(draft.parts))
        for place, refused in enumerate(page.texts(f"part-{n}-media-refused"))
        if refused and not look
    ]
    names = await page.app.db.query(accounts.names, page.workspace)
    return page.fragment(
        "compose_check.html",
        draft=draft,
        accounts=[account for account in names if account.id in draft.accounts],
        looked_now=look,
        files=await uploads.known(page.app, page.workspace, _ids(draft)),
        tabs=await _tabs(page, draft, names),
        **_sorted(found, draft, refused),
    )


@router.post("/compose/count")
async def count(page: LoggedInForm) -> Response:
    """The length of each text as Threads counts it: what the script's own count must agree with."""
    return page.json({"counts": [count_text(text) for text in page.texts("text")], "limit": TEXT_LIMIT})


@router.post("/compose/upload")
async def upload(page: LoggedInUpload) -> Response:
    """One file for one part; answers the piece of the form that holds it."""
    part = page.text("part", "0")
    number = int(part) if part.isdigit() else 0
    items, troubles = [], list[Finding]()
    for file in page.files("file"):
        kept = await uploads.keep(page.app, page.workspace, file)
        if isinstance(kept, Finding):
            troubles.append(kept)
        else:
            items.append(kept.item)
    files = await uploads.known(page.app, page.workspace, [str(i["id"]) for i in items])
    made = page.fragment(
        "compose_media.html",
        part=number,
        items=items,
        first=0,
        troubles=[in_words(trouble) for trouble in troubles],
        files=files,
    )
    made.status_code = uploads.status_of(troubles, 200)
    return made


@router.get("/compose/progress/{media_id}")
async def progress(page: LoggedIn, media_id: str) -> Response:
    """How far a repair is."""
    return page.json(await uploads.progress_of(page.app, page.workspace, media_id))
