"""``treadle accounts``: connect, list, look at, recheck, reconnect, pause, disconnect."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from treadle.cli._house import (
    ACTOR,
    AccountArg,
    Json,
    Workspace,
    account_of,
    called,
    hand_down,
    house,
    missing,
    no,
    refusal_json,
    say,
    table,
    when,
    workspace_of,
)
from treadle.cli.accounts_sending import not_connected, pause, quota, resume
from treadle.plural import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from treadle.accounts.pages import ConnectPage
    from treadle.accounts.tokens import Unknown
    from treadle.services.connecting import AccountConnected

UNHEARD = ("meta_unreachable", "connection_lost")  # then the address may be the wrong one
DEAD = ("disconnected", "reconnect")  # whatever its token promised
AGAIN = (*DEAD, "expiring")  # only the owner's new yes helps
HEALTH_STYLE: Mapping[str, str] = {"active": "green", "expiring": "yellow", "limited": "yellow", "disconnected": "dim"}
app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def accounts(context: typer.Context, workspace: Workspace = "", as_json: Json = False) -> None:
    """Connect, list, recheck, reconnect and pause accounts. Without a command: the list."""
    if context.invoked_subcommand is None:
        list_accounts(workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_accounts(workspace: Workspace = "", as_json: Json = False) -> None:
    """List accounts with their health, also disconnected ones; below the table what to do about each."""
    from treadle.services.accounts import listing
    from treadle_diagnosis.cli.show import bold

    with house() as app:
        known = asyncio.run(listing(app, workspace_of(app, workspace), disconnected=True))
    found = known.model_dump()["data"]
    if as_json:
        say({"data": found})
        return
    if not found:
        typer.echo("No account is connected yet. 'treadle accounts add' takes a token from Meta's dashboard.", err=True)
        return
    table(
        ("Account", "Name", "State", "Token lasts", "What it means"),
        [(a["id"], called(a), _state_text(a), _lasts(a), _meaning(a)) for a in found],
        ends=True,
    )
    for account in found:
        if todo := _todo(account):
            typer.echo("\n".join(("", bold(called(account)), *_labelled("What to do", todo))), err=True)


def _labelled(label: str, sentences: Sequence[str]) -> list[str]:
    """A line for each, so that a command to be copied is not broken in two."""
    from treadle_diagnosis.cli.show import field

    return [field("" if n else label, sentence) for n, sentence in enumerate(sentences)]


def _health(account: Mapping[str, Any]) -> str:
    return str(account["health"]) if account["connected"] else "disconnected"


def _state_text(account: Mapping[str, Any]) -> Any:
    from rich.text import Text

    health = _health(account)
    style = HEALTH_STYLE.get(health, "red")
    if account["paused"]:
        return Text(f"{health}, paused", style="yellow" if health == "active" else style)
    return Text(health, style=style)


def _lasts(account: Mapping[str, Any]) -> str:
    days = account["token_days_left"]
    if days is None or _health(account) in DEAD:
        return ""
    return "ended" if days <= 0 else f"{days:.0f} days" if days >= 2 else f"{days * 24:.1f} hours"


def _meaning(account: Mapping[str, Any]) -> str:
    paused = " Paused: nothing is sent to it." if account["paused"] else ""
    words = account["health_words"] if account["connected"] else "Its tokens are forgotten; its posts wait."
    return f"{words}{paused}"


def _todo(account: Mapping[str, Any]) -> list[str]:
    """What a person does about an account that does not simply work, in sentences."""
    health, cause = _health(account), account["health_cause"] or {}
    if health == "active":
        return [f"'treadle accounts resume {called(account)}' lets what waits go."] if account["paused"] else []
    told = "" if health == "disconnected" else str(cause.get("next_step") or cause.get("why") or "")
    way = f"'treadle accounts reconnect {called(account)}' prints a link for its owner." if health in AGAIN else ""
    return [sentence for sentence in (told, way) if sentence]


@app.command()
def show(account: AccountArg, workspace: Workspace = "", as_json: Json = False) -> None:
    """Show one: health, permissions, what reconnecting would send."""
    from treadle.domain.answers import Missing
    from treadle.services.accounts import read_whole

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = account_of(app, workspace_id, account, disconnected=True)["id"]
        one = asyncio.run(read_whole(app, workspace_id, id_))
    if isinstance(one, Missing):
        missing(one.what, as_json)
    found = one.model_dump()
    if as_json:
        say(found)
    else:
        _print(found)


def _print(found: Mapping[str, Any]) -> None:
    from treadle_diagnosis.cli.show import bold, field, write

    sends, holds = len(found["reconnect_would"]["sends"]), len(found["reconnect_would"]["holds"])
    write(
        f"{bold(called(found))}  {found['id']}  {_state_text(found)}",
        field("What it means", _meaning(found)),
        *_labelled("What to do", _todo(found)),
        field("Token lasts", _lasts(found)),
        field("Permissions", ", ".join(found["scopes"]) or "not known"),
        field("Reconnecting", f"would send {sends} posts and hold {holds} for a yes." if sends or holds else ""),
        field("Looked at", when(found["checked_at"])),
        field("Here since", when(found["created_at"])),
    )


@app.command()
def add(
    token: Annotated[
        str, typer.Option("--token", help="The token; '-' reads it from standard input; left out, it is asked for.")
    ] = "",
    account: Annotated[str, typer.Option("--account", help="Reconnect this account, and no other profile.")] = "",
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Connect by a token from Meta's dashboard. A long-lived one is recognised; a short one is made to last.

    A token on the command line can be seen in the list of processes: leave it out, and it is asked for.
    """
    from pydantic import SecretStr

    from treadle.domain.answers import Missing
    from treadle.services.connecting import AccountConnected, by_token

    if not token and sys.stdin.isatty():
        token = typer.prompt("Token", hide_input=True)
    elif token in ("", "-"):
        token = sys.stdin.readline()
    secret = SecretStr(token)
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        wanted = account_of(app, workspace_id, account, disconnected=True)["id"] if account else None
        made = asyncio.run(by_token(app, workspace_id, secret, actor=ACTOR, account_id=wanted))
        if isinstance(made, Missing):
            missing(made.what, as_json)
        if not isinstance(made, AccountConnected):
            _not_added(made, as_json, app.settings.threads_api_url)
        _added(made, as_json)


