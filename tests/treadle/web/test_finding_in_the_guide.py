"""Addresses that people guess lead to the page they mean or to the nearest ones, and the guide has a way back."""

from __future__ import annotations

import re
import urllib.robotparser

import pytest

from tests.treadle.web.sample_data import SampleSite
from treadle_diagnosis import catalog
from treadle_diagnosis.catalog.document import pattern_codes
from treadle_diagnosis.guide import render

CODES = sorted({c for p in catalog.load() for kind in ("code", "subcode") for c in pattern_codes(p)[kind]})


@pytest.mark.parametrize("path", ["/guide/errors/190", "/guide/errors/4279009", "/guide/190", "/guide/errors/24"])
def test_a_code_leads_to_its_patterns(sample: SampleSite, path: str) -> None:
    made = sample.client.get(path, follow_redirects=True)
    assert made.status_code == 200
    assert "/guide/errors/" in made.text


def test_every_code_of_the_catalogue_is_found() -> None:
    for code in CODES:
        made = render(f"/guide/errors/{code}")
        assert made is not None
        assert made.location.startswith("/guide/errors/") or (made.status == 200 and "/guide/errors/" in made.body)


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/guide/token_expired", "/guide/errors/token_expired"),
        ("/guide/errors/Token-Expired", "/guide/errors/token_expired"),
        ("/guide/errors/token%20is%20invalid", "/guide/errors/token_is_invalid"),
    ],
)
def test_an_id_written_otherwise_is_the_same_page(sample: SampleSite, path: str, there: str) -> None:
    made = sample.client.get(path)
    assert (made.status_code, made.headers["location"]) == (302, there)
    assert sample.client.get(there).status_code == 200


def test_every_id_is_found_without_its_folder() -> None:
    for pattern in catalog.load():
        made = render(f"/guide/{pattern.id}")
        assert made is not None
        assert made.location == pattern.guide


@pytest.mark.parametrize(
    ("path", "near"), [("/guide/errors/token_expird", "token_expired"), ("/guide/codec", "video_codec")]
)
def test_what_is_not_there_names_the_nearest(sample: SampleSite, path: str, near: str) -> None:
    made = sample.client.get(path)
    assert made.status_code == 404
    assert f'href="/guide/errors/{near}"' in made.text
    assert "Back to Treadle" in made.text


@pytest.mark.parametrize("path", ["/guide/errors/99999999", "/guide/zzzz", "/guide/errors/²", "/guide/<b>x</b>"])
def test_what_is_like_nothing_offers_the_search(sample: SampleSite, path: str) -> None:
    made = sample.client.get(path)
    assert made.status_code == 404
    assert 'name="q"' in made.text
    assert "<b>x</b>" not in made.text


def test_a_pasted_word_finds_the_pages_that_mention_it(sample: SampleSite) -> None:
    made = sample.client.post("/guide/diagnose", data={"error": "codec"})
    assert made.status_code == 200
    assert 'href="/guide/errors/video_codec"' in made.text


def test_the_way_back_is_there_for_who_is_logged_in(sample: SampleSite) -> None:
    for path in ("/guide", "/guide/diagnose", "/guide/errors/token_expired", "/guide/search?q=x"):
        assert '<a href="/">Back to Treadle</a>' in sample.client.get(path).text
    sample.client.cookies.clear()
    assert "Back to Treadle" not in sample.client.get("/guide").text


# ---------------------------------------------------------------------------------------------------- files by name


@pytest.mark.parametrize(
    ("path", "kind"), [("/robots.txt", "text/plain"), ("/favicon.ico", "image/svg+xml"), ("/llms.txt", "text/plain")]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_files_asked_for_by_name_are_there(sample: SampleSite, path: str, kind: str, method: str) -> None:
    sample.client.cookies.clear()
    made = sample.client.request(method, path)
    assert made.status_code == 200
    assert made.headers["content-type"].startswith(kind)


def test_robots_may_fetch_media_and_the_guide(sample: SampleSite) -> None:
    rules = urllib.robotparser.RobotFileParser()
    rules.parse(sample.client.get("/robots.txt").text.splitlines())
    for agent in ("facebookexternalhit/1.1", "meta-externalagent", "Googlebot"):
        for path in ("/media/abc/x.mp4", "/guide", "/guide/errors/token_expired", "/llms.txt"):
            assert rules.can_fetch(agent, f"http://testserver{path}"), path
        for path in ("/posts", "/connect/secret", "/v1/posts", "/"):
            assert not rules.can_fetch(agent, f"http://testserver{path}"), path


def test_every_address_in_llms_txt_is_there(sample: SampleSite) -> None:
    found = re.findall(r"\((http://testserver/guide/[^)]+)\)", sample.client.get("/llms.txt").text)
    assert len(found) > len(catalog.load())
    for address in found[:: max(1, len(found) // 25)]:
        assert sample.client.get(address).status_code == 200, address
