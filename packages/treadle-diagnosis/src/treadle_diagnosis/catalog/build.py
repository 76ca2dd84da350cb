"""From readable TOML to the compact form that is loaded: parse, check, write ``compiled.json``.

``python -m treadle_diagnosis.catalog.build`` rewrites the compact form; a test fails when it was forgotten, and
:func:`treadle_diagnosis.catalog.load` falls back to the TOML files when they differ, so a stale file is slow but never
wrong.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from treadle_diagnosis.catalog import words

HERE = Path(__file__).parent
COMPILED = HERE / "compiled.json"
CLEAR_REFUSALS = HERE / "clear_refusals.toml"

_REQUIRED = ("id", "title", "category", "lane", "action", "scope", "who", "what_happened", "owner", "developer")
_REQUIRED_TOO = ("treadle", "repaired", "repaired_by", "checked", "references")
_OPTIONAL = {
    "public_name", "retry", "match", "example", "near_miss", "look_alikes", "plan", "decides", "family",
}  # fmt: skip
_MATCH_KEYS = {
    "subcode", "code", "code_range", "constant", "container", "words", "without", "oauth", "transport", "http",
    "stage", "surface", "type", "form", "context", "confidence",
}  # fmt: skip
_REFUSAL_KEYS = {
    "code", "code_range", "subcode", "first_send_only", "names_parameter", "why", "sources", "seen",
}  # fmt: skip
_SUBCODE_WORDS = {"none", "known", "any"}
_EXAMPLE_KEYS = {"surface", "stage", "http_status", "headers", "body", "json", "exception", "context", "belongs_to"}
_RETRY_KEYS = {"kind", "after_s", "max_attempts", "max_delay_s", "then", "then_action", "per_gb_s"}


class CatalogError(ValueError):
    """The catalogue contradicts itself; the message lists every fault found."""


def sources() -> list[Path]:
    return [*sorted((HERE / "patterns").glob("*.toml")), CLEAR_REFUSALS, HERE / "references.toml"]


def fingerprint() -> str:
    """A digest of every source file, in order."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def compile_catalog() -> dict[str, Any]:
    """Read and check every TOML file. Raises :class:`CatalogError` naming all faults at once."""
    import tomllib  # only here: a current compact form is loaded without it

    references = tomllib.loads((HERE / "references.toml").read_text("utf-8"))
    patterns: list[dict[str, Any]] = []
    for path in sorted((HERE / "patterns").glob("*.toml")):
        parsed = tomllib.loads(path.read_text("utf-8"))
        defaults = parsed.get("defaults", {})
        patterns += [_shape({**defaults, **entry}) for entry in parsed.get("pattern", ())]
    order = {name: index for index, name in enumerate(words.CATEGORIES)}
    patterns.sort(key=lambda p: order.get(p.get("category", ""), 99))
    _add_near_misses(patterns)
    refusals: list[dict[str, Any]] = tomllib.loads(CLEAR_REFUSALS.read_text("utf-8"))["refusal"]
    if faults := [*check(patterns, references), *check_refusals(refusals, references)]:
        raise CatalogError("\n".join(faults))
    return {
        "fingerprint": fingerprint(),
        "references": references,
        "patterns": patterns,
        "clear_refusals": refusals,
    }


def check_refusals(refusals: list[dict[str, Any]], references: dict[str, Any]) -> list[str]:
    """Faults of the table of clear refusals: an entry without a source is an opinion, and may double a post."""
    faults = []
    for entry in refusals:
        name = f"clear refusal {entry.get('code', entry.get('code_range'))}/{entry.get('subcode')}"
        if unknown := sorted(entry.keys() - _REFUSAL_KEYS):
            faults.append(f"{name}: unknown keys {unknown}")
        if not (bool(entry.get("code")) ^ bool(entry.get("code_range"))):
            faults.append(f"{name}: either code or code_range")
        words_ = [value for value in entry.get("subcode", ()) if not isinstance(value, int)]
        if not entry.get("subcode") or not set(words_) <= _SUBCODE_WORDS:
            faults.append(f"{name}: subcode is a list of numbers, none, known or any")
        if not entry.get("why"):
            faults.append(f"{name}: says no why")
        if not entry.get("sources"):
            faults.append(f"{name}: has no source")
        faults += [f"{name}: no reference '{key}'" for key in entry.get("sources", ()) if key not in references]
    return faults


def _add_near_misses(patterns: list[dict[str, Any]]) -> None:
    """What looks alike must be told apart: the first real answer of each look-alike becomes a near miss."""
    answers = {
        p.get("id"): next((e for e in p.get("example", ()) if not e.get("context", {}).get("finding")), None)
        for p in patterns
    }
    for p in patterns:
        written = {item.get("belongs_to") for item in p.get("near_miss", ())}
        for other in p.get("look_alikes", {}):
            if other not in written and (answer := answers.get(other)) is not None:
                p.setdefault("near_miss", []).append({**answer, "belongs_to": other})


def _shape(entry: dict[str, Any]) -> dict[str, Any]:
    """One pattern with dates as text, JSON examples parsed, and long texts on one line."""
    out: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, date):
            out[key] = value.isoformat()
        elif isinstance(value, str):
            out[key] = " ".join(value.split())
        elif key in ("plan", "decides"):
            out[key] = [" ".join(step.split()) for step in value]
        elif key in ("example", "near_miss"):
            out[key] = [_example(item) for item in value]
        else:
            out[key] = value
    out.setdefault("public_name", out.get("id", ""))
    return out


