"""``treadle accounts``: connect, list, look at, recheck, reconnect, pause, disconnect."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from treadle.cli._show import bold, field, write
from treadle.cli._typer import run_app
from treadle.cli.accounts_sending import pause, quota, resume

T = TypeVar("T")
UNHEARD = ("meta_unreachable", "connection_lost")  # then the address may be the wrong one
app = typer.Typer(
    add_completion=False,
    pretty_exceptions_show_locals=False,
    no_args_is_help=True,
    help="Connect, list, recheck, reconnect and pause accounts.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Workspace = Annotated[str, typer.Option("--workspace", help="Id of the workspace; the first one unless said.")]
AccountArg = Annotated[str, typer.Argument(help="Id of the account (acc_...) or its user name.")]


def run(name: str, args: list[str]) -> int:
    return run_app(app, name, args)


def _work(what: Callable[[Any, str], Awaitable[T]], workspace: str) -> T:
    """``what(accounts room, workspace id)`` with the house open."""
    from treadle.app import open_app
    from treadle.threads import ThreadsClient

    house = open_app()

    async def inner() -> T:
        async with ThreadsClient(base_url=house.settings.threads_api_url) as client:
            return await what(house.accounts(client), await house.db.query(_workspace, workspace))

    try:
        return asyncio.run(inner())
    finally:
        house.close()


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


def _no(message: str) -> typer.Exit:
    sys.stderr.write(f"treadle accounts: {message}\n")
    return typer.Exit(1)


def _rows(conn: Any, workspace: str, wanted: str | None = None) -> list[dict[str, Any]]:
    import sqlalchemy as sa

    from treadle.store.tables import accounts

    query = sa.select(accounts).where(accounts.c.workspace_id == workspace)
    if wanted is not None:
        name = wanted.removeprefix("@")
        query = query.where(sa.or_(accounts.c.id == name, accounts.c.username == name))
    return [dict(row) for row in conn.execute(query.order_by(accounts.c.created_at)).mappings()]


async def _one(house: Any, workspace: str, wanted: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = await house.db.query(_rows, workspace, wanted)
    if not rows:
        raise _no(f"There is no account {wanted} in this workspace. 'treadle accounts list' shows them.")
    return rows[0]


def _public(row: dict[str, Any], now: float) -> dict[str, Any]:
    """An account without anything secret."""
    from treadle.accounts.health import WORDS

    ends = row["token_expires_at"]
    return {
        "id": row["id"],
        "username": row["username"],
        "threads_user_id": row["threads_user_id"],
        "connected": row["token_enc"] is not None and row["disconnected_at"] is None,
        "health": row["health"],
        "health_words": WORDS[row["health"]],
        "health_cause": row["health_cause"],
        "scopes": row["scopes"],
        "token_days_left": round((ends - now) / 86_400, 1) if ends is not None else None,
        "paused": row["paused"],
    }


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@app.command("list")
def list_(workspace: Workspace = "", as_json: AsJson = False) -> None:
    """Every account with its health."""

    async def work(house: Any, ws: str) -> list[dict[str, Any]]:
        return [_public(row, house.now()) for row in await house.db.query(_rows, ws)]

    rows = _work(work, workspace)
    if as_json:
        _print(rows)
        return
    if not rows:
        write("No account is connected yet. 'treadle accounts add' takes a token from Meta's dashboard.")
    for row in rows:
        _show(row)


def _show(row: dict[str, Any]) -> None:
    state = row["health"] if row["connected"] else "disconnected"
    days = f"token lives {row['token_days_left']:g} days" if row["token_days_left"] is not None else ""
    cause = row["health_cause"] or {}
    write(
        bold(f"@{row['username']}") + f"  {row['id']}  {state}  {days}" + ("  paused" if row["paused"] else ""),
        field("", row["health_words"]) if row["health"] != "active" else "",
        field("What to do", str(cause.get("next_step") or "")),
    )


@app.command()
def show(account: AccountArg, workspace: Workspace = "", as_json: AsJson = False) -> None:
    """One account: health, permissions, what reconnecting would send."""

    async def work(house: Any, ws: str) -> dict[str, Any]:
        from treadle.accounts.connect import preview

        row = await _one(house, ws, account)
        would = await house.db.query(preview, house, row["id"])
        return {**_public(row, house.now()), "reconnect_would": would}

    found = _work(work, workspace)
    if as_json:
        _print(found)
        return
    _show(found)
    write(field("Permissions", ", ".join(found["scopes"]) or "not known"))
    sends, holds = len(found["reconnect_would"]["sends"]), len(found["reconnect_would"]["holds"])
    if sends or holds:
        write(field("Reconnecting", f"would send {sends} posts and hold {holds} for a yes."))


@app.command()
def add(
    token: Annotated[
        str, typer.Option("--token", help="The token; '-' reads it from standard input; left out, it is asked for.")
    ] = "",
    account: Annotated[str, typer.Option("--account", help="Reconnect this account, and no other profile.")] = "",
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Connect by a token from Meta's dashboard. A long-lived one is recognised; a short one is made to last.

    A token on the command line can be seen in the list of processes: leave it out, and it is asked for.
    """
    from pydantic import SecretStr

    if token == "-":
        secret = SecretStr(sys.stdin.readline())
    elif token:
        secret = SecretStr(token)
    elif sys.stdin.isatty():
        secret = SecretStr(typer.prompt("Token", hide_input=True))
    else:
        secret = SecretStr(sys.stdin.readline())

    async def work(house: Any, ws: str) -> Any:
        from treadle.accounts.connect import add_token

        wanted = (await _one(house, ws, account))["id"] if account else None
        return await add_token(house, ws, secret, actor="cli", account_id=wanted)

    _told(_work(work, workspace), as_json)


