"""How the commands answer: sentences and tables for people, JSON for scripts, and how a refused command ends."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from treadle.domain.findings import Finding
    from treadle.domain.refusal import Refusal
    from treadle_diagnosis.types import Diagnosis

# Whether the running command was asked for JSON: whatever ends it, such as :func:`fail`, then prints JSON as well.
_JSON: ContextVar[bool] = ContextVar("json", default=False)
_ID = re.compile(r"[a-z]{3}_[0-9a-z_]{1,26}")
_BLANKS = re.compile(r"[ \t-\r\x1c-\x1e\x85\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
WIDE, NARROW, END = 120, 20, 8  # columns of a wide terminal; of a cell that is not folded; of an id's end
TIGHT = 12  # columns of a cell that is not folded when the others would not fit beside it

# Colors stand for states and nothing else.
STATE_STYLE: Mapping[str, str] = {
    "published": "green",
    "blocked": "red",
    "failed": "red",
    "held": "yellow",
    "checking": "yellow",
    "retrying": "yellow",
    "waiting": "cyan",
    "publishing": "cyan",
    "scheduled": "blue",
    "draft": "dim",
    "canceled": "dim",
}


def ask_for_json(asked: bool) -> bool:
    """The callback of the option --json."""
    _JSON.set(asked)
    return asked


def speaks_json() -> bool:
    """Whether the running command was asked for JSON by the shared option."""
    return _JSON.get()


def print_json(value: Any) -> None:
    """JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def print_result(value: Any, text: str) -> None:
    """``value`` for a script that asked for JSON, ``text`` for everybody else."""
    if speaks_json():
        print_json(value)
    else:
        typer.echo(text)


def fail(message: str, hint: str = "", *, code: int = 1, error: str = "") -> NoReturn:
    """End the command: a sentence on standard error, or with --json an object on standard output.

    ``error`` is its stable word, one of the API's problems where one fits; by default ``refused``, or
    ``invalid_request`` for a wrong call (2).
    """
    if speaks_json() and code in (1, 2):  # what a signal ended was not refused
        word = error or ("invalid_request" if code == 2 else "refused")
        print_json({"error": word, "message": f"{message} {hint}".rstrip()})
    else:
        typer.echo(message + (f"\n{hint}" if hint else ""), err=True)
    raise typer.Exit(code)


def fail_findings(findings: Sequence[Finding]) -> NoReturn:
    """Print every finding, and end the command with 1."""
    if speaks_json():
        text = " ".join(f"{f.message} {f.way_out}".strip() for f in findings)
        print_json({"error": "invalid_request", "message": text, "findings": [f.to_json() for f in findings]})
    else:
        for f in findings:
            typer.echo(f"{f.field or 'the post'}: {f.message}\n  {f.way_out}", err=True)
    raise typer.Exit(1)


def fail_refusal(answer: Refusal) -> NoReturn:
    """End the command with a refusal of a service: exit code 1."""
    if speaks_json():
        refusal = "threads_refused" if answer.pattern else "in_use"
        code = {404: "not_found", 409: refusal}.get(answer.status, "invalid_request")
        shown = {"error": code, "field": answer.field, "message": f"{answer.title}. {answer.detail}"}
        print_json({**shown, "pattern": answer.pattern} if answer.pattern else shown)
        raise typer.Exit(1)
    fail(f"{answer.title}.", answer.detail)


def fail_threads(cause: Diagnosis, hint: str = "", **more: Any) -> NoReturn:
    """End the command: Threads refused what was asked. ``more`` goes into the JSON."""
    if speaks_json():
        print_json({**refusal_json(cause), **more})
        raise typer.Exit(1)
    fail(f"{cause.title}. {by_hand(cause)}", hint)


def fail_missing(what: str) -> NoReturn:
    """End the command: there is no such thing in this workspace."""
    if speaks_json():
        fail(f"There is no such {what}.", error="not_found")
    fail(f"There is no such {what} in this workspace.")


def refusal_json(cause: Diagnosis) -> dict[str, Any]:
    """What a script reads of a refusal by Threads."""
    message = f"{cause.title}. {by_hand(cause)}"
    return {"error": "threads_refused", "message": message, "cause": cause.to_json()}


def by_hand(cause: Diagnosis) -> str:
    """What to do about a call that somebody made by hand: unlike posts, such a call is not retried."""
    again = "This command is not retried automatically: run it again later."
    return again if cause.retry.kind == "later" else cause.next_step


def report_action(answer: Any, what: str = "post") -> None:
    """Print how an action on a post ended; a refusal ends the command with 1."""
    from treadle.domain.answers import Conflict, Missing, Rejected

    match answer:
        case Missing(kind):
            fail_missing(kind)
        case Conflict(code, message, detail):
            if speaks_json():
                print_json({"error": code, "message": message, **detail})
                raise typer.Exit(1)
            fail(message)
        case Rejected(findings):
            fail_findings(findings)
    print_result({f"{what}_id": answer.post_id, "message": answer.message, **answer.detail}, answer.message or "Done.")


def confirm(question: str, yes: bool) -> None:
    """Ask a person before something is deleted for good; scripts are not asked."""
    if not yes and sys.stdin.isatty() and not typer.confirm(question, err=True):
        fail("Nothing was changed.")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, ends: bool = False) -> None:
    """A table on a terminal; tab-separated lines elsewhere, which are easy to cut.

    ``ends``: on a narrow terminal the ids of the first column may be cut down to their ends, which the command takes.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # not markup: a text or a name may hold brackets

    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(one_line(str(getattr(cell, "plain", cell))) for cell in row))
        return
    console = Console()
    cut = ends and console.width < WIDE
    cells = [[_end(cell) if cut and n == 0 else cell for n, cell in enumerate(row)] for row in rows]
    made = Table(box=None, pad_edge=False, header_style="bold")
    # Ids, states and times stay on one line; sentences take the space that is left.
    longest = [max((len(str(row[n])) for row in cells), default=0) for n in range(len(columns))]
    asked = sum(min(NARROW, max(len(name), most)) + 2 for name, most in zip(columns, longest, strict=True))
    whole = NARROW if asked <= console.width else TIGHT
    for n, name in enumerate(columns):
        ids = all(_ID.fullmatch(str(row[n])) for row in cells)
        made.add_column(name, overflow="fold", no_wrap=ids or longest[n] <= whole)
    for row in cells:
        made.add_row(*(cell if hasattr(cell, "plain") else Text(one_line(str(cell))) for cell in row))
    console.print(made)


def _end(cell: Any) -> str:
    return f"…{str(cell)[-END:]}" if _ID.fullmatch(str(cell)) else str(cell)


def state_text(state: str, label: str) -> Any:
    from rich.text import Text

    return Text(label, style=STATE_STYLE.get(state, ""))


def one_line(text: str) -> str:
    """What others wrote, for a cell: no line break or tab in it, and nothing that moves a terminal's cursor."""
    line = _BLANKS.sub(lambda found: " " if found[0].strip(" ") else found[0], text)
    return _CONTROL.sub("\ufffd", line)


def short(text: str, most: int = 48) -> str:
    line = " ".join(one_line(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def when(value: str | None) -> str:
    """A time of the API in the machine's own zone, to the minute."""
    from datetime import datetime

    if not value:
        return ""
    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M")
