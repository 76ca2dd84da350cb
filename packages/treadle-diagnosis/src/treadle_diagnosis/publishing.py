"""The stage decides before the class of answer: after a publish, an answer that is no clear refusal leaves it open.

Posts have gone live behind errors that elsewhere mean "try again". So at the stage ``publish`` only what the table of
clear refusals names, what was never sent, and what the catalogue knows by a subcode keeps its own advice; the rest is
``verify_first``.
"""

from __future__ import annotations

from collections.abc import Mapping

from treadle_diagnosis.clarity import Codes, belongs_beside, clear_refusal, may_be_clear, names_clear_refusal
from treadle_diagnosis.facts import Facts
from treadle_diagnosis.rules import Rule
from treadle_diagnosis.types import REPEATS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from treadle_diagnosis.catalog.model import Pattern

OUTCOME_UNKNOWN = "outcome_unknown"
_NEVER_WRITTEN = frozenset({"dns", "connect", "tls"})
# Codes that leave it open at any status; only beside a subcode that says more do they mean something else.
_ALWAYS_OPEN = frozenset({-2, -1, 1, 2, 10})
_CHECKS_ALREADY = frozenset({"verify_first"})
# Facts of the caller that say that something was being posted, whatever the stage is called.
_POSTING = ("unclear_before", "after_publish", "auto_publish_text")


def at_publish(stage: str, context: Mapping[str, Any]) -> bool:
    """Whether this answers a call that may have published; not when it is proven that it did not."""
    if not context:
        return stage == "publish"
    if context.get("not_published"):
        return False
    return stage == "publish" or any(context.get(key) for key in _POSTING)


def no_id(body: Any) -> bool:
    """Whether a good-looking answer names no post: no answer to a publish is good without an id."""
    return isinstance(body, Mapping) and not body.get("id")


def leaves_open(rule: Rule, facts: Facts) -> bool:
    """Whether an answer to a publish that this rule recognizes leaves open whether the post is live."""
    pattern, match = rule.pattern, rule.match
    if pattern.action in _CHECKS_ALREADY or pattern.retry.kind in _CHECKS_ALREADY:
        return False
    unclear_before = bool(facts.context.get("unclear_before") or facts.context.get("after_publish"))
    if pattern.retry.kind in REPEATS and not match.container and _repeat_could_double(rule, facts, unclear_before):
        return True
    codes = Codes(facts.code, facts.subcode, facts.message)
    clear = clear_refusal(codes, unclear_before=unclear_before)
    if clear is None and clear_refusal(codes, unclear_before=False) is not None:
        return True
    if facts.transport in _NEVER_WRITTEN or match.subcode or match.container or match.constant or match.oauth:
        return False
    status = facts.http_status
    nameless = status == 429 and facts.code is None and facts.subcode is None  # a gateway says that too
    if facts.type == "html" or nameless or (status is not None and status >= 400 and not may_be_clear(status)):
        return True
    if not facts.structured and not unclear_before and (match.words or _says_it_in_words(pattern, facts.message)):
        # Text often loses the codes: its words may name a clear refusal, or one that the catalogue knows by a subcode.
        subcodes = [subcode for m in pattern.matches for subcode in m.subcode] if pattern.scope != "platform" else []
        if facts.code is None:
            named = bool(subcodes) or names_clear_refusal(pattern.id, facts.message)
        else:
            named = facts.subcode is None and belongs_beside(facts.code, subcodes)
        if named:
            return False
    if facts.code is None and facts.subcode is None:
        return True
    return clear is None


def _repeat_could_double(rule: Rule, facts: Facts, unclear_before: bool) -> bool:
    """Whether this call or one before it may have published, however well the answer itself is known."""
    if unclear_before or facts.doubted:
        return True
    status = facts.http_status
    if status is not None and status >= 400 and not may_be_clear(status):
        return True
    pattern = rule.pattern
    return facts.code in _ALWAYS_OPEN and pattern.lane == "platform_temporary" and pattern.retry.kind == "later"


def _says_it_in_words(pattern: Pattern, message: str) -> bool:
    phrases = (phrase for match in pattern.matches for phrase in match.words)
    return any(all(part.strip() in message for part in phrase.split("&")) for phrase in phrases)


def risky_if_published(rule: Rule, facts: Facts) -> bool:
    """Whether, with the stage unknown, the advice to repeat would be dangerous had this been the publish call."""
    of_meta = rule.pattern.lane == "platform_temporary"
    return of_meta and rule.pattern.retry.kind in REPEATS and leaves_open(rule, facts)
