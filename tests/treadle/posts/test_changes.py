"""The timeline names what an edit changed, and nothing else."""

from __future__ import annotations

from typing import Any

from tests.treadle.http.conftest import Site, data_dir, fresh_database, site  # noqa: F401
from treadle.domain.changes import what_changed

POST: dict[str, Any] = {
    "account_id": "acc_1", "publish_at": 1.0, "max_lateness": 86400.0, "labels": [], "metadata": {},
    "parts": [{"text": "Hello", "media": [], "options": {}}],
}  # fmt: skip


def after(**changes: Any) -> list[str]:
    return what_changed(POST, {**POST, **changes})


def test_only_what_differs_is_named() -> None:
    assert after() == []
    assert after(parts=[{"text": "Hello"}], labels=None) == []  # an empty field is an absent one
    assert after(publish_at=2.0) == ["time"]
    assert after(parts=[{"text": "Hello", "options": {"topic_tag": "looms"}}]) == ["topic"]
    assert after(parts=[{"text": "Bye"}, {"text": "More"}]) == ["text of part 1", "part 2 added"]
    assert what_changed({**POST, "parts": [*POST["parts"], {"text": "x"}]}, POST) == ["part 2 removed"]


def test_a_page_that_sends_every_field_back_changes_one(site: Site) -> None:  # noqa: F811
    client = site.client("write")
    body = {"account_id": site.account, "text": "Hello", "publish_at": "2031-01-01T00:00:00Z", "labels": ["a"]}
    post = client.post("/v1/posts", json=body).json()
    patch = {**body, "media": [], "options": {}, "replies": [], "metadata": {}, "publish_at": "2031-01-02T00:00:00Z"}
    assert client.patch(f"/v1/posts/{post['id']}", json={**patch, "max_lateness": "PT24H"}).status_code == 200
    events = client.get(f"/v1/posts/{post['id']}/events").json()["data"]
    said = [event["what"] for event in events if event["kind"] == "edit"]
    assert [text.split(": ", 1)[1] for text in said] == ["time."]
