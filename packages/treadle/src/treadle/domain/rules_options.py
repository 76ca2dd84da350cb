"""The rules of ``options``: Threads' own parameters, one by one and together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from treadle.domain.collecting import Findings, at
from treadle.domain.countries import COUNTRIES, IN_USE, MEANT
from treadle.domain.rules_attachments import check_gif, check_poll, check_text_attachment, check_text_entities
from treadle.domain.rules_media import check_alt_text, check_url
from treadle.domain.rules_text import check_topic_tag

REPLY_CONTROLS = ("everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only")
SWITCHES = (
    "is_ghost_post",
    "is_spoiler_media",
    "enable_reply_approvals",
    "crossreshare_to_ig",
    "crossreshare_to_ig_dark_mode",
    "copy_media",
)
ON_TOO_LONG = ("refuse", "trim")
TEXT_ONLY = ("poll_attachment", "gif_attachment", "link_attachment", "text_attachment", "is_ghost_post")
OPTIONS = frozenset(
    {
        "reply_to_id",
        "reply_control",
        "allowlisted_country_codes",
        "alt_text",
        "quote_post_id",
        "topic_tag",
        "text_entities",
        "location_id",
        "on_too_long",
        *TEXT_ONLY,
        *SWITCHES,
    }
)
# Parameters of Threads that are not options here, and where the thing is said instead.
SET_BY_TREADLE: Mapping[str, str] = {
    "media_type": "Leave it out: the media tell.",
    "image_url": 'Send the address in media: [{"url": "…"}].',
    "video_url": 'Send the address in media: [{"url": "…"}].',
    "children": "Send the items of a carousel in media; Treadle makes the children.",
    "is_carousel_item": "Send the items of a carousel in media; Treadle makes the children.",
    "text": "Send it as text beside options.",
    "creation_id": "Leave it out: Treadle makes the container and publishes it.",
    "access_token": "Name the account (account_id); Treadle keeps its token.",
}


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What the rules of options need to know of their part."""

    text: str
    media: int
    is_further: bool  # a further part of a chain: it replies to the part before it


def is_set(value: Any) -> bool:
    """Whether an option is given at all: empty is absent, as on Threads."""
    return value is not None and value != ""


def is_on(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "1"))


def check_options(found: Findings, path: str, value: Any, part: PartFacts) -> list[str]:
    """Check all options; answers the links they attach."""
    if value is None:
        return []
    if not isinstance(value, Mapping):
        found.wrong_type(path, value, "an object of options")
        return []
    given = {name: option for name, option in value.items() if is_set(option)}
    for name in given:
        if name not in OPTIONS:
            _not_an_option(found, at(path, name), name, given[name])
    for name in SWITCHES:
        if name in given and not _is_switch(given[name]):
            found.wrong_type(at(path, name), given[name], "true or false")
    for name, check in _CHECKS.items():
        if name in given:
            check(found, at(path, name), given[name])
    attached = _attached(found, path, given)
    if "text_entities" in given:
        check_text_entities(found, at(path, "text_entities"), given["text_entities"], part.text)
    _together(found, path, given, part)
    return attached


def _not_an_option(found: Findings, path: str, name: str, value: Any) -> None:
    if name == "auto_publish_text":
        if is_on(value) or not _is_switch(value):
            found.add(
                path,
                "auto_publish_text",
                "Treadle does not use auto_publish_text: when its answer is lost there is no container to ask, and "
                "nobody could tell whether the post is out.",
                "Leave it out. The post goes out as fast through a container.",
                given=value,
            )
        return
    if name in SET_BY_TREADLE:
        found.add(path, "set_by_treadle", f"'{name}' is set by Treadle.", SET_BY_TREADLE[name], given=value)
        return
    found.unknown_name(path, name, OPTIONS, what="option", value=value)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in ("true", "false", "1", "0"))


def _check_choice(choices: tuple[str, ...], rule: str) -> Callable[[Findings, str, Any], None]:
    def check(found: Findings, path: str, value: Any) -> None:
        if value not in choices:
            found.add(
                path,
                rule,
                "This is none of the possible values.",
                f"Write one of {', '.join(choices)}.",
                given=value,
                limit=list(choices),
            )

    return check


def _check_id(what: str, where: str) -> Callable[[Findings, str, Any], None]:
    def check(found: Findings, path: str, value: Any) -> None:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30 else value
        if not isinstance(text, str) or not (text.isascii() and text.isdigit() and len(text) <= 30):
            found.add(
                path,
                "threads_id",
                f"This is not the id of {what}; those are digits only.",
                where,
                given=value,
            )
        elif isinstance(value, int) and value > 2**53:
            found.warn(
                path,
                "id_as_number",
                "Ids are longer than a number is exact in many languages.",
                "Send it as text, in quotes.",
                given=str(value),
            )

    return check


