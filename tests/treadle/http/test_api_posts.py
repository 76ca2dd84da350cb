"""Posts over HTTP: create, read, list, change, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.http.conftest import Site
from treadle.store.tables import posts


def create(site: Site, text: str = "Hello", **more: Any) -> dict[str, Any]:
    answer = site.client("write").post("/v1/posts", json={"account_id": site.account, "text": text, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_post_is_stored_and_read_back(any_site: Site) -> None:
    site = any_site
    client = site.client("write")
    answer = client.post(
        "/v1/posts",
        json={
            "account_id": site.account,
            "text": "Hello",
            "publish_at": "2040-12-01T09:00:00",
            "zone": "Europe/Berlin",
            "metadata": {"order": 4711, "nested": {"a": [1, None]}},
            "labels": ["one"],
            "replies": [{"text": "and more"}],
        },
    )
    assert answer.status_code == 201
    post = answer.json()
    assert answer.headers["location"] == f"/v1/posts/{post['id']}"
    assert post["state"] == "scheduled"
    assert post["publish_at"] == "2040-12-01T08:00:00.000Z"
    assert (post["publish_at_asked"], post["zone"]) == ("2040-12-01T09:00:00", "Europe/Berlin")
    assert post["metadata"] == {"order": 4711, "nested": {"a": [1, None]}}
    assert [part["text"] for part in post["parts"]] == ["Hello", "and more"]
    assert [w["rule"] for w in post["warnings"]] == ["far_ahead"]
    again = client.get(answer.headers["location"])
    assert again.json() == {k: v for k, v in post.items() if k != "warnings"}
    assert again.headers["etag"] == answer.headers["etag"]
    same = client.get(answer.headers["location"], headers={"If-None-Match": again.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_the_same_key_and_body_answer_the_same_post(any_site: Site) -> None:
    site = any_site
    client = site.client("write")
    body = {"account_id": site.account, "text": "Once"}
    first = client.post("/v1/posts", json=body, headers={"Idempotency-Key": "order-1"})
    again = client.post("/v1/posts", json=body, headers={"Idempotency-Key": "order-1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post("/v1/posts", json={**body, "text": "Other"}, headers={"Idempotency-Key": "order-1"})
    assert other.status_code == 409
    assert other.json()["code"] == "idempotency_key_reused"
    elsewhere = site.client("other").post(
        "/v1/posts", json={"account_id": site.other_account, "text": "Once"}, headers={"Idempotency-Key": "order-1"}
    )
    assert elsewhere.status_code == 201
    assert len(client.get("/v1/posts").json()["data"]) == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a\tb"])
def test_a_key_that_is_none_is_named(site: Site, key: str) -> None:
    answer = site.client("write").post(
        "/v1/posts", json={"account_id": site.account, "text": "x"}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["field"] == "Idempotency-Key"


def test_everything_wrong_is_said_at_once(site: Site) -> None:
    answer = site.client("write").post(
        "/v1/posts",
        json={
            "account_id": "acc_nobody",
            "text": "x" * 501,
            "publish_at": "2026-12-01T09:00:00",
            "max_lateness": "soon",
            "media": [{"url": "ftp://example.com/a.jpg"}, {"id": "med_nothere"}],
            "replies": [{"text": ""}],
            "colour": "red",
        },
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"].startswith("http://127.0.0.1:8700/")
    fields = {f["field"] for f in problem["findings"]}
    assert {
        "account_id", "text", "publish_at", "max_lateness", "media[0].url", "media[1].id", "replies[0].text", "colour",
    } <= fields  # fmt: skip
    for finding in problem["findings"]:
        assert finding["rule"]
        assert finding["way_out"]
    assert site.client().get("/v1/posts").json()["data"] == []


@pytest.mark.parametrize("zone", ["Europe/Berlin"])
@pytest.mark.parametrize(
    ("time", "rule"), [("2026-03-29T02:30:00", "skipped_time"), ("2026-10-25T02:30:00", "doubled_time")]
)
def test_a_time_that_a_clock_change_touches_is_not_guessed(site: Site, time: str, rule: str, zone: str) -> None:
    answer = site.client("write").post(
        "/v1/posts", json={"account_id": site.account, "text": "x", "publish_at": time, "zone": zone}
    )
    assert answer.status_code == 422
    assert [f["rule"] for f in answer.json()["findings"]] == [rule]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b"[" * 100_000, 400, "bad_json"),
        (b"1" * 5000, 400, "bad_json"),
        (b"[]", 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'"text"', 422, "invalid_request"),
        (b'{"account_id": 5, "text": {"a": 1}, "media": 7, "replies": "x", "labels": 1}', 422, "invalid_request"),
        (b'{"account_id": "x", "text": "a\\u0000b"}', 422, "invalid_request"),
        (b'{"account_id": "x", "text": "a\\ud800b"}', 422, "invalid_request"),
        (b'{"account_id": "x", "text": "a", "metadata": {"n": NaN}}', 422, "invalid_request"),
        (b'{"account_id": "x", "text": "a", "publish_at": 17, "zone": []}', 422, "invalid_request"),
    ],
)  # fmt: skip
def test_bad_bodies_are_refused_in_words(site: Site, body: bytes, status: int, code: str) -> None:
    answer = site.client("write").post("/v1/posts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"]


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    answer = site.client("write").post("/v1/posts", json={"account_id": site.account, "text": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_another_kind_of_body_is_refused(site: Site) -> None:
    answer = site.client("write").post("/v1/posts", data={"text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_bulk_answers_for_each(any_site: Site) -> None:
    site = any_site
    client = site.client("write")
    good = {"account_id": site.account, "text": "one"}
    body = {"posts": [good, {"account_id": site.account, "text": "y" * 600}, {**good, "idempotency_key": "own"}, 5]}
    answer = client.post("/v1/posts/bulk", json=body, headers={"Idempotency-Key": "batch"})
    assert answer.status_code == 200
    made = answer.json()
    assert (made["accepted"], made["refused"]) == (2, 2)
    assert [item["status"] for item in made["data"]] == [201, 422, 201, 422]
    assert made["data"][1]["problem"]["findings"][0]["field"] == "posts[1].text"
    again = client.post("/v1/posts/bulk", json=body, headers={"Idempotency-Key": "batch"}).json()
    assert [item["status"] for item in again["data"]] == [200, 422, 200, 422]
    assert again["data"][0]["post"]["id"] == made["data"][0]["post"]["id"]
    assert len(client.get("/v1/posts").json()["data"]) == 2


def test_lists_come_in_pages_in_a_stable_order(any_site: Site) -> None:
    site = any_site
    ids = [create(site, f"post {n}")["id"] for n in range(7)]
    client = site.client("read")
    seen: list[str] = []
    after = None
    while True:
        answer = client.get("/v1/posts", params={"limit": 3, "sort": "created_at", "after": after or ""})
        page = answer.json()
        seen += [post["id"] for post in page["data"]]
        after = page["next"]
        if after is None:
            break
        assert 'rel="next"' in answer.headers["link"]
    assert seen == ids
    newest = client.get("/v1/posts", params={"limit": 2}).json()["data"]
    assert [post["id"] for post in newest] == ids[:-3:-1]


def test_filters(any_site: Site) -> None:
    site = any_site
    soon = create(site, "apple tart", labels=["food"], publish_at="2040-01-01T00:00:00Z")
    draft = create(site, "pear", draft=True)
    client = site.client("read")

    def ids(**params: Any) -> list[str]:
        answer = client.get("/v1/posts", params=params)
        assert answer.status_code == 200, answer.text
        return [post["id"] for post in answer.json()["data"]]

    assert ids(state="draft") == [draft["id"]]
    assert set(ids(state="draft,scheduled")) == {soon["id"], draft["id"]}
    assert ids(label="food") == [soon["id"]]
    assert ids(q="TART") == [soon["id"]]
    assert ids(due_from="2039-01-01T00:00:00Z", due_to="2041-01-01T00:00:00+00:00") == [soon["id"]]
    assert set(ids(account_id=site.account)) == {soon["id"], draft["id"]}
    assert ids(account_id=site.other_account) == []
    with site.app.db.begin() as conn:
        parked = {"cause_lane": "media_fetch", "cause_pattern": "media_download_failed"}
        conn.execute(sa.update(posts).where(posts.c.id == soon["id"]).values(**parked))
    assert ids(lane="media_fetch") == ids(pattern="media_download_failed") == [soon["id"]]
    assert ids(lane="media_fetch", pattern="media_download_failed") == [soon["id"]]
    assert ids(lane="rate_limit") == ids(pattern="token_expired") == []
    assert ids(lane="media_fetch", pattern="token_expired") == [], "both must hold"


@pytest.mark.parametrize(
    "query",
    [
        "state=lost", "lane=fast", "sort=beauty", "limit=0", "limit=201", "limit=x", "after=zzz", "due_from=yesterday",
        "colour=red", "label=%00", "q=" + "x" * 201, "due_to=9999999999999", "after=%00~pst_x",
    ],
)  # fmt: skip
def test_wrong_filters_are_named(site: Site, query: str) -> None:
    answer = site.client("read").get(f"/v1/posts?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["findings"][0]["field"] == query.partition("=")[0]


def test_an_edit_needs_what_it_read(any_site: Site) -> None:
    site = any_site
    post = create(site, "first words", publish_at="2040-01-01T00:00:00Z")
    client, path = site.client("write"), f"/v1/posts/{post['id']}"
    tag = client.get(path).headers["etag"]
    changed = client.patch(path, json={"text": "better words"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["text"]) == (200, "better words")
    assert changed.headers["etag"] != tag
    stale = client.patch(path, json={"text": "older words"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "changed_meanwhile")
    assert client.patch(path, json={"text": "x"}, headers={"If-Match": "nonsense"}).status_code == 412
    assert client.patch(path, json={"text": "any"}, headers={"If-Match": "*"}).status_code == 200
    moved = client.patch(path, json={"zone": "Europe/Berlin", "publish_at": "2040-06-01T12:00"}).json()
    assert (moved["publish_at"], moved["zone"]) == ("2040-06-01T10:00:00.000Z", "Europe/Berlin")


@pytest.mark.parametrize(
    "patch",
    [
        {"replies": 5}, {"replies": ["x"]}, {"media": "x"}, {"options": []}, {"metadata": 3}, {"labels": "x"},
        {"text": 9}, {"account_id": None}, {"account_id": 4}, {"state": "published"}, {"publish_at": 5}, {"zone": 5},
        {"max_lateness": "x"}, {"text": "\x00"}, {"replies": [{"text": "x"}] * 200}, {"text": ""},
    ],
)  # fmt: skip
def test_wrong_edits_are_refused_and_change_nothing(site: Site, patch: dict[str, Any]) -> None:
    post = create(site, "as it was", publish_at="2040-01-01T00:00:00Z")
    client, path = site.client("write"), f"/v1/posts/{post['id']}"
    answer = client.patch(path, json=patch)
    assert answer.status_code == 422, answer.text
    assert answer.json()["findings"]
    after = client.get(path).json()
    assert (after["text"], after["version"]) == ("as it was", 1)


def test_cancel_retry_confirm_delete(any_site: Site) -> None:
    site = any_site
    client = site.client("write")
    draft = create(site, "draft", draft=True)
    path = f"/v1/posts/{draft['id']}"
    assert client.post(f"{path}/retry").json()["code"] == "nothing_to_retry"
    assert client.post(f"{path}/resolve", json={"absent": True}).json()["code"] == "nothing_to_resolve"
    assert client.post(f"{path}/unpublish").json()["code"] == "not_published"
    yes = client.post(f"{path}/confirm")
    assert (yes.status_code, yes.json()["post"]["state"]) == (200, "publishing")
    no = client.post(f"{path}/confirm")
    assert (no.status_code, no.json()["code"]) == (409, "nothing_to_confirm")
    stop = client.post(f"{path}/cancel")
    assert (stop.status_code, stop.json()["post"]["state"]) == (200, "canceled")
    kinds = [event["kind"] for event in client.get(f"{path}/events").json()["data"]]
    assert kinds
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_an_error_in_another_services_shape(site: Site) -> None:
    import sqlalchemy as sa

    from treadle import diagnose
    from treadle.store.tables import posts

    post = create(site)
    path = f"/v1/posts/{post['id']}/errors-verbose"
    client = site.client("read")
    assert client.get(path).json() == {"id": post["id"], "status": "PROCESSING", "errorsVerbose": {"THREADS": None}}
    cause = diagnose({"error": {"message": "Expired", "code": 190, "error_subcode": 463, "fbtrace_id": "A1"}}).to_json()
    with site.app.db.begin() as conn:
        conn.execute(sa.update(posts).values(state="blocked", cause=cause, cause_pattern=cause["pattern"]))
    made = client.get(path).json()
    error = made["errorsVerbose"]["THREADS"]
    assert made["status"] == "ERROR"
    assert (error["code"], error["errorMessage"], error["isTransient"]) == ("TH:190", "Expired", False)
    assert error["meta"]["subcode"] == 463
    assert error["userFacingMessage"]


@pytest.mark.parametrize("depth", [200, 950, 20_000])
def test_what_nests_without_end_is_refused(site: Site, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    client = site.client("admin")
    for method, path, body in [
        ("PATCH", f"/v1/workspaces/{site.workspace}", '{"options": {"x": %s}}'),
        ("POST", "/v1/diagnose", '{"error": %s}'),
        ("POST", "/v1/posts", '{"metadata": {"x": %s}}'),
        ("POST", "/v1/posts/bulk", '{"posts": [%s]}'),
        ("POST", "/v1/preflight", '{"media": %s}'),
        ("POST", "/v1/keys", '{"scopes": %s}'),
        ("POST", "/v1/media", '{"url": %s}'),
    ]:
        answer = client.request(method, path, content=body % deep, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (path, answer.text[:300])


@pytest.mark.parametrize("other", ["created_at", "-due_at", "updated_at"])
def test_a_cursor_of_another_sort_is_refused_in_plain_words(site: Site, other: str) -> None:
    client = site.client("write")
    for text in ("one", "two", "three"):
        client.post("/v1/posts", json={"account_id": site.account, "text": text})
    after = client.get("/v1/posts", params={"limit": 1}).json()["next"]
    refused = client.get("/v1/posts", params={"limit": 1, "sort": other, "after": after})
    assert refused.status_code == 422
    finding = refused.json()["findings"][0]
    assert (finding["field"], finding["rule"]) == ("after", "cursor_of_another_sort")
    assert "'-created_at'" in finding["message"]
    assert f"'{other}'" in finding["message"]
    assert client.get("/v1/posts", params={"limit": 1, "after": after}).json()["data"][0]["text"] == "two"
    assert client.get("/v1/posts", params={"after": after.rpartition("~")[0]}).status_code == 422
