"""``treadle unknown``: errors from Meta that no pattern of the catalogue covers."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from treadle.cli._groups import group
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import fail, fail_missing, print_json, print_result, table, when

app = group("Show errors from Meta that the catalogue does not cover yet. Without a command: list.")
Shape = Annotated[str, typer.Argument(metavar="SHAPE", help="The shape as listed, or enough of it to identify it.")]


@command(app, "list", reads=True)
def list_unknown(cmd: Invocation) -> None:
    """List them, most frequent first. Treadle does not retry automatically after one."""
    found = _all(cmd)
    if cmd.json:
        print_json({"data": found})
        return
    if not found:
        typer.echo("No uncatalogued errors.", err=True)
        return
    table(("Shape", "Times", "Last"), [(a["shape"], a["count"], when(a["last_at"])) for a in found])


@command(app, reads=True)
def show(cmd: Invocation, shape: Shape) -> None:
    """Show one as it was received, without secrets."""
    from treadle_diagnosis import UNKNOWN, diagnose
    from treadle_diagnosis.cli.show import bold, field, write

    one = _one(cmd, shape)
    now_known = diagnose(one["sample"]).pattern  # the catalogue may have grown since
    if cmd.json:
        print_json({**one, "known_as": None if now_known == UNKNOWN else now_known})
        return
    times = "once" if one["count"] == 1 else f"{one['count']} times"
    write(
        bold(one["shape"]),
        field("Received", f"{times}, first {when(one['first_at'])}, last {when(one['last_at'])}"),
        field("Post", f"{one['post_id']} ('treadle posts show' shows what happened next)"),
        field("Explained now", "" if now_known == UNKNOWN else f"treadle explain {now_known}"),
        field(
            "What to do",
            "" if now_known != UNKNOWN else "Send the output of 'treadle unknown report', so that it can be added.",
        ),
        " ",
        json.dumps(one["sample"], ensure_ascii=False, indent=2),
    )


@command(app, reads=True)
def report(cmd: Invocation, shape: Shape) -> None:
    """Print a report of one, ready to send: everything that helps to catalogue it, without secrets."""
    from treadle_diagnosis.shape import report as written

    one = _one(cmd, shape)
    text = written(one["sample"], seen=one["count"])
    print_result({"shape": one["shape"], "report": text}, text)


def _one(cmd: Invocation, shape: str) -> dict[str, Any]:
    """The error of this shape, or the only one whose shape contains these words."""
    found = _all(cmd)
    same = [a for a in found if a["shape"] == shape] or [a for a in found if shape in a["shape"]]
    if not same:
        fail_missing("unknown answer")
    if len(same) > 1:
        fail(f"{len(same)} shapes contain '{shape}': type more of it.", "'treadle unknown list' shows them.", code=2)
    return same[0]


def _all(cmd: Invocation) -> list[dict[str, Any]]:
    from treadle.services.causes import unknown_answers

    app, workspace_id = cmd.app, cmd.workspace_id
    with app.db.read() as conn:
        return [one.model_dump() for one in unknown_answers(conn, workspace_id).data]
