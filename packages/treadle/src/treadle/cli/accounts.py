"""``treadle accounts``: connect, list, show, recheck, reconnect, pause, disconnect."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from treadle.cli._groups import group
from treadle.cli._invocation import ACTOR, AccountArg, Invocation, called, command
from treadle.cli._print import (
    fail_missing,
    fail_refusal,
    print_json,
    print_result,
    refusal_json,
    speaks_json,
    table,
    when,
)
from treadle.cli.accounts_sending import not_connected, pause, quota, resume
from treadle.plural import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from treadle.accounts.pages import ConnectPage
    from treadle.accounts.tokens import Unknown
    from treadle.services.connecting import AccountConnected

UNHEARD = ("meta_unreachable", "connection_lost")  # then the address may be the wrong one
SHORT_LIVED = (
    "It is a short-lived one, which Threads does not renew; later posts wait until the account is connected again.",
    "Add a long-lived one, or set TREADLE_THREADS_APP_ID and TREADLE_THREADS_APP_SECRET: Treadle then exchanges it.",
)
DEAD = ("disconnected", "reconnect")  # whenever its token expires
AGAIN = (*DEAD, "expiring")  # only the owner can help, by connecting again
HEALTH_STYLE: Mapping[str, str] = {"active": "green", "expiring": "yellow", "limited": "yellow", "disconnected": "dim"}
app = group("Connect, list, recheck, reconnect and pause accounts. Without a command: the list.")


@command(app, "list", reads=True)
def list_accounts(cmd: Invocation) -> None:
    """List accounts with their health and what to do about each, including disconnected ones."""
    from treadle.services.accounts import listing
    from treadle_diagnosis.cli.show import bold

    app = cmd.app
    known = asyncio.run(listing(app, cmd.workspace_id, disconnected=True))
    found = known.to_json()["data"]
    if cmd.json:
        print_json({"data": found})
        return
    if not found:
        typer.echo(
            "No account is connected yet. 'treadle accounts add' connects one with a token from Meta's dashboard.",
            err=True,
        )
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
    """A line for each, so that a command to copy is not broken in two."""
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
    return "expired" if days <= 0 else f"{days:.0f} days" if days >= 2 else f"{days * 24:.1f} hours"


def _meaning(account: Mapping[str, Any]) -> str:

    paused = " Paused: nothing is sent to it." if account["paused"] else ""
    words = account["health_words"] if account["connected"] else "Its tokens were deleted; its posts wait."
    return f"{words}{paused}"


def _todo(account: Mapping[str, Any]) -> list[str]:
    """What a person does about an account that does not simply work, in sentences."""
    health, cause = _health(account), account["health_cause"] or {}
    if health == "active":
        return (
            [f"'treadle accounts resume {called(account)}' publishes the posts that wait."] if account["paused"] else []
        )
    step = "" if health == "disconnected" else str(cause.get("next_step") or cause.get("why") or "")
    way = f"'treadle accounts reconnect {called(account)}' prints a link for its owner." if health in AGAIN else ""
    return [sentence for sentence in (step, way) if sentence]


@command(app, reads=True)
def show(cmd: Invocation, account: AccountArg) -> None:
    """Show an account: health, permissions, and what reconnecting it would publish."""
    from treadle.domain.answers import Missing
    from treadle.services.accounts import read_whole

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = cmd.account(account, disconnected=True)["id"]
    one = asyncio.run(read_whole(app, workspace_id, id_))
    if isinstance(one, Missing):
        fail_missing(one.what)
    found = one.to_json()
    if cmd.json:
        print_json(found)
    else:
        _print(found)


def _permissions(found: Mapping[str, Any]) -> str:
    """The permissions, marked when they were only asked for."""
    known = ", ".join(found["scopes"]) or "not known"
    return known if found.get("scopes_confirmed", True) else f"{known} (asked for, not confirmed by Threads)"


def _print(found: Mapping[str, Any]) -> None:

    from treadle_diagnosis.cli.show import bold, field, write

    sends, holds = len(found["reconnect_would"]["sends"]), len(found["reconnect_would"]["holds"])
    write(
        f"{bold(called(found))}  {found['id']}  {_state_text(found)}",
        field("What it means", _meaning(found)),
        *_labelled("What to do", _todo(found)),
        field(
            "Token lasts",
            _lasts(found) + (" (assumed: Threads did not say)" if found.get("token_expiry_assumed") else ""),
        ),
        field("Permissions", _permissions(found)),
        field("Reconnecting", f"would publish {sends} posts and hold {holds} for approval." if sends or holds else ""),
        field("Last checked", when(found["checked_at"])),
        field("Connected", when(found["created_at"])),
    )


@command(app)
def add(
    cmd: Invocation,
    token: Annotated[
        str,
        typer.Option("--token", help="The token, or '-' to read it from standard input. Without it, you are asked."),
    ] = "",
    account: Annotated[
        str, typer.Option("--account", metavar="ACCOUNT", help="Reconnect this account, and no other profile.")
    ] = "",
) -> None:
    """Connect an account with a token from Meta's dashboard. A short-lived token is exchanged for a long-lived one.

    Other users of this machine can see command lines: leave the token out, and you are asked for it.
    """
    from pydantic import SecretStr

    from treadle.domain.answers import Missing
    from treadle.services.connecting import AccountConnected, by_token

    if not token and sys.stdin.isatty():
        token = typer.prompt("Token", hide_input=True)
    elif token in ("", "-"):
        token = sys.stdin.readline()
    secret = SecretStr(token)
    app, workspace_id = cmd.app, cmd.workspace_id
    wanted = cmd.account(account, disconnected=True)["id"] if account else None
    made = asyncio.run(by_token(app, workspace_id, secret, actor=ACTOR, account_id=wanted))
    if isinstance(made, Missing):
        fail_missing(made.what)
    if not isinstance(made, AccountConnected):
        _not_added(made, app.settings.threads_api_url)
    _added(made)


def _not_added(made: Unknown | ConnectPage, asked: str) -> NoReturn:
    """Print why the token was not accepted, and end the command with 1."""
    from treadle.accounts.pages import ConnectPage
    from treadle_diagnosis.cli.show import bold, field, write

    if isinstance(made, ConnectPage):
        if speaks_json():
            message = " ".join((made.happened, *made.todo))
            print_json({**made.to_json(), "error": "threads_refused", "message": f"{made.title}. {message}"})
        else:
            write(bold(made.title), made.happened, *made.todo)
        raise typer.Exit(1)
    found = made.diagnosis
    if speaks_json():
        # Nobody asked Threads when there was no token to ask with.
        word = {"error": "invalid_request"} if made.step == "input" else {}
        print_json({"ok": False, **refusal_json(found), **word})
    elif made.step == "input":
        write(
            bold("No token was given"),
            field("What happened", "Threads was not asked."),
            field("What to do", "Give the token with --token, or leave that out and paste it."),
            field("More", f"treadle explain {found.pattern}"),
        )
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


def _added(made: AccountConnected) -> None:
    from treadle_diagnosis.cli.show import bold, field, write

    if speaks_json():
        print_json({"ok": True, "account_id": made.id, **made.to_json()})
        return
    words = {"new": "is connected", "reconnected": "is connected again", "returned": "is connected again"}
    write(
        bold(f"{called(made.to_json())} {words[made.outcome]}") + f"  {made.id}",
        field("Missing", f"{', '.join(made.missing_scopes)}: publishing does not work without them.")
        if made.missing_scopes
        else "",
        *_labelled("Token lasts", [f"{_lasts(made.to_json())}.", *SHORT_LIVED]) if made.short_lived else (),
        f"{plural(len(made.released), 'waiting post is', 'waiting posts are')} published now." if made.released else "",
    )


Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        metavar="PERMISSION",
        help="A permission to request; repeatable. By default what publishing needs; threads_basic is always included.",
    ),
]
ReturnUrl = Annotated[
    str,
    typer.Option(
        "--return-url",
        metavar="URL",
        help="Where to go afterwards; must be under one of the workspace's return addresses.",
    ),
]


@command(app)
def connect(cmd: Invocation, return_url: ReturnUrl = "", scope: Scopes = None) -> None:
    """Print a link with which someone connects an account through Threads."""
    _link(cmd, None, return_url, scope)


@command(app)
def reconnect(cmd: Invocation, account: AccountArg, return_url: ReturnUrl = "", scope: Scopes = None) -> None:
    """Print a link that reconnects this account; no other profile can use it."""
    _link(cmd, account, return_url, scope)


def _link(cmd: Invocation, account: str | None, return_url: str, scopes: list[str] | None) -> None:
    from treadle.domain.refusal import Refusal
    from treadle.services.connecting import create_link

    app = cmd.app
    wanted = cmd.account(account, disconnected=True)["id"] if account else None
    asked: dict[str, Any] = {"account_id": wanted, "return_url": return_url or None, "scopes": scopes}
    with app.db.begin() as conn:
        made = create_link(conn, app, cmd.workspace_id, actor=ACTOR, **asked)
    if isinstance(made, Refusal):
        fail_refusal(made)
    if cmd.json:
        print_json(made.model_dump())
        return
    typer.echo(made.url)
    typer.echo("Valid for one connection within a day. Whoever opens it connects their own profile.", err=True)


@command(app)
def recheck(cmd: Invocation, account: AccountArg) -> None:
    """Ask Threads whether the account works. Problems that are over are closed, and their posts are published."""
    from treadle.domain.answers import Missing
    from treadle.domain.refusal import Refusal
    from treadle.services.accounts import recheck as check
    from treadle_diagnosis.cli.show import bold, write

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = cmd.account(account, disconnected=True)["id"]
    found = asyncio.run(check(app, workspace_id, id_))
    if isinstance(found, Refusal):
        fail_refusal(found)
    if isinstance(found, Missing):
        fail_missing(found.what)
    if cmd.json:
        print_json(found.to_json())
    else:
        write(
            bold(found.health),
            found.message,
            f"{plural(len(found.released), 'post is', 'posts are')} published now." if found.released else "",
        )
    if found.cause is not None:
        raise typer.Exit(1)


@command(app)
def refresh(cmd: Invocation, account: AccountArg) -> None:
    """Refresh the account's token now instead of when it is due."""
    from treadle.accounts.refresh import refresh as renew
    from treadle.services.accounts import with_accounts
    from treadle_diagnosis.cli.show import bold, field, write

    app = cmd.app
    row = cmd.account(account, disconnected=True)
    if not row["connected"]:
        not_connected()
    made = asyncio.run(with_accounts(app, lambda accounts: renew(accounts, row["id"], asked=True)))
    message = {
        "refreshed": "The token was refreshed.",
        "later": "Not refreshed this time. Treadle will try again automatically.",
        "dead": "The access token no longer works: reconnect the account.",
        "skipped": "Another process is refreshing it.",
    }[made.outcome]
    renewed = made.outcome == "refreshed"
    if cmd.json:
        word = {} if renewed else {"error": "busy" if made.outcome == "skipped" else "threads_refused"}
        cause = made.diagnosis.to_json() if made.diagnosis else None
        print_json({"outcome": made.outcome, **word, "message": message, "cause": cause})
    else:
        write(bold(message), field("What happened", made.diagnosis.what_happened) if made.diagnosis else "")
    if not renewed:
        raise typer.Exit(1)


@command(app)
def disconnect(cmd: Invocation, account: AccountArg) -> None:
    """Delete the account's tokens. Its posts wait until it is reconnected."""
    from treadle.accounts.storing import disconnect as forget

    app, workspace_id = cmd.app, cmd.workspace_id
    found = cmd.account(account, disconnected=True)
    with app.db.begin() as conn:
        done = forget(conn, workspace_id, found["id"], actor=ACTOR, now=app.now())
    if not done:
        not_connected()
    print_result(
        {"account_id": found["id"], "username": found["username"], "disconnected": True},
        f"{called(found)} is disconnected; its tokens were deleted.",
    )


for each in (pause, resume, quota):
    command(app)(each)
