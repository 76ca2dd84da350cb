"""What is stored of files and changes fits the models that document it, and comes out as it was stored."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from treadle.media.report import MediaReport
from treadle.services.events import change_out
from treadle.services.media_output import FileReportOut
from treadle.services.output import ApiModel
from treadle_threads.media.facts import AudioFacts, ImageFacts, MediaProbe, VideoFacts
from treadle_threads.media.finding import Finding, RepairKind
from treadle_threads.media.plan import RepairPlan


def described(class_: type, /, **known: Any) -> st.SearchStrategy[Any]:
    """Values of a class of facts, in every field that it has."""
    names = class_.__dataclass_fields__  # type: ignore[attr-defined]
    return st.builds(class_, **{name: known.get(name, ...) for name in names})


PROBES = st.none() | described(
    MediaProbe,
    video=st.none() | described(VideoFacts),
    audio=st.none() | described(AudioFacts),
    image=st.none() | described(ImageFacts),
)
FINDINGS = described(Finding, got=st.none() | st.integers(), limit=st.none() | st.text(), fix=st.just("none"))
PLANS = described(RepairPlan, kind=st.sampled_from(list(RepairKind)))


@given(PROBES, st.lists(FINDINGS, max_size=2), PLANS)
def test_a_stored_report_is_answered_as_it_was_stored(
    probe: MediaProbe | None, findings: list[Finding], plan: RepairPlan
) -> None:
    fetch = {"url": "https://cdn.example/a.mp4", "host": "cdn.example", "status": 200, "redirects": 1, "ranges": True}
    stored = json.loads(json.dumps(MediaReport("a.mp4", probe, findings, plan, fetch).to_json()))
    answered = FileReportOut(**stored)
    assert answered.to_json() == stored
    models: list[ApiModel | None] = [answered, answered.plan, answered.probe, answered.fetch, *answered.findings]
    models += [answered.probe.video, answered.probe.audio, answered.probe.image] if answered.probe else []
    assert not any(model.model_extra for model in models if model is not None), "a field that is not documented"


def test_a_report_of_an_older_release_is_answered_as_far_as_it_goes() -> None:
    stored = {"source": "a.jpg", "ok": True, "kind": "image", "probe": {"kind": "image"}, "kept_by": "an old release"}
    assert FileReportOut(**stored).to_json() == stored


def test_a_change_carries_its_own_fields_and_no_others() -> None:
    value = {"id": "1", "text": ["Anything", None]}
    for payload in (
        {"post_id": "pst_a", "account_id": None, "state": "waiting", "pattern": None, "next": {"what": "", "at": None}},
        {"account_id": "acc_a", "field": "replies", "value": value},
        {"blocker_id": "blk_a", "scope": "app", "key": "1", "pattern": "x", "by": "anna"},
        {
            "post_id": "pst_a",
            "differs": [{"part": 0, "pattern": None, "lane": None, "field": "a", "asked": "", "live": ""}],
        },
        {},
    ):
        change = change_out({"id": 1, "workspace_id": None, "type": "x", "subject": "y", "at": 0.0, "payload": payload})
        assert change.to_json()["data"] == payload
        assert not change.data.model_extra