def _not_added(made: Unknown | ConnectPage, as_json: bool, asked: str) -> NoReturn:
    """Why the token was not taken, for people as much as is known; then the end: exit code 1."""
    from treadle.accounts.pages import ConnectPage
    from treadle_diagnosis.cli.show import bold, field, write

    if isinstance(made, ConnectPage):
        if as_json:
            said = " ".join((made.happened, *made.todo))
            say({**made.to_json(), "error": "threads_refused", "message": f"{made.title}. {said}"})
        else:
            write(bold(made.title), made.happened, *made.todo)
        raise typer.Exit(1)
    found = made.diagnosis
    if as_json:
        # Nobody asked Threads when there was no token to ask with.
        word = {"error": "invalid_request"} if made.step == "input" else {}
        say({"ok": False, **refusal_json(found), **word})
    else:
        write(
            bold(found.title),
            field("What happened", found.what_happened),
            field("What to do", found.next_step),
            field("For developers", found.next_step_developer),
            field("Asked", f"{asked} (TREADLE_THREADS_API_URL)" if found.pattern in UNHEARD else ""),
            field("More", f"treadle explain {found.pattern}"),
        )
    raise typer.Exit(1)


def _added(made: AccountConnected, as_json: bool) -> None:
    from treadle_diagnosis.cli.show import bold, field, write

    if as_json:
        say({"ok": True, "account_id": made.id, **made.model_dump()})
        return
    words = {"new": "is connected", "reconnected": "is connected again", "returned": "is connected again"}
    write(
        bold(f"{called(made.model_dump())} {words[made.outcome]}") + f"  {made.id}",
        field("Missing", f"{', '.join(made.missing_scopes)}: publishing will not work without.")
        if made.missing_scopes
        else "",
        f"{plural(len(made.released), 'post that waited goes', 'posts that waited go')} out now."
        if made.released
        else "",
    )


Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        help="A permission to ask for; repeatable. What publishing needs, unless said. threads_basic comes along.",
    ),
]
ReturnUrl = Annotated[str, typer.Option("--return-url", help="Where to go afterwards; under a return address.")]


@app.command()
def connect(return_url: ReturnUrl = "", scope: Scopes = None, workspace: Workspace = "", as_json: Json = False) -> None:
    """Print a link for somebody to connect an account through Threads."""
    _link(None, return_url, scope, workspace, as_json)


