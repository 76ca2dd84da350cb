"""Build the documentation into site/: the pages of docs/ with MkDocs, the guide of every pattern, the API reference.

Usage: python tools/build_docs.py [--out DIR]. Fails on any warning: a dead link, a page that no menu names.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["'](https?:)?//[^"']+["']""", re.I)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=ROOT / "site")
    out: Path = parser.parse_args().out.resolve()
    programs = Path(sys.executable).parent
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    build = [programs / "mkdocs", "build", "--quiet", "--strict", "--clean", "--site-dir", out]
    if subprocess.run([str(word) for word in build], cwd=ROOT, check=False).returncode != 0:
        return 1
    guide = [programs / "treadle", "guide", "build", out / "guide"]
    if subprocess.run([str(word) for word in guide], cwd=ROOT, check=False).returncode != 0:
        return 1
    from treadle.http.reference import static_site
    from treadle.http.server import describe

    folder = out / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in static_site(describe()).items():
        (folder / name).write_bytes(content)
    loading = [
        f"{page.relative_to(out)}: {hit.group()[:120]}"
        for page in out.rglob("*.html")
        for hit in OUTSIDE.finditer(page.read_text(encoding="utf-8"))
        if 'rel="canonical"' not in hit.group()
    ]
    if loading:
        print("These pages load something from elsewhere:", *loading[:20], sep="\n  ", file=sys.stderr)
        return 1
    print(f"The documentation is in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
