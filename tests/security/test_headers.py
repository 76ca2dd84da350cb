"""Every page and every problem document says to a browser what it may do with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from tests.security.sites import ask, opened

HOST = ("Host", "localhost")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with opened(tmp_path_factory.mktemp("headers")) as (_, made):

        async def broken(request: Request) -> Response:
            raise RuntimeError("broken on purpose")

        made.add_route("/v1/broken", broken)
        yield made


PATHS = [
    "/",
    "/setup",
    "/guide",
    "/guide/errors/none_such",
    "/docs",
    "/problems",
    "/problems/not_found",
    "/problems/none_such",
    "/connect/none",
    "/threads/delete-data/none",
    "/threads/callback",
    "/media/med_x/y.jpg",
    "/static/nothing",
    "/nowhere",
    "/v1/posts",
    "/v1/nowhere",
    "/live",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_answer_carries_them(site: FastAPI, path: str, accept: str) -> None:
    answer = ask(site, path, [HOST, ("Accept", accept)])
    assert answer.status != 500
    assert answer.body or answer.status == 303
    protected(answer.headers)


def test_refusals_before_everything_and_failures_carry_them(site: FastAPI) -> None:
    for answer in (
        ask(site, headers=[("Host", "evil.example")]),
        ask(site, headers=[HOST], method="SLURP"),
        ask(site, "/login", [HOST, ("Sec-Fetch-Site", "cross-site")], "POST"),
    ):
        assert answer.status in (421, 501, 403)
        protected(answer.headers)


def test_a_failure_of_ours_carries_them(site: FastAPI) -> None:
    from starlette.testclient import TestClient

    with TestClient(site, base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.get("/v1/broken")
    assert answer.status_code == 500
    protected(dict(answer.headers))


def protected(headers: dict[str, str]) -> None:
    assert headers.get("x-content-type-options") == "nosniff"
    if headers.get("content-type", "").startswith(("text/html", "application/problem+json")):
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert policy.count("frame-ancestors 'none'") == 1
        assert "script-src 'unsafe" not in policy
