"""A time that has passed is pointed out beforehand, and the state of such a post is true from the first answer on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.http.conftest import Site, data_dir, fresh_database, site  # noqa: F401
from treadle.domain.lateness import Timing, too_late
from treadle.domain.times import When, about_past

NOW = 1_800_000_000.0
DAY = 86_400.0


def when(ago: float) -> When:
    return When(NOW - ago, "a time", None)


@given(st.floats(-1e8, 1e8), st.floats(0, 1e6))
def test_it_says_what_becomes_of_the_post(ago: float, lateness: float) -> None:
    found = about_past(when(ago), lateness, NOW)
    if ago < 60:
        assert found is None
        return
    assert found is not None
    assert (found.severity, found.rule, found.field) == ("warning", "past_time", "publish_at")
    held = too_late(Timing(NOW - ago, lateness), NOW)
    assert ("wait for approval" in found.way_out) is held
    assert ("published right away" in found.way_out) is not held


@pytest.mark.parametrize(
    ("ago", "words"), [(61, "1 minute ago"), (5400, "90 minutes ago"), (7200, "2 hours ago"), (DAY * 9, "9 days ago")]
)
def test_how_long_ago_is_said_as_a_person_would(ago: float, words: str) -> None:
    found = about_past(when(ago), DAY, NOW)
    assert found is not None
    assert words in found.message


def at(site: Site, ago: float) -> str:  # noqa: F811
    return datetime.fromtimestamp(site.app.now() - ago, UTC).isoformat()


def sent(site: Site, ago: float, **more: Any) -> dict[str, Any]:  # noqa: F811
    body = {"account_id": site.account, "text": "Hello", "publish_at": at(site, ago), **more}
    client = site.client("write")
    looked = client.post("/v1/preflight", json=body).json()
    assert [f["rule"] for f in looked["findings"] if f["rule"] == "past_time"] == (["past_time"] if ago > 60 else [])
    assert looked["ok"] is True
    made = client.post("/v1/posts", json=body)
    assert made.status_code == 201, made.text
    return dict(made.json())


def test_a_post_too_late_is_held_at_once_and_says_why(site: Site) -> None:  # noqa: F811
    post = sent(site, 3 * DAY)
    assert (post["state"], post["next"]) == ("held", None)
    assert "too late" in post["why"]
    again = site.client("write").get(f"/v1/posts/{post['id']}").json()
    assert (again["state"], again["next"]) == ("held", None)
    confirmed = site.client("write").post(f"/v1/posts/{post['id']}/confirm").json()
    assert confirmed["post"]["state"] == "publishing"


def test_a_post_a_little_late_is_published_at_once(site: Site) -> None:  # noqa: F811
    post = sent(site, 5400)
    assert (post["state"], post["next"]["what"]) == ("publishing", "Publishes now.")


def test_its_own_lateness_counts(site: Site) -> None:  # noqa: F811
    assert sent(site, 5400, max_lateness="PT1H")["state"] == "held"
    assert sent(site, 3 * DAY, max_lateness="P7D")["state"] == "publishing"


def test_a_draft_stays_a_draft(site: Site) -> None:  # noqa: F811
    assert sent(site, 3 * DAY, draft=True)["state"] == "draft"


def test_changing_to_a_time_long_past_holds_it_at_once(site: Site) -> None:  # noqa: F811
    post = sent(site, -3600)
    assert post["state"] == "scheduled"
    changed = site.client("write").patch(f"/v1/posts/{post['id']}", json={"publish_at": at(site, 3 * DAY)}).json()
    assert (changed["state"], changed["next"]) == ("held", None)
