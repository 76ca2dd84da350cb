"""``treadle explain``: one pattern of the catalogue as a page, or the list of all."""

from __future__ import annotations

import json
import sys

from treadle_diagnosis.catalog import Catalog, Example, Pattern, load
from treadle_diagnosis.catalog.document import example_json, pattern_codes, pattern_json, pattern_summary
from treadle_diagnosis.catalog.model import CatalogError
from treadle_diagnosis.cli.arguments import Parser
from treadle_diagnosis.cli.show import bold, field, steps, write
from treadle_diagnosis.retry import plain_advice
from treadle_diagnosis.types import ACTION_LABELS
from treadle_diagnosis.wording import SCOPE_LABELS, VISITOR_WHO_LABELS, retry_sentence


def run(name: str, args: list[str], program: str = "treadle") -> int:
    """The command; returns its exit code."""
    p = Parser(
        f"{program} explain",
        description="Print one pattern of the catalogue as a page; without a name, list them all.",
    )
    p.add_argument(
        "pattern", nargs="*", metavar="PATTERN",
        help='An id or a public name, such as container_not_found or "token is invalid".',
    )  # fmt: skip
    p.add_argument("--json", action="store_true", help="Print JSON.")
    try:
        options = p.parse_args(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        catalog = load()
    except CatalogError as wrong:
        sys.stderr.write(f"{p.prog}: the catalogue cannot be read.\n{wrong}\n")
        return 1
    wanted = " ".join(options.pattern)
    if not wanted:
        _list(catalog, options.json)
        return 0
    pattern = catalog.get(wanted)
    if pattern is None:
        sys.stderr.write(_no_such(catalog, wanted, p.prog))
        return 1
    if options.json:
        sys.stdout.write(json.dumps(pattern_json(pattern, catalog), ensure_ascii=False, indent=2) + "\n")
    else:
        _show(pattern, catalog)
    return 0


def _list(catalog: Catalog, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps([pattern_summary(p) for p in catalog], ensure_ascii=False, indent=2) + "\n")
        return
    blocks = [f"{len(catalog)} patterns, last checked {catalog.checked}"]
    for category in catalog.categories:
        blocks += [" ", bold(category.name)]
        blocks += [f"  {p.id:<30} {p.title}" for p in category.patterns]
    write(*blocks)


def _no_such(catalog: Catalog, wanted: str, prog: str) -> str:
    from difflib import get_close_matches

    names = [p.id for p in catalog] + [p.public_name for p in catalog]
    near = get_close_matches(wanted.lower(), names, 3)
    if not near and wanted.strip("-# ").isdigit():
        code = int(wanted.strip("# "))
        near = [p.id for p in catalog if any(code in m.code or code in m.subcode for m in p.matches)][:6]
    hint = f" Near to it: {', '.join(dict.fromkeys(near))}." if near else ""
    return f"{prog}: no pattern is called '{wanted}'.{hint} '{prog}' lists them all.\n"


def _show(p: Pattern, catalog: Catalog) -> None:
    codes = pattern_codes(p)
    known_by = [f"code {c}" for c in codes["code"]] + [f"subcode {c}" for c in codes["subcode"]] + codes["constant"]
    write(
        bold(p.title),
        f"{ACTION_LABELS[p.action]} · {p.category} · {p.id}"
        + (f' · "{p.public_name}"' if p.public_name != p.id else ""),
        " ",
        field("What happened", p.what_happened),
        field("What to do", p.next_step),
        field("For developers", "" if p.developer in p.next_step else p.developer),
        field("Who acts", VISITOR_WHO_LABELS[p.who]),
        field("Try again?", retry_sentence(plain_advice(p.retry))),
        field("Concerns", SCOPE_LABELS[p.scope]),
        field("With Treadle", f"{p.treadle} {p.owner}"),
        field("Repaired when", p.repaired),
        field("Inferred", p.inferred),
        steps("In this order", p.plan),
        field("Would decide", "; ".join(p.decides)),
        field("Known by", ", ".join(known_by)),
        " ",
        "It looks like this",
        *(_example(e) for e in p.examples),
        *([" ", "It is not this"] if p.near_misses else []),
        *(f"{_example(e)}\n      -> {e.belongs_to}" for e in p.near_misses),
        *([" ", "Looks alike"] if p.look_alikes else []),
        *(
            field(f"  {other[:13]}" if len(other) <= 13 else "", f"{other}: {how}")
            for other, how in p.look_alikes.items()
        ),
        " ",
        "References",
        *(f"  {catalog.references[key].title}\n      {catalog.references[key].url}" for key in p.references),
        " ",
        f"Last checked {p.checked}",
    )


def _example(e: Example) -> str:
    shown = example_json(e)
    body = shown.pop("body", None)
    place = " ".join(f"{key}={value}" for key, value in shown.items())
    if body is None:
        return f"  {place}"
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return f"  {place}\n      {text}"
