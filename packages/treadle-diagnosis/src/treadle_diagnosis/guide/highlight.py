"""Colors for the code of a page: names of fields, texts, numbers, words of a language, remarks. They mean nothing."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_PIECE = re.compile(
    r"(?P<key>\"(?:[^\"\\\n]|\\.){0,300}\"(?=\s?:))"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.){0,2000}\"|'(?:[^'\\\n]|\\.){0,2000}'|`[^`]{0,2000}`)"
    r"|(?P<note>(?<!\S)(?:#|//) [^\n]{0,300})"
    r"|(?P<word>\b(?:async|await|const|def|else|except|export|false|False|finally|for|from|function|if|import|in|is|let|"
    r"new|None|not|null|of|raise|return|throw|true|True|try|while|with)\b)"
    r"|(?P<number>(?<![\w.-])-?\d{1,20}(?![\w.-]))"
)


def highlight(text: str) -> Markup:
    """``text`` as HTML with its pieces in spans; it reads the same without styles."""
    if len(text) > 20_000:
        return escape(text)
    out, at = [], 0
    for piece in _PIECE.finditer(text):
        out += [escape(text[at : piece.start()]), Markup(f'<span class="code-{piece.lastgroup}">'), escape(piece[0]),
                Markup("</span>")]  # fmt: skip
        at = piece.end()
    return Markup("").join([*out, escape(text[at:])])
