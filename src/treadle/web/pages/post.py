"""One post: what it will look like, its state in words, its timeline as a drawing, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from treadle.api.unpublishing import unpublish
from treadle.posts.answers import Done, Missing, Refusal, Rejected
from treadle.posts.read import get_blocker, post_json, timeline
from treadle.posts.states import CANCELABLE, EDITABLE
from treadle.store.tables import accounts
from treadle.web import uploads
from treadle.web.desk import Pages, Visit
from treadle.web.drawings import waterfall
from treadle.web.needs import would_send
from treadle.web.pages.posts import act_on

pages = Pages()

SAID = {
    "retry": "It is being tried again now.",
    "confirm": "It goes out.",
    "cancel": "Canceled.",
    "delete": "Deleted.",
}


@pages.get("/posts/{post_id}")
async def show(visit: Visit) -> Response:
    found = await visit.app.db.query(_read, visit.workspace, str(visit.request.path_params["post_id"]), visit.now)
    if found is None:
        return visit.missing("post")
    ids = [str(item["id"]) for part in found["post"]["parts"] for item in part["media"] if item.get("id")]
    files = await uploads.known(visit.app, visit.workspace, ids)
    return visit.page("post.html", drawing=waterfall(found["events"], visit.now), files=files, **found)


def _read(conn: sa.Connection, workspace: str, post_id: str, now: float) -> dict[str, Any] | None:
    post = post_json(conn, workspace, post_id)
    if post is None:
        return None
    held = [b for b in (get_blocker(conn, workspace, i) for i in post["blocker_ids"]) if b]
    account = conn.execute(sa.select(accounts).where(accounts.c.id == post["account_id"])).mappings().first()
    events = timeline(conn, workspace, post_id) or []
    return {
        "post": post,
        "account": dict(account) if account else None,
        "events": events,
        "blockers": [{**b, "would": would_send(conn, workspace, [b["id"]], now)} for b in held],
        "may": may(post),
        "doubt": doubtful(post),
    }


def doubtful(post: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The part whose publish has an unknown outcome, or that is out without a known id."""
    for part in post["parts"]:
        if part["unclear"] or part["state"] == "checking":
            return dict(part)
        if part["published_at"] and not part["threads_id"]:
            return dict(part)
    return None


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


@pages.post("/posts/{post_id}/{do:path}")
async def act(visit: Visit) -> Response:
    post_id, do = str(visit.request.path_params["post_id"]), str(visit.request.path_params["do"])
    here = f"/posts/{post_id}"
    if do == "resolve":
        answer = await visit.app.db.run(_resolve, visit, post_id)
    elif do == "unpublish":
        return await _take_off(visit, post_id)
    elif do in SAID:
        answer = await visit.app.db.run(act_on, visit, post_id, do)
    else:
        return visit.missing()
    if isinstance(answer, Done):
        return visit.to("/posts" if do == "delete" else here, SAID.get(do) or answer.message)
    if isinstance(answer, Missing):
        return visit.missing("post")
    if isinstance(answer, Rejected):
        return visit.to(here, " ".join(f"{f.message} {f.way_out}" for f in answer.findings), "act")
    return visit.to(here, answer.message, "act")


async def _take_off(visit: Visit, post_id: str) -> Response:
    """Delete what is out from Threads; asked twice, because it cannot be undone."""
    here = f"/posts/{post_id}"
    if visit.text("sure") != "yes":
        return visit.to(here, "Tick that you are sure: it cannot be brought back.", "act")
    done = await unpublish(visit.app, visit.workspace, post_id, actor=visit.actor)
    if isinstance(done, Missing):
        return visit.missing("post")
    if isinstance(done, Refusal):
        return visit.to(here, done.message, "act")
    if done.cause is not None:
        return visit.to(here, f"{done.cause.title}. {done.cause.next_step}", "act")
    return visit.to(here, "It is off Threads.")


def _resolve(conn: sa.Connection, visit: Visit, post_id: str) -> Any:
    return visit.app.posts.resolve(
        conn,
        visit.workspace,
        post_id,
        now=visit.now,
        actor=visit.actor,
        live_id=visit.text("threads_id").strip() or None,
        absent=visit.text("absent") == "yes",
        permalink=visit.text("permalink").strip() or None,
    )
