"""Stages by themselves: what is written of a part for each answer, and what is looked at just before the send."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from tests.treadle.engine.views import account, part, post
from treadle.domain.breaker import Breaker
from treadle.domain.cause import Cause
from treadle.domain.poll_budget import PollBudget
from treadle.domain.progress import PartProgress
from treadle.domain.quota import Quota
from treadle.domain.run_state import UNSET, OpenBlocker, PartUpdate, PartView, Run
from treadle.domain.steps import Check, CreateContainer, FindId, LookBefore, PrepareMedia, Publish, Step, Wait
from treadle.engine import admission, checking, live_posts, quota, rechecking, run, sending
from treadle.engine.calling import Ask, call
from treadle.engine.ending import Blocked, Finish, Outcome, Park, Snooze
from treadle.store import accounts, blockers, intents, runs, tokens
from treadle.store.intents import LastLook
from treadle.store.runs import Change, SentPart
from treadle_diagnosis import Evidence, from_pattern
from treadle_threads.results import Answer, Call, Lost, NotSent, Ok, Refused
from treadle_threads.values import ContainerStatus, Page, Published

NOW, SETTLE = 1_800_000_000.0, 600.0
POSTED = Call("POST", "/me/threads_publish")
SENT_AT = NOW - 90.0
SENT = part(
    intent="sent", intent_at=SENT_AT, intent_first_at=SENT_AT, sends=3, container_id="17", container_made_at=SENT_AT,
    container_status="FINISHED", seen_before=["1"],
)  # fmt: skip


READY = part(container_id="17", container_status="FINISHED", container_made_at=NOW - 5.0, seen_before=[])
CAUSE = Cause(from_pattern("token_expired", Evidence()))


LIVE: dict[str, Any] = {"published_at": NOW - 9000.0, "threads_id": "90"}


def worker(client: Any = None) -> Any:
    return SimpleNamespace(
        now=lambda: NOW, scaled=lambda seconds: seconds, scale=1.0, random01=lambda: 0.5,
        settings=SimpleNamespace(publish_settle=SETTLE, video_reply_wait=0.0), poll_budget=PollBudget(),
        breaker=Breaker(), client=lambda account: client, db=SimpleNamespace(query=AsyncMock(return_value=(set(), 0))),
        opens=lambda account: True, lease=SimpleNamespace(worker="wrk_a", process=SimpleNamespace(now=lambda: NOW)),
    )  # fmt: skip


def run_of(*parts: PartView, **changes: Any) -> Run:
    return Run(post(*parts, **changes), account(), False, "token", "wrk_a")


# ------------------------------------------------------------------------------------------------------- the send


def refused(code: int, subcode: int | None = None, message: str = "said no") -> Refused:
    error = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}
    return Refused(Answer(400, {}, {"error": error}), POSTED)


async def classified(result: Any, of: PartView = SENT) -> tuple[PartUpdate, Outcome]:
    at_work = worker()
    ask: Ask[Published] = Ask("Publish", "publish", "publish", AsyncMock(return_value=result))
    outcome = await sending.classify(at_work, run_of(of), of, await call(at_work, account(), ask, of))
    return outcome.change.part(of.position), outcome


@pytest.mark.parametrize(
    "answer", [Lost("timeout", "", POSTED), Refused(Answer(504, {}, "<html>"), POSTED), refused(2), refused(987)]
)
async def test_after_an_open_answer_the_settle_time_runs_from_when_the_call_ended(answer: Any) -> None:
    update, outcome = await classified(answer)
    assert (update.intent, update.intent_at, update.unclear, update.state) == (UNSET, NOW, True, "checking")
    assert update.sends is UNSET
    assert update.container_id is UNSET
    assert isinstance(update.progress, PartProgress)
    assert update.progress.settles_at == NOW + SETTLE
    assert isinstance(outcome.ending, Snooze)
    assert (outcome.ending.state, outcome.ending.at) == ("checking", NOW + sending.FIRST_CHECK_S)


async def test_after_a_clear_refusal_the_container_is_asked_before_it_is_sent_again() -> None:
    for unclear_before in (False, True):
        update, _ = await classified(refused(24, 4279009), SENT.but(unclear=unclear_before))
        if unclear_before:  # no later refusal is believed
            assert (update.intent, update.unclear) == (UNSET, True)
        else:
            assert (update.intent, update.intent_at, update.container_status) == ("none", NOW, None)
            assert (update.sends, update.unclear, update.container_id) == (UNSET, UNSET, UNSET)


@pytest.mark.parametrize("kind", ["connect", "guard"])
async def test_a_request_that_was_never_written_is_no_send_and_undoes_no_other(kind: Any) -> None:
    update, outcome = await classified(NotSent(kind, "", POSTED))
    assert (update.intent, update.sends, update.unclear) == ("none", 2, UNSET)
    assert isinstance(outcome.ending, Snooze)
    first, _ = await classified(NotSent(kind, "", POSTED), SENT.but(sends=1))
    assert first.sends == 0


async def test_what_is_live_is_live_since_the_answer() -> None:
    answer = Ok(Published("99"), Answer(200, {}, {"id": "99"}), POSTED)
    update, outcome = await classified(answer, SENT.but(unclear=True))
    assert (update.threads_id, update.published_at, update.unclear) == ("99", NOW, False)
    assert (update.container_status, outcome.change.post.published_at) == ("PUBLISHED", NOW)


# ------------------------------------------------------------------------------------------------------- the look


class Threads:
    """One container, and one page of a list."""

    def __init__(self, status: str = "FINISHED", *items: dict[str, Any]) -> None:
        self.status, self.items = status, items

    async def container(self, id_: str) -> Any:
        return Ok(ContainerStatus(id_, self.status), Answer(200, {}, {"status": self.status}), Call("GET", f"/{id_}"))

    async def list_threads(self, **how: Any) -> Any:
        return Ok(Page(self.items), Answer(200, {}, {"data": []}), Call("GET", "/me/threads"))


async def looked(of: PartView, threads: Threads) -> tuple[PartUpdate, Outcome]:
    outcome = await checking.check(worker(threads), run_of(of), Check(of, None))
    return outcome.change.part(of.position), outcome


@pytest.mark.parametrize(("age", "settles_anew"), [(90.0, True), (599.0, True), (600.0, False), (5000.0, False)])
async def test_a_send_without_any_answer_is_open_and_settles_from_the_first_look(
    age: float, settles_anew: bool
) -> None:
    """When it was written is not known: the worker died between the intent and the answer."""
    cut_off = SENT.but(sends=1, intent_at=NOW - age)
    update, outcome = await looked(cut_off, Threads())
    assert update.unclear is True
    assert update.intent_at == (NOW if settles_anew else UNSET)
    assert update.intent is UNSET
    assert isinstance(outcome.ending, Snooze)
    assert outcome.ending.state == "checking"


async def test_a_send_with_an_answer_keeps_its_time() -> None:
    for answered in (SENT.but(unclear=True), SENT.but(progress=PartProgress(wish="send again"))):
        update, _ = await looked(answered, Threads("IN_PROGRESS"))
        assert update.intent_at is UNSET
        assert update.unclear is UNSET


async def test_a_container_that_grew_old_after_a_send_is_replaced_only_once_it_is_sure() -> None:
    update, _ = await looked(SENT.but(intent="none"), Threads())
    assert update.intent == "sent"
    assert isinstance(update.progress, PartProgress)
    assert update.progress.wish == "replace"
    gone, outcome = await looked(SENT.but(intent="none"), Threads("EXPIRED"))
    assert (gone.container_id, gone.seen_before, gone.sends, gone.children, gone.unclear) == (None, None, 0, [], False)
    assert not isinstance(outcome.ending, Finish)


async def test_a_dead_container_is_replaced_and_nothing_but_the_repair_of_its_file_is_remembered() -> None:
    tried = SENT.but(unclear=True, progress=PartProgress(conservative=True, looks=4, misses=2, wish="replace"))
    update, _ = await looked(tried, Threads("ERROR"))
    assert update.progress == PartProgress(conservative=True)
    assert (update.intent, update.container_id) == ("none", None)


@pytest.mark.parametrize("sends", [1, checking.SENDS - 1, checking.SENDS])
async def test_a_container_is_sent_a_few_times_only(sends: int) -> None:
    settled = SENT.but(
        unclear=True, intent_at=NOW - SETTLE, sends=sends, progress=PartProgress(finished=1),
        unclear_cause=Cause(from_pattern("unknown_error", Evidence())),
    )  # fmt: skip
    update, outcome = await looked(settled, Threads())
    again = not isinstance(outcome.ending, Finish)
    assert again is (sends < checking.SENDS)
    assert update.intent == "none"
    assert update.tries == ({"unknown_error": 1})


async def test_a_person_is_asked_once_nothing_more_can_be_learned() -> None:
    for age, asked in ((checking.GIVE_TO_PERSON_S - 60.0, False), (checking.GIVE_TO_PERSON_S + 60.0, True)):
        waiting = SENT.but(unclear=True, intent_at=NOW - age, container_made_at=NOW - age)
        listed = {"id": "2", "media_type": "TEXT_POST", "text": "part 0"}
        _, outcome = await looked(waiting.but(seen_before=None), Threads("FINISHED", listed))
        assert isinstance(outcome.ending, Finish) is asked


MATCH = {"id": "2", "media_type": "TEXT_POST", "text": "part 0"}


@pytest.mark.parametrize(
    ("age", "status", "items", "then"),
    [
        (90.0, "FINISHED", (), "send again"),
        (90.0, "FINISHED", (MATCH,), "look"),
        (SETTLE, "FINISHED", (MATCH,), "live"),
        (90.0, "IN_PROGRESS", (), "look"),
    ],
)
async def test_before_a_send_is_repeated_the_lists_say_whether_it_is_live(
    age: float, status: str, items: tuple[dict[str, Any], ...], then: str
) -> None:
    """The refusal before it may have come after the effect."""
    again = SENT.but(intent="none", intent_at=NOW - age, container_status=status)
    outcome = await sending.read_first(worker(Threads(status, *items)), run_of(again), Publish(again, None))
    update = outcome.change.part(0)
    progress = None if update.progress is UNSET else update.progress
    if then == "live":
        assert (update.threads_id, update.published_at) == ("2", NOW - age)
    elif then == "look":
        assert (update.intent, update.state, update.published_at) == ("sent", "checking", UNSET)
        assert isinstance(outcome.ending, Snooze)
    else:
        assert progress is not None
        assert (update.intent, update.published_at, progress.listed_after) == (UNSET, UNSET, NOW - age)


def test_other_parts_with_the_same_words_are_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [
        SentPart("TEXT", {"text": "part 0"}),
        SentPart("TEXT", {"text": "other"}),
        SentPart("IMAGE", {"text": "part 0"}),
        SentPart("TEXT", None),
    ]
    monkeypatch.setattr(runs, "sent_without_id", lambda *args, **more: others)
    monkeypatch.setattr(runs, "claimed_ids", lambda *args, **more: {"7"})
    assert live_posts.claims(None, SENT) == ({"7"}, 1)  # type: ignore[arg-type]


LIVE_UNKNOWN = SENT.but(published_at=SENT_AT, threads_id=None, unclear=False)
OTHER_MATCH = {**MATCH, "id": "3"}


@pytest.mark.parametrize(
    ("items", "rivals", "tries", "id_"),
    [
        ((MATCH,), 0, 0, "2"),
        ((MATCH,), 1, 0, "2"),
        ((MATCH, OTHER_MATCH), 0, 0, "2"),
        ((MATCH, OTHER_MATCH), 1, 1, UNSET),
        ((MATCH, OTHER_MATCH), 1, 2, "2"),
        ((), 0, 0, UNSET),
    ],
)
async def test_which_of_the_listed_posts_a_live_part_is(
    items: tuple[dict[str, Any], ...], rivals: int, tries: int, id_: Any
) -> None:
    at_work = worker(Threads("PUBLISHED", *items))
    at_work.db.query = AsyncMock(return_value=(set(), rivals))
    sought = LIVE_UNKNOWN.but(progress=PartProgress(find_tries=tries))
    outcome = await checking.find_id(at_work, run_of(sought), FindId(sought, None, needed=True))
    assert outcome.change.part(0).threads_id == id_
    assert isinstance(outcome.ending, Snooze) is (id_ is UNSET)


async def test_a_live_part_that_is_not_found_holds_only_what_follows_it() -> None:
    for needed, tries, state in ((True, 0, "checking"), (True, 40, "person"), (False, 40, "publishing")):
        sought = LIVE_UNKNOWN.but(progress=PartProgress(find_tries=tries))
        outcome = await checking.find_id(worker(Threads()), run_of(sought), FindId(sought, None, needed=needed))
        ended = outcome.ending
        assert ("person" if isinstance(ended, Finish) else ended.state) == state  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("age", "progress", "pause"),
    [
        (90.0, {}, 5.0),
        (90.0, {"looks": 2}, 12.8),
        (90.0, {"looks": 30}, 510.05),
        (597.0, {}, 3.05),
        (5000.0, {"looks": 30}, checking.CHECK_MOST_S),
        (5000.0, {"looks": 30, "finished": 1}, 5.0),
        (5000.0, {"looks": 30, "misses": 1}, 60.05),
        (5000.0, {"misses": 1}, 5.0),
    ],
)
def test_it_is_looked_again_soon_and_when_the_settle_time_is_over(
    age: float, progress: dict[str, Any], pause: float
) -> None:
    of = SENT.but(intent_at=NOW - age)
    again = checking._look_again(worker(), of, PartProgress(**progress), NOW)
    assert again.at - NOW == pytest.approx(pause, abs=1e-3)


@pytest.mark.parametrize(("status", "items", "id_", "live"), [
    ("PUBLISHED", (), UNSET, True), ("FINISHED", (MATCH,), "2", True), ("FINISHED", (), UNSET, False),
])  # fmt: skip
async def test_after_a_restore_what_was_due_is_looked_for_first(
    status: str, items: tuple[dict[str, Any], ...], id_: Any, live: bool
) -> None:
    of = READY.but(progress=PartProgress(restored=NOW - 3600.0), seen_before=None)
    outcome = await checking.look_before(worker(Threads(status, *items)), run_of(of), LookBefore(of, None))
    update = outcome.change.part(0)
    assert (update.threads_id, update.published_at is not UNSET) == (id_, live)
    if status != "PUBLISHED":
        assert update.progress == PartProgress()


# ------------------------------------------------------------------------------------------- before anything is asked

LIMIT, QUOTA = (Cause(from_pattern(pattern, Evidence())) for pattern in ("user_request_limit", "publishing_quota"))
LATER = NOW + 300.0


@pytest.mark.parametrize(
    ("until", "cause", "waits"),
    [(None, LIMIT, None), (NOW, LIMIT, None), (LATER, LIMIT, LATER), (LATER, None, LATER), (LATER, QUOTA, None)],
)
def test_a_limit_on_posts_is_none_on_reading(until: float | None, cause: Cause | None, waits: float | None) -> None:
    assert admission.calls_wait(account(quota_until=until, quota=Quota(cause=cause)), NOW) == waits


@pytest.mark.parametrize(
    ("of", "facts", "ending"),
    [
        (READY, {}, None),
        (READY, {"paused": True}, ("waiting", None)),
        (READY, {"token_enc": None}, ("blocked", None)),
        (READY, {"disconnected_at": NOW}, ("blocked", None)),
        (READY, {"quota_until": LATER, "quota": Quota(cause=LIMIT)}, ("waiting", LATER)),
        (READY, {"quota_until": NOW - 1.0}, None),
        # What only reads waits for no limit on posts, no pause and no time.
        (SENT, {"paused": True}, None),
        (SENT, {"quota_until": LATER, "quota": Quota(cause=LIMIT)}, ("checking", LATER)),
        (SENT, {"quota_until": LATER, "quota": Quota(cause=QUOTA)}, None),
        # What is live is published, whatever can be read.
        (READY.but(**LIVE), {}, None),
        (READY.but(**LIVE), {"token_enc": None}, ("published", None)),
        (READY.but(**LIVE), {"disconnected_at": NOW}, ("published", None)),
        (READY.but(**LIVE), {"quota_until": LATER, "quota": Quota(cause=LIMIT)}, ("published", None)),
    ],
)
def test_what_is_known_is_heeded_before_anything_is_asked(
    of: PartView, facts: dict[str, Any], ending: tuple[str, float | None] | None
) -> None:
    known = run_of(of, due_at=NOW).but(account=account(**{"token_enc": b"x", **facts}))
    found = admission.inspect(None, worker(), known, NOW)  # type: ignore[arg-type]
    ended: Any = found.ending if found is not None else None
    assert (None if ended is None else (ended.state, getattr(ended, "at", None))) == ending


@pytest.mark.parametrize(("workspace", "late", "state"), [(True, False, "waiting"), (False, True, "held")])
def test_a_pause_of_the_workspace_and_lateness_stop_what_would_send(workspace: bool, late: bool, state: str) -> None:
    known = run_of(READY, due_at=NOW - (9e5 if late else 0.0)).but(
        account=account(token_enc=b"x"), workspace_paused=workspace
    )
    found = admission.inspect(None, worker(), known, NOW)  # type: ignore[arg-type]
    assert found is not None
    assert isinstance(found.ending, Finish)
    assert found.ending.state == state


def test_inside_a_limit_nothing_is_asked_and_only_media_are_prepared() -> None:
    limited = account(token_enc=b"x", quota_until=LATER, quota=Quota(cause=LIMIT))
    cases: list[tuple[PartView, Step, str | None]] = [
        (READY, CreateContainer(READY, None), "waiting"),
        (SENT, Check(SENT, None), "checking"),
        (LIVE_UNKNOWN, FindId(LIVE_UNKNOWN, None, needed=True), "published"),
        (READY, PrepareMedia(READY), None),
        (READY, Wait(LATER, "waits"), None),
    ]
    for of, step, state in cases:
        found = admission.inside_limit(run_of(of).but(account=limited), step, NOW)
        ended: Any = found.ending if found is not None else None
        assert (ended.state if ended is not None else None) == state, step
        assert admission.inside_limit(run_of(of).but(account=limited.but(quota_until=NOW)), step, NOW) is None


# ------------------------------------------------------------------------------------------------- how a run ends


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the end of a run writes, by name."""
    found: dict[str, Any] = {}

    def write(conn: Any, of: Run, change: Change, **how: Any) -> Run:
        found.update(change.post.changes(), **how)
        return of

    monkeypatch.setattr(runs, "write", write)
    monkeypatch.setattr(blockers, "scope_for", lambda conn, diagnosis, scope, key, **more: (scope, key))
    monkeypatch.setattr(blockers, "put_behind", lambda conn, post_id, ids: found.update(behind=list(ids)))
    monkeypatch.setattr(run, "open_cause", lambda *args: "blk_1")
    monkeypatch.setattr(tokens, "sealed_of", lambda conn, account_id: found.get("token"))
    return found


