"""Write the reference of events in docs/webhooks.md from the models that build them.

.venv/bin/python tools/build_webhooks_page.py            # writes it
.venv/bin/python tools/build_webhooks_page.py --check    # fails when the page is not what the models say
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from treadle.http.server import describe

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("docs/webhooks.md", "docs/reference/webhooks.md")
MARK = "<!-- Made of the models by tools/build_webhooks_page.py; do not edit below. -->"
GROUPS: Mapping[str, str] = {
    "post": "Posts",
    "account": "Accounts",
    "blocker": "Causes that hold posts back",
    "platform": "Threads as a whole",
    "webhook": "Webhooks",
    "threads": "From Threads",
}


def page() -> Path:
    return next(path for name in PAGES if (path := ROOT / name).is_file())


def reference(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the reference: for each group its events, the fields of ``data``, and an example of each event."""
    schemas = document["components"]["schemas"]
    for group, title in GROUPS.items():
        events = {name: item["post"] for name, item in document["webhooks"].items() if name.startswith(f"{group}.")}
        first = next(iter(events.values()))["requestBody"]["content"]["application/json"]
        model = first["schema"]["allOf"][1]["properties"]["data"]["$ref"].rpartition("/")[2]
        yield from ("", f"### {title}", "", "| Event | When |", "|---|---|")
        yield from (f"| `{name}` | {post['description'].partition(' POSTed')[0]} |" for name, post in events.items())
        yield from ("", "| `data` | Type | What it is |", "|---|---|---|")
        required = schemas[model].get("required", ())
        for field, schema in schemas[model]["properties"].items():
            words = schema["description"] + ("" if field in required else " May be absent.")
            yield f"| `{field}` | {kind(schema)} | {words.replace('|', chr(92) + '|')} |"
        for name, post in events.items():
            example = post["requestBody"]["content"]["application/json"]["example"]
            text = json.dumps(example, indent=2, ensure_ascii=False)
            yield from ("", f'??? example "{name}"', "", "    ```json")
            yield from (f"    {line}" for line in text.splitlines())
            yield "    ```"


def kind(schema: Mapping[str, Any]) -> str:
    """The type of a field in few words."""
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def written(text: str) -> str:
    """The page with the reference as the models have it."""
    head, mark, _ = text.partition(MARK)
    assert mark, "the page has lost its mark"
    return head + mark + "\n" + "\n".join(reference(describe())) + "\n"


def main() -> None:
    path = page()
    text = path.read_text("utf-8")
    wanted = written(text)
    if "--check" in sys.argv:
        if text != wanted:
            sys.exit(f"{path.relative_to(ROOT)} is not what the models say; run tools/build_webhooks_page.py")
        return
    path.write_text(wanted, "utf-8")


if __name__ == "__main__":
    main()
