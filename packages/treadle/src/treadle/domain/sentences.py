"""The sentences of findings: one table, from a code to what is wrong and what to do, with places for arguments.

The API, the command line and assistants say these. Another face may have its own sentence for a code, made of the same
arguments: the pages do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Sentence(NamedTuple):
    """What is wrong, and what to do about it, as templates of :meth:`str.format`.

    ``rule``: the stable name of the rule, when it is not the code itself: a rule may have several sentences.
    """

    message: str
    way_out: str
    rule: str = ""
    warning: bool = False


_SHOWN_TIME = "Write it like 2026-12-01T09:00:00+01:00."

SENTENCES: Mapping[str, Sentence] = {
    # any request
    "wrong_type": Sentence("This is {kind}; it must be {wanted}.", "Send {wanted}."),
    "required": Sentence("'{name}' is missing.", "Send it."),
    "unknown_field": Sentence("There is no field '{name}'.", "Known fields: {known}."),
    "unknown_field_near": Sentence(
        "There is no field '{name}'. Did you mean '{meant}'?", "Write '{meant}'.", "unknown_field"
    ),
    "nul_in_field": Sentence("This contains the character NUL.", "Remove it.", "characters"),
    "half_in_field": Sentence("This contains half of a character.", "Remove it.", "characters"),
    "too_long": Sentence("This is too long.", "Shorten it."),
    "too_short": Sentence("This is too short.", "Make it longer."),
    "unknown_value": Sentence("This value is not allowed.", "Use one of: {known}."),
    "not_finite": Sentence("This is not a finite number.", "Send a number, or leave it out.", "number"),
    "out_of_bounds": Sentence(
        "This number is too small or too large.", "Send a different one, or leave it out.", "range"
    ),
    "nul_character": Sentence("This contains the character NUL.", "Remove it."),
    "half_character": Sentence(
        "This contains half of a character (a lone surrogate): often an emoji cut in two, or text that is not UTF-8.",
        "Cut the text between characters, or send it in UTF-8.",
    ),
    "too_deep": Sentence("This is nested too deeply.", "Use fewer levels."),
    "idempotency_key": Sentence(
        "An {name} must be 1 to 200 printable ASCII characters.", "Use a new UUID, for example."
    ),
    # parameters of an address; the codes are Pydantic's
    "int_parsing": Sentence("This is not a whole number.", "Send digits, or leave it out."),
    "int_parsing_size": Sentence("This number is too large.", "Send a smaller one, or leave it out."),
    "bool_parsing": Sentence("This is neither true nor false.", "Send true or false, or leave it out."),
    "greater_than_equal": Sentence("This is too small.", "The minimum is {limit}."),
    "less_than_equal": Sentence("This is too large.", "The maximum is {limit}."),
    "string_too_long": Sentence("This is too long.", "Use at most {limit} characters."),
    "string_too_short": Sentence("This is too short.", "Use at least {limit} characters."),
    "string_pattern_mismatch": Sentence("This contains a character that isn't allowed here.", "Remove it."),
    "missing": Sentence("This is missing.", "Send it."),
    "parameter": Sentence("{problem}", "See the API document."),
    "unknown_parameter": Sentence("This list has no parameter '{name}'.", "Known parameters: {known}."),
    "unknown_parameter_near": Sentence(
        "This list has no parameter '{name}'. Did you mean '{meant}'?",
        "Known parameters: {known}.",
        "unknown_parameter",
    ),
    "no_body": Sentence("This request takes no body.", "Send it without one.", "unknown_field"),
    "no_parameters": Sentence("This request takes no query parameters.", "Leave it out.", "unknown_parameter"),
    "unknown_filter_value": Sentence("There is no {name} '{value}'.", "Use one or more of: {known}.", "unknown_value"),
    "cursor": Sentence(
        "This is not a cursor of this list.", "Send 'next' from the previous page, unchanged, or leave it out."
    ),
    "cursor_of_another_sort": Sentence(
        "This cursor belongs to a list sorted by '{made_under}', not by '{sort}'.",
        "Keep 'sort' as it was on the previous page, or leave 'after' out and start at the first page.",
    ),
    "not_a_moment": Sentence("This is not a time.", "Write it like 2026-12-01T09:00:00Z.", "not_a_time"),
    "event_id": Sentence("This is not the id of an event.", "Send the last 'id' you received."),
    # a post: its account and its names
    "account_required": Sentence(
        "The account that publishes this is missing.",
        "Send the account's id (acc_…); GET /v1/accounts lists them.",
        "required",
    ),
    "known_account": Sentence(
        "There is no such account in this workspace.",
        "List the accounts (GET /v1/accounts) and use one of their ids, or connect one.",
    ),
    "known_media": Sentence("There is no such uploaded file in this workspace.", "Upload it first (POST /v1/media)."),
    "set_by_treadle": Sentence("'{name}' is set by Treadle.", "{way_out}"),
    "belongs_to_options": Sentence("'{name}' is an option.", "Send it as options.{name}."),
    "flat_chain": Sentence(
        "A part can't have replies of its own: 'replies' is a flat list, and each part replies to the one before.",
        "List these parts one after another in the post's own 'replies'.",
    ),
    "belongs_to_post": Sentence("'{name}' applies to the whole post.", "Send it next to 'replies', not inside it."),
    "unknown_name": Sentence("There is no {what} '{name}'.", "Leave it out."),
    "unknown_name_near": Sentence("There is no {what} '{name}'. Did you mean '{meant}'?", "Write '{meant}'."),
    # a post: its text
    "empty": Sentence("There is nothing to publish: no text and no media.", "Add text, an image or a video."),
    "empty_quote": Sentence(
        "There is nothing to publish: no text and no media (a quote needs text too).",
        "Add text, an image or a video.",
        "empty",
    ),
    "unseen": Sentence(
        "This text looks empty: it contains only spaces and invisible characters.",
        "Write something, or leave this part out.",
        warning=True,
    ),
    "no_text": Sentence(
        "Meta's documentation asks for text in every post without media, and doesn't mention attachments alone.",
        "To be safe, add text.",
        warning=True,
    ),
    "text_too_long": Sentence(
        "The text has {count} characters; Threads allows {limit}.",
        "Shorten it, continue in replies, or put the long part into options.text_attachment (up to 10,000).",
    ),
    "text_may_be_too_long": Sentence(
        "The text has {count} characters and {size} bytes. Threads allows {limit}, and doesn't always count the same "
        "way: emoji and letters beyond ASCII may count as several (over the limit if it counts by {over}).",
        "To be safe, shorten it to 500 bytes.",
        warning=True,
    ),
    "same_text": Sentence(
        "This is the same text as {post_id}, which {state}.",
        "Ignore this if you want both. Otherwise, discard this one.",
        "similar_post",
        warning=True,
    ),
    "nearly_same_text": Sentence(
        "This is almost the same text as {post_id}, which {state}.",
        "Ignore this if you want both. Otherwise, discard this one.",
        "similar_post",
        warning=True,
    ),
    "too_many_links": Sentence(
        "There are {count} different links; Threads allows {limit} in one post.",
        "Remove some, or spread them over replies.",
    ),
    "many_links": Sentence(
        "There are {count} different links. The limit is {limit}, but posts with four were refused.",
        "To be safe, use at most {safe} links.",
        warning=True,
    ),
    # a post: its media
    "too_many_media": Sentence(
        "There are {count} files; a carousel can have at most {limit}.", "Remove some, or spread them over replies."
    ),
    "spoiler_hides_all": Sentence(
        "Threads hides either all media of a post or none, but only some are marked as spoilers here.",
        "Ignore this if all of them can be hidden. Otherwise, move the hidden ones to a separate post.",
        warning=True,
    ),
    "url_and_id": Sentence(
        "This needs either the URL of a file or the id of an uploaded one, but it has both.",
        'Send either {{"url": "https://…"}} or {{"id": "med_…"}}.',
        "url_or_id",
    ),
    "neither_url_nor_id": Sentence(
        "This needs either the URL of a file or the id of an uploaded one, but it has neither.",
        'Send either {{"url": "https://…"}} or {{"id": "med_…"}}.',
        "url_or_id",
    ),
    "media_id": Sentence(
        "This is not the id of an uploaded file; those begin with med_.",
        "Upload the file (POST /v1/media) and send the id you get back, or send its URL as url.",
    ),
    "media_type": Sentence(
        "This must be an image or a video.", "Write 'image' or 'video', or leave it out: the file shows it."
    ),
    "media_url": Sentence(
        "Threads can't use this URL: {problem}.",
        "Send the complete public URL, such as https://example.com/picture.jpg, or upload the file "
        "(POST /v1/media) and send its id.",
    ),
    "link_url": Sentence(
        "Threads can't use this URL: {problem}.",
        "Send the complete public URL, such as https://example.com/picture.jpg.",
    ),
    # a post: its options, whichever an option's kind asks for
    "words_mark": Sentence("The {noun} should not start with {mark}.", "Write '{bare}'.", warning=True),
    "words_empty": Sentence("The {noun} is empty.", "Write one, or leave it out."),
    "words_too_long": Sentence("The {noun} has {count} characters; Threads allows {limit}.", "Shorten it."),
    "words_character": Sentence("The {noun} can't contain '{char}'.", "Remove the '{char}'."),
    "unknown_option": Sentence(
        "There is no {what} '{name}'.",
        "Leave it out. If Threads has it, send it as options.extra.{name}; nothing is checked there.",
    ),
    "auto_publish_text": Sentence(
        "Treadle doesn't use auto_publish_text: if its answer is lost, there is no container to check, and nobody "
        "can tell whether the post was published.",
        "Leave it out. The post is published just as fast through a container.",
    ),
    "too_many_extra": Sentence("There are {count} parameters; Treadle passes on at most {limit}.", "Remove some."),
    "steers_the_call": Sentence(
        "'{name}' controls the request, not the post, so Treadle doesn't pass it on.", "Leave it out.", "set_by_treadle"
    ),
    "extra_option": Sentence(
        "'{name}' is an option that Treadle checks.", "Send it as options.{name}.", "belongs_to_options"
    ),
    "extra_name": Sentence("This is not a parameter name.", "Use letters, digits and underscores."),
    "not_checked": Sentence(
        "'{name}' is not checked: Treadle doesn't know it and passes it to Threads unchanged.",
        "Threads ignores names it doesn't know, so check the post after it is published.",
        warning=True,
    ),
    "not_checked_near": Sentence(
        "'{name}' is not checked: Treadle doesn't know it and passes it to Threads unchanged. Did you mean the option "
        "'{meant}'?",
        "Threads ignores names it doesn't know, so check the post after it is published.",
        "not_checked",
        warning=True,
    ),
    "several_attachments": Sentence(
        "Meta doesn't say whether one post can have {options}.", "To be safe, use only one of them.", warning=True
    ),
    "not_a_choice": Sentence("This value is not allowed.", "Use one of {choices}."),
    "not_an_id": Sentence("This is not the id of {what}; those have only digits.", "{where}"),
    "empty_post_id": Sentence(
        "This is empty, so it's unclear which post you mean.",
        "Send the post's id on Threads, or leave out {name}.",
    ),
    "id_as_number": Sentence(
        "Many languages can't hold a number this long exactly.", "Send it as text, in quotes.", warning=True
    ),
    "country_code": Sentence("This is not a two-letter country code (ISO 3166-1).", "Use codes such as US, CA, DE."),
    "country_code_near": Sentence("This is not a two-letter country code (ISO 3166-1).", "Write {meant}."),
    "text_only": Sentence("Only a post without media can have {name}.", "Leave out {name}, or the media."),
    "needs_media": Sentence("Only a post with media can have {name}.", "Leave out {name}, or add an image or a video."),
    "of_each_medium": Sentence("With several files, each has its own {noun}.", "Set it on each entry of media."),
    "of_one_medium": Sentence("With several files, each has its own {noun}.", "Leave it out, or send only one file."),
    "clash": Sentence("{message}", "{way_out}"),
    "one_link_attachment": Sentence(
        "A post can have one attached link: its own, or that of its text attachment.", "Remove one of the two."
    ),
    "poll_count": Sentence(
        "A poll has {least} to {most} options; this has {count}.", "Fill in at least {names}.", "poll_options"
    ),
    "poll_gap": Sentence(
        "The options of a poll must be filled in order from option_a, without a gap.", "Use {names}.", "poll_options"
    ),
    "poll_option_too_long": Sentence("The poll option has {count} characters; Threads allows {limit}.", "Shorten it."),
    "poll_option_blank": Sentence("The poll option is blank.", "Write something in it.", "poll_options"),
    "gif_id": Sentence("A GIF needs its GIPHY id.", "Send the GIF's id as gif_id.", "gif"),
    "gif_provider": Sentence(
        "Threads accepts GIFs only from GIPHY.", "Find the GIF on GIPHY and send provider GIPHY.", "gif"
    ),
    "gif_tenor": Sentence(
        "Threads accepts GIFs only from GIPHY; Tenor ended on March 31, 2026.",
        "Find the GIF on GIPHY and send provider GIPHY.",
        "gif",
    ),
    "text_attachment_empty": Sentence(
        "A text attachment needs text.", "Send the text as plaintext.", "text_attachment"
    ),
    "text_attachment_too_long": Sentence(
        "The attached text has {count} characters; Threads allows {limit}.", "Shorten it.", "text_attachment"
    ),
    "styles_unit_unknown": Sentence(
        "Meta doesn't say whether styled ranges count characters or bytes, and this text has characters for which "
        "it matters.",
        "Check the post once it is published; plain ASCII before a range is safe.",
        "range_unit_unknown",
        warning=True,
    ),
    "style_missing": Sentence("A styled range must name its styles.", "Use one or more of {known}.", "style"),
    "style_unknown": Sentence("There is no such style.", "Use {known}.", "style"),
    "too_many_spoilers": Sentence(
        "There are {count} spoilers; Threads allows {limit}.", "Remove some.", "text_entities"
    ),
    "not_a_spoiler": Sentence("The only kind of range in a text is a spoiler.", "Write SPOILER.", "text_entities"),
    "spoilers_unit_unknown": Sentence(
        "An emoji or another character of two UTF-16 units comes before the end of a spoiler. Meta doesn't say "
        "how it counts those; its own sample counts each as two.",
        "Count each of them as two, and check the post after it is published.",
        "range_unit_unknown",
        warning=True,
    ),
    "range_number": Sentence("The {name} must be a whole number of at least {limit}.", "Count in {unit}.", "range"),
    "range_outside": Sentence(
        "The range ends at {ends}, the text at {limit} {unit}.", "End it within the text.", "range"
    ),
    "range_overlap": Sentence("Two ranges overlap.", "Merge them, or end one where the next begins.", "range"),
    # a post: the rest
    "too_many_parts": Sentence(
        "The thread has {count} parts; one post can have at most {limit}.", "Split it into several posts."
    ),
    "metadata_too_large": Sentence("The metadata is too large to store with a post.", "Store a reference instead."),
    "too_many_labels": Sentence("There are too many labels.", "Remove some."),
    "label": Sentence("A label is a text of 1 to {limit} characters.", "Change it or leave it out."),
    "duration": Sentence(
        "This is not a duration between zero and ten years.",
        "Write it like PT24H (24 hours), P2D (two days), PT30M (30 minutes), or as a number of seconds.",
    ),
    # a post: its time
    "no_slot": Sentence("This is not a slot.", 'Write it like {{"weekday": "mon", "time": "09:00"}}.'),
    "too_many_slots": Sentence("A queue can have at most {limit} slots.", "Remove some."),
    "past_slot": Sentence("This time is in the past.", "Pick a later one.", "past_time"),
    "queue_and_time": Sentence("A post in the queue gets its time from the queue.", "Leave 'publish_at' out."),
    "no_free_slot": Sentence("The queue of this account has no free slot.", "Add slots to the queue, or pick a time."),
    "empty_time": Sentence(
        "This is empty.", "Send a time, or leave the field out to publish as soon as possible.", "not_a_time"
    ),
    "not_a_time": Sentence("This is not a time.", _SHOWN_TIME),
    "no_such_time": Sentence("This date or time doesn't exist.", _SHOWN_TIME, "not_a_time"),
    "no_time_of_day": Sentence("This is a date without a time.", "Add the time: {day}T09:00:00+01:00."),
    "no_zone": Sentence(
        "This time has neither an offset nor a time zone.",
        "Add its offset ({local}+01:00), or send a zone with it (Europe/Berlin).",
    ),
    "before_1970": Sentence("This is before 1970.", "Send the time you mean.", "out_of_range"),
    "fifty_years_ahead": Sentence("This is more than 50 years ahead.", "Send the time you mean.", "out_of_range"),
    "far_ahead": Sentence(
        "This is more than a year ahead.",
        "Ignore this if you mean it. The account's access token has to work until then.",
        warning=True,
    ),
    "past_time_waits": Sentence(
        "This time has passed ({ago} ago).",
        "The post will wait for approval, because it is more than {lateness} late. To publish it later, choose a "
        "time in the future.",
        "past_time",
        warning=True,
    ),
    "past_time_now": Sentence(
        "This time has passed ({ago} ago).",
        "The post will be published right away. To publish it later, choose a time in the future.",
        "past_time",
        warning=True,
    ),
    "unknown_zone": Sentence("There is no such time zone.", "{instead}"),
    "unknown_zone_beside": Sentence(
        "There is no such time zone, so the offset of the time is used.",
        "{instead} Or leave the zone out.",
        "unknown_zone",
        warning=True,
    ),
    "offset_and_zone": Sentence(
        "The offset is used: in {zone} that is {there}.",
        "If you mean the time in {zone}, leave the offset out.",
        warning=True,
    ),
    "doubled_time": Sentence(
        "The clocks in {zone} go back then, so this time happens twice: {readings}.",
        "Send the one you mean, with its offset.",
    ),
    "skipped_time": Sentence(
        "The clocks in {zone} go forward then, so this time doesn't exist. It could mean {readings}.",
        "Send the one you mean, with its offset.",
    ),
    # a post: its account ahead of publishing
    "not_connected": Sentence(
        "This account is not connected.", "Reconnect it. The post waits until then.", warning=True
    ),
    "account_health": Sentence("{health}", "Fix this first. The post waits until then.", warning=True),
    "scope_missing": Sentence(
        "The account did not grant {scope}, which this post needs.",
        "Reconnect the account and leave every permission selected.",
        warning=True,
    ),
    "set_up_fault": Sentence("{problem}", "{way_out}"),
    "blocked": Sentence("{title}. This account's posts are blocked until it is fixed.", "{next_step}", warning=True),
    # changing a post, and many of them
    "cannot_be_changed": Sentence("'{name}' can't be changed.", "Leave it out.", "unknown_field"),
    "parts_are_out": Sentence("Parts of it are already published by the other account.", "Create a new post instead."),
    "part_is_out": Sentence("This part is already published and can't be changed.", "Leave it as it is."),
    "may_be_live": Sentence(
        "Threads refused to publish this part, but it isn't certain yet that it is not live.",
        "Check the profile. If the part isn't there, resolve it as absent, then try again.",
    ),
    "live_or_absent": Sentence(
        "Say either which post is live or that none is.",
        'Send {{"threads_id": "..."}} or {{"absent": true}}.',
        "one_of",
    ),
    "detached_choice": Sentence(
        "This is not one of the choices for a reply that is live, but not as a reply.",
        "Send below_root, stop or send_again.",
        "one_of",
    ),
    "live_id": Sentence(
        "This is not the id of a post on Threads; those have only digits.",
        "Send the id as the Threads API gives it.",
        "threads_id",
    ),
    "posts_required": Sentence("The posts are missing.", "Send them as a list in 'posts'.", "required"),
    "pair": Sentence("This must say what to replace, and with what.", 'Send {{"from": "…", "to": "…"}}.', "wrong_type"),
    "many_posts": Sentence(
        "There are {count} posts; a request takes 1 to {most}.", "Send them in groups.", "bulk_size"
    ),
    "many_ids": Sentence("There are {count} ids; a request takes 1 to {most}.", "Send them in groups.", "bulk_size"),
    "many_at_once": Sentence("A request takes 1 to {most} posts.", "Leave it out.", "range"),
    "post_id": Sentence("This is not the id of a post.", "Ids look like pst_….", "id"),
    "not_an_action": Sentence("This is not an action.", "Use one of: {known}.", "unknown_value"),
    "not_with_action": Sentence("'{name}' belongs to {actions}.", "Leave it out."),
    "patch_required": Sentence(
        "The fields to change are missing.", 'Send the fields to change: {{"text": "…"}}.', "required"
    ),
    "replace_required": Sentence(
        "There is nothing here to replace.",
        'Send one or more of media, text and link, each as {{"from": "…", "to": "…"}}.',
        "required",
    ),
    "posts_not_named": Sentence("No posts are selected.", "Send either 'ids' or 'filter'.", "one_of"),
    "posts_named_twice": Sentence("The posts are selected in two ways.", "Send either 'ids' or 'filter'.", "one_of"),
    "empty_filter": Sentence("An empty filter would match every post.", "Use one or more of: {known}.", "required"),
    # files
    "file_url": Sentence("This is not the URL of a file.", "Send a complete https URL.", "media_url"),
    "multipart": Sentence("{problem}", "Send one part called 'file'."),
    "file_required": Sentence("There is no file in this form.", "Send one part called 'file'.", "required"),
    "on_too_long": Sentence("A video that is too long is either refused or trimmed.", "Write refuse or trim."),
    # accounts, keys, webhooks, workspaces
    "refused": Sentence("{title}.", "{detail}"),
    "paused_required": Sentence("'paused' is missing.", 'Send {{"paused": true}} or false.', "required"),
    "token_required": Sentence("The token is missing.", "Send the token from Meta's dashboard.", "required"),
    "url_required": Sentence("The URL is missing.", "Send an https URL.", "required"),
    "key_scopes": Sentence("A key needs one or more scopes.", "Use {known}.", "scopes"),
    "name_too_long": Sentence("The name is too long.", "Shorten it.", "too_long"),
    "expires_in_the_past": Sentence("This is not a time in the future.", "Send a time in the future.", "in_the_past"),
    "comment_length": Sentence("A comment must have 1 to {limit} characters.", "Enter a shorter comment."),
    "csv_too_large": Sentence("The file is too large.", "Split it into files of at most {most} rows and 4 MB."),
    "csv_broken": Sentence("The file is not valid CSV: {problem}.", "Export it again, in UTF-8."),
    "csv_empty": Sentence("The file has no rows below its header.", "Choose a CSV file with a header and rows."),
    "csv_no_text": Sentence("No column holds the text.", "Choose the column that holds the text of the posts."),
    "csv_account": Sentence("No account here is called {name}.", "Connect it, or choose an account for all rows."),
    "csv_json": Sentence(
        "The column {name} doesn't contain the JSON Treadle expects.", "Use a file that Treadle exported."
    ),
    "csv_date_order": Sentence(
        "{when} can be read day first or month first.", "Choose the order of the dates for this file."
    ),
    "csv_twice": Sentence("Row {row} has the same post.", "Remove one of them."),
    "not_a_role": Sentence("This is not a role.", "Use one of: {known}."),
    "workspace_name": Sentence("A workspace name must have 1 to 200 characters.", "Send a name.", "name"),
    "not_settable": Sentence("Only Treadle sets this option.", "Leave it out."),
    "options_too_large": Sentence("The options of a workspace can't be larger than 16 KiB.", "Shorten them.", "size"),
}