def _told(made: Any, as_json: bool) -> None:
    from treadle.accounts.pages import Page
    from treadle.accounts.tokens import Unknown

    if isinstance(made, Unknown):
        found = made.diagnosis
        if as_json:
            _print({"ok": False, "cause": found.to_json()})
        else:
            write(
                bold(found.title),
                field("What happened", found.what_happened),
                field("What to do", found.next_step),
                field("For developers", found.next_step_developer),
                field("Asked", f"{_asked()} (TREADLE_THREADS_API_URL)" if found.pattern in UNHEARD else ""),
                field("More", f"treadle explain {found.pattern}"),
            )
        raise typer.Exit(1)
    if isinstance(made, Page):
        if as_json:
            _print(made.to_json())
        else:
            write(bold(made.title), made.happened, *made.todo)
        raise typer.Exit(1)
    if as_json:
        _print(
            {
                "ok": True,
                "account_id": made.account_id,
                "username": made.username,
                "outcome": made.kind,
                "released": list(made.released),
                "missing_scopes": list(made.missing),
            }
        )
        return
    words = {"new": "is connected", "reconnected": "is connected again", "returned": "is connected again"}
    write(
        bold(f"@{made.username} {words[made.kind]}") + f"  {made.account_id}",
        field("Missing", f"{', '.join(made.missing)}: publishing will not work without.") if made.missing else "",
        f"{len(made.released)} posts that waited go out now." if made.released else "",
    )


def _asked() -> str:
    from treadle.settings import Settings

    return Settings().threads_api_url


