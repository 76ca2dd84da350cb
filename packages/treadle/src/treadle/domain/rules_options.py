"""The rules of ``options``, one by one and together, read from the table of options. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treadle.domain.collecting import Findings, at, near
from treadle.domain.findings import ParameterName, ParameterNames
from treadle.domain.options import EXTRA, TABLE
from treadle.domain.rules_attachments import check_gif, check_poll, check_spoilers, check_text_attachment
from treadle.domain.rules_media import MEDIA_KEYS, check_url
from treadle.domain.rules_text import check_words
from treadle_threads.countries import MEANT
from treadle_threads.ids import MOST_DIGITS, is_id
from treadle_threads.options import (
    Address,
    Choice,
    Clash,
    Countries,
    Gif,
    Id,
    LongText,
    Option,
    Poll,
    Spoilers,
    Switch,
    Text,
    is_chosen,
    is_on,
    is_set,
    not_extra,
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
MOST_EXTRA = 20


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What the rules of options need to know of their part."""

    text: str
    media: int
    is_further: bool  # a further part of a chain: it replies to the part before it


def check_options(found: Findings, path: str, value: Any, part: PartFacts) -> list[str]:
    """Check all options; answers the links they attach."""
    if value is None:
        return []
    if not isinstance(value, Mapping):
        found.wrong_type(path, value, "an object of options")
        return []
    _no_empty_posts(found, path, value)
    given = {name: option for name, option in value.items() if is_set(option)}
    if EXTRA in given:
        _check_extra(found, at(path, EXTRA), given.pop(EXTRA))
    for name in given:
        if name not in TABLE:
            _not_an_option(found, at(path, name), name, given[name])
    links: list[str] = []
    if not given:
        return []
    for name, option in TABLE.items():
        if name in given:
            with found.explained_by(option.pattern):
                link = _check_value(found, at(path, name), given[name], option, part)
                _check_place(found, at(path, name), given, option, part)
            if link:
                links.append(link)
    _one_link(found, path, given, links)
    several = [name for name in given if name in TABLE and TABLE[name].attachment]
    if len(several) > 1:
        found.say(path, "several_attachments", given=several, options=ParameterNames(several, " and "))
    return links


def _no_empty_posts(found: Findings, path: str, value: Mapping[str, Any]) -> None:
    """Refuse an empty id of a post. Threads takes it for absent, and a variable that was not set would publish a post
    of its own in place of a reply or a quote."""
    for name, option in TABLE.items():
        if isinstance(option.kind, Id) and option.kind.post and value.get(name) == "":
            rule = option.rule or option.name
            found.say(at(path, name), "empty_post_id", given="", rule=rule, name=ParameterName(name))


# ------------------------------------------------------------------------------------------ names nobody knows


def nearest(name: str) -> str:
    """The option that was probably meant: by its name, the field that returns it, or what it is called on pages."""
    if meant := near(name, TABLE):
        return meant
    names = {
        words.lower().replace(" ", "_"): known
        for known, option in TABLE.items()
        for words in (option.label, option.noun, option.reads)
        if words
    }
    return names.get(near(name, names, 0.6), "")


def _not_an_option(found: Findings, path: str, name: str, value: Any) -> None:
    if name == "auto_publish_text":
        if is_on(value) or not _is_switch(value):
            _auto_publish(found, path, value)
        return
    if name in SET_BY_TREADLE:
        found.say(path, "set_by_treadle", given=value, name=ParameterName(name), way_out=SET_BY_TREADLE[name])
        return
    otherwise = "" if not_extra(name, TABLE) else "unknown_option"
    found.unknown_name(path, name, (), what="option", value=value, meant=nearest(name), otherwise=otherwise)


def _auto_publish(found: Findings, path: str, value: Any) -> None:
    found.say(path, "auto_publish_text", given=value)


def _check_extra(found: Findings, path: str, value: Any) -> None:
    """Parameters that no table knows are passed as they are, and every one of them is said to be unchecked."""
    if not isinstance(value, Mapping):
        found.wrong_type(path, value, "an object of parameters")
        return
    if len(value) > MOST_EXTRA:
        found.say(path, "too_many_extra", given=len(value), limit=MOST_EXTRA, count=len(value))
        return
    for name, item in value.items():
        here, plain = at(path, name), name.strip().lower()
        match not_extra(name, TABLE):
            case "parameter":
                found.say(here, "set_by_treadle", given=item, name=ParameterName(plain), way_out=SET_BY_TREADLE[plain])
            case "steers" if plain == "auto_publish_text":
                _auto_publish(found, here, item)
            case "steers":
                found.say(here, "steers_the_call", given=item, name=ParameterName(plain))
            case "option":
                found.say(here, "extra_option", given=item, name=ParameterName(plain))
            case "name":
                found.say(here, "extra_name", given=name)
            case _:
                meant = near(name, TABLE)
                code = "not_checked_near" if meant else "not_checked"
                found.say(here, code, given=item, name=ParameterName(name), meant=ParameterName(meant))


