"""Whether an account sends, and how much it may: ``treadle accounts pause | resume | quota``."""

from __future__ import annotations

import asyncio
from typing import Annotated, NoReturn

import typer

from treadle.cli._house import (
    ACTOR,
    AccountArg,
    Json,
    Workspace,
    account_of,
    called,
    house,
    missing,
    no,
    say,
    table,
    threads_refused,
    when,
    workspace_of,
)
from treadle.plural import plural


def pause(account: AccountArg, workspace: Workspace = "", as_json: Json = False) -> None:
    """Stop sending to it at once; what is being sent is finished."""
    _set(account, workspace, as_json, paused=True)


def resume(account: AccountArg, workspace: Workspace = "", as_json: Json = False) -> None:
    """Let what waited go."""
    _set(account, workspace, as_json, paused=False)


def _set(account: str, workspace: str, as_json: bool, *, paused: bool) -> None:
    from treadle.domain.answers import Missing
    from treadle.services.accounts import pause as set_paused

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = account_of(app, workspace_id, account, disconnected=True)
        with app.db.begin() as conn:
            done = set_paused(conn, app, workspace_id, found["id"], paused=paused, actor=ACTOR)
    released = [] if isinstance(done, Missing) else list(done)
    if as_json:
        say({"account_id": found["id"], "username": found["username"], "paused": paused, "released": released})
    elif paused:
        typer.echo(f"{called(found)} is paused: nothing is sent to it until you resume.")
    else:
        typer.echo(
            f"{called(found)} goes on."
            + (f" {plural(len(released), 'post goes', 'posts go')} now." if released else "")
        )


def quota(
    account: AccountArg,
    here: Annotated[bool, typer.Option("--here", help="Only what is known here; do not ask Threads.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """How much it may publish in 24 moving hours, and how much it did."""
    from treadle.domain.answers import Missing
    from treadle.domain.refusal import Refusal
    from treadle.services.accounts import quota as quota_of
    from treadle_diagnosis.types import Diagnosis

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        id_ = account_of(app, workspace_id, account, disconnected=True)["id"]
        made = asyncio.run(quota_of(app, workspace_id, id_, live=not here))
    match made:
        case Diagnosis():
            threads_refused(made, "'--here' shows what is known without asking.")
        case Refusal():
            not_connected(as_json)
        case Missing(what):
            missing(what, as_json)
    found = made.model_dump()
    if as_json:
        say(found)
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


def not_connected(as_json: bool) -> NoReturn:
    """End the command: there is no token to ask Threads with."""
    from treadle.domain.refusal import Refusal

    why = "Connect it again: Treadle holds no token of it."
    no(Refusal("The account is not connected", why, 409, pattern="account_disconnected"), as_json)
