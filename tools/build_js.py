"""Build the npm package into ``js/dist`` (or another folder): modules, types, conformance file.

    .venv/bin/python tools/build_js.py [FOLDER]

Needs no Node.js. ``npm publish`` in ``js`` then sends what lies there.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path

from treadle_diagnosis.javascript.bundle import bundle
from treadle_diagnosis.javascript.conformance import written

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "js"


def build(dist: Path) -> dict[str, int]:
    """Write the package's files below ``dist``; returns their sizes in bytes, of modules compressed."""
    dist.mkdir(parents=True, exist_ok=True)
    files = {"index.mjs": bundle("esm"), "index.cjs": bundle("cjs"), "conformance.jsonl": written()}
    types = (SOURCE / "index.d.ts").read_text("utf-8")
    files |= {"index.d.ts": types, "index.d.cts": types}
    for name, text in files.items():
        (dist / name).write_text(text, "utf-8")
    if dist.parent == SOURCE:
        for name in ("LICENSE", "NOTICE"):
            shutil.copyfile(ROOT / name, SOURCE / name)
    return {name: len(gzip.compress(text.encode(), 9)) for name, text in files.items()}


if __name__ == "__main__":
    sizes = build(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE / "dist")
    sys.stdout.write(f"{json.dumps(sizes)} (bytes, gzipped)\n")
