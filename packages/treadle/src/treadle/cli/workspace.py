"""``treadle workspace``: name, pause, alerts, quiet hours and options."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._groups import ShowingGroup, group
from treadle.cli._invocation import ACTOR, Invocation, command
from treadle.cli._print import fail, fail_findings, fail_refusal, print_json, print_result, table, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from treadle.app import App

app = group("Name, pause, alerts, quiet hours and options of a workspace. Without a command: show.", ShowingGroup)
FROM_TO = "FROM-TO"
NAME_VALUE = "NAME=VALUE"


@command(app, "list", workspace=False, reads=True)
def list_workspaces(cmd: Invocation) -> None:
    """List the workspaces of this installation, oldest first. Other commands take their ids as --workspace."""
    from treadle.services.workspaces import listing

    with cmd.app.db.read() as conn:
        found = listing(conn).model_dump()["data"]
    if cmd.json:
        print_json({"data": found})
        return
    rows = [(f["id"], f["name"], "paused" if f["paused"] else "", _posts(f), when(f["created_at"])) for f in found]
    table(("Workspace", "Name", "State", "Posts", "Created"), rows)


@command(app, workspace=False)
def add(
    cmd: Invocation,
    name: Annotated[str, typer.Argument(help="1 to 200 characters.")],
) -> None:
    """Create a workspace for a customer. Prints its first admin key, this once: alone on the first line."""
    from treadle.domain.answers import Rejected
    from treadle.services.workspaces import make, name_problem

    if wrong := name_problem(name.strip()):
        fail_findings([wrong])
    app = cmd.app
    with app.db.begin() as conn:
        made = make(conn, name.strip(), actor=ACTOR, now=app.now())
    if isinstance(made, Rejected):
        fail_findings(made.findings)
    if cmd.json:
        print_json(made.model_dump())
        return
    typer.echo(made.key)
    typer.echo(f"The admin key of {made.id}. It is not shown again.", err=True)


@command(app, reads=True)
def show(cmd: Invocation) -> None:
    """Show a workspace: posts by state, alert recipients without their secrets, quiet hours, options."""
    app = cmd.app
    found = _read(app, cmd.workspace_id)
    if cmd.json:
        print_json(found)
    else:
        _print(found)


def _read(app: App, workspace_id: str) -> dict[str, Any]:
    """What the API returns, and the alert recipients as the pages show them."""
    from treadle.services import alerts
    from treadle.services.workspaces import read

    with app.db.read() as conn:
        found = read(conn, workspace_id)
        targets = alerts.listing(conn, app.vault, workspace_id)
    shown = [{"id": t.id, "service": t.service, "target": t.masked} for t in targets]
    return {**(found.model_dump() if found else {}), "alert_targets": shown}


def _print(found: Mapping[str, Any]) -> None:

    from treadle.services.alerts import QUIET_OPTION
    from treadle_diagnosis.cli.show import bold, field, write

    options = dict(found["options"])
    quiet = options.pop(QUIET_OPTION, None)
    targets = [f"{t['target']}  {t['service']}, {t['id']}" for t in found["alert_targets"]] or ["nobody"]
    rest = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(options.items())]
    write(
        f"{bold(found['name'])}  {found['id']}" + ("  paused: nothing is published" if found["paused"] else ""),
        field("Posts", _posts(found) or "none"),
        *(field("Alerts go to" if n == 0 else "", line) for n, line in enumerate(targets)),
        field("Quiet hours", f"{quiet['from']} to {quiet['to']}, {quiet.get('zone') or 'UTC'}" if quiet else "none"),
        *(field("Options" if n == 0 else "", line) for n, line in enumerate(rest)),
        field("Created", when(found["created_at"])),
    )


def _posts(found: Mapping[str, Any]) -> str:

    return ", ".join(f"{count} {state}" for state, count in sorted(found["posts"].items()) if count)


@command(app, "set")
def set_(
    cmd: Invocation,
    name: Annotated[str | None, typer.Option(help="New name, 1 to 200 characters.")] = None,
    alert: Annotated[
        list[str] | None,
        typer.Option(
            "--alert", metavar="URL", help="Replace the alert recipients; repeatable. '-' reads one per line."
        ),
    ] = None,
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="Remove all alert recipients.")] = False,
    quiet: Annotated[str, typer.Option(metavar=FROM_TO, help="No alerts between these times: 22:00-07:00.")] = "",
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time zone of the quiet hours, such as Europe/Berlin.")
    ] = "UTC",
    no_quiet: Annotated[bool, typer.Option("--no-quiet", help="Send alerts at any hour.")] = False,
    return_address: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Connect links may only return to URLs under these; repeatable."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-o",
            metavar=NAME_VALUE,
            help="An option by its name; VALUE is JSON or text, no VALUE removes it.",
        ),
    ] = None,
) -> None:
    """Change the name, alerts, quiet hours or options; everything else stays.

    Alert URLs contain secrets, and other users of this machine can see command lines:
    '--alert -' reads them from standard input, 'add-alert' asks for one.
    """
    if alert and no_alerts:
        raise typer.BadParameter("use --alert or --no-alerts, not both", param_hint="--alert")
    if quiet and no_quiet:
        raise typer.BadParameter("use --quiet or --no-quiet, not both", param_hint="--quiet")
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
        raise typer.BadParameter("nothing to change: use --name, --alert, --quiet, --option, ...", param_hint="--name")
    _change(cmd, body, "Changed.")


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


@command(app)
def pause(cmd: Invocation) -> None:
    """Stop publishing now; posts that are being published are finished."""
    _change(cmd, {"paused": True}, "Paused: nothing is published until you resume.")


@command(app)
def resume(cmd: Invocation) -> None:
    """Publish again, including the posts that waited."""
    _change(cmd, {"paused": False}, "Resumed: the posts that waited are published.")


def _change(cmd: Invocation, body: dict[str, Any], message: str) -> None:
    """What ``PATCH /v1/workspaces/{id}`` does, by the same rules."""
    from treadle.domain.answers import Rejected
    from treadle.services.workspaces import change, change_problem

    if wrong := change_problem(body):
        fail_findings([wrong])
    app, workspace_id = cmd.app, cmd.workspace_id
    with app.db.begin() as conn:
        made = change(conn, app, workspace_id, body, actor=ACTOR)
    if isinstance(made, Rejected):
        fail_findings(made.findings)
    found = _read(app, workspace_id)
    print_result(found, message)


@command(app, "add-alert")
def add_alert(
    cmd: Invocation,
    address: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="The alert URL; '-' reads it from standard input. Without it, you are asked."
        ),
    ] = "",
) -> None:
    """Add an alert recipient, such as slack://TokenA/TokenB/TokenC. It is encrypted and never shown again."""
    if not address and sys.stdin.isatty():
        address = typer.prompt("URL", hide_input=True)
    elif address in ("", "-"):
        address = sys.stdin.readline()
    if not address.strip():
        raise typer.BadParameter("it is empty", param_hint="URL")

    def work(app: App, conn: Any, workspace_id: str) -> Any:

        from treadle.services import alerts

        return alerts.add(conn, app.vault, workspace_id, address, actor=ACTOR, now=app.now())

    _alerts(cmd, work, "Added. 'treadle workspace test-alert' sends a test.")


