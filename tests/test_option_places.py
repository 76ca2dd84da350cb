"""An option that is forgotten in one of its places is found: none of them can be told from its silence.

The recipe "Add a publish option" in CONTRIBUTING relies on it.
"""

from __future__ import annotations

import re

import pytest

from tests.support.sources import SOURCES
from treadle.domain.options import TABLE

SERVER, SANDBOX = SOURCES["treadle"], SOURCES["treadle-sandbox"]
# Options of Treadle's own: Threads never sees them.
OURS = {"on_too_long", "copy_media"}
# What a place is for: its files, and the options that have no business there.
PLACES = {
    "the words for what changed": ([SERVER / "domain" / "changes.py"], set()),
    "the words an assistant's person is asked with": ([SERVER / "mcp" / "assistants_consent.py"], set()),
    "the labels of findings on the page": ([SERVER / "web" / "field_words.py"], set()),
    "the fields of the form": ([SERVER / "web" / "draft_options.py"], {"alt_text"}),  # a field of each medium
    "the form": ([SERVER / "web" / "templates" / "compose_options.html"], {"alt_text"}),
    "the preview": (
        [SERVER / "web" / "templates" / "parts.html"],
        OURS | {"crossreshare_to_ig_dark_mode", "reply_control"},
    ),
    "what the sandbox takes": ([SANDBOX / "create.py", SANDBOX / "attachments.py"], OURS),
    "what the sandbox reads back": (
        [SANDBOX / "reading.py", SANDBOX / "feed.py"],
        # Threads has no field for these.
        OURS | {"crossreshare_to_ig", "crossreshare_to_ig_dark_mode", "reply_to_id"},
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_option_is_in_its_places(place: str) -> None:
    files, without = PLACES[place]
    words = {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    assert TABLE.names - words == without
