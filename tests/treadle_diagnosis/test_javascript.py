"""The diagnosis in JavaScript gives the same answers as the one in Python, on the published conformance file.

Runs in the Node.js on the path, else in the one that Playwright brings: it never skips.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable
from tools.build_js import SOURCE, build

from treadle_diagnosis.javascript.bundle import bundle
from treadle_diagnosis.javascript.conformance import expected, rows
from treadle_diagnosis.javascript.expressions import javascript
from treadle_diagnosis.javascript.tables import MODULES
from treadle_diagnosis.late import LateExpression

CORPUS = os.environ.get("THREADS_ERROR_CORPUS", "")
LARGEST = 120_000  # bytes, compressed
DRIVER_NODE = str(compute_driver_executable()[0])
NODES = sorted({DRIVER_NODE, shutil.which("node") or DRIVER_NODE})


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm package as it is sent, with its tests beside it."""
    folder = tmp_path_factory.mktemp("js")
    build(folder / "dist")
    for name in ("package.json", "conformance.mjs"):
        shutil.copyfile(SOURCE / name, folder / name)
    shutil.copytree(SOURCE / "test", folder / "test")
    return folder


def run(node: str, package: Path, *words: str) -> str:
    done = subprocess.run([node, *words], cwd=package, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


@pytest.mark.parametrize("node", NODES)
def test_every_row_of_the_conformance_file_is_answered_alike(package: Path, node: str) -> None:
    told = run(node, package, "conformance.mjs", "dist/conformance.jsonl", "dist/index.mjs")
    assert re.search(r"^[1-9]\d{3,} passed, 0 failed$", told, re.M), told[-2000:]


@pytest.mark.parametrize("node", NODES)
def test_errors_of_fetch_and_axios_are_taken_as_they_are(package: Path, node: str) -> None:
    told = run(node, package, "--test", "test/clients.test.mjs")
    assert re.search(r"^(?:#|ℹ) fail 0$", told, re.M)


@pytest.mark.skipif(not CORPUS, reason="THREADS_ERROR_CORPUS does not name a labeled errors.jsonl")
def test_the_labelled_corpus_is_answered_alike(package: Path) -> None:
    lines = [json.loads(line) for line in Path(CORPUS).read_text("utf-8").splitlines() if line.strip()]
    fields = ("surface", "stage", "http_status", "headers", "body", "exception", "context")
    inputs = [{name: row[name] for name in fields if row.get(name) is not None} for row in lines]
    made = [{"id": str(n), "input": one, "expected": expected(one)} for n, one in enumerate(inputs)]
    (package / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
    assert f"{len(made)} passed, 0 failed" in run(DRIVER_NODE, package, "conformance.mjs", "corpus.jsonl")


def test_a_wrong_answer_is_noticed(package: Path) -> None:
    row = next(rows())
    row["expected"]["action"] = "nothing"
    (package / "wrong.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    done = subprocess.run(
        [DRIVER_NODE, "conformance.mjs", "wrong.jsonl"], cwd=package, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "0 passed, 1 failed" in done.stdout


def test_the_package_is_small_and_names_no_other_package() -> None:
    import gzip

    assert len(gzip.compress(bundle("esm").encode(), 9)) < LARGEST
    described: dict[str, Any] = json.loads((SOURCE / "package.json").read_text("utf-8"))
    assert not {"dependencies", "peerDependencies", "optionalDependencies"} & described.keys()
    assert not re.search(r"\brequire\(|\bimport ", bundle("cjs"))
    assert "fetch(" not in bundle("page")
    assert "XMLHttpRequest" not in bundle("page")


def test_the_conformance_file_has_every_example_and_near_miss() -> None:
    from treadle_diagnosis.catalog.loading import load

    ids = {row["id"] for row in rows()}
    inputs = {json.dumps(row["input"], sort_keys=True) for row in rows()}
    assert len(ids) == len(inputs) >= 2000
    for pattern in load():
        assert any(name.startswith(f"{pattern.id}/") for name in ids) or not pattern.examples


def expressions() -> list[re.Pattern[str]]:
    found: list[re.Pattern[str]] = []
    for module in MODULES:
        for value in vars(module).values():
            value = value.compiled if isinstance(value, LateExpression) else value
            if isinstance(value, re.Pattern) and value not in found:
                found.append(value)
    return found


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Texts of the conformance file, and those around each of their edges."""
    found: list[str] = []
    for row in rows():
        body = row["input"].get("body") if isinstance(row["input"], dict) else None
        if body is not None:
            found.append(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))
    return [piece for text in found[::5] for piece in (text, text.lower(), f"é{text}错", text.replace(" ", "\u00a0"))]


def test_expressions_find_the_same_in_both_languages(package: Path, texts: list[str]) -> None:
    wanted = [[[m.start(), m.end()] for m in one.finditer(text)] for one in expressions() for text in texts]
    given = {"expressions": [javascript(one) for one in expressions()], "texts": texts, "wanted": wanted}
    (package / "expressions.json").write_text(json.dumps(given), "utf-8")
    # Python counts characters, JavaScript pieces of UTF-16.
    script = """
        const { readFileSync } = require("node:fs");
        const { expressions, texts, wanted } = JSON.parse(readFileSync("expressions.json", "utf8"));
        let at = 0, wrong = 0, found = 0;
        for (const [source, flags] of expressions) for (const text of texts) {
          const place = (end) => Array.from(text.slice(0, end)).length;
          const all = [...text.matchAll(new RegExp(source, flags + "g"))];
          const hits = all.map((hit) => [place(hit.index), place(hit.index + hit[0].length)]);
          found += hits.length;
          if (JSON.stringify(hits) === JSON.stringify(wanted[at++])) continue;
          if (wrong++ < 5) console.log(source, JSON.stringify(text.slice(0, 300)), hits, wanted[at - 1]);
        }
        console.log(found > 1000 ? "found" : "nothing found", wrong, "wrong");
    """
    assert "found 0 wrong" in run(DRIVER_NODE, package, "-e", script)


@pytest.mark.parametrize("expression", ["(?s).", "(?x) a", "(a)(?>b)", "(?i:a)b", r"(a)\1", "(?a)b"])
def test_what_javascript_cannot_say_alike_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"JavaScript|possessive"):
        javascript(re.compile(expression))
