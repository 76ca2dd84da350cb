"""The daily digest: off until somebody sets a time, once a day in its own zone, and sent at once on a word."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.app import DEFAULT_WORKSPACE
from treadle.notify import alerts, digest
from treadle.notify.alert_kinds import AlertTarget
from treadle.services import workspace_options
from treadle.store.tables import posts, workspaces

SLACK = "slack://TokenA12345/TokenB12345/TokenC12345abcdefghijklm"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
BERLIN = ZoneInfo("Europe/Berlin")


def do(site: SampleSite, what: str, **more: str) -> str:
    answer = site.client.post("/alerts", data={"csrf": CSRF, "do": what, **more}, follow_redirects=True)
    return answer.text


class Post:
    """Recipients that note what they got; those in ``down`` take nothing."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, str]] = []
        self.down: set[str] = set()

    async def __call__(self, target: AlertTarget, title: str, body: str) -> bool:
        if target.service in self.down:
            return False
        self.got.append((target.service, title, body))
        return True


def at(hour: int, minute: int = 0, day: int = 2) -> float:
    """A time of December 2026 in Berlin."""
    return datetime(2026, 12, day, hour, minute, tzinfo=BERLIN).timestamp()


def turn(site: SampleSite, post: Post, now: float) -> int:
    """How many recipients a turn of the job reached."""
    return len(asyncio.run(digest.send_due(site.app.db, site.app.vault, site.app.settings, now=now, send=post)))


def test_it_is_off_until_a_time_is_set_and_comes_once_a_day(sample: SampleSite) -> None:
    post = Post()
    do(sample, "add", url=SLACK)
    assert "Off. What was published" in do(sample, "loud")
    assert turn(sample, post, at(8)) == 0
    assert "every day at 8:30 AM (Europe/Berlin)" in do(sample, "digest", at="08:30", zone="Europe/Berlin")
    assert [turn(sample, post, at(8, minute)) for minute in (29, 30, 31, 59)] == [0, 1, 0, 0]
    assert turn(sample, post, at(8, 30, day=3)) == 1
    assert turn(sample, post, at(11, 31, day=4)) == 0, "too late: the next one comes"
    assert "The daily digest is off" in do(sample, "no-digest")
    assert turn(sample, post, at(8, 30, day=5)) == 0


def test_one_of_late_evening_is_sent_after_midnight_too(sample: SampleSite) -> None:
    post = Post()
    do(sample, "add", url=SLACK)
    do(sample, "digest", at="23:30", zone="Europe/Berlin")
    assert [turn(sample, post, now) for now in (at(1, day=2), at(1, 5, day=2), at(23, 31, day=2))] == [1, 0, 1]


def test_a_recipient_that_does_not_take_it_is_tried_three_times_and_the_others_get_one(sample: SampleSite) -> None:
    post = Post()
    post.down = {"Discord"}
    for url in (SLACK, DISCORD):
        do(sample, "add", url=url)
    do(sample, "digest", at="08:00", zone="Europe/Berlin")
    assert [turn(sample, post, at(8, minute)) for minute in (0, 1)] == [1, 0]
    post.down = set()
    assert [turn(sample, post, at(8, minute)) for minute in (2, 3)] == [1, 0]
    assert [service for service, _, _ in post.got] == ["Slack", "Discord"]
    post.down = {"Discord"}
    for minute in (0, 1, 2):
        turn(sample, post, at(8, minute, day=3))
    post.down = set()
    assert turn(sample, post, at(8, 4, day=3)) == 0, "three times, no more"


def test_it_says_what_was_published_what_needs_attention_and_what_is_due(sample: SampleSite) -> None:
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        one = posts.c.id == sample.ids["scheduled0"]
        conn.execute(sa.update(posts).where(one).values(due_at=now + 1, publish_at=now + 1))
        message = digest.compose(conn, DEFAULT_WORKSPACE, ZoneInfo("UTC"), now=now, public_url="https://t.example")
        nothing = digest.compose(conn, "wsp_none", ZoneInfo("UTC"), now=now, public_url="https://t.example")
    lines = message.body.split("\n")
    assert "(UTC)" in lines[0]
    assert message.title.startswith("Treadle: ")
    assert any(line.startswith("Published since yesterday: ") and "nothing" not in line for line in lines)
    due = lines.index(next(line for line in lines if line.startswith("Due today: ")))
    assert "@loom.and.shuttle: " in "\n".join(lines[due:])
    assert "post is held" in message.body or "posts are held" in message.body
    assert lines[-1] == "https://t.example"
    assert nothing.title == "Treadle: 0 published, 0 to look at, 0 due today"
    assert nothing.body.count(": nothing") == 3


def test_one_can_be_sent_at_once(sample: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post()
    monkeypatch.setattr(alerts, "deliver", post)
    assert sample.client.post("/alerts/digest", data={"csrf": CSRF}).status_code == 422
    do(sample, "add", url=SLACK)
    page = sample.client.post("/alerts/digest", data={"csrf": CSRF}, follow_redirects=True).text
    assert "Digest sent to 1 recipient." in page
    [(_, title, body)] = post.got
    assert "due today" in title
    assert "Needs attention" in body
    post.down = {"Slack"}
    assert "Not delivered" in sample.client.post("/alerts/digest", data={"csrf": CSRF}).text


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("08:00", "options.daily_digest"),
        ({"at": "8"}, "options.daily_digest.at"),
        ({"at": "24:00"}, "options.daily_digest.at"),
        ({"at": "08:00", "zone": "Mars"}, "options.daily_digest.zone"),
        ({"at": "08:00", "to": "x"}, "options.daily_digest"),
    ],
)
def test_what_is_no_time_is_refused(value: Any, field: str) -> None:
    found = workspace_options.problem({"daily_digest": value})
    assert found is not None
    assert found.field == field


@pytest.mark.parametrize("value", [None, {}, {"at": "08:00"}, {"at": "08:00", "zone": "America/New_York"}])
def test_what_is_a_time_is_taken(value: Any) -> None:
    assert workspace_options.problem({"daily_digest": value}) is None


@pytest.mark.parametrize("junk", ["x", [], 7, {"daily_digest": "8"}, {"daily_digest": {"at": 8, "zone": []}}])
def test_a_workspace_whose_options_cannot_be_read_keeps_no_other_from_its_digest(sample: SampleSite, junk: Any) -> None:
    post = Post()
    do(sample, "add", url=SLACK)
    do(sample, "digest", at="08:00", zone="Europe/Berlin")
    with sample.app.db.begin() as conn:
        row = {"id": "wsp_bad", "name": "Bad", "options": junk, "created_at": 1.0}
        conn.execute(sa.insert(workspaces).values(**row))
    assert turn(sample, post, at(8)) == 1
