"""Every choice that ``POST /{user}/threads`` offers, stated once: rules, wire form, API description, form, preview,
read-back and sandbox read this table.

A new option of a known kind is one entry in :data:`OPTIONS`; its tests are generated from it. Facts carry the place
they are from and how sure they are (:class:`Source`). Pure: no I/O.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from treadle_threads.countries import COUNTRIES, IN_USE
from treadle_threads.ids import PATTERN
from treadle_threads.text import ALT_TEXT_LIMIT, TAG_LIMIT, TEXT_ATTACHMENT_LIMIT

MediaType = Literal["TEXT", "IMAGE", "VIDEO", "CAROUSEL"]
Basis = Literal["documented", "seen", "guessed"]
Compare = Literal["equal", "prefix", "absent-twice", "none"]
"""How what is live is held against what was asked: a returned value that is unequal differs (``equal``); a live value
that is only the beginning differs (``prefix``); unequal, or absent in two reads, differs (``absent-twice``); nothing
is concluded (``none``)."""
Returned = Literal["same", "upper", "id", "gif", "status", "outcome", "media_type", "count"]
"""What form a value has when it is read: as it was sent; in capitals; ``{"id": value}``; an address with the GIF's id
in it; some text where the switch was on; ``SUCCESS`` or ``FAILED``; Threads' own name of the type; a list of as
many."""
Group = Literal["text", "attached", "audience", "media", "elsewhere"]

EVERY: frozenset[MediaType] = frozenset(("TEXT", "IMAGE", "VIDEO", "CAROUSEL"))
WITH_MEDIA: frozenset[MediaType] = EVERY - {"TEXT"}
TEXT_ONLY: frozenset[MediaType] = frozenset(("TEXT",))
GROUPS: Mapping[Group, str] = {
    "text": "In the text",
    "attached": "Attached",
    "audience": "Who sees it, who replies",
    "media": "Media",
    "elsewhere": "Place and Instagram",
}
POLL_CHOICES = ("option_a", "option_b", "option_c", "option_d")
STYLES = ("bold", "italic", "highlight", "underline", "strikethrough")


# ------------------------------------------------------------------------------------------------- kinds of values


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false; off is the same as absent."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of ``values`` (value -> words); ``default`` is the same as absent."""

    values: Mapping[str, str]
    default: str


@dataclass(frozen=True, slots=True)
class Text:
    """``least`` to ``most`` characters, none of ``without``; ``mark`` before it is what people write and Threads does
    not."""

    most: int
    least: int = 0
    without: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Id:
    """An id as of :mod:`treadle_threads.ids`. ``of``: what it is the id of, ``post``: a post; ``where``: how one comes
    by it."""

    of: str
    where: str
    post: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute http or https address; one of the post's links."""


@dataclass(frozen=True, slots=True)
class Countries:
    """Codes of ISO 3166-1 alpha-2, as a list or joined by commas."""

    codes: frozenset[str] = COUNTRIES | IN_USE


@dataclass(frozen=True, slots=True)
class Poll:
    """``least`` to four choices of 1 to ``most`` characters, filled from the first on; an empty one is absent."""

    names: tuple[str, ...] = POLL_CHOICES
    least: int = 2
    most: int = 25


@dataclass(frozen=True, slots=True)
class Gif:
    """``{"gif_id": ..., "provider": ...}``."""

    providers: tuple[str, ...] = ("GIPHY",)


@dataclass(frozen=True, slots=True)
class Spoilers:
    """At most ``most`` ranges of the post's text that do not overlap, in UTF-16 units as Meta's own sample counts."""

    most: int = 10


@dataclass(frozen=True, slots=True)
class LongText:
    """``{"plaintext": ...}`` of at most ``most`` characters, with a link and styled ranges that do not overlap."""

    most: int = TEXT_ATTACHMENT_LIMIT
    styles: tuple[str, ...] = STYLES
    names: tuple[str, ...] = ("plaintext", "link_attachment_url", "text_with_styling_info")


