"""The one way in which the engine asks Threads something.

A stage says what it asks (:class:`Ask`) and what it does with the answer. What every call needs is done here, once:
the client with the account's token and the time limit of ``TREADLE_THREADS_TIMEOUT``, the entry of the timeline, the
usage that the answer reports, the breaker, and for a failure evidence, diagnosis, and whether it is clear.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeAlias, TypeVar

from treadle.domain.blame import OF_OPTIONS, blamed, put_down_to
from treadle.domain.cause import diagnose_failure, from_pattern, of_items
from treadle.domain.fetched import in_words
from treadle.domain.policy import Situation
from treadle.domain.run_state import AccountView, PartView
from treadle.domain.scope import stops_reading
from treadle.engine.worker_context import WorkerContext
from treadle.store.timeline import Note
from treadle_diagnosis import Evidence
from treadle_diagnosis.redact import redact
from treadle_diagnosis.retry import hinted_wait_s
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient
from treadle_threads.evidence import clarity_of
from treadle_threads.results import Answer, Call, Failure, Lost, NotSent, Ok, Refused, Result

T = TypeVar("T")

# Causes behind which even reading makes no sense, and whose end a cheap read of the own profile shows: a post that is
# being checked waits for their repair too.
NEEDED_BY_ALL = frozenset({"threads_basic_missing", "app_not_reviewed", "app_deactivated"})
NOT_FOUND_YET = "container_not_found"  # counted for each container: lag at first, then it is lost
UNKNOWN_CONTAINER = frozenset({"object_not_found", "http_not_found", NOT_FOUND_YET})
ANSWER_CAP = 16_384  # bytes of one answer kept in a timeline


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """One question. ``what`` and ``stage`` are for the timeline; ``situation``: what a failure means for the post.

    ``diagnosed_at``: the stage for the diagnosis where that is another one: the lists are read while a post is being
    published, and their failure is that of a read. ``proves``: whether an answer shows that Threads works at ``stage``.
    """

    what: str
    stage: str
    situation: Situation
    send: Callable[[ThreadsClient], Awaitable[Result[T]]]
    diagnosed_at: str | None = None
    proves: bool = True


@dataclass(frozen=True, slots=True)
class Worked(Generic[T]):
    """Threads did what it was asked."""

    value: T
    note: Note
    result: Ok[T]
    ask: Ask[T]
    part: PartView | None

    def as_refusal(self, now: float, **known: Any) -> Failed:
        """The same answer as a refusal: the call worked, and says that something else did not. ``known``: context."""
        refused = Refused(self.result.answer, self.result.call, self.result.elapsed_s)
        return _failed(self.ask, refused, self.part, self.note.started_at or now, now, known)


@dataclass(frozen=True, slots=True)
class Failed:
    """Threads did not, or nobody knows. ``clear``: nothing can have happened (asked of a publish only)."""

    failure: Failure
    diagnosis: Diagnosis
    note: Note
    stage: str
    situation: Situation
    clear: bool
    part: PartView | None
    known: Mapping[str, Any] = field(default_factory=dict)

    def diagnosed_with(self, **known: Any) -> Diagnosis:
        """The diagnosis if this were known as well."""
        return diagnose_failure(self.failure, self.stage, {**self.known, **known})

    def of_items(self, items: Sequence[int], count: int) -> Failed:
        """The same failure, with a cause that says which of a carousel's ``count`` items it is about."""
        return replace(self, diagnosis=of_items(self.diagnosis, items, count))

    @property
    def hint_s(self) -> float | None:
        """For how many seconds Meta asks to wait, whatever it refused."""
        answer = None if isinstance(self.failure, NotSent) else self.failure.answer
        return hinted_wait_s(answer.headers) if answer is not None else None

    @property
    def of_the_platform(self) -> bool:
        """Whether this is trouble of Threads' own."""
        return of_the_platform(self.diagnosis)

    @property
    def stops_reading(self) -> bool:
        """Whether this answer to a read says that nothing can be read any more."""
        refused = isinstance(self.failure, Refused)
        stops = stops_reading(self.diagnosis.lane, self.diagnosis.pattern)
        return refused and stops and not one_permission(self.diagnosis)


Called: TypeAlias = Worked[T] | Failed


