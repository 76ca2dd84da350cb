"""``treadle diagnose``: paste an error, get cause, next step, and whether a retry can succeed.

Plain argparse and late imports: people wait for this command.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping

from treadle_diagnosis import NOTHING, UNKNOWN, Diagnosis, Evidence, as_evidence, diagnose_evidence
from treadle_diagnosis.catalog.circumstances import STAGES, SURFACES
from treadle_diagnosis.catalog.model import CatalogError
from treadle_diagnosis.cli.arguments import Parser
from treadle_diagnosis.cli.pipe import reader_gone
from treadle_diagnosis.limits import INPUT_BYTES, LINE_BYTES
from treadle_diagnosis.reading import decode
from treadle_diagnosis.types import ACTION_LABELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

FILE_ENDINGS = (".json", ".jsonl", ".ndjson", ".txt", ".log", ".out", ".err", ".html", ".htm", ".har", ".eml", ".md")


def parser(program: str) -> Parser:
    p = Parser(
        f"{program} diagnose",
        description="Explain an error: what it means, who has to act, and whether a retry can succeed.",
        epilog="Reads text, a file, or standard input: a JSON response, a log line, the output of curl -i, a "
        f"redirect URL, HTML, an exception. At most {INPUT_BYTES // 1_000_000} MB of a file and "
        f"{LINE_BYTES // 1_000_000} MB of a line are read. "
        "Exit codes: 0 diagnosed, 1 nothing to diagnose, 2 wrong usage.",
    )
    where_from(p)
    add = p.add_argument
    add(
        "--context", action="append", default=[], metavar="KEY=VALUE",
        help="Another fact, such as container_age_s=90000, container_status=EXPIRED, me_ok=true; repeatable.",
    )  # fmt: skip
    add("--json", action="store_true", help="Print the diagnosis as JSON.")
    add("--jsonl", metavar="FILE", help="Diagnose every line of FILE (- for standard input): JSON evidence.")
    add("--report", action="store_true", help="Print a report of the error, ready to send, without secrets.")
    return p


def where_from(p: Parser) -> None:
    """The options that say what the error is and where it came from."""
    add = p.add_argument
    add("error", nargs="?", metavar="ERROR", help="The error, the name of a file, or - for standard input.")
    add("--file", metavar="FILE", help="Read the error from this file.")
    add(
        "--surface", choices=SURFACES, metavar="SURFACE",
        help=f"Where the error came from: {', '.join(SURFACES)}. By default derived from the error.",
    )  # fmt: skip
    add("--stage", choices=STAGES, metavar="STAGE", help=f"What was being done: {', '.join(STAGES)}.")
    add("--http-status", type=int, metavar="N", help="The HTTP status of the response.")


def run(name: str, args: list[str], program: str = "treadle") -> int:
    """The command; returns its exit code."""
    p = parser(program)
    p.set_defaults(program=program)
    try:
        options = p.parse_args(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a narrow terminal must not cost the answer
    try:
        return _run(options)
    except CatalogError as wrong:
        sys.stderr.write(f"{p.prog}: the catalogue cannot be read.\n{wrong}\n")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader (head, less) has seen enough
        return 0


def _run(options: argparse.Namespace) -> int:
    if options.jsonl:
        return _lines(options.jsonl, options.program)
    context = _context(options.context, options.program) if options.context else {}
    if context is None:
        return 2
    given = given_input(options)
    if isinstance(given, int):
        return given
    evidence = as_evidence(
        given,
        surface=options.surface,
        stage=options.stage,
        http_status=options.http_status,
        context=context or None,
    )
    diagnosis = diagnose_evidence(evidence)
    if options.json:
        _print_json({"id": None, **diagnosis.to_json()}, indent=2)
    elif options.report and diagnosis.pattern != NOTHING:
        from treadle_diagnosis.shape import report

        sys.stdout.write(report(evidence) + "\n")
    elif diagnosis.pattern == NOTHING:
        sys.stderr.write(f"Nothing to diagnose. {diagnosis.what_happened} {diagnosis.next_step}\n")
    else:
        show(diagnosis, evidence, options.program)
    return 1 if diagnosis.pattern == NOTHING else 0


def given_input(options: argparse.Namespace) -> Any:
    """What was pasted, or an exit code when there is no such thing."""
    if options.file:
        return _read(options.file, options.program)
    text = options.error
    if text is None:
        if sys.stdin is not None and sys.stdin.isatty():
            sys.stderr.write("Paste the error and end with Ctrl-D:\n")
        text = "-"
    if text == "-":
        return _parse(_bounded(sys.stdin.buffer) if sys.stdin is not None else b"")
    if len(text) < 1000 and "\n" not in text and "{" not in text and os.path.isfile(text):
        return _read(text, options.program)
    if len(text) < 1000 and os.path.isdir(text):
        sys.stderr.write(f"{options.program} diagnose: {text} is a folder. Name a file in it.\n")
        return 2
    if looks_like_a_file(text):
        sys.stderr.write(
            f"{options.program} diagnose: there is no file {text}. If it is the error itself, pipe it in: -\n"
        )
        return 2
    return _parse(text)


def looks_like_a_file(text: str) -> bool:
    """Whether one word was meant as the name of a file: it is a path without a query, or ends like a file of answers.

    A word such as ``OAuthException``, ``190/463`` or an address is an error as it came.
    """
    if not text or any(letter.isspace() or letter in "{}<>\"'=?#:" for letter in text):
        return False
    return text.startswith(("/", "./", "../", "~/")) or text.lower().endswith(FILE_ENDINGS)


def _read(path: str, program: str) -> Any:
    try:
        with open(path, "rb") as file:
            return _parse(_bounded(file))
    except OSError as error:
        sys.stderr.write(f"{program} diagnose: cannot read {path}: {error.strerror or error}\n")
        return 1


def _bounded(file: IO[bytes]) -> bytes:
    """The beginning of a file, and its end too when there is more of it; of a pipe the beginning."""
    data = file.read(INPUT_BYTES + 1)
    if len(data) <= INPUT_BYTES:
        return data
    if not file.seekable():
        sys.stderr.write(f"Only the first {INPUT_BYTES:,} bytes were read. Give the part with the error.\n")
        return data[:INPUT_BYTES]
    half = INPUT_BYTES // 2
    file.seek(-half, os.SEEK_END)
    sys.stderr.write(f"Only the first and the last {half:,} bytes were read. Give the part with the error.\n")
    return data[:half] + file.read(half)


def _parse(data: bytes | str) -> Any:
    """JSON as an object (an answer, or evidence with its own fields), everything else as it is."""
    text = decode(data) if isinstance(data, bytes) else data
    if text.lstrip()[:1] in ("{", "["):
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return data
        return parsed if isinstance(parsed, Mapping) else {"errors": parsed}
    return data


def _context(pairs: list[str], program: str) -> dict[str, Any] | None:
    """The facts of ``--context``; ``None``, with a word on standard error, when one cannot be used."""
    from treadle_diagnosis.context import wrong_facts

    out: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            sys.stderr.write(f"{program} diagnose: --context takes KEY=VALUE, not {pair!r}.\n")
            return None
        try:
            out[key.strip()] = json.loads(value)
        except ValueError:
            out[key.strip()] = value.strip()
    wrong = wrong_facts(out)
    for fact in wrong:
        sys.stderr.write(f"{program} diagnose: --context: {fact.sentence}\n")
    return None if wrong else out


def _lines(path: str, program: str) -> int:
    """One diagnosis a line; a line that is not JSON is taken as pasted text."""
    if path == "-":
        return _diagnose_lines(sys.stdin.buffer if sys.stdin is not None else io.BytesIO())
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below; a broken pipe while printing is not a reading error)
    except OSError as error:
        sys.stderr.write(f"{program} diagnose: cannot read {path}: {error.strerror or error}\n")
        return 1
    with file:
        return _diagnose_lines(file)


def _diagnose_lines(file: IO[bytes]) -> int:
    count = 0
    for identity, evidence in _rows(file):
        count += 1
        _print_json({"id": identity, **diagnose_evidence(evidence).to_json()})
        if reader_gone():
            break
    if not count:
        sys.stderr.write("Nothing to diagnose: the file has no lines. Each line is one JSON object with id, body, ….\n")
        return 1
    return 0


def _bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, each cut at a bound, with a word when one was."""
    number = 0
    while line := file.readline(LINE_BYTES + 1):
        number += 1
        if len(line) > LINE_BYTES and not line.endswith(b"\n"):
            sys.stderr.write(f"Only the first {LINE_BYTES:,} bytes of line {number} were read.\n")
            while (rest := file.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        yield line[:LINE_BYTES]


def _rows(file: IO[bytes]) -> Iterator[tuple[Any, Evidence]]:
    for line in _bounded_lines(file):
        if not line.strip():
            continue
        parsed = _parse(line)
        identity = parsed.get("id") if isinstance(parsed, Mapping) else None
        yield identity, as_evidence(parsed)


def _print_json(value: Any, indent: int | None = None) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent, default=str) + "\n")


