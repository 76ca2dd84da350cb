"""The same text twice for one account: remarked before it is sent, wherever it is sent from, and never refused."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import sqlalchemy as sa

from tests.treadle.posts.test_accepting import create, site  # noqa: F401
from treadle.app import DEFAULT_WORKSPACE, App
from treadle.domain.answers import Created
from treadle.services.bulk import bulk_out, submit_many
from treadle.services.preflight import inspect_post
from treadle.store.tables import accounts, posts


def rules(made: Any) -> list[str]:
    assert isinstance(made, Created), made
    return [one.rule for one in made.warnings]


def body(text: str, **more: Any) -> dict[str, Any]:
    return {"account_id": "acc_1", "text": text, **more}


def test_a_second_post_with_one_letter_changed_is_stored_and_remarked(site: App) -> None:  # noqa: F811
    first = create(site, body("Launch today!"))
    second = create(site, body("Launch today!!"))
    assert rules(first) == []
    assert rules(second) == ["similar_post"]
    remark = second.warnings[0]
    assert first.post_id in remark.message
    assert "being published now" in remark.message
    assert (remark.severity, remark.field, remark.given) == ("warning", "text", first.post_id)
    assert rules(create(site, body("Something else"))) == []


def test_a_request_sent_again_with_its_key_is_not_remarked_for_itself(site: App) -> None:  # noqa: F811
    first = create(site, body("Launch today!"), key="k")
    again = create(site, body("Launch today!"), key="k")
    assert again.again
    assert again.post_id == first.post_id
    assert rules(again) == []


def test_another_account_and_another_day_are_no_repetition(site: App) -> None:  # noqa: F811
    with site.db.begin() as conn:
        conn.execute(
            sa.insert(accounts).values(
                id="acc_2", workspace_id=DEFAULT_WORKSPACE, threads_user_id="2", created_at=0.0, updated_at=0.0
            )
        )
    create(site, body("Good morning, everybody"))
    assert rules(create(site, {**body("Good morning, everybody"), "account_id": "acc_2"})) == []
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3 * 86_400))
    assert rules(create(site, body("Good morning, everybody", publish_at=later))) == []


def test_the_check_says_it_before_anything_is_stored_but_not_of_the_post_itself(site: App) -> None:  # noqa: F811
    first = create(site, body("Launch today!"))
    found = asyncio.run(inspect_post(site, DEFAULT_WORKSPACE, body("launch  today")))
    assert [one.rule for one in found.findings if one.rule == "similar_post"]
    assert found.ok
    own = asyncio.run(inspect_post(site, DEFAULT_WORKSPACE, body("launch  today"), post_id=first.post_id))
    assert not [one.rule for one in own.findings if one.rule == "similar_post"]


def test_many_at_once_are_remarked_one_by_one(site: App) -> None:  # noqa: F811
    wanted = [body("Launch today!"), body("Day 1 of it"), body("Day 2 of it"), body("Launch, today")]
    entries = asyncio.run(submit_many(site, DEFAULT_WORKSPACE, wanted, actor="test", key=None))
    assert isinstance(entries, list)
    out = bulk_out(entries, "").to_json()
    assert [item["status"] for item in out["data"]] == [201] * 4
    remarked = [[one["rule"] for one in item["post"].get("warnings") or []] for item in out["data"]]
    assert remarked == [[], [], [], ["similar_post"]]


def test_canceled_posts_and_a_busy_account_cost_little(site: App) -> None:  # noqa: F811
    first = create(site, body("Launch today!"))
    with site.db.begin() as conn:
        assert site.posts.cancel(conn, DEFAULT_WORKSPACE, first.post_id, now=time.time(), actor="test")
        held = conn.execute(sa.select(posts.c.state).where(posts.c.id == first.post_id)).scalar_one()
    assert held == "canceled"
    assert rules(create(site, body("Launch today!"))) == []
