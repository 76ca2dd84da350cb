"""What the commands that work on the local database share: the house, the workspace, and how they speak."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from treadle.app import App
    from treadle.domain.findings import Finding
    from treadle.domain.refusal import Refusal as Refused
    from treadle_diagnosis.types import Diagnosis

# Whether the command that runs was asked for JSON: what ends it anywhere, such as :func:`fail`, speaks JSON as well.
_SPEAKS_JSON: ContextVar[bool] = ContextVar("speaks_json", default=False)


def _speak(asked: bool) -> bool:
    _SPEAKS_JSON.set(asked)
    return asked


def _named(given: str) -> str:
    if not given.strip():  # a variable of a script that is not set must not mean "the only one"
        raise typer.BadParameter("it is empty")
    return given


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.", callback=_speak)]
Workspace = Annotated[str, typer.Option("--workspace", help="Id of the workspace; the first one unless said.")]
AccountArg = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", help="User name or id (acc_...) of the account, or the end of the id.", callback=_named
    ),
]
ACTOR = "cli"
_ID = re.compile(r"[a-z]{3}_[0-9a-z_]{1,26}")
WIDE, NARROW, END = 120, 20, 8  # columns of a wide terminal; of a cell that is not folded; of an id's end
TIGHT = 12  # columns of a cell that is not folded when the others would not fit beside it

# What a state means for who looks: colours stand for states and nothing else.
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


@contextmanager
def house() -> Iterator[App]:
    """The open house of the settings in force; what prevents that is said by :func:`~treadle.cli._typer.run_app`."""
    from treadle.app import open_app

    app = open_app()
    try:
        with _logs_aside():
            yield app
    finally:
        app.close()


@contextmanager
def _logs_aside() -> Iterator[None]:
    """The answer of a command has standard output for itself: of the log only warnings are shown, and beside it."""
    import logging

    import structlog

    if structlog.is_configured():
        yield
        return
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    try:
        yield
    finally:
        structlog.reset_defaults()


def hand_down(context: typer.Context) -> None:
    """Options before the word of a command count for that command: ``treadle posts --workspace wsp_... list``."""
    given = {
        name: value
        for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }
    context.default_map = {str(context.invoked_subcommand): given}


def workspace_of(app: App, asked: str) -> str:
    """The workspace asked for, or the first one."""
    import sqlalchemy as sa

    from treadle.store.tables import workspaces

    query = sa.select(workspaces.c.id).order_by(workspaces.c.created_at, workspaces.c.id).limit(1)
    if asked:
        query = query.where(workspaces.c.id == asked)
    with app.db.read() as conn:
        found = conn.execute(query).scalar()
    if found is None:
        fail(f"There is no workspace '{asked}'.", "'treadle workspace list' shows them.", code=2, error="not_found")
    return str(found)


def account_of(app: App, workspace_id: str, asked: str, *, disconnected: bool = False) -> dict[str, Any]:
    """The account with this user name, id or end of an id; the only one when none is asked for.

    ``disconnected``: one that was disconnected will do, too.
    """
    from treadle.services.accounts import account_out
    from treadle.store.accounts import listing

    with app.db.read() as conn:
        rows = listing(conn, workspace_id, disconnected)
    known = [account_out(row, app.now()).model_dump() for row in rows]
    name, ending = asked.removeprefix("@").lower(), asked.lstrip("…").lower()
    found = [a for a in known if not asked or a["id"] == asked or a["username"].lower() == name]
    if not found and len(ending) >= END:
        found = [a for a in known if a["id"].endswith(ending)]
    if len(found) == 1:
        return found[0]
    here = f"Here: {', '.join(map(called, known))}." if known else "Connect one with 'treadle accounts add'."
    if not known:
        fail("No account is connected.", here, error="not_found")
    if not found:
        fail(f"There is no account '{asked}' here.", here, error="not_found")
    if asked:
        fail(f"Several accounts are called '{asked}'.", f"Say the id: {', '.join(a['id'] for a in found)}.", code=2)
    return fail("Say which account: --account NAME.", here, code=2)


def called(account: Mapping[str, Any]) -> str:
    """An account as people call it; a profile need not have told its name."""
    return f"@{account['username']}" if account["username"] else str(account["id"])


def fail(message: str, hint: str = "", *, code: int = 1, error: str = "") -> NoReturn:
    """End the command: a sentence on standard error, or with --json an object on standard output.

    ``error`` is its stable word, one of the API's problems where one fits; unless said, ``refused``, or
    ``invalid_request`` for a wrong call (2).
    """
    if speaks_json() and code in (1, 2):  # what a signal ended was not refused
        word = error or ("invalid_request" if code == 2 else "refused")
        say({"error": word, "message": f"{message} {hint}".rstrip()})
    else:
        typer.echo(message + (f"\n{hint}" if hint else ""), err=True)
    raise typer.Exit(code)


def speaks_json() -> bool:
    """Whether the command that runs was asked for JSON by the shared option."""
    return _SPEAKS_JSON.get()


def say(value: Any) -> None:
    """JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def refused(findings: Sequence[Finding], as_json: bool) -> NoReturn:
    """Every finding, then the end: exit code 1."""
    if as_json:
        said = " ".join(f"{f.message} {f.way_out}".strip() for f in findings)
        say({"error": "invalid_request", "message": said, "findings": [f.to_json() for f in findings]})
    else:
        for f in findings:
            typer.echo(f"{f.field or 'the post'}: {f.message}\n  {f.way_out}", err=True)
    raise typer.Exit(1)


