"""``treadle workspace``: its name, its pause, who is alerted and when not, its options."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import (
    ACTOR,
    Json,
    Workspace,
    fail,
    hand_down,
    house,
    no,
    refused,
    say,
    table,
    when,
    workspace_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from treadle.app import App

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
FROM_TO = "FROM-TO"
NAME_VALUE = "NAME=VALUE"


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def workspace(context: typer.Context, workspace: Workspace = "", as_json: Json = False) -> None:
    """Name, pause, alerts and options of a workspace. Without a command: as it is."""
    if context.invoked_subcommand is None:
        show(workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_workspaces(as_json: Json = False) -> None:
    """List the workspaces of this installation, oldest first. --workspace of the other commands takes their ids."""
    from treadle.services.workspaces import listing

    with house() as app, app.db.read() as conn:
        found = listing(conn).model_dump()["data"]
    if as_json:
        say({"data": found})
        return
    rows = [(f["id"], f["name"], "paused" if f["paused"] else "", _posts(f), when(f["created_at"])) for f in found]
    table(("Workspace", "Name", "", "Posts", "Made"), rows)


@app.command()
def add(name: Annotated[str, typer.Argument(help="1 to 200 characters.")], as_json: Json = False) -> None:
    """Make a workspace for a customer. Prints its first admin key, this once: alone on the first line."""
    from treadle.domain.answers import Rejected
    from treadle.services.workspaces import make, name_problem

    if wrong := name_problem(name.strip()):
        refused([wrong], as_json)
    with house() as app, app.db.begin() as conn:
        made = make(conn, name.strip(), actor=ACTOR, now=app.now())
    if isinstance(made, Rejected):
        refused(made.findings, as_json)
    if as_json:
        say(made.model_dump())
        return
    typer.echo(made.key)
    typer.echo(f"An admin key of {made.id}; it is not shown again.", err=True)


@app.command()
def show(workspace: Workspace = "", as_json: Json = False) -> None:
    """Show it: posts by state, alert targets without their secrets, quiet hours, options."""
    with house() as app:
        found = _read(app, workspace_of(app, workspace))
    if as_json:
        say(found)
    else:
        _print(found)


def _read(app: App, workspace_id: str) -> dict[str, Any]:
    """What the API gives, and the alert targets as the pages show them."""
    from treadle.notify import alert_targets
    from treadle.services.workspaces import read

    with app.db.read() as conn:
        found = read(conn, workspace_id)
        targets = alert_targets.listing(conn, app.vault, workspace_id)
    shown = [{"id": t.id, "service": t.service, "target": t.masked} for t in targets]
    return {**(found.model_dump() if found else {}), "alert_targets": shown}


def _print(found: Mapping[str, Any]) -> None:
    from treadle.notify.alerts import QUIET_OPTION
    from treadle_diagnosis.cli.show import bold, field, write

    options = dict(found["options"])
    quiet = options.pop(QUIET_OPTION, None)
    targets = [f"{t['target']}  {t['service']}, {t['id']}" for t in found["alert_targets"]] or ["nobody"]
    rest = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(options.items())]
    write(
        f"{bold(found['name'])}  {found['id']}" + ("  paused: nothing is sent" if found["paused"] else ""),
        field("Posts", _posts(found) or "none"),
        *(field("Alerts go to" if n == 0 else "", line) for n, line in enumerate(targets)),
        field("Quiet hours", f"{quiet['from']} to {quiet['to']}, {quiet.get('zone') or 'UTC'}" if quiet else "none"),
        *(field("Options" if n == 0 else "", line) for n, line in enumerate(rest)),
        field("Since", when(found["created_at"])),
    )


def _posts(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(found["posts"].items()) if count)


@app.command("set")
def set_(
    name: Annotated[str | None, typer.Option(help="Another name, 1 to 200 characters.")] = None,
    alert: Annotated[
        list[str] | None,
        typer.Option(
            "--alert", metavar="ADDRESS", help="Alert these and nobody else; repeatable. '-' reads one a line."
        ),
    ] = None,
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="Alert nobody.")] = False,
    quiet: Annotated[str, typer.Option(metavar=FROM_TO, help="No alerts between these times: 22:00-07:00.")] = "",
    zone: Annotated[str, typer.Option(help="Zone of the quiet hours, such as Europe/Berlin.")] = "UTC",
    no_quiet: Annotated[bool, typer.Option("--no-quiet", help="Alerts go out at any hour.")] = False,
    return_address: Annotated[
        list[str] | None, typer.Option(help="Connect links may lead back under these only; repeatable.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", "-o", metavar=NAME_VALUE, help="Any option; VALUE is JSON or text, none takes it away."
        ),
    ] = None,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Change the name, the alerts, the quiet hours or options; what is not said stays.

    Alert addresses hold secrets, and command lines can be seen by others:
    '--alert -' reads them from standard input, 'add-alert' asks for one.
    """
    if alert and no_alerts:
        raise typer.BadParameter("say --alert or --no-alerts, not both", param_hint="--alert")
    if quiet and no_quiet:
        raise typer.BadParameter("say --quiet or --no-quiet, not both", param_hint="--quiet")
    body: dict[str, Any] = {"name": name} if name is not None else {}
    options = dict(map(_option, option or ()))
    if quiet or no_quiet:
        options["quiet_hours"] = _hours(quiet, zone) if quiet else None
    if return_address:
        options["return_addresses"] = return_address
    if options:
        body["options"] = options
    if alert or no_alerts:
        body["alert_urls"] = list(_addresses(alert or ()))
    if not body:
        raise typer.BadParameter("say what changes: --name, --alert, --quiet, --option, ...", param_hint="--name")
    _change(workspace, body, as_json, "Changed.")