@app.command()
def reconnect(
    account: AccountArg,
    return_url: ReturnUrl = "",
    scope: Scopes = None,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Print a link that connects this account again; no other profile can use it."""
    _link(account, return_url, scope, workspace, as_json)


def _link(account: str | None, return_url: str, scopes: list[str] | None, workspace: str, as_json: bool) -> None:
    from treadle.accounts import links
    from treadle.domain.refusal import Refusal
    from treadle.people import audit
    from treadle.services.read import iso

    with house() as app:
        workspace_id, now = workspace_of(app, workspace), app.now()
        wanted = account_of(app, workspace_id, account, disconnected=True)["id"] if account else None
        asked: dict[str, Any] = {"account_id": wanted, "return_url": return_url or None, "scopes": scopes}
        with app.db.begin() as conn:
            made = links.create(conn, app.settings, workspace_id, now=now, **asked)
            if isinstance(made, links.Link):
                audit.note(conn, workspace_id, ACTOR, "link.created", made.id, {"account_id": wanted}, now=now)
    if isinstance(made, Refusal):
        no(made, as_json)
    if as_json:
        say({"id": made.id, "url": made.url, "expires_at": iso(made.expires_at)})
        return
    typer.echo(made.url)
    typer.echo("Good for one connection, for a day. Whoever opens it connects their profile.", err=True)


@app.command()
def recheck(account: AccountArg, workspace: Workspace = "", as_json: Json = False) -> None:
    """Look at Threads whether the account works; what proves to be over is closed, and its posts go."""
    from treadle.domain.answers import Missing
    from treadle.domain.refusal import Refusal
    from treadle.services.accounts import recheck as check
    from treadle_diagnosis.cli.show import bold, write

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = account_of(app, workspace_id, account, disconnected=True)["id"]
        found = asyncio.run(check(app, workspace_id, id_))
    if isinstance(found, Refusal):
        no(found, as_json)
    if isinstance(found, Missing):
        missing(found.what, as_json)
    if as_json:
        say(found.model_dump())
    else:
        write(
            bold(found.health),
            found.message,
            f"{plural(len(found.released), 'post goes', 'posts go')} out now." if found.released else "",
        )
    if found.cause is not None:
        raise typer.Exit(1)


@app.command()
def refresh(account: AccountArg, workspace: Workspace = "", as_json: Json = False) -> None:
    """Renew the account's token now rather than when its time comes."""
    from treadle.accounts.refresh import refresh as renew
    from treadle.services.accounts import with_accounts
    from treadle_diagnosis.cli.show import bold, field, write

    with house() as app:
        row = account_of(app, workspace_of(app, workspace), account, disconnected=True)
        if not row["connected"]:
            not_connected(as_json)
        made = asyncio.run(with_accounts(app, lambda rooms: renew(rooms, row["id"], asked=True)))
    said = {
        "refreshed": "The token was renewed.",
        "later": "Not this time; it is tried again by itself.",
        "dead": "The token is dead: connect the account again.",
        "skipped": "Another process is at it.",
    }[made.outcome]
    renewed = made.outcome == "refreshed"
    if as_json:
        word = {} if renewed else {"error": "busy" if made.outcome == "skipped" else "threads_refused"}
        cause = made.diagnosis.to_json() if made.diagnosis else None
        say({"outcome": made.outcome, **word, "message": said, "cause": cause})
    else:
        write(bold(said), field("What happened", made.diagnosis.what_happened) if made.diagnosis else "")
    if not renewed:
        raise typer.Exit(1)


@app.command()
def disconnect(account: AccountArg, workspace: Workspace = "", as_json: Json = False) -> None:
    """Forget the account's tokens. Its posts wait until it is connected again."""
    from treadle.accounts.storing import disconnect as forget

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = account_of(app, workspace_id, account, disconnected=True)
        with app.db.begin() as conn:
            done = forget(conn, workspace_id, found["id"], actor=ACTOR, now=app.now())
    if not done:
        not_connected(as_json)
    if as_json:
        say({"account_id": found["id"], "username": found["username"], "disconnected": True})
    else:
        typer.echo(f"{called(found)} is disconnected; its tokens are forgotten.")


app.command("pause")(pause)
app.command("resume")(resume)
app.command("quota")(quota)
