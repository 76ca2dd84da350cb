"""One repair for many posts: a file, a link or words replaced in all of those chosen, or of those one cause holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from treadle.api.many import MEANT, MOST, Order, carry_out, choose
from treadle.posts.answers import Answer, Done, Missing, Rejected
from treadle.posts.read import Filters, post_json
from treadle.store.tables import posts
from treadle.web import uploads
from treadle.web.desk import Pages, Visit

pages = Pages()
SHOWN = 12  # posts that are listed; all of them are changed
CHANGEABLE = ("fix_media", "fix_content")  # actions that a change of the post carries out


@pages.get("/posts/replace")
async def show(visit: Visit) -> Response:
    """For the posts that one cause holds, or that are named."""
    ids = list(dict.fromkeys(visit.request.query_params.getlist("post")))[:MOST]
    pattern, blocker = visit.asked("pattern"), visit.asked("blocker")
    if pattern or blocker:
        filters = Filters(
            states=("blocked", "failed"),
            patterns=(pattern,) if pattern else (),
            blocker_id=blocker or None,
            account_id=visit.asked("account") or None,
        )
        ids, _ = await visit.app.db.query(choose, visit.workspace, filters)
    return await form(visit, ids)


async def form(visit: Visit, ids: Sequence[str], *, trouble: str = "", status: int = 200) -> Response:
    """What stands in these posts, and what to put in its place."""
    found = await visit.app.db.query(_posts, visit.workspace, ids)
    if not found:
        return visit.to("/posts", "None of these posts can be changed any more.", "act")
    files, links = _stands(found)
    names = await uploads.known(visit.app, visit.workspace, [f for f, _ in files if f.startswith("med_")])
    return visit.page(
        "replace.html",
        status=status,
        trouble=trouble,
        posts=found[:SHOWN],
        ids=[post["id"] for post in found],
        left_out=len(ids) - len(found),
        files=[(f, names[f]["filename"] if f in names else f, n) for f, n in files],
        links=links,
        given={name: visit.text(name) for name in ("text_from", "text_to", "link_from", "link_to", "file_from")},
        file_to=visit.text("file_to"),
        results=None,
    )


def _posts(conn: sa.Connection, workspace: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Those of the posts that may still be changed, in the order given."""
    kept = [post_json(conn, workspace, id_) for id_ in ids]
    return [post for post in kept if post is not None and post["state"] in MEANT["replace"]]


def _stands(found: Sequence[dict[str, Any]]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Files and links of the parts that are not out, with in how many posts each stands, the most common first."""
    files: Counter[str] = Counter()
    links: Counter[str] = Counter()
    for post in found:
        open_parts = [part for part in post["parts"] if part["published_at"] is None]
        files.update({str(m.get("id") or m.get("url") or "") for part in open_parts for m in part["media"]} - {""})
        links.update({str(part["options"].get("link_attachment") or "") for part in open_parts} - {""})
    return files.most_common(50), links.most_common(50)


@pages.post("/posts/replace")
async def carry(visit: Visit) -> Response:
    ids = list(dict.fromkeys(visit.texts("post")))[:MOST]
    order = await _order(visit)
    if isinstance(order, str):
        return await form(visit, ids, trouble=order, status=422)
    done = await carry_out(visit.app, visit.workspace, ids, order, actor=visit.actor)
    results = [
        {"post": post, "good": isinstance(answer, Done), "said": _said(answer)} for _, answer, post in done if post
    ]
    return visit.page("replace.html", results=results, good=sum(1 for r in results if r["good"]), total=len(ids))


async def _order(visit: Visit) -> Order | str:
    """What the form asks for, or what is wrong with it."""
    pairs: dict[str, tuple[str, str]] = {}
    if visit.text("text_from"):
        pairs["text"] = (visit.text("text_from"), visit.text("text_to"))
    if visit.text("link_from"):
        pairs["link"] = (visit.text("link_from"), visit.text("link_to").strip())
    if visit.text("file_from"):
        new = visit.text("file_to").strip()
        for file in visit.files("file"):
            kept = await uploads.keep(visit.app, visit.workspace, file)
            if not isinstance(kept, uploads.Kept):
                return kept.message
            new = str(kept.item["id"])
        if not new:
            return "Choose the file that takes its place, or give its address."
        pairs["media"] = (visit.text("file_from"), new)
    if not pairs:
        return "Say what is to be replaced: words, a link or a file."
    return Order(
        "replace",
        media=pairs.get("media"),
        text=pairs.get("text"),
        link=pairs.get("link"),
        retry=bool(visit.text("retry")),
    )


def _said(answer: Answer) -> str:
    match answer:
        case Done():
            return answer.message or "Changed."
        case Rejected():
            return " ".join(f"{finding.message} {finding.way_out}".strip() for finding in answer.findings[:3])
        case Missing():
            return f"There is no such {answer.what}."
        case _:
            return str(getattr(answer, "message", "Not changed."))


def groups(conn: sa.Connection, workspace: str) -> list[dict[str, Any]]:
    """Causes that a change of the posts repairs and that hold two posts or more, the largest first."""
    said, many = posts.c.cause, sa.func.count()
    rows = conn.execute(
        sa.select(
            posts.c.cause_pattern.label("pattern"),
            sa.func.max(said["title"].as_string()).label("title"),
            many.label("n"),
        )
        .where(
            posts.c.workspace_id == workspace,
            posts.c.state.in_(("blocked", "failed")),
            said["action"].as_string().in_(CHANGEABLE),
        )
        .group_by(posts.c.cause_pattern)
        .having(many > 1)
        .order_by(many.desc(), posts.c.cause_pattern)
    )
    return [dict(row) for row in rows.mappings()]