def _check_countries(found: Findings, path: str, value: Any) -> None:
    """ISO 3166-1 alpha-2 codes, as a list or joined by commas."""
    codes = [code.strip() for code in value.split(",")] if isinstance(value, str) else value
    if not isinstance(codes, list):
        found.wrong_type(path, value, 'a list of country codes such as ["US", "CA"]')
        return
    for index, code in enumerate(codes):
        here = at(path, index) if isinstance(value, list) else path
        if not isinstance(code, str):
            found.wrong_type(here, code, "a country code of two letters")
        elif code.upper() not in COUNTRIES | IN_USE:
            meant = MEANT.get(code.upper())
            found.add(
                here,
                "country_code",
                "This is no country code of ISO 3166-1 (two letters).",
                f"Write {meant}." if meant else "Write codes such as US, CA, DE.",
                given=code,
            )


_POST_ID = _check_id(
    "a post on Threads", "Send the post's id as the Threads API gives it; a link or its last part is not it."
)
_CHECKS: Mapping[str, Callable[[Findings, str, Any], None]] = {
    "reply_control": _check_choice(REPLY_CONTROLS, "reply_control"),
    "on_too_long": _check_choice(ON_TOO_LONG, "on_too_long"),
    "reply_to_id": _POST_ID,
    "quote_post_id": _POST_ID,
    "location_id": _check_id("a place", "Search the place (location_search of the Threads API) and send its id."),
    "allowlisted_country_codes": _check_countries,
    "topic_tag": check_topic_tag,
    "alt_text": check_alt_text,
    "poll_attachment": check_poll,
    "gif_attachment": check_gif,
}


def _attached(found: Findings, path: str, given: Mapping[str, Any]) -> list[str]:
    links = []
    link = given.get("link_attachment")
    if link is not None:
        check_url(found, at(path, "link_attachment"), link, rule="link_url")
        if isinstance(link, str):
            links.append(link)
    if "text_attachment" in given:
        inner = check_text_attachment(found, at(path, "text_attachment"), given["text_attachment"])
        if inner and link is not None:
            found.add(
                at(at(path, "text_attachment"), "link_attachment_url")
                if isinstance(given["text_attachment"], Mapping)
                else at(path, "text_attachment"),
                "one_link_attachment",
                "A post has one attached link: its own, or that of its text attachment.",
                "Leave one of the two out.",
                given=inner,
            )
        if inner:
            links.append(inner)
    return links


def _together(found: Findings, path: str, given: Mapping[str, Any], part: PartFacts) -> None:
    """The rules of combination."""
    ghost = is_on(given.get("is_ghost_post"))

    def clash(name: str, rule: str, message: str, way_out: str) -> None:
        found.add(at(path, name), rule, message, way_out, given=given[name])

    if part.media:
        for name in TEXT_ONLY:
            if name in given and (name != "is_ghost_post" or ghost):
                clash(
                    name, "text_only", f"Only a post without media can have {name}.", f"Leave out {name}, or the media."
                )
    else:
        if is_on(given.get("is_spoiler_media")):
            clash("is_spoiler_media", "needs_media", "There are no media to hide.", "Hide text with text_entities.")
        if "alt_text" in given:
            clash("alt_text", "needs_media", "An alternative text describes media; this has none.", "Leave it out.")
    if part.media > 1 and "alt_text" in given:
        clash(
            "alt_text",
            "alt_text_of_one",
            "A carousel has an alternative text per item.",
            "Write it into each of media.",
        )
    if "poll_attachment" in given and "text_attachment" in given:
        clash(
            "text_attachment", "poll_or_text_attachment", "A text attachment cannot go with a poll.", "Leave one out."
        )
    several = [name for name in ("poll_attachment", "gif_attachment", "link_attachment") if name in given]
    if len(several) > 1:
        found.warn(
            path,
            "several_attachments",
            f"Threads does not say whether one post may have {' and '.join(several)}.",
            "To be safe, keep to one of them.",
            given=several,
        )
    if ghost and part.is_further:
        clash("is_ghost_post", "ghost_reply", "A ghost post cannot be a reply.", "Set it on the first part only.")
    elif ghost and "reply_to_id" in given:
        clash(
            "is_ghost_post", "ghost_reply", "A ghost post cannot be a reply.", "Leave out reply_to_id or is_ghost_post."
        )
    if ghost and is_on(given.get("enable_reply_approvals")):
        clash(
            "enable_reply_approvals",
            "ghost_approvals",
            "A ghost post cannot hold replies back for approval.",
            "Leave out enable_reply_approvals or is_ghost_post.",
        )
    if part.is_further and "reply_to_id" in given:
        clash(
            "reply_to_id",
            "chain_reply_to",
            "A further part replies to the part before it; it cannot answer another post.",
            "Leave it out, or send this part as a post of its own.",
        )
