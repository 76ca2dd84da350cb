"""What an assistant can do with posts that are there: list, cancel, edit, retry, resolve.

Each act shows a person the whole post as it is stored and what is done to it, and asks first. An assistant without a
window to ask in is refused, but for an edit: the changed post then waits for approval.
"""

# No "from __future__ import annotations": the library reads the tools' annotations, which name functions in here.

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from treadle.domain import incoming
from treadle.domain.answers import Answer, Conflict, Done, Missing, Rejected
from treadle.domain.findings import Finding
from treadle.domain.states import STATE_WORDS
from treadle.mcp.assistants_answers import post_answer, refusal_text
from treadle.mcp.assistants_consent import NotShowable, PostingAccount, question, visible
from treadle.mcp.assistants_context import ToolContext, can_ask, files_of
from treadle.people.keys import Principal
from treadle.services.context import App
from treadle.services.intake import check as check_request
from treadle.services.read import Filters, list_posts, post_json
from treadle.store import Connection
from treadle.store import accounts as stored_accounts
from treadle.store.rows import body_of, locked, row_of
from treadle_threads import ids

MOST = 50
WORDS = 200  # characters to look for
PostId = Annotated[str, Field(description="Id of the post (pst_...).")]
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
STOPS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True)
SENDS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True)


class Agree(BaseModel):
    """What a person is asked before anything is done to a post."""

    agree: bool = Field(description="Do this?")


@dataclass(frozen=True, slots=True)
class Act:
    """Something to be done to a post, and what a person is asked about it. ``by_hand``: how they do it themselves.

    ``shown``: the post as the person sees it; it is done to that one only.
    """

    post_id: str
    asked: str | NotShowable
    by_hand: str
    version: int
    shown: Mapping[str, Any]
    patch: Mapping[str, Any] = field(default_factory=dict)


def offer(server: MCPServer[Any], tools: ToolContext) -> None:
    """Add the tools to a server."""
    for one in (_offer_list, _offer_cancel, _offer_retry, _offer_edit, _offer_resolve):
        one(server, tools)


def _offer_list(server: MCPServer[Any], tools: ToolContext) -> None:
    @server.tool(
        name="list",
        title="List posts",
        description="Posts of this workspace, newest first: by state, account, label or words. 'next' is the 'after' "
        "of the next page.",
        annotations=READS,
    )
    async def list_(
        state: Annotated[str, Field(description=f"One of {', '.join(STATE_WORDS)}; empty: all.")] = "",
        account: Annotated[str, Field(description="Id (acc_...) or user name; empty: all.")] = "",
        label: Annotated[str, Field(description="Only with this label.", max_length=WORDS)] = "",
        words: Annotated[str, Field(description="Words of the text.", max_length=WORDS)] = "",
        limit: Annotated[int, Field(description="How many at most.", ge=1, le=MOST)] = 20,
        after: Annotated[str, Field(description="'next' of the page before.", max_length=100)] = "",
    ) -> dict[str, Any]:
        who = await tools.may("read")
        if state and state not in STATE_WORDS:
            raise ToolError(f"There is no state '{visible(state[:40])}'. There are: {', '.join(STATE_WORDS)}.")
        if "\0" in label + words:
            raise ToolError("'label' and 'words' can't contain the character NUL. Remove it.")
        known = await tools.app.db.query(stored_accounts.listing, who.workspace_id)
        name = account.removeprefix("@").lower()
        found = [a.id for a in known if a.id == account or a.username.lower() == name]
        if account and not found:
            raise ToolError(f"No such account. Connected here: {', '.join('@' + a.username for a in known) or 'none'}.")
        filters = Filters(
            states=(state,) if state else (),
            account_id=found[0] if account else None,
            label=label or None,
            text=words or None,
        )
        mark = incoming.cursor(after or None, sort=filters.sort)
        if isinstance(mark, Finding):
            raise ToolError(f"'after' is no 'next' of a page. {mark.way_out}")
        posts, following = await tools.app.db.query(list_posts, who.workspace_id, filters, limit=limit, after=mark)
        return {"posts": [post_answer(post) for post in posts], "next": following}


def _offer_cancel(server: MCPServer[Any], tools: ToolContext) -> None:
    async def prepared(post_id: str) -> Act:
        heading = "Cancel this post, so that it is not published on Threads as"
        return await _about(tools, post_id, heading, "cancel", tools.app.posts.cancel)

    async def person(ctx: Context, wanted: Annotated[Act, Resolve(prepared)]) -> Agree | Elicit[Agree]:
        return _ask(tools, ctx, wanted)

    @server.tool(
        title="Cancel a post",
        description="Stop a post that is not published. A person is asked first.",
        annotations=STOPS,
    )
    async def cancel(
        wanted: Annotated[Act, Resolve(prepared)],
        asked: Annotated[ElicitationResult[Agree], Resolve(person)],
        post_id: PostId,
    ) -> dict[str, Any]:
        return await _do(tools, wanted, asked, tools.app.posts.cancel)


