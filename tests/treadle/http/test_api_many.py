"""One thing done to many posts: chosen by ids or a filter, answered post by post."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from treadle.store.tables import parts, posts

WRONG, RIGHT = "https://cdn.example/wrong.png", "https://cdn.example/right.png"


def fail(site: Site, *ids: str, pattern: str = "video_codec") -> None:
    """As if Threads had refused them for good."""
    values = {"state": "failed", "cause_pattern": pattern, "cause_lane": "media_validation"}
    with site.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.id.in_(ids)).values(**values))


def order(site: Site, status: int = 200, **body: Any) -> Any:
    answer = site.client("write").post("/v1/posts/actions", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_one_call_repairs_a_shared_cause_in_every_post(any_site: Site) -> None:
    site = any_site
    media = [{"url": WRONG, "alt_text": "a loom"}, {"url": RIGHT}]
    ids = [create(site, f"n {n}", media=media, replies=[{"media": [{"url": WRONG}]}])["id"] for n in range(20)]
    fail(site, *ids)
    other = create(site, "without it", publish_at="2040-01-01T00:00:00Z")["id"]
    fail(site, other)
    made = order(
        site,
        action="replace",
        filter={"pattern": "video_codec"},
        replace={"media": {"from": WRONG, "to": RIGHT}},
        retry=True,
    )
    assert (made["chosen"], made["done"], made["refused"], made["next"]) == (21, 20, 1, None)
    by_id = {entry["id"]: entry for entry in made["data"]}
    assert by_id[other]["status"] == 409
    assert by_id[other]["problem"]["code"] == "nothing_to_replace"
    for id_ in ids:
        assert by_id[id_]["message"] == "Changed. Retrying now."
        post = by_id[id_]["post"]
        assert post["state"] in ("publishing", "scheduled")
        assert post["attempt"] == 2
        assert post["parts"][0]["media"] == [{"url": RIGHT, "alt_text": "a loom"}, {"url": RIGHT}]
        assert post["parts"][1]["media"] == [{"url": RIGHT}]


def test_words_and_links_are_replaced_and_what_is_out_stays(site: Site) -> None:
    link = {"link_attachment": "https://example.com/old"}
    replies = [{"text": "old words", "options": link}]
    id_ = create(site, "old words here", options=link, replies=replies)["id"]
    with site.app.db.begin() as conn:
        first = (parts.c.post_id == id_, parts.c.position == 0)
        conn.execute(sa.update(parts).where(*first).values(published_at=1.0, state="published"))
    made = order(
        site,
        action="replace",
        ids=[id_],
        replace={"text": {"from": "old", "to": "new"}, "link": {"from": link["link_attachment"], "to": ""}},
    )
    out, reply = made["data"][0]["post"]["parts"]
    assert (out["text"], out["options"]) == ("old words here", link)
    assert (reply["text"], reply["options"]) == ("new words", {})


def test_a_filter_chooses_only_where_the_action_makes_sense_and_goes_on(site: Site) -> None:
    ids = [create(site, f"n {n}", labels=["autumn"])["id"] for n in range(3)]
    create(site, "not failed", labels=["autumn"])
    fail(site, *ids)
    first = order(site, action="retry", filter={"label": "autumn"}, limit=2, preview=True)
    assert [entry["id"] for entry in first["data"]] == ids[:2]
    assert (first["done"], first["chosen"]) == (0, 2)
    assert site.client().get(f"/v1/posts/{ids[0]}").json()["state"] == "failed", "a preview does nothing"
    first = order(site, action="retry", filter={"label": "autumn"}, limit=2)
    second = order(site, action="retry", filter={"label": "autumn"}, limit=2, after=first["next"])
    assert [entry["id"] for entry in first["data"] + second["data"]] == ids
    assert (first["done"], second["done"], second["next"]) == (2, 1, None)


def test_an_edit_of_many_answers_for_each(site: Site) -> None:
    ids = [create(site, f"n {n}")["id"] for n in range(2)] + ["pst_0000"]
    made = order(site, action="edit", ids=ids, patch={"text": "x" * 501, "labels": ["a"]})
    assert [entry["status"] for entry in made["data"]] == [422, 422, 404]
    assert made["data"][0]["problem"]["findings"][0]["field"] == "text"
    made = order(site, action="edit", ids=ids, patch={"labels": ["a"]})
    assert [entry["status"] for entry in made["data"]] == [200, 200, 404]
    assert (made["done"], made["refused"]) == (2, 1)


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_many_are_stopped(site: Site, action: str) -> None:
    ids = [create(site, f"n {n}", publish_at="2040-01-01T00:00:00Z")["id"] for n in range(3)]
    assert order(site, action=action, ids=ids)["done"] == 3
    left = site.client().get("/v1/posts").json()["data"]
    assert [post["state"] for post in left] == (["canceled"] * 3 if action == "cancel" else [])


def test_posts_of_other_workspaces_are_not_there(site: Site) -> None:
    body = {"account_id": site.other_account, "text": "hers"}
    theirs = site.client("other").post("/v1/posts", json=body).json()["id"]
    assert order(site, action="cancel", ids=[theirs])["data"][0]["status"] == 404
    assert order(site, action="cancel", filter={"q": "hers"})["chosen"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "burn", "ids": ["pst_a"]}, "action"),
        ({"action": "retry"}, "ids"),
        ({"action": "retry", "ids": ["pst_a"], "filter": {"q": "x"}}, "ids"),
        ({"action": "retry", "ids": []}, "ids"),
        ({"action": "retry", "ids": [1]}, "ids[0]"),
        ({"action": "retry", "ids": ["pst_a"] * 501}, "ids"),
        ({"action": "retry", "filter": {}}, "filter"),
        ({"action": "retry", "filter": {"state": ["nope"]}}, "filter.state"),
        ({"action": "retry", "filter": {"stat": "x"}}, "filter.stat"),
        ({"action": "retry", "filter": {"state": [1]}}, "filter.state"),
        ({"action": "retry", "filter": {"q": "x"}, "limit": 0}, "limit"),
        ({"action": "retry", "filter": {"q": "x"}, "after": "1~x"}, "after"),
        ({"action": "retry", "ids": ["pst_a"], "patch": {"text": "x"}}, "patch"),
        ({"action": "edit", "ids": ["pst_a"]}, "patch"),
        ({"action": "replace", "ids": ["pst_a"]}, "replace"),
        ({"action": "replace", "ids": ["pst_a"], "replace": {"words": {"from": "a", "to": "b"}}}, "replace.words"),
        ({"action": "replace", "ids": ["pst_a"], "replace": {"text": {"from": "a"}}}, "replace.text"),
        ({"action": "replace", "ids": ["pst_a"], "replace": {"text": {"from": "", "to": "b"}}}, "replace.text.from"),
        ({"action": "replace", "ids": ["pst_a"], "replace": {"media": {"from": "a", "to": ""}}}, "replace.media.to"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(site: Site, body: dict[str, Any], field: str) -> None:
    assert order(site, 422, **body)["findings"][0]["field"] == field


def test_a_reader_may_not(site: Site) -> None:
    answer = site.client("read").post("/v1/posts/actions", json={"action": "retry", "ids": ["pst_a"]})
    assert answer.status_code == 403