async def call(worker: WorkerContext, account: AccountView, ask: Ask[T], part: PartView | None = None) -> Called[T]:
    """Ask Threads for ``account``; ``part`` is what it is asked about. Nothing is repeated, and nothing raises."""
    began = worker.now()
    result = understood(await ask.send(worker.client(account)))
    now = worker.now()
    if not isinstance(result, NotSent) and result.answer is not None:
        worker.poll_budget.saw(result.answer.headers, now)
    if not isinstance(result, Ok):
        return await with_fetches(worker, _failed(ask, result, part, began, now, granted=account.scopes))
    if ask.proves:
        worker.breaker.worked(ask.stage)
    return Worked(
        result.value, note_of(result, ask.stage, ask.what, _position(part), started_at=began), result, ask, part
    )


def _failed(
    ask: Ask[Any],
    failure: Failure,
    part: PartView | None,
    began: float,
    now: float,
    more: Mapping[str, Any] | None = None,
    *,
    granted: Collection[str] = (),
) -> Failed:
    stage = ask.diagnosed_at or ask.stage
    known = {**(more or {}), **(context_of(part, now) if part is not None else {})}
    publishing = ask.situation == "publish"
    if not publishing or isinstance(failure, NotSent):
        # The answer to a read is about the read; before a request that was not sent, the doubt had been settled.
        known.pop("after_publish", None)
    elif part is not None and part.unclear:
        known["unclear_before"] = True
    diagnosis = diagnose_failure(failure, stage, known)
    if part is not None and diagnosis.pattern == NOT_FOUND_YET and (seen := part.tries.get(NOT_FOUND_YET)):
        known["seen_on_container"] = seen
        diagnosis = diagnose_failure(failure, stage, known)
    if part is not None and diagnosis.lane == "media_fetch":
        diagnosis = _with_what_we_saw(part, diagnosis, stage)
    if part is not None and ask.situation in ("create", "publish") and diagnosis.lane in OF_OPTIONS:
        blame = blamed(diagnosis, part.options, is_reply=part.is_reply, granted=granted)
        diagnosis = diagnosis if blame is None else put_down_to(blame, diagnosis)
    clear = publishing and clarity_of(failure, unclear_before=part is not None and part.unclear) == "clear"
    note = note_of(failure, ask.stage, ask.what, _position(part), started_at=began, diagnosis=diagnosis)
    return Failed(failure, diagnosis, note, stage, ask.situation, clear, part, known)


def _position(part: PartView | None) -> int | None:
    return part.position if part is not None else None


def _with_what_we_saw(part: PartView, diagnosis: Diagnosis, stage: str) -> Diagnosis:
    """Threads says that it could not fetch a medium; our own look at the address may have seen why."""
    doubt = next((item["doubt"] for item in part.media_urls or [] if item.get("doubt")), None)
    if doubt is None:
        return diagnosis
    evidence = Evidence(stage=stage, body={"finding": doubt["finding"], "answer": diagnosis.raw})
    named = from_pattern(doubt["pattern"], evidence, matched=(*diagnosis.matched, f"seen={doubt['finding']['code']}"))
    return replace(named, raw=diagnosis.raw)


FETCH_LEAD_S = 60.0  # a container's files may be fetched before the answer that it is made


def _asked_since(failed: Failed) -> float:
    """Since when Meta may have fetched the files of the container that failed."""
    part = failed.part
    made = [] if part is None else [child["made_at"] for child in part.children if child.get("made_at")]
    if part is not None and part.container_made_at is not None and part.container_id is not None:
        made.append(part.container_made_at)
    began = failed.note.started_at or 0.0
    return min(began, *(float(at) - FETCH_LEAD_S for at in made)) if made else began


async def with_fetches(worker: WorkerContext, failed: Failed) -> Failed:
    """A failure to fetch, with what Meta asked for of the files that are kept here."""
    part, diagnosis = failed.part, failed.diagnosis
    kept = [item for item in (part.media_urls or [] if part is not None else []) if item.get("media_id")]
    if diagnosis.lane != "media_fetch" or not kept:
        return failed
    store, fetched, since = (await worker.media()).store_room, [], _asked_since(failed)
    for item in kept:
        fetches = await asyncio.to_thread(store.fetches, str(item["media_id"]))
        if fetches is not None:
            fetched.append(in_words(fetches, int(item.get("size") or 0), since))
    if not fetched:
        return failed
    what = f"{diagnosis.what_happened} Meta's requests for the file stored here: {', '.join(fetched)}."
    matched = (*diagnosis.matched, *(f"fetched={one}" for one in fetched))
    named = replace(diagnosis, what_happened=what, matched=matched)
    return replace(failed, diagnosis=named, note=replace(failed.note, diagnosis=named.to_json()))


