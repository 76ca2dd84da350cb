"""After publishing: ``treadle posts insights`` and ``treadle posts replies``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from treadle.cli._ids import whole_id
from treadle.cli._invocation import ACTOR, Invocation
from treadle.cli._print import fail_missing, fail_threads, print_json, report_action, short, table, when

PostId = Annotated[str, typer.Argument(metavar="POST", help="Id of the post, or enough of its end to identify it.")]


def insights(
    cmd: Invocation,
    post: PostId,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask Threads for the figures now.")] = False,
) -> None:
    """Show views, likes, replies, reposts, quotes and shares of a published post, day by day."""
    from treadle.domain.answers import Missing
    from treadle.domain.insights import METRICS
    from treadle.services.insights import read
    from treadle.services.insights import refresh as ask_now
    from treadle_diagnosis.types import Diagnosis

    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, post, "post")
    if refresh:
        done = asyncio.run(ask_now(app, workspace_id, id_))
        if isinstance(done, Diagnosis):
            fail_threads(done)
        if done is not None:
            report_action(done)
    with app.db.read() as conn:
        found = read(conn, workspace_id, id_)
    if isinstance(found, Missing):
        fail_missing("post")
    if cmd.json:
        print_json(found.to_json())
        return
    if found.why:
        typer.echo(found.why, err=True)
    rows = [
        (str(part.position + 1), day.day, *("" if (n := getattr(day, name)) is None else str(n) for name in METRICS))
        for part in found.parts
        for day in part.days
    ]
    if rows:
        table(("Part", "Day", *(name.capitalize() for name in METRICS)), rows)


def replies(
    cmd: Invocation,
    post: PostId,
    hide: Annotated[str, typer.Option(metavar="REPLY", help="Hide this reply (its id on Threads).")] = "",
    show: Annotated[str, typer.Option(metavar="REPLY", help="Show this hidden reply again.")] = "",
) -> None:
    """List the replies to a published post, or hide one. 'treadle publish --option reply_to_id=REPLY' answers one."""
    from treadle.domain.answers import Conflict, Missing
    from treadle.services.replies import hide as hide_reply
    from treadle.services.replies import read
    from treadle_diagnosis.types import Diagnosis

    if hide and show:
        raise typer.BadParameter("use --hide or --show", param_hint="--hide")
    app, workspace_id = cmd.app, cmd.workspace_id
    id_ = whole_id(cmd, post, "post")
    if hide or show:
        done = asyncio.run(hide_reply(app, workspace_id, id_, hide or show, hidden=bool(hide), actor=ACTOR))
        if isinstance(done, Diagnosis):
            fail_threads(done)
        report_action(done)
        return
    found = asyncio.run(read(app, workspace_id, id_))
    if isinstance(found, Diagnosis):
        fail_threads(found)
    if isinstance(found, Missing | Conflict):
        report_action(found)
        return
    if cmd.json:
        print_json(found.to_json())
        return
    if not found.data:
        typer.echo("No replies.", err=True)
        return
    rows = [
        (one.id, f"@{one.username}", when(one.at), "hidden" if one.hidden else "", short(one.text or "", 60))
        for one in found.data
    ]
    table(("Reply", "From", "When", "Hidden", "Text"), rows)
