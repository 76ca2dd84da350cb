"""What errors mean: diagnosing one, the catalogue of causes, and answers that no pattern explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from treadle.domain.times import iso
from treadle.services.output import ApiModel
from treadle.store import Connection
from treadle.store import unknown_answers as store
from treadle_diagnosis import catalog
from treadle_diagnosis.catalog import Pattern
from treadle_diagnosis.types import ACTION_LABELS


class PatternRetry(ApiModel):
    kind: str
    after_s: float | None = Field(description="Seconds until the first try again.")
    max_attempts: int
    max_delay_s: float | None = Field(description="The longest wait between two tries, in seconds.")
    then: str | None = Field(description="What follows when the tries are used up.")


class PatternSummary(ApiModel):
    """One cause of the catalogue."""

    id: str
    public_name: str
    title: str
    category: str
    lane: str = Field(description="Which kind of trouble: whose it is, and how it is repaired.")
    action: str
    action_label: str
    scope: str = Field(description="What one such cause holds: post, account, app, media_host or platform.")
    who: str = Field(description="Who acts.")
    retry: PatternRetry
    guide: str = Field(description="The path of its page in the guide.")


class PatternOut(PatternSummary):
    what_happened: str
    owner: str = Field(description="What the account's owner does.")
    developer: str = Field(description="What a developer does.")
    treadle: str = Field(description="What Treadle does.")
    repaired: str = Field(description="How one sees that it is repaired.")
    repaired_by: list[str]
    look_alikes: dict[str, str] = Field(description="Other patterns, and how to tell them apart.")
    examples: list[dict[str, Any]]
    plan: list[str]
    checked: str = Field(description="When it was last compared with Meta's answers, as a date.")


class PatternsOut(ApiModel):
    data: list[PatternSummary]
    checked: str = Field(description="When the catalogue was last checked, as a date.")


class UnknownAnswer(ApiModel):
    shape: str = Field(description="What all answers alike have in common.")
    count: int
    first_at: str | None
    last_at: str | None
    sample: Any = Field(description="One of them, without its secrets.")
    post_id: str | None


class UnknownAnswersOut(ApiModel):
    data: list[UnknownAnswer]


def patterns(*, lanes: Sequence[str] = (), categories: Sequence[str] = (), wanted: str = "") -> PatternsOut:
    """The catalogue, or what of it is in these lanes and categories and holds these words."""
    found, words = catalog.load(), wanted.lower()
    data = [
        PatternSummary(**_summary(p))
        for p in found
        if (not lanes or p.lane in lanes)
        and (not categories or p.category in categories)
        and (not words or words in f"{p.id} {p.public_name} {p.title} {p.what_happened}".lower())
    ]
    return PatternsOut(data=data, checked=found.checked)


def pattern(name: str) -> PatternOut | None:
    """One cause by its id or public name."""
    p = catalog.load().get(name[:100])
    if p is None:
        return None
    return PatternOut(
        **_summary(p),
        what_happened=p.what_happened,
        owner=p.owner,
        developer=p.developer,
        treadle=p.treadle,
        repaired=p.repaired,
        repaired_by=list(p.repaired_by),
        look_alikes=dict(p.look_alikes),
        examples=[{k: v for k, v in e.evidence.items() if v not in (None, {}, "")} for e in p.examples],
        plan=list(p.plan),
        checked=p.checked,
    )


def _summary(p: Pattern) -> dict[str, Any]:
    retry = PatternRetry(
        kind=p.retry.kind,
        after_s=p.retry.after_s,
        max_attempts=p.retry.max_attempts,
        max_delay_s=p.retry.max_delay_s,
        then=p.retry.then,
    )
    return {
        "id": p.id,
        "public_name": p.public_name,
        "title": p.title,
        "category": p.category,
        "lane": p.lane,
        "action": p.action,
        "action_label": ACTION_LABELS[p.action],
        "scope": p.scope,
        "who": p.who,
        "retry": retry,
        "guide": p.guide,
    }


def unknown_answers(conn: Connection, workspace_id: str) -> UnknownAnswersOut:
    """Answers that this workspace's posts met and no pattern explains, the most frequent first."""
    rows = store.of_workspace(conn, workspace_id)
    return UnknownAnswersOut(
        data=[
            UnknownAnswer(
                shape=row.shape,
                count=row.count,
                first_at=iso(row.first_at),
                last_at=iso(row.last_at),
                sample=row.sample,
                post_id=row.post_id,
            )
            for row in rows
        ]
    )


def storable(value: Any) -> Any:
    """Without what UTF-8 or JSON cannot hold, which pasted answers may contain."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(k): storable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [storable(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value