@pytest.mark.parametrize(
    ("scope", "of", "state"),
    [
        ("account", READY, "blocked"),
        ("post", READY, "blocked"),
        ("platform", READY, "waiting"),
        ("account", SENT, "checking"),
        ("platform", SENT, "checking"),
    ],
)
def test_a_post_that_is_parked_is_behind_its_cause_and_one_in_doubt_stays_so(
    written: dict[str, Any], scope: Any, of: PartView, state: str
) -> None:
    found = from_pattern("token_expired", Evidence())
    for ending in (Park(scope, "k", found, "why"), Blocked(("blk_1",), CAUSE, "blocked", "why")):
        written.clear()
        parked: Any = run._written_as(None, worker(), run_of(of), Change(), ending, NOW)  # type: ignore[arg-type]
        assert parked is True
        expected = state if isinstance(ending, Park) or state == "checking" else "blocked"
        assert (written["state"], written["behind"], written["seq"]) == (expected, ["blk_1"], 2)
        assert (written["next_at"], written["release"], written["next_what"]) == (None, True, run.WAITS_FOR_REPAIR)


@pytest.mark.parametrize(("of", "state"), [(READY, "retrying"), (SENT, "checking")])
def test_a_refused_token_that_is_not_the_account_s_any_more_opens_no_cause(
    written: dict[str, Any], of: PartView, state: str
) -> None:
    written["token"] = b"another"
    stored: list[Any] = []
    at_work = worker()
    at_work.breaker = Breaker()
    at_work.runtime = SimpleNamespace(enqueue=lambda *args, **more: stored.append(more), queue=None)
    change = Change().on(0, PartUpdate(state="failed"))
    found = from_pattern("token_expired", Evidence())
    assert run._written_as(None, at_work, run_of(of), change, Park("account", "acc_1", found, "why"), NOW)  # type: ignore[arg-type]
    assert (written["state"], written["next_at"], written["cause"]) == (state, NOW + 1.0, None)
    assert "behind" not in written
    assert len(stored) == 1
    assert change.part(0).state is UNSET


