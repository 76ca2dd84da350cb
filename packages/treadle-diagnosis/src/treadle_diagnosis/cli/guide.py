"""``treadle guide build DIR``: the whole guide as static pages."""

from __future__ import annotations

import json
import sys

from treadle_diagnosis.catalog.model import CatalogError
from treadle_diagnosis.cli.arguments import Parser
from treadle_diagnosis.paths import absolute

EXTRA = ("jinja2", "markdown_it")  # what the pages need and nothing else does


def run(name: str, args: list[str], program: str = "treadle") -> int:
    """The command; returns its exit code."""
    p = Parser(f"{program} guide", description="The guide to every error from Meta.")
    sub = p.add_subparsers(title="Commands", dest="command", required=True, metavar="COMMAND")
    build = sub.add_parser("build", help="Write the guide as static pages that need no server.")
    build.add_argument("dir", type=absolute, metavar="DIR", help="Where to write; created if it does not exist.")
    build.add_argument(
        "--base-url", default="", metavar="URL", help="Public URL of the pages, for canonical links, sitemap and feed."
    )
    build.add_argument("--json", action="store_true", help="Print what was written as JSON.")
    try:
        options = p.parse_args(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        from treadle_diagnosis.guide.static import build as build_pages
    except ModuleNotFoundError as missing:
        if missing.name not in EXTRA:
            raise
        sys.stderr.write(
            f"{p.prog}: the pages need the extra 'guide', which is not installed ({missing.name} is missing): "
            "pip install 'treadle-diagnosis[guide]'\n"
        )
        return 1
    try:
        written = build_pages(options.dir, base_url=options.base_url)
    except CatalogError as wrong:
        sys.stderr.write(f"{p.prog}: the catalogue cannot be read.\n{wrong}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{p.prog}: cannot write to {options.dir}: {error.strerror or error}\n")
        return 1
    if options.json:
        report = {"dir": str(options.dir), "files": len(written), "pages": sum(w.endswith(".html") for w in written)}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        pages = sum(path.endswith(".html") for path in written)
        sys.stdout.write(f"{pages} pages, {len(written)} files in {options.dir}. Open {options.dir / 'index.html'}.\n")
        if not options.base_url:
            sys.stdout.write("Without --base-url there are no canonical links, no sitemap and no feed.\n")
    return 0
