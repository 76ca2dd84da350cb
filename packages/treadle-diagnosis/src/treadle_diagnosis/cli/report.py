"""``treadle-diagnose report``: an answer that is not catalogued as an entry to send, tokens removed."""

from __future__ import annotations

import sys

from treadle_diagnosis import NOTHING, UNKNOWN, as_evidence, diagnose_evidence
from treadle_diagnosis.catalog.model import CatalogError
from treadle_diagnosis.cli.arguments import Parser
from treadle_diagnosis.cli.diagnose import given_input, where_from


def run(name: str, args: list[str], program: str = "treadle") -> int:
    """The command; returns its exit code."""
    p = Parser(
        f"{program} report",
        description="Write an answer as an entry for the catalogue: TOML with matcher and example, tokens removed.",
        epilog="Reads text, a file, or standard input, as diagnose does. Exit codes: 0 written, 1 nothing to report, "
        "2 wrong usage.",
    )
    where_from(p)
    p.set_defaults(program=program)
    try:
        options = p.parse_args(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        given = given_input(options)
        if isinstance(given, int):
            return given
        evidence = as_evidence(given, options.surface, options.stage, options.http_status)
        diagnosis = diagnose_evidence(evidence)
        if diagnosis.pattern == NOTHING:
            sys.stderr.write(f"Nothing to report. {diagnosis.what_happened} {diagnosis.next_step}\n")
            return 1
        from treadle_diagnosis.contribution import HOW_TO_SEND, contribution

        sys.stdout.write(contribution(evidence))
        if diagnosis.pattern != UNKNOWN:
            sys.stderr.write(
                f"The catalogue takes this for '{diagnosis.pattern}' ({diagnosis.title}). Send it if that is wrong.\n"
            )
        sys.stderr.write(f"{HOW_TO_SEND}\n")
    except CatalogError as wrong:
        sys.stderr.write(f"{p.prog}: the catalogue cannot be read.\n{wrong}\n")
        return 1
    return 0