def of_the_platform(diagnosis: Diagnosis) -> bool:
    """Whether a cause is trouble of Threads' own. A container that is not found (yet) is that container's alone,
    however many accounts meet it."""
    return diagnosis.lane == "platform_temporary" and diagnosis.pattern not in UNKNOWN_CONTAINER


def one_permission(diagnosis: Diagnosis) -> bool:
    """Whether a permission is missing that other calls, publishing among them, do not need."""
    return diagnosis.lane == "permission_app_review" and diagnosis.pattern not in NEEDED_BY_ALL


def understood(result: Result[T]) -> Result[T]:
    """A 2xx that is empty, cut off, or holds nothing of what was asked is no refusal: its answer is lost. So is a 403
    without an error of Meta's.

    A page of a gateway's and an answer with an error in it stay what they are, and so does a container's status.
    """
    if not isinstance(result, Refused):
        return result
    body = result.answer.body
    page = isinstance(body, str) and body.lstrip().startswith("<")
    if result.answer.status == 403 and not (isinstance(body, dict) and body.get("error")):
        # Meta refuses a permission in words of its own. This is a gateway's, and blames neither account nor app.
        return result if page else Lost("protocol", "A bare 403.", result.call, result.elapsed_s, result.answer)
    if page or not 200 <= result.answer.status < 300:
        return result
    if isinstance(body, dict) and ("error" in body or (isinstance(body.get("status"), str) and body["status"])):
        return result
    detail = "The answer is empty, cut off, or not what was asked for."
    return Lost("truncated", detail, result.call, result.elapsed_s, result.answer)


def context_of(part: PartView, now: float) -> dict[str, Any]:
    """What the engine knows of a part that sharpens a diagnosis."""
    context: dict[str, Any] = {
        "media_kind": part.kind.lower() if part.kind in ("IMAGE", "VIDEO") else None,
        "media_bytes": sum(int(m.get("size") or 0) for m in part.media_urls or []) or None,
        "text_bytes": len(part.text.encode()) or None,
        "after_publish": part.sends > 0 and part.unclear,
    }
    if part.container_made_at is not None:
        context["container_age_s"] = round(max(0.0, now - part.container_made_at), 3)
        context["container_status"] = part.container_status
    if part.position > 0:
        context["reply_target"] = "own_recent"
    elif part.options.get("reply_to_id"):
        context["reply_target"] = "other"
    return {k: v for k, v in context.items() if v is not None}


# ---------------------------------------------------------------- the timeline


def note_of(
    result: Result[Any],
    stage: str,
    what: str,
    part: int | None,
    *,
    started_at: float,
    diagnosis: Diagnosis | None = None,
    decision: str | None = None,
) -> Note:
    """The timeline entry of one call."""
    answer: dict[str, Any] | None
    match result:
        case Ok():
            outcome, answer = "ok", _answer_json(result.answer)
        case Refused():
            outcome, answer = "refused", _answer_json(result.answer)
        case NotSent():
            outcome, answer = "not_sent", {"error": f"{result.kind}: {result.detail}"}
        case Lost():
            error = {"error": f"{result.kind}: {result.detail}"}
            outcome, answer = "lost", {**error, **(_answer_json(result.answer) or {})}
    headers: Mapping[str, str] = (
        result.answer.headers if not isinstance(result, NotSent) and result.answer is not None else {}
    )
    wait_s = hinted_wait_s(headers)
    return Note(
        stage=stage,
        kind="call",
        what=what,
        part=part,
        started_at=started_at,
        duration_s=result.elapsed_s,
        outcome=outcome,
        request=_call_json(result.call),
        answer=answer,
        diagnosis=diagnosis.to_json() if diagnosis else None,
        decision=decision,
        wait_s=wait_s,
        app_wait_s=hinted_wait_s({"x-app-usage": headers.get("x-app-usage", "")}) if wait_s else None,
    )


def _answer_json(answer: Answer | None) -> dict[str, Any] | None:
    """Meta's answer as it came, secrets removed and capped."""
    if answer is None:
        return None
    kept: dict[str, Any] = redact(
        {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}, max_chars=ANSWER_CAP
    )
    return kept


def _call_json(call_: Call) -> dict[str, Any]:
    made: dict[str, Any] = redact(
        {"method": call_.method, "path": call_.path, "params": dict(call_.params)}, max_chars=ANSWER_CAP
    )
    return made
