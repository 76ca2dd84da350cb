"""Putting it together: evidence in, diagnosis out. Pure, total, and quick enough to run on every answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from operator import attrgetter

from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.catalog.model import Pattern
from treadle_diagnosis.facts import Facts
from treadle_diagnosis.other_platforms import OTHER_PLATFORM, answered, named_in
from treadle_diagnosis.publishing import OUTCOME_UNKNOWN, at_publish, leaves_open, no_id, risky_if_published
from treadle_diagnosis.reading import decode, read
from treadle_diagnosis.record import replaced
from treadle_diagnosis.redact import redact
from treadle_diagnosis.retry import NEVER, advice_after_budget, advise, budget_spent, plain_advice
from treadle_diagnosis.rules import Rule, RuleBook, less_sure, matched, nothing_but_a_number, rests_beside_unlisted
from treadle_diagnosis.spent import step_after_budget, what_follows, who_acts
from treadle_diagnosis.types import AUTOMATIC, REPEATS, Diagnosis, Evidence, RetryAdvice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from treadle_diagnosis.catalog.words import Confidence

UNKNOWN = "unknown"
NOTHING = "nothing_to_diagnose"
RAW_CHARS = 12_000
IF_PUBLISHED = "If this was the publish call, check whether the post is live before repeating it."
MOST_MET = 2048
_met: dict[tuple[Any, ...], tuple[Any, ...]] = {}
_but_raw = attrgetter(*Diagnosis._fields[:-1])
_EVIDENCE_KEYS = frozenset(("body", "stage", "http_status", "exception", "context"))
_PLATFORM = {"instagram": "Instagram", "facebook": "Facebook"}


@lru_cache(maxsize=1)
def rule_book() -> RuleBook:
    return RuleBook(load())


class _Prepared:
    """The parts of a pattern's diagnosis that never change, typed once."""

    __slots__ = ("action", "bends", "guide", "happened", "lane", "pattern", "plain", "scope", "who")

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.plain = plain_advice(pattern.retry)
        self.bends = pattern.retry.kind in AUTOMATIC
        self.action = pattern.action
        self.lane = pattern.lane
        self.who = pattern.who
        self.scope = pattern.scope
        self.guide = pattern.guide
        self.happened = {
            surface: f"{pattern.what_happened} This is {name}'s answer, not Threads'."
            for surface, name in _PLATFORM.items()
        }


@cache
def _prepared(pattern_id: str) -> _Prepared:
    pattern = load().get(pattern_id)
    assert pattern is not None
    return _Prepared(pattern)


