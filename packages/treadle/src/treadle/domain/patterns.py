"""Which pattern of the catalogue explains which rule of a post: one table, so that a test can hold every id.

A rule that is not here is one of Treadle's own about the request; its finding says all there is to say.
"""

from __future__ import annotations

from collections.abc import Mapping

PATTERN_OF: Mapping[str, str] = {
    "empty": "text_missing",
    "no_text": "text_missing",
    "text_too_long": "text_too_long",
    "text_may_be_too_long": "text_may_be_too_long",
    "too_many_links": "too_many_links",
    "many_links": "too_many_links",
    "link_url": "link_attachment_refused",
    "one_link_attachment": "text_attachment_rules",
    "topic_tag": "topic_tag_invalid",
    "topic_tag_hash": "topic_tag_invalid",
    "alt_text_too_long": "alt_text_too_long",
    "too_many_media": "carousel_count",
    "media_url": "media_address_invalid",
    "text_only": "options_conflict",
    "needs_media": "options_conflict",
    "several_attachments": "options_conflict",
    "poll_options": "poll_invalid",
    "poll_option_too_long": "poll_invalid",
    "unknown_poll_field": "poll_invalid",
    "poll_or_text_attachment": "text_attachment_rules",
    "gif": "gif_invalid",
    "unknown_gif_field": "gif_invalid",
    "text_attachment": "text_attachment_rules",
    "unknown_text_attachment_field": "text_attachment_rules",
    "style": "text_attachment_rules",
    "text_entities": "spoiler_rules",
    "spoiler_hides_all": "spoiler_rules",
    "ghost_reply": "ghost_post_rules",
    "ghost_approvals": "ghost_post_rules",
    "country_code": "country_codes_invalid",
    "threads_id": "invalid_parameter",
    "chain_reply_to": "options_conflict",
    "reply_control": "invalid_parameter",
    "unknown_option": "invalid_parameter",
}
