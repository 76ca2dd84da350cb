"""The options of a part as the fields of Compose: from the form to Threads' own parameters, and back. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from treadle.domain.findings import Finding
from treadle.domain.options import EXTRA, TABLE, extra_of
from treadle.domain.rules_media import MEDIA_KEYS
from treadle.web.text_ranges import Read, read_spoilers, read_styles, say_spoilers, say_styles
from treadle_threads.options import (
    GROUPS,
    STRUCTURED,
    STYLES,
    Choice,
    Countries,
    Gif,
    Kind,
    LongText,
    Option,
    Poll,
    Spoilers,
    Switch,
    is_chosen,
)

# GIPHY's addresses end in the id: giphy.com/gifs/name-of-it-ID, media.giphy.com/media/ID/giphy.gif.
_GIPHY = re.compile(
    r"giphy\.com/(?:gifs/(?:[^/?#]*-)?|media/(?:v\d[^/]*/)?|embed/)(?P<id>[A-Za-z0-9]{6,40})(?:[/?#]|$)"
)

Get = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Filled:
    """``options`` as the API names them; ``typed``: the fields as they were filled in."""

    options: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that stand together: ``lines`` in a grid, what is larger (``blocks``) and switches below it."""

    title: str
    lines: tuple[Option, ...]
    blocks: tuple[Option, ...]
    switches: tuple[Option, ...]


def offered() -> list[Option]:
    """The options with a field for each part; what each medium has is said with the medium."""
    return [option for option in TABLE.values() if option.name not in MEDIA_KEYS]


def is_offered(name: str) -> bool:
    return name == EXTRA or (name in TABLE and name not in MEDIA_KEYS)


def field_groups() -> list[FieldGroup]:
    """The fields of the form, as they stand there."""
    made = []
    for group, title in GROUPS.items():
        here = [option for option in offered() if option.group == group]
        switches = tuple(option for option in here if isinstance(option.kind, Switch))
        blocks = tuple(option for option in here if isinstance(option.kind, Poll | LongText))
        lines = tuple(option for option in here if option not in switches and option not in blocks)
        if here:
            made.append(FieldGroup(title, lines, blocks, switches))
    return made


def controls_of(option: Option) -> tuple[str, ...]:
    """The names of an option's fields, after the name of the part; the first is the one that findings lead to."""
    name = option.field
    match option.kind:
        case Poll(names):
            return tuple(f"{name}-{choice}" for choice in names)
        case Gif():
            return name, f"{name}_provider"
        case LongText():
            return f"{name}_text", f"{name}_link", f"{name}_styles"
        case _:
            return (name,)


def is_typed(kind: Kind) -> bool:
    """Whether the fields are written as people write them, and the parameter is made of these and of the text."""
    return isinstance(kind, Spoilers | Gif | LongText | Countries)


def is_begun(options: Mapping[str, Any], typed: Mapping[str, str]) -> bool:
    """Whether any field of the options is filled in."""
    given = {name for option in offered() if isinstance(option.kind, Gif) for name in controls_of(option)[1:]}
    return bool(options) or any(value.strip() for name, value in typed.items() if name not in given)


def summary(options: Mapping[str, Any]) -> str:
    """What is chosen, in few words."""
    nouns = [option.noun for option in offered() if option.name in options]
    return ", ".join([*nouns, *(["parameters not checked"] if extra_of(options) else [])])


def read_options(get: Get, name: str, text: str) -> Filled:
    """The options of the part whose fields begin with ``name``; ``text`` is its text, in which spoilers are found."""
    options: dict[str, Any] = {}
    typed: dict[str, str] = {}
    for option in offered():
        filled = [get(f"{name}-{control}") for control in controls_of(option)]
        if is_typed(option.kind):
            typed |= dict(zip(controls_of(option), filled, strict=True))
        value = _value(option.kind, filled, text)
        if value not in ("", False, [], {}):
            options[option.name] = value
    typed[EXTRA] = get(f"{name}-{EXTRA}")
    extra = read_pairs(typed[EXTRA], EXTRA)
    if extra and not isinstance(extra, Finding):
        options[EXTRA] = extra
    return Filled({**carried(get(f"{name}-kept")), **options}, typed)