@pytest.mark.parametrize(
    ("failed_at", "reached", "gone"),
    [
        ("create_container", "create_container", False),
        ("create_container", "preflight", False),
        ("create_container", "container_status", True),
        ("publish", "publish", False),
        ("publish", "verify", True),
        ("no stage of today", "publish", False),
        ("no stage of today", "done", True),
    ],
)
def test_a_cause_is_gone_only_once_a_post_got_past_the_stage_that_failed(
    monkeypatch: pytest.MonkeyPatch, failed_at: str, reached: str, gone: bool
) -> None:
    closed: list[Any] = []
    monkeypatch.setattr(blockers, "tested_by", lambda conn, post_id: [("blk_1", failed_at)])
    monkeypatch.setattr(blockers, "take_out", lambda conn, post_id, ids: closed.append((post_id, ids)))

    def repaired(conn: Any, ids: list[str], **more: Any) -> list[str]:
        closed.append(ids)
        return []

    releaser: Any = SimpleNamespace(repaired=repaired)
    rechecking.close_probed(None, releaser, "pst_1", reached, NOW)  # type: ignore[arg-type]
    assert closed == ([("pst_1", ["blk_1"]), ["blk_1"]] if gone else [])


# ---------------------------------------------------------------------------------------------- just before the send

HELD = OpenBlocker("blk_1", "account", "acc_1", "meta_token", "token_expired", CAUSE, None)


