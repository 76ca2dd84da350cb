"""The page Accounts with more accounts than fit on it: order, paging, search, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.web.sample_data import CSRF, REVOKED, SampleSite, add_account, add_blocker, add_post
from treadle.app import DEFAULT_WORKSPACE
from treadle.services.account_list import PAGE, read
from treadle.store.repair_preview import preview_of_connecting
from treadle.store.tables import accounts
from treadle_diagnosis import diagnose

NAMES = re.compile(r'<h2 id="name-[^"]+">@([^<]+)</h2>')
MANY = 100


def names_on(page: str) -> list[str]:
    return NAMES.findall(page)


@pytest.fixture
def many(sample: SampleSite) -> dict[str, str]:
    """A hundred more, five of which need somebody and hold posts up, two of which are no longer connected."""
    now, revoked = sample.app.now(), diagnose(stage="create_container", http_status=400, body=REVOKED).to_json()
    sealed = sample.app.vault.seal("a token of the tests only")
    ids: dict[str, str] = {}
    with sample.app.db.begin() as conn:
        for n in range(MANY):
            ill, left = n % 20 == 0, n in (7, 8)
            more: dict[str, Any] = {
                "token_enc": sealed,
                "health": "reconnect" if ill else "active",
                "name": f"Bench No. {n}",
            }
            name = f"weaver.{n:03}"
            ids[name] = add_account(conn, name, now, **more, disconnected_at=now if left else None)
            if ill:
                waiting = [
                    add_post(conn, ids[name], "Held up.", "blocked", now, due_at=now - late * 200_000)
                    for late in range(n // 20 + 1)
                ]
                add_blocker(conn, revoked, "account", ids[name], waiting, now)
    return ids


def all_pages(get: Callable[[str], str]) -> list[list[str]]:
    address, pages = "/accounts", []
    while True:
        text = get(address)
        pages.append(names_on(text))
        following = re.search(r'href="([^"]+)" rel="next"', text)
        if following is None:
            return pages
        address = following[1].replace("&amp;", "&")


def test_every_account_is_on_one_page_and_those_that_need_somebody_come_first(
    sample: SampleSite, many: dict[str, str]
) -> None:
    pages = all_pages(lambda address: sample.client.get(address).text)
    assert [len(page) for page in pages] == [PAGE, PAGE, MANY + 3 - 2 * PAGE]
    shown = [name for page in pages for name in page]
    assert len(set(shown)) == MANY + 3
    ill = [f"weaver.{n:03}" for n in range(0, MANY, 20)]
    assert shown[:7] == ["dye.house", "old.mill.cafe", *ill]
    assert shown[-2:] == ["weaver.007", "weaver.008"]  # no longer connected
    assert shown[7:-2] == sorted(shown[7:-2])
    assert "103 accounts. 7 need attention" in sample.client.get("/accounts").text


def test_a_page_goes_on_where_the_last_one_ended_when_somebody_reconnects_meanwhile(
    sample: SampleSite, many: dict[str, str]
) -> None:
    first = sample.client.get("/accounts").text
    with sample.app.db.begin() as conn:
        moved = sa.update(accounts).where(accounts.c.id == many["weaver.000"])
        conn.execute(moved.values(health="active"))
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    then = sample.client.get(following[1].replace("&amp;", "&")).text
    both = names_on(first) + names_on(then)
    assert len(both) == len(set(both)) == 2 * PAGE
    assert "First page" in then


@pytest.mark.parametrize("asked", ["WEAVER.01", "@weaver.01", "bench no. 1", "weaver_0", "100%", "nobody here"])
def test_an_account_is_found_by_either_of_its_names(sample: SampleSite, many: dict[str, str], asked: str) -> None:
    wanted = {
        "WEAVER.01": {f"weaver.{n:03}" for n in range(10, 20)},
        "@weaver.01": {f"weaver.{n:03}" for n in range(10, 20)},
        "bench no. 1": {f"weaver.{n:03}" for n in (1, *range(10, 20))},
    }.get(asked, set())
    page = sample.client.get("/accounts", params={"q": asked}).text
    assert set(names_on(page)) == wanted
    assert ("No accounts match" in page) is not bool(wanted)
    assert 'href="/accounts">Show all' in page


def test_a_search_is_paged_too(sample: SampleSite, many: dict[str, str]) -> None:
    first = sample.client.get("/accounts?q=weaver").text
    following = re.search(r'href="(/accounts\?q=weaver&amp;after=[^"]+)" rel="next"', first)
    assert following is not None
    then = sample.client.get(following[1].replace("&amp;", "&")).text
    assert len(names_on(first)) == len(names_on(then)) == PAGE
    assert not set(names_on(first)) & set(names_on(then))


def test_an_account_is_shown_wherever_it_stands(sample: SampleSite, many: dict[str, str]) -> None:
    there = many["weaver.090"]
    page = sample.client.get(f"/accounts?account={there}").text
    assert names_on(page)[0] == "weaver.090"
    assert "First page" in page
    first = sample.client.get(f"/accounts?account={many['weaver.020']}").text
    assert names_on(first)[0] == "dye.house"  # it is on the first page anyway
    assert names_on(sample.client.get("/accounts?account=acc_none").text)[0] == "dye.house"
    assert names_on(sample.client.get("/accounts?after=nonsense~x").text)[0] == "dye.house"
    answer = sample.client.post(f"/accounts/{there}/pause", data={"csrf": CSRF})
    after = sample.client.get(answer.headers["location"]).text
    [told] = re.findall(r'<p class="message tone-go" id="message"[^>]*data-about="([^"]+)">Paused. Nothing', after)
    assert told == there


def test_few_accounts_need_neither_pages_nor_a_search(sample: SampleSite) -> None:
    page = sample.client.get("/accounts").text
    assert "Search by name" not in page
    assert 'class="paging"' not in page


def test_what_reconnecting_sends_is_counted_for_all_at_once_as_for_one(
    sample: SampleSite, many: dict[str, str]
) -> None:
    now, app_id = sample.app.now(), sample.app.settings.threads_app_id
    wrong = diagnose(stage="oauth", http_status=400, body={"error": {"message": "x", "code": 101}}).to_json()
    wrong |= {"pattern": "wrong_app_id", "lane": "permission_app_review"}
    with sample.app.db.begin() as conn:
        both = [add_post(conn, many["weaver.040"], "Behind two.", "blocked", now, due_at=now)]
        add_blocker(conn, wrong, "media_host", "media.example.org", both, now)  # this one stays
        own = sa.text("SELECT id FROM blockers WHERE key = :key AND scope = 'account'")
        mine = conn.execute(own, {"key": many["weaver.040"]}).scalar_one()
        link = sa.text("INSERT INTO post_blockers (post_id, blocker_id) VALUES (:post, :blocker)")
        conn.execute(link, {"post": both[0], "blocker": mine})
        others = [add_post(conn, many["weaver.001"], "Behind the app.", "blocked", now, due_at=now) for _ in range(3)]
        add_blocker(conn, wrong, "app", app_id, others, now)
    from treadle.store.blockers import repairable

    with sample.app.db.read() as conn:
        page = read(conn, DEFAULT_WORKSPACE, app_id, now)
        for account in page.accounts:
            ids = repairable(conn, account.id, app_id)
            alone = preview_of_connecting(conn, account.id, ids, workspace_id=DEFAULT_WORKSPACE, now=now)
            assert account.would == {what: len(found) for what, found in alone.items()}, account.username
        assert {row.username: row.would for row in page.accounts}["weaver.040"] == {"sends": 4, "holds": 2}


def test_a_page_asks_no_more_for_a_hundred_accounts_than_for_three(sample: SampleSite) -> None:
    def asked() -> int:
        count: list[str] = []
        listener = lambda *args: count.append(args[2])  # noqa: E731
        sa.event.listen(sample.app.db.engine, "before_cursor_execute", listener)
        sample.client.get("/accounts")
        sa.event.remove(sample.app.db.engine, "before_cursor_execute", listener)
        return len(count)

    few = asked()
    now, sealed = sample.app.now(), sample.app.vault.seal("x")
    with sample.app.db.begin() as conn:
        for n in range(MANY):
            add_account(conn, f"weaver.{n:03}", now, token_enc=sealed, health="reconnect" if n % 2 else "active")
    assert asked() == few <= 16
