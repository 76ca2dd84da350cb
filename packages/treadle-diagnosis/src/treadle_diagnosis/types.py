"""The words of a diagnosis: what is known of one failure, and what follows from it.

Plain frozen values without behavior beyond turning themselves into JSON, so that every other module can import them
without importing the matcher or the catalogue.
"""

from __future__ import annotations

from treadle_diagnosis.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from treadle_diagnosis.catalog.words import Action, BlockerScope, Confidence, Lane, RetryKind, Who

# Kinds of retry that make the refused call again, or another like it; and those that are done without a person.
REPEATS: frozenset[str] = frozenset({"later", "new_container"})
AUTOMATIC: frozenset[str] = REPEATS | {"verify_first"}
ACTION_LABELS: Mapping[str, str] = {
    "reconnect": "Reconnect",
    "retry_later": "Retry later",
    "fix_media": "Fix input",
    "fix_content": "Fix input",
    "fix_app_setup": "Confirm app access",
    "resolve_on_platform": "Resolve on Threads",
    "recreate_container": "Rebuild and retry",
    "verify_first": "Check before retrying",
    "fix_request": "Fix the integration",
    "contact_support": "Report it",
}


class Evidence(Record):
    """Everything known about one failure. Every field may be missing.

    ``body`` is the parsed JSON answer, or text, or ``None``. ``exception`` is the text of a transport failure
    (``"TimeoutError: ..."``) when there was no answer. ``transport`` is its kind where the caller knows it (``dns``,
    ``connect``, ``tls``, ``timeout``, ``reset`` or ``truncated``): then the text is not read.

    ``context`` may hold: ``container_age_s`` (float), ``container_status`` (str), ``reply_target`` (``"own_recent"``,
    ``"own"``, ``"other"``), ``seen_on_container`` (int, how often this answer came for this container), ``me_ok``
    (bool, whether ``/me`` answers with this token), ``other_accounts_fail`` (bool), ``media_bytes`` (int),
    ``media_kind`` (``"image"|"video"``), ``text_bytes`` (int), ``after_publish`` (bool: a publish of this container was
    sent before this answer), ``unclear_before`` (bool: an earlier publish of this container is unsettled),
    ``auto_publish_text`` (bool: this call created and published in one), ``not_published`` (bool: it is proven that
    this publish did not happen), ``transport`` (``"not_sent"`` or ``"lost"``, when known), ``finding`` (the id of a
    pattern that our own check already named).
    """

    surface: str = "threads"
    stage: str = "unknown"
    http_status: int | None = None
    headers: Mapping[str, str] = {}
    body: Any = None
    exception: str | None = None
    context: Mapping[str, Any] = {}
    transport: str | None = None


class RetryAdvice(Record):
    """Whether, when and how often the same thing may be tried again.

    ``after_s``: seconds before the first retry (``None``: nothing is retried by itself). ``max_attempts``: retries in
    all, the budget. ``max_delay_s`` caps the full-jitter exponential backoff that starts at ``after_s``. ``then``: what
    follows when the budget is spent. ``hinted`` is true when ``after_s`` is Meta's own hint (``Retry-After``,
    ``estimated_time_to_regain_access``) and must be kept to rather than jittered below.
    """

    kind: RetryKind = "never"
    after_s: float | None = None
    max_attempts: int = 0
    max_delay_s: float | None = None
    then: RetryKind | None = None
    hinted: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "after_s": self.after_s,
            "max_attempts": self.max_attempts,
            "max_delay_s": self.max_delay_s,
            "then": self.then,
            "hinted": self.hinted,
        }


class Diagnosis(Record):
    """A pattern applied to evidence: why it failed, what to do now, who does it, whether a retry can work.

    ``pattern`` is the pattern's id, ``"unknown"`` when no pattern matched. ``scope`` says what a blocker for this
    cause would hold: only this post, the whole account, the app, a media host, or everything. ``raw`` is the answer as
    it came, secrets removed. ``plan`` is the ordered plan when one answer has several causes, one sentence a step;
    ``decides`` the facts that would tell them apart.

    ``next_step`` is for whoever got the answer with a program of their own: which call, which parameter, how long. It
    never counts on anything being done automatically. ``owner_step`` is for the owner of a profile that Treadle
    publishes to, ``treadle_does`` what Treadle does about it.
    """

    pattern: str
    title: str
    category: str
    lane: Lane
    action: Action
    retry: RetryAdvice
    who: Who
    confidence: Confidence
    what_happened: str
    next_step: str
    treadle_does: str
    guide: str
    matched: tuple[str, ...] = ()
    scope: BlockerScope = "post"
    surface: str = "threads"
    next_step_developer: str = ""
    plan: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()
    owner_step: str = ""
    raw: Any = None

    def to_json(self) -> dict[str, Any]:
        """The shape that ``treadle diagnose --json``, the API and the timeline share."""
        return {
            "pattern": self.pattern,
            "title": self.title,
            "category": self.category,
            "lane": self.lane,
            "action": self.action,
            "action_label": ACTION_LABELS[self.action],
            "retry": self.retry.to_json(),
            "who": self.who,
            "confidence": self.confidence,
            "what_happened": self.what_happened,
            "next_step": self.next_step,
            "next_step_developer": self.next_step_developer,
            "owner_step": self.owner_step,
            "treadle_does": self.treadle_does,
            "plan": list(self.plan),
            "decides": list(self.decides),
            "scope": self.scope,
            "surface": self.surface,
            "guide": self.guide,
            "matched": list(self.matched),
            "raw": self.raw,
        }
