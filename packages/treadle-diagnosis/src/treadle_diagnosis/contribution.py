"""An answer as an entry to start from for the catalogue: TOML with its matcher and its example, secrets removed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from treadle_diagnosis.engine import as_evidence, rule_book
from treadle_diagnosis.facts import Facts
from treadle_diagnosis.reading import decode, read
from treadle_diagnosis.redact import redact
from treadle_diagnosis.types import Evidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_CHARS = 6_000
MAX_WORDS = 120  # characters of the message that the matcher begins with
HEAD = """\
# An answer of Meta's as an entry for the catalogue. Tokens are removed; replace ids, names and dates that are
# somebody's before you send it. Fill in what stands in capitals, as far as you know it; leave the rest.
"""
HOW_TO_SEND = (
    "Look through it once more for names, ids and addresses. Then open an issue of the project with it, or add it to "
    "the file of its category in catalog/patterns and send that as a change; CONTRIBUTING.md says how. Say which call "
    "was made, with which parameters, and what helped: that is worth more than the answer itself."
)
_TO_FILL = (
    ("id", "SHORT_NAME_OF_THE_CAUSE"),
    ("title", "WHAT IS WRONG, IN A FEW WORDS"),
    ("what_happened", "WHY META ANSWERS THIS"),
    ("next_step", "WHICH CALL, WHICH PARAMETER, HOW LONG: WHAT HELPED"),
    ("owner", "WHAT THE OWNER OF THE PROFILE CAN DO"),
    ("developer", "WHAT ELSE A DEVELOPER WANTS TO KNOW"),
    ("repaired", "HOW TO SEE THAT IT IS REPAIRED"),
)


def contribution(given: Evidence | str | bytes | Mapping[str, Any] | None) -> str:
    """The entry, for an answer in any form that :func:`treadle_diagnosis.diagnose` takes."""
    evidence = as_evidence(given)
    facts = read(evidence, rule_book().known)
    lines = [HEAD + "[[pattern]]", *(f"{name} = {_quoted(words)}" for name, words in _TO_FILL), "references = []", ""]
    lines += ["[[pattern.match]]", *_match(facts), ""]
    lines += ["[[pattern.example]]", *_example(evidence, facts), ""]
    return "\n".join(lines)


def _match(facts: Facts) -> list[str]:
    lines = []
    if facts.code is not None and facts.code != facts.subcode:
        lines.append(f"code = [{facts.code}]")
    if facts.subcode is not None:
        lines.append(f"subcode = [{facts.subcode}]")
    if facts.constant:
        lines.append(f"constant = [{_quoted(facts.constant)}]")
    if facts.container:
        lines.append(f"container = [{_quoted(facts.container)}]")
    words = " ".join(str(redact(facts.message)).split())[:MAX_WORDS]
    if words and not facts.subcode and not facts.constant:
        lines.append(f"words = [{_quoted(words)}]  # KEEP THE PART THAT IS ALWAYS THE SAME")
    return lines


def _example(evidence: Evidence, facts: Facts) -> list[str]:
    lines = [f"surface = {_quoted(facts.surface)}", f"stage = {_quoted(facts.stage)}"]
    if facts.http_status is not None:
        lines.append(f"http_status = {facts.http_status}")
    body = evidence.body
    body = redact(decode(bytes(body)) if isinstance(body, (bytes, bytearray)) else body, max_chars=MAX_CHARS)
    if isinstance(body, str) and body:
        lines.append(f"body = {_block(body)}")
    elif body:
        lines.append(f"json = {_block(json.dumps(body, ensure_ascii=False, indent=2))}")
    if evidence.exception:
        lines.append(f"exception = {_quoted(redact(evidence.exception, max_chars=MAX_CHARS))}")
    return lines


def _quoted(text: str) -> str:
    """A string of TOML on one line: what JSON writes, and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _block(text: str) -> str:
    """Text as it is on lines of its own, where TOML allows that."""
    odd = any((letter < " " and letter not in "\n\t") or letter == "\x7f" for letter in text)
    if odd or "'''" in text or text.endswith("'"):
        return _quoted(text)
    return f"'''\n{text}'''"
