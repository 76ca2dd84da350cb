"""What clients send that nobody meant: cursors, conditions, methods, times and words from elsewhere."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create


@pytest.mark.parametrize("label", ["Größe", 'a"b', "x_y", "日本", "back\\slash"])
def test_a_label_is_found_as_it_was_given(any_site: Site, label: str) -> None:
    site = any_site
    made = create(site, labels=[label, "other"])
    create(site, labels=["x-y"])
    found = site.client().get(f"/v1/posts?label={quote(label)}").json()["data"]
    assert [post["id"] for post in found] == [made["id"]]


@pytest.mark.parametrize("words", ["Grüße", "grüße", "日本", '"wörtlich"', "100%", "to_you", "GRÜSSE an".lower()[:3]])
def test_words_of_the_text_are_found_in_any_script(any_site: Site, words: str) -> None:
    site = any_site
    made = create(site, 'Grüße to_you "wörtlich" 日本 100%')
    create(site, "Something else")
    found = site.client().get(f"/v1/posts?q={quote(words)}").json()["data"]
    assert [post["id"] for post in found] == [made["id"]]


@pytest.mark.parametrize("words", ["media", "options", "alt_text", "toXyou"])
def test_words_that_stand_in_no_text_find_nothing(any_site: Site, words: str) -> None:
    create(any_site, "to_you", media=[{"url": "https://cdn.example/a.png", "alt_text": "x"}])
    assert any_site.client().get(f"/v1/posts?q={words}").json()["data"] == []


def test_pages_hold_together_while_posts_come_in(site: Site) -> None:
    client = site.client()
    old = [create(site, f"n {n}")["id"] for n in range(7)]
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = client.get(f"/v1/posts?limit=2&after={after}").json()
        seen += [post["id"] for post in answer["data"]]
        after = answer["next"]
        create(site, "came in between")
    assert seen == old[::-1]


@pytest.mark.parametrize("after", ["x", "%00", "1e9~", "-1", "whk_a%27", "é"])
def test_a_cursor_of_deliveries_that_no_page_gave_is_refused(site: Site, after: str) -> None:
    client = site.client()
    hook = client.post("/v1/webhooks", json={"url": "https://app.example/hook"}).json()["id"]
    answer = client.get(f"/v1/webhooks/{hook}/deliveries?after={after}")
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["field"] == "after"


def test_deliveries_come_in_pages_and_the_last_one_says_so(site: Site) -> None:
    client = site.client()
    hook = client.post("/v1/webhooks", json={"url": "https://app.example/hook"}).json()["id"]
    sent = [client.post(f"/v1/webhooks/{hook}/ping").json()["delivery_id"] for _ in range(4)]
    first = client.get(f"/v1/webhooks/{hook}/deliveries?limit=2").json()
    second = client.get(f"/v1/webhooks/{hook}/deliveries?limit=2&after={first['next']}").json()
    assert {one["id"] for one in first["data"] + second["data"]} == set(sent)
    assert second["next"] is None


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("0001-01-01T00:00:00+14:00", "out_of_range"),
        ("1969-12-31T23:59:59Z", "out_of_range"),
        ("9999-12-31T23:59:59Z", "out_of_range"),
        ("9999-12-31T23:59:59-14:00", "out_of_range"),
        ("", "not_a_time"),
        ("2027-03-28T02:30", "no_zone"),
    ],
)
def test_a_time_nobody_can_mean_is_refused(site: Site, given: str, rule: str) -> None:
    body = {"account_id": site.account, "text": "x", "publish_at": given}
    answer = site.client().post("/v1/posts", json=body)
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["rule"] == rule
    post = create(site, publish_at="2040-01-01T00:00:00Z")
    patched = site.client().patch(f"/v1/posts/{post['id']}", json={"publish_at": given})
    assert patched.status_code == 422
    assert site.client().get(f"/v1/posts/{post['id']}").json()["publish_at"] == "2040-01-01T00:00:00.000Z"


def test_an_offset_beside_a_zone_counts_and_that_is_said(site: Site) -> None:
    post = create(site, publish_at="2027-06-01T09:00:00+01:00", zone="Europe/Berlin")
    assert (post["publish_at"], post["zone"]) == ("2027-06-01T08:00:00.000Z", "Europe/Berlin")
    said = [w["message"] for w in post["warnings"] if w["rule"] == "offset_and_zone"]
    assert said == ["The offset is used: in Europe/Berlin that is 2027-06-01T10:00:00+02:00."]
    fits = create(site, publish_at="2027-06-01T09:00:00+02:00", zone="Europe/Berlin")
    assert "offset_and_zone" not in [w["rule"] for w in fits.get("warnings", [])]


def test_the_time_and_its_zone_are_given_back_apart_everywhere(site: Site) -> None:
    client = site.client()
    id_ = create(site, publish_at="2027-06-01T09:00", zone="Europe/Berlin")["id"]
    exported = [line for line in client.get("/v1/export").text.splitlines() if id_ in line and '"type": "post"' in line]
    assert '"publish_at_asked": "2027-06-01T09:00"' in exported[0]
    for post in (client.get(f"/v1/posts/{id_}").json(), client.get("/v1/posts").json()["data"][0]):
        assert (post["publish_at_asked"], post["zone"]) == ("2027-06-01T09:00", "Europe/Berlin")
    moved = client.patch(f"/v1/posts/{id_}", json={"zone": "America/New_York"}).json()
    assert (moved["publish_at"], moved["zone"]) == ("2027-06-01T13:00:00.000Z", "America/New_York")


def test_conditions_take_lists_and_weak_tags(site: Site) -> None:
    client = site.client()
    made = create(site)
    address = f"/v1/posts/{made['id']}"
    tag = client.get(address).headers["etag"]
    for known in (f"W/{tag}", f'"x", {tag}', "*"):
        assert client.get(address, headers={"If-None-Match": known}).status_code == 304
    assert client.get(address, headers={"If-None-Match": '"x"'}).status_code == 200
    assert client.patch(address, json={"labels": ["a"]}, headers={"If-Match": f'"7-1", {tag}'}).status_code == 412
    assert client.patch(address, json={"labels": ["a"]}, headers={"If-Match": f'"0-1", {tag}'}).status_code == 200
    assert client.patch(address, json={"labels": ["b"]}, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/posts", {"GET", "HEAD", "POST"}),
        ("PUT", "/v1/posts/pst_a", {"DELETE", "GET", "HEAD", "PATCH"}),
        ("GET", "/v1/posts/pst_a/retry", {"POST"}),
        ("HEAD", "/v1/events", {"GET"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("OPTIONS", "/v1/keys/key_a", {"DELETE"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(site: Site, method: str, path: str, allowed: set[str]) -> None:
    answer = site.client().request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/posts", "/v1/posts/pst_none", "/v1/patterns"])
def test_head_is_get_without_the_body(site: Site, path: str) -> None:
    client = site.client()
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The body is empty."),
        (b'{"a":', "It breaks at line 1, column 6: expecting value."),
        (b'{"text": "\xff"}', "It is not UTF-8: byte 11 cannot be read."),
        (b'{"metadata": {"n": ' + b"9" * 5000 + b"}}", "A number in it has too many digits."),
        (b"[" * 100_000, "It is nested too deeply to be read."),
        (b'{"text": "One", "text": "Two"}', 'The field "text" occurs twice in one object. Send it once.'),
        (b'{"a": [{"b": 1, "c": 2, "b": 1}]}', 'The field "b" occurs twice in one object. Send it once.'),
    ],
)
def test_where_a_body_breaks_is_said(site: Site, body: bytes, said: str) -> None:
    answer = site.client().post("/v1/posts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (400, said)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "limit: This is too small. The minimum is 1."),
        ("limit=1000000000", "limit: This is too large. The maximum is 200."),
        ("limit=abc", "limit: This is not a whole number. Send digits, or leave it out."),
    ],
)
def test_parameters_are_refused_in_plain_words(site: Site, query: str, said: str) -> None:
    answer = site.client().get(f"/v1/posts?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (422, said)
