"""Posts, parts, events and causes as version 1 answers them: one model builds, checks and documents each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from treadle.domain.live_equals import asked_of, never_compared
from treadle.domain.run_state import part_view
from treadle.domain.states import STATE_WORDS, PartState, PostState
from treadle.domain.times import asked, duration_text, iso
from treadle.services.output import ApiModel
from treadle.services.refusals import FindingOut
from treadle.store.posts_read import StoredPost

_UTC = "ISO 8601 in UTC, to the millisecond"


class RetryOut(ApiModel):
    """Whether and when trying again can work."""

    kind: str = Field(description="never, later, new_container, verify_first or when_repaired.")
    after_s: float | None = Field(description="Seconds until the first retry; null: not known.")
    max_attempts: int = Field(description="Retries at most.")
    max_delay_s: float | None = Field(None, description="Seconds between two retries at most.")
    then: str | None = Field(None, description="What kind follows when these are used up.")
    hinted: bool = Field(False, description="Whether 'after_s' is Meta's own hint.")


class DiagnosisOut(ApiModel):
    """A pattern applied to a failure: why it failed, what to do now, who does it, whether a retry can work."""

    id: str | None = Field(None, description="The id that was sent with a failure to diagnose.")
    pattern: str = Field(description="Id of the pattern; 'unknown': none matched.")
    title: str
    category: str
    lane: str = Field(description="How Treadle deals with it.")
    action: str = Field(description="What has to be done.")
    action_label: str
    retry: RetryOut
    who: str = Field(description="Who must act: owner, developer, operator, meta or nobody.")
    confidence: str = Field(description="How sure it is: exact, likely or guess.")
    what_happened: str
    next_step: str = Field(description="The next step in plain words.")
    next_step_developer: str | None = Field(None, description="The same for a developer; empty: no other.")
    owner_step: str | None = Field(None, description="The same for the owner of the profile, of an answer diagnosed.")
    treadle_does: str = Field(description="What Treadle does about it.")
    plan: list[str] | None = Field(None, description="The steps in order when one answer has several causes.")
    decides: list[str] | None = Field(None, description="Facts that would tell the possible causes apart.")
    scope: str | None = Field(None, description="What it holds: post, account, app, media_host or platform.")
    surface: str | None = Field(None, description="Which API of Meta answered.")
    stage: str | None = Field(None, description="The stage in which it happened.")
    guide: str = Field(description="Path of the guide page.")
    matched: list[str] = Field(description="What in the answer matched.")
    raw: Any = Field(None, description="The answer as it came, secrets removed.")


def cause_out(stored: Mapping[str, Any] | None) -> DiagnosisOut | None:
    """A stored cause, if there is one."""
    return None if stored is None else diagnosis_out(stored)


def diagnosis_out(stored: Mapping[str, Any]) -> DiagnosisOut:
    """A diagnosis as it was stored: it was checked when it was made, and an older version may have made it."""
    retry = stored.get("retry")
    made = {**stored, "retry": RetryOut.model_construct(set(retry), **retry)} if isinstance(retry, Mapping) else stored
    return DiagnosisOut.model_construct(set(stored), **made)


class NextOut(ApiModel):
    what: str = Field(description="What happens next, in plain words.")
    at: str | None = Field(description=f"When, {_UTC}; null: when something else ends.")


class DifferenceOut(ApiModel):
    field: str = Field(description="Named as it was asked for.")
    asked: str
    live: str = Field(description="As Threads returns it; empty: it returns nothing.")


class LiveOut(ApiModel):
    """What Threads shows of a published part, compared with what was asked."""

    checked: list[str] = Field(description="What was compared.")
    differs: list[DifferenceOut] = Field(description="What two readings showed to differ. Nothing is sent again.")
    not_checked: list[str] = Field(description="What Threads did not return, or has not been asked for yet.")
    remarks: list[DifferenceOut] = Field(description="Texts that read differently without being cut.")


class PartOut(ApiModel):
    """One part of a post: the post itself, or a reply to the part before it."""

    id: str
    position: int = Field(description="0 for the post itself, then its replies in order.")
    state: PartState
    kind: str = Field(description="The container's kind: TEXT, IMAGE, VIDEO or CAROUSEL.")
    text: str
    media: list[dict[str, Any]] = Field(description="As sent.")
    options: dict[str, Any] = Field(description="As sent.")
    container_id: str | None = Field(description="Meta's id of its present container.")
    container_status: str | None = Field(description="Meta's last word on it.")
    container_made_at: str | None = Field(description=_UTC)
    sends: int = Field(description="How often its present container was sent for publishing.")
    unclear: bool = Field(description="Whether an answer to a publish was unclear.")
    threads_id: str | None = Field(description="Id of the live post on Threads.")
    permalink: str | None = Field(description="Address of the live post on Threads.")
    published_at: str | None = Field(description=_UTC)
    live: LiveOut | None = Field(description="Null until it is published.")
    cause: DiagnosisOut | None = Field(description="Why it is not live, or not as asked, when something is wrong.")


class PostOut(ApiModel):
    """A post with its parts, the cause when something is wrong, and what happens next."""

    id: str
    account_id: str
    username: str = Field(description="Of the account, without '@'.")
    state: PostState
    state_label: str = Field(description="The state in plain words.")
    stage: str
    why: str | None = Field(description="Why it is in this state, in plain words.")
    text: str = Field(description="The text of its first part.")
    parts: list[PartOut]
    cause: DiagnosisOut | None
    blocker_ids: list[str] = Field(description="Open causes that it waits for.")
    next: NextOut | None
    publish_at: str | None = Field(description=f"{_UTC}; null: as soon as possible.")
    publish_at_asked: str | None = Field(description="As it was sent.")
    zone: str | None = Field(None, description="As it was sent.")
    due_at: str = Field(description=_UTC)
    max_lateness: float = Field(description="Seconds after 'due_at' until it is not published without approval.")
    max_lateness_iso: str = Field(description="The same as an ISO 8601 duration.")
    approval: str | None = Field(description="'pending', 'approved', or null: it needs none.")
    attempt: int = Field(description="1, and one more with each retry that somebody asked for.")
    metadata: dict[str, Any] = Field(description="As sent.")
    labels: list[str] = Field(description="As sent.")
    version: int = Field(description="1, and one more with each edit.")
    created_at: str = Field(description=_UTC)
    updated_at: str = Field(description=_UTC)
    published_at: str | None = Field(description=f"{_UTC}; null until all parts are live.")
    warnings: list[FindingOut] | None = Field(None, description="Only in the answer to its creation.")


def post_out(post: StoredPost) -> PostOut:
    row = post.row
    at, zone = asked(row["publish_at_text"])
    return PostOut(
        id=row["id"],
        account_id=row["account_id"],
        username=row["username"],
        state=row["state"],
        state_label=STATE_WORDS[row["state"]],
        stage=row["stage"],
        why=row["why"],
        text=(post.parts[0]["body"] or {}).get("text", "") if post.parts else "",
        parts=[_part_out(dict(part)) for part in post.parts],
        cause=cause_out(row["cause"]),
        blocker_ids=[*post.blocker_ids],
        next=_next_of(post),
        publish_at=iso(row["publish_at"]),
        publish_at_asked=at,
        zone=zone,
        due_at=iso(row["due_at"]) or "",
        max_lateness=row["max_lateness"],
        max_lateness_iso=duration_text(row["max_lateness"]),
        approval=row["approval"],
        attempt=row["attempt"],
        metadata=row["metadata"],
        labels=row["labels"],
        version=row["version"],
        created_at=iso(row["created_at"]) or "",
        updated_at=iso(row["updated_at"]) or "",
        published_at=iso(row["published_at"]) if row["state"] == "published" else None,
    )


def _next_of(post: StoredPost) -> NextOut | None:
    """What happens next. A post behind an outage of Threads has no run of its own: what ends the outage is its time."""
    row = post.row
    if row["next_at"] is None and row["state"] in ("waiting", "checking") and post.looked_at is not None:
        if post.settles_at is not None:
            what = "Waits until Treadle knows whether another post was published, at the latest:"
            return NextOut(what=what, at=iso(max(post.settles_at, post.looked_at)))
        return NextOut(what="Waits until Threads works again. Treadle checks next:", at=iso(post.looked_at))
    return NextOut(what=row["next_what"], at=iso(row["next_at"])) if row["next_what"] else None


def _part_out(row: Mapping[str, Any]) -> PartOut:
    body = row["body"] or {}
    return PartOut(
        id=row["id"],
        position=row["position"],
        state=row["state"],
        kind=row["kind"],
        text=body.get("text", ""),
        media=[{name: value for name, value in item.items() if name != "token"} for item in body.get("media") or []],
        options=body.get("options") or {},
        container_id=row["container_id"],
        container_status=row["container_status"],
        container_made_at=iso(row["container_made_at"]),
        sends=row["sends"],
        unclear=row["unclear"],
        threads_id=row["threads_id"],
        permalink=row["permalink"],
        published_at=iso(row["published_at"]),
        live=_live_out(row) if row["published_at"] is not None else None,
        cause=cause_out(row["cause"]),
    )


def _live_out(row: Mapping[str, Any]) -> LiveOut:
    part = part_view(row)
    check, silent = part.progress.live, never_compared(part)
    if check is None or not check.over:
        parent = part.options.get("reply_to_id") or ("the part before" if part.position else None)
        return LiveOut(checked=[], differs=[], not_checked=[*asked_of(part, parent), *silent], remarks=[])
    return LiveOut(
        checked=list(check.checked),
        differs=[DifferenceOut(**one.to_json()) for one in check.differs],
        not_checked=[*check.not_checked, *silent],
        remarks=[DifferenceOut(**one.to_json()) for one in check.remarks],
    )


class PostPage(ApiModel):
    data: list[PostOut]
    next: str | None = Field(description="Send it as 'after' for the next page; null: this was the last.")


class LivePart(ApiModel):
    part: int = Field(description="Its position.")
    threads_id: str | None = Field(description="Id on Threads.")
    permalink: str | None = Field(description="Address on Threads.")


class ActionOut(ApiModel):
    """Something was done with a post; here it is afterwards."""

    message: str = Field(description="What was done, in plain words.")
    post: PostOut
    published_parts: list[LivePart] | None = Field(None, description="Of a canceled post: what is live and stays.")


class UnpublishedOut(ActionOut):
    deleted: list[str] = Field(description="Ids on Threads that were deleted, the last part first.")


class EventOut(ApiModel):
    """One entry of a post's timeline."""

    id: int = Field(description="Its number; 0: a call that is under way; it gets its id when it has ended.")
    part: int | None = Field(description="Position of the part; null: the post as a whole.")
    attempt: int
    stage: str
    kind: str
    what: str
    started_at: str = Field(description=_UTC)
    duration_s: float | None = Field(description="Seconds; null: it took no time.")
    outcome: str | None
    request: Any = Field(None, description="What was sent to Threads, secrets removed.")
    answer: Any = Field(None, description="What Threads answered, secrets removed.")
    diagnosis: DiagnosisOut | None = None
    decision: str | None = Field(None, description="What was decided, in plain words.")


def event_out(row: Mapping[str, Any]) -> EventOut:
    return EventOut(
        id=row["id"],
        part=row["part"],
        attempt=row["attempt"],
        stage=row["stage"],
        kind=row["kind"],
        what=row["what"],
        started_at=iso(row["started_at"]) or "",
        duration_s=round(row["duration_s"], 4) if row["duration_s"] is not None else None,
        outcome=row["outcome"],
        request=row["request"],
        answer=row["answer"],
        diagnosis=cause_out(row["diagnosis"]),
        decision=row["decision"],
    )


class EventsOut(ApiModel):
    data: list[EventOut]
