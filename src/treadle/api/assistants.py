"""Treadle for assistants, over the Model Context Protocol: check, publish, explain, diagnose, what needs a person.

Every tool works with a key of a workspace and its scope, looked at anew for every call. Publishing asks a person:
through the assistant's own window when it has one, else the post is kept as a draft until somebody says yes on the
pages or the command line.
"""

# No "from __future__ import annotations": the library reads the tools' annotations, which name functions in here.

from collections.abc import Mapping
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp.types import CallToolResult, InputRequiredResult
from pydantic import BaseModel, Field, ValidationError

from treadle import __version__, catalog
from treadle.accounts import keys
from treadle.accounts.health import WORDS
from treadle.accounts.keys import Principal, Scope
from treadle.api.accounts import all_accounts
from treadle.api.causes import _clean, pattern_json
from treadle.api.intake import Accepted, accept
from treadle.api.preflight import look
from treadle.api.problems import KINDS
from treadle.app import App
from treadle.diagnosis import diagnose
from treadle.posts.answers import Missing, Refusal, Rejected
from treadle.posts.findings import Finding
from treadle.posts.read import Filters, list_blockers, list_posts, post_json, timeline

MOST = 20
INSTRUCTIONS = (
    "Treadle publishes to Threads and explains failures. Check a post before publishing it. Say causes and next steps "
    "in the words the tools give. Never tell a person that something was published unless its state is 'published'."
)
Text = Annotated[str, Field(description="The text, at most 500 characters as Threads counts them.")]
Account = Annotated[str, Field(description="Id (acc_...) or user name; may be left out when there is one account.")]
Media = Annotated[list[str] | None, Field(description="Public addresses or ids (med_...) of pictures and videos.")]
Replies = Annotated[list[str] | None, Field(description="Texts of further parts, each answering the one before.")]
At = Annotated[str, Field(description="When, ISO 8601 with offset, or without and with zone. Empty: now.")]
Zone = Annotated[str, Field(description="Time zone such as Europe/Berlin, for a time without an offset.")]
Options = Annotated[dict[str, Any] | None, Field(description="Threads' own parameters: topic_tag, reply_control, ...")]


class Yes(BaseModel):
    """What a person is asked before anything is published."""

    publish: bool = Field(description="Publish this?")