@command(app, "remove-alert")
def remove_alert(
    cmd: Invocation,
    target: Annotated[
        str, typer.Argument(metavar="RECIPIENT", help="Id of the recipient, as 'treadle workspace show' shows it.")
    ],
) -> None:
    """Remove an alert recipient."""

    def work(app: App, conn: Any, workspace_id: str) -> Any:

        from treadle.services import alerts

        return alerts.remove(conn, app.vault, workspace_id, target, actor=ACTOR, now=app.now())

    _alerts(cmd, work, "Removed: it receives no more alerts.")


def _alerts(cmd: Invocation, work: Any, message: str) -> None:
    app, workspace_id = cmd.app, cmd.workspace_id
    with app.db.begin() as conn:
        refusal = work(app, conn, workspace_id)
    if refusal is not None:
        fail_refusal(refusal)
    found = _read(app, workspace_id)
    print_result(found, message)


@command(app, "test-alert")
def try_alerts(cmd: Invocation) -> None:
    """Send a test to every alert recipient now, even in quiet hours. Exit code 1 unless all of them accept it."""
    from treadle.domain.refusal import Refusal
    from treadle.services.alerts import send_test

    app = cmd.app
    tried = asyncio.run(send_test(app.db, app.vault, cmd.workspace_id, actor="cli", now=app.now()))
    if isinstance(tried, Refusal):
        fail_refusal(tried)
    data = [{"service": t.target.service, "target": t.target.masked, "delivered": t.delivered} for t in tried]
    if cmd.json:
        print_json({"data": data})
    else:
        table(("Recipient", "Service", "Arrived"), [(d["target"], d["service"], _arrived(d)) for d in data])
    if not all(d["delivered"] for d in data):
        if not cmd.json:
            fail("Not every recipient accepted it.", "Check its address: remove it, and add it again.")
        raise typer.Exit(1)


def _arrived(tried: Mapping[str, Any]) -> Any:

    from rich.text import Text

    return Text("yes", style="green") if tried["delivered"] else Text("no", style="red")
