"""How much text each entry for answers of Meta takes. Beyond it one sentence says so; nothing is cut in silence."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


PASTE_CHARS: Final = 64_000  # the guide's box, and the help page of a connect link
FORM_BYTES: Final = 4 * PASTE_CHARS  # the form around it, escaped
ANSWER_BYTES: Final = 262_144  # the body of POST /v1/diagnose
ANSWER_CHARS: Final = 200_000  # the answer given to an assistant's tool
INPUT_BYTES: Final = 2_000_000  # the file or standard input of the command
LINE_BYTES: Final = 1_000_000  # one line of its --jsonl
MESSAGE_CHARS: Final = 4_000  # what is read of Meta's own message
TOO_LONG: Final = f"This is longer than {PASTE_CHARS:,} characters. Paste the error itself, with the lines around it."
