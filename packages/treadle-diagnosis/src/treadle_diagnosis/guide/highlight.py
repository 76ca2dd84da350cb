"""Colors for the code of a page: names of fields, texts, numbers, words of a language, remarks. They mean nothing."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_PIECE = re.compile(
    # A text that does not end is one up to the end of its line: whatever was begun is consumed, so the cost is linear.
    r"(?P<text>\"(?:[^\"\\\n]|\\.)*+\"?|(?<!\w)'(?:[^'\\\n]|\\.)*+'?|`[^`]*+`?)"
    r"|(?P<note>(?<!\S)(?:#|//) [^\n]{0,300})"
    r"|(?P<word>\b(?:async|await|const|def|else|except|export|false|False|finally|for|from|function|if|import|in|is|let|"
    r"new|None|not|null|of|raise|return|throw|true|True|try|while|with)\b)"
    r"|(?P<number>(?<![\w.-])-?\d{1,20}(?![\w.-]))"
)
_COLON = re.compile(r"\s?:")


def highlight(text: str) -> Markup:
    """``text`` as HTML with its pieces in spans; it reads the same without styles."""
    if len(text) > 20_000:
        return escape(text)
    out, at = [], 0
    for piece in _PIECE.finditer(text):
        key = piece.lastgroup == "text" and piece[0].startswith('"') and _COLON.match(text, piece.end()) is not None
        kind = "key" if key else piece.lastgroup
        out += [escape(text[at : piece.start()]), Markup(f'<span class="code-{kind}">'), escape(piece[0]),
                Markup("</span>")]  # fmt: skip
        at = piece.end()
    return Markup("").join([*out, escape(text[at:])])
