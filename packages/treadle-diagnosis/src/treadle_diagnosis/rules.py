"""The catalogue's matchers, compiled for speed and looked up by what the facts hold.

The order of trust is fixed here: subcode, Meta's own constant, code with words, OAuth reason, words (only where
the code is a vague one), code, container status, transport, HTTP status. Conditions on stage, surface
and context break ties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from treadle_diagnosis.catalog.model import Catalog, Match, Pattern
from treadle_diagnosis.facts import VAGUE_CODES, Facts, Known
from treadle_diagnosis.record import replaced
from treadle_diagnosis.types import REPEATS, Diagnosis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from treadle_diagnosis.catalog.words import Confidence

_SPLIT = str.maketrans(dict.fromkeys("#\n\t\r\"'`.,:;!?()[]{}<>=/\\|*-—–’“”„«»…&「」『』、。：（）！", " "))
_MISSING = object()


class Rule:
    """One matcher of one pattern: cheap to test, and worth ``weight`` when it holds."""

    __slots__ = ("_among", "_context", "_rare", "confidence", "match", "order", "pattern", "phrases", "weight")

    def __init__(self, pattern: Pattern, match: Match, order: int, filed: str = "") -> None:
        """``filed``: the fact by whose value the rule is looked up, and which therefore holds already."""
        self.pattern = pattern
        self.order = order
        self.match = match
        self.phrases = tuple(tuple(part.strip() for part in phrase.split("&")) for phrase in match.words)
        self._context = tuple(match.context.items())
        # Conditions that are plain membership, only those that are set: most rules have none or one.
        self._among = tuple(
            (name, frozenset(allowed))
            for name, allowed in (
                ("subcode", match.subcode),
                ("code", match.code),
                ("constant", match.constant),
                ("stage", match.stage),
                ("surface", match.surface),
                ("container", match.container),
                ("transport", match.transport),
                ("type", match.type),
            )
            if allowed and name != filed
        )
        self._rare = bool(
            match.http or match.code_range or match.form or match.oauth or match.without or match.unlisted_subcode
        )
        self.weight = (
            1000 * bool(match.subcode)
            + 900 * bool(match.constant)
            + 300 * bool(match.code)
            + 180 * bool(match.code_range)
            + 200 * match.unlisted_subcode
            + 340 * bool(match.words)
            + 330 * bool(match.oauth)
            + 250 * bool(match.container)
            + 150 * bool(match.transport)
            + 100 * bool(match.http)
            + 60 * len(match.context)
            + 30 * bool(match.stage)
            + 20 * (bool(match.surface) + bool(match.type))
            + 5 * bool(match.form)
        )
        self.confidence: Confidence = match.confidence or self._confidence()

    def _confidence(self) -> Confidence:
        m = self.match
        if m.subcode or m.constant or (m.code and m.words):
            return "exact"
        if m.code or m.container or m.oauth or m.words or m.transport:
            return "likely"
        return "guess"

    def score(self, f: Facts) -> int:
        """0 when a condition fails, else the weight plus how much of the words was found."""
        for name, allowed in self._among:
            if getattr(f, name) not in allowed:
                return 0
        if self._rare and not self._rare_hold(f):
            return 0
        for key, wanted in self._context:
            if not _context_fits(f.context.get(key, _MISSING), wanted):
                return 0
        if not self.phrases:
            return self.weight
        longest = 0
        text = f.message
        for parts in self.phrases:
            if parts[0] in text and (len(parts) == 1 or all(part in text for part in parts)):
                longest = max(longest, sum(map(len, parts)))
        return self.weight + min(longest, 99) // 4 if longest else 0

    def _rare_hold(self, f: Facts) -> bool:
        m = self.match
        if m.unlisted_subcode and not f.unlisted:
            return False
        if m.http and not _http_fits(m.http, f.http_status):
            return False
        if m.code_range and not (f.code is not None and m.code_range[0] <= f.code <= m.code_range[1]):
            return False
        if m.form and (m.form == "object") is not f.structured:
            return False
        if m.oauth and not any(reason in f.oauth for reason in m.oauth):
            return False
        return not m.without or not any(phrase in f.message for phrase in m.without)


def _http_fits(wanted: tuple[str, ...], status: int | None) -> bool:
    if status is None:
        return False
    for value in wanted:
        if value == "5xx":
            if 500 <= status <= 599:
                return True
        elif value == "4xx":
            if 400 <= status <= 499:
                return True
        elif str(status) == value:
            return True
    return False


def _context_fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, str):
        if wanted == "missing":
            return value is _MISSING or value is None
        if wanted[:1] in "<>":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return False
            op, _, limit = wanted.partition(" ")
            bound = float(limit)
            return {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[op]
        return isinstance(value, str) and value.lower() == wanted.lower()
    if isinstance(wanted, list):
        return value in wanted
    if isinstance(wanted, bool):
        return value is wanted or (isinstance(value, int) and value == int(wanted))
    return bool(value == wanted)


# A matcher before its rule is made: the catalogue, the number of its pattern, its place there, its place among all.
_Filed = tuple[Catalog, int, int, int]


class RuleBook:
    """All rules, by the fact that would make each one hold.

    Matchers are filed at once; rules, and the indexes of words, are made of them when an answer first needs them: a
    process that diagnoses one answer waits for a few, and a server has all of them after some answers.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.by_subcode = _Shelf("subcode")
        self.by_constant = _Shelf("constant")
        self.by_code = _Shelf("code")
        self._by_words: list[_Filed] = []
        self._ranges: list[_Filed] = []
        self._rest: list[_Filed] = []
        order = 0
        for number, entry in enumerate(catalog.entries):
            for place, match in enumerate(entry.get("match", ())):
                self._file(match, (catalog, number, place, order))
                order += 1
        self._codes: dict[int, tuple[list[Rule], dict[str, list[Rule]]]] = {}
        self.known = Known(self.by_code.filed, self.by_subcode.filed)

    def _file(self, m: Mapping[str, Any], entry: _Filed) -> None:
        if subcodes := m.get("subcode"):
            self.by_subcode.add(subcodes, entry)
        elif constants := m.get("constant"):
            self.by_constant.add(constants, entry)
        elif codes := m.get("code"):
            self.by_code.add(codes, entry)
        elif m.get("code_range"):
            self._ranges.append(entry)
        elif m.get("words"):
            self._by_words.append(entry)
        else:
            self._rest.append(entry)

    def with_code(self, code: int) -> tuple[list[Rule], dict[str, list[Rule]]]:
        """Rules of a code: those without words, or with words no index can find, heaviest first; the others by word."""
        found = self._codes.get(code)
        if found is None:
            plain: list[Rule] = []
            worded: dict[str, list[Rule]] = {}
            for rule in self.by_code.get(code):
                if not rule.match.words or not _index_words(worded, rule):
                    plain.append(rule)
            found = self._codes[code] = (plain, worded)
        return found

    @cached_property
    def ranges(self) -> list[Rule]:
        return [_rule(entry) for entry in self._ranges]

    @cached_property
    def rest(self) -> list[Rule]:
        """Rules without code and words, heaviest first."""
        return sorted((_rule(entry) for entry in self._rest), key=_weight, reverse=True)

    @cached_property
    def words(self) -> tuple[dict[str, list[Rule]], list[Rule]]:
        """Rules of words alone, by a word of each phrase; and those with phrases of scripts that separate no words."""
        index: dict[str, list[Rule]] = {}
        wordless = [rule for entry in self._by_words if not _index_words(index, rule := _rule(entry))]
        return index, wordless

    def best(self, f: Facts) -> tuple[Rule, int] | None:
        """The rule that holds with the most weight; on a tie, the earlier pattern of the catalogue."""
        if f.subcode is not None:
            if rules := self.by_subcode.get(f.subcode):
                hit = _heaviest(rules, f)
                if hit is not None:
                    return hit
            else:
                f.unlisted = f.subcode != f.code
        if f.constant and (rules := self.by_constant.get(f.constant)):
            hit = _heaviest(rules, f)
            if hit is not None:
                return hit
        candidates: list[Rule] = []
        code = f.code
        coded, by_word = self.with_code(code) if code is not None and code in self.by_code.filed else (None, None)
        vague = coded is None or code in VAGUE_CODES
        if f.message and (by_word or vague):
            words = set(f.message.translate(_SPLIT).split())
            if by_word:
                candidates += _found(by_word, words)
            if vague:
                index, wordless = self.words
                candidates += _found(index, words)
                if not f.message.isascii():
                    candidates += wordless
        if coded:
            candidates += coded
        if code is not None:
            candidates += self.ranges
        hit = _heaviest(candidates, f)
        if f.unlisted and hit is not None and hit[0].pattern.retry.kind in REPEATS:
            # Words that go with a code do not make its retry any safer.
            hit = _heaviest([rule for rule in candidates if rule.match.unlisted_subcode], f) or hit
        return self._plainer(f, hit) if vague else hit

    def _plainer(self, f: Facts, hit: tuple[Rule, int] | None) -> tuple[Rule, int] | None:
        """``hit``, or a rule without code and words that outweighs it. Those are worth their weight or nothing."""
        best, top = hit or (None, 0)
        for rule in self.rest:  # heaviest first
            if rule.weight < top:
                break
            if rule.score(f) and (best is None or rule.weight > top or rule.order < best.order):
                best, top = rule, rule.weight
        return (best, top) if best is not None else None


