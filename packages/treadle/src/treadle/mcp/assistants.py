"""Treadle for assistants, over the Model Context Protocol: check, publish, explain, diagnose, what needs a person.

What can be done with posts that are there is in :mod:`treadle.mcp.assistants_acts`.

Every tool works with a key of a workspace and its scope, read again for every call. Publishing asks a person:
through the assistant's own window when it has one, else the post is kept as a draft until somebody approves it on the
pages or with the command line.
"""

# No "from __future__ import annotations": the library reads the tools' annotations, which name functions in here.

from dataclasses import dataclass
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import BaseModel, Field, ValidationError

from treadle import __version__
from treadle.domain.answers import Rejected
from treadle.domain.plain_errors import plain_error
from treadle.mcp import assistants_acts, assistants_prompts
from treadle.mcp.assistants_answers import (
    accepted_answer,
    account_answer,
    attention_answer,
    post_answer,
    refusal_text,
    timeline_answer,
)
from treadle.mcp.assistants_consent import NotShowable, PostingAccount, question
from treadle.mcp.assistants_context import ToolContext, can_ask, files_of
from treadle.services import causes
from treadle.services.context import App
from treadle.services.intake import Accepted, accept
from treadle.services.intake import check as check_request
from treadle.services.preflight import inspect_post
from treadle.services.read import post_json, timeline
from treadle.store import accounts as stored_accounts
from treadle_diagnosis import diagnose
from treadle_diagnosis.limits import ANSWER_CHARS

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
PUBLISHES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True)


class Yes(BaseModel):
    """What a person is asked before anything is published."""

    publish: bool = Field(description="Publish this?")


@dataclass(frozen=True, slots=True)
class PreparedPost:
    """A request that keeps the rules, and what a person is asked about it."""

    body: dict[str, Any]
    question: str | NotShowable


class _Server(MCPServer[Any]):
    """Names arguments that do not fit in plain words, and refuses one that no tool has instead of ignoring it."""

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
            raise _plain(error, name) from error.__cause__


def _plain(error: ToolError, name: str) -> ToolError:
    """The tool's own words, without the library's."""
    text = str(error)
    if isinstance(error, UnexpectedToolError):
        return UnexpectedToolError("Something went wrong in Treadle. 'treadle mcp' writes what it was to its log.")
    if text.startswith(f"Error executing tool {name}: Resolver "):
        return ToolError("The person's answer is not one to the question that was asked. Nothing was done.")
    return ToolError(text.removeprefix(f"Error executing tool {name}: "))


def _misfits(error: ValidationError) -> str:
    texts = []
    for one in error.errors(include_url=False, include_input=False):
        name = ".".join(map(str, one["loc"]))
        missing = one["type"] == "missing"
        texts.append(
            f"The argument '{name}' is missing."
            if missing
            else f"The argument '{name}' is wrong: {plain_error(one['msg'])}."
        )
    return " ".join(texts)


def create_server(app: App, secret: str, *, confirm: bool = True) -> MCPServer[Any]:
    """The server of an open application. ``secret``: the key it works with; ``confirm`` false publishes unasked."""
    server = _Server("treadle", version=__version__, instructions=INSTRUCTIONS)
    tools = ToolContext(app, secret, confirm)
    for offer in (_offer_accounts, _offer_check, _offer_publish, _offer_explain, _offer_diagnose, _offer_needs):
        offer(server, tools)
    assistants_acts.offer(server, tools)
    assistants_prompts.offer(server)
    return server


def _offer_accounts(server: MCPServer[Any], tools: ToolContext) -> None:
    @server.tool(
        title="Accounts",
        description="The Threads accounts this workspace publishes to, and their health.",
        annotations=assistants_acts.READS,
    )
    async def accounts() -> dict[str, Any]:
        who = await tools.may("read")
        rows = await tools.app.db.query(stored_accounts.listing, who.workspace_id)
        return {"accounts": [account_answer(row) for row in rows]}


