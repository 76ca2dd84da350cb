"""What the catalogue must hold to be sound; every fault with its file and line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import repeat
from typing import Any

from treadle_diagnosis.catalog import words
from treadle_diagnosis.catalog.places import SourceLocation
from treadle_diagnosis.types import REPEATS

Kind = tuple[str, Callable[[Any], bool]]
Fault = tuple[str, object, str]  # the key it is about, the value, the sentence


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return _whole(value) or isinstance(value, float)


def _list_of(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(test, value))


def _table_of(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(test, value.values()))


def _anything(_: Any) -> bool:
    return True


def _day(value: Any) -> bool:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return type(value) is date


def _json(value: Any) -> bool:
    try:
        json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


TEXT: Kind = ("a text", _text)
TEXTS: Kind = ("a list of texts", _list_of(_text))
WHOLE: Kind = ("a whole number", _whole)
WHOLES: Kind = ("a list of whole numbers", _list_of(_whole))
RANGE: Kind = ("two whole numbers", lambda value: _list_of(_whole)(value) and len(value) == 2)
NUMBER: Kind = ("a number", _number)
FLAG: Kind = ("true or false", lambda value: isinstance(value, bool))
TABLE: Kind = ("a table", _table_of(_anything))
TABLES: Kind = ("a list of tables", _list_of(_table_of(_anything)))
TEXT_TABLE: Kind = ("a table of texts", _table_of(_text))
DAY: Kind = ("a date, as 2026-11-22", _day)
JSON: Kind = ("a text with JSON in it", _json)
ANYTHING: Kind = ("anything", _anything)

REQUIRED = dict.fromkeys(
    (
        "id", "title", "category", "lane", "action", "scope", "who", "what_happened", "next_step", "owner", "developer",
        "treadle", "repaired",
    ),
    TEXT,
) | {"repaired_by": TEXTS, "checked": DAY, "references": TEXTS}  # fmt: skip
OPTIONAL = {
    "public_name": TEXT, "retry": TABLE, "match": TABLES, "example": TABLES, "near_miss": TABLES,
    "look_alikes": TEXT_TABLE, "plan": TEXTS, "decides": TEXTS, "family": TEXT, "inferred": TEXT, "sample": TEXT,
}  # fmt: skip
MATCH = {
    "subcode": WHOLES, "code": WHOLES, "code_range": RANGE, "constant": TEXTS, "container": TEXTS, "words": TEXTS,
    "without": TEXTS, "oauth": TEXTS, "transport": TEXTS, "http": TEXTS, "stage": TEXTS, "surface": TEXTS,
    "type": TEXTS, "form": TEXT, "context": TABLE, "unlisted_subcode": FLAG, "confidence": TEXT,
}  # fmt: skip
EXAMPLE = {
    "surface": TEXT, "stage": TEXT, "http_status": WHOLE, "headers": TEXT_TABLE, "body": ANYTHING, "json": JSON,
    "exception": TEXT, "context": TABLE, "belongs_to": TEXT,
}  # fmt: skip
RETRY = {
    "kind": TEXT, "after_s": NUMBER, "max_attempts": WHOLE, "max_delay_s": NUMBER, "then": TEXT,
    "then_action": TEXT, "per_gb_s": NUMBER,
}  # fmt: skip
REFUSAL = {
    "code": WHOLES, "code_range": RANGE, "subcode": ("a list", _list_of(_anything)), "first_send_only": FLAG,
    "names_parameter": FLAG, "why": TEXT, "sources": TEXTS, "seen": TEXT,
}  # fmt: skip
SAMPLE = ("title", "curl", "python", "typescript")
_SUBCODE_WORDS = ("none", "known", "any")
_PARTS = {"match": MATCH, "example": EXAMPLE, "near_miss": EXAMPLE}


def _at_place(where: str, name: str, text: str) -> str:
    return f"{where}: {name}: {text}" if where else f"{name}: {text}"


def _placed(faults: Iterator[Fault], name: str, place: SourceLocation | None) -> list[str]:
    return [_at_place(place.at(key, value) if place else "", name, text) for key, value, text in faults]


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("id", "(an entry without an id)"))


def _refusal_name(entry: dict[str, Any]) -> str:
    return f"clear refusal {entry.get('code', entry.get('code_range'))}/{entry.get('subcode')}"


def wrong_references(references: dict[str, Any], place: SourceLocation) -> list[str]:
    return [
        _at_place(place.at(key), key, "a reference is { title = TEXT, url = TEXT }")
        for key, value in references.items()
        if not (isinstance(value, dict) and value.keys() == {"title", "url"} and all(map(_text, value.values())))
    ]


def wrong_samples(samples: dict[str, Any], place: SourceLocation) -> list[str]:
    return [
        _at_place(place.at(key), key, f"a sample is {{ {', '.join(f'{name} = TEXT' for name in SAMPLE)} }}")
        for key, value in samples.items()
        if not (isinstance(value, dict) and value.keys() == set(SAMPLE) and all(map(_text, value.values())))
    ]


def unknown_samples(
    patterns: list[dict[str, Any]], samples: dict[str, Any], places: Sequence[SourceLocation]
) -> list[str]:
    """The patterns that name a sample which does not exist."""
    faults: list[str] = []
    for entry, place in zip(patterns, places, strict=True):
        name = entry.get("sample")
        if name is not None and name not in samples:
            faults += _placed(
                iter([("sample", name, f"no sample '{name}'{_nearest(name, samples)}")]), _name(entry), place
            )
    return faults


def wrong_kinds(entry: dict[str, Any], place: SourceLocation | None) -> list[str]:
    """Fields of a pattern as written that hold another kind of value than they should, or that do not exist."""
    return _placed(_kinds(entry), _name(entry), place)


def wrong_refusal_kinds(entry: dict[str, Any], place: SourceLocation | None) -> list[str]:
    return _placed(_kinds_of(entry, REFUSAL, ""), _refusal_name(entry), place)


def _kinds(entry: dict[str, Any]) -> Iterator[Fault]:
    wrong = list(_kinds_of(entry, {**REQUIRED, **OPTIONAL}, ""))
    yield from wrong
    broken = {key for key, _, _ in wrong}
    if "retry" in entry and "retry" not in broken:
        yield from _kinds_of(entry["retry"], RETRY, "retry")
    for part, known in _PARTS.items():
        for item in entry.get(part, ()) if part not in broken else ():
            yield from _kinds_of(item, known, part)


def _kinds_of(entry: dict[str, Any], known: dict[str, Kind], part: str) -> Iterator[Fault]:
    owner = {"": "", "retry": "retry", "match": "a match", "example": "an example", "near_miss": "a near_miss"}[part]
    for key, value in entry.items():
        if key not in known:
            yield (
                key,
                "",
                (f"{owner} has no field '{key}'" if part else f"'{key}' is not a field") + _nearest(key, known),
            )
        elif not known[key][1](value):
            where = f"{owner}: " if part else ""
            yield key, value if _text(value) else "", f"{where}'{key}' must be {known[key][0]}"


def _nearest(key: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def check_refusals(
    refusals: list[dict[str, Any]], references: dict[str, Any], places: Sequence[SourceLocation] | None = None
) -> list[str]:
    """Faults of the table of clear refusals: an entry without a source is an opinion, and may double a post."""
    faults = []
    for entry, place in zip(refusals, places or repeat(None), strict=False):
        faults += _placed(_refusal(entry, references), _refusal_name(entry), place)
    return faults


def _refusal(entry: dict[str, Any], references: dict[str, Any]) -> Iterator[Fault]:
    if not (bool(entry.get("code")) ^ bool(entry.get("code_range"))):
        yield "code", "", "either code or code_range"
    named = [value for value in entry.get("subcode", ()) if not _whole(value)]
    if not entry.get("subcode") or any(value not in _SUBCODE_WORDS for value in named):
        yield "subcode", "", "subcode is a list of numbers, none, known or any"
    if not entry.get("why"):
        yield "why", "", "says no why"
    if not entry.get("sources"):
        yield "sources", "", "has no source"
    for key in entry.get("sources", ()):
        if key not in references:
            yield "sources", key, f"no reference '{key}'"


def check(
    patterns: list[dict[str, Any]], references: dict[str, Any], places: Sequence[SourceLocation] | None = None
) -> list[str]:
    """Every fault of the catalogue, in plain words; empty when it is sound."""
    faults: list[str] = []
    names: dict[str, str] = {}
    claimed: dict[str, str] = {}
    ids = {_name(p) for p in patterns}
    for p, place in zip(patterns, places or repeat(None), strict=False):
        wrong = wrong_kinds(p, place)
        faults += wrong
        if not wrong:
            faults += _placed(_pattern(p, ids, references), _name(p), place)
            faults += _placed(_taken(p, names, claimed), _name(p), place)
    return faults


def _taken(p: dict[str, Any], names: dict[str, str], claimed: dict[str, str]) -> Iterator[Fault]:
    """Names and examples that another pattern has; notes this one's."""
    name = _name(p)
    for label in {name, p.get("public_name", name).lower()}:
        if label in names:
            yield "id" if label == name else "public_name", "", f"the name '{label}' is taken by {names[label]}"
        names[label] = name
    for item in p.get("example", ()):
        key = json.dumps(item, sort_keys=True, ensure_ascii=False)
        if claimed.setdefault(key, name) != name:
            yield "example", "", f"claims the same example as {claimed[key]}"


