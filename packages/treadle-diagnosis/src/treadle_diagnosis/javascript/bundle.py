"""One file of JavaScript from the modules of ``js/src``: for ``import``, ``require``, or a page's ``<script>``."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from treadle_diagnosis.javascript.tables import tables

Kind = Literal["esm", "cjs", "page"]
NAME = "TreadleDiagnosis"  # what the page's script defines
INDEX = "index.js"
TABLES = "tables.js"
_HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import \{([^{}]*)\} from "\./([a-z-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?=const |let |class |function |async )", re.M)
_EXPORTS = re.compile(r"^export \{([^{}]*)\};\n", re.M)
_NAMED = re.compile(r"^(?:const|let|class|(?:async )?function\*?) (\w+)", re.M)


def folder() -> Path:
    """Where the modules are: beside this file in a wheel, in ``js/src`` of a checkout or a source distribution."""
    packaged = _HERE / "src"
    root = _HERE.parents[2]  # of the distribution
    for found in (packaged, root / "js" / "src", root.parents[1] / "js" / "src"):
        if (found / INDEX).is_file():
            return found
    raise FileNotFoundError(f"{packaged / INDEX}: the modules of the JavaScript diagnosis are missing")


@lru_cache(maxsize=3)
def bundle(kind: Kind) -> str:
    """The whole diagnosis with its catalogue as one file without imports. Raises :class:`ValueError` for a name that
    two modules give to different things."""
    order: list[str] = []
    texts = {TABLES: _tables()}
    _collect(INDEX, texts, order)
    names: dict[str, str] = {}
    for module in order:
        for name in _NAMED.findall(_EXPORT.sub("", texts[module])):
            if name in names:
                raise ValueError(f"{name} is defined in {names[name]} and in {module}")
            names[name] = module
    exported = [name.strip() for name in _EXPORTS.findall(texts[INDEX])[0].split(",")]
    body = "\n".join(_EXPORTS.sub("", _EXPORT.sub("", _IMPORT.sub("", texts[module]))).strip() for module in order)
    head = "// treadle-diagnosis. Apache-2.0. Made of js/src by tools/build_js.py.\n"
    if kind == "esm":
        return f"{head}{body}\nexport {{ {', '.join(exported)} }};\n"
    if kind == "cjs":
        return f'{head}"use strict";\n{body}\nmodule.exports = {{ {", ".join(exported)} }};\n'
    return f'{head}"use strict";\nconst {NAME} = (() => {{\n{body}\nreturn {{ {", ".join(exported)} }};\n}})();\n'


def _collect(module: str, texts: dict[str, str], order: list[str]) -> None:
    """Add what a module imports, then the module."""
    if module in order:
        return
    text = texts.setdefault(module, "") or (folder() / module).read_text("utf-8")
    texts[module] = text
    for _, needed in _IMPORT.findall(text):
        _collect(needed, texts, order)
    if module not in order:
        order.append(module)


def _tables() -> str:
    # Read by JSON.parse, which engines do faster than the same as an object; "</" would end a page's script.
    text = json.dumps(json.dumps(tables(), ensure_ascii=False, separators=(",", ":")), ensure_ascii=False)
    return f"export const TABLES = JSON.parse({text.replace('</', '<' + chr(92) + '/')});\n"