def intended(
    monkeypatch: pytest.MonkeyPatch, seen: LastLook | None, of: Run, *, first: bool = True
) -> tuple[Outcome | None, list[Any]]:
    written: list[Any] = []

    def record(conn: Any, part_id: str, columns: Any) -> bool:
        written.append(columns)
        return first

    monkeypatch.setattr(intents, "last_look", lambda *args, **more: seen)
    monkeypatch.setattr(intents, "record", record)
    sought = next(each for each in of.post.parts if each.published_at is None)
    update = admission.intent_of(sought, "wrk_a", NOW)
    found = admission.intend(None, worker(), of, sought, update, NOW)  # type: ignore[arg-type]
    return found, written


def test_the_intent_is_written_when_nothing_speaks_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found, written = intended(monkeypatch, LastLook(True, False, (), 0), run_of(READY, due_at=NOW))
    assert found is None
    assert written[0]["intent"] == "sent"
    assert (written[0]["sends"], written[0]["intent_at"], written[0]["intent_worker"]) == (1, NOW, "wrk_a")


@pytest.mark.parametrize(
    ("seen", "ending"),
    [
        (None, Snooze),
        (LastLook(False, False, (), 0), Snooze),
        (LastLook(True, True, (), 0), Finish),
        (LastLook(True, False, (HELD,), 0), Blocked),
        (LastLook(True, False, (), 250), None),
    ],
)
def test_what_is_seen_in_the_last_moment_stops_the_send(
    monkeypatch: pytest.MonkeyPatch, seen: LastLook | None, ending: type | None
) -> None:
    monkeypatch.setattr(quota, "full_until", lambda *args: NOW + 60.0 if args[3] >= 250 else None)
    found, written = intended(monkeypatch, seen, run_of(READY, due_at=NOW))
    assert found is not None
    assert ending is None or isinstance(found.ending, ending)
    assert written == []


