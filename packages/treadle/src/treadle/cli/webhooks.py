"""``treadle webhooks``: where this workspace wants to be told, what was told, and telling it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import (
    ACTOR,
    Json,
    Workspace,
    hand_down,
    house,
    missing,
    no,
    say,
    short,
    sure,
    table,
    when,
    workspace_of,
)
from treadle.cli.webhooks_sent import STATES, HookId, answer_words, hook_id, hook_state, ping, redeliver, state_words

if TYPE_CHECKING:
    pass

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only this event; repeatable. 'treadle webhooks events' names them.")
]


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def webhooks(context: typer.Context, workspace: Workspace = "", as_json: Json = False) -> None:
    """Who is told what happens, what was told, and telling it again. Without a command: the list."""
    if context.invoked_subcommand is None:
        list_webhooks(workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_webhooks(workspace: Workspace = "", as_json: Json = False) -> None:
    """List webhooks, never with their secrets."""
    from treadle.services.webhooks import listing

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        with app.db.read() as conn:
            found = listing(conn, workspace_id).model_dump()["data"]
    if as_json:
        say({"data": found})
        return
    if not found:
        typer.echo("Nobody is told. 'treadle webhooks add https://...' makes a webhook.", err=True)
        return
    table(
        ("Webhook", "State", "Is told", "Address"),
        [
            (h["id"], state_words(hook_state(h)), short(", ".join(h["types"]) or "everything", 60), h["url"])
            for h in found
        ],
        ends=True,
    )


@app.command()
def events(as_json: Json = False) -> None:
    """Name everything that can be told."""
    from treadle.notify.webhooks import EVENTS

    if as_json:
        say({"data": [{"type": name, "meaning": words} for name, words in EVENTS.items()]})
    else:
        table(("Event", "Meaning"), list(EVENTS.items()))


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="An https address that the internet can reach.")],
    types: Types = None,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Be told at an address, of everything unless said. Prints the secret, this once: alone on the first line.

    Deliveries follow Standard Webhooks: verify 'webhook-signature' with the secret, take the same 'webhook-id' once.
    """
    from treadle.domain.refusal import Refusal
    from treadle.services.webhooks import create

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        with app.db.begin() as conn:
            made = create(conn, app, workspace_id, url=url, types=types or (), actor=ACTOR)
    if isinstance(made, Refusal):
        no(made, as_json)
    _secret(made.secret, made.model_dump(), made.id, as_json)


def _secret(secret: str, answer: dict[str, Any], hook_id: str, as_json: bool) -> None:
    if as_json:
        say(answer)
        return
    typer.echo(secret)
    typer.echo(f"{hook_id}. Its secret is not shown again; 'treadle webhooks ping' tries it.", err=True)


@app.command()
def show(
    webhook: HookId,
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many deliveries.")] = 20,
    after: Annotated[str, typer.Option(help="'next' of the page before.")] = "",
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Show one, what was sent to it, and what came back; newest first."""
    from treadle.domain.answers import Missing
    from treadle.domain.incoming import is_id
    from treadle.services.webhooks import deliveries, read

    if after and not is_id(after):
        raise typer.BadParameter("no page gave this", param_hint="--after")
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = hook_id(app, workspace_id, webhook)
        with app.db.read() as conn:
            hook = read(conn, workspace_id, id_)
            sent = deliveries(conn, workspace_id, id_, limit=limit, before=after or None)
    if isinstance(hook, Missing) or isinstance(sent, Missing):
        missing("webhook", as_json)
    page = sent.model_dump()
    if as_json:
        say({**hook.model_dump(), "deliveries": page["data"], "next": page["next"]})
        return
    _print(hook.model_dump(), page["data"])
    if sent.next:
        typer.echo(f"More: --after {sent.next}", err=True)


def _print(hook: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    from treadle_diagnosis.cli.show import bold, field, write

    write(
        f"{bold(hook['url'])}  {hook['id']}",
        field("State", STATES[hook_state(hook)][0]),
        field("Nothing arrived", f"since {when(hook['failing_since'])}" if hook["failing_since"] else ""),
        field("Is told", ", ".join(hook["types"]) or "everything"),
        field("Secrets", "two: the one before this works until the next new one" if hook["two_secrets"] else ""),
        field("Since", when(hook["created_at"])),
        "" if sent else field("Sent", "nothing yet"),
    )
    if sent:
        rows = [
            (d["id"], d["type"], state_words(d["state"]), d["attempts"], when(d["created_at"]), answer_words(d))
            for d in sent
        ]
        table(("Delivery", "Event", "State", "Tries", "Of", "Last answer"), rows, ends=True)


@app.command()
def change(
    webhook: HookId,
    url: Annotated[str | None, typer.Option(help="Another address.")] = None,
    types: Types = None,
    everything: Annotated[bool, typer.Option("--everything", help="Be told of every event.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Change where it goes, or of what it tells."""
    if url is None and not types and not everything:
        raise typer.BadParameter("say what changes: --url, --type or --everything", param_hint="--url")
    if types and everything:
        raise typer.BadParameter("say --type or --everything, not both", param_hint="--type")
    _change(webhook, workspace, as_json, "Changed.", url=url, types=[] if everything else types)


@app.command()
def pause(webhook: HookId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Stop telling it; what happens meanwhile is kept for it."""
    _change(webhook, workspace, as_json, "Paused: what happens is kept for it.", paused=True)


@app.command()
def resume(webhook: HookId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Start a paused one again; what was kept goes out."""
    _change(webhook, workspace, as_json, "It is told again; what was kept goes out.", paused=False)


def _change(webhook: str, workspace: str, as_json: bool, said: str, **what: Any) -> None:
    from treadle.domain.refusal import Refusal
    from treadle.services import webhooks

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = hook_id(app, workspace_id, webhook)
        with app.db.begin() as conn:
            made = webhooks.change(conn, app, workspace_id, id_, actor=ACTOR, **what)
    if isinstance(made, Refusal):
        no(made, as_json)
    if as_json:
        say(made.model_dump())
    else:
        typer.echo(said)


@app.command()
def secret(webhook: HookId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Make a new secret and print it, this once. Deliveries are signed with both until the next new one."""
    from treadle.domain.refusal import Refusal
    from treadle.notify import webhooks

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = hook_id(app, workspace_id, webhook)
        with app.db.begin() as conn:
            made = webhooks.rotate(conn, app.vault, workspace_id, id_, actor=ACTOR, now=app.now())
    if isinstance(made, Refusal):
        no(made, as_json)
    _secret(made.secret, {"id": made.id, "secret": made.secret}, made.id, as_json)


@app.command()
def remove(
    webhook: HookId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Remove one; nothing more is sent there, also not what waited. On a terminal it asks first."""
    from treadle.notify import webhooks

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = hook_id(app, workspace_id, webhook)
        with app.db.read() as conn:
            row = webhooks.find(conn, workspace_id, id_)
        if row is None:
            missing("webhook", as_json)
        sure(f"Tell {row['url']} nothing any more, and forget what was sent there?", yes)
        with app.db.begin() as conn:
            webhooks.remove(conn, workspace_id, id_, actor=ACTOR, now=app.now())
    if as_json:
        say({"removed": id_})
    else:
        typer.echo("Removed.")


app.command("ping")(ping)
app.command("redeliver")(redeliver)