Kind = Switch | Choice | Text | Id | Address | Countries | Poll | Gif | Spoilers | LongText
# Kinds whose value is an object or a list; Threads takes it as JSON text too.
STRUCTURED = (Poll, Gif, Spoilers, LongText)


# --------------------------------------------------------------------------------------------------------- entries


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact is from: ``documented`` by Meta, ``seen`` in a real answer, or ``guessed``."""

    basis: Basis
    where: str


@dataclass(frozen=True, slots=True)
class Clash:
    """What is said where an option cannot stand. ``rule``: the finding's name; ``pattern``: the catalogue's page."""

    rule: str
    message: str
    way_out: str
    pattern: str = "options_conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option.

    ``applies_to``: the media types that can have it. ``not_with``: options that exclude it; ``not_on_reply`` and
    ``not_further``: why a reply, or a further part of a chain, cannot have it. ``instead_of_text``: Threads takes a
    post without a text that has it; ``attachment``: whether it goes with others of these is not documented.
    ``scope``: the permission it needs beside the two that every post needs, with the source of that.

    ``read_as``: the fields that return it, in the syntax of ``fields=``, the one with its value first; ``read_from``
    ``answer`` when the answer to create or publish has it instead; ``returned`` in what form, ``compare`` how it is
    held against what was asked.

    ``label`` is its field's, ``noun`` what changes and summaries call it, ``about`` describes it for programs.
    ``preview``: how a preview says it, with ``{}`` for the value, and ``shown`` where. ``control`` is the name of its
    field in a form, ``hint`` what is said there. ``rule`` and ``pattern``: the finding about its value, and the
    catalogue's page on it. ``sent`` is false for what only the sender reads.
    """

    name: str
    kind: Kind
    label: str
    noun: str
    about: str
    group: Group
    source: Source
    since: str = ""
    applies_to: frozenset[MediaType] = EVERY
    not_with: Mapping[str, Clash] = field(default_factory=dict)
    not_on_reply: Clash | None = None
    not_further: Clash | None = None
    instead_of_text: bool = False
    attachment: bool = False
    scope: str = ""
    scope_source: Source | None = None
    read_as: tuple[str, ...] = ()
    read_from: Literal["media", "answer"] = "media"
    returned: Returned = "same"
    compare: Compare = "none"
    hint: str = ""
    preview: str = ""
    shown: Literal["note", "tag", "above", "card"] = "note"
    control: str = ""
    rule: str = ""
    pattern: str = "invalid_parameter"
    sent: bool = True

    @property
    def field(self) -> str:
        """The name of its field in a form."""
        return self.control or self.name

    @property
    def kind_name(self) -> str:
        """What kind of value it is: ``Switch``, ``Choice``, ``Text``, ..."""
        return type(self.kind).__name__

    @property
    def reads(self) -> str:
        """The plain name of the field that returns its value; empty when none does."""
        return self.read_as[0].partition("{")[0] if self.read_as else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the call that a sender sets itself, and that is no option."""

    name: str
    source: Source = field(default=Source("documented", "Threads API, Publishing"))
    read_as: tuple[str, ...] = ()
    returned: Returned = "same"
    compare: Compare = "none"


class OptionTable(Mapping[str, Option]):
    """Options by name, in the order in which they are shown."""

    def __init__(self, *options: Option) -> None:
        self._options = {option.name: option for option in options}
        if len(self._options) < len(options):
            raise ValueError("an option is stated twice")

    def __getitem__(self, name: str) -> Option:
        return self._options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    # As quick as the dictionary: rules and wire form pass through here for every post.
    def __contains__(self, name: object) -> bool:
        return name in self._options

    def items(self) -> ItemsView[str, Option]:
        return self._options.items()

    def values(self) -> ValuesView[Option]:
        return self._options.values()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._options)

    def plus(self, *options: Option) -> OptionTable:
        """This with more options."""
        return OptionTable(*self._options.values(), *options)

    def without(self, *names: str) -> OptionTable:
        """This without some options."""
        return OptionTable(*(option for option in self._options.values() if option.name not in names))


_PUBLISHING = Source("documented", "Threads API, Publishing (20 April 2026)")
_POSTS = Source("documented", "Threads API, Posts (14 April 2026)")
_POST_ID = Id(
    "a post on Threads",
    "Send the post's id as the Threads API gives it; a link or its last part is not it.",
    post=True,
)
_GHOST_REPLY = Clash(
    "ghost_reply", "A ghost post can't be a reply.", "Leave out reply_to_id or is_ghost_post.", "ghost_post_rules"
)

OPTIONS = OptionTable(
    Option(
        name="topic_tag",
        kind=Text(TAG_LIMIT, least=1, without=".&", mark="#"),
        label="Topic",
        noun="topic",
        about="The topic of the post.",
        group="text",
        source=_POSTS,
        since="2025-07-14",
        read_as=("topic_tag",),
        compare="equal",
        preview="{}",
        shown="tag",
        pattern="topic_tag_invalid",
    ),
    Option(
        name="text_entities",
        kind=Spoilers(),
        label="Spoilers",
        noun="spoilers",
        about="Ranges of the text that are hidden until they are tapped.",
        group="text",
        source=Source("documented", "Threads API, Spoilers; the unit is that of Meta's sample app"),
        since="2025-10-03",
        read_as=("text_entities",),
        control="spoilers",
        hint="What to hide until it is tapped. One phrase of the text per line.",
        pattern="spoiler_rules",
    ),
    Option(
        name="link_attachment",
        kind=Address(),
        label="Link shown as a card",
        noun="attached link",
        about="The link that is shown as a card; without it Threads shows the first link of the text.",
        group="attached",
        source=_POSTS,
        applies_to=TEXT_ONLY,
        instead_of_text=True,
        attachment=True,
        read_as=("link_attachment_url",),
        compare="equal",
        preview="{}",
        shown="card",
        rule="link_url",
        pattern="link_attachment_refused",
    ),
    Option(
        name="quote_post_id",
        kind=_POST_ID,
        label="Quote the post with this id",
        noun="quoted post",
        about="The post that is quoted, by its id on Threads.",
        group="attached",
        source=Source("documented", "Threads API, Quote posts"),
        since="2024-10-09",
        read_as=("quoted_post{id}",),
        returned="id",
        compare="absent-twice",
        hint="Its URL or ID on Threads.",
        preview="Quotes the post {}",
        shown="card",
        rule="threads_id",
    ),
    Option(
        name="gif_attachment",
        kind=Gif(),
        label="GIF",
        noun="GIF",
        about="A GIF, by its id at GIPHY (Tenor ended on 31 March 2026).",
        group="attached",
        source=_POSTS,
        since="2025-10-17",
        applies_to=TEXT_ONLY,
        instead_of_text=True,
        attachment=True,
        read_as=("gif_url",),
        returned="gif",
        compare="absent-twice",
        control="gif",
        hint="Its URL or ID on GIPHY.",
        preview="GIF {}",
        shown="card",
        rule="gif",
        pattern="gif_invalid",
    ),
    Option(
        name="poll_attachment",
        kind=Poll(),
        label="Poll",
        noun="poll",
        about="A poll; a choice that is left empty is left out.",
        group="attached",
        source=Source("documented", "Threads API, Polls; a wrong shape was published as plain text (seen)"),
        since="2025-04-14",
        applies_to=TEXT_ONLY,
        instead_of_text=True,
        attachment=True,
        # Without sub-fields only the first two choices are returned (seen).
        read_as=("poll_attachment{option_a,option_b,option_c,option_d}",),
        compare="absent-twice",
        control="poll",
        hint="Two to four choices",
        shown="card",
        rule="poll_options",
        pattern="poll_invalid",
    ),
    Option(
        name="text_attachment",
        kind=LongText(),
        label="A longer text",
        noun="attached text",
        about="A longer text that hangs on the post. In what unit its styled ranges count is not documented.",
        group="attached",
        source=Source("documented", "Threads API, Text attachments"),
        since="2025-10-03",
        applies_to=TEXT_ONLY,
        instead_of_text=True,
        not_with={
            "poll_attachment": Clash(
                "poll_or_text_attachment",
                "A text attachment can't be combined with a poll.",
                "Remove one of them.",
                "text_attachment_rules",
            )
        },
        read_as=("text_attachment",),
        control="long",
        shown="card",
        pattern="text_attachment_rules",
    ),
    Option(
        name="reply_control",
        kind=Choice(
            {
                "everyone": "Everyone",
                "accounts_you_follow": "Profiles you follow",
                "mentioned_only": "Only people you mention",
                "followers_only": "Your followers",
                "parent_post_author_only": "Only the author you reply to",
            },
            default="everyone",
        ),
        label="Who may reply",
        noun="who can reply",
        about="Who may reply; everyone unless it is set.",
        group="audience",
        source=_PUBLISHING,
        since="2024-06-07; followers_only and parent_post_author_only since 2025-07-07",
        read_as=("reply_audience",),
        returned="upper",
        compare="equal",
        preview="who may reply: {}",
    ),
    Option(
        name="allowlisted_country_codes",
        kind=Countries(),
        label="Only in these countries",
        noun="countries",
        about="The only countries where the post is shown; the profile must be eligible for that.",
        group="audience",
        source=_PUBLISHING,
        read_as=("allowlisted_country_codes",),
        control="countries",
        preview="only in {}",
        rule="country_code",
        pattern="country_codes_invalid",
    ),
    Option(
        name="reply_to_id",
        kind=_POST_ID,
        label="Reply to the post with this id",
        noun="post it replies to",
        about="The post that this one replies to, by its id on Threads. Whose root is another's, that needs the "
        "permission to search or to see mentions too.",
        group="audience",
        source=Source("documented", "Threads API, Replies (22 December 2025)"),
        not_further=Clash(
            "chain_reply_to",
            "A later part replies to the part before it, so it can't reply to another post.",
            "Leave it out, or publish this part as a separate post.",
        ),
        scope="threads_manage_replies",
        scope_source=Source("guessed", "one operator's notes, August 2026; Meta's page does not ask for it"),
        read_as=("replied_to{id}", "root_post{id}", "is_reply"),
        returned="id",
        compare="equal",
        hint="Its URL or ID on Threads.",
        preview="Replying to {}",
        shown="above",
        rule="threads_id",
    ),
    Option(
        name="enable_reply_approvals",
        kind=Switch(),
        label="Approve replies first",
        noun="approval of replies",
        about="Replies wait until they are approved.",
        group="audience",
        source=Source("documented", "Threads API, Reply approvals"),
        since="2026-02-13",
        not_with={
            "is_ghost_post": Clash(
                "ghost_approvals",
                "A ghost post can't hold replies for approval.",
                "Leave out enable_reply_approvals or is_ghost_post.",
                "ghost_post_rules",
            )
        },
        preview="replies wait for approval",
    ),
    Option(
        name="is_ghost_post",
        kind=Switch(),
        label="Ghost post",
        noun="ghost post",
        about="The post is archived after 24 hours.",
        group="audience",
        source=Source("documented", "Threads API, Ghost posts"),
        since="2025-12-15",
        applies_to=TEXT_ONLY,
        not_with={"reply_to_id": _GHOST_REPLY},
        not_on_reply=replace(_GHOST_REPLY, way_out="Set it on the first part only."),
        read_as=("ghost_post_status",),
        returned="status",
        compare="equal",
        hint="gone after 24 hours",
        preview="a ghost post, gone after 24 hours",
        pattern="ghost_post_rules",
    ),
    Option(
        name="alt_text",
        kind=Text(ALT_TEXT_LIMIT),
        label="Alt text",
        noun="alt text",
        about="The alternative text of the one medium of the post; several media have one each, beside their address.",
        group="media",
        source=_PUBLISHING,
        # A carousel's items have one each.
        applies_to=frozenset(("IMAGE", "VIDEO")),
        read_as=("alt_text",),
        compare="equal",
        control="media",
        preview="described as “{}”",
        rule="alt_text_too_long",
        pattern="alt_text_too_long",
    ),
    Option(
        name="is_spoiler_media",
        kind=Switch(),
        label="Hide media as a spoiler",
        noun="hidden media",
        about="All media of the post are hidden until they are tapped.",
        group="media",
        source=Source("documented", "Threads API, Spoilers"),
        since="2025-10-03",
        applies_to=WITH_MEDIA,
        read_as=("is_spoiler_media",),
        preview="media hidden as a spoiler",
        pattern="spoiler_rules",
    ),
    Option(
        name="location_id",
        kind=Id("a place", "Search the place (location_search of the Threads API) and send its id."),
        label="Place",
        noun="place",
        about="The place, by the id that a search for places gives.",
        group="elsewhere",
        source=Source("documented", "Threads API, Location tagging"),
        since="2025-05-27",
        scope="threads_location_tagging",
        scope_source=Source("documented", "Threads API, Location tagging"),
        read_as=("location_id",),
        hint="Its ID on Threads.",
        preview="at the place {}",
        rule="threads_id",
    ),
    Option(
        name="crossreshare_to_ig",
        kind=Switch(),
        label="Also share to the Instagram story",
        noun="sharing to Instagram",
        about="The post is shared to the story of the linked Instagram account as well; without one the story fails "
        "and the post is still published.",
        group="elsewhere",
        source=Source("documented", "Threads API, Share to Instagram stories (2 July 2026)"),
        since="2026-03-25",
        scope="threads_share_to_instagram",
        scope_source=Source("documented", "Threads API, Share to Instagram stories (2 July 2026)"),
        # Whether create or publish answers it: sources disagree.
        read_as=("crossreshare_to_ig_status",),
        read_from="answer",
        returned="outcome",
        compare="equal",
        preview="shared to the Instagram story",
    ),
    Option(
        name="crossreshare_to_ig_dark_mode",
        kind=Switch(),
        label="Use dark colors for the story",
        noun="sharing to Instagram in dark mode",
        about="The same with dark colors; either of the two shares the post.",
        group="elsewhere",
        source=Source("documented", "Threads API, Share to Instagram stories (2 July 2026)"),
        since="2026-03-25",
        scope="threads_share_to_instagram",
        scope_source=Source("documented", "Threads API, Share to Instagram stories (2 July 2026)"),
        read_as=("crossreshare_to_ig_status",),
        read_from="answer",
        returned="outcome",
        compare="equal",
        preview="shared to the Instagram story in dark colors",
    ),
)

PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter(name="media_type", read_as=("media_type",), returned="media_type", compare="equal"),
        Parameter(name="text", read_as=("text",), compare="prefix"),
        Parameter(name="image_url"),
        Parameter(name="video_url"),
        Parameter(name="children", read_as=("children{id,media_type}",), returned="count", compare="equal"),
        Parameter(name="is_carousel_item"),
        Parameter(name="creation_id"),
        Parameter(name="access_token"),
    )
}
# What of any Graph call steers the call or its answer instead of the post: the answer could not be read any more, or
# another call would be made. Never passed on.
STEERS_THE_CALL = frozenset(
    {
        "appsecret_proof", "auto_publish_text", "batch", "callback", "client_id", "client_secret", "date_format",
        "debug", "fields", "format", "ids", "include_headers", "input_token", "locale", "metadata", "method",
        "migration_overrides", "pretty", "relative_url", "sdk", "summary", "suppress_http_code", "transport",
    }
)  # fmt: skip
READ_TYPES: Mapping[MediaType, str] = {
    "TEXT": "TEXT_POST",
    "IMAGE": "IMAGE",
    "VIDEO": "VIDEO",
    "CAROUSEL": "CAROUSEL_ALBUM",
}


def is_on(value: Any) -> bool:
    """Whether a switch is on, given as a truth value or as text."""
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "1"))


def is_set(value: Any) -> bool:
    """Whether an option is given at all: empty is absent, as on Threads."""
    return value is not None and value != ""


def is_chosen(option: Option, value: Any) -> bool:
    """Whether the option changes the post: a switch that is off, or the default of a choice, does not."""
    if isinstance(option.kind, Switch):
        return is_on(value)
    if isinstance(option.kind, Choice):
        return is_set(value) and value != option.kind.default
    return is_set(value) and value != [] and value != {}


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def not_extra(name: str, table: OptionTable = OPTIONS) -> Literal["", "name", "option", "parameter", "steers"]:
    """Why a parameter of this name cannot be passed on unchecked; empty when it can.

    Threads reads ``children[]`` and ``poll_attachment[option_a]`` as what stands before the bracket, so only plain
    names pass. Case does not matter.
    """
    plain = name.strip().lower()
    if plain in PARAMETERS:
        return "parameter"
    if plain in STEERS_THE_CALL:
        return "steers"
    if plain in table:
        return "option"
    return "" if _NAME.fullmatch(name) else "name"


# ------------------------------------------------------------------------------------------------------- read back


def returned_as(option: Option, value: Any) -> Any:
    """What Threads returns in :attr:`Option.reads` for ``value`` as it was asked; ``None``: nothing to expect."""
    if not is_chosen(option, value) and not isinstance(option.kind, Choice):
        return None
    value = _plain(option.kind, value)
    match option.returned:
        case "upper":
            return str(value).upper()
        case "id":
            return {"id": str(value)}
        case "gif":
            return f"https://media.giphy.com/media/{value['gif_id']}/giphy.gif"
        case "status":
            return "ACTIVE"
        case "outcome":
            return "SUCCESS"
        case _:
            return value


def in_words(option: Option, value: Any) -> str:
    """The chosen option as a preview says it: as its entry has it, else by its label."""
    value = _plain(option.kind, value)
    match option.kind:
        case Choice(values):
            words = values.get(str(value), str(value)).lower()
        case Countries():
            words = ", ".join(value)
        case Gif() if isinstance(value, Mapping):
            words = f"from {value['provider']}: {value['gif_id']}"
        case Switch():
            words = "yes"
        case _:
            words = str(value)
    return option.preview.replace("{}", words) if option.preview else f"{option.label}: {words}"


def agrees(entry: Option | Parameter, asked: Any, live: Any) -> bool | None:
    """Whether ``live``, what Threads returns for ``entry``, is what ``asked`` makes of it.

    ``asked`` is as it was sent; of ``children`` it is the list of their media types. ``None``: nothing can be said,
    because this is not compared, or because Threads returned nothing (with ``absent-twice`` that is a difference once
    it was absent in a second read).
    """
    if entry.compare == "none" or live is None:
        return None
    if isinstance(entry, Parameter):
        return _same_parameter(entry, asked, live)
    live = one_value(entry, live)
    if isinstance(live, Mapping) and live.keys() == {"data"}:  # a list, as Threads wraps some
        live = live["data"]
    wanted = returned_as(entry, asked)
    if wanted is None or live is None:
        return None
    match entry.returned:
        case "id":
            return bool(str(live.get("id")) == wanted["id"])
        case "gif":
            return str(_plain(entry.kind, asked)["gif_id"]) in str(live)
        case "status":
            return bool(live)
        case "outcome":
            return bool(live != "FAILED")
        case "upper":
            return bool(str(live).strip().upper() == wanted)
    match entry.kind:
        case Poll():
            return bool(all(_folded(live.get(name)) == _folded(value) for name, value in wanted.items()))
        case Text():
            return _bare(str(_plain(entry.kind, live))).casefold() == _bare(str(wanted)).casefold()
        case Address():
            return _same_address(str(wanted), str(live))
    return bool(_folded(_plain(entry.kind, live)) == _folded(wanted))


def one_value(entry: Option | Parameter, live: Any) -> Any:
    """``live`` in the form in which ``entry`` is compared, whatever form Threads gave it: an object may come as a list
    of one or under ``data``, an id bare. ``None``: it is in no form that can be compared."""
    if isinstance(entry, Parameter):
        if entry.returned == "count":
            return _children(live)
        return live if isinstance(live, str) else None
    if entry.returned == "id" or isinstance(entry.kind, Poll):
        if isinstance(live, Mapping) and isinstance(live.get("data"), list):
            live = live["data"]
        if isinstance(live, list):
            live = live[0] if len(live) == 1 else None
        if entry.returned == "id" and isinstance(live, str | int) and not isinstance(live, bool):
            live = {"id": str(live)}
        wants = ("id",) if entry.returned == "id" else POLL_CHOICES[:1]
        return live if isinstance(live, Mapping) and all(live.get(name) for name in wants) else None
    if entry.returned == "gif" or isinstance(entry.kind, Switch | Choice | Text | Address):
        return live if isinstance(live, str | bool) else None
    return live


def _children(live: Any) -> list[Any] | None:
    """All items of a carousel; ``None`` when only some of them were returned."""
    if isinstance(live, Mapping):
        paging = live.get("paging")
        if isinstance(paging, Mapping) and paging.get("next"):
            return None
        live = live.get("data")
    return live if isinstance(live, list) else None


def _folded(value: Any) -> Any:
    """Text as it is compared: one form of each character, white space folded, nothing invisible."""
    if not isinstance(value, str):
        return value
    seen = "".join(c for c in unicodedata.normalize("NFC", value) if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


def _bare(text: str) -> str:
    """The same without the marks of topic tags, which Threads takes out of a text."""
    return str(_folded(text.replace("#", "")))


def missing_end(asked: str, live: str) -> str:
    """What of ``asked`` follows ``live``, its beginning; empty when ``live`` is no beginning of it."""
    wanted, read = str(_folded(asked)), str(_folded(live))
    return wanted[len(read) :].strip() if wanted.startswith(read) else ""


def _same_address(asked: str, live: str) -> bool:
    """Whether two addresses lead to the same page, as far as they tell: a link may come back through Threads' own
    redirect, with another scheme, or without the slash at its end."""

    def key(address: str) -> Any:
        try:
            parts = urlsplit(address.strip())
            host = (parts.hostname or "").removeprefix("www.")
            passed = parse_qs(parts.query).get("u")
        except ValueError:
            return address
        if host in ("l.threads.com", "l.threads.net", "l.facebook.com", "l.instagram.com") and passed:
            return key(passed[0])
        return host, unquote(parts.path).rstrip("/"), sorted(parse_qs(parts.query, keep_blank_values=True).items())

    return bool(key(asked) == key(live))


def _same_parameter(parameter: Parameter, asked: Any, live: Any) -> bool | None:
    live = one_value(parameter, live)
    if live is None:
        return None
    match parameter.returned:
        case "media_type":
            return str(live).upper() in (READ_TYPES.get(asked, asked), asked)
        case "count":
            types = [child.get("media_type") for child in live if isinstance(child, Mapping)]
            return len(live) == len(asked) and all(
                seen in (None, READ_TYPES.get(one, one)) for seen, one in zip(types, asked, strict=False)
            )
    if _folded(str(asked)) == _folded(live):
        return True
    wanted, read = _bare(str(asked)), _bare(live)
    # Cut, or empty; other differences are not Threads' fault.
    return False if wanted.startswith(read) and wanted != read else None


def _plain(kind: Kind, value: Any) -> Any:
    """The value without the liberties that a request may take: JSON text, a mark, empty choices, digits as a number.
    What is none of its kind stays as it is."""
    if isinstance(kind, STRUCTURED) and isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    match kind:
        case Switch():
            return is_on(value)
        case Id():
            return str(value)
        case Text(mark=mark):
            return str(value).lstrip(mark) if mark else value
        case Countries():
            codes = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
            return [str(code).strip().upper() for code in codes]
        case Poll(names) if isinstance(value, Mapping):
            return {name: value[name] for name in names if is_set(value.get(name))}
        case Gif(providers) if isinstance(value, Mapping):
            provider = str(value.get("provider") or providers[0]).upper()
            return {**value, "gif_id": str(value.get("gif_id", "")), "provider": provider}
        case Spoilers() if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
            return [
                {"entity_type": "SPOILER", **{name: _whole(item.get(name)) for name in ("offset", "length")}}
                for item in value
            ]
        case _:
            return value


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else value


# --------------------------------------------------------------------------------------------------------- schemas


def schema_of(option: Option) -> dict[str, Any]:
    """The JSON schema of the option's value, with its description."""
    made = _schema(option.kind)
    return {"title": option.label, **made, "description": f"{option.about} {limits_of(option)}".strip()}


