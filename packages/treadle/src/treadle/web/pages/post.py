"""One post: what it will look like, its state in words, its timeline as a drawing, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Conflict, Done, Missing, Rejected
from treadle.domain.live_equals import DETACHED
from treadle.domain.states import CANCELABLE, EDITABLE
from treadle.services import approving, insights
from treadle.services.approving import VERBS
from treadle.services.detached import CHOICES, decide
from treadle.services.naming import NamedPost, named
from treadle.services.output import JsonObject
from treadle.services.read import get_blocker, post_json, timeline
from treadle.services.unpublishing import unpublish
from treadle.store import Connection, accounts, api_keys, pages_posts
from treadle.store.repair_preview import counted
from treadle.web import uploads
from treadle.web.labels import KEY_ID, key_names, step_of
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest
from treadle.web.pages.posts import act_on, remember
from treadle.web.waterfall import waterfall
from treadle_diagnosis.types import Diagnosis

router = APIRouter(include_in_schema=False)

MESSAGES = {
    "retry": "Retrying now.",
    "confirm": "Publishing…",
    "cancel": "Canceled.",
    "delete": "Deleted.",
    "submit": "Waiting for approval.",
}


@router.get("/posts/{post_id}")
async def show(page: LoggedIn, post_id: str) -> Response:
    found = await page.app.db.query(_read, page, post_id)
    if found is None:
        return page.not_found("post")
    ids = [str(item["id"]) for part in found["post"]["parts"] for item in part["media"] if item.get("id")]
    files = await uploads.known(page.app, page.workspace, ids)
    return page.render(
        "post.html", drawing=waterfall(found["events"], page.now), entries=runs(found["events"]), files=files, **found
    )


def _read(conn: Connection, page: PageRequest, post_id: str) -> dict[str, Any] | None:
    workspace, now = page.workspace, page.now
    post = post_json(conn, workspace, post_id)
    if post is None:
        return None
    held = [b for b in (get_blocker(conn, workspace, i) for i in post["blocker_ids"]) if b]
    events = in_names(conn, workspace, post, timeline(conn, workspace, post_id) or [])
    return {
        "post": post,
        "account": accounts.find(conn, workspace, post["account_id"]),
        "events": events,
        "blockers": [{**b, "would": counted(conn, [b["id"]], workspace_id=workspace, now=now)} for b in held],
        "may": (may(post) - ({"retry"} if retry_is_pointless(post, held) else set()))
        & approving.verbs(conn, workspace, post, page.member),
        "comments": approving.comments_of(conn, workspace, post_id).data,
        "doubt": doubtful(conn, post),
        "insights": _insights(conn, workspace, post),
    }


def _insights(conn: Connection, workspace: str, post: Mapping[str, Any]) -> insights.InsightsOut | None:
    """The figures of a post that is out."""
    if not any(part["published_at"] for part in post["parts"]):
        return None
    found = insights.read(conn, workspace, post["id"])
    return None if isinstance(found, Missing) else found


def runs(events: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The timeline in pieces: calls that follow each other and say the same are one piece, all else stands alone."""
    pieces: list[list[Mapping[str, Any]]] = []
    for event in events:
        if pieces and alike(pieces[-1][-1], event):
            pieces[-1].append(event)
        else:
            pieces.append([event])
    return pieces


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two entries of a timeline are the same call with the same good answer."""
    same = all(one[name] == other[name] for name in ("kind", "stage", "part", "attempt", "what", "outcome"))
    plain = not any(e["diagnosis"] or e["decision"] for e in (one, other))
    return same and plain and one["kind"] == "call" and one["outcome"] == "ok"


def doubtful(conn: Connection, post: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The part whose publish has an unknown outcome, or that is out without a known id."""
    sent = pages_posts.sent_parts(conn, post["id"])
    for part in post["parts"]:
        if (part["id"] in sent and not part["published_at"]) or (part["published_at"] and not part["threads_id"]):
            return dict(part)
    return None


def retry_is_pointless(post: Mapping[str, Any], held: Sequence[Mapping[str, Any]]) -> bool:
    """Whether trying again cannot help: what holds the post lies outside of it, or is its very text."""
    if any(blocker["scope"] != "post" for blocker in held):
        return True
    cause = post["cause"] if post["state"] == "blocked" else None
    return cause is not None and (cause["action"] == "fix_content" or cause["pattern"] == DETACHED)


def in_names(conn: Connection, workspace: str, post: JsonObject, events: Sequence[JsonObject]) -> list[JsonObject]:
    """The timeline with the names people gave to keys in place of their ids; in ``post``'s own reason, too."""
    texts = [*(event["what"] for event in events), post["why"] or ""]
    ids = {id_ for text in texts for id_ in KEY_ID.findall(text)}
    names = api_keys.names_of(conn, workspace, ids)
    post["why"] = key_names(post["why"], names) if post["why"] else post["why"]
    return [{**event, "what": key_names(event["what"], names)} for event in events]