def test_who_finds_an_intent_that_is_written_already_does_not_send(monkeypatch: pytest.MonkeyPatch) -> None:
    found, written = intended(monkeypatch, LastLook(True, False, (), 0), run_of(READY, due_at=NOW), first=False)
    assert found is not None
    assert len(written) == 1


@pytest.mark.parametrize(
    ("lateness", "confirmed", "held"), [(3600.0, None, False), (3599.0, None, True), (3599.0, NOW - 1.0, False)]
)
def test_what_grew_too_late_meanwhile_is_held_and_not_sent(
    monkeypatch: pytest.MonkeyPatch, lateness: float, confirmed: float | None, held: bool
) -> None:
    late = run_of(READY, due_at=NOW - 3600.0, max_lateness=lateness, confirmed_at=confirmed)
    found, written = intended(monkeypatch, LastLook(True, False, (), 0), late)
    assert (found is not None and isinstance(found.ending, Finish) and found.ending.state == "held") is held
    assert (written == []) is held


def test_a_part_is_due_from_the_latest_of_the_parts_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [part(0, **LIVE), part(1, **{**LIVE, "published_at": NOW - 60.0}), READY.but(position=2, is_reply=True)]
    thread = run_of(*chain, due_at=NOW - 9000.0, max_lateness=3600.0)
    found, written = intended(monkeypatch, LastLook(True, False, (), 0), thread)
    assert found is None
    assert written