def _hours(given: str, zone: str) -> dict[str, str]:
    begin, dash, end = given.partition("-")
    if not dash:
        raise typer.BadParameter("write it as 22:00-07:00", param_hint="--quiet")
    return {"from": begin.strip(), "to": end.strip(), "zone": zone}


def _option(given: str) -> tuple[str, Any]:
    name, equals, value = given.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"'{given}' is not NAME=VALUE", param_hint="--option")
    try:
        return name.strip(), json.loads(value) if value else None
    except ValueError:
        return name.strip(), value


def _addresses(given: Any) -> Iterator[str]:
    for one in given:
        if one == "-":
            yield from filter(None, (line.strip() for line in sys.stdin))
        else:
            yield one


@app.command()
def pause(workspace: Workspace = "", as_json: Json = False) -> None:
    """Stop sending at once; what is being sent is finished."""
    _change(workspace, {"paused": True}, as_json, "Everything is paused: nothing is sent until you resume.")


@app.command()
def resume(workspace: Workspace = "", as_json: Json = False) -> None:
    """Let what waited go."""
    _change(workspace, {"paused": False}, as_json, "It goes on; what waited goes out.")


def _change(workspace: str, body: dict[str, Any], as_json: bool, said: str) -> None:
    """What ``PATCH /v1/workspaces/{id}`` does, by the same rules."""
    from treadle.domain.answers import Rejected
    from treadle.services.workspaces import change, change_problem

    if wrong := change_problem(body):
        refused([wrong], as_json)
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        with app.db.begin() as conn:
            made = change(conn, app, workspace_id, body, actor=ACTOR)
        if isinstance(made, Rejected):
            refused(made.findings, as_json)
        found = _read(app, workspace_id)
    if as_json:
        say(found)
    else:
        typer.echo(said)


@app.command("add-alert")
def add_alert(
    address: Annotated[
        str, typer.Argument(help="An address; '-' reads it from standard input, left out, it is asked for.")
    ] = "",
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Alert one more, such as slack://TokenA/TokenB/TokenC. Sealed, and never shown again."""
    if not address and sys.stdin.isatty():
        address = typer.prompt("Address", hide_input=True)
    elif address in ("", "-"):
        address = sys.stdin.readline()
    if not address.strip():
        raise typer.BadParameter("there is none", param_hint="ADDRESS")

    def work(app: App, conn: Any, workspace_id: str) -> Any:
        from treadle.notify import alert_targets

        return alert_targets.add(conn, app.vault, workspace_id, address)

    _alerts(workspace, "add", work, as_json, "Added. 'treadle workspace test-alert' shows whether it arrives.")


@app.command("remove-alert")
def remove_alert(
    target: Annotated[str, typer.Argument(help="Id of the target, as 'treadle workspace show' says.")],
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Alert one less."""

    def work(app: App, conn: Any, workspace_id: str) -> Any:
        from treadle.notify import alert_targets

        return alert_targets.remove(conn, app.vault, workspace_id, target)

    _alerts(workspace, "remove", work, as_json, "Removed: it hears of nothing any more.")


def _alerts(workspace: str, did: str, work: Any, as_json: bool, said: str) -> None:
    from treadle.people import audit

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        with app.db.begin() as conn:
            refusal = work(app, conn, workspace_id)
            if refusal is None:
                audit.note(conn, workspace_id, ACTOR, "workspace.alerts", workspace_id, {"did": did}, now=app.now())
        if refusal is not None:
            no(refusal, as_json)
        found = _read(app, workspace_id)
    if as_json:
        say(found)
    else:
        typer.echo(said)


@app.command("test-alert")
def try_alerts(workspace: Workspace = "", as_json: Json = False) -> None:
    """Send a test to every alert target now, quiet hours or not. Exit code 1 unless every one took it."""
    from treadle.domain.refusal import Refusal
    from treadle.notify.alert_targets import send_test

    with house() as app:
        tried = asyncio.run(send_test(app.db, app.vault, workspace_of(app, workspace)))
    if isinstance(tried, Refusal):
        no(tried, as_json)
    data = [{"service": t.target.service, "target": t.target.masked, "delivered": t.delivered} for t in tried]
    if as_json:
        say({"data": data})
    else:
        table(("Target", "Service", "Arrived"), [(d["target"], d["service"], _arrived(d)) for d in data])
    if not all(d["delivered"] for d in data):
        if not as_json:
            fail("Not every target took it.", "Look at its address: remove it, and add it again.")
        raise typer.Exit(1)


def _arrived(tried: Mapping[str, Any]) -> Any:
    from rich.text import Text

    return Text("yes", style="green") if tried["delivered"] else Text("no", style="red")
