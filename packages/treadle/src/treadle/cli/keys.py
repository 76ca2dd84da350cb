"""``treadle keys``: API keys, and the keys that secrets are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._groups import group
from treadle.cli._invocation import ACTOR, Invocation, command
from treadle.cli._print import fail, fail_findings, print_json, print_result, table, when

if TYPE_CHECKING:
    from treadle.store.api_keys import KeyRow


app = group("Manage API keys and the encryption key. Without a command: list.")
KeyId = Annotated[
    str, typer.Argument(metavar="KEY", help="Id of the key (key_...), or enough of its end to identify it.")
]


@command(app)
def create(
    cmd: Invocation,
    name: Annotated[str, typer.Option("--name", help="What the key is for.")] = "",
    scope: Annotated[
        str, typer.Option("--scope", help="read, write (includes read) or admin (includes both).")
    ] = "write",
    days: Annotated[
        float, typer.Option("--days", metavar="DAYS", help="Expires after this many days; 0: never.", min=0, max=36_500)
    ] = 0.0,
) -> None:
    """Create an API key and print it, this once. The key is alone on the first line."""
    from treadle.domain.answers import Rejected
    from treadle.people.keys import SCOPES
    from treadle.services.api_keys import LONGEST_NAME
    from treadle.services.api_keys import create as make

    if scope not in SCOPES:
        fail(f"There is no scope '{scope}'.", f"It is one of {', '.join(SCOPES)}.", code=2)
    if len(name) > LONGEST_NAME:
        fail("The name is too long.", f"Shorten it to {LONGEST_NAME} characters.", code=2)
    app = cmd.app
    workspace_id, now = cmd.workspace_id, app.now()
    expires = now + days * 86_400 if days else None
    with app.db.begin() as conn:
        made = make(conn, workspace_id, name=name, scopes=[scope], expires_at=expires, actor=ACTOR, now=now)
    if isinstance(made, Rejected):
        fail_findings(made.findings)
    if cmd.json:
        shown = made.model_dump(exclude={"key"})
        print_json({**shown, "workspace_id": workspace_id, "key": made.key})
        return
    typer.echo(made.key)
    typer.echo(
        f"{made.id}, scope {scope}. It is not shown again; revoke it with 'treadle keys revoke {made.id}'.", err=True
    )


@command(app, "list", reads=True)
def list_keys(cmd: Invocation) -> None:
    """List the keys of a workspace, newest first, without the keys themselves."""
    from treadle.people.keys import listing
    from treadle.services.api_keys import key_out

    app = cmd.app
    workspace_id, now = cmd.workspace_id, app.now()
    with app.db.read() as conn:
        rows = listing(conn, workspace_id)
    if cmd.json:
        print_json({"data": [key_out(row).model_dump() for row in rows]})
        return
    if not rows:
        typer.echo("There are no keys yet. 'treadle keys create' creates one.", err=True)
        return
    table(
        ("Key", "Name", "Permissions", "State", "Begins with", "Last used", "Expires"),
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

    from treadle.domain.times import iso

    return when(iso(at))[:10] or "never"


def _state_text(row: KeyRow, now: float) -> Any:

    from rich.text import Text

    if row.revoked_at is not None:
        return Text("revoked", style="dim")
    ended = row.expires_at is not None and row.expires_at <= now
    return Text("expired", style="dim") if ended else Text("active", style="green")


@command(app)
def revoke(cmd: Invocation, key: KeyId) -> None:
    """Revoke a key, at once and for good."""
    from treadle.cli._ids import whole_id
    from treadle.people.keys import revoke as end

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, key, "key")
    with app.db.begin() as conn:
        done = end(conn, workspace_id, id_, actor=ACTOR, now=app.now())
    if not done:
        fail(f"There is no active key {id_} in this workspace.", error="not_found")
    print_result({"revoked": id_}, f"{id_} is revoked.")


@command(app, workspace=False)
def rotate(cmd: Invocation) -> None:
    """Encrypt every stored secret with a new encryption key. Running servers notice it."""
    from treadle.vault import rotate as encrypt_again

    app = cmd.app
    with app.db.begin() as conn:
        app.vault.check()
        done = encrypt_again(conn, app.vault)
    lost = ", ".join(sorted(set(done.unreadable)))
    unread = (
        f"{len(done.unreadable)} could not be decrypted ({lost}), so no key was deleted. Put the missing key back, or "
        "reconnect those accounts."
    )
    if cmd.json:
        wrong = {"error": "unreadable", "message": unread} if done.unreadable else {}
        print_json(
            {**wrong, "resealed": done.resealed, "keys_dropped": done.dropped, "unreadable": list(done.unreadable)}
        )
    else:
        typer.echo(f"{done.resealed} secrets are encrypted with the newest key; {done.dropped} old keys were deleted.")
        if done.dropped:
            typer.echo("Backups made before this need the key file of that time.")
    if done.unreadable:
        if not cmd.json:
            typer.echo(unread, err=True)
        raise typer.Exit(1)


@command(app, "start-over", workspace=False)
def start_over(
    cmd: Invocation,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that secrets no key can decrypt are removed.")] = False,
) -> None:
    """Continue without lost keys: remove the secrets only they decrypt. Then every account has to be reconnected."""
    from treadle.cli._start_over import start_over as go_on
    from treadle.settings import Settings

    if not yes:
        fail(
            "This removes the stored tokens, webhook secrets and alert recipients that no key can decrypt.",
            "Restore the key file from your backup if you can. Otherwise stop the server and repeat it with --yes.",
            code=2,
        )
    done = go_on(Settings())
    if cmd.json:
        print_json(
            {"accounts": list(done.accounts), "webhooks": list(done.webhooks), "workspaces": list(done.workspaces)}
        )
        return
    typer.echo(f"Accounts to reconnect: {', '.join(done.accounts) or 'none'}.")
    if done.webhooks:
        typer.echo(f"Webhooks paused until you give them a new secret and resume them: {', '.join(done.webhooks)}.")
    if done.workspaces:
        typer.echo(f"Workspaces whose alert recipients you have to set again: {', '.join(done.workspaces)}.")


@command(app, "new-secret", workspace=False)
def new_secret(cmd: Invocation) -> None:
    """Print a new key for TREADLE_SECRET_KEYS. Put it before the old ones."""
    from cryptography.fernet import Fernet

    made = Fernet.generate_key().decode()
    print_result({"secret": made}, made)


@command(app)
def user(
    cmd: Invocation,
    email: Annotated[str, typer.Argument(help="The person's email address.")],
    zone: Annotated[str, typer.Option("--zone", help="Their time zone, such as Europe/Berlin.")] = "UTC",
) -> None:
    """The same as 'treadle people add'."""
    from treadle.cli.people import let_in

    let_in(cmd, email, zone)