class _Shelf:
    """Matchers by the values of one fact that they want; their rules, heaviest first, are made when asked for."""

    __slots__ = ("_fact", "_made", "filed")

    def __init__(self, fact: str) -> None:
        self._fact = fact
        self.filed: dict[Any, list[_Filed]] = {}
        self._made: dict[Any, list[Rule]] = {}

    def add(self, values: Iterable[Any], entry: _Filed) -> None:
        for value in values:
            self.filed.setdefault(value, []).append(entry)

    def get(self, value: Any) -> list[Rule]:
        """The rules for one value; none for a value that no matcher wants, of which nothing is kept."""
        made = self._made.get(value)
        if made is None:
            if value not in self.filed:
                return []
            made = self._made[value] = [_rule(entry, self._fact) for entry in self.filed[value]]
            made.sort(key=_weight, reverse=True)
        return made


def _rule(entry: _Filed, filed: str = "") -> Rule:
    catalog, number, place, order = entry
    pattern = catalog.pattern(number)
    return Rule(pattern, pattern.matches[place], order, filed)


def _weight(rule: Rule) -> int:
    return rule.weight


def _found(index: dict[str, list[Rule]], words: set[str]) -> list[Rule]:
    """The rules filed under any of ``words``, each once."""
    found: list[Rule] = []
    for word in words & index.keys():
        for rule in index[word]:
            if rule not in found:
                found.append(rule)
    return found