def show(d: Diagnosis, evidence: Evidence, program: str = "treadle") -> None:
    """A diagnosis for people."""
    from treadle_diagnosis.cli.show import bold, field, steps, write
    from treadle_diagnosis.wording import (
        CONFIDENCE_LABELS,
        SCOPE_LABELS,
        VISITOR_WHO_LABELS,
        retry_sentence,
    )

    write(
        bold(d.title),
        f"{ACTION_LABELS[d.action]} · {d.category} · {d.pattern} · {CONFIDENCE_LABELS[d.confidence]}",
        " ",
        field("What happened", d.what_happened),
        field("What to do", d.next_step),
        field("For developers", "" if d.next_step_developer in d.next_step else d.next_step_developer),
        field("Who acts", VISITOR_WHO_LABELS[d.who]),
        field("Try again?", retry_sentence(d.retry, known=d.pattern != UNKNOWN)),
        field("Concerns", SCOPE_LABELS[d.scope]),
        field("With Treadle", f"{d.treadle_does} {d.owner_step}"),
        steps("In this order", d.plan),
        field("Would decide", "; ".join(d.decides)),
        field("Matched", ", ".join(d.matched)),
        field("More", f"{program} explain {d.pattern}" if d.pattern != UNKNOWN else ""),
    )
    if d.pattern == UNKNOWN:
        from treadle_diagnosis.shape import report

        write(" ", "A report to send:", " ", report(evidence))
