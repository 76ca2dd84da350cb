"""What the commands that work on the local database share: the open app, the workspace, and --json."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from treadle.cli._print import END, ask_for_json, fail, speaks_json
from treadle.starting import nothing_collected

if TYPE_CHECKING:
    from treadle.app import App
    from treadle.settings import Settings

P = ParamSpec("P")
ACTOR = "cli"
WorkspaceOption = typer.Option("--workspace", metavar="ID", help="Id of the workspace; the first one by default.")
JsonOption = typer.Option("--json", help="Print JSON, for scripts.", callback=ask_for_json)


def _named(given: str) -> str:
    if not given.strip():  # a variable of a script that is not set must not mean "the only one"
        raise typer.BadParameter("it is empty")
    return given


AccountArg = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", help="Username or id (acc_...) of the account, or the end of the id.", callback=_named
    ),
]


class Invocation:
    """One run of a command: opens the app of the settings in force when it is first needed, and closes it at the end,
    with what was put on ``closing``.

    What prevents that is printed by :func:`~treadle.cli._groups.run_program`.
    """

    def __init__(
        self, asked_workspace: str, closing: ExitStack, *, reads: bool = False, queue_later: bool = False
    ) -> None:
        self._asked, self.closing, self._reads = asked_workspace, closing, reads
        self._queue_later = queue_later or reads

    @cached_property
    def app(self) -> App:
        with nothing_collected():
            return self._opened()

    def _opened(self) -> App:
        from treadle.app import open_app
        from treadle.listening import as_served
        from treadle.settings import Settings

        settings = as_served(Settings())
        if self._reads and not settings.database_url and not settings.data_dir.exists():
            above = next(folder for folder in settings.data_dir.parents if folder.exists())
            if above.is_dir():  # else it can never be there, which opening says
                settings = self._nothing_yet(settings)
        app = open_app(settings, queue_later=self._queue_later)
        self.closing.callback(app.close)
        self.closing.enter_context(_warnings_to_stderr())
        return app

    def _nothing_yet(self, settings: Settings) -> Settings:
        """Who only reads makes no data directory: they are told that there is none, and read an empty one."""
        from pathlib import Path
        from tempfile import TemporaryDirectory

        hint = "Run this where 'treadle serve' runs, or set TREADLE_DATA_DIR."
        typer.echo(f"There is no Treadle data in {settings.data_dir}. {hint}", err=True)
        folder = self.closing.enter_context(TemporaryDirectory(prefix="treadle-nothing-"))
        return settings.model_copy(update={"data_dir": Path(folder)})

    @cached_property
    def workspace_id(self) -> str:
        """The workspace asked for, or the first one; ends the command when there is none like that."""
        from treadle.store import workspaces

        with self.app.db.read() as conn:
            if not self._asked:
                return str(workspaces.first_id(conn))
            if workspaces.find(conn, self._asked) is not None:
                return self._asked
        fail(
            f"There is no workspace '{self._asked}'.", "'treadle workspace list' shows them.", code=2, error="not_found"
        )

    @property
    def json(self) -> bool:
        """Whether a script asked for JSON."""
        return speaks_json()

    def someone_works(self) -> bool:
        """Whether a worker is alive anywhere: without one nothing is sent."""
        from treadle.engine.lease import database_now
        from treadle.store.workers import any_alive

        with self.app.db.read() as conn:
            return any_alive(conn, database_now(conn))

    def account(self, asked: str, *, disconnected: bool = False) -> dict[str, Any]:
        """The account with this username, id or end of an id; the only one when none is asked for.

        ``disconnected``: also one that was disconnected.
        """
        from treadle.services.accounts import account_out
        from treadle.store.accounts import listing

        with self.app.db.read() as conn:
            rows = listing(conn, self.workspace_id, disconnected)
        known = [account_out(row, self.app.now()).to_json() for row in rows]
        name, ending = asked.removeprefix("@").lower(), asked.lstrip("…").lower()
        found = [a for a in known if not asked or a["id"] == asked or a["username"].lower() == name]
        if not found and len(ending) >= END:
            found = [a for a in known if a["id"].endswith(ending)]
        if len(found) == 1:
            return found[0]
        hint = f"Accounts: {', '.join(map(called, known))}." if known else "Connect one with 'treadle accounts add'."
        if not known:
            fail("No account is connected.", hint, error="not_found")
        if not found:
            fail(f"There is no account '{asked}' in this workspace.", hint, error="not_found")
        if asked:
            fail(f"Several accounts match '{asked}'.", f"Use the id: {', '.join(a['id'] for a in found)}.", code=2)
        return fail("Choose an account: --account NAME.", hint, code=2)


def command(
    app: typer.Typer,
    name: str | None = None,
    *,
    workspace: bool = True,
    hidden: bool = False,
    reads: bool = False,
    queue_later: bool = False,
) -> Callable[[Callable[Concatenate[Invocation, P], None]], Callable[Concatenate[Invocation, P], None]]:
    """Make a function a command of ``app``, with --workspace (but for ``workspace=False``) and --json.

    ``reads``: it changes nothing, and makes no data directory where there is none. ``queue_later``: as for
    :func:`~treadle.app.open_app`. The function's first argument is the :class:`Invocation`; the others are the
    command's own options and arguments.
    """

    def register(function: Callable[Concatenate[Invocation, P], None]) -> Callable[Concatenate[Invocation, P], None]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        shared = [_option("workspace", str, WorkspaceOption, "")] if workspace else []
        shared.append(_option("as_json", bool, JsonOption, False))

        @wraps(function)
        def run(*args: Any, **given: Any) -> None:
            given.pop("as_json")
            with ExitStack() as closing:
                function(
                    Invocation(given.pop("workspace", ""), closing, reads=reads, queue_later=queue_later),
                    *args,
                    **given,
                )

        run.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        run.__annotations__ = {param.name: param.annotation for param in (*own, *shared)}
        del run.__wrapped__  # what it takes is what is said here
        app.command(name, hidden=hidden)(run)
        return function

    return register


def _option(name: str, kind: type, option: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


@contextmanager
def _warnings_to_stderr() -> Iterator[None]:
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


def called(account: Mapping[str, Any]) -> str:
    """An account as people call it; a profile may not have given its name."""
    return f"@{account['username']}" if account["username"] else str(account["id"])
