"""``treadle blockers``: what holds posts back, what a repair would send, and looking again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._house import Json, Workspace, fail, hand_down, house, say, short, table, when, workspace_of
from treadle.plural import plural

if TYPE_CHECKING:
    from treadle.app import App

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
BlockerId = Annotated[str, typer.Argument(metavar="BLOCKER", help="Id of the blocker (blk_...), or enough of its end.")]


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def blockers(context: typer.Context, workspace: Workspace = "", as_json: Json = False) -> None:
    """What holds posts back. Without a command: the open causes."""
    if context.invoked_subcommand is None:
        list_blockers(workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_blockers(
    repaired: Annotated[bool, typer.Option("--repaired", help="Also those that are repaired.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """List open causes."""
    from treadle.services.read import list_blockers as listing

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        with app.db.read() as conn:
            found = listing(conn, workspace_id, open_only=not repaired)
    if as_json:
        say({"data": found})
        return
    if not found:
        typer.echo("Nothing holds posts back.", err=True)
        return
    rows = [
        (
            b["id"],
            b["cause"]["title"],
            b["scope"],
            b["posts_waiting"],
            when(b["opened_at"]),
            b["cause"].get("action_label", b["action"]),
            short(b["cause"]["next_step"], 80),
        )
        for b in found
    ]
    table(("Blocker", "Cause", "Holds", "Posts", "Since", "Action", "What to do"), rows, ends=True)


@app.command()
def show(blocker: BlockerId, workspace: Workspace = "", as_json: Json = False) -> None:
    """Show one, and what its repair would send."""
    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = _find(app, workspace_id, blocker)
    if as_json:
        say(found)
        return
    _print(found)


def _find(app: App, workspace_id: str, blocker_id: str) -> dict[str, Any]:
    import sqlalchemy as sa

    from treadle.cli._ids import one_of
    from treadle.services.read import get_blocker
    from treadle.store.repair_preview import preview as would_do
    from treadle.store.tables import blockers as b

    def ending_in(ending: str) -> list[str]:
        # Those of the app and of Threads itself belong to no workspace.
        seen = sa.or_(b.c.workspace_id == workspace_id, b.c.workspace_id.is_(None))
        query = sa.select(b.c.id).where(seen, b.c.id.endswith(ending, autoescape=True)).limit(2)
        with app.db.read() as conn:
            return [str(id_) for id_ in conn.execute(query).scalars()]

    id_ = one_of(blocker_id, "blocker", "blocker", ending_in)
    with app.db.read() as conn:
        found = get_blocker(conn, workspace_id, id_)
        if found is None:
            fail("There is no such blocker in this workspace.", error="not_found")
        return {**found, "would": would_do(conn, [found["id"]], workspace_id=workspace_id, now=app.now())}


def _print(found: dict[str, Any]) -> None:
    from treadle_diagnosis.cli.show import bold, field, write

    cause, would = found["cause"], found["would"]
    state = f"repaired {when(found['repaired_at'])} ({found['repaired_by']})" if found["repaired_at"] else "open"
    write(
        f"{bold(cause['title'])}  {found['id']}  {state}",
        field(
            "Holds",
            f"{found['posts_waiting']} posts ({found['scope']} {found['key']}), since {when(found['opened_at'])}",
        ),
        field("What happened", cause["what_happened"]),
        field("What to do", cause["next_step"]),
        field("Repaired, it", f"would send {len(would['sends'])} posts and hold {len(would['holds'])} as too late."),
        field("Looks again", when(found["next_check_at"]) if found["next_check_at"] else ""),
    )


@app.command()
def recheck(
    blocker: BlockerId,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what a repair would send.")] = False,
    workspace: Workspace = "",
    as_json: Json = False,
) -> None:
    """Look whether the cause is gone; if so its posts go. Exit code 1 while it is still there."""
    import asyncio

    from treadle.engine.rechecking import recheck as look
    from treadle.services.asking import ask

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        found = _find(app, workspace_id, blocker)
        if preview:
            _say_preview(found, as_json)
            return
        if found["repaired_at"]:
            fail("It is repaired already.", error="is_repaired")
        result = asyncio.run(ask(app, lambda rooms: look(rooms, app.releaser, found["id"], asked=True)))
    if as_json:
        say({"verdict": result.verdict, "message": result.message, "released": list(result.released)})
    else:
        typer.echo(
            result.message
            + (f" {plural(len(result.released), 'post goes', 'posts go')} now." if result.released else "")
        )
    if result.verdict == "still":
        raise typer.Exit(1)


def _say_preview(found: dict[str, Any], as_json: bool) -> None:
    would = found["would"]
    if as_json:
        say(would)
        return
    typer.echo(
        f"It would send {len(would['sends'])} posts, and hold {len(would['holds'])} as too late to send unasked."
    )
    for post_id in would["sends"]:
        typer.echo(f"send\t{post_id}")
    for post_id in would["holds"]:
        typer.echo(f"hold\t{post_id}")
