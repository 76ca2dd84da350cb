"""Build the npm package into ``js/dist`` (or another folder): modules, types, conformance file.

    .venv/bin/python tools/build_js.py [FOLDER]

Needs no Node.js. ``npm publish`` in ``js`` then sends what lies there.
"""

from __future__ import annotations

import gzip
import json
import re
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
    client = "\n".join((SOURCE / "client" / name).read_text("utf-8") for name in ("client.d.ts", "types.d.ts"))
    files |= {"client.mjs": api_client("esm"), "client.cjs": api_client("cjs")}
    files |= {"client.d.ts": client, "client.d.cts": client}
    types = (SOURCE / "sandbox" / "sandbox.d.ts").read_text("utf-8")
    files |= {"sandbox.mjs": sandbox_helper("esm"), "sandbox.cjs": sandbox_helper("cjs")}
    files |= {"sandbox.d.ts": types, "sandbox.d.cts": types}
    for name, text in files.items():
        (dist / name).write_text(text, "utf-8")
    if dist.parent == SOURCE:
        for name in ("LICENSE", "NOTICE"):
            shutil.copyfile(ROOT / name, SOURCE / name)
    return {name: len(gzip.compress(text.encode(), 9)) for name, text in files.items()}


def api_client(kind: str) -> str:
    """The client of a Treadle server as one file without imports."""
    operations, code = ((SOURCE / "client" / name).read_text("utf-8") for name in ("operations.js", "client.js"))
    code = code.replace('import { OPERATIONS } from "./operations.js";\n', "")
    names = re.findall(r"^export (?:class|async function) (\w+)", code, re.M)
    body = re.sub(r"^export (?=const |class |async )", "", f"{operations}{code}", flags=re.M)
    ends = f"export {{ {', '.join(names)} }};" if kind == "esm" else f"module.exports = {{ {', '.join(names)} }};"
    strict = "" if kind == "esm" else '"use strict";\n'
    return (
        f"// The client of Treadle's API. Apache-2.0. Made of js/client by tools/build_js.py.\n{strict}{body}{ends}\n"
    )


def sandbox_helper(kind: str) -> str:
    """The helper that runs a sandbox for tests, for Node.js only."""
    code = (SOURCE / "sandbox" / "sandbox.js").read_text("utf-8")
    if kind == "cjs":
        code = code.replace(
            'import { spawn } from "node:child_process"', 'const { spawn } = require("node:child_process")'
        )
        code = re.sub(r"^export ", "", code, flags=re.M) + "module.exports = { Sandbox, startSandbox };\n"
    strict = "" if kind == "esm" else '"use strict";\n'
    return f"// Runs threads-sandbox for tests. Apache-2.0. Made of js/sandbox by tools/build_js.py.\n{strict}{code}"


if __name__ == "__main__":
    sizes = build(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE / "dist")
    sys.stdout.write(f"{json.dumps(sizes)} (bytes, gzipped)\n")