def _link(account: str | None, return_url: str, scopes: list[str] | None, workspace: str, as_json: bool) -> None:
    async def work(house: Any, ws: str) -> Any:
        from treadle.accounts import audit, links

        wanted = (await _one(house, ws, account))["id"] if account else None

        def make(conn: Any) -> Any:
            made = links.create(
                conn,
                house.settings,
                ws,
                now=house.now(),
                account_id=wanted,
                return_url=return_url or None,
                scopes=scopes,
            )
            if isinstance(made, links.Link):
                audit.note(conn, ws, "cli", "link.created", made.id, {"account_id": wanted}, now=house.now())
            return made

        return await house.db.run(make)

    made = _work(work, workspace)
    from treadle.accounts.refusal import Refusal

    if isinstance(made, Refusal):
        raise _no(f"{made.title}: {made.detail}")
    if as_json:
        _print({"id": made.id, "url": made.url, "expires_at": made.expires_at})
    else:
        write(made.url, "Good for one connection, for a day. Whoever opens it connects their profile.")


Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        help="A permission to ask for; repeatable. What publishing needs, unless said. threads_basic comes along.",
    ),
]
ReturnUrl = Annotated[str, typer.Option("--return-url", help="Where to go afterwards; under a return address.")]


@app.command()
def connect(
    return_url: ReturnUrl = "", scope: Scopes = None, workspace: Workspace = "", as_json: AsJson = False
) -> None:
    """Print a link for somebody to connect an account through Threads."""
    _link(None, return_url, scope, workspace, as_json)


@app.command()
def reconnect(
    account: AccountArg,
    return_url: ReturnUrl = "",
    scope: Scopes = None,
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Print a link that connects this account again; no other profile can use it."""
    _link(account, return_url, scope, workspace, as_json)


@app.command()
def recheck(account: AccountArg, workspace: Workspace = "", as_json: AsJson = False) -> None:
    """Look at Threads whether the account works; what proves to be over is closed, and its posts go."""

    async def work(house: Any, ws: str) -> Any:
        from treadle.accounts.reading import recheck as look

        return await look(house, ws, (await _one(house, ws, account))["id"])

    found = _work(work, workspace)
    from treadle.accounts.refusal import Refusal

    if isinstance(found, Refusal):
        raise _no(f"{found.title}. {found.detail}")
    if as_json:
        cause = found.diagnosis.to_json() if found.diagnosis else None
        _print({"health": found.health, "message": found.message, "cause": cause, "released": list(found.released)})
    else:
        write(bold(found.health), found.message, f"{len(found.released)} posts go out now." if found.released else "")
    if found.diagnosis is not None:
        raise typer.Exit(1)


@app.command()
def refresh(account: AccountArg, workspace: Workspace = "", as_json: AsJson = False) -> None:
    """Renew the account's token now rather than when its time comes."""

    async def work(house: Any, ws: str) -> Any:
        from treadle.accounts.refresh import refresh as renew

        return await renew(house, (await _one(house, ws, account))["id"], asked=True)

    done = _work(work, workspace)
    said = {
        "refreshed": "The token was renewed.",
        "later": "Not this time; it is tried again by itself.",
        "dead": "The token is dead: connect the account again.",
        "skipped": "Another process is at it, or there is no token.",
    }[done.outcome]
    if as_json:
        _print({"outcome": done.outcome, "cause": done.diagnosis.to_json() if done.diagnosis else None})
    else:
        write(bold(said), field("What happened", done.diagnosis.what_happened) if done.diagnosis else "")
    if done.outcome != "refreshed":
        raise typer.Exit(1)


@app.command()
def disconnect(account: AccountArg, workspace: Workspace = "", as_json: AsJson = False) -> None:
    """Forget the account's tokens. Its posts wait until it is connected again."""

    async def work(house: Any, ws: str) -> bool:
        from treadle.accounts.storing import disconnect as forget

        row = await _one(house, ws, account)
        done: bool = await house.db.run(lambda conn: forget(conn, ws, row["id"], actor="cli", now=house.now()))
        return done

    if not _work(work, workspace):
        raise _no("It is disconnected already.")
    if as_json:
        _print({"disconnected": True})
    else:
        write("Disconnected; its tokens are forgotten.")


app.command("pause")(pause)
app.command("resume")(resume)
app.command("quota")(quota)