def may(post: Mapping[str, Any]) -> frozenset[str]:
    """What can be asked for now. The service has the last word."""
    state = post["state"]
    allowed = set()
    unsettled = any(p["sends"] and not p["published_at"] for p in post["parts"])
    if state in EDITABLE and not (unsettled and state == "checking"):
        allowed.add("edit")
    if state in ("failed", "blocked", "retrying", "waiting"):
        allowed.add("retry")
    if state in ("held", "draft"):
        allowed.add("confirm")
    if state == "draft":
        allowed |= {"submit", "return"}
    if state in CANCELABLE:
        allowed.add("cancel")
    if not any(p["sends"] or p["published_at"] for p in post["parts"]) and state in ("draft", "canceled", "failed"):
        allowed.add("delete")
    out = any(p["threads_id"] and p["state"] != "canceled" for p in post["parts"])
    if out and state in ("published", "failed", "canceled", "blocked", "held"):
        allowed.add("unpublish")
    if state == "checking":
        allowed.add("resolve")
    return frozenset(allowed)


@router.post("/posts/{post_id}/{do:path}")
async def act(page: LoggedInForm, post_id: str, do: str) -> Response:
    here = f"/posts/{post_id}"
    undo_id = ""
    if do in ("resolve", "detached", "unpublish"):
        no = await page.app.db.run(approving.refused, page.workspace, post_id, VERBS[do], page.member)
        if no is not None:
            return page.not_found("post") if isinstance(no, Missing) else page.redirect(here, no.message, "act")
    answer: Any
    if do == "comment":
        answer = await page.app.db.run(
            approving.add_comment, page.workspace, post_id, page.text("comment"), now=page.now, actor=page.actor
        )
    elif do == "return":
        answer = await page.app.db.run(
            approving.send_back, page.workspace, post_id, page.text("comment"), now=page.now, actor=page.actor
        )
    elif do == "resolve":
        answer = await _resolve_by_hand(page, post_id)
    elif do == "detached":
        answer = await _decide(page, post_id)
    elif do == "unpublish":
        return await _delete_from_threads(page, post_id)
    elif do in MESSAGES:
        answer, undo_id = await page.app.db.run(_act, page, post_id, do)
    else:
        return page.not_found()
    if isinstance(answer, Done):
        return page.redirect(
            "/posts" if do == "delete" else here,
            answer.message if do == "retry" else MESSAGES.get(do) or answer.message,
            undo=undo_id,
        )
    if isinstance(answer, Missing):
        return page.not_found("post")
    if isinstance(answer, Rejected):
        return page.redirect(here, " ".join(f"{f.message} {f.way_out}" for f in answer.findings), "act")
    return page.redirect(here, answer.message, "act")


def _act(conn: Connection, page: PageRequest, post_id: str, do: str) -> tuple[Any, str]:
    answer, step = act_on(conn, page, post_id, do)
    return answer, remember(conn, page, do, [step]) if step and isinstance(answer, Done) else ""


async def _delete_from_threads(page: PageRequest, post_id: str) -> Response:
    """Delete what is published from Threads; confirmed by a checkbox, because it cannot be undone."""
    here = f"/posts/{post_id}"
    if page.text("sure") != "yes":
        return page.redirect(here, "Select the checkbox to confirm. You can't undo this.", "act")
    done = await unpublish(page.app, page.workspace, post_id, actor=page.actor)
    if isinstance(done, Missing):
        return page.not_found("post")
    if isinstance(done, Conflict):
        return page.redirect(here, done.message, "act")
    if done.cause is not None:
        return page.redirect(here, f"{done.cause.title}. {step_of(done.cause)}", "act")
    return page.redirect(here, "Deleted from Threads.")


async def _decide(page: PageRequest, post_id: str) -> Any:
    """What the owner wants done about a reply that is live, but not as a reply."""
    choice = next((one for one in CHOICES if one == page.text("choice")), None)
    if choice is None:
        return Conflict("unsaid", "Choose how to continue.")
    if choice == "send_again" and page.text("sure") != "yes":
        return Conflict("unsaid", "Select the checkbox to confirm. You can't undo this.")
    done = await decide(page.app, page.workspace, post_id, choice, actor=page.actor)
    return Conflict("refused", f"{done.title}. {step_of(done)}") if isinstance(done, Diagnosis) else done


async def _resolve_by_hand(page: PageRequest, post_id: str) -> Any:
    """What a person saw on Threads: this very post, or none."""
    live = NamedPost("")
    if page.text("absent") != "yes":
        if not page.text("live").strip():
            return Conflict("unsaid", "Enter the URL of the post on Threads, or confirm that it isn't there.")
        found = await named(page.app, page.workspace, post_id, page.text("live"))
        if not isinstance(found, NamedPost):
            return found
        live = found
    return await page.app.db.run(_resolve, page, post_id, live)


def _resolve(conn: Connection, page: PageRequest, post_id: str, live: NamedPost) -> Any:
    return page.app.posts.resolve(
        conn,
        page.workspace,
        post_id,
        now=page.now,
        actor=page.actor,
        live_id=live.id or None,
        absent=not live.id,
        permalink=live.permalink,
    )