def _offer_retry(server: MCPServer[Any], tools: ToolContext) -> None:
    async def prepared(post_id: str) -> Act:
        heading = "Try now to publish this post again on Threads as"
        return await _about(tools, post_id, heading, "retry", tools.app.posts.retry)

    async def person(ctx: Context, wanted: Annotated[Act, Resolve(prepared)]) -> Agree | Elicit[Agree]:
        return _ask(tools, ctx, wanted)

    @server.tool(
        title="Try a post again",
        description="A new attempt for a post that failed, is blocked or waits. Whether it is live already is looked "
        "up first. A person is asked first.",
        annotations=SENDS,
    )
    async def retry(
        wanted: Annotated[Act, Resolve(prepared)],
        asked: Annotated[ElicitationResult[Agree], Resolve(person)],
        post_id: PostId,
    ) -> dict[str, Any]:
        return await _do(tools, wanted, asked, tools.app.posts.retry)


def _offer_edit(server: MCPServer[Any], tools: ToolContext) -> None:
    app = tools.app

    async def prepared(post_id: str, changes: dict[str, Any]) -> Act:
        return await _change(tools, post_id, changes)

    async def person(ctx: Context, wanted: Annotated[Act, Resolve(prepared)]) -> Agree | Elicit[Agree]:
        if tools.confirm and not can_ask(ctx):
            return Agree(agree=True)  # it waits for approval
        return _ask(tools, ctx, wanted)

    @server.tool(
        title="Change a post",
        description="Change a post that is not published: text, media, replies, options, publish_at, zone, labels, "
        "metadata, account_id as in the API's PATCH; null takes one away. A person is asked first; an assistant that "
        "cannot ask leaves the changed post waiting for approval.",
        annotations=CHANGES,
    )
    async def edit(
        ctx: Context,
        wanted: Annotated[Act, Resolve(prepared)],
        asked: Annotated[ElicitationResult[Agree], Resolve(person)],
        post_id: PostId,
        changes: Annotated[dict[str, Any], Field(description="Fields that change, with their new values.")],
    ) -> dict[str, Any]:
        waits = tools.confirm and not can_ask(ctx)

        def change(conn: Connection, workspace_id: str, id_: str, *, now: float, actor: str) -> Answer:
            patch, version = dict(wanted.patch), wanted.version
            return app.posts.edit(conn, workspace_id, id_, patch, now=now, actor=actor, version=version, approval=waits)

        return await _do(tools, wanted, asked, change)


def _offer_resolve(server: MCPServer[Any], tools: ToolContext) -> None:
    def saying(threads_id: str, absent: bool) -> Callable[..., Answer]:
        def say(conn: Connection, workspace_id: str, id_: str, *, now: float, actor: str) -> Answer:
            return tools.app.posts.resolve(
                conn, workspace_id, id_, live_id=threads_id or None, absent=absent, now=now, actor=actor
            )

        return say

    async def prepared(post_id: str, threads_id: str = "", absent: bool = False) -> Act:
        if bool(threads_id) == absent:
            raise ToolError("Say either which post on Threads it is ('threads_id') or 'absent': true.")
        if threads_id and not ids.is_id(threads_id):
            raise ToolError(f"'threads_id' is the id of a post on Threads: 1 to {ids.MOST_DIGITS} digits.")
        outcome = (
            f"is live on Threads with the id {threads_id}" if threads_id else "was not published, so it may be sent"
        )
        about = f"Say that this post {outcome}? If that is wrong, it can be published twice or not at all. It is of"
        return await _about(tools, post_id, about, "resolve", saying(threads_id, absent))

    async def person(ctx: Context, wanted: Annotated[Act, Resolve(prepared)]) -> Agree | Elicit[Agree]:
        return _ask(tools, ctx, wanted)

    @server.tool(
        title="Say what happened to a post",
        description="For a post whose publish nobody could prove (state 'checking'): which live post it is, or that "
        "nothing was published. Never guess: a person is asked first.",
        annotations=SENDS,
    )
    async def resolve(
        wanted: Annotated[Act, Resolve(prepared)],
        asked: Annotated[ElicitationResult[Agree], Resolve(person)],
        post_id: PostId,
        threads_id: Annotated[str, Field(description="Id of the live post on Threads, digits.")] = "",
        absent: Annotated[bool, Field(description="true: nothing was published.")] = False,
    ) -> dict[str, Any]:
        return await _do(tools, wanted, asked, saying(threads_id, absent))


