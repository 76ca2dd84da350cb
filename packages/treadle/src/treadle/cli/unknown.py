"""``treadle unknown``: answers of Meta that no pattern of the catalogue explains."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from treadle.cli._house import Json, Workspace, fail, hand_down, house, missing, say, table, when, workspace_of

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
Shape = Annotated[str, typer.Argument(metavar="SHAPE", help="The shape as listed, or enough of it to tell it apart.")]


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.callback(invoke_without_command=True)
def unknown(context: typer.Context, workspace: Workspace = "", as_json: Json = False) -> None:
    """Answers of Meta that nobody has catalogued yet. Without a command: all that posts of this workspace met."""
    if context.invoked_subcommand is None:
        list_unknown(workspace=workspace, as_json=as_json)
    else:
        hand_down(context)


@app.command("list")
def list_unknown(workspace: Workspace = "", as_json: Json = False) -> None:
    """List them, the most frequent first. Nothing is tried again by itself after one."""
    found = _all(workspace)
    if as_json:
        say({"data": found})
        return
    if not found:
        typer.echo("Every answer so far is explained.", err=True)
        return
    table(("Shape", "Times", "Last"), [(a["shape"], a["count"], when(a["last_at"])) for a in found])


@app.command()
def show(shape: Shape, workspace: Workspace = "", as_json: Json = False) -> None:
    """Show one as it came, secrets removed."""
    from treadle_diagnosis import UNKNOWN, diagnose
    from treadle_diagnosis.cli.show import bold, field, write

    one = _one(shape, workspace, as_json)
    now_known = diagnose(one["sample"]).pattern  # the catalogue may have grown since
    if as_json:
        say({**one, "known_as": None if now_known == UNKNOWN else now_known})
        return
    times = "once" if one["count"] == 1 else f"{one['count']} times"
    write(
        bold(one["shape"]),
        field("Came", f"{times}, first {when(one['first_at'])}, last {when(one['last_at'])}"),
        field("A post", f"{one['post_id']} ('treadle posts show' tells how it went on)"),
        field("Explained now", "" if now_known == UNKNOWN else f"treadle explain {now_known}"),
        field("What to do", "" if now_known != UNKNOWN else "Send 'treadle unknown report', so that it can be added."),
        " ",
        json.dumps(one["sample"], ensure_ascii=False, indent=2),
    )


@app.command()
def report(shape: Shape, workspace: Workspace = "", as_json: Json = False) -> None:
    """Print a report of one, ready to send: all that helps to catalogue it, and no secret."""
    from treadle_diagnosis.shape import report as written

    one = _one(shape, workspace, as_json)
    text = written(one["sample"], seen=one["count"])
    if as_json:
        say({"shape": one["shape"], "report": text})
    else:
        typer.echo(text)


def _one(shape: str, workspace: str, as_json: bool) -> dict[str, Any]:
    """The answer of this shape, or the only one whose shape holds these words."""
    found = _all(workspace)
    same = [a for a in found if a["shape"] == shape] or [a for a in found if shape in a["shape"]]
    if not same:
        missing("unknown answer", as_json)
    if len(same) > 1:
        fail(f"{len(same)} shapes hold '{shape}': write more of it.", "'treadle unknown list' shows them.", code=2)
    return same[0]


def _all(workspace: str) -> list[dict[str, Any]]:
    from treadle.services.causes import unknown_answers

    with house() as app:
        workspace_id = workspace_of(app, workspace)
        with app.db.read() as conn:
            return [one.model_dump() for one in unknown_answers(conn, workspace_id).data]
