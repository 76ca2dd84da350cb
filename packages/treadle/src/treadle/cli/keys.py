"""``treadle keys``: API keys, people who may log in, and the keys that secrets are sealed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import ACTOR, Json, Workspace, fail, hand_down, house, refused, say, table, when, workspace_of

if TYPE_CHECKING:
    from treadle.store.api_keys import KeyRow


app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
KeyId = Annotated[
    str, typer.Argument(metavar="KEY", help="Id of the key (key_...), or enough of its end to tell it apart.")
]


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def keys(context: typer.Context, workspace: Workspace = "", as_json: Json = False) -> None:
    """API keys, logins, and the encryption key. Without a command: the list of API keys."""
    if context.invoked_subcommand is None:
        list_keys(workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    scope: Annotated[
        str, typer.Option("--scope", help="read, write (includes read) or admin (includes both).")
    ] = "write",
    days: Annotated[float, typer.Option("--days", help="Ends after so many days; 0: never.", min=0, max=36_500)] = 0.0,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Make an API key and print it, this once. On a terminal or not, the key alone stands on the first line."""
    from treadle.domain.answers import Rejected
    from treadle.people.keys import SCOPES
    from treadle.services.api_keys import LONGEST_NAME
    from treadle.services.api_keys import create as make

    if scope not in SCOPES:
        fail(f"There is no scope '{scope}'.", f"It is one of {', '.join(SCOPES)}.", code=2)
    if len(name) > LONGEST_NAME:
        fail("The name is too long.", f"Shorten it to {LONGEST_NAME} characters.", code=2)
    with house() as app:
        workspace_id, now = workspace_of(app, workspace), app.now()
        expires = now + days * 86_400 if days else None
        with app.db.begin() as conn:
            made = make(conn, workspace_id, name=name, scopes=[scope], expires_at=expires, actor=ACTOR, now=now)
    if isinstance(made, Rejected):
        refused(made.findings, as_json)
    if as_json:
        shown = made.model_dump(exclude={"key"})
        say({**shown, "workspace_id": workspace_id, "key": made.key})
        return
    typer.echo(made.key)
    typer.echo(
        f"{made.id}, scope {scope}. It is not shown again; revoke it with 'treadle keys revoke {made.id}'.", err=True
    )


@app.command("list")
def list_keys(workspace: Workspace = "", as_json: Json = False) -> None:
    """List the keys of a workspace, newest first, without the keys themselves."""
    from treadle.people.keys import listing
    from treadle.services.api_keys import key_out

    with house() as app:
        workspace_id, now = workspace_of(app, workspace), app.now()
        with app.db.read() as conn:
            rows = listing(conn, workspace_id)
    if as_json:
        say({"data": [key_out(row).model_dump() for row in rows]})
        return
    if not rows:
        typer.echo("There is no key yet. 'treadle keys create' makes one.", err=True)
        return
    table(
        ("Key", "Name", "May", "State", "Begins with", "Last used", "Ends"),
        [
            (
                row.id,
                row.name,
                ", ".join(row.scopes),
                _state_text(row, now),
                row.prefix,
                _day(row.last_used_at),
                _day(row.expires_at),
            )
            for row in rows
        ],
        ends=True,
    )


def _day(at: float | None) -> str:
    from treadle.services.read import iso

    return when(iso(at))[:10] or "never"


def _state_text(row: KeyRow, now: float) -> Any:
    from rich.text import Text

    if row.revoked_at is not None:
        return Text("revoked", style="dim")
    ended = row.expires_at is not None and row.expires_at <= now
    return Text("ended", style="dim") if ended else Text("good", style="green")


@app.command()
def revoke(key: KeyId, workspace: Workspace = "", as_json: Json = False) -> None:
    """End a key, at once and for ever."""
    from treadle.cli._ids import whole_id
    from treadle.people.keys import revoke as end
    from treadle.store.tables import api_keys

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = whole_id(app, workspace_id, key, "key", "key", api_keys)
        with app.db.begin() as conn:
            done = end(conn, workspace_id, id_, actor=ACTOR, now=app.now())
    if not done:
        fail(f"There is no living key {id_} in this workspace.", error="not_found")
    if as_json:
        say({"revoked": id_})
    else:
        typer.echo(f"{id_} opens nothing any more.")


@app.command()
def rotate(as_json: Json = False) -> None:
    """Seal every stored secret under a new encryption key. Running servers notice by themselves."""
    from treadle.vault import rotate as seal_anew

    with house() as app, app.db.begin() as conn:
        app.vault.check()
        done = seal_anew(conn, app.vault)
    lost = ", ".join(sorted(set(done.unreadable)))
    unread = (
        f"{len(done.unreadable)} could not be opened ({lost}): no key was forgotten. Put the missing key back, or "
        "connect those accounts again."
    )
    if as_json:
        wrong = {"error": "unreadable", "message": unread} if done.unreadable else {}
        say({**wrong, "resealed": done.resealed, "keys_dropped": done.dropped, "unreadable": list(done.unreadable)})
    else:
        typer.echo(f"{done.resealed} secrets are sealed under the newest key; {done.dropped} old keys were forgotten.")
        if done.dropped:
            typer.echo("Backups made before this need the key file of then.")
    if done.unreadable:
        if not as_json:
            typer.echo(unread, err=True)
        raise typer.Exit(1)


@app.command("start-over")
def start_over(
    yes: Annotated[bool, typer.Option("--yes", help="Do it: the secrets that no key opens are removed.")] = False,
    as_json: Json = False,
) -> None:
    """Go on without lost keys: give up the secrets that only they open. Every account is to be connected again."""
    from treadle.cli._start_over import start_over as go_on
    from treadle.settings import Settings

    if not yes:
        fail(
            "This removes the stored tokens, webhook secrets and alert targets that no key opens.",
            "Restore the key file from your backup if you can. Otherwise stop the server and repeat it with --yes.",
            code=2,
        )
    done = go_on(Settings())
    if as_json:
        say({"accounts": list(done.accounts), "webhooks": list(done.webhooks), "workspaces": list(done.workspaces)})
        return
    typer.echo(f"Accounts to connect again: {', '.join(done.accounts) or 'none'}.")
    if done.webhooks:
        typer.echo(f"Webhooks paused, to be given a new secret and resumed: {', '.join(done.webhooks)}.")
    if done.workspaces:
        typer.echo(f"Workspaces whose alert targets are to be set again: {', '.join(done.workspaces)}.")


@app.command("new-secret")
def new_secret(as_json: Json = False) -> None:
    """Print a fresh key for TREADLE_SECRET_KEYS (put it in front of the old ones)."""
    from cryptography.fernet import Fernet

    made = Fernet.generate_key().decode()
    if as_json:
        say({"secret": made})
    else:
        typer.echo(made)


@app.command()
def user(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    workspace: Workspace = "",
    zone: Annotated[str, typer.Option("--zone", help="Their time zone, as Europe/Berlin.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Let a person log in to the pages, or give them a new password. The password is asked for (or read from stdin)."""
    from treadle.cli.people import let_in

    let_in(email, workspace, zone, as_json)