def _index_words(index: dict[str, list[Rule]], rule: Rule) -> bool:
    """File a rule under a word of each of its phrases; false when a phrase has no word to file it under."""
    whole = True
    for parts in rule.phrases:
        if key := _index_word(parts):
            bucket = index.setdefault(key, [])
            if rule not in bucket:
                bucket.append(rule)
        else:
            whole = False
    return whole


def _index_word(parts: tuple[str, ...]) -> str:
    """The longest whole word of a phrase: present in every text that holds the phrase. Empty for other scripts.

    The first and last word of a part may be cut ("transient" in "is_transient"), so inner words are preferred and a
    part's edge counts only when it is all there is.
    """
    words = [word for part in parts for word in part.translate(_SPLIT).split()]
    if not words or not all(word.isascii() or word.isalpha() for word in words):
        words = [w for w in words if w.isascii()]
    if any(not part.isascii() and not _separates_words(part) for part in parts):
        return ""
    return max(words, key=len, default="")


def _separates_words(text: str) -> bool:
    """Whether the script of ``text`` puts spaces between words (not so: Han, kana, Thai, Hangul with particles)."""
    return all(ord(c) < 0x0E00 or 0x1E00 <= ord(c) < 0x2100 for c in text)


def _heaviest(rules: Iterable[Rule], f: Facts) -> tuple[Rule, int] | None:
    best: Rule | None = None
    top = 0
    for rule in rules:
        if rule.weight + 24 < top:
            continue
        score = rule.score(f)
        # On a tie the earlier pattern of the catalogue, so that the answer never hangs on the order of a set.
        if score > top or (score and score == top and best is not None and rule.order < best.order):
            best, top = rule, score
    return (best, top) if best is not None else None


def matched(rule: Rule, f: Facts) -> tuple[str, ...]:
    """The facts that made the rule hold, most telling first after the stage."""
    m = rule.match
    out: list[str] = []
    if m.stage:
        out.append(f"stage={f.stage}")
    if m.code or m.code_range or (m.subcode and f.code is not None and f.code != f.subcode):
        out.append(f"code={f.code}")
    if m.subcode:
        out.append(f"subcode={f.subcode}")
    if m.constant:
        out.append(f"constant={f.constant}")
    if m.container:
        out.append(f"container={f.container}")
    if m.oauth:
        out.append("oauth=" + next(reason for reason in m.oauth if reason in f.oauth))
    if m.transport:
        out.append(f"transport={f.transport}")
    if m.http:
        out.append(f"http={f.http_status}")
    if m.type:
        out.append(f"type={f.type}")
    if m.surface:
        out.append(f"surface={f.surface}")
    for key in m.context:
        if key in f.context:
            out.append(f"context.{key}={f.context[key]}")
    for parts in rule.phrases:
        if all(part in f.message for part in parts):
            out.append("words=" + " … ".join(parts))
            break
    return tuple(out)


# ---------------------------------------------------------------- a subcode that no pattern names
#
# Its code is no longer sure of anything: subcodes have turned a rate limit into a block and a passing fault into a
# dead file. So what is concluded from the code beside an unlisted subcode is a guess, tried again three times at most.

UNLISTED_TRIES = 3


def rests_beside_unlisted(rule: Rule, facts: Facts) -> bool:
    """Whether the subcode is unlisted and the rule holds for the code (or for words) beside it alone."""
    match = rule.match
    return facts.unlisted and not (match.constant or match.container or match.unlisted_subcode)


def nothing_but_a_number(rule: Rule, facts: Facts) -> bool:
    """Whether one unlisted number is all there is, beside words that go with many faults ("try again later")."""
    alone = facts.code is not None and facts.code == facts.subcode and not rule.match.subcode
    return alone and rule.pattern.retry.kind in REPEATS


def less_sure(diagnosis: Diagnosis, rule: Rule) -> Diagnosis:
    """``diagnosis`` as far as it can be trusted: a guess where the code alone, or a retry, was concluded."""
    repeats = diagnosis.retry.kind in REPEATS
    if rule.match.words and not repeats:
        return diagnosis if diagnosis.confidence != "exact" else replaced(diagnosis, confidence="likely")
    if not repeats:
        return replaced(diagnosis, confidence="guess")
    tries = min(diagnosis.retry.max_attempts, UNLISTED_TRIES)
    return replaced(diagnosis, confidence="guess", retry=replaced(diagnosis.retry, max_attempts=tries))
