"""Whether an account sends, and how much it may: ``treadle accounts pause | resume | quota``."""

from __future__ import annotations

import asyncio
from typing import Annotated, NoReturn

import typer

from treadle.cli._invocation import ACTOR, AccountArg, Invocation, called
from treadle.cli._print import fail_missing, fail_refusal, fail_threads, print_json, table, when
from treadle.plural import plural


def pause(cmd: Invocation, account: AccountArg) -> None:
    """Stop publishing to an account now; posts that are being published are finished."""
    _set(cmd, account, paused=True)


def resume(cmd: Invocation, account: AccountArg) -> None:
    """Publish to a paused account again, and the posts that waited."""
    _set(cmd, account, paused=False)


def _set(cmd: Invocation, account: str, *, paused: bool) -> None:
    from treadle.domain.answers import Missing
    from treadle.services.accounts import pause as set_paused

    app, workspace_id = cmd.app, cmd.workspace_id
    found = cmd.account(account, disconnected=True)
    with app.db.begin() as conn:
        done = set_paused(conn, app, workspace_id, found["id"], paused=paused, actor=ACTOR)
    released = [] if isinstance(done, Missing) else list(done)
    if cmd.json:
        print_json({"account_id": found["id"], "username": found["username"], "paused": paused, "released": released})
    elif paused:
        typer.echo(f"{called(found)} is paused: nothing is published until you resume it.")
    else:
        typer.echo(
            f"{called(found)} is resumed."
            + (f" {plural(len(released), 'post is', 'posts are')} published now." if released else "")
        )


def quota(
    cmd: Invocation,
    account: AccountArg,
    here: Annotated[bool, typer.Option("--here", help="Show only what Treadle knows, without asking Threads.")] = False,
) -> None:
    """Show how many posts and replies an account can publish in a rolling 24 hours, and how many it has."""
    from treadle.domain.answers import Missing
    from treadle.domain.refusal import Refusal
    from treadle.services.accounts import quota as quota_of
    from treadle_diagnosis.types import Diagnosis

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = cmd.account(account, disconnected=True)["id"]
    made = asyncio.run(quota_of(app, workspace_id, id_, live=not here))
    match made:
        case Diagnosis():
            fail_threads(made, "'--here' shows what Treadle knows without asking Threads.")
        case Refusal():
            not_connected()
        case Missing(what):
            fail_missing(what)
    found = made.to_json()
    if cmd.json:
        print_json(found)
        return
    rows = [
        (
            name,
            "not known" if found[name]["used"] is None else found[name]["used"],
            found[name]["total"],
            found[name]["here"],
        )
        for name in ("posts", "replies")
    ]
    table(("", "Used", "Of", "From here"), rows)
    if found["full_until"]:
        typer.echo(f"Full until {when(found['full_until'])}.", err=True)


def not_connected() -> NoReturn:
    """End the command: there is no token to ask Threads with."""
    from treadle.domain.refusal import Refusal

    why = "Reconnect it: Treadle has no token for it."
    fail_refusal(Refusal("The account is not connected", why, 409, pattern="account_disconnected"))
