"""Wrong addresses and pages that fail: a page for people, a problem document for programs."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.treadle.web.sample_data import EMAIL, SampleSite
from treadle.web.page_request import SESSION_COOKIE

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.I)


@pytest.mark.parametrize("address", ["/no-such-page", "/today", "/Accounts", "/calendar/"])
def test_a_wrong_address_is_a_page_that_links_on(sample: SampleSite, address: str) -> None:
    answer = sample.client.get(address, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Page not found" in answer.text
    assert 'href="/posts"' in answer.text
    assert EMAIL in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not INLINE.search(answer.text)


def test_pages_name_the_request_that_made_them(sample: SampleSite) -> None:
    for address in ("/no-such-page", "/", "/posts"):
        answer = sample.client.get(address, headers=BROWSER)
        number = answer.headers["Request-Id"]
        assert f'<meta name="request-id" content="{number}">' in answer.text
        assert (f"<code>{number}</code>" in answer.text) is (answer.status_code == 404)


def test_whoever_is_not_logged_in_sees_it_too_and_nothing_of_the_workspace(sample: SampleSite) -> None:
    sample.client.cookies.clear()
    answer = sample.client.get("/no-such-page", headers=BROWSER)
    assert answer.status_code == 404
    assert 'class="brand"' in answer.text
    assert 'href="/guide"' in answer.text
    assert EMAIL not in answer.text
    assert "Log out" not in answer.text


@pytest.mark.parametrize(
    ("address", "accept"),
    [
        ("/v1/nothing", BROWSER["Accept"]),
        ("/media/nothing/at/all", BROWSER["Accept"]),
        ("/metrics/nothing", BROWSER["Accept"]),
        ("/no-such-page", "application/json"),
        ("/no-such-page", "*/*"),
    ],
)
def test_programs_keep_their_problem_documents(sample: SampleSite, address: str, accept: str) -> None:
    answer = sample.client.get(address, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_a_form_address_that_is_opened_says_so(sample: SampleSite) -> None:
    answer = sample.client.get("/logout", headers=BROWSER)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert "only accepts a form" in answer.text
    program = sample.client.get("/logout")
    assert (program.status_code, program.json()["code"]) == (405, "method_not_allowed")


def test_an_error_of_ours_is_a_page_with_its_number(sample: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("treadle.web.pages.causes.unknown_answers", broken)
    with TestClient(sample.site, cookies=dict(sample.client.cookies), raise_server_exceptions=False) as client:
        answer = client.get("/unknown", headers=BROWSER)
    assert answer.status_code == 500
    assert "Something went wrong in Treadle" in answer.text
    assert re.search(r"<code>err_\w+</code>", answer.text)
    assert "secret of the inside" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_lost_database_is_a_page_too(sample: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlalchemy as sa

    def gone(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("no connection"))

    monkeypatch.setattr("treadle.web.page_request._session", gone)
    assert sample.client.cookies[SESSION_COOKIE]
    answer = sample.client.get("/posts", headers=BROWSER)
    assert answer.status_code == 503
    assert "The database isn&#39;t responding" in answer.text
    assert answer.headers["retry-after"] == "5"