def _example(item: dict[str, Any]) -> dict[str, Any]:
    shaped = dict(item)
    if "json" in shaped:
        shaped["body"] = json.loads(shaped.pop("json"))
    return shaped


def check(patterns: list[dict[str, Any]], references: dict[str, Any]) -> list[str]:
    """Every fault of the catalogue, in plain words; empty when it is sound."""
    faults: list[str] = []
    seen: dict[str, str] = {}
    claimed: dict[str, str] = {}
    ids = {p.get("id", "") for p in patterns}
    for p in patterns:
        name = p.get("id", "(an entry without an id)")
        faults += [f"{name}: '{key}' is missing" for key in (*_REQUIRED, *_REQUIRED_TOO) if p.get(key) in (None, "")]
        faults += [
            f"{name}: '{key}' is not a field" for key in p.keys() - set(_REQUIRED) - set(_REQUIRED_TOO) - _OPTIONAL
        ]
        for label in {name, p.get("public_name", name).lower()}:
            if label in seen:
                faults.append(f"{name}: the name '{label}' is taken by {seen[label]}")
            seen[label] = name
        faults += _check_words(name, p)
        faults += _check_retry(name, p)
        strangers = p.get("look_alikes", {}).keys() - ids
        faults += [f"{name}: no pattern '{other}' to tell apart" for other in strangers]
        faults += [f"{name}: no reference '{key}'" for key in p.get("references", ()) if key not in references]
        faults += [f"{name}: a match has no field '{k}'" for m in p.get("match", ()) for k in m.keys() - _MATCH_KEYS]
        if not p.get("example"):
            faults.append(f"{name}: no example")
        for kind in ("example", "near_miss"):
            for item in p.get(kind, ()):
                faults += [f"{name}: an {kind} has no field '{k}'" for k in item.keys() - _EXAMPLE_KEYS]
                target = item.get("belongs_to", "")
                if kind == "near_miss" and target != "unknown" and (target not in ids or target == name):
                    faults.append(f"{name}: a near miss belongs to '{target}', which is not another pattern")
        for item in p.get("example", ()):
            key = json.dumps(item, sort_keys=True, ensure_ascii=False)
            if claimed.setdefault(key, name) != name:
                faults.append(f"{name}: claims the same example as {claimed[key]}")
    return faults


def _check_words(name: str, p: dict[str, Any]) -> list[str]:
    allowed: list[tuple[str, Any]] = [
        ("category", words.CATEGORIES), ("lane", words.LANES), ("action", words.ACTIONS),
        ("scope", words.SCOPES), ("who", words.WHO), ("family", words.SURFACES),
    ]  # fmt: skip
    faults = [f"{name}: {key} '{p[key]}' is not known" for key, known in allowed if key in p and p[key] not in known]
    strange = set(p.get("repaired_by", ())) - set(words.REPAIR_SIGNALS)
    faults += [f"{name}: repair signal '{signal}' is not known" for signal in strange]
    for m in p.get("match", ()):
        for key, known in (("stage", words.STAGES), ("surface", words.SURFACES), ("transport", words.TRANSPORTS)):
            faults += [f"{name}: {key} '{v}' is not known" for v in m.get(key, ()) if v not in known]
        if m.get("form", "text") not in ("text", "object"):
            faults.append(f"{name}: form must be 'text' or 'object'")
        if m.get("confidence", "exact") not in words.CONFIDENCES:
            faults.append(f"{name}: confidence '{m['confidence']}' is not known")
        phrases = (*m.get("words", ()), *m.get("without", ()))
        faults += [f"{name}: '{w}' must be lower case" for w in phrases if w != w.lower()]
    return faults


def _check_retry(name: str, p: dict[str, Any]) -> list[str]:
    retry = p.get("retry", {"kind": "never"})
    faults = [f"{name}: retry has no field '{key}'" for key in retry.keys() - _RETRY_KEYS]
    if retry.get("kind") not in words.RETRY_KINDS:
        faults.append(f"{name}: retry kind '{retry.get('kind')}' is not known")
    if retry.get("then") not in (None, *words.RETRY_KINDS):
        faults.append(f"{name}: then '{retry.get('then')}' is not known")
    repeats = retry.get("kind") in ("later", "new_container")
    if repeats and not (retry.get("after_s") is not None and retry.get("max_attempts", 0) > 0 and retry.get("then")):
        faults.append(f"{name}: a retry needs after_s, max_attempts and then")
    held = ("meta_token", "permission_app_review", "account_restricted", "media_validation", "content", "request_bug")
    if repeats and p.get("lane") in held and p.get("lane") != "content":
        faults.append(f"{name}: lane {p['lane']} is never retried unchanged")
    return faults


def main() -> int:
    """Write the compact form; prints what it holds."""
    compiled = compile_catalog()
    COMPILED.write_text(json.dumps(compiled, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    examples = sum(len(p.get("example", ())) + len(p.get("near_miss", ())) for p in compiled["patterns"])
    sys.stdout.write(f"{len(compiled['patterns'])} patterns, {examples} examples, {COMPILED.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