def _schema(kind: Kind) -> dict[str, Any]:
    match kind:
        case Switch():
            return {"type": "boolean"}
        case Choice(values):
            return {"type": "string", "enum": list(values)}
        case Text(most, least, without):
            pattern = {"pattern": f"^[^{re.escape(without)}]*$"} if without else {}
            return {"type": "string", "minLength": least, "maxLength": most, **pattern}
        case Id():
            return {"type": "string", "pattern": PATTERN}
        case Address():
            return {"type": "string", "format": "uri", "pattern": "^https?://[^\\s/]"}
        case Countries():
            return {"type": "array", "items": {"type": "string", "pattern": "^[A-Za-z]{2}$"}}
        case Poll(names, least, most):
            choices = {name: {"type": "string", "maxLength": most} for name in names}
            return _object(choices, list(names[:least]))
        case Gif(providers):
            fields = {"gif_id": {"type": "string", "minLength": 1}, "provider": {"enum": list(providers)}}
            return _object(fields, ["gif_id", "provider"])
        case Spoilers(most):
            one = _object({"entity_type": {"const": "SPOILER"}, **_RANGE}, ["entity_type", "offset", "length"])
            return {"type": "array", "maxItems": most, "items": one}
        case LongText(most, styles, _):
            styling = {"type": "array", "minItems": 1, "items": {"enum": list(styles)}}
            styled = _object({**_RANGE, "styling_info": styling}, ["offset", "length", "styling_info"])
            fields = {
                "plaintext": {"type": "string", "minLength": 1, "maxLength": most},
                "link_attachment_url": {"type": "string", "format": "uri"},
                "text_with_styling_info": {"type": "array", "items": styled},
            }
            return _object(fields, ["plaintext"])


