"""``treadle guide build DIR``: the whole guide as static pages."""

from __future__ import annotations

import argparse
import json
import sys

from treadle_diagnosis.paths import absolute


def run(name: str, args: list[str]) -> int:
    """The command; returns its exit code."""
    p = argparse.ArgumentParser(prog="treadle guide", description="The guide to every answer Meta can give.")
    sub = p.add_subparsers(dest="command", required=True)
    build = sub.add_parser("build", help="write the guide as static pages that need no server")
    build.add_argument("dir", type=absolute, help="where to write; made if it is not there")
    build.add_argument("--base-url", default="", help="the public address the pages will have, for canonical links")
    build.add_argument("--json", action="store_true", help="print what was written as JSON")
    try:
        options = p.parse_args(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    from treadle_diagnosis.guide.static import build as build_pages

    try:
        written = build_pages(options.dir, base_url=options.base_url)
    except OSError as error:
        sys.stderr.write(f"treadle guide: cannot write to {options.dir}: {error.strerror or error}\n")
        return 1
    if options.json:
        report = {"dir": str(options.dir), "files": len(written), "pages": sum(w.endswith(".html") for w in written)}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        pages = sum(path.endswith(".html") for path in written)
        sys.stdout.write(f"{pages} pages, {len(written)} files in {options.dir}. Open {options.dir / 'index.html'}.\n")
    return 0