def _value(kind: Kind, filled: list[str], text: str) -> Any:
    """One option's value from its fields."""
    first = filled[0].strip()
    match kind:
        case Switch():
            return bool(filled[0])
        case Poll(names):
            return {choice: value.strip() for choice, value in zip(names, filled, strict=True) if value.strip()}
        case Countries():
            return [code.strip().upper() for code in first.split(",") if code.strip()]
        case Gif(providers):
            found = _GIPHY.search(first)
            provider = filled[1].strip() or providers[0]
            return {"gif_id": found["id"] if found else first, "provider": provider} if first else {}
        case Spoilers():
            return [dict(item) for item in read_spoilers(filled[0], text).ranges]
        case LongText():
            return _long_text(*filled) if any(value.strip() for value in filled) else {}
        case _:
            return first


def _long_text(plain: str, link: str, styles: str) -> dict[str, Any]:
    made: dict[str, Any] = {"plaintext": plain}
    if link.strip():
        made["link_attachment_url"] = link.strip()
    if ranges := read_styles(styles, plain).ranges:
        made["text_with_styling_info"] = [dict(item) for item in ranges]
    return made


def fields_of(options: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, str]:
    """What :func:`read_options` reads these from: control -> what it holds; empty ones are left out."""
    made: dict[str, str] = {}
    for option in offered():
        controls, value = controls_of(option), options.get(option.name)
        match option.kind:
            case kind if is_typed(kind):
                made |= {control: typed.get(control, "") for control in controls}
            case Switch():
                made[controls[0]] = "1" if value else ""
            case Poll(names):
                choices = _object(value)
                made |= {control: str(choices.get(name) or "") for control, name in zip(controls, names, strict=True)}
            case _:
                made[controls[0]] = str(value or "")
    return {control: filled_in for control, filled_in in {**made, EXTRA: typed.get(EXTRA, "")}.items() if filled_in}


def say_options(options: Mapping[str, Any], text: str) -> dict[str, str]:
    """The typed fields for stored options."""
    typed: dict[str, str] = {}
    for option in offered():
        if is_typed(option.kind):
            values = _in_controls(option.kind, options.get(option.name), text)
            typed |= dict(zip(controls_of(option), values, strict=True))
    return {**typed, EXTRA: say_pairs(extra_of(options))}


def _in_controls(kind: Kind, value: Any, text: str) -> tuple[str, ...]:
    match kind:
        case Spoilers():
            return (say_spoilers(_read(value), text),)
        case Gif():
            gif = _object(value)
            return str(gif.get("gif_id") or ""), str(gif.get("provider") or "")
        case LongText():
            attached = _object(value)
            plain = str(attached.get("plaintext") or "")
            styles = say_styles(attached.get("text_with_styling_info"), plain)
            return plain, str(attached.get("link_attachment_url") or ""), styles
        case _:
            codes = value or []
            return (codes if isinstance(codes, str) else ", ".join(str(code) for code in codes),)


def troubles(typed: Mapping[str, str], text: str, path: str) -> list[Finding]:
    """What the form itself cannot make sense of: phrases that are not in the text, styles nobody knows."""
    found = []
    for option in offered():
        filled = [typed.get(control, "") for control in controls_of(option)]
        if isinstance(option.kind, Spoilers):
            found += _lost(read_spoilers(filled[0], text), f"{path}{option.name}", "the text")
        elif isinstance(option.kind, LongText):
            here = f"{path}{option.name}.{option.kind.names[-1]}"
            styles = read_styles(filled[2], filled[0])
            found += _lost(styles, here, "the longer text")
            for line in styles.unstyled:
                message = f"“{line[:60]}” does not begin with a style."
                way_out = f"Write one phrase per line, such as “bold: {line[:30]}”. Styles are {', '.join(STYLES)}."
                found.append(Finding(here, "style", message, way_out, given=line))
    extra = read_pairs(typed.get(EXTRA, ""), f"{path}{EXTRA}")
    return [*found, extra] if isinstance(extra, Finding) else found