def diagnose(
    evidence: Evidence | str | bytes | Mapping[str, Any] | None = None,
    *,
    surface: str | None = None,
    stage: str | None = None,
    http_status: int | None = None,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    exception: BaseException | str | None = None,
    context: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Say why it failed, who must do what, and whether a retry can work. Pure and total: it never raises.

    ``evidence`` is an :class:`Evidence`, pasted text or bytes, a JSON answer, or a mapping with the fields of
    ``Evidence``; the keyword arguments fill in or override its fields. With nothing to read the diagnosis' pattern is
    ``nothing_to_diagnose``; when no pattern matches it is ``unknown``, which is never retried by itself.
    """
    try:
        if (
            surface is None
            and stage is None
            and http_status is None
            and headers is None
            and body is None
            and exception is None
            and context is None
        ):
            if type(evidence) is Evidence:
                return diagnose_evidence(evidence)
            if type(evidence) is dict and "error" in evidence:  # an answer of Meta's, the commonest of all
                return diagnose_evidence(Evidence(body=evidence))
        return diagnose_evidence(as_evidence(evidence, surface, stage, http_status, headers, body, exception, context))
    except Exception:
        # A hostile object (a mapping whose methods raise, a string subclass) must not stop a publisher.
        return _unknown(Facts("threads", "unknown", None, {}), None, "the answer could not be read")


def as_evidence(
    evidence: Any = None,
    surface: str | None = None,
    stage: str | None = None,
    http_status: int | None = None,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    exception: BaseException | str | None = None,
    context: Mapping[str, Any] | None = None,
) -> Evidence:
    """Whatever :func:`diagnose` takes, as :class:`Evidence`."""
    if isinstance(evidence, Evidence):
        if all(given is None for given in (surface, stage, http_status, headers, body, exception, context)):
            return evidence
        fields: Mapping[str, Any] = {k: getattr(evidence, k) for k in Evidence._fields}
    elif isinstance(evidence, Mapping):
        fields = evidence if is_evidence_row(evidence) else {"body": evidence}
    else:
        fields = {"body": evidence}
    if isinstance(exception, BaseException):
        exception = f"{type(exception).__name__}: {exception}"
    return Evidence(
        surface=_text(surface or fields.get("surface"), "threads"),
        stage=_text(stage or fields.get("stage"), "unknown"),
        http_status=_status(http_status if http_status is not None else fields.get("http_status")),
        headers=_mapping(headers if headers is not None else fields.get("headers")),
        body=body if body is not None else fields.get("body"),
        exception=_text(exception or fields.get("exception"), "") or None,
        context=_mapping(context if context is not None else fields.get("context")),
        transport=_text(fields.get("transport"), "") or None,
    )


def is_evidence_row(row: Mapping[str, Any]) -> bool:
    """Whether a mapping is evidence with fields of its own, rather than an answer's body."""
    if "error" in row or "fbtrace_id" in row or "error_message" in row:
        return False
    return bool(_EVIDENCE_KEYS & row.keys()) and not ("message" in row and "code" in row)


def _text(value: Any, default: str) -> str:
    return value if isinstance(value, str) and value else (str(value) if value else default)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _status(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 6:
        value = int(value)
    return value if type(value) is int and 100 <= value <= 599 else None


def diagnose_evidence(evidence: Evidence) -> Diagnosis:
    """The work of :func:`diagnose` for evidence that is already in its shape."""
    body = evidence.body
    alone = body is None or (type(body) is dict and type(body.get("errors")) is not list)
    if alone or "finding" in evidence.context:
        return _of_one(evidence)
    return _of_several(evidence, decode(bytes(body)) if isinstance(body, (bytes, bytearray, memoryview)) else body)


def _of_several(evidence: Evidence, body: Any) -> Diagnosis:
    """The diagnosis of the error that stops the work; that of a good answer when it came last."""
    from treadle_diagnosis.several import after_last_success, deciding, errors_in, pieces_of, with_count
    from treadle_diagnosis.texts import place_of

    pieces = pieces_of(body, rule_book().known)
    errors = errors_in(pieces)
    if errors < 2 and not (errors and pieces[-1].success):
        return _of_one(evidence)
    facts = Facts(evidence.surface, evidence.stage, None, {})
    if isinstance(body, str):
        place_of(body, facts)
    left = after_last_success(pieces)
    if not left:
        return _nothing(facts, "over")
    found = [_of_one(replaced(evidence, surface=facts.surface, stage=facts.stage, body=piece.body)) for piece in left]
    chosen = replaced(deciding(found), raw=redact(evidence.body, max_chars=RAW_CHARS))
    if facts.doubted and chosen.retry.kind in REPEATS and at_publish(facts.stage, evidence.context):
        chosen = _open_outcome(facts, evidence.body, chosen.matched)
    return with_count(chosen, errors) if errors > 1 else chosen


def _of_one(evidence: Evidence) -> Diagnosis:
    facts = read(evidence, rule_book().known)
    raw = evidence.body if evidence.body is not None else evidence.exception
    key = _key(facts, evidence.body)
    if key is None:
        return _of_facts(evidence, facts, raw)
    known = _met.get(key)
    if known is not None:
        values: tuple[Any, ...] = (*known, redact(raw, max_chars=RAW_CHARS))
        return Diagnosis(*values)
    found = _of_facts(evidence, facts, raw)
    if len(_met) >= MOST_MET:
        _met.clear()
    _met[key] = _but_raw(found)
    return found


def _key(f: Facts, body: Any) -> tuple[Any, ...] | None:
    """All that a diagnosis follows from, for an ordinary answer of Meta's: servers meet the same few over and over.

    ``None`` where more counts: headers, context, text, a body of another network.
    """
    if (
        not f.structured
        or f.headers
        or f.context
        or f.doubted
        or f.success
        or f.foreign
        or f.empty
        or len(f.message) > 300
    ):
        return None
    if f.subcode is None and "xception" not in f.type and answered(body):
        return None
    return (
        f.surface, f.stage, f.http_status, f.code, f.subcode, f.type, f.message, f.constant, f.container, f.oauth,
        f.transport,
    )  # fmt: skip


def _is_foreign(facts: Facts, body: Any) -> bool:
    """Whether this is another network's error: by its shape, or by a name in words that are nobody else's."""
    if facts.subcode is not None or "xception" in facts.type:
        return False
    if body is None and not facts.message:  # a call that broke: nobody answered
        return facts.foreign
    return facts.foreign or answered(body) or (not facts.type and named_in(facts.message))


def _of_facts(evidence: Evidence, facts: Facts, raw: Any) -> Diagnosis:
    book = rule_book()
    if facts.context:
        finding = facts.context.get("finding")
        if isinstance(finding, str) and (named := load().get(finding)) is not None:
            return _build(named, facts, raw, (f"finding={named.id}",), "exact")
    published = at_publish(facts.stage, facts.context)
    if facts.success and not (published and no_id(evidence.body)):
        facts.empty = "fine"
    if facts.empty:
        return _nothing(facts, facts.empty)
    if not published and _is_foreign(facts, evidence.body):
        named = load().get(OTHER_PLATFORM)
        assert named is not None
        return _build(named, facts, raw, (), "likely")
    hit = None if facts.success else book.best(facts)
    if hit is None:
        return _open_outcome(facts, raw, ()) if published else _unknown(facts, raw)
    rule, _ = hit
    found = matched(rule, facts)
    if published and leaves_open(rule, facts):
        return _open_outcome(facts, raw, found)
    if nothing_but_a_number(rule, facts):
        return _unknown(facts, raw)
    diagnosis = _build(rule.pattern, facts, raw, found, _confidence(rule, facts))
    if rests_beside_unlisted(rule, facts):
        diagnosis = less_sure(diagnosis, rule)
    if facts.stage == "unknown" and not published and risky_if_published(rule, facts):
        return replaced(diagnosis, confidence="guess", next_step=f"{IF_PUBLISHED} {diagnosis.next_step}")
    return diagnosis


def _open_outcome(facts: Facts, raw: Any, found: tuple[str, ...]) -> Diagnosis:
    """The diagnosis of an answer to a publish that leaves open whether the post is live."""
    pattern = load().get(OUTCOME_UNKNOWN)
    assert pattern is not None
    return _build(
        pattern, facts, raw, ("stage=publish", *(fact for fact in found if fact != "stage=publish")), "likely"
    )


def from_pattern(name: str, evidence: Evidence | None = None, *, matched: tuple[str, ...] = ()) -> Diagnosis:
    """The diagnosis of a pattern that is already known by name (a finding of preflight or of the media check)."""
    pattern = load().get(name)
    given = evidence or Evidence()
    facts = read(given, rule_book().known)
    if pattern is None:
        return _unknown(facts, given.body, f"no pattern is called {name!r}")
    return _build(pattern, facts, given.body, matched or (f"finding={pattern.id}",), "exact")


def _confidence(rule: Rule, facts: Facts) -> Confidence:
    sure = rule.confidence
    if not rule.match.subcode and facts.subcode is not None and sure == "exact" and not rule.match.constant:
        return "likely"
    if sure == "exact" and not facts.structured and rule.match.words and not rule.match.subcode:
        return "likely"
    return sure


def _build(p: Pattern, facts: Facts, raw: Any, facts_matched: tuple[str, ...], sure: Confidence) -> Diagnosis:
    prepared = _prepared(p.id)
    action, advice, who, step = prepared.action, prepared.plain, prepared.who, p.next_step
    if prepared.bends and (facts.headers or facts.context):
        if budget_spent(p.retry, facts.context):
            action, advice = what_follows(p), advice_after_budget(p.retry)
            step = step_after_budget(action)
            if advice.kind not in AUTOMATIC:
                who = who_acts(p, action)
        else:
            advice = advise(p.retry, facts.headers, facts.context)
            step = _hinted(advice, step)
    surface = facts.surface
    if surface == "threads" and p.family != "threads":
        surface = p.family
    happened = p.what_happened
    if surface != "threads" and not facts.transport:
        happened = prepared.happened[surface]
    return Diagnosis(
        p.id,
        p.title,
        p.category,
        prepared.lane,
        action,
        advice,
        who,
        sure,
        happened,
        step,
        p.treadle,
        prepared.guide,
        facts_matched,
        prepared.scope,
        surface,
        p.developer,
        p.plan,
        p.decides,
        p.owner,
        redact(raw, max_chars=RAW_CHARS),
    )


def _hinted(advice: RetryAdvice, step: str) -> str:
    """The pattern's next step, led by the wait that Meta asked for."""
    if not advice.hinted or advice.after_s is None:
        return step
    from treadle_diagnosis.wording import duration

    return f"Wait about {duration(advice.after_s)} (Meta asked for this). {step}"


def _unknown(facts: Facts, raw: Any, why: str = "") -> Diagnosis:
    seen = [f"{key}={value}" for key, value in (("code", facts.code), ("subcode", facts.subcode)) if value is not None]
    if facts.http_status is not None:
        seen.append(f"http={facts.http_status}")
    return Diagnosis(
        pattern=UNKNOWN,
        title="Not catalogued yet",
        category="Platform",
        lane="unknown",
        action="contact_support",
        retry=NEVER,
        who="developer",
        confidence="guess",
        what_happened="Nothing in the catalogue matches this answer" + (f": {why}." if why else "."),
        next_step="Do not repeat the call on a timer. Read the whole answer; unless it was a publish, repeat the call "
        "once by hand with the same parameters. `treadle-diagnose --report` makes a report of it, ready to send.",
        next_step_developer="Read the raw answer, repeat the call by hand with the same parameters, and report it so "
        "that it can be catalogued.",
        treadle_does="Keeps the answer, counts it, and does not retry: without knowing the cause, a retry is a guess.",
        guide="/guide/unknown",
        matched=tuple(seen),
        scope="post",
        surface=facts.surface,
        raw=redact(raw, max_chars=RAW_CHARS),
        owner_step="Send the ready-made report, with the whole answer, to whoever runs this; the post stays as it is.",
    )


def _nothing(facts: Facts, why: str) -> Diagnosis:
    because = {
        "binary": "This is binary data, not an answer.",
        "fine": "This is a good answer: it holds a result and no error.",
        "over": "The last answer is a good one: the errors before it are over.",
    }
    return Diagnosis(
        pattern=NOTHING,
        title="Nothing to diagnose",
        category="Platform",
        lane="unknown",
        action="contact_support",
        retry=NEVER,
        who="nobody",
        confidence="guess",
        what_happened=because.get(why, "There is nothing here to read."),
        next_step='Paste the error as it came: the JSON answer ({"error": …}), the log line, the output of curl -i, '
        "the address you were sent back to after connecting, or the exception text.",
        next_step_developer="Give at least one of body, exception or http_status; stage and surface make it sharper.",
        treadle_does="Nothing.",
        guide="/guide/unknown",
        surface=facts.surface,
        owner_step="There is nothing to do.",
    )