def _ask(tools: ToolContext, ctx: Context, wanted: Act) -> Agree | Elicit[Agree]:
    """Ask, unless nobody is to be asked; refuse where nobody can be."""
    if not tools.confirm:
        return Agree(agree=True)
    if not can_ask(ctx):
        raise ToolError(
            f"A person has to agree, and this assistant cannot ask one. They can do it themselves: {wanted.by_hand}. "
            "Nothing was done."
        )
    if isinstance(wanted.asked, NotShowable):
        raise ToolError(f"{wanted.asked.message} Nothing was done.")
    return Elicit(wanted.asked, Agree)


async def _do(
    tools: ToolContext, wanted: Act, asked: ElicitationResult[Agree], act: Callable[..., Answer]
) -> dict[str, Any]:
    who = await tools.may("write")
    if not (isinstance(asked, AcceptedElicitation) and asked.data.agree):
        return {"done": False, "message": "The person said no. Nothing was done."}
    app = tools.app

    def as_shown(conn: Connection) -> Answer:
        row = locked(conn, who.workspace_id, wanted.post_id)
        if row is None:
            return Missing()
        if body_of(conn, row) != wanted.shown:
            return Conflict("changed_meanwhile", "The post was changed while the person was asked. Nothing was done.")
        return act(conn, who.workspace_id, wanted.post_id, now=app.now(), actor=who.id)

    answer = await app.db.run(as_shown)
    if not isinstance(answer, Done):
        raise ToolError(refusal_text(answer))
    post = await app.db.query(post_json, who.workspace_id, wanted.post_id)
    return {"done": True, "message": answer.message, "post": post_answer(post) if post else None}


class _Rehearsed(Exception):
    """Takes back what was done, and brings its answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


async def _rehearse(tools: ToolContext, who: Principal, post_id: str, act: Callable[..., Answer]) -> None:
    """Refuse before a person is asked what would be refused after it: it is done, and taken back."""

    def try_it(conn: Connection) -> None:
        raise _Rehearsed(act(conn, who.workspace_id, post_id, now=tools.app.now(), actor=who.id))

    try:
        await tools.app.db.run(try_it)
    except _Rehearsed as rehearsed:
        if not isinstance(rehearsed.answer, Done):
            raise ToolError(refusal_text(rehearsed.answer)) from None


async def _about(tools: ToolContext, post_id: str, heading: str, verb: str, act: Callable[..., Answer]) -> Act:
    who = await tools.may("write")
    row, body = await tools.app.db.query(_stored, who.workspace_id, post_id[:40])
    await _rehearse(tools, who, row["id"], act)
    asked = await _question(tools.app, who, body, heading, f"State: {STATE_WORDS[row['state']]}")
    return Act(row["id"], asked, _by_hand(tools.app, row["id"], verb), row["version"], body)


async def _change(tools: ToolContext, post_id: str, changes: Mapping[str, Any]) -> Act:
    who = await tools.may("write")
    app = tools.app
    if not changes:
        raise ToolError("'changes' names nothing that changes.")
    row, body = await app.db.query(_stored, who.workspace_id, post_id[:40])
    retimed = {"publish_at", "zone"} & changes.keys()
    merged = {**body, **changes}
    # A time that has passed and stays is no fault of the change; the edit itself judges the rest as it is stored.
    judged = merged if retimed else {name: value for name, value in merged.items() if name != "publish_at"}
    read = await app.db.query(check_request, app, who.workspace_id, judged, post_id=row["id"])
    if read.errors:
        raise ToolError(refusal_text(Rejected(read.errors)))
    version = row["version"]

    def change(conn: Connection, workspace_id: str, id_: str, *, now: float, actor: str) -> Answer:
        return app.posts.edit(conn, workspace_id, id_, dict(changes), now=now, actor=actor, version=version)

    await _rehearse(tools, who, row["id"], change)
    heading = "Change this post, so that it is published like this on Threads as"
    names = ", ".join(visible(str(name))[:60] for name in changes)
    asked = await _question(app, who, merged, heading, f"State: {STATE_WORDS[row['state']]}", f"Changed: {names}")
    return Act(row["id"], asked, _by_hand(app, row["id"], "edit"), row["version"], body, changes)


def _stored(conn: Connection, workspace_id: str, post_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    row = row_of(conn, workspace_id, post_id)
    if row is None:
        raise ToolError(refusal_text(Missing()))
    return row, body_of(conn, row)


async def _question(app: App, who: Principal, body: dict[str, Any], heading: str, *more: str) -> str | NotShowable:
    account = await app.db.query(stored_accounts.find, who.workspace_id, str(body.get("account_id")))
    if account is None:
        raise ToolError(refusal_text(Missing("account")))
    target = PostingAccount(account.id, account.username or "", account.threads_user_id)
    files = await files_of(app, who.workspace_id, body)
    return question(body, target, files, heading=heading, more=more)


def _by_hand(app: App, post_id: str, verb: str) -> str:
    return f"at {app.settings.public_url}/posts/{post_id}, or with 'treadle posts {verb} {post_id}'"
