"""One repair for many posts: a file, a link or words replaced in all of those chosen, or of those one cause holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Answer, Done, Missing, Rejected
from treadle.services.many import MEANT, MOST, Order, carry_out, choose
from treadle.services.output import JsonObject
from treadle.services.read import Filters, count_posts, posts_json
from treadle.store import Connection
from treadle.web import uploads
from treadle.web.page_request import LoggedIn, LoggedInUpload, PageRequest

router = APIRouter(include_in_schema=False)
SHOWN = 12  # posts that are listed; all of them are changed
CHANGEABLE = ("fix_media", "fix_content")  # actions that a change of the post carries out
NONE_LEFT = "None of these posts can be changed anymore."
FIELDS = ("text_from", "text_to", "link_from", "link_to", "file_from", "file_to")


@dataclass(frozen=True, slots=True)
class Held:
    """The posts that one cause holds, from one id on: a cause may hold more than are changed at once."""

    pattern: str = ""
    blocker: str = ""
    account: str = ""
    after: str = ""

    def __bool__(self) -> bool:
        return bool(self.pattern or self.blocker)

    @property
    def filters(self) -> Filters:
        return Filters(
            states=("blocked", "failed"),
            patterns=(self.pattern,) if self.pattern else (),
            blocker_id=self.blocker or None,
            account_id=self.account or None,
        )

    @property
    def fields(self) -> Mapping[str, str]:
        """What a form has to say of it."""
        named = {"pattern": self.pattern, "blocker": self.blocker, "account": self.account}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a cause after the posts at hand: how many, and the id to go on after."""

    held: Held = Held()
    count: int = 0
    after: str = ""


def _choose(conn: Connection, workspace: str, held: Held) -> tuple[list[str], Rest]:
    ids, after = choose(conn, workspace, held.filters, limit=MOST, after=held.after or None)
    if after is None:
        return ids, Rest(held)
    return ids, Rest(held, count_posts(conn, workspace, held.filters, after=after), after)


@router.get("/posts/replace")
async def show(page: LoggedIn) -> Response:
    """For the posts that one cause holds, or that are named."""
    ids = list(dict.fromkeys(page.query_params.getlist("post")))[:MOST]
    held = Held(page.query("pattern"), page.query("blocker"), page.query("account"), page.query("after"))
    if held:
        return await form(page, *await page.app.db.query(_choose, page.workspace, held))
    return await form(page, ids)


async def form(
    page: PageRequest, ids: Sequence[str], rest: Rest | None = None, *, trouble: str = "", status: int = 200
) -> Response:
    """What stands in these posts, and what to put in its place."""
    found = await page.app.db.query(_posts, page.workspace, ids)
    if not found:
        return page.redirect("/posts", NONE_LEFT, "act")
    files, links = _stands(found)
    names = await uploads.known(page.app, page.workspace, [f for f, _ in files if f.startswith("med_")])
    return page.render(
        "replace.html",
        status=status,
        trouble=trouble,
        posts=found[:SHOWN],
        ids=[post["id"] for post in found],
        left_out=len(ids) - len(found),
        rest=rest or Rest(),
        most=MOST,
        files=[(f, names[f]["filename"] if f in names else f, n) for f, n in files],
        links=links,
        given={name: page.text(name) for name in FIELDS},
        results=None,
    )


def _posts(conn: Connection, workspace: str, ids: Sequence[str]) -> list[JsonObject]:
    """Those of the posts that may still be changed, in the order given."""
    return [post for post in posts_json(conn, workspace, ids) if post["state"] in MEANT["replace"]]


def _stands(found: Sequence[JsonObject]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Files and links of the parts that are not out, with in how many posts each stands, the most common first."""
    files: Counter[str] = Counter()
    links: Counter[str] = Counter()
    for post in found:
        open_parts = [part for part in post["parts"] if part["published_at"] is None]
        files.update({str(m.get("id") or m.get("url") or "") for part in open_parts for m in part["media"]} - {""})
        links.update({str(part["options"].get("link_attachment") or "") for part in open_parts} - {""})
    return files.most_common(50), links.most_common(50)


@router.post("/posts/replace")
async def carry(page: LoggedInUpload) -> Response:
    """Change the posts named, or, when none is, the next ones of the cause."""
    ids = list(dict.fromkeys(page.texts("post")))[:MOST]
    held = Held(page.text("pattern"), page.text("blocker"), page.text("account"), page.text("after"))
    rest = Rest(held)
    if held and not ids:
        ids, rest = await page.app.db.query(_choose, page.workspace, held)
    elif held and held.after:
        left = await page.app.db.query(count_posts, page.workspace, held.filters, after=held.after)
        rest = Rest(held, left, held.after if left else "")
    order = await _order(page)
    if isinstance(order, str):
        return await form(page, ids, rest, trouble=order, status=422)
    if not ids:
        return page.redirect("/posts", NONE_LEFT, "act")
    done = await carry_out(page.app, page.workspace, ids, order, actor=page.actor)
    results = [
        {"post": post.to_json(), "good": isinstance(answer, Done), "text": _text(answer)}
        for _, answer, post in done
        if post
    ]
    results.sort(key=lambda result: bool(result["good"]))  # what was not changed is read first
    good = sum(1 for result in results if result["good"])
    return page.render(
        "replace.html",
        results=results,
        shown=max(SHOWN, len(results) - good),
        good=good,
        total=len(ids),
        rest=rest,
        most=MOST,
        again=_again(page, order),
    )


def _again(page: PageRequest, order: Order) -> dict[str, str]:
    """The fields of a form that asks for the same in the posts that are left; an uploaded file is not sent again."""
    fields = {name: page.text(name) for name in FIELDS if page.text(name)}
    if order.media is not None:
        fields["file_to"] = order.media[1]
    return {**fields, **({"retry": "yes"} if order.retry else {})}


async def _order(page: PageRequest) -> Order | str:
    """What the form asks for, or what is wrong with it."""
    files = page.files("file")
    if (files or page.text("file_to").strip()) and not page.text("file_from"):
        return "Choose the file to replace."
    if page.text("link_to").strip() and not page.text("link_from"):
        return "Choose the link to replace."
    if page.text("text_to") and not page.text("text_from"):
        return "Enter the text to replace."
    pairs: dict[str, tuple[str, str]] = {}
    if page.text("text_from"):
        pairs["text"] = (page.text("text_from"), page.text("text_to"))
    if page.text("link_from"):
        pairs["link"] = (page.text("link_from"), page.text("link_to").strip())
    if page.text("file_from"):
        new = page.text("file_to").strip()
        for file in files:
            kept = await uploads.keep(page.app, page.workspace, file)
            if not isinstance(kept, uploads.Kept):
                return kept.message
            new = str(kept.item["id"])
        if not new:
            return "Choose the new file, or enter its URL."
        pairs["media"] = (page.text("file_from"), new)
    if not pairs:
        return "Choose what to replace: a file, a link or text."
    return Order(
        "replace",
        media=pairs.get("media"),
        text=pairs.get("text"),
        link=pairs.get("link"),
        retry=bool(page.text("retry")),
    )


def _text(answer: Answer) -> str:
    match answer:
        case Done():
            return answer.message or "Changed."
        case Rejected():
            return " ".join(f"{finding.message} {finding.way_out}".strip() for finding in answer.findings[:3])
        case Missing():
            return f"This {answer.what} no longer exists."
        case _:
            return str(getattr(answer, "message", "Not changed."))