class _Server(MCPServer[Any]):
    """Arguments that do not fit are said in plain words; one that no tool has is refused, never left out in silence."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        known = {tool.name: list(tool.input_schema.get("properties", {})) for tool in await self.list_tools()}
        unknown = [given for given in arguments if name in known and given not in known[name]]
        if unknown:
            takes = ", ".join(known[name]) or "none"
            raise ToolError(f"'{name}' has no argument '{unknown[0][:60]}'. It takes: {takes}. Nothing was done.")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(f"{_misfits(error.__cause__)} Nothing was done.") from None
            raise


def _misfits(error: ValidationError) -> str:
    said = []
    for one in error.errors(include_url=False, include_input=False):
        name = ".".join(map(str, one["loc"]))
        missing = one["type"] == "missing"
        said.append(
            f"The argument '{name}' is missing." if missing else f"The argument '{name}' is wrong: {one['msg']}."
        )
    return " ".join(said)


def create_server(app: App, secret: str, *, confirm: bool = True) -> MCPServer[Any]:
    """The server over an open house. ``secret`` is the key it works with; ``confirm`` false publishes unasked."""
    server = _Server("treadle", version=__version__, instructions=INSTRUCTIONS)

    async def may(scope: Scope) -> Principal:
        found = await app.db.query(keys.who, secret, now=app.now()) if secret else None
        if found is None:
            said = "The key is not valid any more." if secret else "No key was given to 'treadle mcp'."
            raise ToolError(f"{said} {KINDS['key_wrong'].way_out} Set it as TREADLE_KEY.")
        if not found.may(scope):
            raise ToolError(f"The key may not do this: it needs the scope '{scope}'.")
        return found

    @server.tool(title="Accounts", description="The Threads accounts this workspace publishes to, and their health.")
    async def accounts() -> dict[str, Any]:
        who = await may("read")
        rows = await app.db.query(all_accounts, who.workspace_id)
        return {"accounts": [_account(row) for row in rows]}

    @server.tool(
        title="Check a post",
        description="What would become of a post: rules, permissions, account, media. Stores and sends nothing.",
    )
    async def check(
        text: Text = "",
        account: Account = "",
        media: Media = None,
        replies: Replies = None,
        publish_at: At = "",
        zone: Zone = "",
        options: Options = None,
    ) -> dict[str, Any]:
        who = await may("read")
        body = await _body(app, who.workspace_id, text, account, media, replies, publish_at, zone, options)
        return await look(app, who.workspace_id, body)

    async def person(
        ctx: Context,
        text: str,
        account: str,
        media: list[str] | None,
        replies: list[str] | None,
        publish_at: str,
        zone: str,
    ) -> Yes | Elicit[Yes]:
        """Ask, unless nobody is to be asked or nobody can be."""
        await may("write")
        if not confirm or not _can_ask(ctx):
            return Yes(publish=not confirm)
        shown = "\n---\n".join([text or "(no text)", *(replies or [])])
        when = f"at {publish_at} {zone}".strip() if publish_at else "now"
        files = f"\nWith {len(media)} media." if media else ""
        name = f" as {account}" if account else await _only_name(app, (await may("write")).workspace_id)
        return Elicit(f"Publish on Threads{name}, {when}:\n\n{shown}{files}", Yes)

    @server.tool(
        title="Publish",
        description="Publish a post, now or at a time. A person is asked first; without their yes it stays a draft.",
    )
    async def publish(
        ctx: Context,
        asked: Annotated[ElicitationResult[Yes], Resolve(person)],
        text: Text = "",
        account: Account = "",
        media: Media = None,
        replies: Replies = None,
        publish_at: At = "",
        zone: Zone = "",
        options: Options = None,
        idempotency_key: Annotated[str, Field(description="The same key and post again publish nothing twice.")] = "",
    ) -> dict[str, Any]:
        who = await may("write")
        body = await _body(app, who.workspace_id, text, account, media, replies, publish_at, zone, options)
        yes = isinstance(asked, AcceptedElicitation) and asked.data.publish
        draft = confirm and not _can_ask(ctx)
        if not yes and not draft:
            return {"published": False, "message": "The person said no. Nothing was stored or sent."}
        if draft:
            body["draft"] = True
        key = idempotency_key[:200] or None
        made = await app.db.run(accept, app, who.workspace_id, body, now=app.now(), actor=who.id, idempotency_key=key)
        if not isinstance(made, Accepted):
            raise ToolError(_no(made))
        post = _post(made.post)
        if draft:
            url = f"{app.settings.public_url}/posts/{post['id']}"
            said = f"Kept as a draft: a person has to say yes, at {url} or with 'treadle posts confirm {post['id']}'."
            return {"published": False, "message": said, "post": post}
        return {"published": post["state"] == "published", "message": "Accepted; it goes out by itself.", "post": post}

    @server.tool(
        title="Explain",
        description="A post (pst_...): its state, cause, next step, what happened. Or a pattern by id or name.",
    )
    async def explain(
        what: Annotated[str, Field(description="Id of a post, or id or name of a pattern.")],
    ) -> dict[str, Any]:
        who = await may("read")
        if what.startswith("pst_"):
            post = await app.db.query(post_json, who.workspace_id, what[:40])
            if post is None:
                raise ToolError("There is no such post in this workspace.")
            events = await app.db.query(timeline, who.workspace_id, what[:40]) or []
            told = [
                {k: e[k] for k in ("started_at", "stage", "what", "outcome", "decision") if e[k] is not None}
                for e in events[-MOST:]
            ]
            return {"post": _post(post), "timeline": told}
        found = catalog.load().get(what[:100])
        if found is None:
            raise ToolError(f"There is no pattern '{what[:60]}'. Use diagnose for an error answer.")
        whole = pattern_json(found, whole=True)
        return {k: v for k, v in whole.items() if k != "examples"} | {"guide": app.settings.public_url + found.guide}

    @server.tool(
        title="Diagnose",
        description="What an error answer of Meta means, who must do what, and whether a retry can work.",
    )
    async def diagnose_answer(
        answer: Annotated[str, Field(description="The answer as it came: JSON, a log line, text.", max_length=200_000)],
        stage: Annotated[str, Field(description="oauth, create_container, publish, ...; empty if not known.")] = "",
        http_status: Annotated[int | None, Field(description="If known.")] = None,
    ) -> dict[str, Any]:
        await may("read")
        found = diagnose(answer, stage=stage or None, http_status=http_status).to_json()
        made: dict[str, Any] = _clean({**found, "guide": app.settings.public_url + found["guide"]})
        return made

    @server.tool(
        title="What needs me",
        description="What waits for a person: open causes, held posts, drafts, accounts in trouble.",
    )
    async def what_needs_me() -> dict[str, Any]:
        who = await may("read")
        return await app.db.query(lambda conn: _needs(conn, who.workspace_id))

    return server


def _can_ask(ctx: Context) -> bool:
    """Whether the assistant has a window of its own to ask a person in."""
    capabilities = ctx.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


async def _only_name(app: App, workspace_id: str) -> str:
    known = await app.db.query(all_accounts, workspace_id)
    return f" as @{known[0]['username']}" if len(known) == 1 else ""


async def _body(
    app: App,
    workspace_id: str,
    text: str,
    account: str,
    media: list[str] | None,
    replies: list[str] | None,
    publish_at: str,
    zone: str,
    options: dict[str, Any] | None,
) -> dict[str, Any]:
    known = await app.db.query(all_accounts, workspace_id)
    name = account.removeprefix("@").lower()
    found = [a for a in known if not name or a["id"] == account or a["username"].lower() == name]
    if len(found) != 1:
        names = ", ".join(f"@{a['username']}" for a in known) or "none: connect one first"
        raise ToolError(f"Say which account publishes it. Connected here: {names}.")
    body: dict[str, Any] = {"account_id": found[0]["id"], "text": text}
    if media:
        body["media"] = [{"id": m} if m.startswith("med_") else {"url": m} for m in media]
    if replies:
        body["replies"] = [{"text": part} for part in replies]
    for field, value in (("publish_at", publish_at), ("zone", zone), ("options", options)):
        if value:
            body[field] = value
    return body


def _no(answer: Rejected | Missing | Refusal) -> str:
    match answer:
        case Rejected(findings):
            return "It cannot be published like this. " + " ".join(_words(f) for f in findings)
        case Missing(what):
            return f"There is no such {what} in this workspace."
        case Refusal(_, message):
            return message


def _words(f: Finding) -> str:
    return f"{f.field or 'The post'}: {f.message} {f.way_out}"


def _account(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "username": row["username"],
        "health": row["health"],
        "health_words": WORDS[row["health"]],
        "paused": row["paused"],
    }


def _post(post: Mapping[str, Any]) -> dict[str, Any]:
    cause = post["cause"]
    return {
        "id": post["id"],
        "state": post["state"],
        "state_label": post["state_label"],
        "text": post["text"],
        "username": post["username"],
        "due_at": post["due_at"],
        "why": post["why"],
        "next": post["next"],
        "cause": {k: cause[k] for k in ("pattern", "title", "what_happened", "next_step", "who")} if cause else None,
        "permalinks": [part["permalink"] for part in post["parts"] if part["permalink"]],
    }


def _needs(conn: Any, workspace_id: str) -> dict[str, Any]:
    open_ = [
        {
            "blocker_id": b["id"],
            "title": b["cause"]["title"],
            "who": b["cause"]["who"],
            "next_step": b["cause"]["next_step"],
            "posts_waiting": b["posts_waiting"],
            "since": b["opened_at"],
        }
        for b in list_blockers(conn, workspace_id)
    ]
    waiting = {}
    for name, state in (("held", "held"), ("drafts", "draft"), ("unproven", "checking"), ("failed", "failed")):
        found, more = list_posts(conn, workspace_id, Filters(states=(state,)), limit=MOST)
        waiting[name] = {"posts": [_post(post) for post in found], "more": more is not None}
    troubled = [_account(a) for a in all_accounts(conn, workspace_id) if a["health"] != "active"]
    return {"causes": open_, **waiting, "accounts": troubled}
