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
    "unknown_field": Sentence("There is no field '{name}'.", "Known here: {known}."),
    "unknown_field_near": Sentence(
        "There is no field '{name}'. Did you mean '{meant}'?", "Write '{meant}'.", "unknown_field"
    ),
    "nul_in_field": Sentence("This contains the character NUL.", "Take it out.", "characters"),
    "half_in_field": Sentence("This contains half of a character.", "Take it out.", "characters"),
    "too_long": Sentence("This is too long.", "Shorten it."),
    "too_short": Sentence("This is too short.", "Make it longer."),
    "unknown_value": Sentence("This is none of the values known here.", "One of: {known}."),
    "not_finite": Sentence("This is not a finite number.", "Send a number, or leave it out.", "number"),
    "out_of_bounds": Sentence("This number is too small or too large.", "Send another, or leave it out.", "range"),
    "nul_character": Sentence("This contains the character NUL.", "Take it out."),
    "half_character": Sentence(
        "This contains half of a character (a lone surrogate), often an emoji cut in two.",
        "Cut the text between characters.",
    ),
    "too_deep": Sentence("This is nested too deeply.", "Send it flatter."),
    "idempotency_key": Sentence(
        "An {name} is 1 to 200 printable ASCII characters.", "Send a fresh UUID, for instance."
    ),
    # parameters of an address; the codes are Pydantic's
    "int_parsing": Sentence("This is not a whole number.", "Send digits, or leave it out."),
    "int_parsing_size": Sentence("This number is too large.", "Send a smaller one, or leave it out."),
    "bool_parsing": Sentence("This is neither true nor false.", "Send true or false, or leave it out."),
    "greater_than_equal": Sentence("This is too small.", "The least is {limit}."),
    "less_than_equal": Sentence("This is too large.", "The most is {limit}."),
    "string_too_long": Sentence("This is too long.", "At most {limit} characters."),
    "string_too_short": Sentence("This is too short.", "At least {limit} characters."),
    "string_pattern_mismatch": Sentence("This contains a character that cannot be here.", "Take it out."),
    "missing": Sentence("This is missing.", "Send it."),
    "parameter": Sentence("{problem}", "See the API document."),
    "unknown_parameter": Sentence("This list has no parameter '{name}'.", "Known here: {known}."),
    "unknown_parameter_near": Sentence(
        "This list has no parameter '{name}'. Did you mean '{meant}'?", "Known here: {known}.", "unknown_parameter"
    ),
    "no_body": Sentence("Nothing is taken in the body here.", "Send it without a body.", "unknown_field"),
    "no_parameters": Sentence("Nothing is taken in the query here.", "Leave it out.", "unknown_parameter"),
    "unknown_filter_value": Sentence("There is no {name} '{value}'.", "One or more of: {known}.", "unknown_value"),
    "cursor": Sentence(
        "This is not a cursor of this list.", "Send 'next' of the page before, unchanged, or leave it out."
    ),
    "cursor_of_another_sort": Sentence(
        "This cursor belongs to a list sorted by '{made_under}', not by '{sort}'.",
        "Keep 'sort' as it was on the page before, or leave 'after' out and begin at the first page.",
    ),
    "not_a_moment": Sentence("This is not a time.", "Write it like 2026-12-01T09:00:00Z.", "not_a_time"),
    "event_id": Sentence("This is not the id of an event.", "Send the last 'id'."),
    # a post: its account and its names
    "account_required": Sentence(
        "It is not said which account publishes this.",
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
        "A further part has no replies of its own: replies is a flat list, each part answering the one before.",
        "Put these parts behind each other in the post's own replies.",
    ),
    "belongs_to_post": Sentence("'{name}' is said once, for the whole post.", "Send it beside replies."),
    "unknown_name": Sentence("There is no {what} '{name}'.", "Leave it out."),
    "unknown_name_near": Sentence("There is no {what} '{name}'. Did you mean '{meant}'?", "Write '{meant}'."),
    # a post: its text
    "empty": Sentence("There is nothing to publish: no text and no media.", "Add a text or a medium."),
    "empty_quote": Sentence(
        "There is nothing to publish: no text and no media (a quote needs a text too).",
        "Add a text or a medium.",
        "empty",
    ),
    "unseen": Sentence(
        "Nothing of this text can be seen: it holds only spaces and invisible characters.",
        "Write something, or leave this part out.",
        warning=True,
    ),
    "no_text": Sentence(
        "Threads' documents ask for a text with every post that has no media; attachments alone are not mentioned.",
        "To be safe, add a text.",
        warning=True,
    ),
    "text_too_long": Sentence(
        "The text has {count} characters; Threads takes {limit}.",
        "Shorten it, continue in replies, or put the long part into options.text_attachment (up to 10,000).",
    ),
    "text_may_be_too_long": Sentence(
        "The text has {count} characters and {size} bytes. Threads takes {limit}, and does not always count the same "
        "way: letters beyond ASCII and emoji may count as several (over the limit when it counts by {over}).",
        "To be safe, shorten it to 500 bytes.",
        warning=True,
    ),
    "same_text": Sentence(
        "This is the text of {post_id}, which {state}.",
        "Nothing, if both are meant; else do not send this one.",
        "similar_post",
        warning=True,
    ),
    "nearly_same_text": Sentence(
        "This is nearly the text of {post_id}, which {state}.",
        "Nothing, if both are meant; else do not send this one.",
        "similar_post",
        warning=True,
    ),
    "too_many_links": Sentence(
        "There are {count} different links; Threads takes {limit} in one post.",
        "Leave some out, or spread them over replies.",
    ),
    "many_links": Sentence(
        "There are {count} different links. The limit is {limit}, but posts with four were refused.",
        "To be safe, keep to {safe} links.",
        warning=True,
    ),
    # a post: its media
    "too_many_media": Sentence(
        "There are {count} media; a carousel holds at most {limit}.", "Leave some out, or spread them over replies."
    ),
    "spoiler_hides_all": Sentence(
        "Threads hides all media of a post as a spoiler or none; here only some are marked.",
        "Nothing, if all may be hidden; else put the hidden ones into a post of their own.",
        warning=True,
    ),
    "url_and_id": Sentence(
        "A medium needs the address of a file or the id of an uploaded one; this has both.",
        'Send either {{"url": "https://…"}} or {{"id": "med_…"}}.',
        "url_or_id",
    ),
    "neither_url_nor_id": Sentence(
        "A medium needs the address of a file or the id of an uploaded one; this has neither.",
        'Send either {{"url": "https://…"}} or {{"id": "med_…"}}.',
        "url_or_id",
    ),
    "media_id": Sentence(
        "This is not the id of an uploaded file; those begin with med_.",
        "Upload the file (POST /v1/media) and send the id of the answer, or send its address as url.",
    ),
    "media_type": Sentence(
        "A medium is an image or a video.", "Write 'image' or 'video', or leave it out: the file tells."
    ),
    "media_url": Sentence(
        "Threads cannot take this address: {problem}.",
        "Send the complete public address, such as https://example.com/picture.jpg, or upload the file "
        "(POST /v1/media) and send its id.",
    ),
    "link_url": Sentence(
        "Threads cannot take this address: {problem}.",
        "Send the complete public address, such as https://example.com/picture.jpg.",
    ),
    # a post: its options, whichever an option's kind asks for
    "words_mark": Sentence("The {noun} is written without the leading {mark}.", "Write '{bare}'.", warning=True),
    "words_empty": Sentence("The {noun} is empty.", "Write one, or leave it out."),
    "words_too_long": Sentence("The {noun} has {count} characters; Threads takes {limit}.", "Shorten it."),
    "words_character": Sentence("The {noun} cannot contain '{char}'.", "Leave the '{char}' out."),
    "unknown_option": Sentence(
        "There is no {what} '{name}'.",
        "Leave it out. If Threads has it, send it as options.extra.{name}: there nothing is checked.",
    ),
    "auto_publish_text": Sentence(
        "Treadle does not use auto_publish_text: when its answer is lost there is no container to ask, and nobody "
        "could tell whether the post is out.",
        "Leave it out. The post is published just as fast through a container.",
    ),
    "too_many_extra": Sentence("There are {count} parameters; Treadle passes {limit}.", "Leave some out."),
    "steers_the_call": Sentence(
        "'{name}' steers the call and not the post; Treadle does not pass it on.", "Leave it out.", "set_by_treadle"
    ),
    "extra_option": Sentence(
        "'{name}' is an option that Treadle checks.", "Send it as options.{name}.", "belongs_to_options"
    ),
    "extra_name": Sentence("This is no name of a parameter.", "Use letters, digits and underscores."),
    "not_checked": Sentence(
        "'{name}' is not checked: Treadle does not know it and passes it to Threads as it is.",
        "Threads ignores a name that it does not know: look at the post once it is out.",
        warning=True,
    ),
    "not_checked_near": Sentence(
        "'{name}' is not checked: Treadle does not know it and passes it to Threads as it is. Did you mean the option "
        "'{meant}'?",
        "Threads ignores a name that it does not know: look at the post once it is out.",
        "not_checked",
        warning=True,
    ),
    "several_attachments": Sentence(
        "Threads does not say whether one post may have {options}.", "To be safe, keep to one of them.", warning=True
    ),
    "not_a_choice": Sentence("This is none of the possible values.", "Write one of {choices}."),
    "not_an_id": Sentence("This is not the id of {what}; those are digits only.", "{where}"),
    "empty_post_id": Sentence(
        "This is empty, so nothing says which post is meant.",
        "Send the post's id on Threads, or leave out {name}.",
    ),
    "id_as_number": Sentence(
        "Ids are longer than a number is exact in many languages.", "Send it as text, in quotes.", warning=True
    ),
    "country_code": Sentence("This is no country code of ISO 3166-1 (two letters).", "Write codes such as US, CA, DE."),
    "country_code_near": Sentence("This is no country code of ISO 3166-1 (two letters).", "Write {meant}."),
    "text_only": Sentence("Only a post without media can have {name}.", "Leave out {name}, or the media."),
    "needs_media": Sentence("Only a post with media can have {name}.", "Leave out {name}, or add a medium."),
    "of_each_medium": Sentence("Several media have an own {noun} each.", "Write it into each of media."),
    "of_one_medium": Sentence("Several media have an own {noun} each.", "Leave it out, or send one medium."),
    "clash": Sentence("{message}", "{way_out}"),
    "one_link_attachment": Sentence(
        "A post has one attached link: its own, or that of its text attachment.", "Leave one of the two out."
    ),
    "poll_count": Sentence(
        "A poll has {least} to {most} options; this has {count}.", "Fill {names} at least.", "poll_options"
    ),
    "poll_gap": Sentence(
        "The options of a poll must be filled from option_a on, without a gap.", "Use {names}.", "poll_options"
    ),
    "poll_option_too_long": Sentence("The poll option has {count} characters; Threads takes {limit}.", "Shorten it."),
    "poll_option_blank": Sentence("The poll option is blank.", "Write something in it.", "poll_options"),
    "gif_id": Sentence("A GIF needs its id at GIPHY.", "Send the GIF's id as gif_id.", "gif"),
    "gif_provider": Sentence(
        "Threads takes GIFs from GIPHY only.", "Find the GIF at GIPHY and send provider GIPHY.", "gif"
    ),
    "gif_tenor": Sentence(
        "Threads takes GIFs from GIPHY only; Tenor ended on 31 March 2026.",
        "Find the GIF at GIPHY and send provider GIPHY.",
        "gif",
    ),
    "text_attachment_empty": Sentence(
        "A text attachment needs its text.", "Send the text as plaintext.", "text_attachment"
    ),
    "text_attachment_too_long": Sentence(
        "The attached text has {count} characters; Threads takes {limit}.", "Shorten it.", "text_attachment"
    ),
    "styles_unit_unknown": Sentence(
        "Meta does not say whether styled ranges count characters or bytes, and the text has characters where that "
        "makes a difference.",
        "Check the post once it is published; plain ASCII before a range is safe.",
        "range_unit_unknown",
        warning=True,
    ),
    "style_missing": Sentence("A styled range names its styles.", "Use some of {known}.", "style"),
    "style_unknown": Sentence("There is no such style.", "Use {known}.", "style"),
    "too_many_spoilers": Sentence(
        "There are {count} spoilers; Threads takes {limit}.", "Leave some out.", "text_entities"
    ),
    "not_a_spoiler": Sentence("The only kind of range in a text is a spoiler.", "Write SPOILER.", "text_entities"),
    "spoilers_unit_unknown": Sentence(
        "An emoji or another character of two UTF-16 units comes before the end of a spoiler. Meta does not say "
        "how it counts; its own sample counts such a character as two.",
        "Count each of them as two, and look at the post once it is out.",
        "range_unit_unknown",
        warning=True,
    ),
    "range_number": Sentence("The {name} must be a whole number from {limit} on.", "Count in {unit}.", "range"),
    "range_outside": Sentence(
        "The range ends at {ends}, the text at {limit} {unit}.", "Let it end within the text.", "range"
    ),
    "range_overlap": Sentence("Two ranges overlap.", "Join them, or let one end where the next begins.", "range"),
    # a post: the rest
    "too_many_parts": Sentence(
        "The chain has {count} parts; Treadle takes {limit} in one post.", "Split it into several posts."
    ),
    "metadata_too_large": Sentence(
        "The metadata are too large to be kept with a post.", "Keep a reference in them instead of the thing itself."
    ),
    "too_many_labels": Sentence("There are too many labels.", "Leave some out."),
    "label": Sentence("A label is a text of 1 to {limit} characters.", "Change it or leave it out."),
    "duration": Sentence(
        "This is not a length of time from nothing to ten years.",
        "Write it like PT24H (24 hours), P2D (two days), PT30M (30 minutes), or as a number of seconds.",
    ),
    # a post: its time
    "no_slot": Sentence("This is not a slot.", 'Write it like {{"weekday": "mon", "time": "09:00"}}.'),
    "too_many_slots": Sentence("A queue has at most {limit} slots.", "Leave some out."),
    "past_slot": Sentence("This time is in the past.", "Pick a later one.", "past_time"),
    "queue_and_time": Sentence("A post in the queue gets its time from the queue.", "Leave 'publish_at' out."),
    "no_free_slot": Sentence("The queue of this account has no free slot.", "Add slots to the queue, or pick a time."),
    "empty_time": Sentence(
        "This is empty.", "Send a time, or leave the field out to publish as soon as possible.", "not_a_time"
    ),
    "not_a_time": Sentence("This is not a time.", _SHOWN_TIME),
    "no_such_time": Sentence("No calendar has this time.", _SHOWN_TIME, "not_a_time"),
    "no_time_of_day": Sentence("This is a day without a time.", "Add the time: {day}T09:00:00+01:00."),
    "no_zone": Sentence(
        "The time does not say where it is meant.",
        "Add its offset ({local}+01:00) or the zone beside it (Europe/Berlin).",
    ),
    "before_1970": Sentence("This lies before 1970.", "Send the time that is meant.", "out_of_range"),
    "fifty_years_ahead": Sentence("This is more than 50 years ahead.", "Send the time that is meant.", "out_of_range"),
    "far_ahead": Sentence(
        "This is more than a year ahead.",
        "Nothing, if it is meant; tokens must be kept alive until then.",
        warning=True,
    ),
    "past_time_waits": Sentence(
        "This time has passed ({ago} ago).",
        "The post will wait for approval, because it is late by more than {lateness}. To publish it later, choose a "
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
        "There is no such time zone; the offset of the time counts.",
        "{instead} Or leave the zone out.",
        "unknown_zone",
        warning=True,
    ),
    "offset_and_zone": Sentence(
        "The offset counts: in {zone} it is {there} then.",
        "Leave the offset out if the time is meant there.",
        warning=True,
    ),
    "doubled_time": Sentence(
        "The clocks in {zone} go back then, and this time comes twice: {readings}.",
        "Send the one you mean, with its offset.",
    ),
    "skipped_time": Sentence(
        "The clocks in {zone} go forward then, and this time does not exist; it could mean {readings}.",
        "Send the one you mean, with its offset.",
    ),
    # a post: its account ahead of publishing
    "not_connected": Sentence(
        "This account is not connected.", "Connect it again; the post waits until then.", warning=True
    ),
    "account_health": Sentence("{health}", "Repair it first; the post waits until then.", warning=True),
    "scope_missing": Sentence(
        "The account did not grant {scope}, which this post needs.",
        "Connect the account again and leave every permission ticked.",
        warning=True,
    ),
    "set_up_fault": Sentence("{problem}", "{way_out}"),
    "blocked": Sentence("{title}: posts of this account wait for it now.", "{next_step}", warning=True),
    # changing a post, and many of them
    "cannot_be_changed": Sentence("'{name}' cannot be changed.", "Leave it out.", "unknown_field"),
    "parts_are_out": Sentence("Parts of it are already published by the other account.", "Create a new post instead."),
    "part_is_out": Sentence("This part is already published and can't be changed.", "Leave it as it is."),
    "may_be_live": Sentence(
        "A publish of this part was sent. It was refused, but nothing has shown yet that the part is not live.",
        "Check the profile, then say that it is not there (resolve it as absent), and try again.",
    ),
    "live_or_absent": Sentence(
        "Say either which post is live or that none is.",
        'Send {{"threads_id": "..."}} or {{"absent": true}}.',
        "one_of",
    ),
    "detached_choice": Sentence(
        "That is no way to go on after a reply that is live, but not as a reply.",
        "Send below_root, stop or send_again.",
        "one_of",
    ),
    "live_id": Sentence(
        "This is not the id of a post on Threads; those are digits only.",
        "Send the id as the Threads API gives it.",
        "threads_id",
    ),
    "posts_required": Sentence("The posts are missing.", "Send them as a list in 'posts'.", "required"),
    "pair": Sentence("This must say what is replaced, and by what.", 'Send {{"from": "…", "to": "…"}}.', "wrong_type"),
    "many_posts": Sentence(
        "There are {count} posts; 1 to {most} go in one request.", "Send them in groups.", "bulk_size"
    ),
    "many_ids": Sentence("There are {count} ids; 1 to {most} go in one request.", "Send them in groups.", "bulk_size"),
    "many_at_once": Sentence("A request takes 1 to {most} posts.", "Leave it out.", "range"),
    "post_id": Sentence("This is not the id of a post.", "Ids look like pst_….", "id"),
    "not_an_action": Sentence("This is not an action.", "One of: {known}.", "unknown_value"),
    "not_with_action": Sentence("'{name}' belongs to {actions}.", "Leave it out."),
    "patch_required": Sentence(
        "What is to be changed is missing.", 'Send the fields to change: {{"text": "…"}}.', "required"
    ),
    "replace_required": Sentence(
        "What is to be replaced is missing.",
        'Send one or more of media, text and link, each as {{"from": "…", "to": "…"}}.',
        "required",
    ),
    "posts_not_named": Sentence("Which posts is not said.", "Send either 'ids' or 'filter'.", "one_of"),
    "posts_named_twice": Sentence("The posts are named twice.", "Send either 'ids' or 'filter'.", "one_of"),
    "empty_filter": Sentence(
        "An empty filter would take every post there is.", "Name one or more of: {known}.", "required"
    ),
    # files
    "file_url": Sentence("This is no address of a file.", "Send a complete https address.", "media_url"),
    "multipart": Sentence("{problem}", "Send one part called 'file'."),
    "file_required": Sentence("There is no file in this form.", "Send one part called 'file'.", "required"),
    "on_too_long": Sentence("An over-long video is refused or trimmed.", "Write refuse or trim."),
    # accounts, keys, webhooks, workspaces
    "refused": Sentence("{title}.", "{detail}"),
    "paused_required": Sentence("Nothing is said.", 'Send {{"paused": true}} or false.', "required"),
    "token_required": Sentence("The token is missing.", "Send the token from Meta's dashboard.", "required"),
    "url_required": Sentence("The address is missing.", "Send an https address.", "required"),
    "key_scopes": Sentence("A key has one or more of these scopes.", "Write {known}.", "scopes"),
    "name_too_long": Sentence("The name is too long.", "Shorten it.", "too_long"),
    "expires_in_the_past": Sentence("It would be expired already, or never.", "Send a time ahead.", "in_the_past"),
    "comment_length": Sentence("A comment has 1 to {limit} characters.", "Enter a shorter comment."),
    "csv_too_large": Sentence("The file is too large.", "Split it: at most {most} rows, 4 MB."),
    "csv_broken": Sentence("The file is not valid CSV: {problem}.", "Export it again, in UTF-8."),
    "csv_empty": Sentence("The file has no rows below its header.", "Choose a CSV file with a header and rows."),
    "csv_no_text": Sentence("No column holds the text.", "Choose the column that holds the text of the posts."),
    "csv_account": Sentence("No account here is called {name}.", "Connect it, or choose an account for all rows."),
    "csv_json": Sentence("The column {name} is not JSON of the right kind.", "Use a file that Treadle exported."),
    "csv_twice": Sentence("The same post is in row {row}.", "Leave one of them out."),
    "not_a_role": Sentence("This is not a role.", "One of: {known}."),
    "workspace_name": Sentence("A workspace has a name of 1 to 200 characters.", "Send a name.", "name"),
    "not_settable": Sentence("This option is Treadle's own.", "Leave it out."),
    "options_too_large": Sentence("The options of a workspace are at most 16 KiB.", "Shorten them.", "size"),
}
