"""What needs somebody, when it is much: grouped by cause, said shortly, counted by the database."""

from __future__ import annotations

import random
import re
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.treadle.web.sample_data import BAD_VIDEO, CSRF, REVOKED, SampleSite, add_account, add_blocker, add_post
from treadle.app import DEFAULT_WORKSPACE
from treadle.services import attention
from treadle.store.repair_preview import counted, preview
from treadle.store.tables import blockers, members, post_blockers, posts
from treadle_diagnosis import diagnose


def crowd(site: SampleSite, accounts: int, patterns: int) -> None:
    """Accounts that must be reconnected, two posts behind each, and as many causes of single posts."""
    now = site.app.now()
    revoked = diagnose(stage="create_container", http_status=400, body=REVOKED).to_json()
    codec = diagnose(stage="container_status", http_status=200, body=BAD_VIDEO).to_json()
    with site.app.db.begin() as conn:
        for n in range(accounts):
            account = add_account(conn, f"shop.{n:03}", now, health="reconnect")
            ids = [
                add_post(conn, account, f"Offer {n}.{k}", "blocked", now, cause=revoked, due_at=now - k * 90_000)
                for k in range(2)
            ]
            add_blocker(conn, revoked, "account", account, ids, now - 60 * n)
        for n in range(patterns):
            cause = {**codec, "pattern": f"{codec['pattern']}_{n % 20}", "title": f"Trouble number {n % 20}"}
            post = add_post(conn, site.ids["loom"], f"Film {n}", "blocked", now, cause=cause)
            add_blocker(conn, cause, "post", post, [post], now - n)


def questions(site: SampleSite, address: str) -> tuple[int, str]:
    """How many questions a page asks of the database, and the page."""
    asked: list[str] = []

    def note(*args: Any) -> None:
        asked.append(args[2])

    sa.event.listen(site.app.db.engine, "before_cursor_execute", note)
    try:
        answer = site.client.get(address)
    finally:
        sa.event.remove(site.app.db.engine, "before_cursor_execute", note)
    assert answer.status_code == 200
    return len(asked), answer.text


def test_two_hundred_causes_are_read_at_a_glance(sample: SampleSite) -> None:
    before, _ = questions(sample, "/")
    crowd(sample, 100, 100)
    asked, text = questions(sample, "/")
    section = text.split('id="attention"')[1].split("</section>")[0]
    # The accounts' cause is one group, with the first few buttons and a way to the others.
    assert section.count('<article class="need">') <= attention.WHOLE + 3
    assert section.count(">Reconnect<") == attention.SHOWN
    assert "204 posts are waiting" in section
    assert f"{101 - attention.SHOWN} more accounts" in section
    # Every cause is named once.
    titles = re.findall(r"Trouble number \d+", section)
    assert len(titles) == len(set(titles)) == 20
    assert asked < before + 8 * attention.WHOLE * attention.SHOWN
    crowd_asked, _ = questions(sample, "/causes")
    assert crowd_asked < 40


def test_more_causes_cost_no_more_questions(sample: SampleSite) -> None:
    crowd(sample, 30, 20 * (attention.SHOWN + 1))
    asked, _ = questions(sample, "/")
    crowd(sample, 60, 100)
    assert questions(sample, "/")[0] == asked


