"""``treadle webhooks``: webhooks, their deliveries, and sending these again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from treadle.cli._groups import group
from treadle.cli._ids import whole_id
from treadle.cli._invocation import ACTOR, Invocation, command
from treadle.cli._print import (
    confirm,
    fail_missing,
    fail_refusal,
    print_json,
    print_result,
    short,
    speaks_json,
    table,
    when,
)
from treadle.cli.webhooks_listen import listen
from treadle.cli.webhooks_sent import STATES, HookId, answer_words, hook_state, ping, redeliver, state_words

app = group("Manage webhooks, see deliveries, send them again. Without a command: list.")
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only this event; repeatable. 'treadle webhooks events' lists them."),
]


@command(app, "list", reads=True)
def list_webhooks(cmd: Invocation) -> None:
    """List webhooks, without their secrets."""
    from treadle.services.webhooks import listing

    app, workspace_id = cmd.app, cmd.workspace_id
    with app.db.read() as conn:
        found = listing(conn, workspace_id).to_json()["data"]
    if cmd.json:
        print_json({"data": found})
        return
    if not found:
        typer.echo("No webhooks yet. 'treadle webhooks add https://...' adds one.", err=True)
        return
    table(
        ("Webhook", "State", "Events", "URL"),
        [(h["id"], state_words(hook_state(h)), short(", ".join(h["types"]) or "all", 60), h["url"]) for h in found],
        ends=True,
    )


@command(app, workspace=False, reads=True)
def events(cmd: Invocation) -> None:
    """List the events that webhooks can receive."""
    from treadle.services.webhooks import event_kinds

    kinds = event_kinds()
    if cmd.json:
        print_json(kinds.model_dump())
    else:
        table(("Event", "Meaning"), [(kind.type, kind.meaning) for kind in kinds.data])


@command(app)
def add(
    cmd: Invocation,
    url: Annotated[str, typer.Argument(help="An https URL that is reachable from the internet.")],
    types: Types = None,
) -> None:
    """Add a webhook, for all events by default. Prints its secret, this once: alone on the first line.

    Deliveries follow Standard Webhooks: verify 'webhook-signature' with the secret, and process each 'webhook-id' once.
    """
    from treadle.domain.refusal import Refusal
    from treadle.services.webhooks import create

    app, workspace_id = cmd.app, cmd.workspace_id
    with app.db.begin() as conn:
        made = create(conn, app, workspace_id, url=url, types=types or (), actor=ACTOR)
    if isinstance(made, Refusal):
        fail_refusal(made)
    _secret(made.secret, made.to_json(), made.id)


def _secret(secret: str, answer: dict[str, Any], hook_id: str) -> None:
    if speaks_json():
        print_json(answer)
        return
    typer.echo(secret)
    typer.echo(f"{hook_id}. Its secret is not shown again. 'treadle webhooks ping' sends a test.", err=True)


@command(app, reads=True)
def show(
    cmd: Invocation,
    webhook: HookId,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many deliveries.")] = 20,
    after: Annotated[str, typer.Option(metavar="NEXT", help="The 'next' of the page before.")] = "",
) -> None:
    """Show a webhook and its deliveries with the responses, newest first."""
    from treadle.domain.answers import Missing
    from treadle.domain.incoming import is_id
    from treadle.services.webhooks import deliveries, read

    if after and not is_id(after):
        raise typer.BadParameter("it is not the 'next' of a page", param_hint="--after")
    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, webhook, "webhook")
    with app.db.read() as conn:
        hook = read(conn, workspace_id, id_)
        sent = deliveries(conn, workspace_id, id_, limit=limit, before=after or None)
    if isinstance(hook, Missing) or isinstance(sent, Missing):
        fail_missing("webhook")
    page = sent.to_json()
    if cmd.json:
        print_json({**hook.to_json(), "deliveries": page["data"], "next": page["next"]})
        return
    _print(hook.to_json(), page["data"])
    if sent.next:
        typer.echo(f"More: --after {sent.next}", err=True)


def _print(hook: dict[str, Any], sent: list[dict[str, Any]]) -> None:

    from treadle_diagnosis.cli.show import bold, field, write

    write(
        f"{bold(hook['url'])}  {hook['id']}",
        field("State", STATES[hook_state(hook)][0]),
        field("Failing", f"since {when(hook['failing_since'])}" if hook["failing_since"] else ""),
        field("Events", ", ".join(hook["types"]) or "all"),
        field("Secrets", "two: the previous one works until the next new one" if hook["two_secrets"] else ""),
        field("Added", when(hook["created_at"])),
        "" if sent else field("Deliveries", "none yet"),
    )
    if sent:
        rows = [
            (d["id"], d["type"], state_words(d["state"]), d["attempts"], when(d["created_at"]), answer_words(d))
            for d in sent
        ]
        table(("Delivery", "Event", "State", "Attempts", "Created", "Last response"), rows, ends=True)


@command(app)
def change(
    cmd: Invocation,
    webhook: HookId,
    url: Annotated[str | None, typer.Option(help="New URL.")] = None,
    types: Types = None,
    everything: Annotated[bool, typer.Option("--everything", help="Receive all events.")] = False,
) -> None:
    """Change the URL or the events of a webhook."""
    if url is None and not types and not everything:
        raise typer.BadParameter("nothing to change: use --url, --type or --everything", param_hint="--url")
    if types and everything:
        raise typer.BadParameter("use --type or --everything, not both", param_hint="--type")
    _change(cmd, webhook, "Changed.", url=url, types=[] if everything else types)


@command(app)
def pause(cmd: Invocation, webhook: HookId) -> None:
    """Pause a webhook; events are kept for it meanwhile."""
    _change(cmd, webhook, "Paused. Events are kept for it.", paused=True)


@command(app)
def resume(cmd: Invocation, webhook: HookId) -> None:
    """Resume a webhook; kept events are sent now."""
    _change(cmd, webhook, "Resumed. Kept events are sent now.", paused=False)


def _change(cmd: Invocation, webhook: str, message: str, **what: Any) -> None:
    from treadle.domain.refusal import Refusal
    from treadle.services import webhooks

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, webhook, "webhook")
    with app.db.begin() as conn:
        made = webhooks.change(conn, app, workspace_id, id_, actor=ACTOR, **what)
    if isinstance(made, Refusal):
        fail_refusal(made)
    print_result(made.to_json(), message)


@command(app)
def secret(cmd: Invocation, webhook: HookId) -> None:
    """Create a new secret and print it, this once. Deliveries are signed with both until the next new one."""
    from treadle.domain.refusal import Refusal
    from treadle.services.webhooks import rotate_secret

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, webhook, "webhook")
    with app.db.begin() as conn:
        made = rotate_secret(conn, app, workspace_id, id_, actor=ACTOR)
    if isinstance(made, Refusal):
        fail_refusal(made)
    _secret(made.secret, {"id": made.id, "secret": made.secret}, made.id)


@command(app)
def remove(
    cmd: Invocation,
    webhook: HookId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove a webhook and its pending deliveries. Asks first on a terminal."""
    from treadle.domain.answers import Missing
    from treadle.services import webhooks

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, webhook, "webhook")
    with app.db.read() as conn:
        found = webhooks.read(conn, workspace_id, id_)
    if isinstance(found, Missing):
        fail_missing("webhook")
    confirm(f"Remove the webhook {found.url} and its deliveries?", yes)
    with app.db.begin() as conn:
        webhooks.remove(conn, app, workspace_id, id_, actor=ACTOR)
    print_result({"removed": id_}, "Removed.")


command(app)(listen)
command(app)(ping)
command(app)(redeliver)
