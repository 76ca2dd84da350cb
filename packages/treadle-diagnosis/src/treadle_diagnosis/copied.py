"""What copying does to an answer, undone: percent signs, HTML entities, backslashes, curly quotes.

Each is undone only where a key of Meta's answers shows that it happened, so that a message which holds such signs of
its own stays as it is.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from treadle_diagnosis.late import LateExpression

SEEN = 12_000  # characters in which a sign of it is looked for
TIMES = 3  # an answer that was escaped more often is not met
# An answer in a query: %7B%22error%22%3A..., also escaped twice.
_PERCENT = LateExpression(r"%(?:25)*7B(?:%(?:25)*0A|%(?:25)*20|\+)*%(?:25)*22(?:error|message|code|type|fbtrace)", re.I)
_ENTITY_KEY = LateExpression(
    r"&(?:amp;)*(?:quot|#0?34|#x22);(?:error|message|code|type)[a-z_]{0,9}&(?:amp;)*(?:quot|#0?34|#x22);", re.I
)
_ENTITY = LateExpression(r"&(?:amp;){0,3}(quot|apos|lt|gt|nbsp|amp|#0?34|#0?39|#x22|#x27);", re.I)
_ENTITIES = {
    "quot": '"', "#34": '"', "#034": '"', "#x22": '"', "apos": "'", "#39": "'", "#039": "'", "#x27": "'", "lt": "<",
    "gt": ">", "nbsp": " ", "amp": "&",
}  # fmt: skip
_BACKSLASH_KEY = LateExpression(r"(?<!\\)\\{2,}\"(?:error|message|code|type)[a-z_]{0,9}\\{2,}\"")
_BACKSLASHES = LateExpression(r"(?<!\\)\\+\"")
_CURLY_KEY = LateExpression(r"[“”„‟«»](?:error|message|code|type)[a-z_ ]{0,9}[“”„‟«»]\s{0,3}:")
_CURLY = LateExpression(r"[“”„‟«»]")


def undone(text: str) -> str:
    """``text`` as it was before it was put into a query, a page, a string within a string, or a word processor."""
    seen = text[:SEEN]
    if "%" in seen:
        for _ in range(TIMES):
            if not _PERCENT.compiled.search(text[:SEEN]):
                break
            # A form writes a space as "+", everybody else as "%20".
            text = unquote(text) if "%20" in text else unquote_plus(text)
    if "&" in seen and _ENTITY_KEY.compiled.search(text[:SEEN]):
        text = _ENTITY.compiled.sub(_entity, text)
    if "\\\\" in seen and _BACKSLASH_KEY.compiled.search(text[:SEEN]):
        text = _BACKSLASHES.compiled.sub('"', text)
    if not seen.isascii() and _CURLY_KEY.compiled.search(text[:SEEN]):
        text = _CURLY.compiled.sub('"', text)
    return text


def _entity(hit: re.Match[str]) -> str:
    return _ENTITIES[hit[1].lower()]