def _pattern(p: dict[str, Any], ids: set[str], references: dict[str, Any]) -> Iterator[Fault]:
    name = _name(p)
    for key in REQUIRED:
        if p.get(key) in (None, ""):
            yield key, "", f"'{key}' is missing"
    yield from _words(p)
    yield from _retry(p)
    for other in p.get("look_alikes", {}).keys() - ids:
        yield "look_alikes", other, f"no pattern '{other}' to tell apart"
    for key in p.get("references", ()):
        if key not in references:
            yield "references", key, f"no reference '{key}'"
    if not p.get("example"):
        yield "example", "", "no example"
    for item in p.get("near_miss", ()):
        target = item.get("belongs_to", "")
        if target != "unknown" and (target not in ids or target == name):
            yield "near_miss", target, f"a near miss belongs to '{target}', which is not another pattern"


def _words(p: dict[str, Any]) -> Iterator[Fault]:
    closed: list[tuple[str, Any]] = [
        ("category", words.CATEGORIES), ("lane", words.LANES), ("action", words.ACTIONS),
        ("scope", words.SCOPES), ("who", words.WHO), ("family", words.SURFACES),
    ]  # fmt: skip
    for key, known in closed:
        if key in p and p[key] not in known:
            yield key, p[key], f"{key} '{p[key]}' is not known"
    for signal in set(p.get("repaired_by", ())) - set(words.REPAIR_SIGNALS):
        yield "repaired_by", signal, f"repair signal '{signal}' is not known"
    for part in ("example", "near_miss"):
        for item in p.get(part, ()):
            if item.get("stage", "unknown") not in words.STAGES:
                yield part, item["stage"], f"stage '{item['stage']}' is not known"
            if item.get("surface", "threads") not in words.SURFACES:
                yield part, item["surface"], f"surface '{item['surface']}' is not known"
    for m in p.get("match", ()):
        for key, known in (("stage", words.STAGES), ("surface", words.SURFACES), ("transport", words.TRANSPORTS)):
            for value in m.get(key, ()):
                if value not in known:
                    yield "match", value, f"{key} '{value}' is not known"
        if m.get("form", "text") not in ("text", "object"):
            yield "form", m["form"], "form must be 'text' or 'object'"
        if m.get("confidence", "exact") not in words.CONFIDENCES:
            yield "confidence", m["confidence"], f"confidence '{m['confidence']}' is not known"
        for phrase in (*m.get("words", ()), *m.get("without", ())):
            if phrase != phrase.lower():
                yield "match", phrase, f"'{phrase}' must be lower case"


def _retry(p: dict[str, Any]) -> Iterator[Fault]:
    retry = p.get("retry", {"kind": "never"})
    kind, then, action = retry.get("kind"), retry.get("then"), retry.get("then_action")
    if kind not in words.RETRY_KINDS:
        yield "retry", kind or "", f"retry kind '{kind}' is not known"
    if then not in (None, *words.RETRY_KINDS):
        yield "retry", then, f"then '{then}' is not known"
    if action not in (None, *words.ACTIONS):
        yield "retry", action, f"then_action '{action}' is not known"
    repeats = kind in REPEATS
    if repeats and not (retry.get("after_s") is not None and retry.get("max_attempts", 0) > 0 and then):
        yield "retry", "", "a retry needs after_s, max_attempts and then"
    held = ("meta_token", "permission_app_review", "account_restricted", "media_validation", "content", "request_bug")
    if repeats and p.get("lane") in held and p.get("lane") != "content":
        yield "retry", "", f"lane {p['lane']} is never retried unchanged"