def done(answer: Any, as_json: bool, what: str = "post") -> None:
    """Print how an act on a post ended; a refusal ends the command with 1."""
    from treadle.domain.answers import Missing, Refusal, Rejected

    match answer:
        case Missing(kind):
            missing(kind, as_json)
        case Refusal(code, message, detail):
            if as_json:
                say({"error": code, "message": message, **detail})
                raise typer.Exit(1)
            fail(message)
        case Rejected(findings):
            refused(findings, as_json)
    if as_json:
        say({f"{what}_id": answer.post_id, "message": answer.message, **answer.detail})
    else:
        typer.echo(answer.message or "Done.")


def no(answer: Refused, as_json: bool) -> NoReturn:
    """End the command with a refusal of the accounts room: exit code 1."""
    if as_json:
        refusal = "threads_refused" if answer.pattern else "in_use"
        code = {404: "not_found", 409: refusal}.get(answer.status, "invalid_request")
        said = {"error": code, "field": answer.field, "message": f"{answer.title}. {answer.detail}"}
        say({**said, "pattern": answer.pattern} if answer.pattern else said)
        raise typer.Exit(1)
    fail(f"{answer.title}.", answer.detail)


def threads_refused(cause: Diagnosis, hint: str = "", **more: Any) -> NoReturn:
    """End the command: Threads did not do what it was asked for. ``more`` goes into the JSON."""
    if speaks_json():
        say({**refusal_json(cause), **more})
        raise typer.Exit(1)
    fail(f"{cause.title}. {by_hand(cause)}", hint)


def refusal_json(cause: Diagnosis) -> dict[str, Any]:
    """What a script reads of an answer of Threads that says no."""
    message = f"{cause.title}. {by_hand(cause)}"
    return {"error": "threads_refused", "message": message, "cause": cause.to_json()}


def by_hand(cause: Diagnosis) -> str:
    """What to do about a call that somebody made by hand. Posts are tried again by themselves; such a call is not."""
    again = "It is not tried again by itself: try again in a while."
    return again if cause.retry.kind == "later" else cause.next_step


def missing(what: str, as_json: bool) -> NoReturn:
    """End the command: there is no such thing in this workspace."""
    if as_json:
        say({"error": "not_found", "message": f"There is no such {what}."})
        raise typer.Exit(1)
    fail(f"There is no such {what} in this workspace.")


def sure(question: str, yes: bool) -> None:
    """Ask a person before something is gone for good; scripts are not asked."""
    if not yes and sys.stdin.isatty() and not typer.confirm(question, err=True):
        fail("Nothing was done.")


def somebody_works(app: App) -> bool:
    """Whether a worker is alive anywhere: without one nothing is sent."""
    import sqlalchemy as sa

    from treadle.engine.lease import database_now
    from treadle.store.tables import workers

    with app.db.read() as conn:
        alive = (workers.c.state == "alive", workers.c.expires_at > database_now(conn))
        return conn.execute(sa.select(workers.c.id).where(*alive).limit(1)).first() is not None


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, ends: bool = False) -> None:
    """A table on a terminal; tab-separated lines elsewhere, which are easy to cut.

    ``ends``: on a narrow terminal the ids of the first column may be cut down to their ends, which the command takes.
    """
    from rich.console import Console
    from rich.table import Table

    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(str(getattr(cell, "plain", cell)) for cell in row))
        return
    console = Console()
    cut = ends and console.width < WIDE
    cells = [[_end(cell) if cut and n == 0 else cell for n, cell in enumerate(row)] for row in rows]
    made = Table(box=None, pad_edge=False, header_style="bold")
    # Ids, states and times stay on one line; sentences take the room that is left.
    longest = [max((len(str(row[n])) for row in cells), default=0) for n in range(len(columns))]
    asked = sum(min(NARROW, max(len(name), most)) + 2 for name, most in zip(columns, longest, strict=True))
    whole = NARROW if asked <= console.width else TIGHT
    for n, name in enumerate(columns):
        ids = all(_ID.fullmatch(str(row[n])) for row in cells)
        made.add_column(name, overflow="fold", no_wrap=ids or longest[n] <= whole)
    for row in cells:
        made.add_row(*(cell if hasattr(cell, "plain") else str(cell) for cell in row))
    console.print(made)


def _end(cell: Any) -> str:
    return f"…{str(cell)[-END:]}" if _ID.fullmatch(str(cell)) else str(cell)


def state_text(state: str, label: str) -> Any:
    from rich.text import Text

    return Text(label, style=STATE_STYLE.get(state, ""))


def short(text: str, most: int = 48) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def when(value: str | None) -> str:
    """A time of the API in the machine's own zone, to the minute."""
    from datetime import datetime

    if not value:
        return ""
    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M")
