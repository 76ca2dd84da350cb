"""The ``treadle-diagnose`` command: diagnose what was pasted, explain a pattern, build the guide.

``treadle diagnose``, ``treadle explain`` and ``treadle guide`` run the same code.
"""

from __future__ import annotations

import sys
from importlib import import_module

from treadle_diagnosis.cli.pipe import drop_the_rest, outlive_the_reader

STOPPED = 130  # what a shell gives a program that Ctrl-C ended
COMMANDS = {
    "diagnose": "Explain an error and what to do about it; this runs by default.",
    "explain": "Print one pattern of the catalogue as a page, or list them all.",
    "report": "Write an answer that is not catalogued as an entry to send, without secrets.",
    "guide": "Write the guide as static pages (needs the extra 'guide').",
}


def _overview() -> str:
    lines = [f"  {name:<10}{text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: treadle-diagnose [COMMAND] [OPTIONS]",
            "",
            "Explain an error of the Threads API: what it means, who has to act, and whether a retry can succeed.",
            "",
            *lines,
            "",
            "treadle-diagnose COMMAND --help shows a command's options. Exit codes: 0 done, 1 nothing to diagnose or",
            "failed, 2 wrong usage.",
            "",
        ]
    )


def main(argv: list[str] | None = None) -> None:
    """Run the command; never returns, exits with its code: 0 done, 1 refused or failed, 2 wrong usage."""
    args = sys.argv[1:] if argv is None else argv
    outlive_the_reader()
    if args[:1] in (["-V"], ["--version"]):
        from treadle_diagnosis import __version__

        sys.stdout.write(f"treadle-diagnose {__version__}\n")
        raise SystemExit(0)
    if args[:1] in (["-h"], ["--help"], ["help"]):
        sys.stdout.write(_overview())
        raise SystemExit(0)
    command, rest = (args[0], args[1:]) if args[:1] and args[0] in COMMANDS else ("diagnose", args)
    try:
        code = import_module(f"treadle_diagnosis.cli.{command}").run(command, rest, "treadle-diagnose") or 0
    except KeyboardInterrupt:
        code = STOPPED
    if code == STOPPED:
        drop_the_rest()
    raise SystemExit(code)