def _offer_check(server: MCPServer[Any], tools: ToolContext) -> None:
    app = tools.app

    @server.tool(
        title="Check a post",
        description="What would become of a post: rules, permissions, account, media. Stores and sends nothing.",
        annotations=assistants_acts.READS,
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
        who = await tools.may("read")
        body = await _body(app, who.workspace_id, text, account, media, replies, publish_at, zone, options)
        return (await inspect_post(app, who.workspace_id, body)).to_json()


def _offer_publish(server: MCPServer[Any], tools: ToolContext) -> None:
    app = tools.app

    async def prepared(
        text: str,
        account: str,
        media: list[str] | None,
        replies: list[str] | None,
        publish_at: str,
        zone: str,
        options: dict[str, Any] | None,
    ) -> PreparedPost:
        """The request as it will be stored, checked, and the question about it: made once, for asking and storing."""
        who = await tools.may("write")
        body = await _body(app, who.workspace_id, text, account, media, replies, publish_at, zone, options)
        return await _prepare(app, who.workspace_id, body)

    async def person(ctx: Context, wanted: Annotated[PreparedPost, Resolve(prepared)]) -> Yes | Elicit[Yes]:
        """Ask, unless nobody is to be asked or nobody can be."""
        if not tools.confirm or not can_ask(ctx):
            return Yes(publish=not tools.confirm)
        if isinstance(wanted.question, NotShowable):
            raise ToolError(f"{wanted.question.message} Nothing was stored or sent.")
        return Elicit(wanted.question, Yes)

    @server.tool(
        title="Publish",
        description="Publish a post, now or at a time. A person is asked first; without their yes it stays a draft.",
        annotations=PUBLISHES,
    )
    async def publish(
        ctx: Context,
        wanted: Annotated[PreparedPost, Resolve(prepared)],
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
        who = await tools.may("write")
        yes = isinstance(asked, AcceptedElicitation) and asked.data.publish
        draft = tools.confirm and not can_ask(ctx)
        if not yes and not draft:
            return {"published": False, "message": "The person said no. Nothing was stored or sent."}
        body = {**wanted.body, "draft": True} if draft else wanted.body
        key = idempotency_key[:200] or None
        made = await app.db.run(accept, app, who.workspace_id, body, now=app.now(), actor=who.id, idempotency_key=key)
        if not isinstance(made, Accepted):
            raise ToolError(refusal_text(made))
        return accepted_answer(made.post.to_json(), draft=draft, public_url=app.settings.public_url)


def _offer_explain(server: MCPServer[Any], tools: ToolContext) -> None:
    app = tools.app

    @server.tool(
        title="Explain",
        description="A post (pst_...): its state, cause, next step, what happened. Or a pattern by id or name.",
        annotations=assistants_acts.READS,
    )
    async def explain(
        what: Annotated[str, Field(description="Id of a post, or id or name of a pattern.")],
    ) -> dict[str, Any]:
        who = await tools.may("read")
        if what.startswith("pst_"):
            post = await app.db.query(post_json, who.workspace_id, what[:40])
            if post is None:
                raise ToolError("There is no such post in this workspace.")
            events = await app.db.query(timeline, who.workspace_id, what[:40]) or []
            return {"post": post_answer(post), "timeline": timeline_answer(events)}
        found = causes.pattern(what)
        if found is None:
            raise ToolError(f"There is no pattern '{what[:60]}'. Use diagnose for an error answer.")
        whole = found.model_dump()
        return {k: v for k, v in whole.items() if k != "examples"} | {"guide": app.settings.public_url + found.guide}


def _offer_diagnose(server: MCPServer[Any], tools: ToolContext) -> None:
    @server.tool(
        title="Diagnose",
        description="What an error answer of Meta means, who must do what, and whether a retry can work.",
        annotations=assistants_acts.READS,
    )
    async def diagnose_answer(
        answer: Annotated[
            str, Field(description="The answer as it came: JSON, a log line, text.", max_length=ANSWER_CHARS)
        ],
        stage: Annotated[str, Field(description="oauth, create_container, publish, ...; empty if not known.")] = "",
        http_status: Annotated[int | None, Field(description="If known.")] = None,
    ) -> dict[str, Any]:
        await tools.may("read")
        found = diagnose(answer, stage=stage or None, http_status=http_status).to_json()
        made: dict[str, Any] = causes.storable({**found, "guide": tools.app.settings.public_url + found["guide"]})
        return made


def _offer_needs(server: MCPServer[Any], tools: ToolContext) -> None:
    @server.tool(
        title="What needs me",
        description="What waits for a person: open causes, held posts, drafts, accounts in trouble.",
        annotations=assistants_acts.READS,
    )
    async def what_needs_me() -> dict[str, Any]:
        who = await tools.may("read")
        return await tools.app.db.query(attention_answer, who.workspace_id)


async def _prepare(app: App, workspace_id: str, body: dict[str, Any]) -> PreparedPost:
    """Check a request and write the question about it; raises :class:`ToolError` when it cannot be published."""

    read = await app.db.query(check_request, app, workspace_id, body)
    account = read.account
    if read.errors or account is None:
        raise ToolError(refusal_text(Rejected(read.errors)))
    target = PostingAccount(account["id"], account["username"] or "", account["threads_user_id"])
    return PreparedPost(body, question(body, target, await files_of(app, workspace_id, body)))


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
    known = await app.db.query(stored_accounts.listing, workspace_id)
    name = account.removeprefix("@").lower()
    found = [a for a in known if not name or a.id == account or a.username.lower() == name]
    if len(found) != 1:
        names = ", ".join(f"@{a.username}" for a in known) or "none: connect one first"
        raise ToolError(f"Say which account publishes it. Connected here: {names}.")
    body: dict[str, Any] = {"account_id": found[0].id, "text": text}
    if media:
        body["media"] = [{"id": m} if m.startswith("med_") else {"url": m} for m in media]
    if replies:
        body["replies"] = [{"text": part} for part in replies]
    for wish, value in (("publish_at", publish_at), ("zone", zone), ("options", options)):
        if value:
            body[wish] = value
    return body
