"""The page Insights: what posts gained on each day, and those that did best."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from tests.treadle.web.sample_data import SampleSite
from treadle.domain.insights import Numbers
from treadle.store import insights
from treadle.store.insights import DueRead
from treadle.store.tables import accounts, parts, posts

DAY_S = 86_400.0


def read(site: SampleSite, post_id: str, figures: list[int]) -> None:
    """The post went out so many days ago, and Threads counted these views on each of them; a tenth of it as likes."""
    now = site.app.now()
    with site.app.db.begin() as conn:
        out = now - (len(figures) - 1) * DAY_S
        of_post = parts.c.post_id == post_id
        conn.execute(sa.update(parts).where(of_post).values(state="published", threads_id=post_id, published_at=out))
        conn.execute(sa.update(posts).where(posts.c.id == post_id).values(state="published", published_at=out))
        part, workspace = conn.execute(sa.select(parts.c.id, parts.c.workspace_id).where(of_post)).first() or ("", "")
        for n, views in enumerate(figures):
            day = datetime.fromtimestamp(now, UTC) - timedelta(days=len(figures) - 1 - n)
            row = DueRead(part, workspace, post_id, out, 0, None)
            insights.keep(conn, row, f"{day:%Y-%m-%d}", Numbers(views=views, likes=views // 10), now=out + n * DAY_S)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_without_figures_the_page_says_when_there_will_be_some(sample: SampleSite) -> None:
    page = sample.client.get("/insights").text
    assert "No insights in these 30 days" in page
    assert "15 minutes after a post is published" in page
    assert '<svg class="bars"' not in page


def test_gains_are_drawn_and_listed_and_the_best_posts_come_first(sample: SampleSite) -> None:
    ids = sample.ids
    read(sample, ids["published"], [100, 1500, 1700])
    read(sample, ids["failed"], [40, 5000])
    page = sample.client.get("/insights?days=7").text
    assert "Views 6,700" in text_of(page)
    assert "Most: 5,160 on" in text_of(page), "4,960 and 200 on one day"
    assert page.count('class="bar-accent"') == 3
    rows = re.findall(r'<tr><th scope="row">[^<]+</th><td>([\d,]+)</td><td>([\d,]+)</td>', page)
    assert rows == [("5,160", "516"), ("1,440", "144"), ("100", "10")]
    best = page.split('id="best"')[1]
    assert best.index(f"/posts/{ids['failed']}") < best.index(f"/posts/{ids['published']}")
    likes = text_of(sample.client.get("/insights?days=7&metric=likes").text)
    assert "Likes gained a day" in likes
    assert "by their likes until now" in likes
    assert "No post of this period has quotes yet." in sample.client.get("/insights?metric=quotes").text


def test_only_the_chosen_account_is_counted_and_one_without_the_permission_is_named(sample: SampleSite) -> None:
    ids = sample.ids
    read(sample, ids["published"], [100])
    with sample.app.db.begin() as conn:
        whose = str(conn.execute(sa.select(posts.c.account_id).where(posts.c.id == ids["published"])).scalar_one())
        other = next(one for one in (ids["loom"], ids["mill"]) if one != whose)
        granted = {"scopes": ["threads_basic", "threads_manage_insights"]}
        conn.execute(sa.update(accounts).where(accounts.c.id == whose).values(**granted))
    mine, theirs = (sample.client.get(f"/insights?account={one}").text for one in (whose, other))
    assert f"/posts/{ids['published']}" in mine
    assert "the permission is missing" not in mine
    assert f"/posts/{ids['published']}" not in theirs
    assert "the permission is missing" in theirs
    assert f'action="/accounts/{other}/reconnect"' in theirs
