"""The page on webhooks: its reference is what the models say, and its code verifies what Treadle signs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from tools.build_js import build
from tools.build_webhooks_page import page, written

from treadle.notify.delivering import headers_for
from treadle.notify.webhooks import EVENTS, new_secret

PAGE = page().read_text("utf-8")
BODY = '{"type":"post.published","data":{"text":"Grüße 🧵"}}'
Runner = Callable[[Path, str], str]


def snippet(title: str) -> str:
    """The code below a heading."""
    found = re.search(rf"^### {title}\n+```\w+\n(.*?)^```", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def python(folder: Path, case: str) -> str:
    harness = "import json, sys\nbody, headers, secret = json.load(open(sys.argv[1]))\n"
    (folder / "main.py").write_text(f"{snippet('Python')}\n\n{harness}print(receive(body.encode(), headers, secret))\n")
    return run(folder, sys.executable, "main.py", case)


def typescript(folder: Path, case: str) -> str:
    node = shutil.which("node") or str(compute_driver_executable()[0])
    package = folder / "node_modules" / "treadle-diagnosis"
    build(package / "dist")
    shutil.copyfile(Path(__file__).parents[1] / "js" / "package.json", package / "package.json")
    plain = re.sub(
        r": (Uint8Array|Record<string, string>|string|Promise<string>)(?=[,)] | \{|\))", "", snippet("TypeScript")
    )
    (folder / "main.mjs").write_text(
        f"{plain}\nimport {{ readFileSync }} from 'node:fs';\n"
        "const [body, headers, secret] = JSON.parse(readFileSync(process.argv[2], 'utf-8'));\n"
        "console.log(await receive(new TextEncoder().encode(body), headers, secret));\n"
    )
    return run(folder, node, "main.mjs", case)


def php(folder: Path, case: str) -> str:
    (folder / "main.php").write_text(
        f"<?php\n{snippet('PHP')}\n[$body, $headers, $secret] = json_decode(file_get_contents($argv[1]), true);\n"
        "echo receive($body, $headers, $secret), PHP_EOL;\n"
    )
    return run(folder, "php", "main.php", case)


def go(folder: Path, case: str) -> str:
    (folder / "receive.go").write_text(snippet("Go"))
    (folder / "main.go").write_text(
        'package main\n\nimport (\n\t"encoding/json"\n\t"fmt"\n\t"net/http"\n\t"os"\n)\n\nfunc main() {\n'
        "\tvar given [3]json.RawMessage\n\ttext, _ := os.ReadFile(os.Args[1])\n\tjson.Unmarshal(text, &given)\n"
        "\tvar body, secret string\n\tvar headers map[string]string\n"
        "\tjson.Unmarshal(given[0], &body)\n\tjson.Unmarshal(given[1], &headers)\n\tjson.Unmarshal(given[2], &secret)\n"
        "\theader := http.Header{}\n\tfor name, value := range headers {\n\t\theader.Set(name, value)\n\t}\n"
        "\tfmt.Println(receive([]byte(body), header, secret))\n}\n"
    )
    if not (folder / "go.mod").exists():
        (folder / "go.mod").write_text("module receiver\n\ngo 1.19\n")
        run(folder, "go", "build", "-o", "receiver", ".")
    return run(folder, str(folder / "receiver"), case)


@pytest.mark.parametrize(("runner", "tool"), [(python, ""), (typescript, ""), (php, "php"), (go, "go")])
def test_the_code_takes_what_is_signed_and_nothing_else(runner: Runner, tool: str, tmp_path: Path) -> None:
    if tool and shutil.which(tool) is None:
        pytest.skip(f"there is no {tool} on this machine")
    secret, other, now = new_secret(), new_secret(), time.time()

    def told(body: str, secrets: list[str], at: float, **changed: str) -> str:
        headers = {**headers_for("dlv_1", BODY, secrets, at), **changed}
        case = tmp_path / "case.json"
        case.write_text(json.dumps([body, headers, secret]))
        return runner(tmp_path, str(case))

    assert told(BODY, [secret], now) == "post.published"
    assert told(BODY, [other, secret], now) == "post.published"
    for body, secrets, at, changed in (
        (BODY.replace("published", "failed"), [secret], now, {}),
        (BODY, [other], now, {}),
        (BODY, [secret], now - 400, {}),
        (BODY, [secret], now + 400, {}),
        (BODY, [secret], now, {"webhook-id": "dlv_2"}),
        (BODY, [secret], now, {"webhook-signature": "v1,"}),
        (BODY, [secret], now, {"webhook-signature": "v1,AAAA v2,BBBB nonsense"}),
        (BODY, [secret], now, {"webhook-timestamp": "yesterday"}),
    ):
        assert told(body, secrets, at, **changed).startswith("refused: "), (secrets, at, changed)


def test_the_reference_is_what_the_models_say() -> None:
    assert written(PAGE) == PAGE


def test_every_event_has_its_line_and_its_payload() -> None:
    for name, words in EVENTS.items():
        assert f"| `{name}` | {words} |" in PAGE
        found = re.search(rf'^\?\?\? example "{name}"\n\n    ```json\n(.*?)^    ```', PAGE, re.M | re.S)
        assert found, name
        assert json.loads(found[1])["type"] == name