def test_the_counts_are_those_of_the_repair(sample: SampleSite) -> None:
    """The counts on the buttons are what :func:`preview` names, whatever else holds a post."""
    chance, now, loom = random.Random(5), sample.app.now(), sample.ids["loom"]
    cause = diagnose(stage="create_container", http_status=400, body=REVOKED).to_json()
    with sample.app.db.begin() as conn:
        made = [add_blocker(conn, {**cause, "pattern": f"cause_{n}"}, "account", f"acc_{n}", [], now) for n in range(4)]
        conn.execute(sa.update(blockers).where(blockers.c.id == made[3]).values(repaired_at=now, open_key=None))
        for n in range(60):
            state = chance.choice(("blocked", "blocked", "published", "canceled"))
            more: dict[str, Any] = {"confirmed_at": now} if chance.random() < 0.2 else {}
            post = add_post(conn, loom, f"{n}", state, now, due_at=now - chance.random() * 172_800, **more)
            for blocker in chance.sample(made, chance.randrange(1, 4)):
                conn.execute(sa.insert(post_blockers).values(post_id=post, blocker_id=blocker))
    with sample.app.db.read() as conn:
        for asked in ([made[0]], [made[1]], made[:2], made[:3], []):
            named = preview(conn, asked, workspace_id=DEFAULT_WORKSPACE, now=now)
            numbers = counted(conn, asked, workspace_id=DEFAULT_WORKSPACE, now=now)
            assert numbers == {name: len(ids) for name, ids in named.items()}
        assert counted(conn, made[:3], workspace_id="wsp_other", now=now) == {"sends": 0, "holds": 0}


def test_a_cause_of_the_app_is_told_only_where_it_holds_posts(sample: SampleSite) -> None:
    now = sample.app.now()
    cause = diagnose(stage="create_container", http_status=400, body=REVOKED).to_json()
    app = {**cause, "pattern": "app_deactivated", "title": "The app sleeps"}
    with sample.app.db.begin() as conn:
        blocker = add_blocker(conn, app, "app", "123456", [], now)
    assert "The app sleeps" not in sample.client.get("/").text
    with sample.app.db.begin() as conn:
        post = conn.execute(sa.select(posts.c.id).where(posts.c.state == "blocked").limit(1)).scalar_one()
        conn.execute(sa.insert(post_blockers).values(post_id=post, blocker_id=blocker))
    assert "The app sleeps" in sample.client.get("/").text


def test_an_outage_is_a_risk_that_passes(sample: SampleSite) -> None:
    cause = diagnose(stage="publish", http_status=503, body="Service Unavailable").to_json()
    with sample.app.db.begin() as conn:
        ids = [sample.ids["scheduled0"], sample.ids["scheduled1"]]
        add_blocker(conn, cause, "platform", "threads", ids, sample.app.now())
    text = sample.client.get("/").text
    risks = text.split('id="risk"')[1].split("</section>")[0]
    assert f"{cause['title']}: 2 posts are waiting. No action needed." in risks
    assert cause["title"] not in text.split('id="attention"')[1].split("</section>")[0]


@pytest.mark.parametrize("hours", [5, 4 * 24])
def test_the_end_of_access_is_said_in_hours_or_days(sample: SampleSite, hours: int) -> None:
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        add_account(conn, "soon.over", now, health="expiring", token_expires_at=now + hours * 3600 + 30)
    said = "in 5 h" if hours == 5 else "in 4 days"
    assert f"Access to @soon.over expires {said}" in sample.client.get("/").text


def test_posts_of_an_account_that_is_no_longer_connected_are_not_forgotten(sample: SampleSite) -> None:
    """No cause holds them: somebody disconnected the account here."""
    loom = sample.ids["loom"]
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.account_id == loom).values(state="published"))
        ids = [sample.ids["scheduled0"], sample.ids["held"]]
        conn.execute(sa.update(posts).where(posts.c.id.in_(ids)).values(state="blocked"))
    assert "<h3>Disconnected</h3>" not in sample.client.get("/").text
    sample.client.post(f"/accounts/{loom}/disconnect", data={"csrf": CSRF})
    section = sample.client.get("/").text.split('id="attention"')[1].split("</section>")[0]
    assert "<h3>Disconnected</h3>" in section
    assert "2 posts are waiting</a>" in section
    assert f'action="/accounts/{loom}/reconnect"' in section


def mark(text: str) -> int:
    """The count beside Home in the sidebar; 0: there is none."""
    found = re.findall(r'class="needs-mark"><span aria-hidden="true">(\d+)<', text)
    assert len(set(found)) <= 1
    return int(found[0]) if found else 0


