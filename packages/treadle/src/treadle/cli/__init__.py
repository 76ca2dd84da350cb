"""The ``treadle`` command: a table of commands, each in a module that is imported when the command is run.

People wait for ``treadle diagnose``: a command that is a whole program on its own starts without Typer, and nothing
here imports the server.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from importlib import import_module
from typing import NamedTuple

from treadle_diagnosis.cli.pipe import drop_the_rest, outlive_the_reader

STOPPED = 130  # what a shell gives a program that Ctrl-C ended


class CommandEntry(NamedTuple):
    """``place``: the module and the name in it of a Typer app, or of the ``run(name, args)`` of a whole program."""

    place: str
    help: str

    @property
    def is_program(self) -> bool:
        return self.place.endswith(":run")


COMMANDS: dict[str, CommandEntry] = {
    "demo": CommandEntry("treadle.demo.command:app", "Watch posts succeed, fail and recover in a sandbox."),
    "serve": CommandEntry("treadle.cli.serve:server", "Run the server: API, pages and a worker in one process."),
    "worker": CommandEntry("treadle.cli.serve:worker", "Run another worker next to a server on Postgres."),
    "sandbox": CommandEntry("treadle_sandbox.cli:run", "Run a local Threads API, with failures on demand."),
    "verify-live": CommandEntry("treadle_sandbox.verify:run", "Settle what the sandbox guesses, with a real token."),
    "publish": CommandEntry("treadle.cli.publish:app", "Publish text, images and videos, now or later."),
    "posts": CommandEntry("treadle.cli.posts:app", "List and show posts; retry, cancel, approve or resolve them."),
    "events": CommandEntry("treadle.cli.events:app", "Show what happened, one line per event."),
    "accounts": CommandEntry("treadle.cli.accounts:app", "Connect, list, recheck and reconnect accounts."),
    "queue": CommandEntry("treadle.cli.queue:app", "Show an account's queue, set its slots, add and move posts."),
    "blockers": CommandEntry("treadle.cli.blockers:app", "Show what holds posts back, and check it again."),
    "media": CommandEntry("treadle.cli.media:app", "Add, list, repair and remove media files."),
    "webhooks": CommandEntry("treadle.cli.webhooks:app", "Manage webhooks, see deliveries, send them again."),
    "workspace": CommandEntry("treadle.cli.workspace:app", "Name, pause, alerts, quiet hours and options."),
    "unknown": CommandEntry("treadle.cli.unknown:app", "Show errors from Meta that the catalogue does not cover yet."),
    "export": CommandEntry("treadle.cli.export:app", "Export everything a workspace owns."),
    "diagnose": CommandEntry("treadle_diagnosis.cli.diagnose:run", "Explain an error and what to do about it."),
    "explain": CommandEntry("treadle_diagnosis.cli.explain:run", "Print one pattern of the catalogue as a page."),
    "check": CommandEntry("treadle.cli.check:checking", "Check media files or URLs against the rules of Threads."),
    "repair": CommandEntry("treadle.cli.check:repairing", "Convert a media file to what Threads accepts."),
    "guide": CommandEntry("treadle_diagnosis.cli.guide:run", "Write the error guide as static pages."),
    "keys": CommandEntry("treadle.cli.keys:app", "Create, list and revoke API keys; rotate the encryption key."),
    "people": CommandEntry("treadle.cli.people:app", "Manage who can log in to the pages."),
    "doctor": CommandEntry("treadle.cli.doctor:app", "Check the setup and say what to fix."),
    "backup": CommandEntry("treadle.cli.backup:backup_app", "Back up database, keys and files while the server runs."),
    "restore": CommandEntry("treadle.cli.backup:restore_app", "Restore a backup into an empty data directory."),
    "migrate": CommandEntry("treadle.cli.migrate:app", "Update the database schema."),
    "mcp": CommandEntry("treadle.cli.mcp:app", "Offer Treadle to AI assistants over the Model Context Protocol."),
}
# They write nothing but files that a person names: those follow that person's umask.
WRITES_FOR_OTHERS = frozenset({"check", "diagnose", "explain", "guide", "repair"})


def main(argv: list[str] | None = None) -> None:
    """Run one command; never returns, exits with the command's code."""
    args = sys.argv[1:] if argv is None else argv
    atexit.register(gc.freeze)  # else Python looks for garbage in all that it imported: a fifth of many a command
    outlive_the_reader()
    try:
        code = run(args)
        if code != STOPPED:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = STOPPED
    except OSError as error:
        code = _no_room_for_output(error)
    if code == STOPPED:
        drop_the_rest()
    raise SystemExit(code)


def _no_room_for_output(error: OSError) -> int:
    """A sentence and 1 when standard output went to a file on a full disk; every other error goes on."""
    from treadle.disk import is_full

    if error.filename is not None or not is_full(error):
        raise error
    sys.stderr.write("The output cannot be written: the disk is full.\nMake room on it, then try again.\n")
    with contextlib.suppress(OSError, ValueError):  # what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def run(args: list[str]) -> int:
    """Run one command; its exit code."""
    if args[:1] in (["-V"], ["--version"]):
        from treadle import __version__

        sys.stdout.write(f"treadle {__version__}\n")
        return 0
    name = args[0] if args else ""
    if name in COMMANDS and name not in WRITES_FOR_OTHERS:
        from treadle.private import restrict_process

        restrict_process()
    if name in COMMANDS and COMMANDS[name].is_program:
        module, function = COMMANDS[name].place.split(":")
        return getattr(import_module(module), function)(name, args[1:]) or 0
    from treadle.cli._groups import run_program

    return run_program(args)
