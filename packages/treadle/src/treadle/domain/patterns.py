"""Which pattern of the catalogue explains which rule of a post: one table, so that a test can hold every id.

The rules of an option have the pattern that its entry in the table of options names. Any other rule that is not here is
one of Treadle's own about the request; its finding says all there is to say.
"""

from __future__ import annotations

from collections.abc import Mapping

PATTERN_OF: Mapping[str, str] = {
    "empty": "text_missing",
    "unseen": "text_missing",
    "no_text": "text_missing",
    "text_too_long": "text_too_long",
    "text_may_be_too_long": "text_may_be_too_long",
    "too_many_links": "too_many_links",
    "many_links": "too_many_links",
    "too_many_media": "carousel_count",
    "media_url": "media_address_invalid",
    "several_attachments": "options_conflict",
    "spoiler_hides_all": "spoiler_rules",
    "unknown_option": "invalid_parameter",
}