def _lost(read: Read, path: str, where: str) -> list[Finding]:
    return [
        Finding(path, "phrase_not_found", f"“{phrase[:60]}” is not in {where}.",
                "Write the phrase exactly as it appears there, or remove it here.", given=phrase)
        for phrase in read.lost
    ]  # fmt: skip


def normal(options: Mapping[str, Any]) -> dict[str, Any]:
    """Stored options in the shape the fields know: JSON given as text is read, an empty option is an absent one."""
    made = {}
    for name, value in options.items():
        option = TABLE.get(name)
        if option is None:
            if value not in (None, "", [], {}):
                made[name] = value
            continue
        read = _read(value) if isinstance(option.kind, (*STRUCTURED, Countries)) else value
        if isinstance(option.kind, Switch | Choice) and read not in (None, ""):
            if is_chosen(option, read) or _unreadable(option.kind, read):
                made[name] = True if isinstance(option.kind, Switch) else read
        elif read not in (None, "", [], {}):
            made[name] = read
    return made


def _unreadable(kind: Kind, value: Any) -> bool:
    """A switch that is neither on nor off: it is shown as on, and not lost."""
    return isinstance(kind, Switch) and value is not False and str(value).strip().lower() not in ("false", "0")


def carried(text: str) -> dict[str, Any]:
    """Options that came with the post and have no field here; the rules judge them like any other."""
    try:
        more = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return {str(k): v for k, v in more.items() if not is_offered(str(k))} if isinstance(more, dict) else {}


def _read(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def read_value(option: Option, value: Any) -> Any:
    """A stored value; one that was given as JSON text is read."""
    return _read(value) if isinstance(option.kind, STRUCTURED) else value


def _object(value: Any) -> Mapping[str, Any]:
    read = _read(value)
    return read if isinstance(read, Mapping) else {}


# ------------------------------------------------- names and values of the caller's own: metadata, extra parameters


def say_pairs(pairs: Mapping[str, Any]) -> str:
    """Pairs for a field: ``name = value`` lines while they are plain texts, JSON otherwise."""
    plain = all(
        isinstance(v, str) and v and v == v.strip() and "\n" not in v and k == k.strip() and k and k[0] != "{"
        and not re.search(r"[=\n]", k)
        for k, v in pairs.items()
    )  # fmt: skip
    if plain:
        return "\n".join(f"{name} = {value}" for name, value in pairs.items())
    return json.dumps(pairs, ensure_ascii=False, indent=2)


def read_pairs(text: str, path: str) -> dict[str, Any] | Finding:
    """The pairs in a field of ``name = value`` lines or of one JSON object; ``path``: what a finding is about."""
    text = text.strip()
    if text.startswith("{"):
        try:
            made = json.loads(text)
        except (ValueError, RecursionError) as error:
            message = f"This is not JSON: {error}." if isinstance(error, ValueError) else "It is nested too deeply."
            return Finding(path, "json", message, "Fix it, or write one “name = value” per line.")
        return dict(made)
    found = {}
    for line in filter(str.strip, text.split("\n")):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            message = f"“{line.strip()[:60]}” has no name and value."
            return Finding(path, "line", message, "Write one “name = value” per line, or a JSON object.")
        found[name.strip()] = value.strip()
    return found


def say_metadata(metadata: Mapping[str, Any]) -> str:
    """The caller's metadata for the field."""
    return say_pairs(metadata)


def read_metadata(text: str) -> dict[str, Any] | Finding:
    """The metadata in the field."""
    return read_pairs(text, "metadata")