_RANGE: Mapping[str, Any] = {
    "offset": {"type": "integer", "minimum": 0},
    "length": {"type": "integer", "minimum": 1},
}


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def limits_of(option: Option) -> str:
    """The option's limits in words: of its value, where it can stand, and the permission it needs."""
    sentences = [_limits(option.kind)]
    if option.applies_to == TEXT_ONLY:
        sentences.append("Only without media.")
    elif option.applies_to == WITH_MEDIA:
        sentences.append("Only with media.")
    elif option.applies_to != EVERY:
        sentences.append("Only with one medium.")
    if option.not_on_reply:
        sentences.append("Not on a reply.")
    elif option.not_further:
        sentences.append("Only on the first part.")
    if option.not_with:
        sentences.append(f"Not with {', '.join(option.not_with)}.")
    if option.scope and option.scope_source and option.scope_source.basis == "documented":
        sentences.append(f"Needs {option.scope}.")
    return " ".join(part for part in sentences if part)


def _limits(kind: Kind) -> str:
    match kind:
        case Choice(values):
            return f"One of {', '.join(values)}."
        case Text(most, least, without):
            size = f"{least} to {most} characters" if least else f"At most {most} characters"
            return f"{size}, none of them {' or '.join(without)}." if without else f"{size}."
        case Id(post=True):
            return "Digits, as text; empty is refused."
        case Id():
            return "Digits, as text."
        case Address():
            return "An http or https address."
        case Countries():
            return "Codes of two letters (ISO 3166-1)."
        case Poll(names, least, most):
            return f"{least} to {len(names)} choices of 1 to {most} characters."
        case Gif(providers):
            return f"provider: {' or '.join(providers)}."
        case Spoilers(most):
            return f"At most {most}, counted in UTF-16 units."
        case LongText(most):
            return f"At most {most} characters."
        case _:
            return ""


def options_schema(table: OptionTable = OPTIONS) -> dict[str, Any]:
    """The JSON schema of all options of a part, with ``extra``."""
    extra = {
        "type": "object",
        "title": "Extra",
        "description": "Parameters of Threads that this release does not know, passed as they are: not checked.",
        "additionalProperties": True,
    }
    properties = {name: schema_of(option) for name, option in table.items()}
    return {"type": "object", "properties": {**properties, "extra": extra}, "additionalProperties": False}