def test_the_sidebar_counts_what_home_lists(sample: SampleSite) -> None:
    home = sample.client.get("/").text
    assert mark(home) == home.count('<article class="need">') == 4
    assert mark(sample.client.get("/queue").text) == 4
    now = sample.app.now()
    with sample.app.db.begin() as conn:
        gone = add_account(conn, "gone", now, disconnected_at=now - 60)
        add_post(conn, gone, "Waits for its account", "scheduled", now)
        add_post(conn, sample.ids["loom"], "May I?", "draft", now, approval="pending", publish_at=now + 3600)
    home = sample.client.get("/").text
    assert mark(home) == home.count('<article class="need">') == 6
    assert "1 post is waiting for approval" in home
    # Whoever cannot approve is not asked to.
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(members).values(role="author"))
    home = sample.client.get("/").text
    assert mark(home) == home.count('<article class="need">') == 5
    assert "waiting for approval" not in home
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(posts).values(state="canceled"))
        conn.execute(sa.update(blockers).values(repaired_at=now))
    home = sample.client.get("/").text
    assert mark(home) == 0
    assert "all caught up" in home


def test_a_cause_names_two_of_its_posts_and_how_many_more(sample: SampleSite) -> None:
    text = sample.client.get("/").text
    section = text.split('id="attention"')[1].split("</section>")[0]
    chips = re.findall(r'class="post-chip" href="([^"]+)">(?:<span class="thumb".*?</span>)?(?:<bdi>)?([^<]+)', section)
    assert [words for _, words in chips if "oven" in words] == [
        "Fresh from the oven, batch 4. Come before ten, or there is none.",
        "Fresh from the oven, batch 3. Come before ten, or there is none.",
    ]
    assert [words for href, words in chips if href.startswith("/posts?pattern=")] == ["2 more"]


def test_the_status_line_tells_of_a_trouble_of_threads(sample: SampleSite) -> None:
    assert "No known problems with Threads." in sample.client.get("/").text
    with sample.app.db.begin() as conn:
        add_blocker(conn, {"pattern": "p", "lane": "l", "action": "a"}, "platform", "threads", [], sample.app.now())
    text = sample.client.get("/").text
    assert "No known problems with Threads." not in text
    assert "Threads has been having problems since" in text


def test_a_draft_that_waits_for_approval_is_marked_in_the_calendar(sample: SampleSite) -> None:
    now = sample.app.now()
    at = now + 40 * 86_400
    with sample.app.db.begin() as conn:
        asked = add_post(conn, sample.ids["loom"], "May I?", "draft", now, approval="pending", publish_at=at, due_at=at)
    day = datetime.fromtimestamp(at, ZoneInfo("Europe/Berlin")).date()  # the zone of who is logged in
    for view in ("week", "month", "list"):
        text = sample.client.get(f"/calendar?view={view}&day={day}").text
        card = text.split(f'href="/posts/{asked}"')[1].split("</a>")[0]
        assert "aiting for approval" in card, view


def test_what_a_day_has_no_room_for_says_how_much_needs_somebody(sample: SampleSite) -> None:
    now = sample.app.now()
    at = datetime.combine(
        datetime.fromtimestamp(now + 40 * 86_400, ZoneInfo("Europe/Berlin")).date(), time(12), ZoneInfo("Europe/Berlin")
    )
    with sample.app.db.begin() as conn:
        for n in range(9):
            state = "failed" if n > 6 else "scheduled"
            add_post(conn, sample.ids["loom"], f"Number {n}", state, now, due_at=at.timestamp() + n)
    month = sample.client.get(f"/calendar?view=month&day={at.date()}").text
    folded = month.split("and 4 more")[1].split("</a>")[0]
    assert "2<span" in folded
    assert "need attention" in folded
    week = sample.client.get(f"/calendar?view=week&day={at.date()}").text
    assert "need attention" in week.split(">+6<")[1].split("</a>")[0]
