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
    from treadle.domain.answers import Done
    from treadle.people import audit

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = account_of(app, workspace_id, account, disconnected=True)
        with app.db.begin() as conn:
            now, act = app.now(), "account.paused" if paused else "account.resumed"
            answer = app.posts.pause(conn, workspace_id, account_id=found["id"], paused=paused, now=now)
            audit.note(conn, workspace_id, ACTOR, act, found["id"], now=now)
    released = list(answer.detail.get("released", [])) if isinstance(answer, Done) else []
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
    from treadle.http.accounts import quota_of
    from treadle_diagnosis.types import Diagnosis

    with house() as app:
        row = account_of(app, workspace_of(app, workspace), account, disconnected=True)
        if not here and row["token_enc"] is None:
            not_connected(as_json)
        found = asyncio.run(quota_of(app, row, live=not here))
    if isinstance(found, Diagnosis):
        threads_refused(found, "'--here' shows what is known without asking.")
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
