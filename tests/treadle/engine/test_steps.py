"""The order of publishing, for every state a post can be found in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.engine.views import part, post
from treadle.domain import steps
from treadle.domain.part_files import PreparedFile
from treadle.domain.progress import Difference, LiveCheck, PartProgress
from treadle.domain.run_state import CONTAINER_LIFE_S, PartView, PostView
from treadle.engine.sending import found_live

NOW = 1_800_000_000.0
URLS = [
    PreparedFile(kind="IMAGE", url="https://e.example/1.jpg", alt_text=None, size=None),
    PreparedFile(kind="VIDEO", url="https://e.example/2.mp4", alt_text=None, size=None),
]


COMPARED = PartProgress(live=LiveCheck(over=True))
DETACHED = PartProgress(live=LiveCheck(over=True, differs=(Difference("reply_to_id", "90", ""),)))


def live(position: int, **changes: Any) -> PartView:
    values = {
        "published_at": NOW - 5,
        "threads_id": f"9{position}",
        "permalink": "https://t.example/p",
        "intent": "sent",
        "progress": COMPARED,
    }
    return part(position, **{**values, "state": "published", "sends": 1, **changes})


def ready(position: int = 0, **changes: Any) -> PartView:
    made = {"container_id": "17", "container_made_at": NOW - 5, "container_status": "FINISHED"}
    return part(position, **{**made, **changes})


def step_of(*parts: PartView, **changes: Any) -> steps.Step:
    return steps.next_step(post(*parts, **changes), NOW)


def test_a_text_goes_through_container_poll_and_publish() -> None:
    assert isinstance(step_of(part()), steps.CreateContainer)
    assert isinstance(step_of(ready(container_status="IN_PROGRESS")), steps.PollContainer)
    assert isinstance(step_of(ready()), steps.Publish)


def test_media_are_prepared_before_any_container() -> None:
    with_media = part(body={"media": [{"url": "https://e.example/1.jpg"}]}, kind="IMAGE")
    assert isinstance(step_of(with_media), steps.PrepareMedia)
    assert isinstance(step_of(replace(with_media, media_urls=URLS[:1])), steps.CreateContainer)


def test_a_carousel_makes_all_children_then_waits_for_them_then_the_parent() -> None:
    carousel = part(body={"media": [{}, {}]}, kind="CAROUSEL", media_urls=URLS)
    made = step_of(carousel)
    assert isinstance(made, steps.CreateChildren)
    assert made.missing == (0, 1)
    half = replace(carousel, children=[{"id": "1", "status": "FINISHED"}, {}])
    again = step_of(half)
    assert isinstance(again, steps.CreateChildren)
    assert again.missing == (1,)
    waiting = replace(half, children=[{"id": "1", "status": "FINISHED"}, {"id": "2", "status": "IN_PROGRESS"}])
    polled = step_of(waiting)
    assert isinstance(polled, steps.PollChildren)
    assert polled.unfinished == (1,)
    finished = replace(half, children=[{"id": "1", "status": "FINISHED"}, {"id": "2", "status": "FINISHED"}])
    assert isinstance(step_of(finished), steps.CreateContainer)


def test_a_sent_part_is_looked_up_and_not_sent() -> None:
    assert isinstance(step_of(ready(intent="sent", sends=1)), steps.Check)


def test_an_old_container_is_made_anew_unless_it_was_sent() -> None:
    old = NOW - CONTAINER_LIFE_S
    assert isinstance(step_of(ready(container_made_at=old)), steps.CreateContainer)
    assert isinstance(step_of(ready(container_made_at=old, intent="sent")), steps.Check)


def test_a_container_of_no_use_is_dropped_only_if_nothing_was_sent_of_it() -> None:
    old: dict[str, Any] = {"container_made_at": NOW - CONTAINER_LIFE_S}
    unwanted: dict[str, Any] = {"progress": PartProgress(wish="replace")}
    for of_no_use in (old, unwanted):
        assert isinstance(step_of(ready(**of_no_use, sends=1)), steps.Check)
        assert isinstance(step_of(ready(**of_no_use, unclear=True)), steps.Check)
    assert isinstance(step_of(ready(**old)), steps.CreateContainer)
    assert isinstance(step_of(ready(sends=1)), steps.Publish)
    assert isinstance(step_of(ready(sends=1, progress=PartProgress(wish="send again"))), steps.Publish)
    assert isinstance(step_of(part(sends=1, **unwanted)), steps.CreateContainer)  # there is none to ask about


def test_a_ready_post_waits_for_its_time() -> None:
    waiting = step_of(ready(), publish_at=NOW + 60)
    assert isinstance(waiting, steps.Wait)
    assert waiting.until == NOW + 60
    assert isinstance(step_of(ready(), publish_at=NOW), steps.Publish)


def test_a_chain_replies_part_by_part() -> None:
    second = step_of(live(0), part(1), part(2))
    assert isinstance(second, steps.CreateContainer)
    assert second.part.position == 1
    assert second.reply_to == "90"
    third = step_of(live(0), live(1), part(2))
    assert isinstance(third, steps.CreateContainer)
    assert third.reply_to == "91"


def test_the_next_part_waits_for_the_id_of_the_one_before() -> None:
    unknown = step_of(live(0, threads_id=None, permalink=None), part(1))
    assert isinstance(unknown, steps.FindId)
    assert unknown.needed
    # However often it was looked for: without it the next part would hang on nothing.
    sought = live(0, threads_id=None, permalink=None, progress=PartProgress(find_tries=steps.FIND_ID_TRIES))
    assert isinstance(step_of(sought, part(1)), steps.FindId)


def test_an_unfound_id_does_not_hold_a_finished_post_for_ever() -> None:
    unfound = live(0, threads_id=None, permalink=None)
    assert isinstance(step_of(unfound), steps.FindId)
    assert isinstance(step_of(replace(unfound, progress=PartProgress(find_tries=steps.FIND_ID_TRIES))), steps.Complete)


def test_addresses_are_read_once_all_is_out() -> None:
    assert isinstance(step_of(live(0, permalink=None), part(1)), steps.CreateContainer)
    assert isinstance(step_of(live(0, permalink=None), live(1)), steps.Verify)
    assert isinstance(step_of(live(0), live(1)), steps.Complete)


def test_what_is_live_is_compared_before_anything_is_put_below_it_and_at_the_end() -> None:
    unread = live(0, progress=PartProgress())
    first = step_of(unread, part(1))
    assert isinstance(first, steps.Compare)
    assert (first.parent, first.root) == (None, None)
    second = step_of(live(0), live(1, progress=PartProgress()), part(2))
    assert isinstance(second, steps.Compare)
    assert (second.part.position, second.parent, second.root) == (1, "90", "90")
    assert isinstance(step_of(unread), steps.Compare)
    once_more = step_of(live(0, progress=PartProgress(live=LiveCheck(1, NOW + 25))), part(1))
    assert isinstance(once_more, steps.Wait)
    assert (once_more.until, once_more.state) == (NOW + 25, "publishing")
    given_up = PartProgress(permalink_given_up=True)
    assert isinstance(step_of(live(0, permalink=None, progress=given_up)), steps.Complete)


def test_nothing_is_put_below_a_reply_that_is_none_until_its_owner_says_where() -> None:
    stopped = step_of(live(0), live(1, progress=DETACHED), part(2))
    assert isinstance(stopped, steps.Detached)
    assert stopped.part.position == 1
    below_root = step_of(live(0), live(1, progress=replace(DETACHED, below_root=True)), part(2))
    assert isinstance(below_root, steps.CreateContainer)
    assert below_root.reply_to == "90"
    assert isinstance(step_of(live(0), live(1, progress=DETACHED)), steps.Complete)


def test_a_video_reply_is_not_published_while_its_container_is_young() -> None:
    video = ready(1, kind="VIDEO", body={"media": [{}]}, media_urls=URLS[:1])
    waiting = step_of(live(0), video)
    assert isinstance(waiting, steps.Wait)
    assert waiting.until == NOW - 5 + 40
    assert isinstance(steps.next_step(post(live(0), video), NOW + 35), steps.Publish)
    assert isinstance(step_of(replace(video, position=0)), steps.Publish)
    assert isinstance(steps.next_step(post(live(0), video), NOW, video_reply_s=0.0), steps.Publish)


PARTS = st.builds(
    lambda **values: values,
    kind=st.sampled_from(["TEXT", "IMAGE", "VIDEO", "CAROUSEL"]),
    body=st.sampled_from([{"text": "x"}, {"media": [{}]}, {"media": [{}, {}]}]),
    media_urls=st.sampled_from([None, URLS]),
    children=st.sampled_from([[], [{}], [{"id": "1", "status": "FINISHED"}, {"id": "2", "status": "IN_PROGRESS"}]]),
    container_id=st.sampled_from([None, "17"]),
    container_made_at=st.sampled_from([None, NOW - 10, NOW - 2 * CONTAINER_LIFE_S]),
    container_status=st.sampled_from([None, "IN_PROGRESS", "FINISHED", "ERROR", "PUBLISHED"]),
    intent=st.sampled_from(["none", "sent"]),
    threads_id=st.sampled_from([None, "99"]),
    permalink=st.sampled_from([None, "https://t.example"]),
    published_at=st.sampled_from([None, NOW - 60]),
    progress=st.sampled_from([PartProgress(), PartProgress(find_tries=50)]),
)


@given(st.lists(PARTS, min_size=1, max_size=4), st.sampled_from([None, NOW - 1, NOW + 600]))
def test_in_every_state_nothing_is_sent_that_must_not_be(values: list[dict[str, Any]], at: float | None) -> None:
    parts = [part(position, **v) for position, v in enumerate(values)]
    whole: PostView = post(*parts, publish_at=at)
    step = steps.next_step(whole, NOW)
    first_open = next((p for p in parts if p.published_at is None), None)
    if isinstance(
        step, steps.Publish | steps.CreateContainer | steps.CreateChildren | steps.PrepareMedia | steps.Check
    ):
        # Only the first part that is not out is worked on, and everything before it has an id.
        assert step.part is first_open
        assert all(p.threads_id for p in parts[: step.part.position])
    if isinstance(step, steps.Publish):
        assert step.part.intent == "none"
        assert step.part.container_id
        assert step.part.container_status == "FINISHED"
        assert not step.part.container_expired(NOW)
        assert step.part.position > 0 or at is None or at <= NOW
        assert step.part.position == 0 or step.reply_to == parts[step.part.position - 1].threads_id
    if isinstance(step, steps.CreateContainer):
        assert step.part.intent == "none"
    if isinstance(step, steps.Check):
        assert step.part.intent == "sent"
    if isinstance(step, steps.Complete):
        assert first_open is None


def test_media_are_prepared_on_acceptance_and_containers_made_shortly_before_the_time() -> None:
    due = NOW + 3600
    fresh = part(kind="VIDEO", body={"media": [{"url": "https://example.org/a.mp4"}]})
    waiting = post(fresh, publish_at=due, created_at=NOW)
    assert isinstance(steps.next_step(waiting, NOW), steps.PrepareMedia)
    ready = post(
        part(kind="VIDEO", body=fresh.body, media_urls=[{"url": "https://example.org/a.mp4", "kind": "VIDEO"}]),
        publish_at=due,
        created_at=NOW,
    )
    step = steps.next_step(ready, NOW)
    assert isinstance(step, steps.Wait)
    assert NOW < step.until < due
    assert isinstance(steps.next_step(ready, step.until), steps.CreateContainer)


def test_what_is_found_live_is_live_since_it_was_sent() -> None:
    assert found_live(part(intent_at=100.0), 9000.0, None).published_at == 100.0
    assert found_live(part(intent_at=100.0, published_at=90.0), 9000.0, "1").published_at == 90.0