# ------------------------------------------------------------------------------------------------- one by one


def _check_value(found: Findings, path: str, value: Any, option: Option, part: PartFacts) -> str:
    """Hold one value against its kind; answers the link it attaches, if it is one."""
    match option.kind:
        case Switch():
            if not _is_switch(value):
                found.wrong_type(path, value, "true or false")
        case Choice(values):
            _check_choice(found, path, value, option, tuple(values))
        case Text():
            check_words(found, path, value, option)
        case Id():
            _check_id(found, path, value, option, option.kind)
        case Countries(codes):
            _check_countries(found, path, value, option, codes)
        case Poll():
            check_poll(found, path, value, option.kind)
        case Gif():
            check_gif(found, path, value, option.kind)
        case Spoilers():
            check_spoilers(found, path, value, part.text, option.kind)
        case Address():
            check_url(found, path, value, code="link_url", rule=option.rule or option.name)
            return value if isinstance(value, str) else ""
        case LongText():
            return check_text_attachment(found, path, value, option.kind)
    return ""


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in ("true", "false", "1", "0"))


def _check_choice(found: Findings, path: str, value: Any, option: Option, choices: tuple[str, ...]) -> None:
    if value not in choices:
        rule, listed = option.rule or option.name, ", ".join(choices)
        found.say(path, "not_a_choice", given=value, limit=list(choices), rule=rule, choices=listed)


def _check_id(found: Findings, path: str, value: Any, option: Option, kind: Id) -> None:
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    text = str(number) if number is not None and abs(number) < 10**MOST_DIGITS else value
    if not isinstance(text, str) or not is_id(text):
        rule = option.rule or option.name
        found.say(path, "not_an_id", given=value, rule=rule, what=kind.of, where=kind.where)
    elif number is not None and number > 2**53:
        found.say(path, "id_as_number", given=str(value))


def _check_countries(found: Findings, path: str, value: Any, option: Option, known: frozenset[str]) -> None:
    """ISO 3166-1 alpha-2 codes, as a list or joined by commas."""
    codes = [code.strip() for code in value.split(",")] if isinstance(value, str) else value
    if not isinstance(codes, list):
        found.wrong_type(path, value, 'a list of country codes such as ["US", "CA"]')
        return
    for index, code in enumerate(codes):
        here = at(path, index) if isinstance(value, list) else path
        if not isinstance(code, str):
            found.wrong_type(here, code, "a country code of two letters")
        elif code.upper() not in known:
            meant, rule = MEANT.get(code.upper()), option.rule or option.name
            found.say(here, "country_code_near" if meant else "country_code", given=code, rule=rule, meant=meant)


# --------------------------------------------------------------------------------------------------- together


def _check_place(found: Findings, path: str, given: Mapping[str, Any], option: Option, part: PartFacts) -> None:
    """Whether the option can stand in such a part, and beside the others."""
    name = option.name
    if not is_chosen(option, given[name]):
        return

    def say(known: Clash) -> None:
        with found.explained_by(known.pattern):
            args = {"rule": known.rule, "message": known.message, "way_out": known.way_out}
            found.say(path, "clash", given=given[name], **args)

    if option.sent:  # what only Treadle reads is without effect there, and harmless
        with found.explained_by("options_conflict"):
            _check_media(found, path, given[name], option, part)
    if part.is_further and option.not_further:
        say(option.not_further)
    if part.is_further and option.not_on_reply:
        say(option.not_on_reply)
    else:
        for other, known in option.not_with.items():
            if other in given and other in TABLE and is_chosen(TABLE[other], given[other]):
                say(known)


def _check_media(found: Findings, path: str, value: Any, option: Option, part: PartFacts) -> None:
    name = ParameterName(option.name)
    if part.media and option.applies_to == {"TEXT"}:
        found.say(path, "text_only", given=value, name=name)
    elif not part.media and "TEXT" not in option.applies_to:
        found.say(path, "needs_media", given=value, name=name)
    elif part.media > 1 and "CAROUSEL" not in option.applies_to:
        code = "of_each_medium" if name in MEDIA_KEYS else "of_one_medium"
        found.say(path, code, given=value, rule=f"{name}_of_one", noun=option.noun)


def _one_link(found: Findings, path: str, given: Mapping[str, Any], links: list[str]) -> None:
    """A post has one attached link: its own, or that of its longer text."""
    own = any(isinstance(TABLE[name].kind, Address) for name in given if name in TABLE)
    longer = next((name for name in given if name in TABLE and isinstance(TABLE[name].kind, LongText)), None)
    if longer is None or not own or len(links) < 2:
        return
    here = at(path, longer)
    with found.explained_by(TABLE[longer].pattern):
        place = at(here, "link_attachment_url") if isinstance(given[longer], Mapping) else here
        found.say(place, "one_link_attachment", given=links[-1])
