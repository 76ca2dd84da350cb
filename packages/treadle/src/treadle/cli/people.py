"""``treadle people``: who can log in to the pages."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from treadle.cli._groups import group
from treadle.cli._invocation import ACTOR, Invocation, command
from treadle.cli._print import fail, fail_refusal, print_json, print_result, table, when

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle.app import App
    from treadle.domain.refusal import Refusal
    from treadle.domain.roles import Role
    from treadle.services.people import LinkMade, Person
    from treadle.store import Connection

app = group("Manage who can log in to the pages. Without a command: list.")
ROLE_HELP = "viewer, author, editor, admin or owner."
Who = Annotated[str, typer.Argument(metavar="PERSON", help="Email address, or id (usr_...).")]


@command(app, "list", reads=True)
def list_people(cmd: Invocation) -> None:
    """List the people of a workspace, with their last login."""
    from treadle.services.people import listing

    app = cmd.app
    workspace_id, now = cmd.workspace_id, app.now()
    with app.db.read() as conn:
        rows = listing(conn, workspace_id, now=now)
    if cmd.json:
        print_json({"data": [person_json(row) for row in rows]})
        return
    if not rows:
        typer.echo("Nobody can log in yet. 'treadle people add' adds someone.", err=True)
        return
    table(
        ("Person", "Email", "Role", "State", "Last login", "Sessions", "Keys"),
        [
            (
                row.id,
                row.email,
                row.role,
                "disabled" if row.disabled_at else "active",
                _day(row),
                str(row.sessions),
                len(row.keys),
            )
            for row in rows
        ],
        ends=True,
    )


def person_json(row: Person) -> dict[str, Any]:

    from treadle.domain.times import iso

    return {name: iso(value) if name.endswith("_at") else value for name, value in asdict(row).items()}


def _day(row: Person) -> str:

    from treadle.domain.times import iso

    return when(iso(row.last_login_at))[:10] or "never"


@command(app)
def add(
    cmd: Invocation,
    email: Annotated[str, typer.Argument(help="The person's email address.")],
    zone: Annotated[str, typer.Option("--zone", help="Their time zone, such as Europe/Berlin.")] = "UTC",
    role: Annotated[str, typer.Option("--role", help=ROLE_HELP)] = "",
) -> None:
    """Let a person log in to the pages, or give them a new password. Asks for it, or reads it from standard input."""
    let_in(cmd, email, zone, role)


@command(app)
def invite(
    cmd: Invocation,
    role: Annotated[str, typer.Option("--role", help=ROLE_HELP)] = "editor",
) -> None:
    """Print a link with which one person can join, for seven days. It is shown this once."""
    from treadle.services import people

    app, known = cmd.app, _role(role)
    with app.db.begin() as conn:
        made = people.invite(conn, app, cmd.workspace_id, known, actor=ACTOR)
    _print_link(made)


@command(app, "password-link")
def password_link(cmd: Invocation, who: Who) -> None:
    """Print a link with which a person chooses a new password, for a day. It is shown this once."""
    from treadle.services import people

    app = cmd.app
    with app.db.begin() as conn:
        user_id = people.find(conn, cmd.workspace_id, who)
        made = people.reset_link(conn, app, cmd.workspace_id, user_id, actor=ACTOR) if user_id else None
    if made is None:
        _nobody(who)
    _print_link(made)


def _print_link(made: LinkMade | Refusal) -> None:
    from treadle.domain.refusal import Refusal

    if isinstance(made, Refusal):
        fail_refusal(made)
    print_result(made.model_dump(), made.url)


@command(app, "role")
def change_role(
    cmd: Invocation, who: Who, role: Annotated[str, typer.Argument(metavar="ROLE", help=ROLE_HELP)]
) -> None:
    """Give a person another role in the workspace."""
    from treadle.services import people

    known = _role(role)

    def change(conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float) -> Refusal | None:
        return people.set_role(conn, workspace_id, user_id, known, actor=actor, now=now)

    _change(cmd, change, who, f"now {'an' if known[0] in 'aeo' else 'a'} {known}")


@command(app, "log-out")
def log_out(cmd: Invocation, who: Who) -> None:
    """Log a person out everywhere. They can log in again."""
    from treadle.services import people

    _change(cmd, people.end_sessions, who, "logged out")


@command(app, "audit", reads=True)
def audit(
    cmd: Invocation,
    action: Annotated[str, typer.Option("--action", help="Only actions that begin with this, such as user.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="How many entries at most.", min=1, max=1000)] = 50,
) -> None:
    """Print the audit log, newest first: who did what in the workspace."""
    from treadle.services.people import audit_log

    with cmd.app.db.read() as conn:
        found = audit_log(conn, cmd.workspace_id, limit=limit, action=action)
    if cmd.json:
        print_json(found.model_dump())
        return
    table(
        ("When", "Who", "Action", "Subject"),
        [(when(row.at), row.actor_name, row.action, row.subject or "") for row in found.data],
    )


def _role(given: str) -> Role:
    from treadle.domain.roles import ROLES, role_named

    role = role_named(given)
    if role is None:
        fail(f"There is no role '{given}'.", f"It is one of {', '.join(ROLES)}.", code=2)
    return role


@command(app)
def disable(cmd: Invocation, who: Who) -> None:
    """Log a person out everywhere, and refuse logins until they are enabled again."""
    from treadle.services import people

    _change(cmd, people.disable, who, "disabled")


@command(app)
def enable(cmd: Invocation, who: Who) -> None:
    """Let a disabled person log in again with the password they had."""
    from treadle.services import people

    _change(cmd, people.enable, who, "enabled")


@command(app)
def remove(cmd: Invocation, who: Who) -> None:
    """Log a person out everywhere and delete their login. What they did stays in timelines and the audit log."""
    from treadle.services import people

    _change(cmd, people.remove, who, "removed")


def _nobody(who: str) -> NoReturn:
    hint = "'treadle people list' shows who there is."
    fail(f"There is no person '{who}' in this workspace.", hint, error="not_found")


def _change(cmd: Invocation, act: Callable[..., Refusal | None], who: str, done: str) -> None:
    from treadle.services import people

    app = cmd.app
    workspace_id, now = cmd.workspace_id, app.now()
    with app.db.begin() as conn:
        user_id = people.find(conn, workspace_id, who)
        left = people.keys_made_by(conn, workspace_id, user_id, now=now) if user_id else ()
        refused = act(conn, workspace_id, user_id, actor=ACTOR, now=now) if user_id else None
    if user_id is None:
        _nobody(who)
    if refused is not None:
        fail_refusal(refused)
    if cmd.json:
        print_json({"id": user_id, "outcome": done, "keys": list(left)})
        return
    typer.echo(f"{who}: {done}.")
    if left and done != "enabled":
        typer.echo(
            f"Keys they created still work: {', '.join(left)}. Revoke them with 'treadle keys revoke'.", err=True
        )


def let_in(cmd: Invocation, email: str, zone: str, role: str = "") -> None:
    """Add someone, or give someone who exists another password."""
    from treadle.domain.refusal import Refusal
    from treadle.domain.zones import zone_named, zone_way_out
    from treadle.store import users

    if zone_named(zone) is None:
        fail(f"There is no time zone '{zone}'.", zone_way_out(zone), code=2)
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    app = cmd.app
    known = _role(role) if role else None
    made = asyncio.run(_let_in(app, cmd.workspace_id, email, password, zone, known))
    if isinstance(made, Refusal):
        fail_refusal(made)
    if not isinstance(made, str):
        print_result({"email": email, "outcome": "password changed"}, f"{email}: password changed.")
        if known:
            typer.echo(f"The role is as before. 'treadle people role {email} {known}' changes it.", err=True)
        return
    with app.db.read() as conn:
        given = users.roles(conn, cmd.workspace_id)[made]
    print_result({"email": email, "outcome": "added", "role": given}, f"{email}: added as {given}.")
    if known and given != known:
        typer.echo("The first person of a workspace is its owner.", err=True)


async def _let_in(
    app: App, workspace_id: str, email: str, password: str, zone: str, role: Role | None
) -> bool | str | Refusal:
    """``True``: the password of someone who existed was changed; otherwise what adding them returned."""
    from treadle.services import people

    changed = await people.set_password(app, email, password, actor=ACTOR)
    if changed is not False:
        return changed
    return await people.add(app, workspace_id, email, password, actor=ACTOR, zone=zone, role=role)
