"""``treadle people``: who may log in to the pages, and the end of it."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import ACTOR, Json, Workspace, fail, hand_down, house, no, say, table, when, workspace_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle.app import App
    from treadle.domain.refusal import Refusal
    from treadle.people.people import Person

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
Who = Annotated[str, typer.Argument(metavar="PERSON", help="E-mail address, or id (usr_...).")]


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def people(context: typer.Context, workspace: Workspace = "", as_json: Json = False) -> None:
    """Who may log in to the pages. Without a command: the list."""
    if context.invoked_subcommand is None:
        list_people(workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_people(workspace: Workspace = "", as_json: Json = False) -> None:
    """List the people of a workspace, with their last log-in."""
    from treadle.people.people import listing

    with house() as opened:
        workspace_id, now = workspace_of(opened, workspace), opened.now()
        with opened.db.read() as conn:
            rows = listing(conn, workspace_id, now=now)
    if as_json:
        say({"data": [person_json(row) for row in rows]})
        return
    if not rows:
        typer.echo("Nobody can log in yet. 'treadle people add' adds somebody.", err=True)
        return
    table(
        ("Person", "Address", "State", "Last log-in", "Logged in now", "Keys"),
        [
            (row.id, row.email, "disabled" if row.disabled_at else "good", _day(row), str(row.sessions), len(row.keys))
            for row in rows
        ],
        ends=True,
    )


def person_json(row: Person) -> dict[str, Any]:
    from treadle.services.read import iso

    return {name: iso(value) if name.endswith("_at") else value for name, value in asdict(row).items()}


def _day(row: Person) -> str:
    from treadle.services.read import iso

    return when(iso(row.last_login_at))[:10] or "never"


@app.command()
def add(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    workspace: Workspace = "",
    zone: Annotated[str, typer.Option("--zone", help="Their time zone, as Europe/Berlin.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Let a person log in to the pages, or give them a new password. The password is asked for (or read from stdin)."""
    let_in(email, workspace, zone, as_json)


@app.command()
def disable(who: Who, workspace: Workspace = "", as_json: Json = False) -> None:
    """Log a person out everywhere and let them in no more, until they are enabled."""
    from treadle.people import people as room

    _change(room.disable, who, workspace, as_json, "disabled")


@app.command()
def enable(who: Who, workspace: Workspace = "", as_json: Json = False) -> None:
    """Let a disabled person log in again, with the password they had."""
    from treadle.people import people as room

    _change(room.enable, who, workspace, as_json, "enabled")


@app.command()
def remove(who: Who, workspace: Workspace = "", as_json: Json = False) -> None:
    """Log a person out everywhere and forget their account. What they did stays in timelines and audit trail."""
    from treadle.people import people as room

    _change(room.remove, who, workspace, as_json, "removed")


def _change(act: Callable[..., Refusal | None], who: str, workspace: str, as_json: bool, done: str) -> None:
    from treadle.domain.refusal import not_found
    from treadle.people import people as room

    with house() as opened:
        workspace_id, now = workspace_of(opened, workspace), opened.now()
        with opened.db.begin() as conn:
            user_id = room.find(conn, workspace_id, who)
            left = room.keys_made_by(conn, workspace_id, user_id, now=now) if user_id else ()
            refused = act(conn, workspace_id, user_id, actor=ACTOR, now=now) if user_id else not_found("person")
    if refused is not None:
        no(refused, as_json)
    if as_json:
        say({"id": user_id, "outcome": done, "keys": list(left)})
        return
    typer.echo(f"{who}: {done}.")
    if left and done != "enabled":
        typer.echo(f"Keys that they made still work: {', '.join(left)}. End them with 'treadle keys revoke'.", err=True)


def let_in(email: str, workspace: str, zone: str, as_json: bool) -> None:
    """Add somebody, or give somebody who is there another password."""
    from zoneinfo import available_timezones

    from treadle.domain.refusal import Refusal

    if zone not in available_timezones():
        fail(f"There is no time zone '{zone}'.", "Write it as Europe/Berlin.", code=2)
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    with house() as opened:
        made = asyncio.run(_let_in(opened, workspace_of(opened, workspace), email, password, zone))
    if isinstance(made, Refusal):
        no(made, as_json)
    what = "password changed" if made is True else "added"
    if as_json:
        say({"email": email, "outcome": what})
    else:
        typer.echo(f"{email}: {what}.")


async def _let_in(opened: App, workspace_id: str, email: str, password: str, zone: str) -> bool | str | Refusal:
    """``True``: the password of somebody who was known is another one now; else what adding them gave."""
    from treadle.people import login

    changed = await login.set_password(opened.db, email, password, actor=ACTOR, now=opened.now())
    if changed is not False:
        return changed
    return await login.add_user(opened.db, workspace_id, email, password, actor=ACTOR, now=opened.now(), zone=zone)
