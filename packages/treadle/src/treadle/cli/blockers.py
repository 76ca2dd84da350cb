"""``treadle blockers``: what holds posts back, what its repair would publish, and checking it again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from treadle.cli._groups import group
from treadle.cli._ids import whole_id
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import fail, print_json, short, speaks_json, table, when
from treadle.plural import plural

app = group("Show what holds posts back, and check it again. Without a command: list.")
BlockerId = Annotated[str, typer.Argument(metavar="BLOCKER", help="Id of the blocker (blk_...), or enough of its end.")]


@command(app, "list", reads=True)
def list_blockers(
    cmd: Invocation,
    repaired: Annotated[bool, typer.Option("--repaired", help="Include repaired ones.")] = False,
) -> None:
    """List open blockers."""
    from treadle.services.read import list_blockers as listing

    app, workspace_id = cmd.app, cmd.workspace_id
    with app.db.read() as conn:
        found = listing(conn, workspace_id, open_only=not repaired)
    if cmd.json:
        print_json({"data": found})
        return
    if not found:
        typer.echo("No open blockers.", err=True)
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


@command(app, reads=True)
def show(cmd: Invocation, blocker: BlockerId) -> None:
    """Show a blocker, and what its repair would publish."""
    found = _find(cmd, blocker)
    if cmd.json:
        print_json(found)
        return
    _print(found)


def _find(cmd: Invocation, given: str) -> dict[str, Any]:
    from treadle.services.read import get_blocker
    from treadle.store.repair_preview import preview as would_do

    id_ = whole_id(cmd, given, "blocker")
    with cmd.app.db.read() as conn:
        found = get_blocker(conn, cmd.workspace_id, id_)
        if found is None:
            fail("There is no such blocker in this workspace.", error="not_found")
        return {**found, "would": would_do(conn, [found["id"]], workspace_id=cmd.workspace_id, now=cmd.app.now())}


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
        field("Its repair", f"would publish {len(would['sends'])} posts and hold {len(would['holds'])} as too late."),
        field("Next check", when(found["next_check_at"])),
    )


@command(app)
def recheck(
    cmd: Invocation,
    blocker: BlockerId,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what the repair would publish.")] = False,
) -> None:
    """Check whether the cause is gone, and publish its posts if so. Exit code 1 while it is still there."""
    import asyncio

    from treadle.engine.rechecking import recheck as look
    from treadle.services.asking import ask

    found = _find(cmd, blocker)
    if preview:
        _print_preview(found)
        return
    if found["repaired_at"]:
        fail("It is already repaired.", error="is_repaired")
    app = cmd.app
    result = asyncio.run(ask(app, lambda accounts: look(accounts, app.releaser, found["id"], asked=True)))
    if cmd.json:
        print_json({"verdict": result.verdict, "message": result.message, "released": list(result.released)})
    else:
        typer.echo(
            result.message
            + (f" {plural(len(result.released), 'post is', 'posts are')} published now." if result.released else "")
        )
    if result.verdict == "still":
        raise typer.Exit(1)


def _print_preview(found: dict[str, Any]) -> None:
    would = found["would"]
    if speaks_json():
        print_json(would)
        return
    typer.echo(
        f"It would publish {len(would['sends'])} posts and hold {len(would['holds'])} for approval: they are too late."
    )
    for post_id in would["sends"]:
        typer.echo(f"send\t{post_id}")
    for post_id in would["holds"]:
        typer.echo(f"hold\t{post_id}")
