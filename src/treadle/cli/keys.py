"""``treadle keys``: API keys, people who may log in, and the keys that secrets are sealed with."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._show import bold, write
from treadle.cli._typer import run_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from treadle.app import App

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_show_locals=False,
    no_args_is_help=True,
    help="API keys, logins, and the encryption key.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Workspace = Annotated[str, typer.Option("--workspace", help="Id of the workspace; the first one unless said.")]


def run(name: str, args: list[str]) -> int:
    return run_app(app, name, args)


@contextmanager
def _house() -> Iterator[App]:
    from treadle.app import open_app

    house = open_app()
    try:
        yield house
    finally:
        house.close()


def _no(message: str) -> typer.Exit:
    sys.stderr.write(f"treadle keys: {message}\n")
    return typer.Exit(1)


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _workspace(conn: Any, wanted: str) -> str:
    import sqlalchemy as sa

    from treadle.store.tables import workspaces

    query = sa.select(workspaces.c.id).order_by(workspaces.c.created_at, workspaces.c.id)
    if wanted:
        query = query.where(workspaces.c.id == wanted)
    found = conn.execute(query.limit(1)).scalar()
    if found is None:
        raise _no(f"There is no workspace {wanted}.")
    return str(found)


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    scope: Annotated[
        str, typer.Option("--scope", help="read, write (includes read) or admin (includes both).")
    ] = "write",
    days: Annotated[float, typer.Option("--days", help="Ends after so many days; 0: never.", min=0, max=36_500)] = 0.0,
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it, this once. On a terminal or not, the key alone stands on the first line."""
    from treadle.accounts import audit
    from treadle.accounts.keys import SCOPES, create_key

    if scope not in SCOPES:
        sys.stderr.write(f"treadle keys: there is no scope {scope!r}; it is one of {', '.join(SCOPES)}.\n")
        raise typer.Exit(2)
    with _house() as house, house.db.begin() as conn:
        now = house.now()
        ws = _workspace(conn, workspace)
        expires = now + days * 86_400 if days else None
        key_id, secret = create_key(conn, ws, name, [scope], now, expires)
        audit.note(conn, ws, "cli", "key.created", key_id, {"name": name, "scopes": [scope]}, now=now)
    if as_json:
        _print({"id": key_id, "key": secret, "scopes": [scope], "workspace_id": ws, "expires_at": expires})
        return
    sys.stdout.write(secret + "\n")
    sys.stderr.write(
        f"{key_id}, scope {scope}. It is not shown again; revoke it with 'treadle keys revoke {key_id}'.\n"
    )


@app.command("list")
def list_(workspace: Workspace = "", as_json: AsJson = False) -> None:
    """The keys of a workspace, without the keys themselves."""
    from treadle.accounts.keys import listing

    with _house() as house, house.db.read() as conn:
        rows = listing(conn, _workspace(conn, workspace))
    if as_json:
        _print(rows)
        return
    if not rows:
        write("There is no key yet. 'treadle keys create' makes one.")
    for row in rows:
        state = "revoked" if row["revoked_at"] else "ended" if (row["expires_at"] or 1e12) < time.time() else "good"
        used = time.strftime("used %Y-%m-%d", time.gmtime(row["last_used_at"])) if row["last_used_at"] else "never used"
        write(bold(row["id"]) + f"  {row['prefix']}...  {','.join(row['scopes'])}  {state}  {used}  {row['name']}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key (key_...).")], workspace: Workspace = "",
           as_json: AsJson = False) -> None:  # fmt: skip
    """End a key, at once and for ever."""
    from treadle.accounts import keys

    with _house() as house, house.db.begin() as conn:
        done = keys.revoke(conn, _workspace(conn, workspace), key_id, actor="cli", now=house.now())
    if not done:
        raise _no(f"There is no living key {key_id} in this workspace.")
    if as_json:
        _print({"revoked": key_id})
    else:
        write(f"{key_id} opens nothing any more.")


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Seal every stored secret under a new encryption key. Running servers notice by themselves."""
    from treadle.accounts.vault import rotate as seal_anew

    with _house() as house, house.db.begin() as conn:
        done = seal_anew(conn, house.vault)
    if as_json:
        _print({"resealed": done.resealed, "keys_dropped": done.dropped, "unreadable": list(done.unreadable)})
    else:
        write(
            f"{done.resealed} secrets are sealed under the newest key; {done.dropped} old keys were forgotten.",
            "Backups made before this need the key file of then." if done.dropped else "",
            f"{len(done.unreadable)} could not be opened ({', '.join(sorted(set(done.unreadable)))}): no key was "
            "forgotten. Put the missing key back, or connect those accounts again."
            if done.unreadable
            else "",
        )
    if done.unreadable:
        raise typer.Exit(1)


@app.command("new-secret")
def new_secret(as_json: AsJson = False) -> None:
    """Print a fresh key for TREADLE_SECRET_KEYS (put it in front of the old ones)."""
    from cryptography.fernet import Fernet

    made = Fernet.generate_key().decode()
    if as_json:
        _print({"secret": made})
    else:
        sys.stdout.write(made + "\n")


@app.command()
def user(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    workspace: Workspace = "",
    zone: Annotated[str, typer.Option("--zone", help="Their time zone, as Europe/Berlin.")] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Let a person log in to the pages, or give them a new password. The password is asked for (or read from stdin)."""
    from treadle.accounts import login
    from treadle.accounts.refusal import Refusal

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")

    async def work(house: App, ws: str) -> Any:
        changed = await login.set_password(house.db, email, password, actor="cli", now=house.now())
        if changed is not False:
            return changed
        return await login.add_user(house.db, ws, email, password, actor="cli", now=house.now(), zone=zone)

    with _house() as house:
        with house.db.read() as conn:
            ws = _workspace(conn, workspace)
        made = asyncio.run(work(house, ws))
    if isinstance(made, Refusal):
        raise _no(f"{made.title}. {made.detail}")
    what = "password changed" if made is True else "added"
    if as_json:
        _print({"email": email, "outcome": what})
    else:
        write(f"{email}: {what}.")