def test_after_a_send_nothing_is_sent_before_the_lists_were_read_once_more() -> None:
    sent = READY.but(sends=1, intent_at=SENT_AT)
    assert not run._may_send(Publish(sent, None))
    assert not run._may_send(Publish(sent.but(progress=PartProgress(listed_after=SENT_AT - 1.0)), None))
    assert run._may_send(Publish(sent.but(progress=PartProgress(listed_after=SENT_AT)), None))
    assert run._may_send(Publish(READY, None))
    assert run._may_send(Publish(READY.but(seen_before=None, progress=PartProgress(list_unread=True)), None))
    assert not run._may_send(Publish(READY.but(seen_before=None), None))


@pytest.mark.parametrize(("pattern", "whole_app"), [("app_request_limit", True), ("user_request_limit", False)])
def test_a_limit_of_the_app_holds_all_its_accounts_and_no_other_limit_does(
    monkeypatch: pytest.MonkeyPatch, pattern: str, whole_app: bool
) -> None:
    held: list[Any] = []
    monkeypatch.setattr(accounts, "hold_app_until", lambda conn, app_id, until: held.append((app_id, until)))
    change = Change()
    change.account.quota_until = NOW + 300.0
    change.post.met(Cause(from_pattern(pattern, Evidence())), "a limit")
    run._slow_app(None, run_of(READY), change)  # type: ignore[arg-type]
    assert held == ([("app_1", NOW + 300.0)] if whole_app else [])
    run._slow_app(None, run_of(READY), Change())  # type: ignore[arg-type]
    assert len(held) == int(whole_app)
