"""The ``treadle`` command: a table of commands, each in a module of its own that is imported only when it is asked for.

People wait for ``treadle diagnose``; it must not pay for the web server's imports. So nothing here imports a command's
module before it is known to be the one.
"""

from __future__ import annotations

import sys
from importlib import import_module

from treadle_diagnosis.cli.pipe import drop_the_rest, outlive_the_reader

# They write nothing but files that a person asks for by name: those follow that person's umask.
WRITES_FOR_OTHERS = frozenset({"check", "diagnose", "explain", "guide", "repair"})
STOPPED = 130  # what a shell gives a program that Ctrl-C ended

# command -> (module with a Typer app called `app`, one-line help)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("treadle.demo", "Show posts going out, failing, being repaired: sandbox and server in one go."),
    "serve": ("treadle.cli.serve", "Run the server: API, pages and a worker in one process."),
    "worker": ("treadle.cli.serve", "Run one more worker beside a server on Postgres."),
    "sandbox": ("treadle_sandbox.cli", "Run a Threads of your own, with failures on demand."),
    "publish": ("treadle.cli.publish", "Publish text, pictures and videos."),
    "posts": ("treadle.cli.posts", "List posts, show one, retry, cancel, confirm, resolve."),
    "events": ("treadle.cli.events", "What happened, and what happens, one line a change."),
    "accounts": ("treadle.cli.accounts", "Connect, list, recheck and reconnect accounts."),
    "blockers": ("treadle.cli.blockers", "What holds posts back, and rechecking it."),
    "media": ("treadle.cli.media", "Files kept for posts: add, look, make fit, remove."),
    "webhooks": ("treadle.cli.webhooks", "Who is told what happens, what was told, telling it again."),
    "workspace": ("treadle.cli.workspace", "Name, pause, alerts, quiet hours and options."),
    "unknown": ("treadle.cli.unknown", "Answers of Meta that nobody has catalogued yet."),
    "export": ("treadle.cli.export", "Write out everything a workspace owns."),
    "diagnose": ("treadle_diagnosis.cli.diagnose", "Say what an error answer means and what to do."),
    "explain": ("treadle_diagnosis.cli.explain", "Print one pattern of the catalogue as a page."),
    "check": ("treadle.cli.check", "Look at media files or addresses as Threads would."),
    "repair": ("treadle.cli.check", "Make a media file fit for Threads at the least cost."),
    "guide": ("treadle_diagnosis.cli.guide", "Write the guide as static pages."),
    "keys": ("treadle.cli.keys", "Create, list and revoke API keys; rotate the encryption key."),
    "people": ("treadle.cli.people", "Who may log in to the pages: list, add, disable, enable, remove."),
    "doctor": ("treadle.cli.doctor", "Check the set-up and say what to do."),
    "migrate": ("treadle.cli.migrate", "Bring the database up to date."),
    "mcp": ("treadle.cli.mcp", "Offer Treadle to assistants over the Model Context Protocol."),
}


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: treadle COMMAND [OPTIONS]",
            "",
            "Publishes to Threads exactly once, and says what went wrong when it cannot.",
            "",
            *lines,
            "",
            "treadle COMMAND --help shows a command's options. Exit codes: 0 done, 1 refused or failed, 2 wrong usage",
            "or a wrong setting, 130 stopped with Ctrl-C. A reader that closes the pipe early changes none of them.",
        ]
    )


def main(argv: list[str] | None = None) -> None:
    """Run one command; never returns, exits with the command's code."""
    args = sys.argv[1:] if argv is None else argv
    outlive_the_reader()
    if not args or args[0] in ("-h", "--help", "help"):
        sys.stdout.write(_overview() + "\n")
        raise SystemExit(0)
    if args[0] in ("-V", "--version"):
        from treadle import __version__

        sys.stdout.write(f"treadle {__version__}\n")
        raise SystemExit(0)
    name = args[0]
    if name not in COMMANDS:
        from difflib import get_close_matches

        near = get_close_matches(name, COMMANDS, 1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        sys.stderr.write(f"treadle: there is no command '{name}'.{hint} Run 'treadle --help' for the list.\n")
        raise SystemExit(2)
    if name not in WRITES_FOR_OTHERS:
        from treadle.private import restrict_process

        restrict_process()
    try:
        code = import_module(COMMANDS[name][0]).run(name, args[1:]) or 0
    except KeyboardInterrupt:
        code = STOPPED
    if code == STOPPED:
        drop_the_rest()
    raise SystemExit(code)
